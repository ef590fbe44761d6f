// hostile_server.hpp - a server of the session protocol that does what a fuzzer's input says, for cil_fuzz.cpp.
//
// Frames that are right, nearly right or nonsense; resets, deafness, silence, a new beginning; what the library sends is
// checked. It runs on the simulated network, one actor.
#pragma once

#include "core/sim_io.hpp"
#include "core/sim_world.hpp"
#include "tests/fuzz/found.hpp"
#include "tests/fuzz/input.hpp"
#include "wire/object_key.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cti::fuzz {

using wire::EventId;
using wire::Keyword;

inline constexpr const char* kHosts[2] = {"10.0.0.1", "10.0.0.2"};
inline constexpr std::array<const char*, 12> kIds = {"agent.5000.22866",
                                                     "agent.5000.1",
                                                     "call.5000.1.1",
                                                     "call.5000.2.1",
                                                     "call.5001.3.1",
                                                     "device.5000.23901",
                                                     "skillgroup.5000.7",
                                                     "team.5000.9",
                                                     "what.1",
                                                     "",
                                                     "agent",
                                                     "call.5000.4.1"};
// None that ends a request: only replies do, and the library itself.
inline constexpr std::array<EventId, 12> kEvents = {EventId::eUnknownEvent,
                                                    EventId::eCallBeginEvent,
                                                    EventId::eCallEndEvent,
                                                    EventId::eCallDataUpdateEvent,
                                                    EventId::eAgentStateEvent,
                                                    EventId::eQueryAgentStateConf,
                                                    EventId::eSnapshotCallConf,
                                                    EventId::eSnapshotDeviceConf,
                                                    EventId::eCTIOSFailureEvent,
                                                    EventId::eSetAgentModeEvent,
                                                    EventId::eOnMonitorModeEstablished,
                                                    EventId::eAgentInfoEvent};
inline constexpr std::array<Keyword, 12> kKeys = {
    Keyword::AgentState,      Keyword::EnablementMask,
    Keyword::CallStatus,      Keyword::ANI,
    Keyword::Monitored,       Keyword::SystemEventID,
    Keyword::SystemEventArg1, Keyword::StatusSystem,
    Keyword::AgentInstrument, Keyword::IsSupervisor,
    Keyword::UniqueObjectID,  Keyword::SupervisorBtnEnablementMask};

/// A server that does as it is told.
class HostileServer {
 public:
  HostileServer(core::SimWorld& world, const char* host, Input& input)
      : world_(world), host_(host), input_(input) {
    begin();
  }
  ~HostileServer() { stop(); }

  void act() {
    switch (input_.below(14)) {
      case 0:
        return raw(input_.byte());
      case 1:
        return framed();
      case 2:
        return welcome();
      case 3:
      case 4:
      case 5:
        return record(false);
      case 6:
        return record(true);
      case 7:
        return snapshot_edge(input_.byte());
      case 8:
        return mode(input_.byte());
      case 9:
        return reply();
      case 10:
        return close(input_.byte());
      case 11:
        return heartbeats(input_.byte());
      case 12:
        return network(input_.byte());
      default:
        return private_event();
    }
  }

 private:
  void begin() {
    io_ = world_.network().make_io(host_, {.connections_max = 8, .receive_buffers = 4});
    if (!io_->listen({host_, 42028})) found("the port is taken");
    actor_ = world_.add(host_, [this](TimePoint deadline) { return turn(deadline); });
  }
  void stop() {
    world_.network().kill(host_, core::SimKill::kProcess);
    world_.remove(actor_);
    io_.reset();
    connection_ = {};
  }

  std::uint32_t turn(TimePoint deadline) {
    core::Completion out[16];
    const std::size_t came = io_->wait(out, deadline);
    for (std::size_t i = 0; i < came; ++i) take(out[i]);
    return static_cast<std::uint32_t>(came);
  }

  void take(const core::Completion& completion) {
    switch (completion.event) {
      case core::IoEvent::kAccepted:
        connection_ = completion.connection;
        cutter_ = wire::SessionFrameCutter(wire::limits::kClientFrameBytesMax);
        unsent_.clear();
        in_flight_.clear();
        sending_ = false;
        return;
      case core::IoEvent::kReceived:
        if (completion.connection != connection_) return;
        if (!cutter_.feed(completion.bytes, [this](Bytes frame) { take_frame(frame); }))
          found("the library sends what is no frame");
        return;
      case core::IoEvent::kSent:
        if (completion.connection != connection_) return;
        sending_ = false;
        in_flight_.erase(in_flight_.begin(), in_flight_.begin() + completion.sent);
        return in_flight_.empty() ? flush() : void();  // a full socket: kWritable comes
      case core::IoEvent::kWritable:
        return flush();
      case core::IoEvent::kClosed:
        if (completion.connection == connection_) connection_ = {};
        return;
      default:
        return;
    }
  }

  void take_frame(Bytes frame) {
    switch (static_cast<wire::FrameType>(wire::frame_type(frame.data()))) {
      case wire::FrameType::kHello:
        if (!wire::HelloView::check(frame)) found("a Hello that is none");
        if (!silent_) welcome();
        return;
      case wire::FrameType::kSubscribe:
        if (!wire::SubscribeView::check(frame)) found("a Subscribe that is none");
        subscribe_ = wire::frame_id(frame.data());
        return;
      case wire::FrameType::kRequest:
        if (!wire::RequestView::check(frame)) found("a Request that is none");
        requests_[asked_++ % requests_.size()] = wire::frame_id(frame.data());
        return;
      default:
        return;
    }
  }

  void arguments(wire::ArgumentsWriter& to, bool ids) {
    for (std::uint32_t n = input_.below(5); n != 0; --n) {
      const Keyword key = input_.of(kKeys);
      switch (input_.below(5)) {
        case 0:
          to.add_int(key, static_cast<std::int8_t>(input_.byte()));
          break;
        case 1:
          to.add_uint(key, input_.byte() * 0x01010101U);
          break;
        case 2:
          to.add_string(key, input_.of(kIds));
          break;
        case 3:
          to.add_bool(key, input_.below(2) == 1);
          break;
        default:
          to.begin_nested(key);
          to.add_int(wire::ArgKey(std::to_string(input_.byte())), 1);
          to.add_string(input_.of(kKeys), "nested");
          to.end_nested();
      }
    }
    if (ids && input_.below(3) == 0) to.add_string(Keyword::OldUniqueObjectID, input_.of(kIds));
  }

  void record(bool snapshot) {
    const std::string id = input_.of(kIds);
    const std::uint8_t what = input_.byte();
    wire::UpdateHeader header;
    header.snapshot = snapshot;
    header.id = what & 1 ? ++sequence_ : sequence_ - input_.below(4);
    header.lineage = 7 + (what & 2);
    header.epoch = 1 + (what & 4);
    header.peripheral_id = 5000 + input_.below(3);
    header.object_key = what & 8 ? 0 : wire::object_key(what & 16 ? input_.of(kIds) : id.c_str());
    header.event_id = input_.of(kEvents);
    header.topics = input_.byte();
    wire::UpdateWriter writer(buffer_, header);
    arguments(writer.arguments(), true);
    if (!(what & 32)) writer.arguments().add_string(Keyword::UniqueObjectID, id);
    send(writer.finish());
  }

  void snapshot_edge(std::uint8_t what) {
    if (what & 1) {
      wire::SnapshotBeginHeader header;
      header.id = sequence_;
      header.lineage = 7;
      header.peripheral_id = 5000U + what / 64;
      return send(wire::SnapshotBeginWriter(buffer_, header).finish());
    }
    wire::SnapshotEndHeader header;
    header.id = sequence_;
    header.lineage = 7;
    header.peripheral_id = 5000U + what / 64;
    send(wire::SnapshotEndWriter(buffer_, header).finish());
  }

  void mode(std::uint8_t what) {
    if (what & 1) {
      wire::SubscribedHeader header;
      header.id = what & 2 ? subscribe_ : what;
      header.outcome = what & 4 ? wire::Outcome::kRefused : wire::Outcome::kConfirmed;
      header.event_id = what & 8 ? input_.of(kEvents) : EventId::eUnknownEvent;
      return send(wire::SubscribedWriter(buffer_, header).finish());
    }
    wire::PrivateEventHeader header;
    header.event_id = what & 2 ? EventId::eSetAgentModeEvent : EventId::eOnMonitorModeEstablished;
    wire::PrivateEventWriter writer(buffer_, header);
    if (what & 4) writer.arguments().add_string(Keyword::UniqueObjectID, input_.of(kIds));
    arguments(writer.arguments(), false);
    send(writer.finish());
  }

  void private_event() {
    wire::PrivateEventHeader header;
    header.event_id = input_.of(kEvents);
    wire::PrivateEventWriter writer(buffer_, header);
    arguments(writer.arguments(), true);
    if (input_.below(2)) writer.arguments().add_string(Keyword::UniqueObjectID, input_.of(kIds));
    send(writer.finish());
  }

  void reply() {
    wire::ReplyHeader header;
    header.id = input_.below(4) == 0 ? input_.byte() : requests_[input_.below(8)];
    header.event_id = input_.below(2) ? EventId::eControlFailureConf : EventId::eMakeCallConf;
    header.outcome = static_cast<wire::Outcome>(1 + input_.below(3));
    wire::ReplyWriter writer(buffer_, header);
    arguments(writer.arguments(), false);
    send(writer.finish());
  }

  void close(std::uint8_t reason) {
    wire::CloseHeader header;
    header.reason = static_cast<wire::CloseReason>(reason % 20);
    send(wire::CloseWriter(buffer_, header).finish());
  }

  void welcome() {
    wire::WelcomeHeader header;
    header.lineage = 7 + input_.below(2);
    wire::WelcomeWriter writer(buffer_, header);
    send(writer.finish());
  }

  void heartbeats(std::uint8_t how) {
    std::vector<std::byte> all;
    for (std::uint64_t n = how < 200 ? how % 4 : 5000; n != 0; --n) {
      const Bytes one = wire::HeartbeatReqWriter(buffer_, {n}).finish();
      all.insert(all.end(), one.begin(), one.end());
    }
    send(all);
  }

  void network(std::uint8_t what) {
    switch (what % 6) {
      case 0:
        return connection_ ? io_->close(connection_, core::CloseHow::kReset) : void();
      case 1:
        return connection_ ? io_->close(connection_, core::CloseHow::kOrderly) : void();
      case 2:
        return connection_ ? io_->set_receiving(connection_, (what & 64) != 0) : void();
      case 3:
        silent_ = !silent_;
        return;
      default:
        stop();
        begin();
    }
  }

  void raw(std::uint8_t bytes) {
    input_.counted = false;
    std::vector<std::byte> all(bytes);
    for (std::byte& each : all) each = std::byte{input_.byte()};
    send(all);
  }

  /// The prefix is right, what is behind it is the input's.
  void framed() {
    input_.counted = false;
    const std::uint32_t type = input_.below(16);
    std::vector<std::byte> all(16 + 8 * input_.below(8));
    for (std::size_t i = 6; i < all.size(); ++i) all[i] = std::byte{input_.byte()};
    store_le(all.data(), static_cast<std::uint32_t>(all.size()));
    store_le(all.data() + 4, static_cast<std::uint16_t>(type));
    send(all);
  }

  void send(Bytes bytes) {
    if (!connection_ || unsent_.size() > 1024 * 1024) return;
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    if (in_flight_.empty()) flush();
  }
  void flush() {
    if (!connection_ || sending_) return;
    if (in_flight_.empty()) in_flight_.swap(unsent_);
    if (in_flight_.empty()) return;
    sending_ = true;
    io_->send(connection_, in_flight_);
  }

  core::SimWorld& world_;
  const std::string host_;
  Input& input_;
  std::unique_ptr<core::Io> io_;
  core::SimWorld::ActorId actor_ = 0;
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(64 * 1024);
  std::vector<std::byte> unsent_;
  std::vector<std::byte> in_flight_;
  bool sending_ = false;
  bool silent_ = false;
  std::uint64_t sequence_ = 100;
  std::uint64_t subscribe_ = 0;
  std::uint64_t asked_ = 0;
  std::array<std::uint64_t, 8> requests_{};
};

}  // namespace cti::fuzz
