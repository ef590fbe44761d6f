// watch_memory_test.cpp - every allocation of the watches made to fail in turn (M12): what was asked for has happened or has not,
// what the reactor holds is what the line counts, what could not be told is told when there is memory again, and nothing is left
// of a session that ends.
#include "tests/unit/broker/failing_new.hpp"
#include "tests/unit/broker/watch_house.hpp"

#include <functional>

namespace cti::test {
namespace {

/// A step of a supervisors' day: what happens, and what the watches do of it. That may fail, and is done again then.
struct Step {
  std::string name;
  std::function<void(WatchHouse&)> before;
  std::function<void(WatchHouse&)> act;
};

broker::WatchWish changed(WatchHouse& house, std::uint64_t session,
                          const std::function<void(broker::WatchWish&)>& change) {
  broker::WatchWish wish = house.watches.wish_of(WatchHouse::session(session, "900"));
  change(wish);
  return wish;
}
Step wish(std::string name, std::uint64_t session,
          std::function<void(broker::WatchWish&)> change) {
  return {std::move(name), [](WatchHouse&) {},
          [session, change](WatchHouse& house) {
            std::optional<broker::WatchWish> next;
            {
              const Unwatched quiet;
              next = changed(house, session, change);
            }
            EXPECT_TRUE(house.watches.wish(WatchHouse::session(session, "900"), *next));
            house.watches.tell_buttons(WatchHouse::session(session, "900"));  // as a request does
            const Unwatched quiet;
            next.reset();
          }};
}
Step heard(std::string name, std::function<void(WatchHouse&)> says) {
  return {std::move(name), std::move(says), [](WatchHouse& house) { house.look(); }};
}
broker::SessionRef late_session() { return WatchHouse::session(3, "901"); }
wire::Arguments late_wish() {
  wire::Arguments wish;
  wish.set(wire::Keyword::AgentReference, WatchHouse::id("101"));
  wish.set(wire::ArgKey(wire::watch::kMembers), true);
  wish.set(wire::ArgKey(wire::watch::kAllTeams), true);
  return wish;
}

std::vector<Step> day() {
  using Wish = broker::WatchWish;
  std::vector<Step> steps;
  steps.push_back(wish("all teams", 1, [](Wish& to) { to.all_teams = true; }));
  steps.push_back(wish("a team by number", 2, [](Wish& to) { to.teams.insert(7); }));
  steps.push_back(wish("an agent", 1, [](Wish& to) { to.agent = WatchHouse::id("101"); }));
  steps.push_back(wish("another agent", 1, [](Wish& to) { to.agent = WatchHouse::id("102"); }));
  steps.push_back(wish("members", 2, [](Wish& to) { to.members = true; }));
  steps.push_back({"the list of them", [](WatchHouse&) {}, [](WatchHouse& house) {
                     house.watches.tell_members(WatchHouse::session(2, "900"), 9);
                   }});
  steps.push_back(heard("somebody joins", [](WatchHouse& house) {
    house.team(7, {{"104", 0}});
  }));
  steps.push_back(heard("a call of the watched agent", [](WatchHouse& house) {
    house.call(5, "102");
  }));
  steps.push_back({"a session comes over with a wish", [](WatchHouse&) {}, [](WatchHouse& house) {
                     std::vector<broker::WatchEdge> edges;
                     try {
                       edges = house.begin(late_session(), late_wish());
                     } catch (const std::bad_alloc&) {
                       house.watches.not_begun(late_session());  // its mode is refused
                       throw;
                     }
                     {
                       const Unwatched quiet;
                       house.apply(late_session(), edges);
                     }
                     house.watches.begun(late_session());
                   }});
  steps.push_back(heard("the watched agent leaves", [](WatchHouse& house) {
    house.leave(7, "102");
  }));
  steps.push_back(wish("nobody any more", 2, [](Wish& to) { to = {}; }));
  steps.push_back(heard("a supervisor logs out", [](WatchHouse& house) {
    house.agent("900", 1);
  }));
  steps.push_back(heard("the other leads no more", [](WatchHouse& house) {
    house.team(8, {{"901", 0}});
  }));
  return steps;
}

std::unique_ptr<WatchHouse> house_before(const std::vector<Step>& steps, std::size_t step) {
  auto house = std::make_unique<WatchHouse>();
  for (const char* const agent : {"900", "901", "101", "102", "103", "104"}) house->agent(agent, 3);
  house->team(7, {{"900", 1}, {"101", 0}, {"102", 0}, {"103", 0}});
  house->team(8, {{"901", 1}, {"101", 0}});
  house->look();
  house->tick();
  for (std::size_t i = 0; i < step; ++i) {
    steps[i].before(*house);
    steps[i].act(*house);
    house->tick();
    house->take();
  }
  return house;
}

void expect_nothing_is_left(WatchHouse& house) {
  for (const auto& [number, agent] : {std::pair{1, "900"}, {2, "900"}, {3, "901"}})
    house.end(WatchHouse::session(static_cast<std::uint64_t>(number), agent));
  house.watches.invariants();
  EXPECT_EQ(house.watches.counters().sessions, 0u);
  EXPECT_EQ(house.watches.counters().edges, 0u);
  EXPECT_FALSE(house.watches.have_buttons());
  EXPECT_EQ(house.index.watches(), 0u);
}

/// What sessions know after each step when no memory fails.
std::vector<std::map<std::uint64_t, WatchHouse::Known>> good_day(const std::vector<Step>& steps) {
  std::vector<std::map<std::uint64_t, WatchHouse::Known>> known;
  for (std::size_t step = 0; step < steps.size(); ++step)
    known.push_back(house_before(steps, step + 1)->state());
  return known;
}

/// One step in which the `which`th allocation fails. False: it has no so many.
bool fails(const std::vector<Step>& steps, std::size_t step, std::uint64_t which,
           const std::map<std::uint64_t, WatchHouse::Known>& good) {
  const auto house = house_before(steps, step);
  steps[step].before(*house);
  bool thrown = false;
  FailingNew::fail_at(which);
  try {
    const Watched watched;
    steps[step].act(*house);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  const bool failed = FailingNew::failed();
  FailingNew::never();
  house->watches.invariants();
  house->take();  // compares what the reactor holds with what the line counts
  if (::testing::Test::HasFailure()) return false;
  if (thrown) steps[step].act(*house);  // whoever was refused asks again
  house->tick();
  house->take();
  EXPECT_EQ(house->state(), good);
  expect_nothing_is_left(*house);
  return failed;
}

TEST(WatchMemory, M12_EachFailedAllocationLeavesCountsRightAndNothingUntold) {
  const std::vector<Step> steps = day();
  const auto good = good_day(steps);
  ASSERT_EQ(good.back().at(1).edges.size() + good.back().at(3).edges.size(), 0u);
  ASSERT_EQ(good[5].at(2).members, (std::set<std::string>{"101", "102", "103", "900"}));
  ASSERT_EQ(good.back().at(1).stopped,
            (std::set<std::string>{WatchHouse::id("101"), WatchHouse::id("102")}));
  for (std::size_t step = 0; step < steps.size(); ++step) {
    std::uint64_t which = 0;
    while (fails(steps, step, which, good[step])) {
      if (HasFailure()) break;
      ++which;
    }
    if (HasFailure()) {
      ADD_FAILURE() << steps[step].name << ": allocation " << which << " failed";
      return;
    }
    EXPECT_GT(which, 0u) << steps[step].name << " needs no memory";
  }
}

TEST(WatchMemory, ASessionThatFindsNoRoomKeepsOnlyWhomItMayStillWatch) {
  WatchHouse house(4);
  for (const char* const agent : {"900", "901", "101", "102", "103", "104", "105"})
    house.agent(agent, 3);
  house.team(7, {{"900", 1}, {"101", 0}, {"102", 0}});
  house.team(8, {{"901", 1}, {"103", 0}, {"104", 0}, {"105", 0}});
  house.look();
  broker::WatchWish all;
  all.all_teams = true;
  ASSERT_TRUE(house.watches.wish(WatchHouse::session(1, "900"), all));
  ASSERT_TRUE(house.watches.wish(WatchHouse::session(2, "900"), all));
  EXPECT_FALSE(house.watches.wish(WatchHouse::session(3, "901"), all)) << "more than there may be";
  // The lead of team 7 becomes that of team 8: no room for its members, and no right to those before.
  house.team(8, {{"900", 1}});
  house.look();
  house.leave(7, "900");
  house.look();
  house.tick();
  house.take();
  for (const std::uint64_t number : {1u, 2u}) {
    for (const auto& [agent, topics] : house.state(number).edges)
      EXPECT_TRUE(agent != WatchHouse::key("101") && agent != WatchHouse::key("102"));
  }
  EXPECT_LE(house.index.watches(), 4u);
  expect_nothing_is_left(house);
}

TEST(WatchMemory, AtTheBoundWhatEndsMakesRoomForWhatBegins) {
  WatchHouse house(2);
  for (const char* const agent : {"900", "101", "102", "103", "104"}) house.agent(agent, 3);
  house.team(7, {{"900", 1}, {"101", 0}, {"102", 0}});
  house.team(8, {{"900", 1}, {"103", 0}, {"104", 0}});
  house.look();
  broker::WatchWish one;
  one.teams = {7};
  ASSERT_TRUE(house.watches.wish(WatchHouse::session(1, "900"), one));
  house.take();
  one.teams = {8};
  ASSERT_TRUE(house.watches.wish(WatchHouse::session(1, "900"), one));
  house.take();  // the reactor would have no room were the new ones told first
  EXPECT_EQ(house.state(1).edges.size(), 2u);
  EXPECT_TRUE(house.state(1).edges.contains(WatchHouse::key("103")));
  expect_nothing_is_left(house);
}

}  // namespace
}  // namespace cti::test
