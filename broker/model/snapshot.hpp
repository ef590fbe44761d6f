// snapshot.hpp - the object map of a line as snapshot records, built once and shared.
//
// Shape    agents (eQueryAgentStateConf; eAgentInfoEvent for those of whom only the name is known), devices with an agent
//          (eSnapshotDeviceConf: NumCalls, ValidCalls), calls (eSnapshotCallConf), skill groups (eSkillInfoEvent).
//          Each record holds all properties of its object.
// Fresh    an image is made at the position where the log stands when it is asked for: a client that comes from the other
//          server may know more than an older image tells, and would end calls that live. All who ask while the log stands
//          still share one image, as thousands do after a failover.
// One      an agent's session gets an image of its own, of that agent, the device and its calls: a few records.
// Threads  the line builds; the image is immutable and shared.
#pragma once

#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/meet/rendezvous.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace cti::broker {

class SnapshotMaker {
 public:
  struct Counters {
    std::uint64_t built = 0;
    std::uint64_t reused = 0;
    std::uint64_t bytes = 0;  ///< of the last one
  };

  SnapshotMaker(const ObjectMap& map, RecordSink& sink, std::uint32_t peripheral_id)
      : map_(map), sink_(sink), peripheral_id_(peripheral_id) {}

  /// Everything that the map holds now. Publishes the log first: what the image contains must not come again.
  std::shared_ptr<const SnapshotImage> image();
  /// What concerns one agent, now; and of each agent that is watched what the edge's topics say: the agent, or its calls
  /// as well.
  std::shared_ptr<const SnapshotImage> image_of(std::uint64_t agent_key,
                                                std::span<const WatchEdge> watched = {});
  const Counters& counters() const noexcept { return counters_; }

 private:
  std::shared_ptr<SnapshotImage> begin();
  void add_objects(SnapshotImage& image, wire::ObjectKind kind);
  void add_object(SnapshotImage& image, wire::ObjectKind kind, wire::ObjectHandle handle);
  void add_mask(wire::ArgumentsWriter& writer, wire::ObjectKind kind, std::uint64_t key);
  void add_calls(SnapshotImage& image, const AgentEntry& agent);
  void add_device(SnapshotImage& image, const AgentEntry& agent);

  const ObjectMap& map_;
  RecordSink& sink_;
  const std::uint32_t peripheral_id_;
  std::shared_ptr<const SnapshotImage> cached_;
  std::vector<std::byte> scratch_;
  Counters counters_;
};

/// So many calls of one device are named: with the longest names they fill less than one record.
inline constexpr std::size_t kDeviceCallsMax = 320;
static_assert(kDeviceCallsMax * (16 + kObjectIdBytesMax + 8) + 1024 <=
              wire::limits::kArgumentsBytesMax);
static_assert(kDeviceCallsMax + 8 <= wire::limits::kArgumentsEntriesMax);

/// NumCalls and ValidCalls of a device, as OnSnapshotDeviceConf has them. Both devices of an agent count.
void write_device_calls(wire::ArgumentsWriter& writer, const ObjectMap& map,
                        const DeviceEntry& device);

}  // namespace cti::broker
