#include "broker/fanout/fanout.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cti::broker {

namespace {

std::uint32_t pool_blocks(const FanoutConfig& config) {
  return static_cast<std::uint32_t>(config.outbox_pool_bytes / Block::kBytes);
}

}  // namespace

core::IoLimits FanoutReactor::io_limits(const FanoutConfig& config) {
  core::IoLimits limits;
  limits.connections_max = config.sessions_max + config.refusals_max;
  limits.completions_per_turn = config.completions_per_turn;
  return limits;
}

FanoutReactor::FanoutReactor(const FanoutConfig& config, core::Io& io, FanoutShared& shared,
                             std::vector<LineShared*> lines, Admission& admission, FanoutNote note)
    : config_(config),
      io_(io),
      shared_(shared),
      admission_(admission),
      note_(std::move(note)),
      sessions_(config.sessions_max + config.refusals_max),
      feeds_(sessions_.size() * lines.size()),
      pool_(pool_blocks(config)),
      channels_(lines.size(), config.channels_max, config.channel_bytes, config.filter_cost_max),
      agents_(static_cast<std::uint32_t>(sessions_.size())),
      timers_(static_cast<std::uint32_t>(sessions_.size()), io.now()),
      completions_(config.completions_per_turn),
      scratch_(wire::limits::kFrameBytesMax) {
  CTI_CHECK(!lines.empty());
  lines_.reserve(lines.size());
  for (LineShared* line : lines) {
    ring::LogGate& gate = line->log.gate(shared.index);
    AskLane& lane = line->asks.lane(shared.index);
    lane.open(sessions_.size());
    lines_.push_back(Line{line, &gate, &lane, line->log.tail()});
    const auto index = static_cast<std::uint16_t>(lines_.size() - 1);
    channels_.set_line(index, line->log, gate);
    channels_.set_read(index, lines_.back().read);
    hold(lines_.back());
  }
  queue_.reserve(sessions_.size());
  serving_.reserve(sessions_.size());
}

FanoutReactor::~FanoutReactor() {
  for (Line& line : lines_) {
    if (line.held != ring::kNoHold) line.gate->leave(line.held);
  }
}

Result<void, core::IoError> FanoutReactor::listen(const core::Endpoint& at) {
  auto listener = io_.listen(at);
  if (!listener.ok()) return Err{listener.error()};
  listener_ = *listener;
  return {};
}

void FanoutReactor::request_stop() noexcept {
  // relaxed: the wake below makes the reactor look; nothing else is published with it.
  stop_requested_.store(true, std::memory_order_relaxed);
  io_.wake();
}

/// The last look before sleeping.
bool FanoutReactor::nothing_to_do() noexcept {
  if (!queue_.empty()) return false;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].shared->log.tail() != lines_[i].read) return false;
    // One that is not due yet comes with a publication, and that with a bell.
    if (shared_.tells[i]->due(lines_[i].read)) return false;
  }
  return true;
}

/// Until when the next wait may sleep.
TimePoint FanoutReactor::announce_sleep(TimePoint deadline) noexcept {
  if (now_ < gather_until_) {
    // Not announced: whatever the lines publish meanwhile is found when the time is up, and they save the bell.
    if (!queue_.empty()) return TimePoint{};
    return std::min({deadline, timers_.next(), gather_until_});
  }
  shared_.bell.announce();
  return nothing_to_do() ? std::min(deadline, timers_.next()) : TimePoint{};
}

/// A record after silence leaves at once. While they keep coming, what comes within `gather` leaves together. Where that is
/// a single one time after time, as when each is said in answer to the one before, kTurnsAlone turns are not held.
void FanoutReactor::follow_lines(std::uint32_t& work) {
  for (Line& line : lines_) work += take_tells(line);
  if (now_ < gather_until_) return;
  std::uint32_t records = 0;
  for (Line& line : lines_) records += follow(line, line.shared->log.tail());
  work += records;
  if (records == 0) return;
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

std::uint32_t FanoutReactor::turn(TimePoint deadline) {
  deadline = announce_sleep(deadline);
  const std::size_t count = io_.wait(completions_, deadline);
  shared_.bell.awake();
  now_ = io_.now();
  for (std::size_t i = 0; i < count; ++i) complete_safely(completions_[i]);
  // relaxed: see request_stop.
  if (!stopping_ && stop_requested_.load(std::memory_order_relaxed)) stop();
  auto work = static_cast<std::uint32_t>(count);
  follow_lines(work);
  work += timers_.fire(now_, config_.timers_per_turn, [this](std::uint64_t cookie) {
    const auto slot = static_cast<std::uint32_t>(cookie);
    sessions_[slot].detail->timer = {};
    on_timer(slot);
  });
  work += serve_channels();
  work += serve_queued();
  end_turn();
  return work;
}

void FanoutReactor::stop() {
  stopping_ = true;
  if (listener_) io_.unlisten(listener_);
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    if (sessions_[slot].state == SessionState::kFree) continue;
    close(slot, wire::CloseReason::kServerStopping, "the server is going down");
  }
}

void FanoutReactor::end_turn() {
  for (Line& line : lines_) {
    if (std::exchange(line.asked, false)) line.shared->wake();
  }
  counters_.sessions = open_sessions_;
  counters_.monitors = monitors_;
  counters_.channels = channels_.in_use();
  counters_.records_copied = channels_.copied_records();
  counters_.channel_waits = channels_.waits();
  counters_.pool_blocks = pool_.used();
  counters_.pool_blocks_highest = pool_.highest_used();
  if (now_ - published_at_ < Millis{100}) return;
  published_at_ = now_;
  published_.write(counters_);
}

/// An allocation that fails ends the session that it was for, not the process (M3).
void FanoutReactor::complete_safely(const core::Completion& completion) {
  try {
    complete(completion);
  } catch (const std::bad_alloc&) {
    ++counters_.out_of_memory;
    const std::uint32_t slot = find(completion.connection);
    if (slot == AgentIndex::kNone) {
      io_.close(completion.connection, core::CloseHow::kReset);
    } else if (sessions_[slot].detail) {
      abandon(slot, core::CloseHow::kReset);
    }
  }
}

void FanoutReactor::complete(const core::Completion& completion) {
  if (completion.event == core::IoEvent::kAccepted) return accept(completion);
  if (completion.event == core::IoEvent::kWoken) return;
  const std::uint32_t slot = find(completion.connection);
  if (slot == AgentIndex::kNone) return;
  Session& session = sessions_[slot];
  switch (completion.event) {
    case core::IoEvent::kReceived:
      return received(slot, completion.bytes);
    case core::IoEvent::kSent:
      return sent(slot, completion.sent);
    case core::IoEvent::kWritable:
      session.blocked = false;
      return enqueue(slot);
    case core::IoEvent::kClosed:
      return closed(slot);
    default:
      return;
  }
}

std::uint32_t FanoutReactor::find(core::ConnectionId id) const noexcept {
  if (id.slot >= sessions_.size()) return AgentIndex::kNone;
  const Session& session = sessions_[id.slot];
  const bool known = session.state != SessionState::kFree && session.generation == id.generation;
  return known ? id.slot : AgentIndex::kNone;
}

void FanoutReactor::accept(const core::Completion& completion) {
  const std::uint32_t slot = completion.connection.slot;
  CTI_CHECK(slot < sessions_.size());
  Session& session = sessions_[slot];
  CTI_CHECK(session.state == SessionState::kFree);
  auto made = std::make_unique<SessionDetail>();  // first: when it throws, nothing has changed
  made->shares.resize(lines_.size());
  ++counters_.accepted;
  ++open_sessions_;
  session = Session{};
  session.state = SessionState::kOpening;
  session.generation = completion.connection.generation;
  session.detail = std::move(made);
  SessionDetail& detail = *session.detail;
  detail.connection = completion.connection;
  detail.address = completion.peer_address;
  detail.opened = detail.last_heard = detail.tokens_at = now_;
  detail.tokens = config_.requests_burst;
  for (std::size_t line = 0; line < lines_.size(); ++line)
    feed(slot, static_cast<std::uint16_t>(line)) = Feed{};
  if (stopping_) return close(slot, wire::CloseReason::kServerStopping, "the server is going down");
  const Admitted admitted = admission_.enter(detail.address);
  detail.admitted = admitted == Admitted::kYes;
  if (detail.admitted) return schedule(slot);
  ++refusals_;
  const bool full = admitted == Admitted::kFull;
  ++(full ? counters_.refused_full : counters_.refused_address);
  if (refusals_ > config_.refusals_max) {
    ++counters_.dropped_full;
    return abandon(slot, core::CloseHow::kReset);
  }
  close(slot, wire::CloseReason::kTooManySessions,
        full ? "the server has as many sessions as it may"
             : "this address has as many sessions as it may",
        full ? config_.sessions_max : config_.sessions_per_address_max);
}

// ---- what comes from the lines ----

std::uint32_t FanoutReactor::take_tells(Line& line) {
  const auto follow_to = [&](ring::Position after) {
    if (line.read < after) follow(line, std::min(after, line.shared->log.tail()));
    return line.read;
  };
  const std::size_t count = shared_.tells[line.shared->index]->take_due(
      config_.tells_per_turn, follow_to, [&](Tell&& tell) { take_tell(line, std::move(tell)); });
  return static_cast<std::uint32_t>(count);
}

std::uint32_t FanoutReactor::follow(Line& line, ring::Position limit) {
  const ring::EventLog& log = line.shared->log;
  const std::uint16_t index = line.shared->index;
  std::uint32_t records = 0;
  std::size_t budget = config_.log_bytes_per_turn;
  bool taken = true;
  while (line.read < limit && budget > 0 && taken) {
    const std::size_t want = std::min(config_.log_bytes_per_read, budget);
    const ring::LogRead range = limit - line.read <= want ? log.view(*line.gate, line.read, limit)
                                                          : log.read(*line.gate, line.read, want);
    if (range.status == ring::LogRead::Status::kLapped) {
      all_lapped(line);
      return records + 1;
    }
    Bytes left = range.bytes;
    while (!left.empty()) {
      const Bytes record = left.first(wire::frame_length(left.data()));
      __builtin_prefetch(record.data() + record.size() + 64);
      taken = distribute(line, record);
      if (!taken) break;
      left = left.subspan(record.size());
      ++records;
    }
    line.gate->leave(range.from);
    const ring::Position end = range.to - left.size();
    budget -= std::min<std::size_t>(budget, end - line.read);
    line.read = end;
    channels_.publish(index);
    channels_.set_read(index, end);
  }
  counters_.records_followed += records;
  if (records > 0) hold(line);
  return records;
}

/// Keeps the line from overwriting what has not been followed yet, if so configured.
void FanoutReactor::hold(Line& line) {
  if (!config_.backpressure || line.held == line.read) return;
  const ring::Position before = std::exchange(line.held, line.read);
  if (!line.gate->enter(line.read)) line.held = ring::kNoHold;
  if (before != ring::kNoHold) line.gate->leave(before);
}

/// Gives one record to whoever wants it. False: a channel has no room now; nothing has been given to anybody.
bool FanoutReactor::distribute(Line& line, Bytes record) {
  if (record.size() < wire::UpdateView::kFixedBytes) [[unlikely]] {
    ++counters_.records_malformed;
    return true;
  }
  const auto update = wire::UpdateView::trusted(record);
  if (!channels_.offer(line.shared->index, update, record)) return false;
  if (update.agent_key() != 0) push_agent(update, record);
  if ((update.topics() & wire::topic::kSystem) != 0) push_system(record);
  return true;
}

void FanoutReactor::push_agent(const wire::UpdateView& update, Bytes record) {
  if ((update.topics() & wire::topic::kSystem) != 0) return;  // goes to everybody
  agents_.for_each(update.agent_key(), [&](std::uint32_t slot) { push(slot, record); });
}

void FanoutReactor::push_system(Bytes record) {
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) push(slot, record);
}

void FanoutReactor::push(std::uint32_t slot, Bytes record) {
  Session& session = sessions_[slot];
  if (!session.pushing) return;
  const bool room = room_for(session, record.size());
  if (room && session.outbox.append(pool_, record)) [[likely]] {
    ++counters_.records_pushed;
    return enqueue(slot);
  }
  if (room) ++counters_.pool_empty;
  shed(slot, session.detail->agent_line, "does not take its updates as fast as they come");
}

/// The log has passed this reactor: whoever listened live has missed something.
void FanoutReactor::all_lapped(Line& line) {
  ++counters_.reactor_lapped;
  line.read = line.shared->log.tail();
  const std::uint16_t index = line.shared->index;
  channels_.set_read(index, line.read);
  hold(line);
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    if (sessions_[slot].state == SessionState::kFree) continue;
    if (feed(slot, index).state == FeedState::kLive) mark_lapped(slot, index);
  }
  if (note_)
    note_(true,
          "fan-out: the log of a line has overtaken the reactor; its sessions get a snapshot");
}

/// The session is behind by more than it may be: by policy it is cut, or gets a snapshot in place of what it missed.
void FanoutReactor::shed(std::uint32_t slot, std::uint16_t line, std::string_view why) {
  if (config_.slow_policy == SlowPolicy::kSnapshot) return mark_lapped(slot, line);
  ++counters_.cut_slow;
  close(slot, wire::CloseReason::kTooSlow, why, config_.outbox_updates_bytes);
}

void FanoutReactor::mark_lapped(std::uint32_t slot, std::uint16_t line) {
  Session& session = sessions_[slot];
  leave_channel(slot, line);
  session.pushing = false;
  session.unsettled = true;
  ++session.detail->lapped;
  ++counters_.lapped;
  Feed& at = feed(slot, line);
  at.state = FeedState::kNeedImage;
  at.reason = static_cast<std::uint8_t>(wire::SnapshotReason::kLapped);
  enqueue(slot);
}

// ---- what goes out ----

void FanoutReactor::enqueue(std::uint32_t slot) {
  Session& session = sessions_[slot];
  if (session.queued) return;
  session.queued = true;
  queue_.push_back(slot);
}

/// Gives every listener of a channel that has grown the chance to send.
std::uint32_t FanoutReactor::serve_channels() {
  std::uint32_t work = 0;
  for (std::uint16_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_.at(i);
    const ring::Position end = channels_.end(channel);
    if (channel.members.empty() || channel.shown == end) continue;
    channel.shown = end;
    for (std::size_t at = 0; at < channel.members.size();) {
      const std::uint32_t slot = channel.members[at];
      if (sessions_[slot].can_send()) {
        serve(slot);
        ++work;
      }
      // A listener that was lapped has left, and another one has come to its place.
      if (at < channel.members.size() && channel.members[at] == slot) ++at;
    }
  }
  return work;
}

std::uint32_t FanoutReactor::serve_queued() {
  serving_.swap(queue_);
  for (const std::uint32_t slot : serving_) {
    sessions_[slot].queued = false;
    serve(slot);
  }
  const auto work = static_cast<std::uint32_t>(serving_.size());
  serving_.clear();
  return work;
}

/// Starts the session's next send, if it may and has something.
void FanoutReactor::serve(std::uint32_t slot) {
  Session& session = sessions_[slot];
  if (session.state == SessionState::kFree || session.state == SessionState::kClosed) return;
  if (!session.can_send()) return;
  if (session.unsettled) {
    progress(slot);
    if (session.state == SessionState::kClosed) return;
  }
  if (send_image(slot) || send_outbox(slot) || send_channel(slot)) return;
  if (session.state == SessionState::kClosing) abandon(slot, core::CloseHow::kOrderly);
}

bool FanoutReactor::send_image(std::uint32_t slot) {
  const SessionDetail& detail = *sessions_[slot].detail;
  if (!detail.image || detail.image_offset >= detail.image_run_end) return false;
  const Bytes image(detail.image->bytes);
  start_send(slot, SendSource::kImage,
             image.subspan(detail.image_offset, detail.image_run_end - detail.image_offset));
  return true;
}

bool FanoutReactor::send_outbox(std::uint32_t slot) {
  Session& session = sessions_[slot];
  if (session.outbox.empty()) return false;
  const Barrier barrier = session.outbox.front_barrier(pool_);
  if (barrier.position > 0) {
    const Feed& at = feed(slot, static_cast<std::uint16_t>(barrier.line));
    if (at.state == FeedState::kLive && at.cursor < barrier.position)
      return false;  // updates come first
  }
  start_send(slot, SendSource::kOutbox, session.outbox.front(pool_));
  return true;
}

bool FanoutReactor::send_channel(std::uint32_t slot) {
  Session& session = sessions_[slot];
  for (std::size_t turn = 1; turn <= lines_.size(); ++turn) {
    const auto line = static_cast<std::uint16_t>((session.send_line + turn) % lines_.size());
    Feed& at = feed(slot, line);
    if (at.state != FeedState::kLive || at.channel == kNoChannel) continue;
    Channel& channel = channels_.at(at.channel);
    ring::Position end = channels_.end(channel);
    if (!session.outbox.empty()) {
      const Barrier barrier = session.outbox.front_barrier(pool_);
      if (barrier.position > 0 && barrier.line == line) end = std::min(end, barrier.position);
    }
    if (at.cursor >= end) continue;
    const ring::LogRead range =
        end - at.cursor <= config_.send_bytes_max
            ? channel.log->view(*channel.gate, at.cursor, end)
            : channel.log->read(*channel.gate, at.cursor, config_.send_bytes_max);
    if (range.status == ring::LogRead::Status::kLapped) {
      shed(slot, line, "has been overtaken by the ring of its channel");
      return true;
    }
    session.send_line = line;
    session.send_from = range.from;
    start_send(slot, SendSource::kChannel, range.bytes);
    return true;
  }
  return false;
}

void FanoutReactor::start_send(std::uint32_t slot, SendSource source, Bytes bytes) {
  Session& session = sessions_[slot];
  session.source = source;
  session.send_bytes = static_cast<std::uint32_t>(bytes.size());
  ++counters_.sends;
  io_.send({slot, session.generation}, bytes);
}

void FanoutReactor::sent(std::uint32_t slot, std::uint32_t bytes) {
  Session& session = sessions_[slot];
  if (session.source == SendSource::kNone) return;
  const bool all = bytes == session.send_bytes;
  counters_.bytes_sent += bytes;
  switch (std::exchange(session.source, SendSource::kNone)) {
    case SendSource::kOutbox:
      session.outbox.consume(pool_, bytes);
      break;
    case SendSource::kImage:
      session.detail->image_offset += bytes;
      break;
    case SendSource::kChannel:
      channel_sent(slot, bytes);
      break;
    case SendSource::kNone:
      break;
  }
  if (all) return enqueue(slot);
  ++counters_.sends_short;
  session.blocked = true;
}

/// Moves the cursor behind what was sent. A record cut by a full socket is completed from a copy: by the time the
/// socket has room again the ring may have moved on.
void FanoutReactor::channel_sent(std::uint32_t slot, std::uint32_t bytes) {
  Session& session = sessions_[slot];
  Feed& at = feed(slot, session.send_line);
  Channel& channel = channels_.at(at.channel);
  const ring::Position from = session.send_from;
  ring::Position cursor = from + bytes;
  if (bytes < session.send_bytes) {
    // Still held since the send was started.
    const ring::LogRead range = channel.log->view(*channel.gate, from, from + session.send_bytes);
    CTI_CHECK(range.status == ring::LogRead::Status::kRange);
    std::size_t record = 0;
    while (record < bytes) record += wire::frame_length(range.bytes.data() + record);
    cursor = from + record;
    if (record > bytes) {
      ++counters_.residues;
      if (!session.outbox.prepend(pool_, range.bytes.subspan(bytes, record - bytes))) {
        ++counters_.pool_empty;
        ++counters_.cut_slow;
        abandon(slot, core::CloseHow::kReset);
      }
    }
    channel.gate->leave(from);
  }
  channel.gate->leave(from);
  at.cursor = cursor;
}

}  // namespace cti::broker
