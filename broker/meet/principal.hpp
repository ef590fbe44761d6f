// principal.hpp - who a session is, as far as rights are concerned: travels with everything that it asks for.
//
// Why      what a session may ask and see is decided in several threads; each must know the same of it.
// Shape    a plain value. The fan-out reactor fills it from what has been proven of the session, never from what the
//          session merely says: a claim without the right to it ends the session at its Hello.
// Change   rights may change while a session lives: what changes by itself (an agent becomes a supervisor) is not kept here
//          but looked up when it matters (rights.hpp), so nothing goes stale.
#pragma once

#include "wire/session_frame.hpp"

#include <cstdint>

namespace cti::broker {

enum class SessionMode : std::uint8_t { kNone, kAgent, kMonitor, kEverything };

struct Principal {
  std::uint64_t agent_key = 0;  ///< the agent it is bound to; 0 in monitor mode or before SetAgent
  std::uint64_t identity = 0;  ///< proven otherwise: of a certificate, say; 0: nobody in particular
  wire::Role claim = wire::Role::kClient;  ///< granted at its Hello
  SessionMode mode = SessionMode::kNone;

  /// Two sessions that are the same one to everybody: what one began the other may go on with.
  friend bool operator==(const Principal&, const Principal&) = default;
};
static_assert(sizeof(Principal) == 24, "it travels by value in each Ask and Tell");

}  // namespace cti::broker
