// scripted_server.hpp - a server for the client library's tests: speaks the session protocol, does what the test says.
//
// By itself it answers Hello with Welcome and heartbeats with their answer, and remembers what it was sent. All else is
// sent by the test. It runs on the simulated network, one actor beside the session under test.
#pragma once

#include "core/sim_io.hpp"
#include "core/sim_world.hpp"
#include "wire/object_key.hpp"
#include "wire/session_beat.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cti::cil::test {

using wire::EventId;
using wire::Keyword;
using wire::RequestId;
using Items = wire::Arguments;

/// One item for items(): a key and a number or a text.
struct Item {
  wire::ArgKey key;
  std::function<bool(Items&)> set;
  Item(wire::ArgKey k, const char* text)
      : key(k), set([=](Items& to) { return to.set(k, text); }) {}
  Item(wire::ArgKey k, std::string text)
      : key(k), set([=](Items& to) { return to.set(k, std::string_view(text)); }) {}
  Item(wire::ArgKey k, int number) : key(k), set([=](Items& to) { return to.set(k, number); }) {}
  Item(wire::ArgKey k, unsigned number)
      : key(k), set([=](Items& to) { return to.set(k, number); }) {}
  Item(wire::ArgKey k, bool flag) : key(k), set([=](Items& to) { return to.set(k, flag); }) {}
  Item(wire::ArgKey k, Items nested) : key(k), set([=](Items& to) { return to.set(k, nested); }) {}
};

inline Items items(std::initializer_list<Item> all) {
  Items made;
  for (const Item& item : all) EXPECT_TRUE(item.set(made));
  return made;
}

class ScriptedServer {
 public:
  struct Asked {
    std::uint64_t id = 0;
    RequestId request{};
    std::uint64_t token = 0;
    Items arguments;
  };
  struct Subscribed {
    std::uint64_t id = 0;
    wire::SubscribeMode mode{};
    std::vector<wire::Position> positions;
    Items arguments;
  };

  ScriptedServer(core::SimWorld& world, std::string host)
      : world_(world), host_(std::move(host)), io_(world.network().make_io(host_)) {
    EXPECT_TRUE(io_->listen({host_, 42028}).ok());
    actor_ = world_.add(host_, [this](TimePoint deadline) { return turn(deadline); });
  }
  ~ScriptedServer() { stop(); }

  /// The process dies: connections break, nobody listens.
  void stop() {
    if (!io_) return;
    world_.network().kill(host_, core::SimKill::kProcess);
    world_.remove(actor_);
    io_.reset();
    connection_ = {};
  }

  bool running() const { return io_ != nullptr; }
  bool connected() const { return welcomed_; }
  /// `whose`: UniqueObjectID of the agent concerned.
  void update(EventId event, const Items& args, std::uint32_t topics = 0,
              std::string_view whose = {}) {
    record(event, args, topics, false, whose);
  }
  void snapshot_begin(wire::SnapshotReason reason = wire::SnapshotReason::kEntry) {
    wire::SnapshotBeginHeader header;
    header.reason = reason;
    header.id = sequence;
    header.lineage = lineage;
    header.epoch = epoch;
    header.peripheral_id = 5000;
    wire::SnapshotBeginWriter writer(buffer_, header);
    send(writer.finish());
  }
  void snapshot_record(EventId event, const Items& args, std::string_view whose = {},
                       std::uint32_t topics = wire::topic::kWhole) {
    record(event, args, topics, true, whose);
  }
  void snapshot_end() {
    wire::SnapshotEndHeader header;
    header.id = sequence;
    header.lineage = lineage;
    header.epoch = epoch;
    header.peripheral_id = 5000;
    wire::SnapshotEndWriter writer(buffer_, header);
    send(writer.finish());
  }
  void private_event(EventId event, const Items& args) {
    wire::PrivateEventHeader header;
    header.event_id = event;
    wire::PrivateEventWriter writer(buffer_, header);
    writer.arguments().add_all(args.view());
    send(writer.finish());
  }
  void subscribed(wire::Outcome outcome = wire::Outcome::kConfirmed,
                  EventId event = EventId::eUnknownEvent, const Items& args = {}) {
    wire::SubscribedHeader header;
    header.id = subscriptions.back().id;
    header.event_id = event;
    header.outcome = outcome;
    wire::SubscribedWriter writer(buffer_, header);
    writer.arguments().add_all(args.view());
    send(writer.finish());
  }
  void reply(std::uint64_t id, EventId event, wire::Outcome outcome, const Items& args = {}) {
    wire::ReplyHeader header;
    header.id = id;
    header.event_id = event;
    header.outcome = outcome;
    wire::ReplyWriter writer(buffer_, header);
    writer.arguments().add_all(args.view());
    send(writer.finish());
  }
  void close(wire::CloseReason reason) {
    wire::CloseHeader header;
    header.reason = reason;
    wire::CloseWriter writer(buffer_, header);
    send(writer.finish());
  }
  /// Reads nothing any more, talks on.
  void deaf(bool on) { io_->set_receiving(connection_, !on); }
  /// Bytes as they are.
  void send(Bytes bytes) {
    ASSERT_FALSE(bytes.empty());
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    flush();
  }

  // What it says of itself and does.
  std::uint64_t lineage = 7;
  std::uint32_t epoch = 1;
  std::uint64_t sequence = 100;  ///< of the last record
  std::uint16_t version = wire::kSessionVersion;
  bool mute = false;    ///< says nothing any more, reads on
  Millis beat{0};       ///< promised to whoever wishes it, and kept; 0: none
  bool reject = false;  ///< answers Hello with a refusal of the version
  Items status =
      items({{Keyword::StatusCTIServer, true}, {Keyword::StatusCentralController, true}});
  std::function<void()> on_welcomed;
  std::function<void()> on_subscribe;
  std::function<void(const Asked&)> on_request;

  // What it was sent.
  std::vector<Asked> requests;
  std::vector<Subscribed> subscriptions;
  std::string client_id;
  int hellos = 0;
  int heartbeats = 0;
  int closes = 0;
  std::int64_t beat_wished = 0;  ///< in the last Hello

 private:
  std::uint32_t turn(TimePoint deadline) {
    core::Completion out[16];
    const std::size_t came = io_->wait(out, std::min(deadline, beat_at_));
    for (std::size_t i = 0; i < came && io_; ++i) take(out[i]);
    if (io_ && io_->now() >= beat_at_) {
      beat_at_ = io_->now() + beat;
      wire::HeartbeatConfWriter conf(buffer_, {wire::kBeatId});
      if (!mute && welcomed_) send(conf.finish());
    }
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
        welcomed_ = false;
        return;
      case core::IoEvent::kReceived:
        if (completion.connection != connection_) return;
        EXPECT_TRUE(
            cutter_.feed(completion.bytes, [this](Bytes frame) { take_frame(frame); }).ok());
        return;
      case core::IoEvent::kSent:
        if (completion.connection != connection_) return;
        sending_ = false;
        in_flight_.erase(in_flight_.begin(), in_flight_.begin() + completion.sent);
        return flush();
      case core::IoEvent::kWritable:
        return flush();
      case core::IoEvent::kClosed:
        if (completion.connection == connection_) connection_ = {}, welcomed_ = false;
        return;
      default:
        return;
    }
  }

  void take_frame(Bytes frame) {
    switch (static_cast<wire::FrameType>(wire::frame_type(frame.data()))) {
      case wire::FrameType::kHello: {
        const auto hello = wire::HelloView::check(frame);
        ASSERT_TRUE(hello.ok());
        client_id = std::string(hello->arguments().string(Keyword::ClientID).value_or(""));
        beat_wished = hello->arguments().integer(wire::kBeatKey).value_or(0);
        ++hellos;
        return mute ? void() : reject ? close(wire::CloseReason::kVersionUnsupported) : welcome();
      }
      case wire::FrameType::kHeartbeatReq: {
        ++heartbeats;
        wire::HeartbeatConfWriter conf(buffer_, {wire::frame_id(frame.data())});
        return mute ? void() : send(conf.finish());
      }
      case wire::FrameType::kSubscribe: {
        const auto view = wire::SubscribeView::check(frame);
        ASSERT_TRUE(view.ok());
        Subscribed made{view->id(), view->mode(), {}, Items(view->arguments())};
        for (std::uint16_t i = 0; i < view->count(); ++i)
          made.positions.push_back(view->position(i));
        subscriptions.push_back(std::move(made));
        return on_subscribe ? on_subscribe() : void();
      }
      case wire::FrameType::kRequest: {
        const auto view = wire::RequestView::check(frame);
        ASSERT_TRUE(view.ok());
        requests.push_back({view->id(), view->request(), view->token(), Items(view->arguments())});
        return on_request ? on_request(requests.back()) : void();
      }
      case wire::FrameType::kClose:
        ++closes;
        return;
      default:
        return;
    }
  }

  void welcome() {
    wire::WelcomeHeader header;
    header.version = version;
    header.session = 4711;
    header.server = wire::object_key(host_);
    header.lineage = lineage;
    wire::WelcomeWriter writer(buffer_, header);
    if (beat > Millis{0} && beat_wished > 0) {
      writer.arguments().add_int(wire::kBeatKey, static_cast<int>(beat.count()));
      beat_at_ = io_->now() + beat;
    }
    writer.arguments().add_arguments(Keyword::StatusSystem, status.view());
    welcomed_ = true;
    send(writer.finish());
    private_event(EventId::eCTIOSFailureEvent,
                  items({{Keyword::FailureCode, 10}, {Keyword::SystemEventID, 8}}));
    if (on_welcomed) on_welcomed();
  }

  void record(EventId event, const Items& args, std::uint32_t topics, bool snapshot,
              std::string_view whose) {
    wire::UpdateHeader header;
    header.id = snapshot ? sequence : ++sequence;
    header.snapshot = snapshot;
    header.lineage = lineage;
    header.epoch = epoch;
    header.peripheral_id = 5000;
    const auto id = args.string(Keyword::UniqueObjectID);
    if (id) header.object_key = wire::object_key(*id);
    if (!whose.empty()) header.agent_key = wire::object_key(whose);
    header.event_id = event;
    header.topics = topics;
    wire::UpdateWriter writer(buffer_, header);
    writer.arguments().add_all(args.view());
    send(writer.finish());
  }

  void flush() {
    if (!connection_ || sending_) return;
    in_flight_.insert(in_flight_.end(), unsent_.begin(), unsent_.end());
    unsent_.clear();
    if (in_flight_.empty()) return;
    sending_ = true;
    io_->send(connection_, in_flight_);
  }

  core::SimWorld& world_;
  std::string host_;
  std::unique_ptr<core::Io> io_;
  core::SimWorld::ActorId actor_ = 0;
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(64 * 1024);
  std::vector<std::byte> unsent_;
  std::vector<std::byte> in_flight_;
  bool sending_ = false;
  bool welcomed_ = false;
  TimePoint beat_at_ = kNever;
};

}  // namespace cti::cil::test
