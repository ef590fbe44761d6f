// snapshot.cpp - each object of the map as one record.
#include "broker/model/snapshot.hpp"

#include "broker/model/masks.hpp"

#include <algorithm>

namespace cti::broker {

using wire::EventId;
using wire::Keyword;
using wire::ObjectKind;

namespace {

std::uint32_t topic_of(ObjectKind kind) noexcept {
  switch (kind) {
    case ObjectKind::kAgent:
      return wire::topic::kAgent;
    case ObjectKind::kCall:
      return wire::topic::kCall;
    case ObjectKind::kDevice:
      return wire::topic::kDevice;
    case ObjectKind::kSkillGroup:
      return wire::topic::kSkillGroup;
    case ObjectKind::kTeam:
      return wire::topic::kTeam;
    case ObjectKind::kSystem:
      return wire::topic::kSystem;
  }
  return 0;
}

EventId event_of(ObjectKind kind, const wire::ArgumentsView& properties) {
  switch (kind) {
    case ObjectKind::kAgent:
      return properties.find(Keyword::AgentState) ? EventId::eQueryAgentStateConf
                                                  : EventId::eAgentInfoEvent;
    case ObjectKind::kCall:
      return EventId::eSnapshotCallConf;
    case ObjectKind::kDevice:
      return EventId::eSnapshotDeviceConf;
    case ObjectKind::kSkillGroup:
      return EventId::eSkillInfoEvent;
    default:
      return EventId::eUnknownEvent;
  }
}

}  // namespace

void write_device_calls(wire::ArgumentsWriter& writer, const ObjectMap& map,
                        const DeviceEntry& device) {
  std::size_t count = 0;
  const auto each = [&](auto&& visit) {
    const AgentEntry* const agent = map.agent_at(device.agent);
    if (agent != nullptr) return map.calls_of(*agent, visit);
    map.calls_at(device, visit);
  };
  each([&](const CallEntry&) { ++count; });
  writer.add_short(Keyword::NumCalls,
                   static_cast<std::int16_t>(std::min<std::size_t>(count, INT16_MAX)));
  writer.add_string(Keyword::UniqueObjectID, device.id.view());
  // A device that a peer has filled with calls is told with as many as go into one record; NumCalls says how many there are.
  std::size_t listed = 0;
  writer.begin_nested(Keyword::ValidCalls);
  each([&](const CallEntry& call) {
    if (listed++ < kDeviceCallsMax) writer.add_bool(call.id.view(), true);
  });
  writer.end_nested();
}

std::shared_ptr<const SnapshotImage> SnapshotMaker::image() {
  sink_.publish();
  if (cached_ != nullptr && cached_->position == sink_.position()) {
    ++counters_.reused;
    return cached_;
  }
  const auto made = begin();
  if (cached_ != nullptr) made->bytes.reserve(cached_->bytes.size() + cached_->bytes.size() / 4);
  add_objects(*made, ObjectKind::kSkillGroup);
  add_objects(*made, ObjectKind::kAgent);
  map_.each_agent([&](const AgentEntry& agent) { add_device(*made, agent); });
  add_objects(*made, ObjectKind::kCall);
  counters_.bytes = made->bytes.size();
  return cached_ = made;
}

std::shared_ptr<const SnapshotImage> SnapshotMaker::image_of(std::uint64_t agent_key,
                                                             std::span<const WatchEdge> watched) {
  sink_.publish();
  auto made = begin();
  const wire::ObjectTable& table = map_.properties();
  if (const auto handle = table.find(agent_key)) add_object(*made, ObjectKind::kAgent, *handle);
  if (const AgentEntry* const agent = map_.agent(agent_key)) {
    add_device(*made, *agent);
    add_calls(*made, *agent);
  }
  for (const WatchEdge& edge : watched) {
    if (const auto handle = table.find(edge.agent_key))
      add_object(*made, ObjectKind::kAgent, *handle);
    const AgentEntry* const agent = map_.agent(edge.agent_key);
    if (agent != nullptr && (edge.topics & wire::topic::kCall) != 0) add_calls(*made, *agent);
  }
  return made;
}

void SnapshotMaker::add_calls(SnapshotImage& image, const AgentEntry& agent) {
  const wire::ObjectTable& table = map_.properties();
  map_.calls_of(agent, [&](const CallEntry& call) {
    if (const auto handle = table.find(call.key)) add_object(image, ObjectKind::kCall, *handle);
  });
}

std::shared_ptr<SnapshotImage> SnapshotMaker::begin() {
  auto made = std::make_shared<SnapshotImage>();
  scratch_.resize(RecordSink::kRecordBytesMax * 2);
  made->position = sink_.position();
  made->log_position = sink_.log_position();
  made->peripheral_id = peripheral_id_;
  ++counters_.built;
  return made;
}

void SnapshotMaker::add_objects(SnapshotImage& image, ObjectKind kind) {
  map_.properties().for_each(kind,
                             [&](wire::ObjectHandle handle) { add_object(image, kind, handle); });
}

void SnapshotMaker::add_object(SnapshotImage& image, ObjectKind kind, wire::ObjectHandle handle) {
  const wire::ObjectTable& table = map_.properties();
  const std::uint64_t key = table.key(handle);
  std::uint64_t agent_key = kind == ObjectKind::kAgent ? key : 0;
  if (kind == ObjectKind::kCall) {
    const CallEntry* const call = map_.call(key);
    if (call != nullptr) agent_key = map_.audience_of(*call);
  }
  const wire::ArgumentsView properties = table.properties(handle);
  wire::UpdateWriter writer(scratch_, {.id = image.position.sequence,
                                       .snapshot = true,
                                       .lineage = image.position.lineage,
                                       .epoch = image.position.epoch,
                                       .peripheral_id = image.peripheral_id,
                                       .object_key = key,
                                       .agent_key = agent_key,
                                       .event_id = event_of(kind, properties),
                                       .topics = topic_of(kind) | wire::topic::kWhole});
  writer.arguments().add_all(properties);
  add_mask(writer.arguments(), kind, key);
  const Bytes record = writer.finish();
  image.bytes.insert(image.bytes.end(), record.begin(), record.end());
  if (!record.empty()) ++image.records;
}

// The buttons as they are now: agents and calls change each other's, and not every change is told again by a record.
void SnapshotMaker::add_mask(wire::ArgumentsWriter& writer, ObjectKind kind, std::uint64_t key) {
  std::optional<std::uint32_t> mask;
  const AgentEntry* const agent = kind == ObjectKind::kAgent ? map_.agent(key) : nullptr;
  const CallEntry* const call = kind == ObjectKind::kCall ? map_.call(key) : nullptr;
  CTI_CHECK(agent == nullptr || call == nullptr);
  if (agent != nullptr && agent->state != wire::ctios::eUnknown)
    mask = agent_mask(map_, *agent, agent->state);
  if (call != nullptr && map_.agent_of(*call) != nullptr)
    mask = call_mask(map_, *call, call->status);
  if (mask) writer.add_int(Keyword::EnablementMask, static_cast<std::int32_t>(*mask));
}

// Only where somebody is logged in; an agent with instrument and extension has one device, the instrument.
void SnapshotMaker::add_device(SnapshotImage& image, const AgentEntry& agent) {
  const Slot slot = agent.devices[0] != kNoSlot ? agent.devices[0] : agent.devices[1];
  const DeviceEntry* const device = map_.device_at(slot);
  if (device == nullptr || map_.agent_at(device->agent) != &agent) return;
  wire::UpdateWriter writer(scratch_, {.id = image.position.sequence,
                                       .snapshot = true,
                                       .lineage = image.position.lineage,
                                       .epoch = image.position.epoch,
                                       .peripheral_id = image.peripheral_id,
                                       .object_key = device->key,
                                       .agent_key = agent.key,
                                       .event_id = EventId::eSnapshotDeviceConf,
                                       .topics = wire::topic::kDevice | wire::topic::kWhole});
  write_device_calls(writer.arguments(), map_, *device);
  const Bytes record = writer.finish();
  image.bytes.insert(image.bytes.end(), record.begin(), record.end());
  if (!record.empty()) ++image.records;
}

}  // namespace cti::broker
