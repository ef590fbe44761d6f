// fanout_invariants.cpp - what holds between two turns of a reactor: sums, places and holds, over all sessions and lines.
//
// Use      tests call it after each turn. A leak shows here in the turn in which it happens, not when something is full.
#include "broker/fanout/fanout.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cti::broker {

void FanoutReactor::invariants() {
  std::uint32_t open = 0, refusals = 0, monitors = 0, watches = 0;
  std::size_t queued = 0;
  std::map<const ring::LogGate*, std::uint32_t> holds;
  std::vector<std::uint32_t> users(channels_.size());
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    const Session& session = sessions_[slot];
    queued += session.queued ? 1 : 0;
    watches += agents_.watches_of(slot);
    CTI_CHECK((session.state == SessionState::kFree) == (session.detail == nullptr));
    CTI_CHECK(session.state != SessionState::kFree || agents_.watches_of(slot) == 0);
    if (session.state == SessionState::kFree) continue;
    ++open;
    refusals += session.detail->turned_away ? 1 : 0;
    monitors += session.detail->counted_monitor ? 1 : 0;
    check_session(slot);
    if (const ring::LogGate* const gate = session.stream.held_gate(parts(slot))) ++holds[gate];
    for (std::uint16_t line = 0; line < lines_.size(); ++line) {
      check_feed(slot, line);
      if (feed(slot, line).channel() != kNoChannel) ++users[feed(slot, line).channel()];
    }
  }
  CTI_CHECK(watches == agents_.watches());
  CTI_CHECK(open == open_sessions_ && refusals == refusals_ && monitors == monitors_);
  CTI_CHECK(queued == queue_.size());  // nobody stands there twice, or believes that he does
  for (const Line& line : lines_) {
    for (const LogFollower* const follower : {&line.updates, &line.side}) {
      follower->invariants();
      holds[&follower->gate()] += follower->holding() ? 1 : 0;
    }
  }
  for (std::uint16_t i = 0; i < channels_.size(); ++i) {
    const Channel& channel = channels_.at(i);
    CTI_CHECK(channel.users == users[i] && channel.members.size() <= channel.users);
    if (channel.users != 0) holds.try_emplace(channel.gate, 0);
  }
  // Every hold is somebody's: one that is nobody's stops a line for good.
  for (const auto& [gate, count] : holds) CTI_CHECK(gate->holds() == count);
  shelf_.invariants();
}

void FanoutReactor::check_session(std::uint32_t slot) {
  const Session& session = sessions_[slot];
  const SessionDetail& detail = *session.detail;
  session.stream.invariants(parts(slot));
  const bool ended = session.state >= SessionState::kClosing;
  const std::span<const Feed> feeds(&feed(slot, 0), lines_.size());
  // Who has a way to go, or is not read from, is looked at again.
  const bool on_the_way =
      std::any_of(feeds.begin(), feeds.end(), [](const Feed& each) { return each.on_the_way(); });
  CTI_CHECK(ended || session.unsettled || (!on_the_way && !detail.paused && !detail.refresh));
  CTI_CHECK(agents_.watches_of(slot) == 0 || (detail.agent_key != 0 && !ended));
  CTI_CHECK(ended || session.unsettled || detail.statistics == 0);
  const bool off =
      std::all_of(feeds.begin(), feeds.end(), [](const Feed& each) { return each.off(); });
  CTI_CHECK(!ended || off);
  // Some deadline stands behind it.
  CTI_CHECK(session.state == SessionState::kClosed || detail.timer ||
            config_.heartbeat_interval <= Nanos{0});
  CTI_CHECK(!session.pushing || detail.mode == SessionMode::kAgent);
  CTI_CHECK(detail.unread.empty() || (detail.paused && !ended));
  const ImageRun& run = detail.image;
  CTI_CHECK(run.image == nullptr || run.offset <= run.image->bytes.size());
}

void FanoutReactor::check_feed(std::uint32_t slot, std::uint16_t line) {
  const Feed& at = feed(slot, line);
  const SessionDetail& detail = *sessions_[slot].detail;
  at.invariants();
  const bool has_image = detail.image.image != nullptr && detail.image.line == line;
  CTI_CHECK(at.state() != FeedState::kImage || has_image);
  CTI_CHECK(at.state() != FeedState::kAwaitImage || detail.image_pending);
  CTI_CHECK(at.state() != FeedState::kCatchUp || at.cursor() <= lines_[line].updates.read());
  if (!at.in_channel()) return;
  const Channel& channel = channels_.at(at.channel());
  CTI_CHECK(channel.line == line && at.cursor() <= channels_.end(channel));
  CTI_CHECK(at.member() < channel.members.size() && channel.members[at.member()] == slot);
}

}  // namespace cti::broker
