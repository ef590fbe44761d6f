// request_audit.cpp - what the log is told of requests: refusals and unknown outcomes at info, every one sent at debug.
#include "broker/requests/requests.hpp"

namespace cti::broker {

namespace log = core::log;

namespace {

/// Whom and what a line about a request is about.
log::Fields fields_of(const SessionRef& from, const Pending& about, const AgentEntry* agent) {
  log::Fields fields;
  fields.push_back({"session", std::to_string(from.session_number)});
  if (agent != nullptr) fields.push_back({"agent", std::string(agent->id.view())});
  const std::string_view target = about.object_id.view();
  const bool call = target.starts_with("call.");
  if (call || (!target.empty() && agent != nullptr && target != agent->id.view()))
    fields.push_back({call ? "call" : "object", std::string(target)});
  fields.push_back({"request_id", std::to_string(about.request_id)});
  if (about.invoke_id != 0) fields.push_back({"invoke_id", std::to_string(about.invoke_id)});
  return fields;
}

}  // namespace

/// Of one session only so many are written: it may ask wrongly as often as it likes.
void Requests::say_refused(const SessionRef& from, const Pending& about, const Refusal& refusal,
                           wire::Outcome outcome) const {
  if (!parts_.say || !log::enabled(log::Level::kInfo)) return;
  const bool refused = outcome == wire::Outcome::kRefused;
  const std::string text =
      name_of_request(about.request) +
      (refused ? " refused, " + std::to_string(refusal.failure) + ": " : std::string(": ")) +
      log::escaped(refusal.text, 256);
  const std::string kind = "requests refused to session " + std::to_string(from.session_number);
  const log::Fields fields = fields_of(from, about, parts_.map.agent(from.who.agent_key));
  parts_.say({.text = text,
              .level = refused ? log::Level::kInfo : log::Level::kWarning,
              .kind = kind,
              .about = fields});
}

void Requests::say_debug(std::string_view what, const SessionRef& from,
                         const Pending& about) const {
  if (!parts_.say || !log::enabled(log::Level::kDebug)) return;
  const std::string text = std::string(what) + name_of_request(about.request);
  const log::Fields fields = fields_of(from, about, parts_.map.agent(from.who.agent_key));
  parts_.say({.text = text, .level = log::Level::kDebug, .about = fields});
}

}  // namespace cti::broker
