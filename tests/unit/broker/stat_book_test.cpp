// stat_book_test.cpp - who wants which statistics: asked once for all, told what changed, at each reader's rate, within bounds.
#include "broker/stats/stat_book.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <vector>

namespace cti::broker {
namespace {

constexpr std::size_t kColumns = 4;
constexpr Nanos kRate = Seconds{1};

class StatBookTest : public ::testing::Test {
 protected:
  using Told = std::map<std::size_t, std::uint32_t>;  // column -> value

  static std::vector<std::byte> row(std::array<std::uint32_t, kColumns> values) {
    std::vector<std::byte> bytes(kColumns * 4);
    for (std::size_t i = 0; i < kColumns; ++i)
      store_be<std::uint32_t>(bytes.data() + i * 4, values[i]);
    return bytes;
  }
  static StatQuestion question(bool by_itself = true) {
    return {.columns = kColumns, .by_itself = by_itself, .name = {}};
  }
  StatVerdict want(StatBook::Reader reader, StatBook::Key key, Nanos rate = kRate) {
    return book.want(reader, key, question(), rate, now);
  }
  /// What each reader is told now, by key. All but the slow ones take it at once.
  std::map<StatBook::Reader, std::map<StatBook::Key, Told>> tell(std::size_t most = 1000) {
    std::map<StatBook::Reader, std::map<StatBook::Key, Told>> told;
    std::set<StatBook::Reader> parts;
    more = book.tell(
        now, most,
        [&](const StatBook::News& news) {
          std::size_t& rows = rows_told[news.reader];
          if (rows == room) return false;
          ++rows;
          news.row.changed_since(news.seen, [&](std::size_t column, std::uint32_t value) {
            told[news.reader][news.key][column] = value;
          });
          return true;
        },
        [&](StatBook::Reader reader) {
          EXPECT_TRUE(parts.insert(reader).second) << "one part at a time";
          rows_told[reader] = 0;
        });
    book.check();
    for (const StatBook::Reader reader : parts) {
      if (!slow.contains(reader)) book.taken(reader);
    }
    book.check();
    return told;
  }
  /// Everything that is due to be asked about.
  std::vector<StatBook::Key> ask() {
    std::vector<StatBook::Key> asked;
    StatBook::Key key = 0;
    while (book.ask(now, key) != nullptr) asked.push_back(key);
    return asked;
  }

  TimePoint now{Seconds{1000}};
  StatBook book{{.rows_max = 8, .wishes_max = 20, .wishes_per_reader_max = 6}};
  std::set<StatBook::Reader> slow;  // have not taken yet what they were told
  std::size_t room = 1000;          // rows in one part
  std::map<StatBook::Reader, std::size_t> rows_told;
  bool more = false;
};

TEST_F(StatBookTest, AThousandReadersCostOneQuestionAndEachIsToldOnce) {
  StatBook many{{.rows_max = 1, .wishes_max = 1000, .wishes_per_reader_max = 1}};
  for (StatBook::Reader reader = 1; reader <= 1000; ++reader)
    EXPECT_EQ(many.want(reader, 77, question(), kRate, now), StatVerdict::kTaken);
  StatBook::Key key = 0;
  ASSERT_NE(many.ask(now, key), nullptr);
  EXPECT_EQ(key, 77U);
  EXPECT_EQ(many.ask(now, key), nullptr);
  EXPECT_TRUE(many.answer(77, row({1, 2, 3, 4}), now));
  std::size_t told = 0;
  const auto count = [&](const StatBook::News&) { return ++told, true; };
  std::vector<StatBook::Reader> parts;
  const auto end = [&](StatBook::Reader reader) { parts.push_back(reader); };
  EXPECT_TRUE(many.tell(now, 400, count, end)) << "more is due";
  EXPECT_TRUE(many.tell(now, 400, count, end));
  EXPECT_FALSE(many.tell(now, 400, count, end));
  EXPECT_EQ(told, 1000U);
  EXPECT_EQ(parts.size(), 1000U);
  for (const StatBook::Reader reader : parts) many.taken(reader);
  EXPECT_EQ(many.next_telling(), kNever) << "nobody is looked at for whom there is no news";
  EXPECT_FALSE(many.tell(now + kRate, 400, count, end)) << "nothing has changed";
  EXPECT_EQ(told, 1000U);
}

TEST_F(StatBookTest, OnlyWhatChangedSinceTheReaderWasToldIsToldTheNewestValueOnce) {
  want(1, 77);
  ask();
  book.answer(77, row({1, 2, 3, 4}), now);
  EXPECT_EQ(tell()[1][77], (Told{{0, 1}, {1, 2}, {2, 3}, {3, 4}}));
  // Three rows within one second: one telling, the newest values.
  for (std::uint32_t i = 5; i <= 7; ++i) book.answer(77, row({1, i, 3, 4}), now);
  EXPECT_TRUE(tell().empty()) << "not before its time";
  now = now + kRate;
  EXPECT_EQ(tell()[1][77], (Told{{1, 7}}));
  EXPECT_EQ(book.counters().conflated, 2U);
  // One that comes later gets the whole row.
  want(2, 77);
  EXPECT_EQ(tell()[2][77], (Told{{0, 1}, {1, 7}, {2, 3}, {3, 4}}));
  book.answer(77, row({1, 7, 3, 4}), now);
  now = now + kRate;
  EXPECT_TRUE(tell().empty());
  EXPECT_EQ(book.counters().without_news, 1U);
}

TEST_F(StatBookTest, EachReaderHasItsOwnRateAndTheCtiServerIsNotAskedMoreOftenThanAllowed) {
  want(1, 77, Seconds{1});
  want(2, 77, Seconds{5});
  std::map<StatBook::Reader, int> times;
  std::size_t questions = 0;
  for (std::uint32_t second = 0; second < 60; ++second) {
    questions += ask().size();
    book.answer(77, row({second, 0, 0, 0}), now);  // faster than asked: as a bench feeds it
    for (const auto& [reader, rows] : tell()) ++times[reader];
    now = now + Seconds{1};
  }
  EXPECT_EQ(times[1], 60);
  EXPECT_EQ(times[2], 12);
  EXPECT_EQ(questions, 1U) << "each answer moves the next question";
}

TEST_F(StatBookTest, AQuestionThatIsNotAnsweredIsAskedAgainAfterItsPatienceAndARefusalAtItsTime) {
  want(1, 77);
  EXPECT_EQ(ask(), std::vector<StatBook::Key>{77});
  now = now + Seconds{19};
  EXPECT_TRUE(ask().empty());
  now = now + Seconds{1};
  EXPECT_EQ(ask(), std::vector<StatBook::Key>{77});
  EXPECT_EQ(book.counters().lost, 1U);
  book.refused(77, now);
  EXPECT_TRUE(ask().empty());
  EXPECT_EQ(book.next(), now + Seconds{10});
  now = now + Seconds{10};
  EXPECT_EQ(ask(), std::vector<StatBook::Key>{77});
  book.lost(now);
  EXPECT_EQ(ask(), std::vector<StatBook::Key>{77}) << "a new session is asked at once";
}

TEST_F(StatBookTest, WhatNobodyWantsAnyMoreIsForgottenAndAnAnswerToItFindsNobody) {
  want(1, 77);
  want(2, 77);
  want(2, 78);
  EXPECT_TRUE(book.leave(1, 77));
  EXPECT_FALSE(book.leave(1, 77));
  EXPECT_EQ(book.rows(), 2U);
  ask();
  book.forget(2);
  book.forget(2);
  EXPECT_FALSE(book.answer(77, row({1, 2, 3, 4}), now));
  book.refused(78, now);
  EXPECT_EQ(book.rows() + book.readers() + book.wishes(), 0U);
  EXPECT_EQ(book.next(), kNever);
  book.check();
}

TEST_F(StatBookTest, EveryBoundSaysNoAndKeepsNothing) {
  for (StatBook::Key key = 1; key <= 6; ++key) EXPECT_EQ(want(1, key), StatVerdict::kTaken);
  EXPECT_EQ(want(1, 1), StatVerdict::kAlready);
  EXPECT_EQ(want(1, 7), StatVerdict::kTooManyOfThisReader);
  EXPECT_EQ(want(2, 7), StatVerdict::kTaken);
  EXPECT_EQ(want(2, 8), StatVerdict::kTaken);
  EXPECT_EQ(want(2, 9), StatVerdict::kTooManyRows);
  for (StatBook::Key key = 1; key <= 4; ++key) EXPECT_EQ(want(2, key), StatVerdict::kTaken);
  for (StatBook::Key key = 1; key <= 6; ++key) EXPECT_EQ(want(3, key), StatVerdict::kTaken);
  EXPECT_EQ(want(4, 1), StatVerdict::kTaken);
  EXPECT_EQ(want(4, 2), StatVerdict::kTaken);
  EXPECT_EQ(want(4, 3), StatVerdict::kTooManyWishes);
  EXPECT_EQ(book.counters().refused, 3U);
  book.check();
}

TEST_F(StatBookTest, WhoHasNotTakenWhatItWasToldIsToldNothingMoreAndThenTheNewestValuesOnce) {
  want(1, 77);
  want(2, 77);
  ask();
  book.answer(77, row({1, 2, 3, 4}), now);
  slow.insert(1);
  EXPECT_EQ(tell().size(), 2U);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    now = now + kRate;
    book.answer(77, row({1, 2, 3, 10 + i}), now);
    const auto told = tell();
    EXPECT_EQ(told.size(), 1U) << "nobody else waits";
    EXPECT_FALSE(told.contains(1));
  }
  slow.clear();
  book.taken(1);
  EXPECT_EQ(tell()[1][77], (Told{{3, 15}}));
}

TEST_F(StatBookTest, WhatFindsNoRoomInOnePartComesInTheNextOneWithoutWaitingForTheRate) {
  for (StatBook::Key key = 1; key <= 6; ++key) want(1, key);
  ask();
  for (StatBook::Key key = 1; key <= 6; ++key) book.answer(key, row({1, 2, 3, 4}), now);
  room = 4;
  EXPECT_EQ(tell()[1].size(), 4U);
  EXPECT_EQ(tell()[1].size(), 2U);
  now = now + kRate;
  EXPECT_TRUE(tell().empty());
}

TEST_F(StatBookTest, WhatWasLostOnTheWayIsToldAnewAndWhole) {
  want(1, 77);
  ask();
  book.answer(77, row({1, 2, 3, 4}), now);
  slow.insert(1);
  tell();
  book.lost_for(1, now + kRate);
  EXPECT_TRUE(tell().empty());
  now = now + kRate;
  EXPECT_EQ(tell()[1][77].size(), kColumns);
}

TEST_F(StatBookTest, ARowThatIsNotAskedAboutByItselfIsAskedAboutWhenItIsTouchedAndNotMoreOften) {
  book.want(1, 77, question(false), kRate, now);
  EXPECT_TRUE(book.wants_touches());
  EXPECT_EQ(ask().size(), 1U) << "once, to begin with";
  book.answer(77, row({1, 2, 3, 4}), now);
  now = now + Seconds{100};
  EXPECT_TRUE(ask().empty());
  book.touch(77, now);
  book.touch(77, now);
  EXPECT_EQ(ask().size(), 1U);
  book.touch(77, now);  // after the question: what comes may not know of it
  book.answer(77, row({2, 2, 3, 4}), now);
  EXPECT_TRUE(ask().empty()) << "not more often than it may be";
  now = now + Seconds{10};
  EXPECT_EQ(ask().size(), 1U);
  book.unanswered(77, now);
  now = now + Seconds{10};
  EXPECT_EQ(ask().size(), 1U) << "nobody knows what it would have said";
  book.refused(77, now);
  now = now + Seconds{100};
  EXPECT_TRUE(ask().empty());
  book.leave(1, 77);
  EXPECT_FALSE(book.wants_touches());
}

TEST_F(StatBookTest, AnswersOfAnotherWidthChangeNothing) {
  want(1, 77);
  std::vector<std::byte> narrow(8);
  EXPECT_FALSE(book.answer(77, narrow, now));
  EXPECT_TRUE(tell().empty());
}

TEST_F(StatBookTest, WhateverHappensEachReaderEndsWithTheNewestValues) {
  core::Random random(7);
  std::map<StatBook::Key, std::array<std::uint32_t, kColumns>> truth;
  std::map<std::pair<StatBook::Reader, StatBook::Key>, std::array<std::uint32_t, kColumns>> seen;
  std::set<std::pair<StatBook::Reader, StatBook::Key>> wanted;
  for (int step = 0; step < 5000; ++step) {
    const StatBook::Reader reader = 1 + random.below(4);
    const StatBook::Key key = 1 + random.below(8);
    switch (random.below(5)) {
      case 0:
        if (want(reader, key) == StatVerdict::kTaken) {
          wanted.insert({reader, key});
          seen[{reader, key}] = {};
        }
        break;
      case 1:
        EXPECT_EQ(book.leave(reader, key), wanted.erase({reader, key}) == 1);
        break;
      case 2: {
        auto& values = truth[key];
        values[random.below(kColumns)] = static_cast<std::uint32_t>(random.below(100));
        book.answer(key, row(values), now);
        break;
      }
      case 3:
        for (const auto& [who, rows] : tell(1 + random.below(5))) {
          for (const auto& [of, columns] : rows) {
            EXPECT_TRUE(wanted.contains({who, of})) << "nobody is told what is not theirs";
            for (const auto& [column, value] : columns) seen[{who, of}][column] = value;
          }
        }
        break;
      default:
        now = now + Millis{300};
    }
    book.check();
  }
  for (const auto& [key, values] : truth) book.answer(key, row(values), now);
  do {
    now = now + kRate;
    for (const auto& [who, rows] : tell()) {
      for (const auto& [of, columns] : rows)
        for (const auto& [column, value] : columns) seen[{who, of}][column] = value;
    }
  } while (more);
  for (const auto& each : wanted) {
    const auto expected = truth.find(each.second);
    if (expected == truth.end()) continue;
    EXPECT_EQ(seen[each], expected->second) << each.second;
  }
}

}  // namespace
}  // namespace cti::broker
