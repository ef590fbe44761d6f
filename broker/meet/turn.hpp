// turn.hpp - how a line's turn ends: what is shown in which order.
//
// Order    show: records, then tells, then bells. A tell is due only behind the records that it comes after, so a reactor
//          that sees one early does not take it, and may go to sleep; what makes it due comes with a later bell.
// Use      the line of the server, and the models of tests/model/, where every order is tried.
#pragma once

#include "core/base/preempt.hpp"

#include <cstddef>

namespace cti::broker {

/// The line: publish() publishes its log and says whether there is news in it; tells.publish(reactor) says whether it
/// showed anything; wake(reactor) rings that one's bell.
template <class Publish, class Tells, class Wake>
void show(Publish&& publish, Tells& tells, std::size_t reactors, Wake&& wake) {
  may_be_preempted();
  const bool records = publish();
  for (std::size_t reactor = 0; reactor < reactors; ++reactor) {
    may_be_preempted();
    const bool told = tells.publish(reactor);
    may_be_preempted();
    if (told || records) wake(reactor);
  }
}

}  // namespace cti::broker
