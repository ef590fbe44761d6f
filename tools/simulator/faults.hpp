// faults.hpp - what may be made to go wrong between the server and its clients, drawn from the server's seed.
//
// Chances are 0 .. 1 per frame sent (or per request for lost confirmations); 0 turns a kind off.
#pragma once

#include "tools/simulator/vocabulary.hpp"

#include <cstdint>
#include <optional>

namespace cti::simulator {

struct Faults {
  double drop = 0;                       ///< a frame is never sent
  double duplicate = 0;                  ///< a frame is sent twice
  double garbage = 0;                    ///< random bytes are sent before a frame
  double wrong_length = 0;               ///< MessageLength is off
  double cut = 0;                        ///< half a frame, then a reset
  double lose_confirmation = 0;          ///< a request is done, its confirmation is never sent
  std::uint32_t lose_confirmations = 0;  ///< the next so many confirmations are lost
  std::optional<Status> refuse_open;     ///< every OPEN_REQ is refused with this status
  bool ignore_open = false;              ///< OPEN_REQ is never answered
  bool ignore_heartbeats = false;        ///< heartbeats are never answered

  bool any() const noexcept { return drop + duplicate + garbage + wrong_length + cut > 0; }
  void clear() { *this = {}; }
};

}  // namespace cti::simulator
