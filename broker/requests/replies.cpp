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
      waiting_(fanouts_.size()),
      news_(fanouts_.size(), 0) {}

bool TellOut::stage(std::size_t fanout, Tell&& tell) {
  TellLane& lane = *fanouts_[fanout]->tells[line_];
  if (!lane.has_room()) return false;
  lane.stage(std::move(tell));
  return true;
}

void TellOut::push(Tell&& tell) {
  const std::size_t fanout = tell.to.fanout;
  CTI_CHECK(fanout < fanouts_.size());
  ++counters_.sent;
  Waiting& waiting = waiting_[fanout];
  if (waiting.cuts.contains(tell.to.session_number)) return lose(waiting, tell);
  if (waiting.backlog.empty() && stage(fanout, std::move(tell))) return;
  if (waiting.backlog.size() >= backlog_max_) return lose(waiting, tell);
  ++counters_.delayed;
  waiting.backlog.push_back(std::move(tell));
}

/// The session will never hear of this: it ends. One entry per session; those of a reactor are bounded.
void TellOut::lose(Waiting& waiting, const Tell& tell) {
  ++counters_.lost;
  if (waiting.cuts.emplace(tell.to.session_number, tell.to).second) ++counters_.cuts;
}

void TellOut::publish() {
  for (std::size_t fanout = 0; fanout < fanouts_.size(); ++fanout) {
    Waiting& waiting = waiting_[fanout];
    while (!waiting.backlog.empty() && stage(fanout, std::move(waiting.backlog.front()))) {
      waiting.backlog.pop_front();
    }
    TellLane& lane = *fanouts_[fanout]->tells[line_];
    while (waiting.backlog.empty() && !waiting.cuts.empty() && lane.has_room()) {
      Tell cut{.kind = TellKind::kCut, .to = waiting.cuts.begin()->second};
      cut.after_log_position = lane.staged_after();
      lane.stage(std::move(cut));
      waiting.cuts.erase(waiting.cuts.begin());
    }
    if (lane.publish()) news_[fanout] = true;
  }
}

bool TellOut::waiting() const noexcept {
  for (const Waiting& waiting : waiting_) {
    if (!waiting.backlog.empty() || !waiting.cuts.empty()) return true;
  }
  return false;
}

}  // namespace cti::broker
