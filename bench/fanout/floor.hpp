// floor.hpp - the least that a fan-out can be: what every server is measured against.
//
// Shape    its own process. One connection brings records of one length, into a ring; every other one is a subscriber. The
//          first four bytes of a connection say which: all ones the publisher, 0 a subscriber of everything, else the
//          topic that the subscriber wants (bytes 16 to 19 of a record name its topic). No object, no filter, no limit.
// Sends    coalesced: a subscriber has a place in the ring, and a send carries all that has gathered since its last one (at
//          most kSendBytesMax). each: a send of its own for every record and subscriber. With topics there is only `each`.
// Full     a full socket is waited for with its place kept; whoever feeds must not be further ahead than half the ring.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::bench {

inline constexpr std::size_t kSendBytesMax = 128 * 1024;  // as FanoutConfig::send_bytes_max
inline constexpr std::size_t kFloorRecords = 16 * 1024;   // in the ring

/// What both floors have: listening, the ring, who wants what.
class Floor {
 public:
  Floor(std::size_t record_bytes, bool coalesced);
  virtual ~Floor() = default;
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;
  /// Runs until the publisher leaves; prints `ready port=N` when it can be reached.
  virtual int run() = 0;

 protected:
  struct Subscriber {
    int fd = -1;
    std::uint64_t at = 0;  // sent up to here
    bool full = false;     // waits for room
    bool flying = false;   // a send is under way (io_uring)
  };
  /// A connection has come; true: it is a subscriber, the last in subscribers_.
  bool admit(int fd);
  /// Where the publisher's next bytes go.
  MutableBytes room();
  /// They have come.
  void arrived(std::size_t bytes);
  /// Of the ring: complete records.
  std::uint64_t end() const { return got_ / record_bytes_ * record_bytes_; }
  /// What a send to this one may carry now; empty: nothing.
  Bytes next_for(const Subscriber& to) const;
  /// With topics: calls to(index, record) for every subscriber of each record that is new, once.
  template <class To>
  void for_each_interested(To&& to) {
    for (; spread_ < end(); spread_ += record_bytes_) {
      const std::byte* const record = ring_.data() + spread_ % ring_.size();
      const std::uint32_t topic = load_le<std::uint32_t>(record + 16);
      if (topic >= interested_.size()) continue;
      for (const std::uint32_t index : interested_[topic]) to(index, Bytes(record, record_bytes_));
    }
  }

  const std::size_t record_bytes_;
  const bool coalesced_;
  int listener_ = -1;
  int source_ = -1;
  bool topics_ = false;
  std::vector<Subscriber> subscribers_;

 private:
  std::vector<std::byte> ring_;
  std::uint64_t got_ = 0;
  std::uint64_t spread_ = 0;
  std::vector<std::vector<std::uint32_t>> interested_;  // by topic
};

int run_epoll_floor(std::size_t record_bytes, bool coalesced);
int run_uring_floor(std::size_t record_bytes, bool coalesced);

}  // namespace cti::bench
