// call_record.hpp - what a record about a call says besides its Arguments.
#pragma once

#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/translate/arg_sheet.hpp"
#include "core/base/check.hpp"

#include <cstdint>
#include <optional>

namespace cti::broker {

inline RecordInfo call_record(wire::EventId event, std::uint64_t key, const AgentEntry* agent,
                              std::uint32_t peripheral) {
  return {.event = event,
          .topics = wire::topic::kCall,
          .object_key = key,
          .agent_key = agent == nullptr ? 0 : agent->key,
          .peripheral_id = peripheral};
}

/// Of a call that is known. Where nobody sits any more it is still told to whom it was told before.
inline RecordInfo known_call_record(wire::EventId event, const CallEntry& call,
                                    const AgentEntry* agent) {
  CTI_CHECK(call.key != 0);
  RecordInfo info = call_record(event, call.key, agent, call.peripheral_id);
  if (agent == nullptr) info.agent_key = call.told_agent;
  return info;
}

inline void add_contact(ArgSheet& sheet, const CallEntry& call) {
  if (call.contact.empty()) return;
  sheet.add_text<wire::Keyword::ICMEnterpriseUniqueID>(call.contact.view());
}

/// What is told belongs to another ICM contact than the call's: another call has its connection now.
inline bool is_another(const CallEntry& call, std::optional<std::uint32_t> router_day,
                       std::optional<std::uint32_t> router_call) noexcept {
  if (call.router_day == 0 || router_day.value_or(0) == 0) return false;
  return call.router_day != *router_day || call.router_call != router_call.value_or(0);
}

}  // namespace cti::broker
