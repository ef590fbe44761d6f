// explorer_test.cpp - the explorer finds what it is there to find: textbook races with known outcomes.
#include "tests/model/explorer.hpp"

#include "tests/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace cti::model {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

struct Two {
  Scheduled<std::uint32_t> x{0}, y{0};
  std::uint32_t seen_x = 9, seen_y = 9;
  std::string text() const { return std::to_string(seen_x) + std::to_string(seen_y); }
};

// Each stores its own flag, then looks at the other's.
Scenario store_then_load(bool fenced) {
  auto two = std::make_shared<Two>();
  return {{[=] {
             two->x.store(1, kRelaxed);
             if (fenced) ring::FenceOf<Scheduled>::full();
             two->seen_y = two->y.load(kRelaxed);
           },
           [=] {
             two->y.store(1, kRelaxed);
             if (fenced) ring::FenceOf<Scheduled>::full();
             two->seen_x = two->x.load(kRelaxed);
           }},
          [=] { return two->text(); }};
}

TEST(Explorer, FindsStoresOvertakenByLoads) {
  expect_outcomes({{"00", kAllowed, "both stores still in their cores"},
                   {"01", kAllowed, "one went first"},
                   {"10", kAllowed, "the other went first"},
                   {"11", kAllowed, "both stored before either looked"}},
                  [] { return store_then_load(false); });
}

TEST(Explorer, SeesThatFencesForbidIt) {
  expect_outcomes({{"00", kForbidden, "one of the fences comes first"},
                   {"01", kAllowed, "one went first"},
                   {"10", kAllowed, "the other went first"},
                   {"11", kAllowed, "both stored before either looked"}},
                  [] { return store_then_load(true); });
}

TEST(Explorer, KeepsStoresOfOneThreadInOrder) {
  const auto make = [] {
    auto two = std::make_shared<Two>();
    return Scenario{{[=] {
                       two->x.store(1, kRelaxed);
                       two->y.store(1, kRelaxed);
                     },
                     [=] {
                       two->seen_y = two->y.load(kRelaxed);
                       two->seen_x = two->x.load(kRelaxed);
                     }},
                    [=] { return two->text(); }};
  };
  expect_outcomes({{"00", kAllowed, "looked before"},
                   {"10", kAllowed, "looked in between"},
                   {"11", kAllowed, "looked after"},
                   {"01", kForbidden, "total store order"}},
                  make);
}

TEST(Explorer, FindsALostUpdate) {
  const auto make = [] {
    auto two = std::make_shared<Two>();
    const auto add = [=] { two->x.store(two->x.load(kRelaxed) + 1, kRelaxed); };
    return Scenario{{add, add}, [=] { return std::to_string(two->x.load(kRelaxed)); }};
  };
  expect_outcomes({{"2", kAllowed, "one after the other"}, {"1", kAllowed, "both read 0"}}, make);
}

TEST(Explorer, SaysStuckWhenNobodyCanGoOn) {
  const auto make = [] {
    auto two = std::make_shared<Two>();
    return Scenario{{[=] { two->seen_x = 1; }, [=] { park([=] { return two->seen_y == 1; }); }},
                    [] { return std::string("done"); }};
  };
  expect_outcomes({{kStuck, kAllowed, "nobody sets seen_y"}}, make);
}

}  // namespace
}  // namespace cti::model
