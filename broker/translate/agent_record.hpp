// agent_record.hpp - what each record about an agent has in common.
#pragma once

#include "broker/model/record_sink.hpp"
#include "wire/event_id.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>

namespace cti::broker {

inline RecordInfo agent_record(wire::EventId event, std::uint64_t key, std::uint32_t peripheral) {
  return {.event = event,
          .topics = wire::topic::kAgent,
          .object_key = key,
          .agent_key = key,
          .peripheral_id = peripheral};
}

}  // namespace cti::broker
