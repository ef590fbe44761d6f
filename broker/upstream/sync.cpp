#include "broker/upstream/sync.hpp"

#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/team.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
using ged::MessageType;

namespace {
constexpr std::uint32_t kConfigPartial = 5;  // CONFIG_END_EVENT: more blocks follow
constexpr std::size_t kConfigRequestBytes = 64;

/// The keys of what is downloaded here, one behind the other; empty when the server keeps none.
template <class View>
std::string keys_of(const View& view) {
  std::string keys;
  for (const auto& key : {view.skill_group_config_key(), view.agent_config_key()}) {
    if (!key) return {};
    keys.append(as_text(*key));
  }
  return keys;
}
}  // namespace

void Sync::begin(TimePoint now) {
  CTI_CHECK(!active());
  ++counters_.begun;
  inquiry_.emplace(link_, pending_, PendingKind::kSync, kOwner, config_.sync_window);
  questions_begun_ = false;
  overfull_ = false;
  kept_.clear();
  bytes_.clear();
  deadline_ = now + config_.sync_timeout;
  config_deadline_ = now;
  keys_asked_ = false;
  coming_keys_.clear();
  if (config_.link.config_mask == 0) return;
  if (!keys_.empty() && send_key_request()) {
    keys_asked_ = true;
    config_deadline_ = now + config_.config_timeout;
    return;
  }
  ask_for_configuration(now);
}

void Sync::ask_for_configuration(TimePoint now) {
  if (send_config_request(config_.link.config_mask))
    config_deadline_ = now + config_.config_timeout;
}

bool Sync::send_key_request() {
  const MutableBytes room = link_.claim(kConfigRequestBytes);
  if (room.empty()) return false;
  const auto frame =
      ged::ConfigRequestKeyEventEncoder(
          room, link_.version(),
          {.peripheral_id = config_.peripherals.empty() ? UINT32_MAX : config_.peripherals.front()})
          .finish();
  if (!frame.ok()) return false;
  link_.commit(frame->size());
  return true;
}

/// The answer to the key request: the same keys as before mean that there is nothing to load.
void Sync::keys_came(Bytes body, TimePoint now) {
  if (!std::exchange(keys_asked_, false)) return;
  const auto view = ged::ConfigKeyEventView::decode(body, link_.version());
  if (view.ok() && view->config_key_status() == 0 && keys_of(*view) == keys_ &&
      send_config_request(0)) {
    ++counters_.unchanged;
    config_deadline_ = now;
    return;
  }
  ask_for_configuration(now);
}

bool Sync::send_config_request(std::uint32_t information) {
  const MutableBytes room = link_.claim(kConfigRequestBytes);
  if (room.empty()) return false;
  const auto frame =
      ged::ConfigRequestEventEncoder(
          room, link_.version(),
          {.config_information = information,
           .peripheral_id = config_.peripherals.empty() ? UINT32_MAX : config_.peripherals.front()})
          .finish();
  if (!frame.ok()) return false;
  link_.commit(frame->size());
  return true;
}

void Sync::throw_away() {
  if (!active()) return;
  ++counters_.thrown_away;
  inquiry_.reset();
  kept_.clear();
  kept_.shrink_to_fit();
  bytes_.clear();
  bytes_.shrink_to_fit();
}

void Sync::keep(std::uint32_t message_type, std::int32_t question, Bytes body) {
  if (bytes_.size() + body.size() > config_.sync_bytes_max) {
    overfull_ = true;
    return;
  }
  kept_.push_back({message_type, question, bytes_.size(), body.size()});
  bytes_.insert(bytes_.end(), body.begin(), body.end());
}

void Sync::keep_event(std::uint32_t message_type, Bytes body, TimePoint now) {
  keep(message_type, -1, body);
  switch (MessageType{message_type}) {
    case MessageType::kConfigKeyEvent:
      keys_came(body, now);
      break;
    case MessageType::kConfigBeginEvent: {
      config_deadline_ = now + config_.config_timeout;
      const auto begin = ged::ConfigBeginEventView::decode(body, link_.version());
      if (begin.ok()) coming_keys_ = keys_of(*begin);
      break;
    }
    case MessageType::kConfigEndEvent: {
      const auto end = ged::ConfigEndEventView::decode(body, link_.version());
      const bool more = end.ok() && end->config_end_status() == kConfigPartial;
      config_deadline_ = more ? now + config_.config_timeout : now;
      if (!more) keys_ = coming_keys_;
      break;
    }
    case MessageType::kConfigAgentEvent:
    case MessageType::kConfigSkillGroupEvent:
      config_deadline_ = now + config_.config_timeout;
      note_names(message_type, body);
      break;
    case MessageType::kAgentTeamConfigEvent:
    case MessageType::kAgentStateEvent:
      note_names(message_type, body);
      break;
    default:
      break;
  }
}

/// Whoever is named gets asked about.
void Sync::note_names(std::uint32_t message_type, Bytes body) {
  const ged::Version version = link_.version();
  const std::uint32_t fallback = config_.peripherals.empty() ? 0 : config_.peripherals.front();
  switch (MessageType{message_type}) {
    case MessageType::kConfigAgentEvent: {
      const auto view = ged::ConfigAgentEventView::decode(body, version);
      if (!view.ok()) return;
      for (const auto record : view->records()) {
        if (record.record_type().value_or(0) == 2) continue;
        inquiry_->ask_agent(record.flt_peripheral_id().value_or(fallback),
                            record.login_id().value_or(""));
      }
      return;
    }
    case MessageType::kAgentTeamConfigEvent: {
      const auto view = ged::AgentTeamConfigEventView::decode(body, version);
      if (!view.ok()) return;
      for (const auto agent : view->agents()) {
        inquiry_->ask_agent(view->peripheral_id(), agent.atc_agent_id().value_or(""));
      }
      return;
    }
    case MessageType::kAgentStateEvent: {
      const auto view = ged::AgentStateEventView::decode(body, version);
      if (view.ok()) inquiry_->ask_agent(view->peripheral_id(), view->agent_id().value_or(""));
      return;
    }
    default:
      return;
  }
}

void Sync::keep_answer(const Pending& pending, std::uint32_t message_type, Bytes body) {
  const Question* const question = inquiry_->answer(pending, message_type, body, link_.version());
  if (question != nullptr) keep(message_type, static_cast<std::int32_t>(pending.detail), body);
}

void Sync::unanswered(const Pending& pending) { inquiry_->unanswered(pending); }

void Sync::config_refused(TimePoint now) {
  if (questions_begun_) return;
  ++counters_.no_config;
  config_deadline_ = now;
}

void Sync::begin_questions() {
  questions_begun_ = true;
  map_.each_agent([&](const AgentEntry& agent) {
    inquiry_->ask_agent(agent.peripheral_id, agent.agent_id.view());
  });
  for (const std::uint32_t peripheral : config_.peripherals) {
    for (const std::string& agent : config_.agents) inquiry_->ask_agent(peripheral, agent);
  }
}

bool Sync::pump(TimePoint now) {
  if (!active()) return false;
  if (overfull_ || now >= deadline_) {
    ++counters_.cut_short;
    return true;
  }
  if (!questions_begun_) {
    if (now < config_deadline_) return false;
    if (std::exchange(keys_asked_, false)) {  // no keys there: load it all
      ask_for_configuration(now);
      if (now < config_deadline_) return false;
    }
    begin_questions();
  }
  inquiry_->pump(now, config_.request_timeout);
  return inquiry_->done();
}

TimePoint Sync::next_deadline() const noexcept {
  if (!active()) return kNever;
  return questions_begun_ ? deadline_ : std::min(deadline_, config_deadline_);
}

}  // namespace cti::broker
