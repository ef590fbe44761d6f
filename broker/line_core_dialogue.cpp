// line_core_dialogue.cpp - what a start-up dialogue has brought becomes records, as fast as the log takes them.
#include "broker/line_core.hpp"
#include "wire/ctios_enums.hpp"

#include <string>

namespace cti::broker {

namespace ctios = wire::ctios;
using core::log::Level;

void LineCore::pump_sync() {
  switch (sync_.pump(now_, translator_.hearing().arrived())) {
    case Sync::Turn::kServes:
      if (!apply_dialogue(Pace::kAsTheLogTakesIt)) return;
      give_up_unsayable();
      if (reset_ == ResetCause::kNone) pump_sync();  // what is asked now, or that nothing is
      return;
    case Sync::Turn::kInStep:
      give_up_unsayable();
      translator_.finish_team_roll();
      return say(Level::kInfo, {"in step with the CTI Server: ", std::to_string(map_.agents()),
                                " agents, ", std::to_string(map_.calls()), " calls"});
    case Sync::Turn::kGoesOn:
      return give_up_unsayable();
  }
}

/// A part of what was kept back: what the log does not take now waits as it came, not as records. In the turns between, the
/// readers are woken and make room. True: that was all, the line serves.
bool LineCore::apply_dialogue(Pace pace) {
  if (!sync_.applying()) {
    dialogue_ = {map_.calls(), true};
    translator_.begin_team_roll();
  }
  Hearing& hearing = translator_.hearing();
  std::size_t frames = 0;
  const auto enough = [&] {
    // A bad frame in it may cost the session: the rest is not worth applying then.
    if (reset_ != ResetCause::kNone) return true;
    return pace == Pace::kAsTheLogTakesIt && (sink_.blocked() || frames++ == kKeptPerTurn);
  };
  const bool all =
      sync_.apply(enough, [&](const Sync::Kept& kept, Bytes body, const Question* found) {
        hearing.go_back_to(kept.frame);
        if (found == nullptr) {
          const auto outcome = translator_.event(kept.message_type, body, upstream_.version());
          const bool entries_missing = note_oddities(kept.message_type);
          dialogue_.all_read = dialogue_.all_read && outcome.ok() && !entries_missing;
          return note_outcome(outcome);
        }
        const Question question = *found;  // what is applied may raise further questions
        const Answer answer = Answer::decode(kept.message_type, body, upstream_.version());
        note_oddities(kept.message_type);
        if (!apply_answer(question, answer, Translator::For::kEverybody))
          sync_.again(static_cast<std::uint32_t>(kept.question), now_);
      });
  hearing.go_on();
  if (all) finish_dialogue();
  return all;
}

void LineCore::finish_dialogue() {
  CTI_CHECK(!sync_.active());
  CTI_CHECK(reset_ == ResetCause::kNone);
  sync_.applied();
  // A download of which something is missing is loaded again.
  if (!dialogue_.all_read) sync_.forget_keys();
  translator_.team_lists_came(!sync_.overfull());
  look_after_everybody();
  translator_.system_event(ctios::eSysCtiServerOnline, 0, "", config_.peripherals.front());
  say(Level::kInfo,
      {"serving: ", std::to_string(map_.agents()), " agents, ", std::to_string(map_.calls()),
       " calls (", std::to_string(dialogue_.calls_before), " before)",
       sync_.trailing() ? ", some answers of the CTI Server are still to come" : ""});
  for (std::size_t i = 0; i < status_.peripherals(); ++i) {
    if (status_.peripheral_online(i)) continue;
    say(Level::kWarning, {"peripheral ", std::to_string(status_.peripheral_id(i)), " is offline"});
  }
}

}  // namespace cti::broker
