// subscribers.hpp - thousands of cheap subscribers in one epoll loop: they count messages, check that none is missing, and
// know how late each one is.
//
// Why      the same client counts for every server, so that what differs is the server.
// Shape    a subscriber is a socket, the rest of a cut message, and numbers. Of a message only its first bytes and its number
//          are looked at; the number must rise by `step` from one message to the next.
// Late     message k of a measurement was due at start + k * interval, whether or not it was sent then (open loop). One
//          reading of the clock per read of a socket, and only while lateness is being taken.
// Threads  one. The publisher is served by the same loop, so that it can be held to what subscribers have read.
#pragma once

#include "bench/fanout/feeder.hpp"
#include "bench/fanout/protocol.hpp"
#include "core/base/bytes.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cti::bench {

/// What a group of subscribers wants.
struct Wish {
  enum class Kind : std::uint8_t {
    kAll,    ///< every message (of Ringside: a monitor session)
    kTopic,  ///< those of one topic, the next one for each subscriber (of Ringside: an agent session)
    kSupervisor,  ///< of Ringside: a monitor session that is told of `agents` agents, the next ones for each
    kWatch,  ///< of Ringside: a supervisor's session that watches its team of `agents`, and the first with its calls
  } kind = Kind::kAll;
  std::uint32_t agents = 0;
  std::uint32_t step = 1;  ///< from one number to the next; 0: it rises, and no more is known
};

class Subscribers {
 public:
  /// `topics` 0: one for everybody.
  Subscribers(Protocol protocol, std::size_t message_bytes, std::uint32_t topics, Feeder& feeder);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  /// Opens `count` more; back when the server has answered all of them.
  void open(std::uint16_t port, std::uint32_t count, const Wish& wish);
  void close_all();
  /// One round of the loop: waits up to `wait_ns`, serves the publisher, reads every subscriber that has something.
  void turn(std::int64_t wait_ns);
  /// Rounds until `done` says so. False: not within `seconds`.
  bool until(double seconds, const std::function<bool()>& done);
  /// Every `nth` one reads no more, and counts no more.
  void stall(std::uint32_t nth);

  std::uint32_t count() const { return static_cast<std::uint32_t>(all_.size()); }
  std::uint32_t reading() const { return count() - stalled_; }
  std::uint64_t messages() const { return messages_; }  ///< read by all together
  std::uint64_t bytes() const { return bytes_; }
  /// Messages read by the reading one that has read the least, of those it ever got.
  std::uint64_t slowest() const;
  std::uint64_t highest_number() const { return highest_; }
  std::uint64_t lost() const { return lost_; }          ///< numbers skipped
  std::uint64_t repeated() const { return repeated_; }  ///< doubled, or out of order
  std::uint64_t snapshots() const { return snapshots_; }
  /// All numbers so far forgotten: the next message of each subscriber may have any.
  void forget_numbers();

  /// Takes lateness from now on, of messages `first` to `last`: `first` was due at `start_ns`, and one every `interval_ns`
  /// after it.
  void take_lateness(std::uint64_t first, std::uint64_t last, std::int64_t start_ns,
                     double interval_ns);
  /// No more of it. The lateness of each delivery, in units of 100 ns.
  std::vector<std::uint32_t> lateness();

 private:
  struct Subscriber {
    int fd = -1;
    bool greeted = false;
    bool stalled = false;
    std::optional<std::uint32_t> topic;
    std::uint32_t step = 1;
    std::uint32_t to_ask = 0;     // what is still to be asked before it gets what it should: kWatch
    std::string watched;          // the agent that it watches with its calls
    std::uint64_t last = kNone;   // number of the last message
    std::vector<std::byte> rest;  // of a message that is not complete, or of the greeting
  };
  static constexpr std::uint64_t kNone = UINT64_MAX;

  void greet(Subscriber& to, const Wish& wish, std::uint32_t index);
  void read(std::uint32_t index);
  std::size_t walk_fixed(std::uint32_t index, Bytes bytes);
  std::size_t answer_ping(std::uint32_t index, Bytes bytes);
  std::size_t walk_frames(std::uint32_t index, Bytes bytes);
  void on_message(std::uint32_t index, std::uint64_t number);
  void on_other(Subscriber& from, Bytes frame);
  void ask_to_watch(Subscriber& from);
  void on_reply(Subscriber& from, Bytes frame);

  const Protocol protocol_;
  const Shape shape_;
  const std::uint32_t topics_;
  Feeder& feeder_;
  int epoll_;
  std::vector<Subscriber> all_;
  std::vector<std::uint64_t> read_;  // messages, per subscriber; apart, so that slowest() is quick
  std::vector<std::byte> room_;
  std::uint32_t greeted_ = 0, stalled_ = 0;
  std::uint64_t messages_ = 0, bytes_ = 0, highest_ = 0, lost_ = 0, repeated_ = 0, snapshots_ = 0;

  bool late_wanted_ = false;
  std::uint64_t late_first_ = 0, late_last_ = 0;
  std::int64_t late_start_ = 0, now_ = 0;
  double late_interval_ = 0;
  std::vector<std::uint32_t> late_;
};

}  // namespace cti::bench
