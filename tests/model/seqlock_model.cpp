// seqlock_model.cpp - a snapshot is whole or refused, in every order.
#include "ring/seqlock.hpp"
#include "tests/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace cti::model {
namespace {

using Pair = std::array<std::uint64_t, 2>;

TEST(SeqlockModel, AReaderSeesAWholeSnapshotOrNone) {
  expect_outcomes({{"00", kAllowed, "before the first write"},
                   {"11", kAllowed, "between the writes"},
                   {"22", kAllowed, "after both"},
                   {"refused", kAllowed, "the writer was at work"},
                   {"10", kForbidden, "half of one"},
                   {"21", kForbidden, "half of one"},
                   {"01", kForbidden, "half of one"},
                   {"12", kForbidden, "half of one"}},
                  [] {
                    struct World {
                      ring::Seqlock<Pair, Scheduled> lock;
                      std::string got;
                    };
                    auto w = std::make_shared<World>();
                    return Scenario{{[=] {
                                       w->lock.write({1, 1});
                                       w->lock.write({2, 2});
                                     },
                                     [=] {
                                       const auto got = w->lock.try_read();
                                       w->got = got ? std::to_string((*got)[0]) +
                                                          std::to_string((*got)[1])
                                                    : "refused";
                                     }},
                                    [=] { return w->got; }};
                  });
}

}  // namespace
}  // namespace cti::model
