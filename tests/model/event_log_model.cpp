// event_log_model.cpp - a reader takes bytes that the writer is about to overwrite, in every order and with stores
// that linger in their core (the argument that this checks stands in ring/log_gate.hpp).
#include "ring/event_log.hpp"
#include "ring/event_log_impl.hpp"
#include "tests/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace cti::model {
namespace {

using Log = ring::BasicEventLog<Scheduled>;
using Status = ring::LogRead::Status;

/// A log of 4,096 bytes full of four records '0' to '3'.
struct World {
  World() : log(std::move(memory()), 2) {
    for (char mark = '0'; mark < '4'; ++mark) {
      write(mark, 1024);
      log.publish();
    }
  }
  ~World() { memory() = std::move(log).take_memory(); }

  /// Mapping memory takes longer than a run: one block serves them all.
  static ring::MirroredMemory& memory() {
    static ring::MirroredMemory kept =
        ring::MirroredMemory::create(4096, ring::MirroredMemory::Pages::kPopulate).value();
    return kept;
  }

  /// True: written, in two halves. False: refused.
  bool write(char mark, std::size_t bytes) {
    const MutableBytes at = log.claim(bytes);
    if (at.empty()) return false;
    std::memset(at.data(), mark, bytes / 2);
    step();
    std::memset(at.data() + bytes / 2, mark, bytes - bytes / 2);
    store_le<std::uint32_t>(at.data(), static_cast<std::uint32_t>(bytes));
    log.commit(bytes, ++sequence);
    return true;
  }

  /// What a reader sees of one range: the mark of each record, '!' for a torn one, 'L' when lapped.
  std::string read(std::uint32_t gate, ring::Position from, std::size_t limit) {
    const ring::LogRead got = log.read(log.gate(gate), from, limit);
    if (got.status == Status::kCaughtUp) return ".";
    if (got.status == Status::kLapped) return "L";
    std::string marks;
    for (ring::Position at = got.from; at < got.to;) {
      const std::byte* const record = got.bytes.data() + (at - got.from);
      const std::uint32_t length = load_le<std::uint32_t>(record);
      step();
      const char first = static_cast<char>(record[4]);
      step();
      const char last = static_cast<char>(record[length - 1]);
      marks += first == last ? first : '!';
      at += length;
    }
    log.gate(gate).leave(got.from);
    return marks;
  }

  Log log;
  std::uint64_t sequence = 0;
  std::string seen, seen_too, wrote;
};

TEST(EventLogModel, M7_AReaderOfBytesAboutToBeOverwrittenSeesThemWholeOrIsLapped) {
  expect_outcomes({{"0 refused", kAllowed, "the gate was first: the writer stops"},
                   {"0 written", kAllowed, "read and left before the writer came"},
                   {"L written", kAllowed, "the writer was first"},
                   {"L refused", kAllowed, "both drew back: the gate was seen, then withdrawn"},
                   {"! refused", kForbidden, "torn"},
                   {"! written", kForbidden, "torn"},
                   {"4 written", kForbidden, "another record in its place"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{
                        {[=] { w->wrote = w->write('4', 1024) ? " written" : " refused"; },
                         [=] { w->seen = w->read(0, 0, 1024); }},
                        [=] { return w->seen + w->wrote; }};
                  },
                  {.deviations_max = 4, .steps_max = 400, .runs_max = 2'000'000});
}

// Two sends of one thread: the second hold lies under cover of the first, without a fence of its own.
TEST(EventLogModel, M7_AHoldUnderCoverOfAnotherIsSafeToo) {
  expect_outcomes({{"01 refused", kAllowed, "held"},
                   {"01 written", kAllowed, "both over before the writer came"},
                   {"L1 written", kAllowed, "lapped at 0, held at 1"},
                   {"L1 refused", kAllowed, "both drew back at 0"},
                   {"!1 refused", kForbidden, "torn"},
                   {"0! refused", kForbidden, "torn"},
                   {"!1 written", kForbidden, "torn"},
                   {"0! written", kForbidden, "torn"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{
                        {[=] { w->wrote = w->write('4', 896) ? " written" : " refused"; },
                         [=] {
                           const bool held = w->log.gate(0).enter(0);
                           w->seen = held ? w->read(0, 0, 1024) : "L";
                           w->seen += w->read(0, 1024, 1024);
                           if (held) w->log.gate(0).leave(0);
                         }},
                        [=] { return w->seen + w->wrote; }};
                  },
                  {.deviations_max = 3, .steps_max = 600, .runs_max = 3'000'000});
}

TEST(EventLogModel, TwoReadersAndAWriterThatWantsTheBytesOfBoth) {
  Explorer explorer({.deviations_max = 2, .steps_max = 600, .runs_max = 3'000'000});
  const auto outcomes = explorer.explore([] {
    auto w = std::make_shared<World>();
    return Scenario{
        {[=] {
           w->wrote = w->write('4', 1024) ? "4" : "-";
           w->wrote += w->write('5', 1024) ? "5" : "-";
         },
         [=] { w->seen = w->read(0, 0, 1024); }, [=] { w->seen_too = w->read(1, 1024, 1024); }},
        [=] { return w->seen + w->seen_too + w->wrote; }};
  });
  EXPECT_TRUE(explorer.exhausted());
  for (const auto& [outcome, times] : outcomes) {
    EXPECT_EQ(outcome.find('!'), std::string::npos) << outcome << ", " << times << " times";
    EXPECT_TRUE(outcome[0] == '0' || outcome[0] == 'L') << outcome;
    EXPECT_TRUE(outcome[1] == '1' || outcome[1] == 'L') << outcome;
    EXPECT_NE(outcome, kStuck);
  }
  EXPECT_GE(outcomes.size(), 5u) << "the orders that matter were reached";
}

// A writer that was refused gets through as soon as the reader has left: nobody stays behind.
TEST(EventLogModel, AWriterRefusedByAGateGetsThroughOnceItHasRisen) {
  expect_outcomes({{"0", kAllowed, "held, then overwritten"},
                   {"L", kAllowed, "the writer was first"},
                   {kStuck, kForbidden, "the writer waits for ever"}},
                  [] {
                    auto w = std::make_shared<World>();
                    auto left = std::make_shared<bool>(false);
                    return Scenario{{[=] {
                                       if (w->write('4', 1024)) return;
                                       park([=] { return *left; });
                                       if (!w->write('4', 1024)) park([] { return false; });
                                     },
                                     [=] {
                                       w->seen = w->read(0, 0, 1024);
                                       ring::FenceOf<Scheduled>::full();
                                       *left = true;
                                     }},
                                    [=] { return w->seen; }};
                  },
                  {.deviations_max = 4, .steps_max = 600, .runs_max = 2'000'000});
}

TEST(EventLogModel, PublicationShowsWholeTurnsOnly) {
  expect_outcomes({{".", kAllowed, "looked before the publication"},
                   {"45", kAllowed, "looked after it"},
                   {"4", kForbidden, "part of a turn was seen"},
                   {"!", kForbidden, "torn"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{{[=] {
                                       w->write('4', 512);
                                       w->write('5', 512);
                                       w->log.publish();
                                     },
                                     [=] { w->seen = w->read(0, 4096, 4096); }},
                                    [=] { return w->seen; }};
                  },
                  {.deviations_max = 2, .steps_max = 600, .runs_max = 2'000'000});
}

// Sequences run 1 to 4; the fifth record comes with a jump to 10. Whoever searches meanwhile finds the truth of before
// or of after.
Scenario search_while_writing(std::uint64_t sequence) {
  auto w = std::make_shared<World>();
  return {{[=] {
             w->sequence = 9;
             w->write('4', 512);
             w->log.publish();
           },
           [=] {
             const auto found = w->log.find_sequence(w->log.gate(0), sequence);
             w->seen = found.has_value() ? std::to_string(*found) : "none";
           }},
          [=] { return w->seen; }};
}

constexpr Explorer::Limits kSearchLimits{
    .deviations_max = 2, .steps_max = 600, .runs_max = 4'000'000};

TEST(EventLogModel, ASearchFindsARecordOnceItIsPublished) {
  expect_outcomes(
      {{"none", kAllowed, "before"}, {"4096", kAllowed, "after"}},
      [] { return search_while_writing(10); }, kSearchLimits);
}

TEST(EventLogModel, ASearchDoesNotMistakeAJumpForARun) {
  expect_outcomes(
      {{"none", kAllowed, "6 was jumped over"},
       {"4096", kForbidden, "the record there has sequence 10"}},
      [] { return search_while_writing(6); }, kSearchLimits);
}

TEST(EventLogModel, ASearchForTheNextFindsTheTail) {
  expect_outcomes(
      {{"4096", kAllowed, "the end, before 10 came"},
       {"none", kAllowed, "10 has come: there is no 5 any more"}},
      [] { return search_while_writing(5); }, kSearchLimits);
}

}  // namespace
}  // namespace cti::model
