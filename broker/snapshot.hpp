// snapshot.hpp - the object map of a line as snapshot records, built once and shared.
//
// Shape    agents (eQueryAgentStateConf; eAgentInfoEvent for those of whom only the name is known), devices with an agent
//          (eSnapshotDeviceConf: NumCalls, ValidCalls), calls (eSnapshotCallConf), skill groups (eSkillInfoEvent).
//          Each record holds all properties of its object.
// Cache    an image serves every session that asks until the log has moved snapshot_reuse_bytes; a session goes on in the
//          log from the image's position, so an older image is as good as a new one, only longer to catch up from.
// Threads  the line builds; the image is immutable and shared.
#pragma once

#include "broker/object_map.hpp"
#include "broker/record_sink.hpp"
#include "broker/rendezvous.hpp"

#include <cstdint>
#include <memory>

namespace cti::broker {

class SnapshotMaker {
 public:
  struct Counters {
    std::uint64_t built = 0;
    std::uint64_t reused = 0;
    std::uint64_t bytes = 0;  ///< of the last one
  };

  SnapshotMaker(const ObjectMap& map, RecordSink& sink, std::uint32_t peripheral_id,
                std::uint64_t reuse_bytes)
      : map_(map), sink_(sink), peripheral_id_(peripheral_id), reuse_bytes_(reuse_bytes) {}

  /// An image that contains everything up to `at_least` (a sequence). Publishes the log first: what the image contains
  /// must not come again.
  std::shared_ptr<const SnapshotImage> image(std::uint64_t at_least);
  const Counters& counters() const noexcept { return counters_; }

 private:
  std::shared_ptr<const SnapshotImage> build();
  void add_objects(SnapshotImage& image, wire::ObjectKind kind);
  void add_devices(SnapshotImage& image);

  const ObjectMap& map_;
  RecordSink& sink_;
  const std::uint32_t peripheral_id_;
  const std::uint64_t reuse_bytes_;
  std::shared_ptr<const SnapshotImage> cached_;
  std::vector<std::byte> scratch_;
  Counters counters_;
};

/// NumCalls and ValidCalls of a device, as OnSnapshotDeviceConf has them. Both devices of an agent count.
void write_device_calls(wire::ArgumentsWriter& writer, const ObjectMap& map,
                        const DeviceEntry& device);

}  // namespace cti::broker
