// Inquiry by itself: what finds no room, and when it is tried again.
#include "broker/upstream/inquiry.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cti::broker {
namespace {

struct World {
  explicit World(std::size_t pending_max = 2)
      : timers(PendingTable::slots_for(pending_max)),
        pending(pending_max, timers),
        upstream(64 * 1024, 15),
        inquiry({upstream, pending, names}, PendingKind::kSync, 0, 8, Inquiry::kForEver) {
    upstream.set_state(Upstream::State::kOpen);
  }
  /// The question with this InvokeID is not answered in time.
  void expire(std::uint32_t invoke_id) {
    Pending* const found = pending.find(invoke_id);
    ASSERT_NE(found, nullptr);
    const Pending lost = *found;
    pending.remove(*found);
    inquiry.unanswered(lost, now);
  }
  /// Somebody else's request takes a place.
  void fill() {
    ASSERT_NE(pending.add({.kind = PendingKind::kRefresh, .deadline = now + Seconds{60}}), nullptr);
  }
  LineTimers timers;
  PendingTable pending;
  Upstream upstream;
  NameBook names;
  Inquiry inquiry;
  TimePoint now{Seconds{1}};
};

TEST(Inquiry, WhatFindsNoRoomIsPutAgainAfterAPause) {
  World world;
  world.inquiry.ask_agent(5000, "1");
  world.inquiry.ask_agent(5000, "2");
  world.inquiry.pump(world.now, Seconds{1});
  ASSERT_EQ(world.pending.size(), 2U);
  world.expire(1);
  world.fill();  // the table is full again
  world.now = world.now + Seconds{1};
  for (int turn = 0; turn < 3; ++turn) {
    world.inquiry.pump(world.now, Seconds{1});
    EXPECT_GT(world.inquiry.next_deadline(), world.now) << "the line would spin";
    EXPECT_LE(world.inquiry.next_deadline(), world.now + Seconds{1})
        << "nobody tells when there is room";
    world.now = world.inquiry.next_deadline();
  }
  world.expire(2);
  world.inquiry.pump(world.now, Seconds{1});
  EXPECT_EQ(world.pending.size(), 2U) << "there is room: it is put";
  EXPECT_EQ(world.inquiry.lost(), 2U);
}

}  // namespace
}  // namespace cti::broker
