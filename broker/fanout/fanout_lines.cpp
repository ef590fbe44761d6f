// fanout_lines.cpp - what comes from the lines: updates to those who listen, tells and addressed records to the one they name.
#include "broker/fanout/fanout.hpp"
#include "core/base/preempt.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace cti::broker {

/// A record after silence leaves at once. While they keep coming, what comes within `gather` leaves together. Where that is
/// a single one time after time, as when each is said in answer to the one before, kTurnsAlone turns are not held.
void FanoutReactor::follow_lines(std::uint32_t& work) {
  // The end is looked up before the tells: a line shows its tells before its next records, so that none of those that can be
  // seen by then is overtaken.
  for (Line& line : lines_) {
    line.turn_began = line.updates.read();
    line.end = line.shared->log.tail();
  }
  for (Line& line : lines_) work += take_tells(line);
  if (now_ < gather_until_) return;
  std::uint32_t records = 0;
  for (Line& line : lines_) {
    if (line.updates.read() < line.end) records += follow(line, line.end);
  }
  work += records;
  if (records == 0) return;
  look_at_marks();
  if (std::exchange(gathered_, false)) held_in_vain_ = records == 1 ? held_in_vain_ + 1 : 0;
  if (held_in_vain_ == kHoldsInVain) turns_alone_ = kTurnsAlone, held_in_vain_ = 0;
  const bool soon = now_ - followed_at_ <= config_.gather;
  followed_at_ = now_;
  if (turns_alone_ > 0) {
    --turns_alone_;
  } else if (soon) {
    gather_until_ = now_ + config_.gather;
    gathered_ = true;
  }
}

/// A mark that this turn has followed is timed from here on, if anything leaves with the turn. One that came behind its
/// records, and was not seen with them, would be timed with the next ones.
void FanoutReactor::look_at_marks() noexcept {
  for (Line& line : lines_) {
    const LatencyMark mark = line.shared->latency.latest();
    if (mark.number <= line.mark_seen || line.updates.read() < mark.position) continue;
    line.mark_seen = mark.number;
    if (mark.position <= line.turn_began) continue;
    if (std::exchange(line.mark_read, mark.read) == kNever) ++marks_;
    marked_ = true;
    mark_sent_ = false;
    sends_at_mark_ = counters_.sends;
  }
}

/// The end of a turn that has followed a mark. What nobody was sent has no latency.
void FanoutReactor::begin_samples() noexcept {
  marked_ = false;
  if (counters_.sends != sends_at_mark_) return;
  for (Line& line : lines_) line.mark_read = kNever;
  marks_ = 0;
}

/// The first of those sends is done.
void FanoutReactor::end_samples() noexcept {
  mark_sent_ = false;
  for (Line& line : lines_) {
    const LatencyProbe::Clock clock = line.shared->latency.clock();
    if (line.mark_read == kNever || clock == nullptr) continue;
    counters_.latency.add(clock() - std::exchange(line.mark_read, kNever));
    CTI_CHECK(marks_ > 0);
    --marks_;
  }
  CTI_CHECK(marks_ == 0);
}

/// Follows the updates to `after`, if the line has published that far and the turn's work allows it; says where it stands.
ring::Position FanoutReactor::follow_to(Line& line, ring::Position after) {
  if (line.updates.read() < after) follow(line, std::min(after, line.shared->log.tail()));
  return line.updates.read();
}

/// What is for one session or agent, each when the updates that it comes after have been given out.
std::uint32_t FanoutReactor::take_tells(Line& line) {
  TellLane& lane = *shared_.tells[line.shared->index];
  const auto follow_updates = [&](ring::Position after) { return follow_to(line, after); };
  const auto take = [&](Tell&& tell) {
    const std::uint32_t slot = tell.to.connection.slot;
    guarded(slot, [&] { take_tell(line, std::move(tell)); });
  };
  std::size_t taken = 0;
  std::uint32_t addressed = 0;
  line.side_after = 0;
  const auto give = [&](Bytes bytes) {
    const SideRecord record = SideRecord::read(bytes);
    const ring::Position after = record.header.after_log_position;
    // Tells that come after less are first.
    taken += lane.take_due(
        config_.tells_per_turn,
        [&](ring::Position told) { return told < after ? follow_to(line, told) : 0; }, take);
    if (follow_to(line, after) < after) {
      line.side_after = after;
      return false;
    }
    take_addressed(line, record);
    return true;
  };
  if (line.side.follow(line.shared->side->tail(), config_.log_bytes_per_read,
                       config_.log_bytes_per_turn, addressed, give,
                       [](ring::Position) {}) == LogFollower::End::kLapped) {
    ++counters_.addressed_lost;
    note("fan-out: records for single sessions were overtaken before this reactor saw them");
    line.side.skip(line.shared->side->tail());
  }
  taken += lane.take_due(config_.tells_per_turn, follow_updates, take);
  return static_cast<std::uint32_t>(taken) + addressed;
}

/// A record that is no update: for the sessions of one agent, for one session, or for none of ours.
void FanoutReactor::take_addressed(Line& line, const SideRecord& record) {
  const SideHeader& header = record.header;
  const auto give = [&](std::uint32_t slot) {
    const SessionState state = sessions_[slot].state;
    if (state < SessionState::kWelcomed || state >= SessionState::kClosing) return;
    if (append_private(slot, record.frame, line.shared->index, header.after_log_position))
      ++counters_.addressed;
  };
  switch (header.kind) {
    case SideKind::kToAgent:
      return agents_.for_each(header.agent_key, give);
    case SideKind::kToSession: {
      if (header.session.fanout != shared_.index) return;
      const std::uint32_t slot = find(header.session.connection);
      if (slot == AgentIndex::kNone) return;
      if (sessions_[slot].number == header.session.session_number) give(slot);
      return;
    }
    case SideKind::kToAgents:
      for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
        if (sessions_[slot].state != SessionState::kEstablished) continue;
        const SessionDetail& detail = *sessions_[slot].detail;
        const bool here = detail.agent_line == line.shared->index;
        if (detail.mode == SessionMode::kAgent && here && detail.agent_key != header.agent_key)
          guarded(slot, [&] { give(slot); });
      }
      return;
    case SideKind::kInternal:
      return;
  }
}

std::uint32_t FanoutReactor::follow(Line& line, ring::Position limit) {
  const std::uint16_t index = line.shared->index;
  std::uint32_t records = 0;
  const LogFollower::End end = line.updates.follow(
      limit, config_.log_bytes_per_read, config_.log_bytes_per_turn, records,
      [&](Bytes record) { return distribute(line, record); },
      [&](ring::Position read) {
        may_be_preempted();
        channels_.publish(index);
        channels_.set_read(index, read);
      });
  if (end == LogFollower::End::kLapped) {
    all_lapped(line);
    return records + 1;
  }
  counters_.records_followed += records;
  return records;
}

/// Gives one record to whoever wants it. False: a channel has no room now; nothing has been given to anybody.
bool FanoutReactor::distribute(Line& line, Bytes record) {
  if (record.size() < wire::UpdateView::kFixedBytes) [[unlikely]] {
    ++counters_.records_malformed;
    return true;
  }
  const auto update = wire::UpdateView::trusted(record);
  if (!channels_.offer(line.shared->index, update, record)) return false;
  line.newest = wire::frame_id(record.data());
  if (update.agent_key() != 0) push_agent(update, record);
  if ((update.topics() & wire::topic::kSystem) != 0) push_system(record);
  return true;
}

void FanoutReactor::push_agent(const wire::UpdateView& update, Bytes record) {
  if ((update.topics() & wire::topic::kSystem) != 0) return;  // goes to everybody
  agents_.for_each(update.agent_key(), update.topics(),
                   [&](std::uint32_t slot) { push(slot, record); });
}

void FanoutReactor::push_system(Bytes record) {
  ++system_records_;
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) push(slot, record);
}

void FanoutReactor::push(std::uint32_t slot, Bytes record) {
  Session& session = sessions_[slot];
  if (!session.pushing) return;
  const bool room = room_for(session, record.size());
  if (room && append_update(slot, record)) [[likely]] {
    ++counters_.records_pushed;
    return enqueue(slot);
  }
  if (room) ++counters_.pool_empty;
  shed(slot, session.detail->agent_line, "does not take its updates as fast as they come");
}

/// The log has passed this reactor: whoever listened live has missed something.
void FanoutReactor::all_lapped(Line& line) {
  ++counters_.reactor_lapped;
  line.updates.skip(line.shared->log.tail());
  const std::uint16_t index = line.shared->index;
  channels_.set_read(index, line.updates.read());
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    if (sessions_[slot].state == SessionState::kFree) continue;
    if (feed(slot, index).live()) mark_lapped(slot, index);
  }
  note("fan-out: the log of a line has overtaken the reactor; its sessions get a snapshot");
}

/// The session is behind by more than it may be: by policy it is cut, or gets a snapshot in place of what it missed.
void FanoutReactor::shed(std::uint32_t slot, std::uint16_t line, std::string_view why) {
  if (config_.slow_policy == SlowPolicy::kSnapshot && !config_.short_of_memory)
    return mark_lapped(slot, line);
  ++counters_.cut_slow;
  close(slot, wire::CloseReason::kTooSlow, why, config_.outbox_updates_bytes);
}

void FanoutReactor::mark_lapped(std::uint32_t slot, std::uint16_t line) noexcept {
  Session& session = sessions_[slot];
  session.stream.lapped(parts(slot), line, lines_[line].updates.read());
  leave_channel(slot, line);
  session.pushing = false;
  session.unsettled = true;
  ++session.detail->lapped;
  session.detail->was_lapped = true;
  ++counters_.lapped;
  feed(slot, line).need_image(wire::SnapshotReason::kLapped);
  enqueue(slot);
}

// ---- tells ----

void FanoutReactor::take_tell(Line& line, Tell&& tell) {
  const std::uint16_t index = line.shared->index;
  if (!tell.to.connection) {  // own_ref(): asked for all who wait
    if (tell.kind != TellKind::kSnapshot || !tell.image) {
      ++counters_.images_lost;
      return shelf_.lost(index);
    }
    const auto give = [&](std::uint32_t slot) {
      guarded(slot, [&] { begin_image(slot, index, tell.image, true); });
    };
    if (!shelf_.arrived(index, tell.request_id, tell.image, give)) ++counters_.tells_stale;
    return;
  }
  const std::uint32_t slot = find(tell.to.connection);
  if (slot == AgentIndex::kNone || sessions_[slot].state >= SessionState::kClosing ||
      sessions_[slot].state < SessionState::kWelcomed) {
    ++counters_.tells_stale;
    return;
  }
  switch (tell.kind) {
    case TellKind::kReply:
      note_reply(*sessions_[slot].detail, tell.frames);
      if (tell.frames.empty()) return enqueue(slot);  // it had asked twice: one answer for both
      append_private(slot, tell.frames, index, tell.after_log_position);
      return;
    case TellKind::kPrivateEvent:
      // Of what an agent's session watches: it may have been refused that mode meanwhile, and be in another one.
      if (tell.agent_key != 0 && tell.agent_key != sessions_[slot].detail->agent_key) {
        ++counters_.tells_stale;
        return;
      }
      append_private(slot, tell.frames, index, tell.after_log_position);
      return;
    case TellKind::kStatistics:
      return take_statistics(slot, index, tell);
    case TellKind::kAgentMode:
      return tell_agent_mode(slot, index, tell);
    case TellKind::kWatch:
      return take_watch(slot, index, tell);
    case TellKind::kSnapshot:
      return tell_snapshot(slot, index, tell);
    case TellKind::kCut:
      ++counters_.cut_lost;
      return close(slot, wire::CloseReason::kOutOfResources,
                   "an answer to this session was lost: the server is overloaded");
  }
}

void FanoutReactor::tell_snapshot(std::uint32_t slot, std::uint16_t line, Tell& tell) {
  SessionDetail& detail = *sessions_[slot].detail;
  Feed& at = feed(slot, line);
  const bool refreshes = detail.refresh && detail.image_pending && !detail.image.image;
  if (!tell.image || (at.state() != FeedState::kAwaitImage && !refreshes)) {
    ++counters_.tells_stale;
    return;
  }
  // A live session has been given everything up to here: an image of another moment would take something back.
  const bool fits = at.state() == FeedState::kAwaitImage ||
                    (at.live() && tell.image->log_position == lines_[line].updates.read());
  if (fits && shelf_.room_private()) {
    if (at.live()) leave_live(slot, line);
    return begin_image(slot, line, std::move(tell.image), false);
  }
  detail.image_pending = false;
  sessions_[slot].unsettled = true;
  if (!fits) {  // asked for anew: the line has answered, and is given its time again
    detail.wants_image = false;
    return enqueue(slot);
  }
  // Others were asked for at the same time. It goes on waiting, now for room: its deadline is later, once, and does not
  // begin anew.
  detail.found_no_room = true;
  if (!at.live()) at.need_image(at.reason());
  arm(slot, now_ + kRoomRetry);
}

/// The line tells no more of them before it has heard that these are taken: what a session that does not read owes is one part.
void FanoutReactor::take_statistics(std::uint32_t slot, std::uint16_t line, const Tell& tell) {
  static_assert(limits::kLinesMax <= 64, "a bit each");
  if (!append_private(slot, tell.frames, line, tell.after_log_position)) return;
  ++counters_.statistics;
  sessions_[slot].detail->statistics |= std::uint64_t{1} << line;
  sessions_[slot].unsettled = true;
}

/// What it holds has left, but for little: whoever is behind with the rest is behind with statistics, too.
void FanoutReactor::look_at_statistics(std::uint32_t slot) noexcept {
  SessionDetail& detail = *sessions_[slot].detail;
  if (sessions_[slot].stream.bytes() > config_.outbox_updates_bytes / 8) return;
  for (std::uint64_t left = std::exchange(detail.statistics, 0); left != 0; left &= left - 1) {
    Line& line = lines_[static_cast<std::size_t>(std::countr_zero(left))];
    line.lane->statistics_taken(slot);
    line.asked = true;
  }
}

void FanoutReactor::note_reply(SessionDetail& detail, Bytes frame) {
  if (detail.in_flight > 0) --detail.in_flight;
  if (frame.empty()) return;
  const auto reply = wire::ReplyView::check(frame);
  if (reply.ok() && reply->outcome() == wire::Outcome::kRefused) ++detail.refused;
}

/// A question of ours is under way. One that is not answered in the time of an answer is lost, whoever lost it: nobody else
/// would ever be given an image of this line.
bool FanoutReactor::image_under_way(std::uint16_t index) noexcept {
  if (!shelf_.asked(index)) return false;
  const TimePoint due = shelf_.asked_at(index) + config_.answer_timeout;
  if (now_ >= due) {
    ++counters_.images_lost;
    shelf_.lost(index);
    return false;
  }
  if (shelf_.waiting(index)) retry_at_ = std::min(retry_at_, due);
  return true;
}

/// One question per line at a time, for all who wait for an image; none while the images held weigh what they may.
void FanoutReactor::ask_images() {
  for (std::uint16_t index = 0; index < lines_.size(); ++index) {
    if (image_under_way(index) || !shelf_.waiting(index)) continue;
    if (shelf_.room(index)) {
      Ask ask;
      ask.kind = AskKind::kSnapshot;
      ask.from = own_ref();
      ask.request_id = shelf_.next_question();
      if (push_control(lines_[index], std::move(ask))) {
        shelf_.ask(index, now_, [this](std::uint32_t slot) { line_asked(slot); });
      } else {
        retry_at_ = std::min(retry_at_, now_ + kRetry);
      }
      continue;
    }
    ++counters_.images_waited;
    const ImageShelf::Image image = shelf_.newest(index);
    if (image == nullptr) continue;
    shelf_.hand_on(
        index, [&](std::uint32_t slot) { return may_have_older(slot, index, *image); },
        [&](std::uint32_t slot) {
          ++counters_.images_handed_on;
          guarded(slot, [&] { begin_image(slot, index, image, true); });
        });
  }
}

}  // namespace cti::broker
