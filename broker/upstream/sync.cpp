// sync.cpp - the order of a dialogue: configuration, questions, and when it is over.
#include "broker/upstream/sync.hpp"

#include "core/base/limits.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/team.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
using ged::MessageType;

namespace {
constexpr std::uint32_t kConfigPartial = 5;  // CONFIG_END_EVENT: more blocks follow
constexpr std::size_t kConfigRequestBytes = 64;
static_assert(kConfigRequestBytes <= limits::kUpstreamSendBytesMin, "an empty buffer takes one");

/// All zero: the item has to be loaded, whatever the key was before.
bool is_no_key(Bytes key) noexcept {
  return std::ranges::all_of(key, [](std::byte byte) { return byte == std::byte{0}; });
}

/// The keys of the items that are downloaded here, one behind the other; empty when the server keeps not one of each.
template <class View>
std::string keys_of(const View& view, std::uint32_t items) {
  namespace mask = ged::config_mask;
  std::string keys;
  for (const auto& [item, key] :
       {std::pair(mask::kService, view.service_config_key()),
        std::pair(mask::kSkillGroup, view.skill_group_config_key()),
        std::pair(mask::kAgent, view.agent_config_key()),
        std::pair(mask::kDevice, view.device_config_key()),
        std::pair(mask::kCallType, view.call_type_config_key()),
        std::pair(mask::kPeripheral, view.peripheral_config_key()),
        std::pair(mask::kAgentDeskSettings, view.agent_desk_settings_config_key())}) {
    if ((items & item) == 0) continue;
    if (!key || is_no_key(*key)) return {};
    keys.append(as_text(*key));
  }
  return keys;
}
}  // namespace

void Sync::begin(TimePoint now) {
  CTI_CHECK(!active());
  ++counters_.begun;
  inquiry_.emplace(ways_, PendingKind::kSync, kOwner, config_.sync_window, Inquiry::kForEver);
  in_step_told_ = false;
  lost_before_ = no_room_before_ = 0;
  questions_begun_ = false;
  overfull_ = false;
  let_go();
  holding_ = true;
  deadline_ = now + config_.sync_timeout;
  config_deadline_ = now;
  keys_asked_ = false;
  coming_keys_.clear();
  coming_whole_ = false;
  invariants();
  if (config_.link.config_mask == 0) return;
  if (send_key_request()) {
    keys_asked_ = true;
    config_deadline_ = now + config_.config_timeout;
    return;
  }
  ask_for_configuration(now);
}

void Sync::ask_for_configuration(TimePoint now) {
  keys_.clear();  // from here on the map is no one download's
  if (send_config_request(config_.link.config_mask))
    config_deadline_ = now + config_.config_timeout;
}

/// NULL_PERIPHERAL_ID stands for all that the CTI Server has.
std::uint32_t Sync::whose_configuration() const noexcept {
  return config_.peripherals.size() == 1 ? config_.peripherals.front() : UINT32_MAX;
}

bool Sync::send_key_request() {
  const MutableBytes room = link_.claim(kConfigRequestBytes);
  if (room.empty()) return false;
  ged::ConfigRequestKeyEventEncoder to(room, link_.version(),
                                       {.peripheral_id = whose_configuration()});
  if (config_.link.customer_id != 0) to.customer_id(config_.link.customer_id);
  const auto frame = to.finish();
  if (!frame.ok()) return false;
  link_.commit(frame->size());
  return true;
}

/// The answer to the key request: the same keys as before mean that there is nothing to load.
void Sync::keys_came(Bytes body, TimePoint now) {
  if (!std::exchange(keys_asked_, false)) return;
  const auto view = ged::ConfigKeyEventView::decode(body, link_.version());
  const bool known = view.ok() && view->config_key_status() == 0 && !keys_.empty() &&
                     keys_of(*view, config_.link.config_mask) == keys_;
  if (known && send_config_request(0)) {
    ++counters_.unchanged;
    config_deadline_ = now;
    return;
  }
  ask_for_configuration(now);
}

bool Sync::send_config_request(std::uint32_t information) {
  const MutableBytes room = link_.claim(kConfigRequestBytes);
  if (room.empty()) return false;
  ged::ConfigRequestEventEncoder to(
      room, link_.version(),
      {.config_information = information, .peripheral_id = whose_configuration()});
  if (config_.link.customer_id != 0) to.customer_id(config_.link.customer_id);
  const auto frame = to.finish();
  if (!frame.ok()) return false;
  link_.commit(frame->size());
  return true;
}

void Sync::throw_away() {
  if (holding_) ++counters_.thrown_away;
  count();
  inquiry_.reset();
  let_go();
}

/// Nothing is kept back any more.
void Sync::let_go() noexcept {
  holding_ = applying_ = false;
  applied_ = 0;
  std::vector<Kept>().swap(kept_);  // with its memory
  std::vector<std::byte>().swap(bytes_);
  invariants();
}

/// What the inquiry has counted, before it goes.
void Sync::count() {
  if (!inquiry_) return;
  CTI_CHECK(inquiry_->lost() >= lost_before_);
  CTI_CHECK(inquiry_->no_room() >= no_room_before_);
  counters_.lost += inquiry_->lost() - lost_before_;
  counters_.no_room += inquiry_->no_room() - no_room_before_;
  lost_before_ = inquiry_->lost();
  no_room_before_ = inquiry_->no_room();
}

bool Sync::keep(const Kept& what, Bytes body) {
  const std::size_t cost = (kept_.size() + 1) * sizeof(Kept) + bytes_.size() + body.size();
  overfull_ = overfull_ || (!applying_ && cost > config_.sync_bytes_max / 4 * 3);
  if (cost > config_.sync_bytes_max) return false;
  const std::size_t offset = bytes_.size();
  bytes_.insert(bytes_.end(), body.begin(), body.end());  // first: what is noted is there
  kept_.push_back(what);
  kept_.back().offset = offset;
  kept_.back().bytes = body.size();
  invariants();
  return true;
}

bool Sync::keep_event(std::uint32_t message_type, Bytes body, TimePoint now, std::uint64_t frame) {
  CTI_CHECK(holding_ && inquiry_.has_value());
  if (!keep({.message_type = message_type, .frame = frame}, body)) return false;
  if (applying_) {  // the download is over, whatever comes of it now
    note_names(message_type, body);
    return true;
  }
  switch (MessageType{message_type}) {
    case MessageType::kConfigKeyEvent:
      keys_came(body, now);
      break;
    case MessageType::kConfigBeginEvent: {
      coming_whole_ = false;
      config_deadline_ = now + config_.config_timeout;
      const auto begin = ged::ConfigBeginEventView::decode(body, link_.version());
      if (begin.ok()) coming_keys_ = keys_of(*begin, config_.link.config_mask);
      break;
    }
    case MessageType::kConfigEndEvent: {
      const auto end = ged::ConfigEndEventView::decode(body, link_.version());
      const bool more = end.ok() && end->config_end_status() == kConfigPartial;
      config_deadline_ = more ? now + config_.config_timeout : now;
      coming_whole_ = !more;
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
  return true;
}

/// Whoever is named gets asked about; while the line serves, only who is not known yet.
void Sync::ask_about(std::uint32_t peripheral, std::string_view raw) {
  const std::string agent_id = ways_.names.learn(raw);
  if (!holding_) {
    const AgentEntry* const known =
        map_.agent(wire::object_key(agent_object_id(peripheral, agent_id).view()));
    if (known != nullptr && known->state != wire::ctios::eUnknown) return;
  }
  inquiry_->ask_agent(peripheral, agent_id, holding_ ? Asking::kOnce : Asking::kAnew);
}

void Sync::note_names(std::uint32_t message_type, Bytes body) {
  const ged::Version version = link_.version();
  const std::uint32_t fallback = config_.peripherals.empty() ? 0 : config_.peripherals.front();
  switch (MessageType{message_type}) {
    case MessageType::kConfigAgentEvent: {
      const auto view = ged::ConfigAgentEventView::decode(body, version);
      if (!view.ok()) return;
      for (const auto record : view->records()) {
        if (record.record_type().value_or(0) == 2) continue;
        ask_about(record.flt_peripheral_id().value_or(fallback), record.login_id().value_or(""));
      }
      return;
    }
    case MessageType::kAgentTeamConfigEvent: {
      const auto view = ged::AgentTeamConfigEventView::decode(body, version);
      if (!view.ok() || view->config_operation() == 2) return;  // who leaves is not asked about
      for (const auto agent : view->agents()) {
        ask_about(view->peripheral_id(), agent.atc_agent_id().value_or(""));
      }
      return;
    }
    case MessageType::kAgentStateEvent: {
      const auto view = ged::AgentStateEventView::decode(body, version);
      if (!view.ok()) return;
      // Whoever is known is asked about anyway; that a stranger is not here is nothing to ask about.
      const std::uint16_t state = view->agent_state();
      if (state == wire::ctios::eLogout || state == wire::ctios::eUnknown) return;
      ask_about(view->peripheral_id(), view->agent_id().value_or(""));
      return;
    }
    default:
      return;
  }
}

// The dialogue may be over when an answer comes to a question of it: then nobody waits for the answer.
const Question* Sync::keep_answer(const Pending& pending, const Answer& answer,
                                  std::uint64_t frame) {
  if (!inquiry_) return nullptr;
  const Question* const question = inquiry_->answer(pending, answer, now_);
  if (question == nullptr || !holding_) return question;
  CTI_CHECK(question == &inquiry_->question(pending.detail));
  const bool kept = keep({.message_type = answer.message_type(),
                          .question = static_cast<std::int32_t>(pending.detail),
                          .frame = frame},
                         answer.body);
  // No room: as if it were lost.
  if (!kept) inquiry_->again(pending.detail, now_);
  return nullptr;
}

void Sync::unanswered(const Pending& pending, TimePoint now) {
  if (inquiry_) inquiry_->unanswered(pending, now);
}

void Sync::again(std::uint32_t question, TimePoint now) {
  if (!inquiry_) return;
  ++counters_.overtaken;
  inquiry_->again(question, now);
}

void Sync::names_came(std::uint32_t message_type, Bytes body) {
  if (inquiry_ && MessageType{message_type} != MessageType::kAgentStateEvent)
    note_names(message_type, body);
}

void Sync::config_refused(TimePoint now) {
  if (!holding_ || questions_begun_) return;
  // Some know no keys: that says nothing about the configuration.
  if (std::exchange(keys_asked_, false)) return ask_for_configuration(now);
  ++counters_.no_config;
  config_deadline_ = now;
}

void Sync::begin_questions() {
  CTI_CHECK(holding_ && inquiry_.has_value());
  CTI_CHECK(!questions_begun_);
  questions_begun_ = true;
  map_.each_agent([&](const AgentEntry& agent) {
    inquiry_->ask_agent(agent.peripheral_id, agent.agent_id.view());
  });
  for (const std::uint32_t peripheral : config_.peripherals) {
    for (const std::string& agent : config_.agents) inquiry_->ask_agent(peripheral, agent);
  }
  // Also where nobody is logged in: only a list says that a call is gone.
  map_.each_device([&](const DeviceEntry& device) {
    if (device.calls != 0) inquiry_->ask_device(device.peripheral_id, device.name.view());
  });
  // A call at no device stands in nobody's list.
  map_.each_call([&](const CallEntry& call) {
    if (call.device == kNoSlot)
      inquiry_->ask_call(call.peripheral_id, call.call_id, call.device_type, call.device_id.view());
  });
}

Sync::Turn Sync::pump(TimePoint now, std::uint64_t frames) {
  now_ = now;
  if (!inquiry_) return Turn::kGoesOn;
  if (!holding_) return trail(now, frames);
  if (applying_) return Turn::kServes;
  const bool late = overfull_ || now >= deadline_;
  if (!questions_begun_) {
    if (!late && now < config_deadline_) return Turn::kGoesOn;
    if (!late && std::exchange(keys_asked_, false)) {  // no keys there: load it all
      ask_for_configuration(now);
      if (now < config_deadline_) return Turn::kGoesOn;
    }
    begin_questions();
  }
  inquiry_->pump(now, question_timeout(), frames);
  count();
  if (inquiry_->done()) return Turn::kServes;
  return late || inquiry_->only_again() ? Turn::kServes : Turn::kGoesOn;
}

/// What is kept back is kept for a dialogue that goes on, whole, and within its bound.
void Sync::invariants() const noexcept {
  CTI_CHECK(!holding_ || inquiry_.has_value());
  CTI_CHECK(holding_ || (kept_.empty() && bytes_.empty()));
  CTI_CHECK(kept_.empty() || kept_.back().offset + kept_.back().bytes <= bytes_.size());
  CTI_CHECK(kept_.size() * sizeof(Kept) + bytes_.size() <= config_.sync_bytes_max);
  CTI_CHECK(applied_ <= kept_.size() && (applying_ || applied_ == 0));
  CTI_CHECK(!applying_ || holding_);
}

Sync::Turn Sync::trail(TimePoint now, std::uint64_t frames) {
  CTI_CHECK(!holding_);
  inquiry_->pump(now, question_timeout(), frames);
  count();
  if (!inquiry_->done()) return Turn::kGoesOn;
  inquiry_->clear();
  if (std::exchange(in_step_told_, true)) return Turn::kGoesOn;
  ++counters_.in_step;
  return Turn::kInStep;
}

TimePoint Sync::next_deadline() const noexcept {
  if (!inquiry_) return kNever;
  if (applying_) return now_;
  if (!holding_) {
    return inquiry_->done() && !in_step_told_ ? now_ : inquiry_->next_deadline();
  }
  if (!questions_begun_) return std::min(deadline_, config_deadline_);
  return std::min(deadline_, inquiry_->next_deadline());
}

}  // namespace cti::broker
