// history_test.cpp - what a position that a client brings is to a log: one table (C15).
#include "broker/meet/history.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace cti::broker {
namespace {

struct Row {
  const char* what;
  Position position;
  Standing standing;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.what; }

/// Lineage 7. Epoch 2 from record 101 on, epoch 4 from 201, epoch 7 from 301. Records 151 to 350 can be read.
class APosition : public testing::TestWithParam<Row> {
 protected:
  APosition() : history({.lineage = 7, .epoch = 2, .sequence = 100}) {
    history.begin_epoch(4, 201);
    history.begin_epoch(7, 301);
  }
  History history;
};

TEST_P(APosition, C15_HasOneStanding) {
  const Row& row = GetParam();
  EXPECT_EQ(history.standing(row.position, 151, 350), row.standing)
      << row.what << ": " << name_of(history.standing(row.position, 151, 350));
}

INSTANTIATE_TEST_SUITE_P(
    Table, APosition,
    testing::Values(Row{"the last record", {7, 7, 350}, Standing::kHere},
                    Row{"one in the middle of this epoch", {7, 7, 320}, Standing::kHere},
                    Row{"the first record of this epoch", {7, 7, 301}, Standing::kHere},
                    Row{"this epoch, before its first record", {7, 7, 300}, Standing::kHere},
                    Row{"this epoch, before it began", {7, 7, 299}, Standing::kOtherEpoch},
                    Row{"the future", {7, 7, 351}, Standing::kAhead},
                    Row{"the end of numbers", {7, 7, UINT64_MAX}, Standing::kAhead},
                    Row{"the last record of the epoch before", {7, 4, 300}, Standing::kHere},
                    Row{"that epoch, behind where it ended", {7, 4, 301}, Standing::kOtherEpoch},
                    Row{"that epoch, far behind", {7, 4, 350}, Standing::kOtherEpoch},
                    Row{"the first epoch, still kept", {7, 2, 200}, Standing::kHere},
                    Row{"just before the oldest record kept", {7, 2, 150}, Standing::kHere},
                    Row{"the one before that is overwritten", {7, 2, 149}, Standing::kTooOld},
                    Row{"the place before the very first record", {7, 2, 100}, Standing::kTooOld},
                    Row{"before the log began", {7, 2, 99}, Standing::kTooOld},
                    Row{"zero", {7, 2, 0}, Standing::kTooOld},
                    Row{"an epoch between two of ours", {7, 3, 150}, Standing::kOtherEpoch},
                    Row{"an epoch to come", {7, 9, 320}, Standing::kOtherEpoch},
                    Row{"an epoch before all of ours", {7, 1, 50}, Standing::kTooOld},
                    Row{"another lineage", {8, 7, 320}, Standing::kOtherLineage},
                    Row{"no lineage", {0, 0, 0}, Standing::kOtherLineage}));

TEST(History, ForgetsTheOldestEpochsAndCallsThemTooOld) {
  History history({.lineage = 1, .epoch = 1, .sequence = 0});
  for (std::uint32_t epoch = 2; epoch <= History::kEpochsMax + 3; ++epoch)
    history.begin_epoch(epoch, epoch * 10);
  EXPECT_EQ(history.epoch(), History::kEpochsMax + 3);
  EXPECT_EQ(history.standing({1, 2, 25}, 1, 1000), Standing::kTooOld);
  EXPECT_EQ(history.standing({1, 5, 55}, 1, 1000), Standing::kHere);
}

TEST(History, RefusesAnEpochThatDoesNotRise) {
  History history({.lineage = 1, .epoch = 5, .sequence = 0});
  EXPECT_DEATH(history.begin_epoch(5, 10), "epoch");
  EXPECT_DEATH(history.begin_epoch(6, 0), "first_sequence");
}

/// A log of lineage 1, epoch 1 that has records `oldest` to `newest`, each 8 bytes long.
Place place(const Position& position, std::uint64_t oldest, std::uint64_t newest) {
  const History history({.lineage = 1, .epoch = 1, .sequence = 0});
  return place_of(history, position, newest, newest == 0, [&](std::uint64_t sequence) {
    const bool there = newest > 0 && sequence >= oldest && sequence <= newest + 1;
    return there ? std::optional<std::uint64_t>(sequence * 8) : std::nullopt;
  });
}

TEST(PlaceOf, IsBehindTheRecordThatWasSeen) {
  EXPECT_EQ(place({1, 1, 20}, 10, 30).standing, Standing::kHere);
  EXPECT_EQ(place({1, 1, 20}, 10, 30).at, 21u * 8);
  EXPECT_EQ(place({1, 1, 30}, 10, 30).at, 31u * 8) << "up to date: the end";
  EXPECT_EQ(place({1, 1, 9}, 10, 30).at, 10u * 8);
  EXPECT_EQ(place({1, 1, 8}, 10, 30).standing, Standing::kTooOld);
  EXPECT_EQ(place({1, 1, 31}, 10, 30).standing, Standing::kAhead);
  EXPECT_EQ(place({1, 1, UINT64_MAX}, 10, 30).standing, Standing::kAhead);
  EXPECT_EQ(place({1, 2, 20}, 10, 30).standing, Standing::kOtherEpoch);
  EXPECT_EQ(place({2, 1, 20}, 10, 30).standing, Standing::kOtherLineage);
}

TEST(PlaceOf, AnEmptyLogIsAPlaceForWhoHasSeenNothingOfIt) {
  EXPECT_EQ(place({1, 1, 0}, 1, 0).standing, Standing::kHere);
  EXPECT_EQ(place({1, 1, 0}, 1, 0).at, 0u);
  EXPECT_EQ(place({1, 1, 1}, 1, 0).standing, Standing::kAhead);
}

}  // namespace
}  // namespace cti::broker
