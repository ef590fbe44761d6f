// meet_model.cpp - a line and a fan-out reactor: log, spill, tells, backlog and bell together, in every order.
//
// The line writes records (into the log, or into the spill while the reactor holds the log), pushes tells, and shows both
// at the end of its turn. The reactor follows the log, takes the tells that are due, and sleeps. All of it is the
// server's code (broker/meet/), but for the reactor's loop, which is broker/fanout's follow_lines in short.
// After every shared access: records come once and in order; no tell comes before a record that it comes after; an image
// names the place between the records that are in it and those that are not. At the end nothing is missing, and nobody
// sleeps through anything.
#include "broker/meet/log_writer.hpp"
#include "broker/meet/tell_lane.hpp"
#include "broker/meet/tell_out.hpp"
#include "broker/meet/turn.hpp"
#include "ring/doorbell.hpp"
#include "ring/event_log_impl.hpp"
#include "tests/model/cases.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace cti::model {
namespace {

struct Session {
  std::uint64_t session_number = 0;
};

/// A tell is also an image here: `in_image` records are in it, and the rest of the log begins behind its position.
struct Tell {
  Plain<std::uint64_t> after_log_position{0};
  Session to;
  char name = 0;
  std::uint64_t in_image = 0;
  static Tell cut(Session to) { return {0, to, '!', 0}; }
};

struct Followed {
  ring::Position position;
  std::uint64_t sequence;
};

constexpr std::size_t kRecordBytes = 1024;  // four fill the log

template <template <class> class Atom>
struct World {
  World(std::size_t lane_tells, std::size_t backlog_max)
      : log(std::move(memory()), 1),
        writer(log, 0, kRecordBytes, 4 * kRecordBytes),
        lane(lane_tells),
        out(lane, backlog_max, counters) {}
  ~World() { memory() = std::move(log).take_memory(); }

  static ring::MirroredMemory& memory() {
    static ring::MirroredMemory kept =
        ring::MirroredMemory::create(4096, ring::MirroredMemory::Pages::kPopulate).value();
    return kept;
  }

  // ---- the line ----

  void write() {
    const MutableBytes room = writer.open(kRecordBytes);
    store_le<std::uint32_t>(room.data(), kRecordBytes);
    store_le<std::uint32_t>(room.data() + 4, static_cast<std::uint32_t>(writer.sequence() + 1));
    plain_write(room.data());
    CTI_CHECK(writer.close(room.first(kRecordBytes)));
  }

  void tell(char name, std::uint64_t session = 1) {
    out.push({writer.end(), {session}, name, writer.sequence()});
  }

  bool publish(std::size_t) { return out.publish(); }

  void end_turn() {
    const auto records = [this] {
      writer.unspill();
      writer.publish();
      return writer.take_news();
    };
    broker::show(records, *this, 1, [this](std::size_t) {
      bell.ring_if_sleeping([this] { reactor.ring(); });
    });
  }

  /// Turns of the line until nothing waits any more.
  void end_turns() {
    end_turn();
    while (writer.blocked() || out.waiting()) {
      yield();
      end_turn();
    }
  }

  // ---- the reactor ----

  /// Follows the log as far as `limit`, one record at a time, and holds what it has not followed.
  void follow(ring::Position limit) {
    while (read < limit) {
      const ring::LogRead range = log.read(log.gate(0), read, 1);
      if (range.status != ring::LogRead::Status::kRange) return broken("lapped");
      plain_read(range.bytes.data());
      const std::uint32_t sequence = load_le<std::uint32_t>(range.bytes.data() + 4);
      log.gate(0).leave(range.from);
      followed.push_back({range.from, sequence});
      got += static_cast<char>('0' + sequence);
      read = range.to;
    }
    if (held == read) return;
    const ring::Position before = std::exchange(held, read);
    if (!log.gate(0).enter(read)) return broken("lapped");
    if (before != ring::kNoHold) log.gate(0).leave(before);
  }

  void doze() {
    bell.announce();
    if (log.tail() == read && !lane.due(read)) reactor.wait();
    bell.awake();
  }

  void work() {
    const auto follow_to = [this](ring::Position after) {
      if (read < after) follow(std::min(after, log.tail()));
      return read;
    };
    lane.take_due(4, follow_to, [this](Tell&& tell) {
      got += tell.name;
      if (tell.name == '!') return;
      if (followed.size() < tell.in_image) return broken("early");
      image = tell.after_log_position;
      in_image = tell.in_image;
    });
    follow(log.tail());
  }

  void serve(std::size_t until) {
    for (work(); got.size() < until; work()) doze();
  }

  // ---- what must hold at any time ----

  void broken(const char* what) { wrong = what; }

  const char* check() const {
    for (std::size_t i = 0; i < followed.size(); ++i) {
      if (followed[i].sequence != i + 1) return "lost or doubled";
      if (image == kNone) continue;
      const bool behind = followed[i].position >= image;
      if (behind != (followed[i].sequence > in_image)) return "image";
    }
    return wrong;
  }

  ring::BasicEventLog<Atom> log;
  broker::BasicLogWriter<Atom> writer;
  broker::BasicTellLane<Tell, Atom> lane;
  broker::TellCounters counters;
  broker::BasicTellOut<Tell, Atom> out;
  ring::BasicDoorbell<Atom> bell;
  Signal reactor;
  ring::Position read = 0;
  ring::Position held = ring::kNoHold;
  std::vector<Followed> followed;
  std::string got;
  static constexpr ring::Position kNone = ~ring::Position{0};
  ring::Position image = kNone;
  std::uint64_t in_image = 0;
  const char* wrong = nullptr;
};

template <class World>
Scenario scenario(const std::shared_ptr<World>& w, std::function<void()> line,
                  std::function<void()> reactor) {
  w->followed.reserve(16);
  w->got.reserve(16);
  return {.threads = {std::move(line), std::move(reactor)},
          .verdict = [=] { return w->check() != nullptr ? std::string(w->check()) : w->got; },
          .invariant = [=] { return w->check(); }};
}

// Two turns, each with a record and the answer that comes after it. The lane holds one tell, so the second may wait.
template <template <class> class Atom>
Scenario answers_behind_records() {
  auto w = std::make_shared<World<Atom>>(1, 2);
  return scenario(
      w,
      [=] {
        w->write();
        w->tell('a');
        w->end_turn();
        w->write();
        w->tell('b');
        w->end_turns();
      },
      [=] { w->serve(4); });
}

// The reactor has not followed yet and holds the log, which is full: two records and an image wait in the spill.
template <template <class> class Atom>
Scenario an_image_while_the_log_is_held() {
  auto w = std::make_shared<World<Atom>>(2, 2);
  w->follow(0);
  for (int i = 0; i < 4; ++i) w->write();
  w->writer.publish();
  return scenario(
      w,
      [=] {
        w->write();
        w->tell('i');
        w->write();
        w->end_turns();
      },
      [=] { w->serve(7); });
}

// Three answers in two turns, a lane of one: the third is pushed while the second may still wait.
template <template <class> class Atom>
Scenario answers_that_wait() {
  auto w = std::make_shared<World<Atom>>(1, 2);
  return scenario(
      w,
      [=] {
        w->tell('a');
        w->tell('b');
        w->end_turn();
        w->tell('c');
        w->end_turns();
      },
      [=] { w->serve(3); });
}

// Three answers, a lane of one and a backlog of one: what finds no room ends its session, and the others are answered.
template <template <class> class Atom>
Scenario a_full_backlog() {
  auto w = std::make_shared<World<Atom>>(1, 1);
  return scenario(
      w,
      [=] {
        w->tell('a', 1);
        w->tell('b', 2);
        w->tell('c', 3);
        w->end_turn();
        w->tell('d', 3);
        w->end_turns();
      },
      [=] { w->serve(3); });
}

constexpr Explorer::Limits kOne{.deviations_max = 1, .steps_max = 3000, .runs_max = 3'000'000};
constexpr Explorer::Limits kThree{.deviations_max = 3, .steps_max = 3000, .runs_max = 3'000'000};
constexpr Explorer::Limits kTwo{.deviations_max = 2, .steps_max = 3000, .runs_max = 3'000'000};

const InCases kCases{
    {"MeetAnAnswerComesBehindTheRecordsThatItComesAfter",
     {{"1a2b", kAllowed, "each turn by itself"},
      {"12ab", kAllowed, "both turns together"},
      {"early", kForbidden, "an answer before its record"},
      {"lost or doubled", kForbidden, "a record"},
      {kStuck, kForbidden, "a lost wake-up"}},
     answers_behind_records<Scheduled>,
     answers_behind_records<Viewed>,
     kOne,
     kThree},
    {"MeetAnImageCountsWhatWaitsForTheLog",
     {{"12345i6", kAllowed, "the image at its place"},
      {"123456i", kAllowed, "later"},
      {"image", kForbidden, "a record of the image comes again, or one behind it never"},
      {"lost or doubled", kForbidden, "a record"},
      {kStuck, kForbidden, "a lost wake-up"}},
     an_image_while_the_log_is_held<Scheduled>,
     an_image_while_the_log_is_held<Viewed>,
     kOne,
     kTwo},
    {"MeetAnswersThatWaitAreNotOvertaken",
     {{"abc", kAllowed, "in order"}, {kStuck, kForbidden, "a lost wake-up"}},
     answers_that_wait<Scheduled>,
     answers_that_wait<Viewed>,
     kOne,
     kTwo},
    {"MeetAnAnswerThatFindsNoRoomEndsItsSession",
     {{"ab!", kAllowed, "the third was cut"}, {kStuck, kForbidden, "a lost wake-up"}},
     a_full_backlog<Scheduled>,
     a_full_backlog<Viewed>,
     kOne,
     kTwo}};

}  // namespace
}  // namespace cti::model
