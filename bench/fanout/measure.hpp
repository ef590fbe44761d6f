// measure.hpp - one server, one publisher, many subscribers: what is measured of them, case by case.
//
// Shape    serve, open as often as wanted, settle, then any number of measurements. Each prints one line of JSON.
// Loads    saturated: the publisher is at most `window` messages ahead of the subscriber that has read least (with topics:
//          of all subscribers together), so that nothing may be missing. lockstep: a window of one. rate: open loop;
//          lateness counts from when a message was due.
// CPU      the server's from /proc, to the nanosecond; `client_cpu` is this thread: publisher and subscribers together.
#pragma once

#include "bench/fanout/cti_source.hpp"
#include "bench/fanout/feeder.hpp"
#include "bench/fanout/subscribers.hpp"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace cti::bench {

struct Plan {
  Protocol protocol = Protocol::kRingside;
  std::size_t message_bytes = 264;
  std::uint32_t topics = 0;    ///< 0: everything to everybody
  std::uint32_t agents = 400;  ///< of Ringside's script; as many as topics when there are topics
  bool calls = false;          ///< Ringside's script is call_lives(), not agent_events()
};

class Measure {
 public:
  explicit Measure(const Plan& plan);

  /// Of Ringside: where its CTI Server listens. Else 0.
  std::uint16_t feed_port() const { return feed_port_; }
  /// The server is there: `port` for subscribers, `feed` for the publisher (of the peers; often the same).
  void serve(std::uint16_t port, std::uint16_t feed, pid_t pid);
  void open(std::uint32_t count, const Wish& wish);
  /// Until each subscriber gets what it should. Gives up when that does not come to be.
  void settle();
  void saturated(double seconds, std::uint64_t window);
  void lockstep(double seconds);
  /// `per_second`: deliveries to all subscribers together.
  void rate(double per_second, double seconds);
  /// The same, in messages of the publisher.
  void messages(double per_second, double seconds) { rate(per_second * fan(), seconds); }
  /// Every nth subscriber (0: none) stops reading; then `messages` go out, as fast as the others take them.
  void stall(std::uint32_t nth, std::uint64_t messages);

 private:
  struct Mark {
    double cpu = 0, own_cpu = 0;
    std::int64_t at = 0;
    std::uint64_t messages = 0, bytes = 0;
  };
  Mark mark() const;
  std::uint64_t completed() const;
  std::uint64_t sent() const { return feeder_->sent() - settled_at_; }
  double fan() const;
  void learn_agents();
  bool cycle_comes(std::uint64_t wanted);
  void run_window(std::int64_t until_ns, std::uint64_t window);
  void report(const char* mode, const Mark& from, const Mark& to, double asked,
              std::vector<std::uint32_t> lateness);
  bool drain(double seconds);

  const Plan plan_;
  std::unique_ptr<Feeder> feeder_;
  CtiSource* source_ = nullptr;  // the feeder, when it is Ringside's
  std::uint16_t feed_port_ = 0, port_ = 0;
  pid_t server_ = 0;
  std::unique_ptr<Subscribers> subscribers_;
  std::uint64_t cycle_ = 1;       // messages after which each topic has had one
  double per_cycle_ = 0;          // deliveries of one cycle
  std::uint64_t window_;          // messages ahead, while nothing is measured
  std::uint64_t settled_at_ = 0;  // messages sent until then
  std::uint64_t base_ = 0;        // number of message 0, as subscribers see it
};

}  // namespace cti::bench
