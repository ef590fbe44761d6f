// seqlock_model.cpp - a snapshot is whole or refused, in every order.
#include "ring/seqlock.hpp"
#include "tests/model/cases.hpp"

#include <array>
#include <memory>

namespace cti::model {
namespace {

template <template <class> class Atom>
struct World {
  ring::Seqlock<std::array<std::uint64_t, 2>, Atom> lock;
  std::string got;

  void look() {
    const auto seen = lock.try_read();
    got += seen ? std::to_string((*seen)[0]) + std::to_string((*seen)[1]) : "refused";
  }
};

template <template <class> class Atom>
Scenario a_look_at_two_writes() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->lock.write({1, 1});
             w->lock.write({2, 2});
           },
           [=] { w->look(); }},
          [=] { return w->got; }};
}

const InCases kCases{{"SeqlockAReaderSeesAWholeSnapshotOrNone",
                      {{"00", kAllowed, "before the first write"},
                       {"11", kAllowed, "between the writes"},
                       {"22", kAllowed, "after both"},
                       {"refused", kAllowed, "the writer was at work"},
                       {"10", kForbidden, "half of one"},
                       {"21", kForbidden, "half of one"},
                       {"01", kForbidden, "half of one"},
                       {"12", kForbidden, "half of one"}},
                      a_look_at_two_writes<Scheduled>,
                      a_look_at_two_writes<Viewed>,
                      {.deviations_max = 2},
                      {.deviations_max = 3}}};

}  // namespace
}  // namespace cti::model
