// session_peer.hpp - one end of the session protocol on the simulated network: says what it is told to, and holds all that
// comes back against what a server may say, however badly this end behaves.
//
// Holds    frames are whole and well-formed; the first is a Welcome or a Close, nothing comes behind a Close; updates of a log
//          rise, and go on behind the last snapshot; records of a snapshot come between its begin and its end, as many as
//          it says; no more replies to a request than times it was asked, no heartbeat answered that was not sent. One that
//          folds (honest: it is sent everything) has no gap either.
// Threads  one; an actor of the world.
#pragma once

#include "core/io.hpp"
#include "tests/fuzz/found.hpp"
#include "wire/object_table.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cti::fuzz {

class SessionPeer {
 public:
  SessionPeer(std::unique_ptr<core::Io> io, core::Endpoint server, bool folds)
      : io_(std::move(io)), server_(std::move(server)), folds_(folds) {}

  // ---- what it does ----
  void connect() {
    if (connection_) return;
    forget();
    connection_ = io_->connect(server_);
  }
  void hang_up(core::CloseHow how) {
    if (connection_) io_->close(connection_, how);
  }
  void set_reading(bool on) {
    if (connection_) io_->set_receiving(connection_, on);
  }
  void send(Bytes bytes) {
    if (!connection_ || unsent_.size() > 256 * 1024) return;
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    flush();
  }
  void ask(std::uint64_t id) {
    if (connection_) ++asked_[id];
  }
  void beat() { ++beats_; }

  std::uint32_t turn(TimePoint deadline) {
    std::array<core::Completion, 16> done;
    const std::size_t count = io_->wait(done, deadline);
    for (std::size_t i = 0; i < count; ++i) take(done[i]);
    return static_cast<std::uint32_t>(count);
  }

  // ---- what it has met ----
  bool open() const { return static_cast<bool>(connection_); }
  bool welcomed() const { return open() && state_ == State::kOpen; }
  std::optional<wire::CloseReason> closed_for;
  bool answers_heartbeats = true;
  bool counts = true;  ///< off: it has sent bytes that nobody has looked at
  std::uint64_t updates = 0;
  std::uint64_t snapshots = 0;
  std::optional<wire::Position> seen;  ///< the last of the log
  std::map<std::uint64_t, int>& asked() { return asked_; }
  const wire::ObjectTable& objects() const { return objects_; }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kClosed };

  void forget() {
    cutter_ = wire::SessionFrameCutter(wire::limits::kFrameBytesMax);
    unsent_.clear();
    in_flight_.clear();
    sending_ = full_ = connected_ = false;
    state_ = State::kNew;
    in_snapshot_ = false;
    last_ = 0;
    beats_ = 0;
    asked_.clear();
    counts = true;
  }

  void take(const core::Completion& completion) {
    if (completion.connection != connection_) return;
    switch (completion.event) {
      case core::IoEvent::kConnected:
        connected_ = true;
        return flush();
      case core::IoEvent::kReceived:
        if (!cutter_.feed(completion.bytes, [this](Bytes frame) { take_frame(frame); }))
          found("a server sends what is no frame");
        return;
      case core::IoEvent::kSent:
        sending_ = false;
        full_ = completion.sent < in_flight_.size();
        in_flight_.erase(in_flight_.begin(), in_flight_.begin() + completion.sent);
        return flush();
      case core::IoEvent::kWritable:
        full_ = false;
        return flush();
      case core::IoEvent::kClosed:
        connection_ = {};
        return;
      default:
        return;
    }
  }

  void flush() {
    if (!connected_ || sending_ || full_) return;
    if (in_flight_.empty()) in_flight_.swap(unsent_);
    if (in_flight_.empty()) return;
    sending_ = true;
    io_->send(connection_, in_flight_);
  }

  template <class View>
  static View whole(Bytes frame) {
    const auto view = View::check(frame);
    if (!view) found("a server sends a broken frame", describe(view.error()));
    return *view;
  }

  void take_frame(Bytes frame) {
    using T = wire::FrameType;
    const auto type = static_cast<T>(wire::frame_type(frame.data()));
    if (!wire::server_may_send(type)) found("a server sends what only clients may");
    if (state_ == State::kClosed) found("a server speaks after its Close");
    if (state_ == State::kNew && type != T::kWelcome && type != T::kClose)
      found("a server speaks before its Welcome");
    switch (type) {
      case T::kWelcome:
        whole<wire::WelcomeView>(frame);
        if (state_ != State::kNew) found("a second Welcome");
        state_ = State::kOpen;
        return;
      case T::kClose:
        closed_for = whole<wire::CloseView>(frame).reason();
        state_ = State::kClosed;
        return;
      case T::kHeartbeatReq: {
        const auto id = whole<wire::HeartbeatReqView>(frame).id();
        if (answers_heartbeats) send(wire::HeartbeatConfWriter(buffer_, {id}).finish());
        return;
      }
      case T::kHeartbeatConf:
        if (beats_ == 0 && counts) found("an answer to no heartbeat");
        if (beats_ > 0) --beats_;
        return;
      case T::kReply:
        return reply(whole<wire::ReplyView>(frame).id());
      case T::kUpdate:
        return update(whole<wire::UpdateView>(frame));
      case T::kSnapshotBegin:
        return begin_snapshot(whole<wire::SnapshotBeginView>(frame));
      case T::kSnapshotRecord:
        if (!in_snapshot_) found("a snapshot's record outside of one");
        ++records_;
        return fold(whole<wire::UpdateView>(frame));
      case T::kSnapshotEnd:
        return end_snapshot(whole<wire::SnapshotEndView>(frame));
      case T::kPrivateEvent:
        whole<wire::PrivateEventView>(frame);
        return;
      case T::kSubscribed:
        whole<wire::SubscribedView>(frame);
        return;
      default:
        found("a frame of no kind");
    }
  }

  void reply(std::uint64_t id) {
    if (--asked_[id] < 0 && counts) found("a reply that nobody asked for");
  }

  void update(const wire::UpdateView& view) {
    ++updates;
    if (view.id() <= last_) found("updates out of order", std::to_string(view.id()));
    if (folds_ && in_snapshot_) found("an update in the middle of a snapshot");
    if (folds_ && view.id() != last_ + 1) found("a gap in the updates");
    last_ = view.id();
    seen = view.position();
    fold(view);
  }

  void begin_snapshot(const wire::SnapshotBeginView& view) {
    if (in_snapshot_ && folds_) found("a snapshot inside a snapshot");
    in_snapshot_ = true;
    records_ = 0;
    last_ = view.id();
    seen = view.position();
    objects_.begin_snapshot(view.peripheral_id());
  }
  void end_snapshot(const wire::SnapshotEndView& view) {
    if (!std::exchange(in_snapshot_, false)) found("the end of no snapshot");
    if (view.records() != records_) found("a snapshot of another length than it says");
    if (view.id() != last_ && folds_) found("a snapshot ends elsewhere than it began");
    ++snapshots;
    objects_.end_snapshot(view.peripheral_id(), [](wire::ObjectHandle) {});
  }
  void fold(const wire::UpdateView& view) {
    if (folds_ && !objects_.apply(view)) found("an update that does not fold");
  }

  std::unique_ptr<core::Io> io_;
  const core::Endpoint server_;
  const bool folds_;
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax};
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256);
  std::vector<std::byte> unsent_, in_flight_;
  bool sending_ = false, full_ = false, connected_ = false, in_snapshot_ = false;
  State state_ = State::kNew;
  std::uint32_t records_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t beats_ = 0;
  std::map<std::uint64_t, int> asked_;
  wire::ObjectTable objects_{{.objects_max = 4096, .bytes_max = 1U << 24U}};
};

}  // namespace cti::fuzz
