// spsc_ring_model.cpp - the ring of items between two threads, in every order.
#include "ring/spsc_ring.hpp"
#include "tests/model/cases.hpp"

#include <memory>
#include <span>
#include <vector>

namespace cti::model {
namespace {

using Item = Plain<char>;

template <template <class> class Atom>
struct World {
  explicit World(std::size_t capacity) : queue(capacity) {}
  ring::SpscRing<Item, Atom> queue;
  std::string got;

  void drain(std::size_t limit) {
    queue.drain(limit, [this](Item&& item) { got += item.get(); });
  }
};

template <template <class> class Atom>
Scenario two_pushes_against_one_drain() {
  auto w = std::make_shared<World<Atom>>(2);
  return {{[=] {
             (void)w->queue.try_push('1');
             (void)w->queue.try_push('2');
           },
           [=] { w->drain(2); }},
          [=] { return w->got; }};
}

template <template <class> class Atom>
Scenario staged_items() {
  auto w = std::make_shared<World<Atom>>(2);
  return {{[=] {
             (void)w->queue.stage('1');
             step();
             (void)w->queue.stage('2');
             w->queue.publish();
           },
           [=] { w->drain(2); }},
          [=] { return w->got; }};
}

// Three items go through two slots as arrays: a part at a time, round the end, and none before it is published.
template <template <class> class Atom>
Scenario arrays() {
  auto w = std::make_shared<World<Atom>>(2);
  auto items = std::make_shared<std::vector<Item>>();
  for (const char item : {'1', '2', '3'}) items->push_back(item);
  return {{[=] {
             for (std::span<const Item> rest(*items); !rest.empty();) {
               rest = rest.subspan(w->queue.stage(rest));
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
}

// The producer is refused at least once in some orders; it tries again when the consumer has moved. Three items go
// through one slot: every order ends with all of them taken, or somebody is stuck.
template <template <class> class Atom>
Scenario a_full_ring() {
  auto w = std::make_shared<World<Atom>>(1);
  return {{[=] {
             for (const char item : {'1', '2', '3'}) {
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
}

// A slot is used again only after its item was taken: the item is handed over while the producer wants the slot.
template <template <class> class Atom>
Scenario a_slot_in_use() {
  auto w = std::make_shared<World<Atom>>(1);
  (void)w->queue.try_push('1');
  return {{[=] { w->got += w->queue.try_push('2') ? "p" : "f"; },
           [=] {
             w->queue.drain(1, [&](Item&& item) {
               step();
               w->got += item.get();
               step();
             });
           }},
          [=] { return w->got; }};
}

// A look before going to sleep finds an item; the drain behind it does not look again.
template <template <class> class Atom>
Scenario a_look_before_sleeping() {
  auto w = std::make_shared<World<Atom>>(2);
  return {{[=] { (void)w->queue.try_push('1'); },
           [=] {
             if (w->queue.empty()) return;
             w->got += "found ";
             w->drain(1);
           }},
          [=] { return w->got; }};
}

// The oldest item is looked at where it lies, then taken; its slot is free only then.
template <template <class> class Atom>
Scenario a_look_at_the_oldest() {
  auto w = std::make_shared<World<Atom>>(1);
  (void)w->queue.try_push('1');
  return {{[=] {
             while (!w->queue.try_push('2')) yield();
           },
           [=] {
             for (int i = 0; i < 2; ++i) {
               while (w->queue.front() == nullptr) yield();
               w->got += w->queue.front()->get();
               w->queue.pop();
             }
           }},
          [=] { return w->got; }};
}

constexpr Explorer::Limits kThree{.deviations_max = 3, .steps_max = 400, .runs_max = 2'000'000};

const InCases kCases{
    {"SpscRingTwoPushesAgainstOneDrain",
     {{"", kAllowed, "drain ran first"},
      {"1", kAllowed, "between the pushes"},
      {"12", kAllowed, "after both"},
      {"2", kForbidden, "position seen before its item"},
      {"21", kForbidden, "order lost"}},
     two_pushes_against_one_drain<Scheduled>,
     two_pushes_against_one_drain<Viewed>},
    {"SpscRingStagedItemsAppearTogether",
     {{"", kAllowed, "drain ran before the publication"},
      {"12", kAllowed, "after it"},
      {"1", kForbidden, "a staged item was seen"}},
     staged_items<Scheduled>,
     staged_items<Viewed>},
    {"SpscRingArraysLoseNothingAndStopNobody",
     {{"123", kAllowed, "all through two slots"}, {kStuck, kForbidden, "no progress"}},
     arrays<Scheduled>,
     arrays<Viewed>,
     kThree,
     kThree},
    {"SpscRingAFullRingLosesNothingAndStopsNobody",
     {{"123", kAllowed, "all through one slot"}, {kStuck, kForbidden, "no progress"}},
     a_full_ring<Scheduled>,
     a_full_ring<Viewed>,
     kThree,
     kThree},
    {"SpscRingASlotIsNotFilledWhileItsItemIsBeingTaken",
     {{"f1", kAllowed, "refused: not taken yet"},
      {"1f", kAllowed, "refused: taken, but not given back yet"},
      {"1p", kAllowed, "given back, then filled"},
      {"p1", kForbidden, "filled while the item was there"},
      {"p2", kForbidden, "the item was overwritten"}},
     a_slot_in_use<Scheduled>,
     a_slot_in_use<Viewed>},
    {"SpscRingALookBeforeSleepingSeesTheItemToo",
     {{"", kAllowed, "looked before the push"},
      {"found 1", kAllowed, "looked after it"},
      {"found ", kForbidden, "found and not there"}},
     a_look_before_sleeping<Scheduled>,
     a_look_before_sleeping<Viewed>},
    {"SpscRingALookAtTheOldestItemKeepsItThere",
     {{"12", kAllowed, "both"},
      {"22", kForbidden, "overwritten"},
      {kStuck, kForbidden, "no progress"}},
     a_look_at_the_oldest<Scheduled>,
     a_look_at_the_oldest<Viewed>}};

}  // namespace
}  // namespace cti::model
