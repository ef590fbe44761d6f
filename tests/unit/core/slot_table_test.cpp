// slot_table_test.cpp - names outlive what they name, and must then name nothing.
#include "core/slot_table.hpp"

#include <gtest/gtest.h>

namespace cti::core {
namespace {

TEST(SlotTable, GivesZeroWhenItIsFull) {
  SlotTable<int> table(2);
  EXPECT_TRUE(table.take());
  EXPECT_TRUE(table.take());
  EXPECT_FALSE(table.take());
  EXPECT_EQ(table.used(), 2U);
}

TEST(SlotTable, DoesNotKnowANameOnceThePlaceWasGivenBack) {
  SlotTable<int> table(1);
  const ConnectionId first = table.take();
  *table.find(first) = 7;
  table.give_back(first);
  EXPECT_EQ(table.find(first), nullptr);
  const ConnectionId second = table.take();
  EXPECT_EQ(second.slot, first.slot);
  EXPECT_NE(second, first);
  EXPECT_EQ(table.find(first), nullptr);
  ASSERT_NE(table.find(second), nullptr);
  EXPECT_EQ(*table.find(second), 0) << "a taken place must be fresh";
}

TEST(SlotTable, KnowsNoForeignNames) {
  SlotTable<int> table(2);
  EXPECT_EQ(table.find({}), nullptr);
  EXPECT_EQ(table.find({1, 1}), nullptr) << "not in use";
  EXPECT_EQ(table.find({2, 1}), nullptr) << "outside";
}

TEST(SlotTable, VisitsThePlacesInUse) {
  SlotTable<int> table(3);
  const ConnectionId a = table.take();
  const ConnectionId b = table.take();
  table.give_back(a);
  int visited = 0;
  table.for_each([&](ConnectionId id, int&) {
    EXPECT_EQ(id, b);
    ++visited;
  });
  EXPECT_EQ(visited, 1);
}

}  // namespace
}  // namespace cti::core
