// doorbell_model.cpp - nobody sleeps through what was published, in every order and with stores that linger.
#include "ring/doorbell.hpp"
#include "ring/spsc_ring.hpp"
#include "tests/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace cti::model {
namespace {

struct World {
  ring::SpscRing<char, Scheduled> first{2}, second{2};
  ring::BasicDoorbell<Scheduled> bell;
  int rings = 0;  // stands for the reactor's eventfd
  int heard = 0;
  int sleeps = 0;
  std::string got;

  void push(ring::SpscRing<char, Scheduled>& queue, char item) {
    (void)queue.try_push(item);
    bell.ring_if_sleeping([this] {
      step();
      ++rings;
    });
  }

  /// The sleeper's loop, until `want` items have come. It never looks without having announced itself first.
  void serve(std::size_t want) {
    while (got.size() < want) {
      bell.announce();
      if (first.empty() && second.empty()) {
        ++sleeps;
        park([this] { return rings > heard; });
        heard = rings;
      }
      bell.awake();
      for (auto* queue : {&first, &second}) queue->drain(2, [this](char item) { got += item; });
    }
  }
};

TEST(DoorbellModel, OneProducerNeverLeavesTheSleeperAsleep) {
  expect_outcomes({{"1 asleep 0", kAllowed, "it was there before the last look"},
                   {"1 asleep 1", kAllowed, "woken from sleep"},
                   {"1 asleep 2", kForbidden, "one ring cannot wake twice"},
                   {kStuck, kForbidden, "a lost wake-up"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{{[=] { w->push(w->first, '1'); }, [=] { w->serve(1); }}, [=] {
                                      return w->got + " asleep " + std::to_string(w->sleeps);
                                    }};
                  },
                  {.deviations_max = 4, .steps_max = 400, .runs_max = 2'000'000});
}

TEST(DoorbellModel, TwoProducersNeverLeaveTheSleeperAsleep) {
  expect_outcomes({{"2", kAllowed, "both came through"}, {kStuck, kForbidden, "a lost wake-up"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{{[=] { w->push(w->first, '1'); },
                                     [=] { w->push(w->second, '2'); }, [=] { w->serve(2); }},
                                    [=] { return std::to_string(w->got.size()); }};
                  },
                  {.deviations_max = 3, .steps_max = 400, .runs_max = 4'000'000});
}

TEST(DoorbellModel, ASleeperThatGoesToSleepAgainIsWokenAgain) {
  expect_outcomes({{"12", kAllowed, "both came through"}, {kStuck, kForbidden, "a lost wake-up"}},
                  [] {
                    auto w = std::make_shared<World>();
                    return Scenario{{[=] {
                                       w->push(w->first, '1');
                                       w->push(w->first, '2');
                                     },
                                     [=] { w->serve(2); }},
                                    [=] { return w->got; }};
                  },
                  {.deviations_max = 3, .steps_max = 400, .runs_max = 4'000'000});
}

}  // namespace
}  // namespace cti::model
