// sync.hpp - the start-up dialogue with the CTI Server, also after every loss.
//
// Shape    1 configuration: CONFIG_REQUEST_EVENT, until CONFIG_END_EVENT or a short silence (may be switched off). After a
//            loss the keys are asked for first: when they are those of the last download, only updates are asked for.
//          2 questions: every agent that the map, the configuration, the download and the teams name, then the devices
//            of those who are logged in, then the calls there (inquiry.hpp)
//          3 everything that came meanwhile, answers and events alike, is applied in the order in which it came; calls
//            that nothing has spoken of are gone and end.
// Why      until 3 nothing of it is applied: when the connection is lost in the middle the whole is thrown away, and
//          clients never see a half-filled map.
// Bounds   sync_timeout in all, sync_bytes_max of frames kept back; whichever comes first starts 3 with what is there.
// Threads  the line.
#pragma once

#include "broker/upstream/inquiry.hpp"
#include "broker/meet/line_config.hpp"
#include "broker/model/object_map.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cti::broker {

class Sync {
 public:
  struct Counters {
    std::uint64_t begun = 0;
    std::uint64_t completed = 0;
    std::uint64_t thrown_away = 0;  ///< connection lost in the middle
    std::uint64_t cut_short = 0;    ///< ended by timeout or by the limit of bytes
    std::uint64_t no_config = 0;    ///< the configuration download was refused or silent
    std::uint64_t unchanged = 0;    ///< downloads left out because the keys were known
  };
  /// What came while the dialogue ran. `question` is the one that it answers, -1 for an event.
  struct Kept {
    std::uint32_t message_type = 0;
    std::int32_t question = -1;
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  Sync(const LineConfig& config, CtiLink& link, PendingTable& pending, const ObjectMap& map)
      : config_(config), link_(link), pending_(pending), map_(map) {}

  void begin(TimePoint now);
  /// The connection is lost: forget everything that came.
  void throw_away();
  bool active() const noexcept { return inquiry_.has_value(); }

  /// An event, or a configuration message.
  void keep_event(std::uint32_t message_type, Bytes body, TimePoint now);
  /// An answer to one of the dialogue's questions.
  void keep_answer(const Pending& pending, std::uint32_t message_type, Bytes body);
  void unanswered(const Pending& pending);
  /// FAILURE_CONF that answers no request: the configuration was refused.
  void config_refused(TimePoint now);

  /// Sends what can be sent. True: the dialogue is over, take it with finish().
  bool pump(TimePoint now);
  TimePoint next_deadline() const noexcept;

  /// Hands what was kept to apply(const Kept&, Bytes body, const Question*), in the order in which it came.
  template <class Apply>
  void finish(Apply&& apply);

  const Counters& counters() const noexcept { return counters_; }
  static constexpr std::uint64_t kOwner = 0;

 private:
  void keep(std::uint32_t message_type, std::int32_t question, Bytes body);
  void begin_questions();
  void note_names(std::uint32_t message_type, Bytes body);
  /// `information` 0: updates only.
  bool send_config_request(std::uint32_t information);
  bool send_key_request();
  void ask_for_configuration(TimePoint now);
  void keys_came(Bytes body, TimePoint now);

  const LineConfig& config_;
  CtiLink& link_;
  PendingTable& pending_;
  const ObjectMap& map_;
  std::optional<Inquiry> inquiry_;
  std::string keys_;         // of the last download that came to its end; empty: none
  std::string coming_keys_;  // of the one under way
  bool keys_asked_ = false;
  bool questions_begun_ = false;
  bool overfull_ = false;
  TimePoint config_deadline_{};
  TimePoint deadline_{};
  std::vector<Kept> kept_;
  std::vector<std::byte> bytes_;
  Counters counters_;
};

template <class Apply>
void Sync::finish(Apply&& apply) {
  // Taken out first: what is applied must not find a dialogue that is still going on.
  const Inquiry inquiry = std::move(*inquiry_);
  inquiry_.reset();
  const std::vector<Kept> kept = std::move(kept_);
  const std::vector<std::byte> bytes = std::move(bytes_);
  kept_.clear();
  bytes_.clear();
  ++counters_.completed;
  for (const Kept& one : kept) {
    const Question* const question =
        one.question < 0 ? nullptr : &inquiry.question(static_cast<std::uint32_t>(one.question));
    apply(one, Bytes(bytes).subspan(one.offset, one.bytes), question);
  }
}

}  // namespace cti::broker
