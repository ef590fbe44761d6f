// state_askers.hpp - who has asked this server for a change of an agent's state, until the change is heard.
//
// Why      "who changed this agent's state?" is asked after every surprise, and the CTI Server's event does not say. The server
//          that sent the request knows: the record of the change carries it (StateChange), so that everybody who sees the
//          agent sees it, whoever comes later and another server too.
// Shape    a note for each agent when a request goes out, the last one; the event that brings what was asked takes it. What is
//          asked of somebody who talks comes when the call is over: till then states of the call and of wrap-up pass by.
// Not      a note is no proof: when the agent's own phone asks for the same at the same time, both get one event.
// Bounds   kMax notes; past it a change is told as nobody's. All end with the session to the CTI Server.
// Threads  the line.
#pragma once

#include "broker/model/fixed_text.hpp"
#include "broker/model/object_id.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "wire/arguments.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/event_id.hpp"
#include "wire/state_digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cti::broker {

struct StateAsker {
  FixedText<kObjectIdBytesMax> by;  ///< UniqueObjectID of the agent or supervisor whose session asked
  std::uint64_t session = 0;        ///< its number, as the log and CILConnectionID name it
  std::uint64_t request_id = 0;
  wire::RequestId request{};
  std::uint16_t state = 0;   ///< that was asked for
  std::uint16_t reason = 0;  ///< EventReasonCode with it
  bool already = false;      ///< the agent was in that state: at most the reason changes
};

class StateAskers {
 public:
  static constexpr std::size_t kMax = limits::kAgentsMax;

  void note(std::uint64_t agent_key, const StateAsker& asker) {
    CTI_CHECK(agent_key != 0 && !asker.by.empty());
    if (notes_.size() >= kMax && !notes_.contains(agent_key)) return;
    notes_.insert_or_assign(agent_key, asker);
    CTI_CHECK(notes_.size() <= kMax);
  }
  /// The request was refused, or not sent.
  void forget(std::uint64_t agent_key, std::uint64_t session, std::uint64_t request_id) noexcept {
    const auto found = notes_.find(agent_key);
    if (found == notes_.end()) return;
    if (found->second.session == session && found->second.request_id == request_id)
      notes_.erase(found);
  }
  void clear() noexcept { notes_.clear(); }

  /// The agent's state is told: who has asked for it. `same_reason`: the reason is what it was.
  std::optional<StateAsker> take(std::uint64_t agent_key, std::uint16_t before, std::uint16_t state,
                                 bool same_reason) {
    if (notes_.empty()) return std::nullopt;
    const auto found = notes_.find(agent_key);
    if (found == notes_.end()) return std::nullopt;
    const StateAsker asker = found->second;
    const bool changed = before != state;
    if (!changed && (asker.state != state || same_reason)) return std::nullopt;  // told again
    const bool brings = brought(asker, state) && !(changed && asker.already);
    if (brings || asker.already || !passes_by(state)) notes_.erase(found);
    return brings ? std::optional(asker) : std::nullopt;
  }
  std::size_t size() const noexcept { return notes_.size(); }

 private:
  /// A login ends in whichever state the switch chooses.
  static bool brought(const StateAsker& asker, std::uint16_t state) noexcept {
    if (asker.state == state) return true;
    return asker.state == wire::ctios::eLogin && state != wire::ctios::eLogout &&
           state != wire::ctios::eUnknown;
  }
  /// On the way to what was asked for.
  static bool passes_by(std::uint16_t state) noexcept {
    switch (state) {
      case wire::ctios::eTalking:
      case wire::ctios::eHold:
      case wire::ctios::eReserved:
      case wire::ctios::eBusyOther:
      case wire::ctios::eWorkReady:
      case wire::ctios::eWorkNotReady:
        return true;
      default:
        return false;
    }
  }

  std::unordered_map<std::uint64_t, StateAsker> notes_;  // by agent key
};

/// StateChange, what the record says of it. Empty: nobody asked by this server.
inline void write_state_change(wire::ArgumentsWriter& writer,
                               const std::optional<StateAsker>& asker) {
  writer.begin_nested(wire::kStateChangeKey);
  if (asker) {
    const std::string_view name = wire::name_of(asker->request);
    writer.add_short(wire::Keyword::EventReasonCode, static_cast<std::int16_t>(asker->reason));
    writer.add_string("By", asker->by.view());
    writer.add_string("Request", name.substr(name.empty() ? 0 : 1));
    writer.add_string("Session", std::to_string(asker->session));
  }
  writer.end_nested();
}

}  // namespace cti::broker
