// What sessions ask of a line: requests, agent mode, snapshots.
#include "broker/line.hpp"
#include "broker/requests/request_args.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <algorithm>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::Keyword;

/// A first session, or the next one, is under way: worth waiting for.
bool Line::may_become_ready() const noexcept {
  if (sync_.active()) return true;
  const LinkState state = shared_.status.link_state();
  return !stopped_ && !link_was_down_ && link_.counters().sessions == 0 &&
         (state == LinkState::kConnecting || state == LinkState::kOpening) &&
         link_.counters().connects <= 2;
}

void Line::take_ask(Ask&& ask) {
  ++counters_.asks;
  if (ask.kind == AskKind::kSessionGone) {
    std::erase_if(parked_, [&](const Parked& parked) {
      const SessionRef& from = parked.ask.from;
      return from.fanout == ask.from.fanout && from.connection.slot == ask.from.connection.slot &&
             from.session_number <= ask.from.session_number;
    });
    return;
  }
  const bool settings =
      ask.request == static_cast<std::uint32_t>(wire::RequestId::eGlobalSettingsDownloadRequest);
  if (!may_become_ready() || (ask.kind == AskKind::kRequest && settings)) return run_ask(ask);
  if (parked_.size() >= kParkedMax) {
    ++counters_.asks_overflow;
    if (ask.kind == AskKind::kRequest)
      return requests_.refuse(ask, "busy: the server is still starting");
    if (ask.kind == AskKind::kAgentMode) {
      return refuse_agent_mode(ask, ctios::eDriverOutOfService,
                               "busy: the server is still starting");
    }
    return tell_snapshot(ask);
  }
  ++counters_.asks_parked;
  parked_.push_back({std::move(ask), io_.now() + config_.sync_timeout});
}

void Line::run_ask(const Ask& ask) {
  switch (ask.kind) {
    case AskKind::kRequest:
      return requests_.run(ask, io_.now());
    case AskKind::kAgentMode:
      return agent_mode(ask);
    case AskKind::kSnapshot:
      return tell_snapshot(ask);
    case AskKind::kSessionGone:
      return;
  }
}

/// Lets those go on that waited for a dialogue, once it is through, has failed, or took too long.
void Line::unpark(TimePoint now) {
  while (!parked_.empty() && (!may_become_ready() || now >= parked_.front().deadline)) {
    const Ask ask = std::move(parked_.front().ask);
    parked_.pop_front();
    run_ask(ask);
  }
}

// The agent must be known and fresh: events keep those up to date who are in the map; others are asked about.
void Line::agent_mode(const Ask& ask) {
  const auto args = wire::ArgumentsView::trusted(ask.arguments);
  std::string agent_id = text_of(args, Keyword::AgentID);
  if (agent_id.empty()) agent_id = text_of(args, Keyword::LoginName);
  if (agent_id.empty()) {
    return refuse_agent_mode(ask, ctios::eRequiredArgMissing,
                             "AgentID is missing: a text (STRING)");
  }
  const std::uint32_t peripheral =
      number_or(args, Keyword::PeripheralID, config_.peripherals.front());
  const std::uint64_t key = wire::object_key(agent_object_id(peripheral, agent_id).view());
  const AgentEntry* const agent = map_.agent(key);
  const bool state_known = agent != nullptr && agent->state != ctios::eUnknown;
  if (state_known || (agent != nullptr && !link_.up())) return tell_agent_mode(ask, key);
  if (!link_.up()) {
    return refuse_agent_mode(
        ask, ctios::eServerConnectionStatus,
        "the CTI Server is offline and the agent is not known: " + link_.cause());
  }
  begin_probe(ask, peripheral, std::move(agent_id));
}

void Line::begin_probe(const Ask& ask, std::uint32_t peripheral_id, std::string agent_id) {
  if (probes_.size() >= kProbesMax) {
    return refuse_agent_mode(ask, ctios::eServiceNotSupported,
                             "busy: too many agents are being looked up");
  }
  Probe probe;
  probe.number = next_probe_++;
  probe.ask = ask;
  probe.peripheral_id = peripheral_id;
  probe.agent_id = std::move(agent_id);
  probe.inquiry = std::make_unique<Inquiry>(link_, pending_, PendingKind::kAgentMode, probe.number,
                                            config_.sync_window);
  probe.inquiry->ask_agent(peripheral_id, probe.agent_id);
  probes_.push_back(std::move(probe));
}

void Line::on_probe_answer(const Pending& pending, std::uint32_t message_type, Bytes body) {
  for (Probe& probe : probes_) {
    if (probe.number != pending.object_key) continue;
    const Question* const question =
        probe.inquiry->answer(pending, message_type, body, link_.version());
    if (question != nullptr) {
      const Question copy = *question;
      if (!apply_answer(copy, message_type, body)) probe.inquiry->again(pending.detail, io_.now());
    }
    return;
  }
}

void Line::pump_probes(TimePoint now) {
  for (std::size_t i = 0; i < probes_.size();) {
    probes_[i].inquiry->pump(now, config_.request_timeout, translator_.hearing().arrived());
    if (!probes_[i].inquiry->done()) {
      ++i;
      continue;
    }
    Probe done = std::move(probes_[i]);
    probes_.erase(probes_.begin() + static_cast<std::ptrdiff_t>(i));
    end_probe(done);
  }
}

void Line::end_probe(Probe& probe) {
  const std::uint64_t key =
      wire::object_key(agent_object_id(probe.peripheral_id, probe.agent_id).view());
  const Question& first = probe.inquiry->question(0);
  const AgentEntry* const agent = map_.agent(key);
  if (agent != nullptr && agent->state != ctios::eUnknown) {
    if (agent->logged_in() && !agent->desk_known) ask_desk_settings(*agent);
    return tell_agent_mode(probe.ask, key);
  }
  if (first.state == Question::State::kAnswered && agent != nullptr)
    return tell_agent_mode(probe.ask, key);
  if (first.state == Question::State::kUnanswered) {
    return refuse_agent_mode(probe.ask, ctios::eServerConnectionStatus,
                             "the CTI Server did not answer about agent " + probe.agent_id);
  }
  refuse_agent_mode(probe.ask, ctios::eUnknownObjectID,
                    "agent " + probe.agent_id + " is not known to the CTI Server (status " +
                        std::to_string(first.refusal) + ")");
}

void Line::tell_agent_mode(const Ask& ask, std::uint64_t agent_key) {
  Tell tell;
  tell.kind = TellKind::kAgentMode;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.agent_key = agent_key;
  tell.image = snapshots_.image_of(agent_key);
  tell.after_log_position = tell.image->log_position;
  tells_.push(std::move(tell));
}

void Line::refuse_agent_mode(const Ask& ask, std::int32_t failure, std::string text) {
  Tell tell;
  tell.kind = TellKind::kAgentMode;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.refused = true;
  tell.after_log_position = sink_.log_position();
  tell.frames = make_subscribe_refusal(ask.request_id, {failure, 0, std::move(text)});
  tells_.push(std::move(tell));
}

void Line::tell_snapshot(const Ask& ask) {
  Tell tell;
  tell.kind = TellKind::kSnapshot;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.agent_key = ask.agent_key;
  tell.image = ask.agent_key != 0 ? snapshots_.image_of(ask.agent_key) : snapshots_.image();
  tell.after_log_position = tell.image->log_position;
  tells_.push(std::move(tell));
}

}  // namespace cti::broker
