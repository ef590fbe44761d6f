#include "broker/requests/replies.hpp"

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
    : line_(line),
      fanouts_(std::move(fanouts)),
      backlog_max_(backlog_max),
      backlog_(fanouts_.size()),
      news_(fanouts_.size(), 0) {}

void TellOut::push(Tell&& tell) {
  const std::size_t fanout = tell.to.fanout;
  CTI_CHECK(fanout < fanouts_.size());
  ++counters_.sent;
  std::deque<Tell>& backlog = backlog_[fanout];
  // stage() takes its argument even when it refuses: a full ring is seen by moving into it only when there is room.
  if (backlog.empty() && fanouts_[fanout]->tells[line_]->has_room()) {
    CTI_CHECK(fanouts_[fanout]->tells[line_]->try_push(std::move(tell)));
    news_[fanout] = true;
    return;
  }
  if (backlog.size() >= backlog_max_) {
    ++counters_.lost;
    return;
  }
  ++counters_.delayed;
  backlog.push_back(std::move(tell));
}

void TellOut::pump() {
  for (std::size_t fanout = 0; fanout < fanouts_.size(); ++fanout) {
    std::deque<Tell>& backlog = backlog_[fanout];
    ring::SpscRing<Tell>& ring = *fanouts_[fanout]->tells[line_];
    while (!backlog.empty() && ring.has_room()) {
      CTI_CHECK(ring.try_push(std::move(backlog.front())));
      backlog.pop_front();
      news_[fanout] = true;
    }
  }
}

bool TellOut::waiting() const noexcept {
  for (const std::deque<Tell>& backlog : backlog_) {
    if (!backlog.empty()) return true;
  }
  return false;
}

}  // namespace cti::broker
