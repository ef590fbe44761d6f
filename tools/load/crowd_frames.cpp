// What sessions read.
#include "tools/load/crowd.hpp"

#include <algorithm>
#include <charconv>

namespace cti::load {

using wire::EventId;
using wire::FrameType;
using wire::Keyword;

void Crowd::on_frame(Session& session, Bytes frame) {
  switch (static_cast<FrameType>(wire::frame_type(frame.data()))) {
    case FrameType::kUpdate:
      return on_update(session, frame);
    case FrameType::kReply:
      return on_reply(session, frame);
    case FrameType::kSubscribed:
      return on_subscribed(session, frame);
    case FrameType::kPrivateEvent: {
      const auto event = wire::PrivateEventView::check(frame);
      if (!event.ok()) return malformed(session);
      const bool mode = event->event_id() == EventId::eSetAgentModeEvent ||
                        event->event_id() == EventId::eOnMonitorModeEstablished;
      return mode ? stands(session) : void();
    }
    case FrameType::kSnapshotBegin: {
      const auto begin = wire::SnapshotBeginView::check(frame);
      if (!begin.ok()) return malformed(session);
      session.adds = begin->reason() == wire::SnapshotReason::kWatch;
      return;
    }
    case FrameType::kSnapshotEnd: {
      const auto end = wire::SnapshotEndView::check(frame);
      if (!end.ok()) return malformed(session);
      if (end->peripheral_id() == settings_.peripheral) {
        session.positions.snapshot(
            {end->lineage(), end->epoch(), end->peripheral_id(), wire::frame_id(frame.data())},
            !session.entered || session.adds);
        session.entered = true;
      }
      return;
    }
    case FrameType::kSnapshotRecord: {
      const auto record = wire::UpdateView::check(frame);
      if (!record.ok()) return malformed(session);
      // In place of updates that never came: the robot goes on from how its agent stands.
      const bool works = session.kind == Kind::kAgent || session.kind == Kind::kSupervisor;
      if (session.kind == Kind::kSupervisor) on_members_update(session, *record);
      if (works && session.stage == Stage::kStanding)
        work(session, EventId::eAgentStateEvent, *record);
      return;
    }
    case FrameType::kHeartbeatReq: {
      wire::HeartbeatConfWriter answer(room_, {.id = wire::frame_id(frame.data())});
      return append(session, answer.finish());
    }
    case FrameType::kClose: {
      const auto close = wire::CloseView::check(frame);
      if (close.ok() && first_ending_.empty()) {
        first_ending_ = std::string(wire::name_of(close->reason())) + " " +
                        std::string(close->arguments().string(Keyword::ErrorMessage).value_or(""));
      }
      return;
    }
    default:
      return;
  }
}

void Crowd::on_subscribed(Session& session, Bytes frame) {
  const auto answer = wire::SubscribedView::check(frame);
  if (!answer.ok()) return malformed(session);
  if (answer->outcome() == wire::Outcome::kConfirmed) return;
  ++counters_.refused_sessions;
  if (first_refusal_.empty()) {
    first_refusal_ =
        "subscription: " +
        std::string(answer->arguments().string(Keyword::ErrorMessage).value_or("refused"));
  }
  settle(session);
}

void Crowd::on_reply(Session& session, Bytes frame) {
  const auto reply = wire::ReplyView::check(frame);
  if (!reply.ok()) return malformed(session);
  const auto asked = std::ranges::find(session.asked, reply->id(), &Asked::id);
  if (asked == session.asked.end()) return;
  const Asked was = *asked;
  session.asked.erase(asked);
  recorder_.add(Path::kRequest, was.intended, io_.now());
  StepMeasure* step = recorder_.at(was.intended);
  const wire::Outcome outcome = reply->outcome();
  if (was.wish == Wish::kTeam) {
    settle(session);
    if (team_monitoring_.empty()) {
      team_monitoring_ =
          outcome == wire::Outcome::kConfirmed
              ? "confirmed"
              : std::string(reply->arguments().string(Keyword::ErrorMessage).value_or("refused"));
    }
    return;
  }
  if (supervised(session, was, outcome) || outcome == wire::Outcome::kConfirmed) return;
  if (step != nullptr) ++(outcome == wire::Outcome::kUnknown ? step->unknown : step->refused);
  if (first_refusal_.empty()) {
    first_refusal_ =
        std::string(name_of(was.wish)) + ": " +
        std::string(reply->arguments().string(Keyword::ErrorMessage).value_or("refused"));
  }
  Worker& worker = workers_[session.robot];
  worker.changing = false;
  if (was.wish == Wish::kLogin) {
    ++counters_.refused_sessions;
    return settle(session);
  }
  apply(session, worker.robot.on_refused(was.wish, settings_.habits), io_.now());
}

void Crowd::on_update(Session& session, Bytes frame) {
  if (frame.size() < wire::UpdateView::kFixedBytes) return malformed(session);
  const auto update = wire::UpdateView::trusted(frame);
  ++counters_.records;
  last_record_ = io_.now();
  if (update.peripheral_id() != settings_.peripheral) {
    ++counters_.foreign;
    return;
  }
  if (session.positions.take(update.position()) == PositionCheck::News::kOld) return;
  switch (session.kind) {
    case Kind::kWitness:
      return witness(update);
    case Kind::kMonitor:
      return on_monitors_update(update);
    default:
      return on_agents_update(session, update);
  }
}

/// What agents' sessions should get of this record: their own, and those about the system.
void Crowd::witness(const wire::UpdateView& update) {
  if (update.sequence() <= sessions_[0].positions.from() || update.sequence() > tally_to_) return;
  if ((update.topics() & wire::topic::kSystem) != 0) return system_.add(update.sequence());
  const auto found = worker_of_.find(update.agent_key());
  if (found != worker_of_.end()) workers_[found->second].wanted.add(update.sequence());
}

Crowd::Call* Crowd::stamped(const wire::UpdateView& update, std::uint32_t* serial) {
  if (!wire::UpdateView::check(update.bytes()).ok()) return nullptr;
  const auto text = update.arguments().string(Keyword::CallVariable10);
  if (!text || !text->starts_with(nonce_)) return nullptr;
  const std::string_view digits = text->substr(nonce_.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *serial);
  const bool good = error == std::errc() && end == digits.data() + digits.size();
  return good && *serial < calls_.size() ? &calls_[*serial] : nullptr;
}

void Crowd::on_monitors_update(const wire::UpdateView& update) {
  if (update.event_id() == EventId::eAgentPrecallEvent) {
    std::uint32_t serial = 0;
    if (const Call* call = stamped(update, &serial))
      recorder_.add(Path::kMonitor, call->intended, io_.now());
  } else if (!settings_.calls && update.event_id() == EventId::eAgentStateEvent) {
    const auto found = worker_of_.find(update.object_key());
    if (found == worker_of_.end()) return;
    const Worker& worker = workers_[found->second];
    if (worker.change.since_start.count() > 0)
      recorder_.add(Path::kMonitor, worker.change, io_.now());
  }
}

void Crowd::on_agents_update(Session& session, const wire::UpdateView& update) {
  const EventId event = update.event_id();
  const bool first_news = event == EventId::eAgentPrecallEvent ||
                          event == EventId::eCallBeginEvent ||
                          event == EventId::eCallDeliveredEvent;
  const bool wanted = first_news || event == EventId::eAgentStateEvent ||
                      event == EventId::eCallEstablishedEvent || event == EventId::eCallEndEvent;
  if (!wanted) return;
  if (!wire::UpdateView::check(update.bytes()).ok()) return malformed(session);
  Worker& worker = workers_[session.robot];
  std::uint32_t serial = 0;
  if (update.agent_key() != worker.key) {
    // Of a member of the supervisor's team.
    Call* call = event == EventId::eAgentPrecallEvent ? stamped(update, &serial) : nullptr;
    if (call != nullptr) recorder_.add(Path::kSupervisor, call->intended, io_.now());
    return on_members_update(session, update);
  }
  // A supervisor's own call is one that somebody else got before.
  if (session.kind == Kind::kSupervisor) return work(session, event, update);
  Call* call = first_news && settings_.calls ? stamped(update, &serial) : nullptr;
  if (call != nullptr && worker.last_call != serial) {
    worker.last_call = serial;
    recorder_.add(Path::kAgent, call->intended, io_.now());
    if (!call->seen && groups_[call->group].promised > 0) --groups_[call->group].promised;
    call->seen = true;
  }
  if (worker.changing && event == EventId::eAgentStateEvent && update.object_key() == worker.key) {
    worker.changing = false;
    recorder_.add(Path::kAgent, worker.change, io_.now());
  }
  work(session, event, update);
}

/// The robot sees an event of its agent or of its agent's call, and acts.
void Crowd::work(Session& session, EventId event, const wire::UpdateView& update) {
  Worker& worker = workers_[session.robot];
  const bool own = update.object_key() == worker.key;
  const Robot::Phase before = worker.robot.phase();
  const Orders orders =
      worker.robot.on_event(event, update.arguments(), own, settings_.habits, random_);
  note_phase(worker, before);
  apply(session, orders, io_.now());
  const Robot::Phase now = worker.robot.phase();
  const bool arrived =
      worker.robot.duty() == Robot::Duty::kCalls
          ? now == Robot::Phase::kReady
          : worker.robot.duty() == Robot::Duty::kStates && now == Robot::Phase::kNotReady;
  if (arrived) settle(session);
}

void Crowd::note_phase(Worker& worker, Robot::Phase before) {
  const Robot::Phase now = worker.robot.phase();
  if (now == before) return;
  if (before == Robot::Phase::kOut) ++counters_.logged_in;
  if (now == Robot::Phase::kOut) --counters_.logged_in;
  Group& group = groups_[worker.group];
  if (now == Robot::Phase::kReady) {
    ++group.free;
    ++counters_.ready;
  } else if (before == Robot::Phase::kReady) {
    if (group.free > 0) --group.free;
    --counters_.ready;
  }
}

}  // namespace cti::load
