// statistics_bench.cpp - what statistics cost a line: wallboards on skill groups, from the CTI Server's answers to parts.
//
// Case     so many sessions want the statistics of so many groups. Of each group 17 columns change with each answer (the
//          vendor's reference load), and so many a second are answered as the rate allows. Time is simulated: one iteration is
//          one second of it, turns are 10 ms apart.
// Figure   milliseconds of the line's part for one second: 10 ms are 1 % of a core. bytes: told to one session in a second.
// Check    the book's sums hold at the end; every session has been told.
#include "broker/requests/statistics.hpp"
#include "broker/stats/stat_columns.hpp"
#include "ring/event_log.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace cti::bench {
namespace {

using namespace broker;

constexpr std::uint32_t kPeripheral = 5000;
constexpr std::size_t kChanging = 17;

class Boards {
 public:
  Boards(std::uint32_t sessions, std::uint32_t groups, Nanos every, Nanos told)
      : config_(config(every)),
        link_(limits::kUpstreamSendBytesDefault, 15),
        timers_(PendingTable::slots_for(config_.pending_max)),
        pending_(config_.pending_max, timers_),
        map_(ObjectMap::Limits{}),
        log_(
            std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 1})).value()),
        sink_(*log_, {1, 1, 0}, std::size_t{1} << 20),
        fanout_(0, 1, lanes()),
        tells_(0, {&fanout_}, 8192),
        statistics_({config_, link_, pending_, map_, names_, sink_, tells_}) {
    link_.set_state(Upstream::State::kOpen);
    for (std::uint32_t session = 1; session <= sessions; ++session) {
      for (std::uint32_t group = 1; group <= groups; ++group) {
        const StatVerdict verdict =
            statistics_.want_group(ref(session), kPeripheral, group, told, now_);
        CTI_CHECK(verdict == StatVerdict::kTaken);
      }
    }
    bodies_.resize(groups + std::size_t{1});
    for (auto& body : bodies_) body.resize(kGroupHeadBytes + 4 * columns_of(false).size());
  }

  void second() {
    for (int turn = 0; turn < 100; ++turn) {
      now_ = now_ + Millis{10};
      // Whoever has taken a part is told the next one at once, as by a reactor.
      do {
        statistics_.turn(now_, true);
        answer();
        tells_.publish(0);
      } while (take() != 0);
    }
  }

  std::uint64_t bytes() const { return bytes_; }
  const Statistics& statistics() const { return statistics_; }

 private:
  static RendezvousLimits lanes() {
    RendezvousLimits limits;
    limits.tells_per_pair = 8192;
    return limits;
  }
  static LineConfig config(Nanos every) {
    LineConfig config;
    config.statistics.group_every = every;
    return config;
  }
  static SessionRef ref(std::uint32_t number) { return {0, {number, 1}, number}; }

  /// What the CTI Server says: some columns are others than before.
  void answer() {
    for (; seen_ < pending_.newest_id(); ++seen_) {
      Pending* const found = pending_.find(seen_ + 1);
      CTI_CHECK(found != nullptr);
      const Pending pending = *found;
      pending_.remove(*found);
      std::vector<std::byte>& body = bodies_[pending.invoke_id % bodies_.size()];
      for (std::size_t i = 0; i < kChanging; ++i)
        store_be<std::uint32_t>(body.data() + kGroupHeadBytes + 4 * (i * 8), ++value_);
      Answer answer;
      answer.type = wire::ged188::MessageType::kQuerySkillGroupStatisticsConf;
      answer.invoke_id = pending.invoke_id;
      answer.body = body;
      statistics_.answer(pending, answer, now_);
    }
    link_.out().reset();
  }

  std::size_t take() {
    return fanout_.tells[0]->take_due(
        8192, [](std::uint64_t after) { return after; },
        [&](Tell&& tell) {
          bytes_ += tell.frames.size();
          statistics_.taken(0, tell.to.connection.slot);
        });
  }

  const LineConfig config_;
  Upstream link_;
  LineTimers timers_;
  PendingTable pending_;
  ObjectMap map_;
  NameBook names_;
  std::unique_ptr<ring::EventLog> log_;
  RecordSink sink_;
  FanoutShared fanout_;
  TellOut tells_;
  Statistics statistics_;
  TimePoint now_{Seconds{1000}};
  std::vector<std::vector<std::byte>> bodies_;
  std::uint32_t seen_ = 0;
  std::uint32_t value_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Sessions, groups, milliseconds between two answers of a group, milliseconds between two tellings of a session.
void wallboards(benchmark::State& state) {
  const auto sessions = static_cast<std::uint32_t>(state.range(0));
  Boards boards(sessions, static_cast<std::uint32_t>(state.range(1)), Millis{state.range(2)},
                Millis{state.range(3)});
  for (int second = 0; second < 3; ++second) boards.second();  // everybody has whole rows
  const std::uint64_t before = boards.bytes();
  for (auto _ : state) boards.second();
  boards.statistics().book().check();
  CTI_CHECK(boards.statistics().counters().told > 0);
  const auto seconds = static_cast<double>(state.iterations());
  state.counters["bytes"] =
      static_cast<double>(boards.bytes() - before) / seconds / static_cast<double>(sessions);
  state.counters["questions"] = static_cast<double>(boards.statistics().counters().questions);
}

BENCHMARK(wallboards)
    ->ArgNames({"sessions", "groups", "answered_ms", "told_ms"})
    ->Args({1000, 200, 10'000, 1000})
    ->Args({1000, 200, 1000, 1000})
    ->Args({100, 200, 1000, 1000})
    ->Args({1, 200, 100, 1000})
    ->Args({1, 200, 100, 100})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cti::bench

BENCHMARK_MAIN();
