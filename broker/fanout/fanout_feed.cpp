// fanout_feed.cpp - how a session comes to be up to date with a line: snapshot, catching up, live.
#include "broker/fanout/fanout.hpp"
#include "broker/meet/rights.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

bool FanoutReactor::room_for(const Session& session, std::size_t bytes) const {
  return session.stream.outbox_empty() ||
         session.stream.outbox_bytes() + bytes <= config_.outbox_updates_bytes;
}

bool FanoutReactor::accepts(std::uint32_t slot, std::uint16_t line, const wire::UpdateView& update,
                            bool snapshot) {
  const SessionDetail& detail = *sessions_[slot].detail;
  const bool system = (update.topics() & wire::topic::kSystem) != 0;
  const bool own = detail.agent_key != 0 && update.agent_key() == detail.agent_key;
  // Only whoever supervises an agent's team watches it: the line has looked, and tells when that ends.
  const bool watched = !own && agents_.watches(slot, update.agent_key(), update.topics());
  const Relation relation = system    ? Relation::kServer
                            : own     ? Relation::kOwn
                            : watched ? Relation::kTeam
                                      : Relation::kOther;
  if (!may_see(role_of(principal(slot), watched)).has(relation)) return false;
  if (detail.mode == SessionMode::kAgent) return own || watched || system;
  const Channel& channel = channels_.at(feed(slot, line).channel());
  return snapshot ? channel.accepts_snapshot(update) : channel.accepts(update);
}

/// Takes every line on which the session is not live one step further, as far as its outbox has room.
void FanoutReactor::progress(std::uint32_t slot) {
  Session& session = sessions_[slot];
  if (session.detail->statistics != 0) look_at_statistics(slot);
  if (session.detail->paused) {
    go_on_reading(slot);
    if (session.state >= SessionState::kClosing) return;
  }
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    switch (feed(slot, line).state()) {
      case FeedState::kNeedImage:
        ask_image(slot, line);
        break;
      case FeedState::kImage:
        copy_image(slot);
        break;
      case FeedState::kCatchUp:
        catch_up(slot, line);
        break;
      case FeedState::kLive:
        if (session.detail->refresh) ask_image(slot, line);
        break;
      default:
        break;
    }
    if (session.state >= SessionState::kClosing) return;
  }
  settle(slot);
}

// ---- snapshots ----

/// What it watches is other than what it was given a snapshot of: it gets one at the place where it stands, and misses
/// nothing. Until then it goes on as it was.
void FanoutReactor::leave_live(std::uint32_t slot, std::uint16_t line) noexcept {
  sessions_[slot].pushing = false;
  SessionDetail& detail = *sessions_[slot].detail;
  if (!std::exchange(detail.was_away, true)) detail.system_seen = system_records_;
  feed(slot, line).need_image(wire::SnapshotReason::kWatch);
}

/// Asks for a snapshot, one at a time, and not before the session has read most of what it was given. An image of a whole
/// line is asked for together with all others who wait (ask_images); one of an agent is this session's own.
void FanoutReactor::ask_image(std::uint32_t slot, std::uint16_t line) {
  const Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  // What is held back leaves with the image: it must not stand in the image's way.
  if (detail.image_pending || session.stream.outbox_bytes() > config_.outbox_updates_bytes / 4)
    return;
  if (!std::exchange(detail.wants_image, true)) {  // it may wait for room first, but not for ever
    detail.asked = detail.found_no_room = false;
    detail.asked_at = now_;
    arm(slot, give_up_at(detail));
  }
  if (detail.mode == SessionMode::kAgent) {
    if (!shelf_.room_private()) {
      ++counters_.images_waited;
      return arm(slot, now_ + kRoomRetry);
    }
    Ask ask;
    ask.kind = AskKind::kSnapshot;
    ask.from = ref(slot);
    if (!push_control(lines_[line], std::move(ask))) return arm(slot, now_ + kRetry);
  } else {
    shelf_.wait(line, slot);
  }
  detail.image_pending = true;
  if (!feed(slot, line).live()) feed(slot, line).await_image();
  if (detail.mode == SessionMode::kAgent) line_asked(slot);  // else see ask_images
}

/// From here on the line has answer_timeout to answer; a question that is put again does not begin it anew.
void FanoutReactor::line_asked(std::uint32_t slot) noexcept {
  SessionDetail& detail = *sessions_[slot].detail;
  if (std::exchange(detail.asked, true)) return;
  detail.asked_at = now_;
  arm(slot, give_up_at(detail));
}

/// At the bound of all images: an image made for another will do for a session that comes for the first time, knows nothing
/// that might be newer, and finds what follows the image still well inside the log.
bool FanoutReactor::may_have_older(std::uint32_t slot, std::uint16_t line,
                                   const SnapshotImage& image) {
  const ring::EventLog& log = lines_[line].shared->log;
  return feed(slot, line).reason() == wire::SnapshotReason::kEntry &&
         sessions_[slot].detail->resume.empty() &&
         lines_[line].updates.read() - image.log_position <= log.capacity() / 2;
}

void FanoutReactor::begin_image(std::uint32_t slot, std::uint16_t line,
                                std::shared_ptr<const SnapshotImage> image, bool shared) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  CTI_CHECK(detail.image.image == nullptr);
  CTI_CHECK(image->log_position <= lines_[line].updates.read());
  if (shared) {
    shelf_.take(line, image);
  } else {
    shelf_.take_private(image->bytes.size());
  }
  detail.image = ImageRun{.image = std::move(image), .line = line};
  detail.image_shared = shared;
  detail.image_pending = true;
  detail.wants_image = false;
  detail.refresh = false;
  agents_.activate(slot);  // the image was made after everything that is known of its watches
  detail.image_since = now_;
  feed(slot, line).begin_image();
  session.unsettled = true;
  ++counters_.snapshots;
  arm(slot, now_ + config_.image_timeout);
  send_snapshot_mark(slot, line, true);
  enqueue(slot);
}

/// Moves records of the image into the outbox while there is room; for a session that gets everything, lets it send
/// the next run from the image itself.
void FanoutReactor::copy_image(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  ImageRun& run = detail.image;
  const Bytes image(run.image->bytes);
  const bool whole =
      detail.mode != SessionMode::kAgent && !channels_.at(feed(slot, run.line).channel()).filter;
  if (whole && (!session.stream.outbox_empty() || run.running())) return;
  std::size_t at = run.offset;
  while (at + wire::UpdateView::kFixedBytes <= image.size()) {
    const Bytes record = image.subspan(at, wire::frame_length(image.data() + at));
    if (whole) {
      if (at > run.offset && at + record.size() - run.offset > config_.send_bytes_max) break;
      ++run.records;
    } else {
      const auto update = wire::UpdateView::trusted(record);
      if (accepts(slot, run.line, update, true)) {
        if (!room_for(session, record.size()) || !append_update(slot, record)) break;
        ++run.records;
        note_agent(detail, update);
      }
      run.offset = static_cast<std::uint32_t>(at + record.size());
    }
    at += record.size();
  }
  if (whole && at > run.offset) {
    run.run_end = static_cast<std::uint32_t>(at);
    session.stream.begin_run(run);
  }
  if (run.offset + wire::UpdateView::kFixedBytes > image.size()) return end_image(slot);
  if (!whole && session.stream.outbox_empty())
    arm(slot, now_ + kRetry);  // the pool is empty, and no end of a send will come
}

void FanoutReactor::end_image(std::uint32_t slot) {
  const std::uint16_t line = sessions_[slot].detail->image.line;
  feed(slot, line).catch_up_from(sessions_[slot].detail->image.image->log_position);
  send_snapshot_mark(slot, line, false);
  if (sessions_[slot].state >= SessionState::kClosing) return;  // and its image with it
  drop_image(slot);
  catch_up(slot, line);
}

/// The session holds no image any more.
void FanoutReactor::drop_image(std::uint32_t slot) noexcept {
  SessionDetail& detail = *sessions_[slot].detail;
  if (detail.image.image == nullptr) return;
  if (detail.image_shared) {
    shelf_.give_back(detail.image.image);
  } else {
    shelf_.give_back_private(detail.image.image->bytes.size());
  }
  detail.image.drop();
  detail.image_pending = false;
}

// ---- towards live ----

/// Gives the session what the log has had since the snapshot, or since it left, through its filter.
void FanoutReactor::catch_up(std::uint32_t slot, std::uint16_t line) {
  Session& session = sessions_[slot];
  Feed& at = feed(slot, line);
  const LogFollower& from = lines_[line].updates;
  const bool whole = at.channel() != kNoChannel && !channels_.at(at.channel()).filter;
  if (whole) return go_live(slot, line);  // the log itself is its channel: any place in it will do
  std::size_t budget = config_.log_bytes_per_turn;
  bool room = true;
  while (at.cursor() < from.read() && budget > 0 && room) {
    const std::size_t want = std::min(config_.log_bytes_per_read, budget);
    const ring::EventLog& log = from.log();
    const ring::LogRead range = from.read() - at.cursor() <= want
                                    ? log.view(from.gate(), at.cursor(), from.read())
                                    : log.read(from.gate(), at.cursor(), want);
    if (range.status == ring::LogRead::Status::kLapped) return mark_lapped(slot, line);
    Bytes left = range.bytes;
    while (!left.empty() && room) {
      const Bytes record = left.first(wire::frame_length(left.data()));
      if (record.size() >= wire::UpdateView::kFixedBytes &&
          accepts(slot, line, wire::UpdateView::trusted(record), false)) {
        room = room_for(session, record.size()) && append_update(slot, record);
        if (!room) break;
      }
      left = left.subspan(record.size());
    }
    from.gate().leave(range.from);
    const ring::Position end = range.to - left.size();
    budget -= std::min<std::size_t>(budget, end - at.cursor());
    at.advance(end);
    session.stream.let_go(parts(slot));
  }
  if (at.cursor() == from.read()) return go_live(slot, line);
  if (room) return enqueue(slot);
  if (session.stream.outbox_empty())
    arm(slot, now_ + kRetry);  // else the end of the next send comes back here
}

void FanoutReactor::go_live(std::uint32_t slot, std::uint16_t line) {
  Session& session = sessions_[slot];
  Feed& at = feed(slot, line);
  if (session.detail->mode == SessionMode::kAgent) {
    at.go_live();
    session.pushing = true;
  } else {
    std::uint32_t member = 0;
    const ring::Position end = channels_.join(at.channel(), slot, member);
    at.go_live(member, channels_.at(at.channel()).filter ? end : at.cursor());
  }
  session.stream.let_go(parts(slot));
}

void FanoutReactor::leave_channel(std::uint32_t slot, std::uint16_t line) noexcept {
  Feed& at = feed(slot, line);
  if (!at.in_channel()) return;
  const std::uint32_t member = at.member();
  at.leave_channel();
  channels_.leave(at.channel(), member,
                  [&](std::uint32_t moved) { feed(moved, line).move(member); });
}

/// All lines live: the mode stands.
void FanoutReactor::settle(std::uint32_t slot) {
  Session& session = sessions_[slot];
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    if (feed(slot, line).on_the_way()) return;
  }
  SessionDetail& detail = *session.detail;
  session.unsettled = detail.paused || detail.refresh || detail.statistics != 0;
  if (session.state == SessionState::kSubscribing) {
    session.state = SessionState::kEstablished;
    ++counters_.established;
    audit(slot, "session has its mode");
    return send_mode_event(slot);
  }
  // System records of other lines were not pushed meanwhile: say how things stand.
  const bool lapped = std::exchange(detail.was_lapped, false);
  const bool away = std::exchange(detail.was_away, false);
  const bool missed = lapped || (away && detail.system_seen != system_records_);
  if (missed && lines_.size() > 1 && detail.mode == SessionMode::kAgent) send_status(slot);
}

}  // namespace cti::broker
