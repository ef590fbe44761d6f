// link_journal.cpp - which of the tries, failures and pauses become lines.
#include "broker/upstream/link_journal.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace cti::broker {

using core::log::Level;

/// "side A (10.1.1.5:42027)".
std::string LinkJournal::place(std::uint32_t side) const {
  const core::Endpoint& at = sides_[std::min<std::size_t>(side, sides_.size() - 1)];
  const bool v6 = at.host.find(':') != std::string::npos;
  return core::log::text(side_name(sides_.size(), side), " (", v6 ? "[" : "", at.host,
                         v6 ? "]:" : ":", at.port, ')');
}

void LinkJournal::say(Level level, std::string_view kind, const std::string& text) const {
  say_({.text = text, .level = level, .kind = kind});
}

void LinkJournal::trying(std::uint32_t side) noexcept {
  ++tries_;
  const bool first = std::exchange(round_begins_, false);
  const Level level = first ? Level::kInfo : Level::kDebug;
  if (!say_ || !core::log::enabled(level)) return;
  try {
    const std::string count = tries_ == 1 ? "" : core::log::text(", try ", tries_);
    say(level, "connecting", "connecting to " + place(side) + count);
  } catch (const std::bad_alloc&) {
    return;
  }
}

void LinkJournal::in_vain(std::uint32_t side, std::string_view why) noexcept {
  ++failures_;
  if (!say_) return;
  try {
    std::string& reason = reasons_.at(std::min<std::size_t>(side, sides_.size() - 1));
    const bool news = reason != why;
    if (news) reason = why;
    const bool said = !std::exchange(failure_said_, true) || news;
    const Level level = said ? Level::kWarning : Level::kDebug;
    if (!core::log::enabled(level)) return;
    say(level, "in vain", core::log::text("no session with ", place(side), ": ", why));
  } catch (const std::bad_alloc&) {
    return;
  }
}

void LinkJournal::pausing(Nanos pause) noexcept {
  round_begins_ = true;
  failure_said_ = false;
  if (!say_ || !core::log::enabled(Level::kInfo)) return;
  try {
    const auto ms = std::chrono::duration_cast<Millis>(pause).count();
    say(Level::kInfo, "pausing",
        core::log::text("no CTI Server after ", tries_, tries_ == 1 ? " try" : " tries",
                        ": the next one in ", ms, " ms"));
  } catch (const std::bad_alloc&) {
    return;
  }
}

void LinkJournal::opened() noexcept {
  tries_ = failures_ = 0;
  round_begins_ = true;
  failure_said_ = false;
  for (std::string& reason : reasons_) reason.clear();
}

}  // namespace cti::broker
