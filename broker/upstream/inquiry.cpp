// inquiry.cpp - putting questions, counting those in flight, and what an answer leads to.
#include "broker/upstream/inquiry.hpp"

#include "broker/model/object_id.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

#include <algorithm>

namespace cti::broker {

namespace ged = wire::ged188;

namespace {

constexpr std::size_t kQuestionBytes = 256;

std::uint16_t message_of(Question::Kind kind) noexcept {
  switch (kind) {
    case Question::Kind::kAgent:
      return static_cast<std::uint16_t>(ged::MessageType::kQueryAgentStateReq);
    case Question::Kind::kDevice:
      return static_cast<std::uint16_t>(ged::MessageType::kSnapshotDeviceReq);
    case Question::Kind::kCall:
      return static_cast<std::uint16_t>(ged::MessageType::kSnapshotCallReq);
    case Question::Kind::kDesk:
      return static_cast<std::uint16_t>(ged::MessageType::kAgentDeskSettingsReq);
  }
  return 0;
}

/// How long a question rests that was put so many times: doubling, up to the longest pause.
Nanos pause_after(std::uint16_t times) noexcept {
  CTI_CHECK(times != 0);
  const int doublings = std::min<int>(times - 1, 16);
  return std::min(Inquiry::kPauseMax, Inquiry::kPauseMin * (1 << doublings));
}

constexpr std::uint32_t kInvalidCallId = 13;  // StatusCode E_CTI_INVALID_CALLID

/// ControlFailureCodes of a call or connection that is not there.
constexpr bool names_no_call(std::uint16_t code) noexcept {
  return code == wire::ctios::CF_INVALID_CSTA_CALL_IDENTIFIER ||
         code == wire::ctios::CF_INVALID_CSTA_CONNECTION_IDENTIFIER;
}

/// The desk settings of an agent are another question than the agent's state.
constexpr std::uint64_t kDeskSettings = 0x9E3779B97F4A7C15U;

}  // namespace

/// In memory: its place in a list that doubles, its name, its key, and one entry when it is put again.
std::size_t Inquiry::cost_of(const Question& question) noexcept {
  constexpr std::size_t kKey = 48;
  return 2 * sizeof(Question) + question.name.capacity() + kKey + sizeof(Again);
}

void Inquiry::add(Question&& question, std::uint64_t key, Asking how) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) return put_anew(found->second, std::move(question), how);
  const std::size_t cost = cost_of(question);
  if (bytes_ + cost > bytes_max_) {
    ++no_room_;
    return;
  }
  keys_.emplace(key, static_cast<std::uint32_t>(questions_.size()));
  try {
    questions_.push_back(std::move(question));
  } catch (...) {
    keys_.erase(key);  // else nobody could ask for it any more
    throw;
  }
  bytes_ += cost;
  CTI_CHECK(questions_.size() == keys_.size());
}

/// It has been asked for before. One that waits, or is under way, needs nothing: what it is asked about is heard of since.
void Inquiry::put_anew(std::uint32_t index, Question&& question, Asking how) {
  CTI_CHECK(index < questions_.size());
  Question& known = questions_[index];
  CTI_CHECK(known.kind == question.kind && known.peripheral_id == question.peripheral_id);
  if (question.listed_after >= known.listed_after && question.status != Question::kNoStatus) {
    known.status = question.status;
    known.listed_after = question.listed_after;
  }
  const bool over =
      known.state == Question::State::kAnswered || known.state == Question::State::kRefused;
  if (how == Asking::kOnce || !over || known.unsayable) return;
  again_.push_front({TimePoint{}, index});  // nothing was wrong with it: no pause
  known.state = Question::State::kWaiting;
  known.asked_times = 0;
}

void Inquiry::ask_agent(std::uint32_t peripheral_id, std::string_view agent_id, Asking how) {
  if (agent_id.empty()) return;
  Question question;
  question.kind = Question::Kind::kAgent;
  question.peripheral_id = peripheral_id;
  question.name = agent_id;
  add(std::move(question), wire::object_key(agent_object_id(peripheral_id, agent_id).view()), how);
}

void Inquiry::ask_desk_settings(std::uint32_t peripheral_id, std::string_view agent_id,
                                Asking how) {
  if (agent_id.empty()) return;
  Question question;
  question.kind = Question::Kind::kDesk;
  question.peripheral_id = peripheral_id;
  question.name = agent_id;
  add(std::move(question),
      wire::object_key(agent_object_id(peripheral_id, agent_id).view()) ^ kDeskSettings,
      how);
}

void Inquiry::ask_device(std::uint32_t peripheral_id, std::string_view device) {
  if (device.empty()) return;
  Question question;
  question.kind = Question::Kind::kDevice;
  question.peripheral_id = peripheral_id;
  question.name = device;
  add(std::move(question), wire::object_key(device_object_id(peripheral_id, device).view()));
}

void Inquiry::ask_call(std::uint32_t peripheral_id, std::uint32_t call_id,
                       std::uint16_t device_type, std::string_view device, Asking how) {
  Question question;
  question.kind = Question::Kind::kCall;
  question.peripheral_id = peripheral_id;
  question.call_id = call_id;
  question.device_type = device_type;
  question.name = device;
  add(std::move(question), wire::object_key(call_object_id(peripheral_id, call_id, device).view()),
      how);
}

void Inquiry::again(std::uint32_t index, TimePoint now) {
  CTI_CHECK(index < questions_.size());
  Question& question = questions_[index];
  if (question.state == Question::State::kAsked) return;  // it is under way already
  question.state = Question::State::kWaiting;
  const Again entry{now + pause_after(question.asked_times), index};
  const auto at =
      std::upper_bound(again_.begin(), again_.end(), entry,
                       [](const Again& a, const Again& b) { return a.not_before < b.not_before; });
  again_.insert(at, entry);
}

void Inquiry::pump(TimePoint now, Nanos timeout, std::uint64_t frames) {
  while (in_flight_ < window_ && (due(now) || next_ < questions_.size())) {
    const bool once_more = due(now);
    const auto index = once_more ? again_.front().index : static_cast<std::uint32_t>(next_);
    const Sent sent = send(index, now + timeout, frames);
    if (sent == Sent::kNoRoom) {
      no_room_until_ = now + kPauseMin;  // nobody tells when there is some again
      return;
    }
    if (once_more) {
      again_.pop_front();
    } else {
      ++next_;
    }
    if (sent == Sent::kYes) ++in_flight_;
  }
  invariants();
}

void Inquiry::invariants() const noexcept {
  CTI_CHECK(in_flight_ <= window_);
  CTI_CHECK(next_ <= questions_.size());
  CTI_CHECK(in_flight_ <= questions_.size());
  CTI_CHECK(bytes_ <= bytes_max_);
  CTI_CHECK(questions_.empty() == (bytes_ == 0));
}

TimePoint Inquiry::next_deadline() const noexcept {
  if (in_flight_ >= window_) return kNever;
  if (next_ < questions_.size()) return no_room_until_;  // long past, when nothing was full
  return again_.empty() ? kNever : std::max(again_.front().not_before, no_room_until_);
}

void Inquiry::clear() {
  CTI_CHECK(done());
  if (questions_.empty()) return;
  questions_ = {};
  bytes_ = 0;
  keys_.clear();
  next_ = 0;
  invariants();
}

Inquiry::Sent Inquiry::send(std::uint32_t index, TimePoint deadline, std::uint64_t frames) {
  CTI_CHECK(index < questions_.size());
  Question& question = questions_[index];
  const MutableBytes room = link_.claim(kQuestionBytes);
  if (room.empty()) return Sent::kNoRoom;
  Pending entry;
  entry.kind = kind_;
  entry.message = message_of(question.kind);
  entry.peripheral_id = question.peripheral_id;
  entry.object_key = owner_;
  entry.detail = index;
  entry.deadline = deadline;
  Pending* const kept = pending_.add(entry);
  if (kept == nullptr) return Sent::kNoRoom;
  const auto raw = names_.raw_of(question.name);
  question.exact = raw.has_value();
  const std::size_t bytes = encode(question, raw.value_or(question.name), kept->invoke_id, room);
  if (bytes == 0) {  // a name that the protocol cannot carry
    question.state = Question::State::kRefused;
    question.exact = false;
    question.unsayable = true;
    question.asked_after = frames;
    pending_.remove(*kept);
    unsayable_.push_back(question);
    CTI_CHECK(unsayable_.size() <= questions_.size());
    return Sent::kImpossible;
  }
  link_.commit(bytes);
  question.state = Question::State::kAsked;
  question.asked_after = frames;
  if (question.asked_times != UINT16_MAX) ++question.asked_times;
  return Sent::kYes;
}

std::size_t Inquiry::encode(const Question& question, std::string_view name,
                            std::uint32_t invoke_id, MutableBytes room) const {
  const auto size = [](const auto& frame) { return frame.ok() ? frame->size() : std::size_t{0}; };
  const ged::Version version = link_.version();
  switch (question.kind) {
    case Question::Kind::kAgent:
      return size(ged::QueryAgentStateReqEncoder(room, version,
                                                 {.invoke_id = invoke_id,
                                                  .peripheral_id = question.peripheral_id,
                                                  .mrdid = voice_mrd_})
                      .agent_id(name)
                      .finish());
    case Question::Kind::kDevice:
      return size(ged::SnapshotDeviceReqEncoder(room, version,
                                                {.invoke_id = invoke_id,
                                                 .peripheral_id = question.peripheral_id,
                                                 .snapshot_device_type = 0})
                      .agent_instrument(name)
                      .finish());
    case Question::Kind::kCall: {
      return size(ged::SnapshotCallReqEncoder(room, version,
                                              {.invoke_id = invoke_id,
                                               .peripheral_id = question.peripheral_id,
                                               .connection_call_id = question.call_id,
                                               .connection_device_id_type = question.device_type})
                      .connection_device_id(name)
                      .finish());
    }
    case Question::Kind::kDesk:
      return size(
          ged::AgentDeskSettingsReqEncoder(
              room, version, {.invoke_id = invoke_id, .peripheral_id = question.peripheral_id})
              .agent_id(name)
              .finish());
  }
  return 0;
}

const Question* Inquiry::answer(const Pending& pending, const Answer& answer, TimePoint now) {
  const std::uint32_t index = pending.detail;
  if (pending.object_key != owner_ || index >= questions_.size()) return nullptr;
  if (questions_[index].state != Question::State::kAsked) return nullptr;
  const bool refused = answer.type == ged::MessageType::kFailureConf ||
                       answer.type == ged::MessageType::kControlFailureConf;
  const bool fits =
      refused || answer.type == ged::confirmation_of(ged::MessageType{pending.message});
  // Another kind of answer under this number, or one that cannot be read, says nothing.
  if (!fits || answer.error) {
    unanswered(pending, now);
    return nullptr;
  }
  CTI_CHECK(in_flight_ != 0);
  --in_flight_;
  note_answer(questions_[index], answer);
  const Question question = questions_[index];  // further questions may move the list
  if (const auto* const agent = answer.as<ged::QueryAgentStateConfView>())
    after_agent(question, *agent);
  if (const auto* const device = answer.as<ged::SnapshotDeviceConfView>())
    after_device(question, *device);
  if (const auto* const call = answer.as<ged::SnapshotCallConfView>()) after_call(question, *call);
  return &questions_[index];
}

void Inquiry::note_answer(Question& question, const Answer& answer) {
  question.state = Question::State::kAnswered;
  if (const auto* const failure = answer.as<ged::FailureConfView>()) {
    question.state = Question::State::kRefused;
    question.refusal = failure->status();
    question.no_such = failure->status() == kInvalidCallId;
  }
  if (const auto* const failure = answer.as<ged::ControlFailureConfView>()) {
    question.state = Question::State::kRefused;
    question.no_such = names_no_call(failure->failure_code());
  }
}

void Inquiry::unanswered(const Pending& pending, TimePoint now) {
  const std::uint32_t index = pending.detail;
  if (pending.object_key != owner_ || index >= questions_.size()) return;
  Question& question = questions_[index];
  if (question.state != Question::State::kAsked) return;
  CTI_CHECK(in_flight_ != 0);
  --in_flight_;
  ++lost_;
  question.state = Question::State::kUnanswered;
  if (attempts_max_ == kForEver || question.asked_times < attempts_max_) again(index, now);
}

void Inquiry::after_agent(const Question& question, const ged::QueryAgentStateConfView& view) {
  // Also of who is logged out: calls may be at the usual instrument, and nothing else leads there.
  ask_device(question.peripheral_id, names_.learn(view.agent_instrument().value_or("")));
  ask_device(question.peripheral_id, names_.learn(view.agent_extension().value_or("")));
}

void Inquiry::after_device(const Question& question, const ged::SnapshotDeviceConfView& view) {
  for (const auto call : view.calls()) {
    Question about;
    about.kind = Question::Kind::kCall;
    about.peripheral_id = question.peripheral_id;
    about.call_id = call.call_connection_call_id().value_or(UINT32_MAX);
    about.device_type = call.call_connection_device_id_type().value_or(0);
    about.status = call.call_state().value_or(Question::kNoStatus);
    about.listed_after = question.asked_after;
    const auto device = call.call_connection_device_id();
    about.name = device ? names_.learn(*device) : question.name;
    const ObjectId id = call_object_id(about.peripheral_id, about.call_id, about.name);
    add(std::move(about), wire::object_key(id.view()));
  }
}

// The other parties may sit where nobody is logged in: their devices are found in no other way.
void Inquiry::after_call(const Question& question, const ged::SnapshotCallConfView& view) {
  constexpr std::uint16_t kStationDevice = 0;
  constexpr std::uint16_t kOtherDevice = 0xFFFF;
  if (kind_ != PendingKind::kSync) return;  // who looks up one agent wants to know no more
  for (const auto device : view.call_devices()) {
    const std::uint16_t type = device.call_device_type().value_or(kOtherDevice);
    if (type != kStationDevice) continue;
    ask_device(question.peripheral_id,
               names_.learn(device.call_connection_device_id().value_or("")));
  }
}

}  // namespace cti::broker
