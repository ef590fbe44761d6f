// The router: who gets a call, and where it waits.
#include "tools/simulator/model/model.hpp"

#include <algorithm>
#include <utility>

namespace cti::simulator {

void Model::route(Call& of, GroupIndex group) {
  of.group = group;
  of.key = {152'000 + static_cast<std::uint32_t>(now_.since_start / Seconds(86'400)),
            next_router_call_++, 0};
  ++counters_.routed;
  enqueue(of, group, false);
}

void Model::enqueue(Call& of, GroupIndex group, bool front) {
  if (of.queued != kNoIndex) return;  // asked for twice, by two parties of one call
  SkillGroup& to = groups_[group];
  for (const auto& [since, agent] : to.available) {
    if (stations_[agents_[agent].station].calls.empty()) return offer_agent(of, agent);
  }
  if (!front && to.queue.size() >= settings_.queue_max) return fail(of, Cause::kBusy);
  of.queued = group;
  of.queued_since = now_;
  if (front) {
    to.queue.push_front(of.number);
  } else {
    to.queue.push_back(of.number);
  }
  ++counters_.queued;
  if (settings_.queue_events) tell_queue(of, to, CallEventKind::kQueued, Cause::kNone);
}

// The route point has a view of its own for as long as the call waits there.
void Model::tell_queue(Call& of, const SkillGroup& at, CallEventKind kind, Cause cause) {
  CallEvent event;
  event.call = &of;
  event.number = of.number;
  event.device = at.settings.dialed_number;
  event.cause = cause;
  if (!std::exchange(of.route_announced, true)) {
    event.kind = CallEventKind::kBegin;
    tell(event);
  }
  event.kind = kind;
  if (kind == CallEventKind::kQueued) event.local = ConnectionState::kQueued;
  tell(event);
  if (kind != CallEventKind::kDequeued) return;
  event.kind = CallEventKind::kEnd;
  of.route_announced = false;
  tell(event);
}

void Model::leave_queue(Call& of, Cause cause) {
  SkillGroup& from = groups_[of.queued];
  std::erase(from.queue, of.number);
  const Nanos waited = now_ - of.queued_since;
  from.statistics.each([waited](GroupPeriod& period) {
    ++period.calls_queued;
    period.queue_time += waited;
    period.longest_queued = std::max(period.longest_queued, waited);
  });
  of.queued = kNoIndex;
  if (settings_.queue_events) tell_queue(of, from, CallEventKind::kDequeued, cause);
}

void Model::offer_agent(Call& of, AgentIndex agent) {
  ++of.key.sequence;
  if (settings_.translation_routes) {
    CallEvent event;
    event.kind = CallEventKind::kTranslationRoute;
    event.call = &of;
    event.number = of.number;
    tell(event);
  }
  offer_station(of, agents_[agent].station, true, Cause::kNewCall);
}

void Model::agent_available(AgentIndex agent) {
  if (busy(agents_[agent].station)) return;
  // The call that has waited longest in any of the agent's groups.
  GroupIndex best = kNoIndex;
  for (const GroupIndex group : agents_[agent].groups) {
    if (groups_[group].queue.empty()) continue;
    if (best == kNoIndex || find_call(groups_[group].queue.front())->queued_since <
                                find_call(groups_[best].queue.front())->queued_since) {
      best = group;
    }
  }
  if (best == kNoIndex) return;
  Call& of = *call(groups_[best].queue.front());
  leave_queue(of, Cause::kNone);
  of.group = best;
  offer_agent(of, agent);
}

}  // namespace cti::simulator
