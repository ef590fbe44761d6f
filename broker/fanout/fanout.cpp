// fanout.cpp - the turn of a fan-out reactor: who is looked at when, sessions that begin, what they are sent.
#include "broker/fanout/fanout.hpp"

#include "core/base/preempt.hpp"
#include "core/base/set_aside.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cti::broker {

namespace {

/// One place for each connection that the Io may have. Twice as many beside: those in use leave as many kept, and take no
/// place from a session.
std::uint32_t slots(const FanoutConfig& config) {
  return config.sessions_max + config.refusals_max + 2 * config.connections_beside;
}

std::uint32_t pool_blocks(const FanoutConfig& config) {
  return static_cast<std::uint32_t>(config.outbox_pool_bytes / Block::kBytes);
}

}  // namespace

core::IoLimits FanoutReactor::io_limits(const FanoutConfig& config) {
  core::IoLimits limits;
  limits.connections_max = slots(config);
  limits.kept_for_connects = config.connections_beside;
  limits.completions_per_turn = config.completions_per_turn;
  return limits;
}

FanoutReactor::FanoutReactor(const FanoutConfig& config, core::Io& io, FanoutShared& shared,
                             std::vector<LineShared*> lines, Admission& admission, Say say)
    : config_(config),
      io_(io),
      shared_(shared),
      admission_(admission),
      say_(std::move(say)),
      sessions_(slots(config)),
      feeds_(sessions_.size() * lines.size()),
      pool_(set_aside("unread bytes of sessions: sessions.unread_pool_mib",
                      [&] { return BlockPool(pool_blocks(config)); })),
      channels_(lines.size(), config.channels_max, config.channel_bytes, config.filter_cost_max),
      shelf_(lines.size(), static_cast<std::uint32_t>(sessions_.size()), config.images_bytes_max),
      agents_(static_cast<std::uint32_t>(sessions_.size()),
              static_cast<std::uint32_t>(lines.size() * limits::kWatchesMax)),
      timers_(static_cast<std::uint32_t>(sessions_.size()), io.now()),
      completions_(config.completions_per_turn),
      scratch_(wire::limits::kFrameBytesMax) {
  CTI_CHECK(!lines.empty());
  ConfigMistakes mistakes;
  check(config_, mistakes);
  CTI_CHECK(mistakes.empty());
  now_ = turned_at_ = io.now();
  lines_.reserve(lines.size());
  for (LineShared* line : lines) {
    const auto index = static_cast<std::uint16_t>(lines_.size());
    ring::LogGate& gate = line->log.gate(shared.index);
    AskLane& lane = line->asks.lane(shared.index);
    lane.open(sessions_.size());
    lines_.push_back(
        Line{line, &lane, LogFollower(line->log, gate, config_.backpressure),
             LogFollower(*line->side, line->side->gate(shared.index), config_.backpressure)});
    channels_.set_line(index, line->log, gate);
    channels_.set_read(index, lines_.back().updates.read());
    lines_.back().newest = line->start.sequence;
  }
  queue_.reserve(sessions_.size());
  serving_.reserve(sessions_.size());
  forfeited_.reserve(sessions_.size());
}

FanoutReactor::~FanoutReactor() {
  // acquire <- the release in reconfigure.
  delete wish_config_.exchange(nullptr, std::memory_order_acquire);
}

Result<void, core::IoError> FanoutReactor::listen(const core::Endpoint& at) {
  auto listener = io_.listen(at);
  if (!listener.ok()) return Err{listener.error()};
  listeners_.push_back(*listener);
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
    const Line& line = lines_[i];
    if (!line.updates.at_end()) return false;
    // What is not due yet comes with a publication of the updates, and that with a bell.
    if (shared_.tells[i]->due(line.updates.read())) return false;
    if (!line.side.at_end() && line.side_after <= line.updates.read()) return false;
  }
  return true;
}

/// Until when the next wait may sleep.
TimePoint FanoutReactor::before_wait(TimePoint deadline) noexcept {
  if (now_ < gather_until_) {
    // Not announced: whatever the lines publish meanwhile is found when the time is up, and they save the bell.
    if (!queue_.empty()) return wish_ = TimePoint{};
    wish_ = on_the_clock(std::min({timers_.next(), gather_until_, retry_at_}));
    return std::min(deadline, wish_);
  }
  // Who will not sleep does not say so: a bell is a system call of the line's.
  wish_ = TimePoint{};
  if (deadline <= turned_at_ || !nothing_to_do()) return TimePoint{};
  may_be_preempted();
  shared_.bell.announce();
  may_be_preempted();
  if (!nothing_to_do()) {
    shared_.bell.awake();
    return TimePoint{};
  }
  wish_ = on_the_clock(std::min(timers_.next(), retry_at_));
  return std::min(deadline, wish_);
}

/// Reads the clock once a turn. A turn that comes much later than it was wanted was not late because of anybody outside:
/// that time does not count (P11). Nobody knows when in its sleep the reactor was stopped, so all of it is left out; of a
/// turn that was busy, what goes beyond kLate.
void FanoutReactor::look_at_clock() noexcept {
  const TimePoint real = io_.now();
  const bool slept = wish_ > turned_at_;
  const TimePoint due = slept ? wish_ : turned_at_;
  if (due != kNever && real - due > kLate) [[unlikely]] {
    lost_ += slept ? real - turned_at_ : real - due - kLate;
    ++stops_;
    ++counters_.late_turns;
  }
  // The kernel's Io leaves a stop out of its own clock, and says how often it has.
  const std::uint64_t left_out = io_.counters().stops;
  if (std::exchange(left_out_, left_out) != left_out) [[unlikely]] {
    ++stops_;
    ++counters_.late_turns;
  }
  turned_at_ = real;
  now_ = {real.since_start - lost_};
}

std::uint32_t FanoutReactor::turn(TimePoint deadline) {
  const TimePoint until = before_wait(deadline);
  const std::size_t count = io_.wait(completions_, until);
  after_wait({completions_.data(), count});
  return static_cast<std::uint32_t>(count) + work();
}

void FanoutReactor::after_wait(std::span<const core::Completion> completions) {
  shared_.bell.awake();
  look_at_clock();
  for (const core::Completion& completion : completions) {
    guarded(completion.connection.slot, [&] { complete(completion); });
  }
}

std::uint32_t FanoutReactor::work() {
  if (marks_ > 0 && mark_sent_) end_samples();
  // relaxed: see request_stop.
  if (!stopping_ && stop_requested_.load(std::memory_order_relaxed)) stop();
  // relaxed: only a look; take_wish has the edge.
  if (wish_config_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    take_wish();
  if (shared_.trace.on() != tracing_) [[unlikely]]
    begin_or_end_trace();
  std::uint32_t done = 0;
  follow_lines(done);
  done += timers_.fire(now_, config_.timers_per_turn, [this](std::uint64_t cookie) {
    const auto slot = static_cast<std::uint32_t>(cookie);
    sessions_[slot].detail->timer = {};
    guarded(slot, [&] { on_timer(slot); });
  });
  end_forfeited();
  done += serve_channels();
  done += serve_queued();
  end_turn();
  return done;
}

void FanoutReactor::stop() {
  stopping_ = true;
  for (const core::ListenerId listener : listeners_) io_.unlisten(listener);
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    if (sessions_[slot].state == SessionState::kFree) continue;
    close(slot, wire::CloseReason::kServerStopping, "the server is going down");
  }
}

void FanoutReactor::end_turn() {
  if (now_ >= retry_at_) retry_at_ = kNever;
  if (marked_) begin_samples();
  ask_images();
  end_forfeited();
  for (Line& line : lines_) {
    if (!std::exchange(line.asked, false)) continue;
    may_be_preempted();
    line.shared->wake();
  }
  counters_.sessions = open_sessions_;
  counters_.monitors = monitors_;
  counters_.agents = agents_.sessions();
  counters_.channels = channels_.in_use();
  counters_.watches = agents_.watches();
  counters_.records_copied = channels_.copied_records();
  counters_.channel_waits = channels_.waits();
  counters_.pool_blocks = pool_.used();
  counters_.pool_blocks_highest = pool_.highest_used();
  counters_.images_bytes = shelf_.bytes();
  counters_.images_bytes_highest = shelf_.bytes_highest();
  if (now_ - published_at_ < Millis{100}) return;
  look_at_accepting();
  published_at_ = now_;
  published_.write(counters_);
}

/// An allocation has failed: the session that it was for ends, not the process (M3, M12).
void FanoutReactor::out_of_memory(std::uint32_t slot) noexcept {
  ++counters_.out_of_memory;
  if (slot >= sessions_.size()) return;
  if (sessions_[slot].detail) return abandon(slot, core::CloseHow::kReset);
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
      session.stream.writable();
      return enqueue(slot);
    case core::IoEvent::kClosed:
      return closed(slot, completion.error);
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
  CTI_CHECK(session.detail == nullptr);
  ++counters_.accepted;
  std::unique_ptr<SessionDetail> made;
  try {
    made = std::make_unique<SessionDetail>();  // first: when it throws, nothing has changed
    made->shares.resize(lines_.size());
  } catch (const std::bad_alloc&) {
    ++counters_.out_of_memory;
    ++counters_.dropped_full;
    return io_.close(completion.connection, core::CloseHow::kReset);
  }
  ++open_sessions_;
  const bool queued = session.queued;  // the slot may still stand in line, from the one before
  session = Session{};
  session.queued = queued;
  session.state = SessionState::kOpening;
  session.generation = completion.connection.generation;
  session.detail = std::move(made);
  SessionDetail& detail = *session.detail;
  detail.connection = completion.connection;
  detail.address = completion.peer_address;
  detail.opened = detail.last_heard = detail.tokens_at = now_;
  detail.tokens = config_.requests_burst;
  detail.stops_seen = stops_;
  for (std::size_t line = 0; line < lines_.size(); ++line)
    feed(slot, static_cast<std::uint16_t>(line)) = Feed{};
  if (stopping_) return close(slot, wire::CloseReason::kServerStopping, "the server is going down");
  const Admitted admitted = admission_.enter(detail.address);
  detail.admitted = admitted == Admitted::kYes;
  if (detail.admitted) return schedule(slot);
  detail.turned_away = true;
  ++refusals_;
  const bool full = admitted == Admitted::kFull;
  const bool no_memory = admitted == Admitted::kNoMemory;
  ++(no_memory ? counters_.refused_memory
     : full    ? counters_.refused_full
               : counters_.refused_address);
  if (refusals_ > config_.refusals_max) {
    ++counters_.dropped_full;
    return abandon(slot, core::CloseHow::kReset);
  }
  if (no_memory)
    return close(slot, wire::CloseReason::kOutOfResources, "the server is short of memory");
  close(slot, wire::CloseReason::kTooManySessions,
        full ? "the server has as many sessions as it may"
             : "this address has as many sessions as it may",
        full ? config_.sessions_max : admission_.limit_of(detail.address));
}

// ---- what goes out ----

void FanoutReactor::enqueue(std::uint32_t slot) noexcept {
  Session& session = sessions_[slot];
  if (session.queued) return;
  session.queued = true;
  CTI_CHECK(queue_.size() < queue_.capacity());
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
      if (sessions_[slot].stream.can_send()) {
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
  if (!session.stream.can_send()) return;
  if (session.unsettled) {
    guarded(slot, [&] { progress(slot); });
    if (session.state == SessionState::kClosed) return;
  }
  const Stream::Step step = session.stream.next(parts(slot), config_.send_bytes_max);
  switch (step.next) {
    case Stream::Next::kSend:
      ++counters_.sends;
      if (tracing_) [[unlikely]]
        session.detail->sending = step.bytes;
      io_.send({slot, session.generation}, step.bytes);
      return;
    case Stream::Next::kLapped:
      return shed(slot, step.line, "has been overtaken by the ring of its channel");
    case Stream::Next::kNothing:
      if (session.state == SessionState::kClosing) abandon(slot, core::CloseHow::kOrderly);
      return;
  }
}

void FanoutReactor::sent(std::uint32_t slot, std::uint32_t bytes) {
  Session& session = sessions_[slot];
  if (session.stream.source() == SendSource::kNone) return;
  counters_.bytes_sent += bytes;
  mark_sent_ = true;
  if (tracing_) [[unlikely]]
    trace_sent(slot, bytes);
  const std::uint32_t kept = session.stream.bytes();
  // The rest of a record that a full socket cut is kept: room for it is found as for all that is kept.
  if (const std::size_t rest = session.stream.left_of_record(parts(slot), bytes))
    make_room(slot, rest);
  switch (session.stream.sent(parts(slot), bytes)) {
    case Stream::Sent::kAll:
      return enqueue(slot);
    case Stream::Sent::kShort:
      ++counters_.sends_short;
      if (session.stream.bytes() > kept) ++counters_.residues;
      session.detail->blocked_since = now_;
      return arm(slot, now_ + config_.stall_timeout);
    case Stream::Sent::kNoRoom:
      ++counters_.pool_empty;
      ++counters_.cut_slow;
      return abandon(slot, core::CloseHow::kReset);
  }
}

}  // namespace cti::broker
