// event_log_model.cpp - a reader takes bytes that the writer is about to overwrite, in every order and with stores
// that linger in their core (the argument that this checks stands in ring/log_gate.hpp).
#include "ring/event_log.hpp"
#include "ring/event_log_impl.hpp"
#include "tests/model/cases.hpp"

#include <cstring>
#include <memory>

namespace cti::model {
namespace {

using Status = ring::LogRead::Status;

/// A log of 4,096 bytes full of four records '0' to '3'.
template <template <class> class Atom>
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
    plain_write(at.data());
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
      plain_read(record);
      const std::uint32_t length = load_le<std::uint32_t>(record);
      const char first = static_cast<char>(record[4]);
      plain_read(record);
      const char last = static_cast<char>(record[length - 1]);
      marks += first == last ? first : '!';
      at += length;
    }
    log.gate(gate).leave(got.from);
    return marks;
  }

  std::string find(std::uint64_t wanted) {
    const auto found = log.find_sequence(log.gate(0), wanted);
    return found.has_value() ? std::to_string(*found) : "none";
  }

  ring::BasicEventLog<Atom> log;
  std::uint64_t sequence = 0;
  std::string seen, seen_too, wrote;
};

template <template <class> class Atom>
Scenario about_to_be_overwritten() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] { w->wrote = w->write('4', 1024) ? " written" : " refused"; },
           [=] { w->seen = w->read(0, 0, 1024); }},
          [=] { return w->seen + w->wrote; }};
}

// Two sends of one thread: the second hold lies under cover of the first, without a fence of its own.
template <template <class> class Atom>
Scenario under_cover() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] { w->wrote = w->write('4', 896) ? " written" : " refused"; },
           [=] {
             const bool held = w->log.gate(0).enter(0);
             w->seen = held ? w->read(0, 0, 1024) : "L";
             w->seen += w->read(0, 1024, 1024);
             if (held) w->log.gate(0).leave(0);
           }},
          [=] { return w->seen + w->wrote; }};
}

template <template <class> class Atom>
Scenario two_readers() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->wrote = w->write('4', 1024) ? "4" : "-";
             w->wrote += w->write('5', 1024) ? "5" : "-";
           },
           [=] { w->seen = w->read(0, 0, 1024); }, [=] { w->seen_too = w->read(1, 1024, 1024); }},
          [=] { return w->seen + w->seen_too + w->wrote; }};
}

// A writer that was refused gets through as soon as the reader has left: nobody stays behind.
template <template <class> class Atom>
Scenario refused_once() {
  auto w = std::make_shared<World<Atom>>();
  auto left = std::make_shared<Signal>();
  return {{[=] {
             if (w->write('4', 1024)) return;
             left->wait();
             if (!w->write('4', 1024)) park([] { return false; });
           },
           [=] {
             w->seen = w->read(0, 0, 1024);
             ring::FenceOf<Atom>::full();
             left->ring();
           }},
          [=] { return w->seen; }};
}

template <template <class> class Atom>
Scenario a_turn() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->write('4', 512);
             w->write('5', 512);
             w->log.publish();
           },
           [=] { w->seen = w->read(0, 4096, 4096); }},
          [=] { return w->seen; }};
}

// Sequences run 1 to 4; the fifth record comes with a jump to 10. Whoever searches meanwhile finds the truth of before
// or of after.
template <template <class> class Atom, std::uint64_t kWanted>
Scenario search_while_writing() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->sequence = 9;
             w->write('4', 512);
             w->log.publish();
           },
           [=] { w->seen = w->find(kWanted); }},
          [=] { return w->seen; }};
}

// The index has 32 entries, of which a search may use the last 16. It has come to 20 when a search begins; the writer
// goes on to 38, which overwrites the two lowest of those 16: that of sequence 14, at 4096, and that of 24, at 4104.
template <template <class> class Atom, std::uint64_t kWanted>
Scenario search_while_the_index_goes_round() {
  auto w = std::make_shared<World<Atom>>();
  const auto jump = [=](int times) {
    for (int i = 0; i < times; ++i) {
      w->sequence += 9;
      w->write('j', 8);
    }
  };
  jump(16);
  w->log.publish();
  return {{[=] {
             {
               const Uninterrupted on_the_way;
               jump(16);
             }
             jump(2);
             w->log.publish();
           },
           [=] { w->seen = w->find(kWanted); }},
          [=] { return w->seen; }};
}

/// Each of two readers sees its record whole or is lapped; each record is written or refused.
std::vector<Row> two_readers_rows() {
  std::vector<Row> rows;
  for (const char* first : {"0", "L"}) {
    for (const char* second : {"1", "L"}) {
      for (const char* wrote : {"45", "4-", "-5", "--"}) {
        rows.push_back({std::string(first) + second + wrote, kAllowed, "all combinations come"});
      }
    }
  }
  return rows;
}

constexpr Explorer::Limits kFour{.deviations_max = 4, .steps_max = 600, .runs_max = 2'000'000};
constexpr Explorer::Limits kThree{.deviations_max = 3, .steps_max = 600, .runs_max = 3'000'000};
// With store buffers a store that stays may keep dozens behind it, each free to leave at any step.
constexpr Explorer::Limits kOne{.deviations_max = 1, .steps_max = 600, .runs_max = 4'000'000};
constexpr Explorer::Limits kTwo{.deviations_max = 2, .steps_max = 600, .runs_max = 4'000'000};

const InCases kCases{
    {"M7_AReaderOfBytesAboutToBeOverwrittenSeesThemWholeOrIsLapped",
     {{"0 refused", kAllowed, "the gate was first: the writer stops"},
      {"0 written", kAllowed, "read and left before the writer came"},
      {"L written", kAllowed, "the writer was first"},
      {"L refused", kAllowed, "both drew back: the gate was seen, then withdrawn"},
      {"! refused", kForbidden, "torn"},
      {"! written", kForbidden, "torn"},
      {"4 written", kForbidden, "another record in its place"}},
     about_to_be_overwritten<Scheduled>,
     about_to_be_overwritten<Viewed>,
     kFour,
     kThree},
    {"M7_AHoldUnderCoverOfAnotherIsSafeToo",
     {{"01 refused", kAllowed, "held"},
      {"01 written", kAllowed, "both over before the writer came"},
      {"L1 written", kAllowed, "lapped at 0, held at 1"},
      {"L1 refused", kAllowed, "both drew back at 0"},
      {"!1 refused", kForbidden, "torn"},
      {"0! refused", kForbidden, "torn"},
      {"!1 written", kForbidden, "torn"},
      {"0! written", kForbidden, "torn"}},
     under_cover<Scheduled>,
     under_cover<Viewed>,
     kThree,
     kThree},
    {"EventLogTwoReadersAndAWriterThatWantsTheBytesOfBoth",
     two_readers_rows(),
     two_readers<Scheduled>,
     two_readers<Viewed>,
     kTwo,
     kTwo},
    {"EventLogAWriterRefusedByAGateGetsThroughOnceItHasRisen",
     {{"0", kAllowed, "held, then overwritten"},
      {"L", kAllowed, "the writer was first"},
      {kStuck, kForbidden, "the writer waits for ever"}},
     refused_once<Scheduled>,
     refused_once<Viewed>,
     kThree,
     kThree},
    {"EventLogPublicationShowsWholeTurnsOnly",
     {{".", kAllowed, "looked before the publication"},
      {"45", kAllowed, "looked after it"},
      {"4", kForbidden, "part of a turn was seen"},
      {"!", kForbidden, "torn"}},
     a_turn<Scheduled>,
     a_turn<Viewed>,
     kTwo,
     kTwo},
    {"EventLogASearchFindsARecordOnceItIsPublished",
     {{"none", kAllowed, "before"}, {"4096", kAllowed, "after"}},
     search_while_writing<Scheduled, 10>,
     search_while_writing<Viewed, 10>,
     kOne,
     kTwo},
    {"EventLogASearchDoesNotMistakeAJumpForARun",
     {{"none", kAllowed, "6 was jumped over"},
      {"4096", kForbidden, "the record there has sequence 10"}},
     search_while_writing<Scheduled, 6>,
     search_while_writing<Viewed, 6>,
     kOne,
     kTwo},
    {"EventLogASearchForTheNextFindsTheTail",
     {{"4096", kAllowed, "the end, before 10 came"},
      {"none", kAllowed, "10 has come: there is no 5 any more"}},
     search_while_writing<Scheduled, 5>,
     search_while_writing<Viewed, 5>,
     kOne,
     kTwo},
    {"EventLogASearchForAnOldRecordIsNotLedAstrayByANewOne",
     {{"3072", kAllowed, "it is there all the time"}},
     search_while_writing<Scheduled, 4>,
     search_while_writing<Viewed, 4>,
     kOne,
     kThree},
    {"EventLogASearchInAnIndexThatGoesRoundFindsTheRecordOrNothing",
     {{"4096", kAllowed, "found"}, {"none", kAllowed, "its entry was being overwritten"}},
     search_while_the_index_goes_round<Scheduled, 14>,
     search_while_the_index_goes_round<Viewed, 14>,
     kOne,
     kTwo},
    {"EventLogASearchInAnIndexThatGoesRoundMakesNoRunOfAJump",
     {{"none", kAllowed, "15 to 23 were jumped over"},
      {"4104", kForbidden, "the record there has sequence 24"}},
     search_while_the_index_goes_round<Scheduled, 15>,
     search_while_the_index_goes_round<Viewed, 15>,
     kOne,
     kTwo}};

}  // namespace
}  // namespace cti::model
