// inquiry.hpp - asking the CTI Server how things stand: agents, then their devices, then each call there.
//
// Why      at start, after a loss, and for an agent nobody has heard of, state is fetched, not heard.
// Shape    a queue of questions with a bounded number in flight. An answer may raise further questions: an agent who is
//          logged in leads to the device, a device to its calls, a call to the devices of its other parties. The owner
//          decides when answers are applied, and puts a question again() whose answer was overtaken by events.
// Twice    what was asked already is not asked again, unless somebody says that things have changed since (Asking::kAnew).
//          What answers lead to never is: two that name each other would be asked for ever.
// Lost     a question without an answer is put again after a pause that doubles, `attempts_max` times in all.
// Names    those that answers bring are cleaned as everywhere, and sent as they came (model/name_book.hpp).
// Bounds   `bytes_max` of questions, counted with what each costs, names included (what finds no room is counted: a CTI
//          Server may name as much as it likes); a window of questions in flight.
// Threads  the line.
#pragma once

#include "broker/model/name_book.hpp"
#include "broker/upstream/answer.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/upstream/upstream.hpp"
#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cti::broker {

/// What is asked for may have been asked already.
enum class Asking : std::uint8_t {
  kOnce,  ///< then its answer does: what a dialogue goes through, and what answers lead to
  kAnew,  ///< something has happened since: one that was answered or refused is put once more
};

/// One question. `name` is the AgentID, the instrument, or the call's ConnectionDeviceID, clean.
struct Question {
  enum class Kind : std::uint8_t { kAgent, kDevice, kCall, kDesk };
  enum class State : std::uint8_t { kWaiting, kAsked, kAnswered, kRefused, kUnanswered };
  static constexpr std::uint16_t kNoStatus = 0xFFFF;
  Kind kind = Kind::kAgent;
  State state = State::kWaiting;
  std::uint16_t device_type = 0;  ///< kCall
  std::uint16_t status = kNoStatus;  ///< kCall: the connection's state by the device's list
  std::uint16_t asked_times = 0;
  std::uint32_t peripheral_id = 0;
  std::uint32_t call_id = 0;      ///< kCall
  std::uint32_t refusal = 0;      ///< kRefused: the status that came
  bool no_such = false;           ///< kRefused: because there is no such call
  bool unsayable = false;         ///< kRefused: by ourselves, no message can carry its name
  bool exact = false;             ///< it was put in the CTI Server's own words: its refusal says something
  std::uint64_t asked_after = 0;  ///< frames that had come when it was put, see model/hearing.hpp
  std::uint64_t listed_after = 0;  ///< kCall: frames that had come when the list with `status` was asked for
  std::string name;
};

class Inquiry {
 public:
  /// Of questions, for a whole dialogue: some 150,000 agents, devices and calls.
  static constexpr std::size_t kBytesMax = limits::kInquiryBytesMax;
  /// For one agent with what is at his devices.
  static constexpr std::size_t kProbeBytesMax = limits::kProbeBytesMax;
  static_assert(kProbeBytesMax < kBytesMax);
  static constexpr std::uint16_t kForEver = UINT16_MAX;
  static constexpr Nanos kPauseMin = Millis{100};
  static constexpr Nanos kPauseMax = Seconds{30};
  static_assert(kPauseMin < kPauseMax);

  /// What each inquiry of a line goes by; all of it outlives them.
  struct Ways {
    Upstream& link;
    PendingTable& pending;
    NameBook& names;
    std::int32_t voice_mrd = 1;  ///< the media routing domain whose states are asked for
  };
  /// `owner` comes back in Pending::object_key, to tell several inquiries apart.
  Inquiry(const Ways& ways, PendingKind kind, std::uint64_t owner, std::uint32_t window,
          std::uint16_t attempts_max = 1, std::size_t bytes_max = kBytesMax)
      : link_(ways.link),
        pending_(ways.pending),
        names_(ways.names),
        voice_mrd_(ways.voice_mrd),
        kind_(kind),
        owner_(owner),
        window_(window),
        attempts_max_(attempts_max),
        bytes_max_(bytes_max) {
    CTI_CHECK(window != 0 && attempts_max != 0);
    CTI_CHECK(bytes_max != 0);
  }

  void ask_agent(std::uint32_t peripheral_id, std::string_view agent_id,
                 Asking how = Asking::kOnce);
  void ask_desk_settings(std::uint32_t peripheral_id, std::string_view agent_id,
                         Asking how = Asking::kOnce);
  void ask_device(std::uint32_t peripheral_id, std::string_view device);
  void ask_call(std::uint32_t peripheral_id, std::uint32_t call_id, std::uint16_t device_type,
                std::string_view device, Asking how = Asking::kOnce);
  /// Puts an answered question once more, after the pause for as often as it was put.
  void again(std::uint32_t index, TimePoint now);
  /// Sends as many questions as the window, the send buffer and the pending table allow. `frames`: that have come.
  void pump(TimePoint now, Nanos timeout, std::uint64_t frames = 0);
  /// When pump() has something to do that waits for time only; kNever when nothing does.
  TimePoint next_deadline() const noexcept;

  /// The answer, positive or FAILURE_CONF / CONTROL_FAILURE_CONF. Raises further questions. Returns the question that it
  /// answers; nullptr when it is none of this inquiry's, or no answer to it: then the question counts as unanswered.
  const Question* answer(const Pending& pending, const Answer& answer, TimePoint now);
  /// The question expired.
  void unanswered(const Pending& pending, TimePoint now);

  bool done() const noexcept {
    return in_flight_ == 0 && next_ == questions_.size() && again_.empty();
  }
  /// Nothing is left but questions that wait to be put again.
  bool only_again() const noexcept {
    return in_flight_ == 0 && next_ == questions_.size() && !again_.empty();
  }
  const Question& question(std::uint32_t index) const noexcept {
    CTI_CHECK(index < questions_.size());
    return questions_[index];
  }
  /// Those since the last call that no message can carry: the name has control bytes, or is too long.
  std::vector<Question> take_unsayable() { return std::exchange(unsayable_, {}); }
  std::size_t asked() const noexcept { return questions_.size(); }
  std::uint64_t no_room() const noexcept { return no_room_; }
  /// What the questions cost.
  std::size_t bytes() const noexcept { return bytes_; }
  std::uint64_t lost() const noexcept { return lost_; }
  /// Forgets what was asked and answered, so that it can be asked anew. When done() only.
  void clear();

 private:
  struct Again {
    TimePoint not_before;
    std::uint32_t index = 0;
  };
  static std::size_t cost_of(const Question& question) noexcept;
  void add(Question&& question, std::uint64_t key, Asking how = Asking::kOnce);
  void put_anew(std::uint32_t index, Question&& question, Asking how);
  enum class Sent : std::uint8_t { kYes, kNoRoom, kImpossible };
  Sent send(std::uint32_t index, TimePoint deadline, std::uint64_t frames);
  std::size_t encode(const Question& question, std::string_view name, std::uint32_t invoke_id,
                     MutableBytes room) const;
  void invariants() const noexcept;
  bool due(TimePoint now) const noexcept {
    return !again_.empty() && again_.front().not_before <= now;
  }
  void note_answer(Question& question, const Answer& answer);
  void after_agent(const Question& question, const wire::ged188::QueryAgentStateConfView& view);
  void after_device(const Question& question, const wire::ged188::SnapshotDeviceConfView& view);
  void after_call(const Question& question, const wire::ged188::SnapshotCallConfView& view);

  Upstream& link_;
  PendingTable& pending_;
  NameBook& names_;
  const std::int32_t voice_mrd_;
  const PendingKind kind_;
  const std::uint64_t owner_;
  const std::uint32_t window_;
  const std::uint16_t attempts_max_;
  const std::size_t bytes_max_;
  std::vector<Question> questions_;
  std::vector<Question> unsayable_;
  std::unordered_map<std::uint64_t, std::uint32_t> keys_;  // [object key of what was asked]: its index
  std::deque<Again> again_;                 // by time
  TimePoint no_room_until_{};               // the send buffer or the pending table was full
  std::size_t next_ = 0;
  std::uint32_t in_flight_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t no_room_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace cti::broker
