// spsc_model.cpp - the two-thread rings in every order.
#include "ring/spsc_bytes.hpp"
#include "ring/spsc_ring.hpp"
#include "tests/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace cti::model {
namespace {

using Ring = ring::SpscRing<char, Scheduled>;

struct RingWorld {
  explicit RingWorld(std::size_t capacity) : queue(capacity) {}
  Ring queue;
  std::string got;
  void drain(std::size_t limit) {
    queue.drain(limit, [this](char item) { got += item; });
  }
};

TEST(SpscRingModel, TwoPushesAgainstOneDrain) {
  expect_outcomes({{"", kAllowed, "drain ran first"},
                   {"1", kAllowed, "between the pushes"},
                   {"12", kAllowed, "after both"},
                   {"2", kForbidden, "position seen before its item"},
                   {"21", kForbidden, "order lost"}},
                  [] {
                    auto w = std::make_shared<RingWorld>(2);
                    return Scenario{{[=] {
                                       (void)w->queue.try_push('1');
                                       (void)w->queue.try_push('2');
                                     },
                                     [=] { w->drain(2); }},
                                    [=] { return w->got; }};
                  });
}

TEST(SpscRingModel, StagedItemsAppearTogether) {
  expect_outcomes({{"", kAllowed, "drain ran before the publication"},
                   {"12", kAllowed, "after it"},
                   {"1", kForbidden, "a staged item was seen"}},
                  [] {
                    auto w = std::make_shared<RingWorld>(2);
                    return Scenario{{[=] {
                                       (void)w->queue.stage('1');
                                       step();
                                       (void)w->queue.stage('2');
                                       w->queue.publish();
                                     },
                                     [=] { w->drain(2); }},
                                    [=] { return w->got; }};
                  });
}

// Three items go through two slots as arrays: a part at a time, round the end, and none before it is published.
TEST(SpscRingModel, ArraysLoseNothingAndStopNobody) {
  expect_outcomes({{"123", kAllowed, "all through two slots"}, {kStuck, kForbidden, "no progress"}},
                  [] {
                    auto w = std::make_shared<RingWorld>(2);
                    return Scenario{{[=] {
                                       std::string_view items = "123";
                                       while (!items.empty()) {
                                         items.remove_prefix(w->queue.stage(std::span(items)));
                                         step();
                                         w->queue.publish();
                                         yield();
                                       }
                                     },
                                     [=] {
                                       while (w->got.size() < 3) {
                                         w->drain(2);
                                         yield();
                                       }
                                     }},
                                    [=] { return w->got; }};
                  },
                  {.deviations_max = 3, .steps_max = 400, .runs_max = 2'000'000});
}

// The producer is refused at least once in some orders; it tries again when the consumer has moved. Three items go
// through one slot: every order ends with all of them taken, or somebody is stuck.
TEST(SpscRingModel, AFullRingLosesNothingAndStopsNobody) {
  expect_outcomes({{"123", kAllowed, "all through one slot"}, {kStuck, kForbidden, "no progress"}},
                  [] {
                    auto w = std::make_shared<RingWorld>(1);
                    return Scenario{{[=] {
                                       for (char item : {'1', '2', '3'}) {
                                         while (!w->queue.try_push(item)) yield();
                                       }
                                     },
                                     [=] {
                                       while (w->got.size() < 3) {
                                         w->drain(1);
                                         yield();
                                       }
                                     }},
                                    [=] { return w->got; }};
                  },
                  {.deviations_max = 3, .steps_max = 400, .runs_max = 2'000'000});
}

// A slot is used again only after its item was taken: the item is handed over while the producer wants the slot.
TEST(SpscRingModel, ASlotIsNotFilledWhileItsItemIsBeingTaken) {
  const auto make = [] {
    struct World {
      ring::SpscRing<std::uint32_t, Scheduled> queue{1};
      std::string got;
    };
    auto w = std::make_shared<World>();
    (void)w->queue.try_push(1);
    return Scenario{{[=] { w->got += w->queue.try_push(2) ? "p" : "f"; },
                     [=] {
                       w->queue.drain(1, [&](std::uint32_t&& item) {
                         step();
                         w->got += std::to_string(item);
                         step();
                       });
                     }},
                    [=] { return w->got; }};
  };
  expect_outcomes({{"f1", kAllowed, "refused: not taken yet"},
                   {"1f", kAllowed, "refused: taken, but not given back yet"},
                   {"1p", kAllowed, "given back, then filled"},
                   {"p1", kForbidden, "filled while the item was there"},
                   {"p2", kForbidden, "the item was overwritten"}},
                  make);
}

// ---- spsc_bytes ----

struct BytesWorld {
  ring::BasicSpscBytes<Scheduled> queue{64};
  std::string got;
  std::string full;
  void put(char mark, std::size_t bytes) {
    std::byte* const at = queue.claim(bytes);
    if (at == nullptr) {
      full += mark;
      return;
    }
    std::memset(at, mark, bytes / 2);
    step();
    std::memset(at + bytes / 2, mark, bytes - bytes / 2);
    queue.commit(bytes);
  }
  void take(std::size_t limit) {
    queue.drain(limit, [this](Bytes record) {
      const char first = static_cast<char>(record.front());
      step();
      const char last = static_cast<char>(record.back());
      got += first == last ? first : '!';
    });
  }
  std::string text() const { return got + (full.empty() ? "" : "-" + full); }
};

TEST(SpscBytesModel, RecordsArriveWholeAndInOrder) {
  expect_outcomes({{"", kAllowed, "drain ran first"},
                   {"a", kAllowed, "between the publications"},
                   {"ab", kAllowed, "after both"},
                   {"b", kForbidden, "order lost"},
                   {"!", kForbidden, "half a record"}},
                  [] {
                    auto w = std::make_shared<BytesWorld>();
                    return Scenario{{[=] {
                                       w->put('a', 8);
                                       w->queue.publish();
                                       w->put('b', 8);
                                       w->queue.publish();
                                     },
                                     [=] { w->take(2); }},
                                    [=] { return w->text(); }};
                  });
}

// 48 of 64 bytes are in use; the next record needs padding at the end and the room of the first one in front.
TEST(SpscBytesModel, ARecordThatGoesRoundTheEndWaitsForTheRoomInFront) {
  expect_outcomes({{"ab-c", kAllowed, "refused: nothing given back yet"},
                   {"abc", kAllowed, "fits, and the same drain finds it"},
                   {"ab", kAllowed, "fits, and the drain was over"},
                   {"!b", kForbidden, "overwritten while it was read"},
                   {"a!", kForbidden, "overwritten while it was read"},
                   {kStuck, kForbidden, "no progress"}},
                  [] {
                    auto w = std::make_shared<BytesWorld>();
                    w->put('a', 16);
                    w->put('b', 16);
                    w->queue.publish();
                    return Scenario{{[=] {
                                       w->put('c', 16);
                                       w->queue.publish();
                                     },
                                     [=] {
                                       w->take(1);
                                       w->take(2);
                                     }},
                                    [=] { return w->text(); }};
                  });
}

}  // namespace
}  // namespace cti::model
