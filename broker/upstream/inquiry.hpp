// inquiry.hpp - asking the CTI Server how things stand: agents, then their devices, then each call there.
//
// Why      at start, after a loss, and for an agent nobody has heard of, state is fetched, not heard.
// Shape    a queue of questions with a bounded number in flight. An answer may raise further questions: an agent who is
//          logged in leads to the device, a device to its calls. The owner decides when answers are applied.
// Bounds   kItemsMax questions; a window of questions in flight; the owner's deadline ends it.
// Threads  the line.
#pragma once

#include "broker/upstream/cti_link.hpp"
#include "broker/upstream/pending.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace cti::broker {

/// One question. `name` is the AgentID, the instrument, or the call's ConnectionDeviceID.
struct Question {
  enum class Kind : std::uint8_t { kAgent, kDevice, kCall };
  enum class State : std::uint8_t { kWaiting, kAsked, kAnswered, kRefused, kUnanswered };
  Kind kind = Kind::kAgent;
  State state = State::kWaiting;
  std::uint16_t device_type = 0;  ///< kCall
  std::uint16_t status = 0;       ///< kCall: the connection's state by the device's list
  std::uint32_t peripheral_id = 0;
  std::uint32_t call_id = 0;  ///< kCall
  std::uint32_t refusal = 0;  ///< kRefused: the status that came
  std::string name;
};

class Inquiry {
 public:
  static constexpr std::size_t kQuestionsMax = 200'000;

  /// `owner` comes back in Pending::object_key, to tell several inquiries apart.
  Inquiry(CtiLink& link, PendingTable& pending, PendingKind kind, std::uint64_t owner,
          std::uint32_t window)
      : link_(link), pending_(pending), kind_(kind), owner_(owner), window_(window) {}

  void ask_agent(std::uint32_t peripheral_id, std::string_view agent_id);
  /// Sends as many questions as the window, the send buffer and the pending table allow.
  void pump(TimePoint now, Nanos timeout);

  /// The answer, positive (`message_type` of the confirmation) or FAILURE_CONF / CONTROL_FAILURE_CONF. Raises further
  /// questions. Returns the question that it answers; nullptr when it is none of this inquiry's.
  const Question* answer(const Pending& pending, std::uint32_t message_type, Bytes body,
                         wire::ged188::Version version);
  /// The question expired.
  void unanswered(const Pending& pending);

  bool done() const noexcept { return in_flight_ == 0 && next_ == questions_.size(); }
  const Question& question(std::uint32_t index) const noexcept { return questions_[index]; }
  std::size_t asked() const noexcept { return questions_.size(); }

 private:
  void add(Question&& question, std::uint64_t key);
  bool send(Question& question, std::uint32_t index, TimePoint deadline);
  std::size_t encode(const Question& question, std::uint32_t invoke_id, MutableBytes room) const;
  void after_agent(Question question, Bytes body, wire::ged188::Version version);
  void after_device(Question question, Bytes body, wire::ged188::Version version);

  CtiLink& link_;
  PendingTable& pending_;
  const PendingKind kind_;
  const std::uint64_t owner_;
  const std::uint32_t window_;
  std::vector<Question> questions_;
  std::unordered_set<std::uint64_t> keys_;  // object keys of what was asked already
  std::size_t next_ = 0;
  std::uint32_t in_flight_ = 0;
};

}  // namespace cti::broker
