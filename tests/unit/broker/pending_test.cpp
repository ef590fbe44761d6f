// Requests on their way to the CTI Server, and their deadlines.
#include "broker/upstream/pending.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cti::test {
namespace {

using broker::Alarm;
using broker::LineTimers;
using broker::Pending;
using broker::PendingKind;
using broker::PendingTable;
using broker::TimerKind;

Pending client(std::int64_t deadline_s) {
  Pending entry;
  entry.kind = PendingKind::kClient;
  entry.deadline = {Seconds{deadline_s}};
  return entry;
}

/// A table with the wheel that it stands on.
struct Requests {
  explicit Requests(std::size_t capacity)
      : timers(PendingTable::slots_for(capacity)), table(capacity, timers) {}
  /// What is due, taken out in order.
  std::vector<Pending> expire(TimePoint now) {
    std::vector<Pending> taken;
    timers.fire(now, 1000, [&](TimerKind kind, std::uint64_t number) {
      EXPECT_EQ(kind, TimerKind::kPending);
      Pending* const found = table.find(static_cast<std::uint32_t>(number));
      ASSERT_NE(found, nullptr) << "a timer outlived its request";
      taken.push_back(*found);
      table.remove(*found);
    });
    return taken;
  }
  LineTimers timers;
  PendingTable table;
};

TEST(PendingTable, NeverGivesAnIdTwiceAndSaysWhenItIsFull) {
  Requests all(4);
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(all.table.add(client(1))->invoke_id);
  EXPECT_EQ(all.table.add(client(1)), nullptr);
  all.table.remove(*all.table.find(ids[1]));
  const std::uint32_t fresh = all.table.add(client(1))->invoke_id;
  EXPECT_EQ(all.table.find(ids[1]), nullptr) << "an old id found the request that took its slot";
  EXPECT_GT(fresh, ids[3]);
  EXPECT_EQ(all.table.size(), 4U);
  EXPECT_EQ(all.timers.armed(), 4U);
}

TEST(PendingTable, AShortDeadlineDoesNotWaitForALongOneBeforeIt) {
  Requests all(8);
  for (const int seconds : {20, 2, 9, 1, 20}) (void)all.table.add(client(seconds));
  std::vector<TimePoint> taken;
  for (const Pending& entry : all.expire({Seconds{9}})) taken.push_back(entry.deadline);
  EXPECT_EQ(taken, (std::vector<TimePoint>{{Seconds{1}}, {Seconds{2}}, {Seconds{9}}}));
  EXPECT_EQ(all.table.size(), 2U);
}

TEST(PendingTable, APostponedRequestExpiresAtItsNewDeadlineOnly) {
  Requests all(2);
  Pending* const entry = all.table.add(client(1));
  all.table.postpone(*entry, {Seconds{5}});
  EXPECT_TRUE(all.expire({Seconds{4}}).empty());
  EXPECT_EQ(all.expire({Seconds{5}}).size(), 1U);
  EXPECT_EQ(all.timers.armed(), 0U);
}

TEST(PendingTable, DrainTakesEveryRequestOnceTheOldestFirst) {
  Requests all(8);
  for (int i = 0; i < 13; ++i) {
    Pending* const entry = all.table.add(client(i));
    if (i < 7) all.table.remove(*entry);
  }
  std::vector<std::uint32_t> ids;
  all.table.drain([&](const Pending& entry) { ids.push_back(entry.invoke_id); });
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(all.table.size(), 0U);
  EXPECT_EQ(all.timers.armed(), 0U);
}

TEST(PendingTable, BehavesLikeAMapUnderRandomUse) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    core::Random random(seed);
    Requests all(16);
    std::map<std::uint32_t, TimePoint> twin;
    std::int64_t clock = 0;
    for (int step = 0; step < 2000; ++step) {
      if (random.chance(0.6)) {
        clock += static_cast<std::int64_t>(random.below(2));
        const auto life = static_cast<std::int64_t>(1 + random.below(30));
        const Pending* const added = all.table.add(client(clock + life));
        ASSERT_EQ(added == nullptr, twin.size() == 16);
        if (added != nullptr) twin[added->invoke_id] = added->deadline;
      } else if (!twin.empty() && random.chance(0.7)) {
        const auto victim =
            std::next(twin.begin(), static_cast<std::ptrdiff_t>(random.below(twin.size())));
        Pending* const found = all.table.find(victim->first);
        ASSERT_NE(found, nullptr);
        all.table.remove(*found);
        twin.erase(victim);
      } else {
        for (const Pending& entry : all.expire({Seconds{clock}}))
          EXPECT_EQ(twin.erase(entry.invoke_id), 1U);
        for (const auto& [id, deadline] : twin) EXPECT_GT(deadline, (TimePoint{Seconds{clock}}));
      }
      ASSERT_EQ(all.table.size(), twin.size());
      ASSERT_EQ(all.timers.armed(), twin.size());
    }
  }
}

TEST(Alarm, RingsAtTheTimeItWasSetToLast) {
  LineTimers timers(1);
  Alarm alarm;
  alarm.set(timers, {}, {Seconds{5}});
  alarm.set(timers, {}, {Seconds{3}});
  EXPECT_EQ(timers.armed(), 1U);
  std::uint32_t rung = 0;
  timers.fire({Seconds{3}}, 9, [&](TimerKind, std::uint64_t) { ++rung; });
  EXPECT_EQ(rung, 1U);
  alarm.set(timers, {Seconds{3}}, {Seconds{3}});
  EXPECT_EQ(timers.armed(), 1U) << "still due: it must ring again";
  alarm.set(timers, {Seconds{3}}, kNever);
  EXPECT_EQ(timers.armed(), 0U);
}

}  // namespace
}  // namespace cti::test
