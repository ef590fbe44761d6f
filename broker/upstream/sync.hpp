// sync.hpp - the start-up dialogue with the CTI Server, also after every loss.
//
// Shape    1 configuration: CONFIG_REQUEST_EVENT, until CONFIG_END_EVENT or a short silence (may be switched off). After a
//            keys are asked for first, as CTI OS does: when they are those of the last download, only updates are asked for.
//          2 questions: every agent that the map, the configuration, the download and the teams name, every device where
//            the map has calls, then the devices of those who are logged in, then the calls there (inquiry.hpp)
//          3 everything that came meanwhile, answers and events alike, is applied in the order in which it came: piece by
//            piece, no faster than the log takes the records. What comes during that is kept behind it.
//          4 what is not answered by then is asked for again, each answer is applied as it comes (trailing).
// Why      until 3 nothing of it is applied: when the connection is lost in the middle the whole is thrown away. After 3 the
//          line serves, however long the rest takes; asks wait until then, so that nobody is shown a half-filled map.
// Truth    only an answered list ends a call; an answer that events have overtaken is no news and asked for again; what was
//          not answered says nothing. Who applies the answers sees to it (LineCore::apply_answer, Translator::device_answer).
// Bounds   sync_timeout for 1 and 2, sync_bytes_max for what is kept back, counted with its own overhead; whichever comes
//          first starts 3 with what is there. A lost answer starts it too, once nothing else is left to wait for. Three
//          quarters of the bytes start it: in 3 nothing is read, what has been by then has the last one.
// Threads  the line.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/model/object_map.hpp"
#include "broker/upstream/inquiry.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {

class Sync {
 public:
  struct Counters {
    std::uint64_t begun = 0;
    std::uint64_t completed = 0;    ///< what was kept back has been applied: the line serves
    std::uint64_t in_step = 0;      ///< every question answered
    std::uint64_t thrown_away = 0;  ///< connection lost in the middle
    std::uint64_t cut_short =
        0;  ///< applied before all was answered: by timeout, a lost answer, or the limit of bytes
    std::uint64_t overtaken = 0;  ///< answers that events had overtaken, asked for again
    std::uint64_t lost = 0;       ///< questions without an answer in time, put again
    std::uint64_t no_room = 0;    ///< questions beyond Inquiry::kBytesMax, never put
    std::uint64_t no_config = 0;  ///< the configuration download was refused or silent
    std::uint64_t unchanged = 0;  ///< downloads left out because the keys were known
  };
  /// What came while the dialogue ran. `question` is the one that it answers, -1 for an event.
  struct Kept {
    std::uint32_t message_type = 0;
    std::int32_t question = -1;
    std::size_t offset = 0;
    std::size_t bytes = 0;
    std::uint64_t frame = 0;  ///< its number, see model/hearing.hpp
  };
  enum class Turn : std::uint8_t {
    kGoesOn,
    kServes,  ///< take what was kept back with apply(), until that has been all
    kInStep,  ///< the last question has been answered
  };

  Sync(const LineConfig& config, const Inquiry::Ways& ways, const ObjectMap& map)
      : config_(config), ways_(ways), link_(ways.link), map_(map) {}

  void begin(TimePoint now);
  /// The connection is lost: forget everything that came.
  void throw_away();
  /// What comes is kept back: 1 to 3.
  bool active() const noexcept { return holding_; }
  /// What was kept back is being applied: 3.
  bool applying() const noexcept { return applying_; }
  /// The line serves, and some question is not answered yet.
  bool trailing() const noexcept { return inquiry_.has_value() && !holding_ && !inquiry_->done(); }

  /// Every question of the dialogue has been answered once: those that come now are about newcomers.
  bool was_in_step() const noexcept { return in_step_told_; }

  /// An event, or a configuration message. False: no room for it; apply what was kept, all of it, then this.
  [[nodiscard]] bool keep_event(std::uint32_t message_type, Bytes body, TimePoint now,
                                std::uint64_t frame);
  /// An answer to one of the dialogue's questions. While it is active() the answer is kept and nullptr comes back, as for
  /// an answer that nobody waits for; else the question, to apply the answer at once.
  const Question* keep_answer(const Pending& pending, const Answer& answer, std::uint64_t frame);
  void unanswered(const Pending& pending, TimePoint now);
  /// FAILURE_CONF that answers no request: the configuration was refused.
  void config_refused(TimePoint now);
  /// After an answer was found overtaken by events: the question is put again.
  void again(std::uint32_t question, TimePoint now);
  /// What is kept back is not all that came: no list in it is known to be whole.
  bool overfull() const noexcept { return overfull_; }
  /// A configuration or team message that comes while the line serves: who is not known yet is asked about.
  void names_came(std::uint32_t message_type, Bytes body);
  /// What was kept back has been applied, all of it: what was downloaded with it need not be loaded again.
  void applied() noexcept {
    if (std::exchange(coming_whole_, false)) keys_.swap(coming_keys_);
  }
  /// Records may have been lost: the next dialogue loads everything.
  void forget_keys() noexcept { keys_.clear(); }
  /// Questions beside the dialogue's own: each is put until it is answered. Without a session: not at all.
  Inquiry* inquiry() noexcept { return inquiry_ ? &*inquiry_ : nullptr; }

  /// Sends what can be sent. `frames`: that have come from the CTI Server.
  Turn pump(TimePoint now, std::uint64_t frames);
  TimePoint next_deadline() const noexcept;

  /// Hands what was kept to use(const Kept&, Bytes body, const Question*), in the order in which it came, until enough()
  /// says so. True: that was all. False: to be called again.
  template <class Enough, class Use>
  [[nodiscard]] bool apply(Enough&& enough, Use&& use);

  const Counters& counters() const noexcept { return counters_; }
  void invariants() const noexcept;
  static constexpr std::uint64_t kOwner = 0;
  static_assert(limits::kSyncBytesDefault / 4 >= 2 * limits::kReceiveMemoryDefault,
                "the last quarter takes what two turns read, with its list");

 private:
  bool keep(const Kept& what, Bytes body);
  void let_go() noexcept;
  void count();
  Turn trail(TimePoint now, std::uint64_t frames);
  Nanos question_timeout() const noexcept { return config_.request_timeout; }
  void begin_questions();
  void ask_about(std::uint32_t peripheral, std::string_view raw);
  void note_names(std::uint32_t message_type, Bytes body);
  /// `information` 0: updates only.
  bool send_config_request(std::uint32_t information);
  bool send_key_request();
  std::uint32_t whose_configuration() const noexcept;
  void ask_for_configuration(TimePoint now);
  void keys_came(Bytes body, TimePoint now);

  const LineConfig& config_;
  const Inquiry::Ways ways_;
  Upstream& link_;
  const ObjectMap& map_;
  std::optional<Inquiry> inquiry_;
  std::string keys_;           // of the last download that was applied whole; empty: none
  std::string coming_keys_;    // of the one under way
  bool coming_whole_ = false;  // it has come to its end
  bool keys_asked_ = false;
  bool questions_begun_ = false;
  bool overfull_ = false;
  bool holding_ = false;
  bool applying_ = false;
  std::size_t applied_ = 0;  // of kept_
  bool in_step_told_ = false;
  TimePoint config_deadline_{};
  TimePoint deadline_{};
  TimePoint now_{};  // of the last pump
  std::uint64_t lost_before_ = 0;
  std::uint64_t no_room_before_ = 0;
  std::vector<Kept> kept_;
  std::vector<std::byte> bytes_;
  Counters counters_;
};

template <class Enough, class Use>
bool Sync::apply(Enough&& enough, Use&& use) {
  CTI_CHECK(holding_ && inquiry_.has_value());
  if (!std::exchange(applying_, true)) counters_.cut_short += inquiry_->done() ? 0U : 1U;
  while (applied_ < kept_.size()) {
    if (enough()) return false;
    const Kept& one = kept_[applied_++];
    CTI_CHECK(one.offset + one.bytes <= bytes_.size());
    const Question* const question =
        one.question < 0 ? nullptr : &inquiry_->question(static_cast<std::uint32_t>(one.question));
    use(one, Bytes(bytes_).subspan(one.offset, one.bytes), question);
  }
  if (enough()) return false;
  ++counters_.completed;
  let_go();
  return true;
}

}  // namespace cti::broker
