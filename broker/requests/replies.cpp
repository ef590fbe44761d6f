// replies.cpp - frames of refusals, and the way of a tell from the line to its reactor: ring, backlog, loss.
#include "broker/requests/replies.hpp"
#include "core/base/preempt.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

std::vector<std::byte> make_subscribe_refusal(std::uint64_t id, const Refusal& refusal) {
  return make_frame<wire::SubscribedWriter>(
      wire::SubscribedHeader{.id = id,
                             .event_id = wire::EventId::eCTIOSFailureEvent,
                             .outcome = wire::Outcome::kRefused},
      [&](wire::ArgumentsWriter& writer) {
        writer.add_string(wire::Keyword::ErrorMessage, refusal.text);
        writer.add_int(wire::Keyword::FailureCode, refusal.failure);
      });
}

TellOut::TellOut(std::uint16_t line, std::vector<FanoutShared*> fanouts, std::size_t backlog_max)
    : fanouts_(std::move(fanouts)) {
  for (FanoutShared* const fanout : fanouts_) {
    outs_.emplace_back(*fanout->tells[line], backlog_max, counters_);
  }
}

void TellOut::push(Tell&& tell) {
  const std::size_t fanout = tell.to.fanout;
  CTI_CHECK(fanout < outs_.size());
  may_be_preempted();
  outs_[fanout].push(std::move(tell));
}

bool TellOut::waiting() const noexcept {
  return std::any_of(outs_.begin(), outs_.end(), [](const auto& out) { return out.waiting(); });
}

}  // namespace cti::broker
