#include "broker/upstream/inquiry.hpp"

#include "broker/model/object_id.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

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
  }
  return 0;
}

}  // namespace

void Inquiry::add(Question&& question, std::uint64_t key) {
  if (questions_.size() >= kQuestionsMax || !keys_.insert(key).second) return;
  questions_.push_back(std::move(question));
}

void Inquiry::ask_agent(std::uint32_t peripheral_id, std::string_view agent_id) {
  if (agent_id.empty()) return;
  Question question;
  question.kind = Question::Kind::kAgent;
  question.peripheral_id = peripheral_id;
  question.name = agent_id;
  add(std::move(question), wire::object_key(agent_object_id(peripheral_id, agent_id).view()));
}

void Inquiry::pump(TimePoint now, Nanos timeout) {
  while (next_ < questions_.size() && in_flight_ < window_) {
    if (!send(questions_[next_], static_cast<std::uint32_t>(next_), now + timeout)) return;
    ++next_;
    ++in_flight_;
  }
}

bool Inquiry::send(Question& question, std::uint32_t index, TimePoint deadline) {
  const MutableBytes room = link_.claim(kQuestionBytes);
  if (room.empty()) return false;
  Pending entry;
  entry.kind = kind_;
  entry.message = message_of(question.kind);
  entry.peripheral_id = question.peripheral_id;
  entry.object_key = owner_;
  entry.detail = index;
  entry.deadline = deadline;
  Pending* const kept = pending_.add(entry);
  if (kept == nullptr) return false;
  const std::size_t bytes = encode(question, kept->invoke_id, room);
  if (bytes == 0) {  // a name that the protocol cannot carry: nobody of that name exists
    question.state = Question::State::kRefused;
    pending_.remove(*kept);
    --in_flight_;  // evens out what pump() counts
    return true;
  }
  link_.commit(bytes);
  question.state = Question::State::kAsked;
  return true;
}

std::size_t Inquiry::encode(const Question& question, std::uint32_t invoke_id,
                            MutableBytes room) const {
  const auto size = [](const auto& frame) { return frame.ok() ? frame->size() : std::size_t{0}; };
  const ged::Version version = link_.version();
  switch (question.kind) {
    case Question::Kind::kAgent:
      return size(ged::QueryAgentStateReqEncoder(
                      room, version,
                      {.invoke_id = invoke_id, .peripheral_id = question.peripheral_id, .mrdid = 1})
                      .agent_id(question.name)
                      .finish());
    case Question::Kind::kDevice:
      return size(ged::SnapshotDeviceReqEncoder(room, version,
                                                {.invoke_id = invoke_id,
                                                 .peripheral_id = question.peripheral_id,
                                                 .snapshot_device_type = 0})
                      .agent_instrument(question.name)
                      .finish());
    case Question::Kind::kCall: {
      return size(ged::SnapshotCallReqEncoder(room, version,
                                              {.invoke_id = invoke_id,
                                               .peripheral_id = question.peripheral_id,
                                               .connection_call_id = question.call_id,
                                               .connection_device_id_type = question.device_type})
                      .connection_device_id(question.name)
                      .finish());
    }
  }
  return 0;
}

const Question* Inquiry::answer(const Pending& pending, std::uint32_t message_type, Bytes body,
                                ged::Version version) {
  const std::uint32_t index = pending.detail;
  if (pending.object_key != owner_ || index >= questions_.size()) return nullptr;
  --in_flight_;
  questions_[index].state = Question::State::kAnswered;
  const Question question = questions_[index];  // further questions may move the list
  switch (ged::MessageType{message_type}) {
    case ged::MessageType::kQueryAgentStateConf:
      after_agent(question, body, version);
      break;
    case ged::MessageType::kSnapshotDeviceConf:
      after_device(question, body, version);
      break;
    case ged::MessageType::kSnapshotCallConf:
      break;
    case ged::MessageType::kFailureConf: {
      const auto failure = ged::FailureConfView::decode(body, version);
      questions_[index].state = Question::State::kRefused;
      questions_[index].refusal = failure.ok() ? failure->status() : 0;
      break;
    }
    default:
      questions_[index].state = Question::State::kRefused;
  }
  return &questions_[index];
}

void Inquiry::unanswered(const Pending& pending) {
  if (pending.object_key != owner_ || pending.detail >= questions_.size()) return;
  --in_flight_;
  questions_[pending.detail].state = Question::State::kUnanswered;
}

void Inquiry::after_agent(Question question, Bytes body, ged::Version version) {
  const auto view = ged::QueryAgentStateConfView::decode(body, version);
  if (!view.ok()) return;
  const std::uint16_t state = view->agent_state();
  if (state == wire::ctios::eLogout || state == wire::ctios::eUnknown) return;
  std::string_view device = view->agent_instrument().value_or("");
  if (device.empty()) device = view->agent_extension().value_or("");
  if (device.empty()) return;
  question.kind = Question::Kind::kDevice;
  question.state = Question::State::kWaiting;
  question.name = device;
  const std::uint64_t key =
      wire::object_key(device_object_id(question.peripheral_id, device).view());
  add(std::move(question), key);
}

void Inquiry::after_device(Question question, Bytes body, ged::Version version) {
  const auto view = ged::SnapshotDeviceConfView::decode(body, version);
  if (!view.ok()) return;
  for (const auto call : view->calls()) {
    Question about;
    about.kind = Question::Kind::kCall;
    about.peripheral_id = question.peripheral_id;
    about.call_id = call.call_connection_call_id().value_or(UINT32_MAX);
    about.device_type = call.call_connection_device_id_type().value_or(0);
    about.status = call.call_state().value_or(0xFFFF);
    about.name = call.call_connection_device_id().value_or(question.name);
    const ObjectId id = call_object_id(about.peripheral_id, about.call_id, about.name);
    add(std::move(about), wire::object_key(id.view()));
  }
}

}  // namespace cti::broker
