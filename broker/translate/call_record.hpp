// call_record.hpp - what a record about a call says besides its Arguments.
#pragma once

#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "core/base/check.hpp"

#include <cstdint>

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

}  // namespace cti::broker
