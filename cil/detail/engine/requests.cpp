// requests.cpp - requests on their way: sent, answered, sent again after a failover, or ended here.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/objects/convert.hpp"
#include "core/base/check.hpp"

#include <utility>

namespace cti::cil::detail {

using wire::Outcome;

bool Engine::may_send() const {
  return transport_.up() && (!subscription_.wanted || subscription_.established);
}

void Engine::start(Request request) {
  if (request.of_mode && !subscription_.wanted) {  // the mode was refused meanwhile
    finished(request);
    refuse(request, E_CTI_CLIENT_DISCONNECTED, Outcome::kRefused, "not sent: there is no mode");
    return;
  }
  if (watches(request.request)) subscription_.watches = true;
  Pending pending;
  pending.deadline = now() + kRequestMost;
  pending.request = std::move(request);
  const std::uint64_t id = pending.request.id;
  Pending& placed = pending_.insert_or_assign(id, std::move(pending)).first->second;
  if (may_send() && !starved_) send(placed);  // else it would overtake those that wait for room
}

/// There is room again for what found none.
void Engine::ask_again() {
  if (transport_.up() && subscription_.wanted && !subscription_.asked) subscribe();
  send_pending();
}

void Engine::send_pending() {
  if (!may_send()) return;
  starved_ = false;
  for (auto& [id, pending] : pending_) {
    if (!pending.sent) send(pending);
    if (starved_) return;
  }
}

void Engine::send(Pending& pending) {
  wire::RequestHeader header;
  header.id = pending.request.id;
  header.request = pending.request.request;
  // Whom it watches, and which statistics it wants, is a connection's own: what the last one has not answered is run anew,
  // behind what was confirmed there (write_watching, ask_statistics_again), and not answered by what is remembered of it.
  header.token = watches(header.request) || about_statistics(header.request) ? 0 : token_;
  wire::RequestWriter writer(buffer_, header);
  writer.arguments().add_all(wire::ArgumentsView::trusted(pending.request.arguments));
  if (transport_.send(writer.finish())) {
    pending.sent = true;
    pending.lineage = lineage_;
  } else {
    starved_ = true;  // until what waits before it has left, or its deadline
  }
}

bool Engine::take_reply(Bytes frame) {
  const auto reply = wire::ReplyView::check(frame);
  if (!reply) return false;
  const auto found = pending_.find(reply->id());
  if (found == pending_.end() || !found->second.sent) {
    ++counters_.late_replies;  // its request has already ended here: never matched to another
    return true;
  }
  const Request request = std::move(found->second.request);
  pending_.erase(found);
  finished(request);
  Arguments args;
  read(reply->arguments(), &args);
  const auto event = static_cast<int>(reply->event_id());
  const auto outcome = reply->outcome();
  if (outcome == Outcome::kConfirmed && request.login) login_ = request;
  if (outcome == Outcome::kConfirmed && watches(request.request)) note_watching(request);
  if (outcome == Outcome::kConfirmed && about_statistics(request.request))
    note_statistics(request);
  if (event == eGlobalSettingsDownloadConf) take_settings(args);
  if (event == eControlFailureConf) {
    if (!args.IsValid(CTIOS_MESSAGETYPE)) {
      args.AddItem(CTIOS_MESSAGETYPE, static_cast<int>(wire::reported_as(request.request)));
    }
    if (outcome == Outcome::kUnknown)
      args.AddItem(ekwRequestOutcome, static_cast<unsigned short>(outcome));
  }
  if (!args.IsValid(CTIOS_UNIQUEOBJECTID) && !request.target.empty()) {
    args.AddItem(CTIOS_UNIQUEOBJECTID, request.target);
  }
  const bool unasked = request.again && outcome == Outcome::kConfirmed;
  if (event != eUnknownEvent && !unasked) tell(event, args);
  return true;
}

/// The arrays of the desktop settings become properties; from now on the session gives up after some failed attempts.
void Engine::take_settings(const Arguments& args) {
  core_.with([&](SessionCore::State& state) {
    for (const std::string& key : settings_) state.properties.RemoveItem(key);
    settings_.clear();
    for (int i = 1; i <= args.NumElements(); ++i) {
      const std::string key = args.GetElementKey(i);
      // Neither do they pile up over many answers, nor take the place of a property of another origin.
      if (!args.at(i)->nested() || state.properties.IsValid(key)) continue;
      state.properties.AddItem(key, *args.at(i));
      settings_.push_back(key);
    }
  });
  transport_.limit_retries(kRetriesWithSettings);
}

/// Connected again: a server of the same lineage knows what has run already, any other one does not.
void Engine::reconcile(std::uint64_t lineage) {
  std::vector<Request> lost;
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    if (pending.request.again) {  // asked for anew when the mode stands
      finished(pending.request);
      at = pending_.erase(at);
      continue;
    }
    if (pending.sent && pending.lineage != lineage) {
      lost.push_back(std::move(pending.request));
      at = pending_.erase(at);
      continue;
    }
    counters_.requests_sent_again += pending.sent ? 1 : 0;
    pending.sent = false;
    ++at;
  }
  for (const Request& request : lost) {
    finished(request);
    refuse(request, E_CTI_TIMEOUT, Outcome::kUnknown, "outcome unknown: the connection was lost");
  }
}

void Engine::end_overdue() {
  while (!pending_.empty() && pending_.begin()->second.deadline <= now()) {
    const Pending pending = std::move(pending_.begin()->second);
    pending_.erase(pending_.begin());
    finished(pending.request);
    if (pending.sent) {
      refuse(pending.request, E_CTI_TIMEOUT, Outcome::kUnknown,
             "outcome unknown: no answer in time");
    } else {
      refuse(pending.request, E_CTI_CLIENT_DISCONNECTED, Outcome::kRefused,
             "not sent: no connection in time");
    }
  }
}

/// Those that wait for an answer, then those that still stand in the queue. What else stands there stays.
std::vector<Engine::Unanswered> Engine::take_unanswered(SessionCore::State& state) {
  std::vector<Unanswered> all;
  all.reserve(state.requests);
  for (auto& [id, pending] : pending_) all.push_back({std::move(pending.request), pending.sent});
  pending_.clear();
  starved_ = false;
  std::deque<Work> others;
  for (Work& work : state.work) {
    if (auto* request = std::get_if<Request>(&work)) {
      all.push_back({std::move(*request), false});
    } else {
      others.push_back(std::move(work));
    }
  }
  state.work = std::move(others);
  for (const Unanswered& each : all) state.uncount(each.request);
  CTI_CHECK(state.requests == 0 && state.request_bytes == 0);
  return all;
}

void Engine::end_all(const std::vector<Unanswered>& all, const std::string& why) {
  for (const Unanswered& each : all) {
    refuse(each.request, E_CTI_CLIENT_DISCONNECTED,
           each.sent ? Outcome::kUnknown : Outcome::kRefused,
           (each.sent ? "outcome unknown: " : "not sent: ") + why);
  }
}

void Engine::finished(const Request& request) {
  core_.with([&](SessionCore::State& state) { state.uncount(request); });
}

/// Requests to objects need a mode: the server would close the session that sends them without.
void Engine::end_targeted(const std::string& why) {
  std::vector<Unanswered> all;
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (!at->second.request.of_mode) {
      ++at;
      continue;
    }
    all.push_back({std::move(at->second.request), at->second.sent});
    at = pending_.erase(at);
  }
  for (const Unanswered& each : all) finished(each.request);
  end_all(all, why);
}

void Engine::refuse(const Request& request, int failure_code, Outcome outcome,
                    const std::string& why) {
  if (request.again) return;  // the program has not asked
  Arguments args;
  args.AddItem(CTIOS_MESSAGETYPE, static_cast<int>(wire::reported_as(request.request)));
  args.AddItem(CTIOS_FAILURECODE, static_cast<short>(failure_code));
  args.AddItem(CTIOS_ERRORMESSAGE, why);
  args.AddItem(ekwRequestOutcome, static_cast<unsigned short>(outcome));
  if (!request.target.empty()) args.AddItem(CTIOS_UNIQUEOBJECTID, request.target);
  tell(eControlFailureConf, args);
}

}  // namespace cti::cil::detail
