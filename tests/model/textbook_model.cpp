// textbook_model.cpp - the explorer finds what it is there to find: textbook races with known outcomes.
#include "tests/model/cases.hpp"

#include <memory>

namespace cti::model {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

template <template <class> class Atom>
struct Two {
  Atom<std::uint32_t> x{0}, y{0};
  std::uint32_t seen_x = 9, seen_y = 9;
  std::uint32_t also_x = 9, also_y = 9;
  Plain<std::uint32_t> plain{0};
  std::string text() const { return std::to_string(seen_x) + std::to_string(seen_y); }
  std::string all() const { return text() + std::to_string(also_x) + std::to_string(also_y); }
};

// Each stores its own flag, then looks at the other's.
template <template <class> class Atom, bool kFenced>
Scenario store_then_load() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             if (kFenced) ring::FenceOf<Atom>::full();
             two->seen_y = two->y.load(kRelaxed);
           },
           [=] {
             two->y.store(1, kRelaxed);
             if (kFenced) ring::FenceOf<Atom>::full();
             two->seen_x = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

// x is the message, y says that it is there.
template <template <class> class Atom>
Scenario relaxed_message() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             two->y.store(1, kRelaxed);
           },
           [=] {
             two->seen_y = two->y.load(kRelaxed);
             two->seen_x = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

template <template <class> class Atom>
Scenario message() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             two->y.store(1, kRelease);
           },
           [=] {
             two->seen_y = two->y.load(kAcquire);
             two->seen_x = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

template <template <class> class Atom>
Scenario fenced_message() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             ring::FenceOf<Atom>::release();
             two->y.store(1, kRelaxed);
           },
           [=] {
             two->seen_y = two->y.load(kRelaxed);
             ring::FenceOf<Atom>::acquire();
             two->seen_x = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

// The same with plain data, looked at only when the flag says so. A store in between by the same thread ends the release
// sequence (C++20), an exchange by another does not.
template <template <class> class Atom, bool kOverwritten, bool kExchanged>
Scenario plain_message() {
  auto two = std::make_shared<Two<Atom>>();
  Scenario scenario{{[=] {
                       two->plain = 1;
                       two->y.store(1, kRelease);
                       if (kOverwritten) two->y.store(2, kRelaxed);
                     },
                     [=] {
                       if (two->y.load(kAcquire) != (kOverwritten || kExchanged ? 2 : 1)) return;
                       two->seen_x = two->plain.get();
                     }},
                    [=] { return std::to_string(two->seen_x); }};
  if (kExchanged) {
    scenario.threads.push_back([=] {
      if (two->y.load(kRelaxed) == 1) two->y.exchange(2, kRelaxed);
    });
  }
  return scenario;
}

// Two writers, two readers: do the readers agree on which came first?
template <template <class> class Atom, bool kFenced>
Scenario independent_readers() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] { two->x.store(1, kRelaxed); }, [=] { two->y.store(1, kRelaxed); },
           [=] {
             two->seen_x = two->x.load(kAcquire);
             if (kFenced) ring::FenceOf<Atom>::full();
             two->seen_y = two->y.load(kAcquire);
           },
           [=] {
             two->also_y = two->y.load(kAcquire);
             if (kFenced) ring::FenceOf<Atom>::full();
             two->also_x = two->x.load(kAcquire);
           }},
          [=] { return two->all() == "1001" ? "disagree" : "agree"; }};
}

// Each writes both, in opposite order: is either's first store the last of its atomic?
template <template <class> class Atom>
Scenario two_and_two_writes() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             two->y.store(2, kRelaxed);
           },
           [=] {
             two->y.store(1, kRelaxed);
             two->x.store(2, kRelaxed);
           }},
          [=] {
            return std::to_string(two->x.load(kRelaxed)) + std::to_string(two->y.load(kRelaxed));
          }};
}

// One atomic never runs backwards.
template <template <class> class Atom>
Scenario two_looks_at_one() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             two->x.store(2, kRelaxed);
           },
           [=] {
             two->seen_x = two->x.load(kRelaxed);
             two->seen_y = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

template <template <class> class Atom>
Scenario lost_update() {
  auto two = std::make_shared<Two<Atom>>();
  const auto add = [=] { two->x.store(two->x.load(kRelaxed) + 1, kRelaxed); };
  return {{add, add}, [=] { return std::to_string(two->x.load(kRelaxed)); }};
}

template <template <class> class Atom>
Scenario exchanges() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] { two->seen_x = two->x.exchange(1, kRelaxed); },
           [=] { two->seen_y = two->x.exchange(1, kRelaxed); }},
          [=] { return two->text(); }};
}

template <template <class> class Atom>
Scenario nobody_comes() {
  auto two = std::make_shared<Two<Atom>>();
  return {{[=] { two->seen_x = 1; }, [=] { park([=] { return two->seen_y == 1; }); }},
          [] { return std::string("done"); }};
}

std::vector<Row> message_rows(Verdict overtaken) {
  return {{"00", kAllowed, "looked before"},
          {"10", kAllowed, "looked in between"},
          {"11", kAllowed, "looked after"},
          {"01", overtaken, "the flag without the message"}};
}

std::vector<Row> store_then_load_rows(Verdict both) {
  return {{"00", both, "both stores still in their cores"},
          {"01", kAllowed, "one went first"},
          {"10", kAllowed, "the other went first"},
          {"11", kAllowed, "both stored before either looked"}};
}

const InCases kStores{
    {"TextbookStoresAreOvertakenByLoads", store_then_load_rows(kAllowed),
     store_then_load<Scheduled, false>, store_then_load<Viewed, false>},
    {"TextbookFullFencesForbidIt", store_then_load_rows(kForbidden),
     store_then_load<Scheduled, true>, store_then_load<Viewed, true>},
    {"TextbookTwoAndTwoWrites",
     {{"11", kWeaklyAllowed, "both first stores came last"},
      {"12", kAllowed, "one after the other"},
      {"21", kAllowed, "the other way round"},
      {"22", kAllowed, "interleaved"}},
     two_and_two_writes<Scheduled>,
     two_and_two_writes<Viewed>},
    {"TextbookALostUpdate",
     {{"2", kAllowed, "one after the other"}, {"1", kAllowed, "both read 0"}},
     lost_update<Scheduled>,
     lost_update<Viewed>},
    {"TextbookExchangesLoseNothing",
     {{"01", kAllowed, "one first"},
      {"10", kAllowed, "the other first"},
      {"00", kForbidden, "both read the 0"}},
     exchanges<Scheduled>,
     exchanges<Viewed>},
    {"TextbookNobodyComes",
     {{kStuck, kAllowed, "nobody sets seen_y"}},
     nobody_comes<Scheduled>,
     nobody_comes<Viewed>}};

const InCases kMessages{
    {"TextbookARelaxedMessage", message_rows(kWeaklyAllowed), relaxed_message<Scheduled>,
     relaxed_message<Viewed>},
    {"TextbookAMessage", message_rows(kForbidden), message<Scheduled>, message<Viewed>},
    {"TextbookAMessageBetweenFences", message_rows(kForbidden), fenced_message<Scheduled>,
     fenced_message<Viewed>},
    {"TextbookAPlainMessage",
     {{"9", kAllowed, "looked before"}, {"1", kAllowed, "after"}, {kRace, kForbidden, "ordered"}},
     plain_message<Scheduled, false, false>,
     plain_message<Viewed, false, false>},
    {"TextbookAPlainMessageWhoseFlagWasOverwritten",
     {{"9", kAllowed, "looked before"},
      {"1", kStronglyAllowed, "stores stay in order"},
      {kRace, kWeaklyAllowed, "the second store released nothing"}},
     plain_message<Scheduled, true, false>,
     plain_message<Viewed, true, false>},
    {"TextbookAPlainMessageWhoseFlagWasExchanged",
     {{"9", kAllowed, "looked before"}, {"1", kAllowed, "after"}, {kRace, kForbidden, "ordered"}},
     plain_message<Scheduled, false, true>,
     plain_message<Viewed, false, true>},
    {"TextbookOneAtomicNeverRunsBackwards",
     {{"00", kAllowed, "before"},
      {"01", kAllowed, "forwards"},
      {"02", kAllowed, "forwards"},
      {"11", kAllowed, "between"},
      {"12", kAllowed, "forwards"},
      {"22", kAllowed, "after"},
      {"10", kForbidden, "backwards"},
      {"20", kForbidden, "backwards"},
      {"21", kForbidden, "backwards"}},
     two_looks_at_one<Scheduled>,
     two_looks_at_one<Viewed>},
    {"TextbookIndependentReadersMayDisagree",
     {{"agree", kAllowed, "one order"}, {"disagree", kWeaklyAllowed, "no order at all"}},
     independent_readers<Scheduled, false>,
     independent_readers<Viewed, false>,
     {.deviations_max = 1}},
    {"TextbookFullFencesMakeIndependentReadersAgree",
     {{"agree", kAllowed, "one order"}, {"disagree", kForbidden, "the fences have an order"}},
     independent_readers<Scheduled, true>,
     independent_readers<Viewed, true>,
     {.deviations_max = 1}}};

}  // namespace
}  // namespace cti::model
