// line_core_asks.cpp - what sessions ask of a line: requests, agent mode, snapshots; and that each ask ends exactly once.
//
// Ends     an ask is answered at once, or stands in one of four places that each have a deadline: parked (waits for a
//          dialogue or the first session), probed (an agent is being looked up), pending (on its way to the CTI Server), or
//          owed (its answer found no memory). The loss of the link and stop() end the first three as well.
#include "broker/line_core.hpp"
#include "broker/requests/request_args.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <new>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::Keyword;

namespace {

/// The ask without its arguments: enough to answer it, and made without memory.
Ask shell_of(const Ask& ask) noexcept {
  Ask shell;
  shell.kind = ask.kind;
  shell.from = ask.from;
  shell.request_id = ask.request_id;
  shell.token = ask.token;
  shell.request = ask.request;
  return shell;
}

constexpr std::size_t kAgentIdMost = 64;  // bytes; as in a kSubscribe

}  // namespace

/// A first session, or the next one, is under way or will be at once: worth waiting for.
bool LineCore::may_become_ready() const noexcept {
  if (sync_.active() || reset_ != ResetCause::kNone) return true;
  return !stopped_ && upstream_.state() == Upstream::State::kTrying;
}

void LineCore::step(input::Asked&& asked) {
  CTI_CHECK(asked.now >= now_);
  now_ = asked.now;
  ++counters_.asks;
  if (asked.ask.kind == AskKind::kSessionGone) return forget_session(asked.ask.from);
  if (asked.ask.kind == AskKind::kStatisticsTaken) {
    --counters_.asks;  // no session has asked anything
    return statistics_.taken(asked.ask.from.fanout, asked.ask.from.connection.slot);
  }
  within_net(shell_of(asked.ask), [&] { take_ask(std::move(asked.ask)); });
}

/// Runs what an ask wants. A failed allocation fails this ask, and nothing else (M12).
template <class Run>
void LineCore::within_net(const Ask& shell, Run&& run) {
  const std::uint64_t committed = upstream_.committed();
  const std::uint32_t newest = pending_.newest_id();
  try {
    translator_.settle();
    run();
  } catch (const std::bad_alloc&) {
    ++counters_.no_memory;
    // What has gone upstream will be confirmed; what has not must not be waited for.
    Pending* const sent = pending_.find(pending_.newest_id());
    const bool waits = sent != nullptr && sent->invoke_id != newest &&
                       sent->kind == PendingKind::kClient && sent->request_id == shell.request_id &&
                       sent->from.session_number == shell.from.session_number;
    if (waits && upstream_.committed() != committed) return;
    if (waits) pending_.remove(*sent);
    owe(shell);
  }
}

/// Answers an ask that failed for want of memory: now, or when there is some again.
void LineCore::owe(const Ask& shell) noexcept {
  if (fail_for_memory(shell)) return;
  if (owed_.size() == kOwedMax) {
    ++counters_.asks_lost;
    return;
  }
  owed_.push_back(shell);
  CTI_CHECK(owed_.capacity() == kOwedMax);
}

bool LineCore::fail_for_memory(const Ask& shell) noexcept {
  try {
    refuse_ask(shell, "the server is out of memory");
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void LineCore::pay_what_is_owed() noexcept {
  while (!owed_.empty() && fail_for_memory(owed_.back())) owed_.pop_back();
}

void LineCore::forget_session(const SessionRef& session) {
  // Older ones of the same place have gone too: only the last word of a place is kept.
  // What a reactor asks for itself, for no session in particular, has the number 0.
  const auto gone = [&](const Ask& ask) {
    return ask.from.session_number != 0 && ask.from.fanout == session.fanout &&
           ask.from.connection.slot == session.connection.slot &&
           ask.from.session_number <= session.session_number;
  };
  std::erase_if(parked_, [&](const Parked& parked) {
    if (!gone(parked.ask)) return false;
    parked_bytes_ -= cost_of(parked.ask);
    return true;
  });
  std::erase_if(probes_, [&](const Probe& probe) {
    if (!gone(probe.ask)) return false;
    timers_.cancel(probe.timer);
    return true;
  });
  std::erase_if(owed_, gone);
  watches_.session_gone(session);
  statistics_.session_gone(session);
  requests_.session_gone(session);
}

std::size_t LineCore::cost_of(const Ask& ask) noexcept {
  return sizeof(Parked) + ask.arguments.capacity();
}

void LineCore::take_ask(Ask&& ask) {
  if (stopped_) return refuse_ask(ask, "the server stops");
  const bool settings =
      ask.request == static_cast<std::uint32_t>(wire::RequestId::eGlobalSettingsDownloadRequest);
  const bool at_once = !may_become_ready() && parked_.empty();  // else it would overtake
  if (at_once || (ask.kind == AskKind::kRequest && settings)) return run_ask(ask);
  const std::size_t cost = cost_of(ask);
  if (parked_.size() >= kParkedMax || parked_bytes_ + cost > kParkedBytesMax) {
    ++counters_.asks_overflow;
    return refuse_ask(ask, "busy: the server is still starting");
  }
  parked_.push_back({std::move(ask), now_ + config_.sync_timeout});
  parked_bytes_ += cost;
  ++counters_.asks_parked;
}

void LineCore::run_ask(const Ask& ask) {
  switch (ask.kind) {
    case AskKind::kRequest:
      return requests_.run(ask, now_);
    case AskKind::kAgentMode:
      return agent_mode(ask);
    case AskKind::kSnapshot:
      return tell_snapshot(ask);
    case AskKind::kSessionGone:
    case AskKind::kStatisticsTaken:
      return;
  }
}

/// Answers without looking at it, in the ask's own kind. A snapshot says what is known; that is never refused.
void LineCore::refuse_ask(const Ask& ask, std::string_view text) {
  switch (ask.kind) {
    case AskKind::kRequest:
      return requests_.refuse(ask, std::string(text));
    case AskKind::kAgentMode:
      return refuse_agent_mode(ask, ctios::eDriverOutOfService, std::string(text));
    case AskKind::kSnapshot:
      return tell_snapshot(ask);
    case AskKind::kSessionGone:
    case AskKind::kStatisticsTaken:
      return;
  }
}

/// Lets those go on that waited for a dialogue, once it is through, has failed, or took too long.
void LineCore::unpark() {
  while (!parked_.empty() && (!may_become_ready() || now_ >= parked_.front().deadline)) {
    const Ask ask = std::move(parked_.front().ask);
    parked_.pop_front();
    CTI_CHECK(parked_bytes_ >= cost_of(ask));
    parked_bytes_ -= cost_of(ask);
    within_net(shell_of(ask), [&] { run_ask(ask); });
  }
  CTI_CHECK(!parked_.empty() || parked_bytes_ == 0);
}

// The agent must be known and fresh: events keep those up to date who are in the map; others are asked about.
void LineCore::agent_mode(const Ask& ask) {
  const auto args = wire::ArgumentsView::trusted(ask.arguments);
  std::string agent_id = text_of(args, Keyword::AgentID);
  const std::string login_name = text_of(args, Keyword::LoginName);
  if (agent_id.empty() && login_name.empty()) {
    return refuse_agent_mode(ask, ctios::eRequiredArgMissing,
                             "AgentID or LoginName is missing: a text (STRING)");
  }
  const std::uint32_t peripheral =
      number_or(args, Keyword::PeripheralID, config_.peripherals.front());
  if (agent_id.empty()) {  // whom no configuration names may be called by the AgentID there
    const AgentEntry* const named = map_.agent_by_login_name(peripheral, login_name);
    agent_id = named != nullptr ? std::string(named->agent_id.view()) : login_name;
    if (agent_id.size() > kAgentIdMost) {
      return refuse_agent_mode(ask, ctios::eUnknownObjectID,
                               "there is no agent with this LoginName");
    }
  }
  const std::uint64_t key = wire::object_key(agent_object_id(peripheral, agent_id).view());
  const AgentEntry* const agent = map_.agent(key);
  const bool state_known = agent != nullptr && agent->state != ctios::eUnknown;
  if (state_known || (agent != nullptr && !upstream_.up())) return tell_agent_mode(ask, key);
  if (!upstream_.up()) {
    return refuse_agent_mode(
        ask, ctios::eServerConnectionStatus,
        "the CTI Server is offline and the agent is not known: " + upstream_.cause());
  }
  // Its answers would be applied at once, before events that came first and are kept back.
  if (sync_.active()) {
    return refuse_agent_mode(ask, ctios::eDriverOutOfService,
                             "the dialogue with the CTI Server is not through, and agent " +
                                 agent_id + " is not known yet");
  }
  begin_probe(ask, peripheral, std::move(agent_id));
}

void LineCore::begin_probe(const Ask& ask, std::uint32_t peripheral_id, std::string agent_id) {
  if (probes_.size() >= kProbesMax) {
    return refuse_agent_mode(ask, ctios::eServiceNotSupported,
                             "busy: too many agents are being looked up");
  }
  Probe probe;
  probe.number = next_probe_++;
  probe.ask = shell_of(ask);
  probe.ask.arguments = ask.arguments;
  probe.peripheral_id = peripheral_id;
  probe.agent_id = std::move(agent_id);
  probe.inquiry = std::make_unique<Inquiry>(
      Inquiry::Ways{upstream_, pending_, translator_.names(), config_.voice_mrd},
      PendingKind::kAgentMode, probe.number, config_.sync_window, 1, Inquiry::kProbeBytesMax);
  probe.inquiry->ask_agent(peripheral_id, probe.agent_id);
  probes_.push_back(std::move(probe));  // room was set aside: from here on nothing fails
  CTI_CHECK(probes_.capacity() == kProbesMax && !sync_.active());
  probes_.back().timer =
      timers_.arm(TimerKind::kProbe, probes_.back().number, now_ + config_.request_timeout);
}

void LineCore::on_probe_answer(const Pending& pending, const Answer& answer) {
  for (Probe& probe : probes_) {
    if (probe.number != pending.object_key) continue;
    const Question* const found = probe.inquiry->answer(pending, answer, now_);
    if (found == nullptr) return;
    const Question question = *found;
    // The session that asks gets its snapshot; nobody else has asked.
    if (!apply_answer(question, answer, Translator::For::kOne))
      probe.inquiry->again(pending.detail, now_);
    return;
  }
}

/// Whoever asked has waited long enough: what is known by now must do.
void LineCore::expire_probe(std::uint64_t number) {
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    if (probes_[i].number == number) return end_probe(i);
  }
}

void LineCore::pump_probes() {
  for (std::size_t i = 0; i < probes_.size();) {
    probes_[i].inquiry->pump(now_, config_.request_timeout, translator_.hearing().arrived());
    if (probes_[i].inquiry->done()) {
      end_probe(i);
    } else {
      ++i;
    }
  }
}

/// Answers the ask and forgets the probe. What is still asked will find nobody that waits for it.
void LineCore::end_probe(std::size_t index) {
  CTI_CHECK(index < probes_.size());
  const Probe done = std::move(probes_[index]);
  probes_.erase(probes_.begin() + static_cast<std::ptrdiff_t>(index));
  timers_.cancel(done.timer);  // harmless when it has fired
  within_net(shell_of(done.ask), [&] { answer_probe(done); });  // what is owed holds no arguments
}

void LineCore::answer_probe(const Probe& probe) {
  const std::uint64_t key =
      wire::object_key(agent_object_id(probe.peripheral_id, probe.agent_id).view());
  const Question& first = probe.inquiry->question(0);
  const AgentEntry* const agent = map_.agent(key);
  const bool known = agent != nullptr && agent->state != ctios::eUnknown;
  if (known || (first.state == Question::State::kAnswered && agent != nullptr))
    return tell_agent_mode(probe.ask, key);
  if (!upstream_.up()) {
    return refuse_agent_mode(probe.ask, ctios::eServerConnectionStatus,
                             "the CTI Server was lost while agent " + probe.agent_id +
                                 " was looked up: " + upstream_.cause());
  }
  if (first.state != Question::State::kRefused) {
    return refuse_agent_mode(probe.ask, ctios::eServerConnectionStatus,
                             "the CTI Server did not answer about agent " + probe.agent_id);
  }
  refuse_agent_mode(probe.ask, ctios::eUnknownObjectID,
                    "agent " + probe.agent_id + " is not known to the CTI Server (status " +
                        std::to_string(first.refusal) + ")");
}

// An image is the fold of the records up to its position: what the map still owes goes in first.
void LineCore::tell_agent_mode(const Ask& ask, std::uint64_t agent_key) {
  translator_.settle();
  translator_.hold_agent(agent_key);
  Tell tell;
  tell.kind = TellKind::kAgentMode;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.agent_key = agent_key;
  // Of a session that has left meanwhile nothing is kept.
  if (!ask.arguments.empty() && !requests_.has_ended(ask.from)) {
    tell.edges = watches_.begin(ask.from, agent_key, wire::ArgumentsView::trusted(ask.arguments));
  }
  if (tell.edges.size() <= Watches::kEdgesWithImage)
    tell.image = snapshots_.image_of(agent_key, tell.edges);
  tell.after_log_position = sink_.log_position();
  tells_.push(std::move(tell));
  watches_.begun(ask.from);
}

void LineCore::refuse_agent_mode(const Ask& ask, std::int32_t failure, std::string text) {
  watches_.not_begun(ask.from);
  Tell tell;
  tell.kind = TellKind::kAgentMode;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.refused = true;
  tell.after_log_position = sink_.log_position();
  tell.frames = make_subscribe_refusal(ask.request_id, {failure, 0, std::move(text)});
  tells_.push(std::move(tell));
}

void LineCore::tell_snapshot(const Ask& ask) {
  translator_.settle();
  Tell tell;
  tell.kind = TellKind::kSnapshot;
  tell.to = ask.from;
  tell.request_id = ask.request_id;
  tell.agent_key = ask.from.who.agent_key;
  tell.image = tell.agent_key != 0
                   ? snapshots_.image_of(tell.agent_key, watches_.edges_of(ask.from))
                   : snapshots_.image();
  tell.after_log_position = tell.image->log_position;
  tells_.push(std::move(tell));
}

}  // namespace cti::broker
