// memory_room.hpp - how near this process is to the limit at which the kernel kills it.
//
// Why      a service in a container must refuse work before the kernel ends all of it (M2).
// Shape    of all control groups (version 2) around the process the one with the least room. What the kernel could give back
//          at once (file pages not in use) does not count as used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cti::core {

struct MemoryRoom {
  std::uint64_t used = 0;
  std::uint64_t most = 0;
};

/// Nothing: no group has a limit, or nobody tells.
std::optional<MemoryRoom> read_memory_room(const std::string& groups = "/sys/fs/cgroup",
                                           const std::string& own = "/proc/self/cgroup");

/// Short of memory from kShortAt on, until it is below kWellAt again: in hundredths of the limit.
class MemoryWatch {
 public:
  static constexpr std::uint64_t kShortAt = 90, kWellAt = 80;
  static_assert(kWellAt < kShortAt && kShortAt < 100);

  bool is_short() const noexcept { return short_; }
  /// True when that has changed.
  bool look(const std::optional<MemoryRoom>& room) noexcept {
    const std::uint64_t hundredths =
        room && room->most >= 100 ? room->used / (room->most / 100) : 0;
    const bool before = short_;
    short_ = hundredths >= (short_ ? kWellAt : kShortAt);
    return short_ != before;
  }

 private:
  bool short_ = false;
};

}  // namespace cti::core
