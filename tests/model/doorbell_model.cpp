// doorbell_model.cpp - nobody sleeps through what was published, in every order and with stores that linger.
#include "ring/doorbell.hpp"
#include "ring/spsc_ring.hpp"
#include "tests/model/cases.hpp"

#include <memory>

namespace cti::model {
namespace {

using Item = Plain<char>;

template <template <class> class Atom>
struct World {
  using Queue = ring::SpscRing<Item, Atom>;
  Queue first{2}, second{2};
  ring::BasicDoorbell<Atom> bell;
  Signal reactor;
  int sleeps = 0;
  std::string got;

  void push(Queue& queue, char item) {
    (void)queue.try_push(item);
    bell.ring_if_sleeping([this] { reactor.ring(); });
  }

  /// The sleeper's loop, until `want` items have come. It never looks without having announced itself first.
  void serve(std::size_t want) {
    while (got.size() < want) {
      bell.announce();
      if (first.empty() && second.empty()) {
        ++sleeps;
        reactor.wait();
      }
      bell.awake();
      for (auto* queue : {&first, &second}) {
        queue->drain(2, [this](Item&& item) { got += item.get(); });
      }
    }
  }
};

template <template <class> class Atom>
Scenario one_producer() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] { w->push(w->first, '1'); }, [=] { w->serve(1); }},
          [=] { return w->got + " asleep " + std::to_string(w->sleeps); }};
}

template <template <class> class Atom>
Scenario two_producers() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] { w->push(w->first, '1'); }, [=] { w->push(w->second, '2'); },
           [=] { w->serve(2); }},
          [=] { return std::to_string(w->got.size()); }};
}

template <template <class> class Atom>
Scenario asleep_twice() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->push(w->first, '1');
             w->push(w->first, '2');
           },
           [=] { w->serve(2); }},
          [=] { return w->got; }};
}

const InCases kCases{
    {"DoorbellOneProducerNeverLeavesTheSleeperAsleep",
     {{"1 asleep 0", kAllowed, "it was there before the last look"},
      {"1 asleep 1", kAllowed, "woken from sleep"},
      {"1 asleep 2", kForbidden, "one ring cannot wake twice"},
      {kStuck, kForbidden, "a lost wake-up"}},
     one_producer<Scheduled>,
     one_producer<Viewed>,
     {.deviations_max = 4, .steps_max = 400, .runs_max = 2'000'000},
     {.deviations_max = 3, .steps_max = 400, .runs_max = 2'000'000}},
    {"DoorbellTwoProducersNeverLeaveTheSleeperAsleep",
     {{"2", kAllowed, "both came through"}, {kStuck, kForbidden, "a lost wake-up"}},
     two_producers<Scheduled>,
     two_producers<Viewed>,
     {.deviations_max = 2, .steps_max = 400, .runs_max = 4'000'000},
     {.deviations_max = 3, .steps_max = 400, .runs_max = 4'000'000}},
    {"DoorbellASleeperThatGoesToSleepAgainIsWokenAgain",
     {{"12", kAllowed, "both came through"}, {kStuck, kForbidden, "a lost wake-up"}},
     asleep_twice<Scheduled>,
     asleep_twice<Viewed>,
     {.deviations_max = 3, .steps_max = 400, .runs_max = 4'000'000},
     {.deviations_max = 3, .steps_max = 400, .runs_max = 4'000'000}}};

}  // namespace
}  // namespace cti::model
