// fanout_world.hpp - a fan-out reactor on the simulated network, a line that does what the test says, clients by script.
//
// The line is fake, what it touches is not: records go through a real event log, asks and tells through the real queues.
#pragma once

#include "broker/fanout/fanout.hpp"
#include "core/sim_io.hpp"
#include "core/sim_world.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"
#include "wire/session_beat.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cti::broker {

inline constexpr std::string_view kServerHost = "10.0.0.1";
inline constexpr std::uint16_t kServerPort = 42028;

using FrameBytes = std::vector<std::byte>;

inline wire::FrameType type_of(const FrameBytes& frame) {
  return static_cast<wire::FrameType>(wire::frame_type(frame.data()));
}

/// What a test record says.
struct TestRecord {
  std::uint64_t sequence = 0;
  wire::EventId event = wire::EventId::eAgentStateEvent;
  std::string object = "agent.5000.1001";
  std::string agent = "agent.5000.1001";  ///< empty: concerns no agent
  std::uint32_t topics = wire::topic::kAgent;
  std::size_t text_bytes = 20;
  bool snapshot = false;
};

inline FrameBytes record_bytes(const TestRecord& record, const Position& at,
                               std::uint32_t peripheral) {
  FrameBytes buffer(200 + record.text_bytes + 200);
  wire::UpdateWriter writer(buffer,
                            {.id = record.sequence,
                             .snapshot = record.snapshot,
                             .lineage = at.lineage,
                             .epoch = at.epoch,
                             .peripheral_id = peripheral,
                             .object_key = wire::object_key(record.object),
                             .agent_key = record.agent.empty() ? 0 : wire::object_key(record.agent),
                             .event_id = record.event,
                             .topics = record.topics});
  std::string text(record.text_bytes, 'x');
  const std::size_t dot = record.object.rfind('.');
  writer.arguments().add_string(wire::Keyword::AgentID, record.object.substr(dot + 1));
  writer.arguments().add_string(wire::Keyword::CallVariable1, text);
  writer.arguments().add_uint(wire::Keyword::PeripheralID, peripheral);
  writer.arguments().add_string(wire::Keyword::UniqueObjectID, record.object);
  const Bytes done = writer.finish();
  EXPECT_FALSE(done.empty());
  return {done.begin(), done.end()};
}

/// A line that answers asks at once from what the test has put there.
class FakeLine {
 public:
  FakeLine(core::SimNetwork& network, std::uint16_t index, std::uint32_t peripheral,
           std::size_t log_bytes, std::vector<FanoutShared*> fanouts,
           const RendezvousLimits& limits)
      : peripheral_(peripheral),
        io_(network.make_io("10.0.1." + std::to_string(index + 1))),
        fanouts_(fanouts) {
    auto log = ring::EventLog::create({log_bytes, static_cast<std::uint32_t>(fanouts.size()),
                                       ring::MirroredMemory::Pages::kLazy});
    EXPECT_TRUE(log.ok());
    log_ = std::move(log).value();
    const Position start{.lineage = 77, .epoch = 3, .sequence = 0};
    shared_ = std::make_unique<LineShared>(index, *log_, start, fanouts.size(), limits);
    shared_->io = io_.get();
    shared_->status.set_cti_server_online(true);
    shared_->status.set_driver_online(true);
    shared_->status.set_central_controller_online(true);
    shared_->status.set_peripheral(peripheral, true);
  }

  LineShared& shared() { return *shared_; }
  ring::EventLog& log() { return *log_; }

  /// Writes one record; unseen until publish(). Gives its sequence; 0: the log was blocked.
  std::uint64_t write(TestRecord record) {
    record.sequence = sequence_ + 1;
    const FrameBytes bytes = record_bytes(record, shared_->start, peripheral_);
    const MutableBytes room = log_->claim(bytes.size());
    if (room.empty()) return 0;
    std::memcpy(room.data(), bytes.data(), bytes.size());
    log_->commit(bytes.size(), ++sequence_);
    return sequence_;
  }
  void publish() {
    log_->publish();
    for (FanoutShared* fanout : fanouts_) fanout->wake();
  }
  std::uint64_t say(TestRecord record = {}) {
    const std::uint64_t sequence = write(std::move(record));
    publish();
    return sequence;
  }

  void tell(Tell tell) {
    FanoutShared& to = *fanouts_[tell.to.fanout];
    TellLane& lane = *to.tells[shared_->index];
    ASSERT_TRUE(lane.has_room());
    tell.after_log_position = std::max(tell.after_log_position, lane.staged_after());
    lane.stage(std::move(tell));
    lane.publish();
    to.wake();
  }
  /// The reply to request `id`, to be given after the log up to `after`.
  void tell_reply(const SessionRef& to, std::uint64_t id, ring::Position after) {
    Tell reply{.kind = TellKind::kReply, .to = to, .after_log_position = after, .request_id = id};
    FrameBytes buffer(256);
    wire::ReplyWriter writer(buffer, {.id = id});
    const Bytes frame = writer.finish();
    reply.frames.assign(frame.begin(), frame.end());
    tell(std::move(reply));
  }

  /// The objects of the next images: one snapshot record each.
  std::vector<TestRecord> objects;
  bool answering = true;  ///< false: asks are kept, not answered
  bool holding = false;   ///< asks are not even taken out of their lanes
  std::vector<Ask> asks;  ///< all that came, in order
  std::map<std::string, bool> refuse_agents;
  std::vector<WatchEdge> edges;  ///< of whoever enters agent mode

  std::shared_ptr<const SnapshotImage> image() {
    auto made = std::make_shared<SnapshotImage>();
    made->position = {shared_->start.lineage, shared_->start.epoch, sequence_};
    made->log_position = log_->tail();
    made->peripheral_id = peripheral_;
    for (TestRecord object : objects) {
      object.snapshot = true;
      object.sequence = sequence_;
      const FrameBytes bytes = record_bytes(object, shared_->start, peripheral_);
      made->bytes.insert(made->bytes.end(), bytes.begin(), bytes.end());
      ++made->records;
    }
    return made;
  }

  std::uint32_t turn(TimePoint deadline) {
    std::array<core::Completion, 8> done;
    shared_->bell.announce();
    if (!holding && !shared_->asks.empty()) deadline = {};
    std::size_t work = io_->wait(done, deadline);
    shared_->bell.awake();
    if (holding) return static_cast<std::uint32_t>(work);
    work += shared_->asks.drain(64, [this](Ask&& ask) {
      if (answering) answer(ask);
      asks.push_back(std::move(ask));
    });
    return static_cast<std::uint32_t>(work);
  }

  void answer(const Ask& ask) {
    Tell tell;
    tell.to = ask.from;
    tell.request_id = ask.request_id;
    tell.after_log_position = log_->tail();
    switch (ask.kind) {
      case AskKind::kSessionGone:
      case AskKind::kStatisticsTaken:
        return;
      case AskKind::kSnapshot:
        tell.kind = TellKind::kSnapshot;
        tell.image = image();
        break;
      case AskKind::kAgentMode: {
        const auto arguments = wire::ArgumentsView::trusted(ask.arguments);
        const std::string id = "agent." + std::to_string(peripheral_) + "." +
                               std::string(arguments.string(wire::Keyword::AgentID).value_or("?"));
        tell.kind = TellKind::kAgentMode;
        tell.refused = refuse_agents[id];
        if (!tell.refused) {
          tell.agent_key = wire::object_key(id);
          tell.edges = edges;
          tell.image = image();
        }
        break;
      }
      case AskKind::kRequest: {
        tell.kind = TellKind::kReply;
        FrameBytes buffer(256);
        wire::ReplyWriter writer(
            buffer, {.id = ask.request_id, .event_id = wire::EventId::eAnswerCallConf});
        const Bytes frame = writer.finish();
        tell.frames.assign(frame.begin(), frame.end());
        break;
      }
    }
    this->tell(std::move(tell));
  }

 private:
  const std::uint32_t peripheral_;
  std::unique_ptr<core::Io> io_;
  std::vector<FanoutShared*> fanouts_;
  std::unique_ptr<ring::EventLog> log_;
  std::unique_ptr<LineShared> shared_;
  std::uint64_t sequence_ = 0;
};

/// One client. What it receives is kept as whole frames; a stream that cannot be cut into frames fails the test.
class TestClient {
 public:
  TestClient(core::SimNetwork& network, std::string_view host,
             core::IoLimits limits = {.connections_max = 4})
      : io_(network.make_io(host, limits)) {}

  void connect() { connection_ = io_->connect({std::string(kServerHost), kServerPort}); }

  std::uint32_t turn(TimePoint deadline) {
    std::array<core::Completion, 32> done;
    const std::size_t count = io_->wait(done, deadline);
    for (std::size_t i = 0; i < count; ++i) complete(done[i]);
    return static_cast<std::uint32_t>(count);
  }

  void send(Bytes bytes) {
    to_send_.insert(to_send_.end(), bytes.begin(), bytes.end());
    flush();
  }
  void send(std::string_view text) { send(as_bytes(text)); }
  void hello(std::uint16_t version = wire::kSessionVersion, wire::Role role = wire::Role::kClient,
             int beat_ms = 0) {
    wire::HelloWriter writer(buffer_,
                             {.version_min = version, .version_max = version, .role = role});
    writer.arguments().add_string("ClientID", "test client");
    if (beat_ms != 0) writer.arguments().add_int(wire::kBeatKey, beat_ms);
    send(writer.finish());
  }
  void subscribe_agent(std::string_view agent, std::span<const wire::Position> positions = {},
                       std::uint32_t peripheral = 5000) {
    wire::SubscribeWriter writer(buffer_, {.id = 1, .mode = wire::SubscribeMode::kAgent},
                                 positions);
    writer.arguments().add_string(wire::Keyword::AgentID, agent);
    writer.arguments().add_uint(wire::Keyword::PeripheralID, peripheral);
    send(writer.finish());
  }
  void subscribe_monitor(std::string_view filter, std::span<const wire::Position> positions = {},
                         bool snapshot = true) {
    wire::SubscribeWriter writer(buffer_, {.id = 1, .mode = wire::SubscribeMode::kMonitor},
                                 positions);
    writer.arguments().add_string(wire::Keyword::MessageFilter, filter);
    if (!snapshot) writer.arguments().add_int(wire::Keyword::MonitorSessionSnapshotMode, 1);
    send(writer.finish());
  }
  void subscribe_everything() {
    wire::SubscribeWriter writer(buffer_, {.id = 1, .mode = wire::SubscribeMode::kEverything}, {});
    send(writer.finish());
  }
  void request(std::uint64_t id, wire::RequestId request = wire::RequestId::eAnswerCallRequest,
               std::string_view object = "call.5000.1.2") {
    wire::RequestWriter writer(buffer_, {.id = id, .request = request, .token = 9});
    writer.arguments().add_string(wire::Keyword::UniqueObjectID, object);
    send(writer.finish());
  }
  void heartbeat(std::uint64_t id) {
    wire::HeartbeatReqWriter writer(buffer_, {.id = id});
    send(writer.finish());
  }

  void stop_reading() { io_->set_receiving(connection_, false); }
  void start_reading() { io_->set_receiving(connection_, true); }
  void hang_up(core::CloseHow how = core::CloseHow::kOrderly) { io_->close(connection_, how); }

  std::vector<FrameBytes> frames;
  bool connected = false;
  bool closed = false;
  std::int32_t close_error = 0;
  bool answers_heartbeats = true;

  /// Views of the frames of one type: good until the next frame is taken.
  std::vector<Bytes> of(wire::FrameType type) const {
    std::vector<Bytes> found;
    for (const FrameBytes& frame : frames) {
      if (type_of(frame) == type) found.push_back(frame);
    }
    return found;
  }
  std::size_t count(wire::FrameType type) const { return of(type).size(); }
  /// Sequences of the updates, in order of arrival.
  std::vector<std::uint64_t> updates() const {
    std::vector<std::uint64_t> found;
    for (const Bytes frame : of(wire::FrameType::kUpdate))
      found.push_back(wire::frame_id(frame.data()));
    return found;
  }
  std::vector<wire::EventId> private_events() const {
    std::vector<wire::EventId> found;
    for (const Bytes frame : of(wire::FrameType::kPrivateEvent)) {
      found.push_back(wire::PrivateEventView::trusted(frame).event_id());
    }
    return found;
  }
  bool has_event(wire::EventId event) const {
    const auto all = private_events();
    return std::find(all.begin(), all.end(), event) != all.end();
  }
  /// The reason in the kClose that came; kNormal when none has.
  wire::CloseReason close_reason() const {
    const auto closes = of(wire::FrameType::kClose);
    return closes.empty() ? wire::CloseReason::kNormal
                          : wire::CloseView::trusted(closes.back()).reason();
  }
  std::string close_text() const {
    const auto closes = of(wire::FrameType::kClose);
    if (closes.empty()) return {};
    return std::string(wire::CloseView::trusted(closes.back())
                           .arguments()
                           .string(wire::Keyword::ErrorMessage)
                           .value_or(""));
  }

 private:
  void complete(const core::Completion& completion) {
    switch (completion.event) {
      case core::IoEvent::kConnected:
        connected = true;
        return flush();
      case core::IoEvent::kReceived: {
        const auto fed = cutter_.feed(completion.bytes, [this](Bytes frame) { take(frame); });
        EXPECT_TRUE(fed.ok()) << describe(fed.error());
        return;
      }
      case core::IoEvent::kSent:
        to_send_.erase(to_send_.begin(), to_send_.begin() + completion.sent);
        full_ = completion.sent < in_flight_;
        in_flight_ = 0;
        return flush();
      case core::IoEvent::kWritable:
        full_ = false;
        return flush();
      case core::IoEvent::kClosed:
        closed = true;
        connected = false;
        close_error = completion.error;
        return;
      default:
        return;
    }
  }

  /// Whatever a server sends must be a whole, well-formed frame (never a torn record).
  void take(Bytes frame) {
    const auto type = static_cast<wire::FrameType>(wire::frame_type(frame.data()));
    EXPECT_TRUE(wire::server_may_send(type));
    if (type == wire::FrameType::kUpdate || type == wire::FrameType::kSnapshotRecord) {
      EXPECT_TRUE(wire::UpdateView::check(frame).ok());
    }
    if (type == wire::FrameType::kHeartbeatReq && answers_heartbeats) {
      wire::HeartbeatConfWriter writer(buffer_, {.id = wire::frame_id(frame.data())});
      send(writer.finish());
    }
    frames.emplace_back(frame.begin(), frame.end());
  }

  void flush() {
    if (!connected || full_ || in_flight_ > 0 || to_send_.empty()) return;
    in_flight_ = static_cast<std::uint32_t>(to_send_.size());
    sending_ = to_send_;
    io_->send(connection_, sending_);
  }

  std::unique_ptr<core::Io> io_;
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax};
  FrameBytes buffer_ = FrameBytes(64 * 1024);
  FrameBytes to_send_;
  FrameBytes sending_;
  std::uint32_t in_flight_ = 0;
  bool full_ = false;
};

struct WorldOptions {
  FanoutConfig config;
  std::size_t log_bytes = 1 << 20;
  std::vector<std::uint32_t> peripherals{5000};
  core::SimFaults faults;
  std::uint64_t seed = 1;
  RendezvousLimits limits;
  std::function<std::unique_ptr<core::Io>(std::unique_ptr<core::Io>)> wrap_io;  ///< the reactor's
  std::function<std::uint32_t(FanoutReactor&, TimePoint)> turn;  ///< in place of a plain one
};

inline FanoutConfig small_config() {
  FanoutConfig config;
  config.sessions_max = 32;
  config.refusals_max = 4;
  config.outbox_pool_bytes = 4 << 20;
  config.channel_bytes = 1 << 19;
  return config;
}

/// All of it together. Clients live as long as the world.
class FanoutWorld {
 public:
  explicit FanoutWorld(WorldOptions options = {.config = small_config()})
      : network(options.seed, options.faults),
        world(network, options.seed),
        admission(options.config.sessions_max, options.config.sessions_per_address_max),
        io(network.make_io(kServerHost, FanoutReactor::io_limits(options.config))),
        shared(0, options.peripherals.size(), options.limits) {
    if (options.wrap_io) io = options.wrap_io(std::move(io));
    shared.io = io.get();
    std::vector<LineShared*> line_shares;
    for (std::size_t i = 0; i < options.peripherals.size(); ++i) {
      lines.push_back(std::make_unique<FakeLine>(
          network, static_cast<std::uint16_t>(i), options.peripherals[i], options.log_bytes,
          std::vector<FanoutShared*>{&shared}, options.limits));
      line_shares.push_back(&lines.back()->shared());
    }
    reactor = std::make_unique<FanoutReactor>(
        options.config, *io, shared, line_shares, admission, [this](const Said& words) {
          notes.emplace_back(words.text);
          note_fields.emplace_back(words.about.begin(), words.about.end());
        });
    EXPECT_TRUE(reactor->listen({std::string(kServerHost), kServerPort}).ok());
    world.add(kServerHost, [this, turn = options.turn](TimePoint deadline) {
      const std::uint32_t work = turn ? turn(*reactor, deadline) : reactor->turn(deadline);
      reactor->invariants();
      return work;
    });
    for (std::size_t i = 0; i < lines.size(); ++i) {
      world.add("10.0.1." + std::to_string(i + 1),
                [this, i](TimePoint deadline) { return lines[i]->turn(deadline); });
    }
  }

  FakeLine& line() { return *lines.front(); }

  TestClient& client(std::string host = {}) {
    if (host.empty()) host = "10.1.0." + std::to_string(clients.size() + 1);
    clients.push_back(std::make_unique<TestClient>(network, host));
    TestClient& made = *clients.back();
    world.add(host, [&made](TimePoint deadline) { return made.turn(deadline); });
    made.connect();
    return made;
  }
  TestClient& welcomed(std::string host = {}) {
    TestClient& made = client(std::move(host));
    made.hello();
    run(Millis{10});
    EXPECT_EQ(made.count(wire::FrameType::kWelcome), 1u);
    return made;
  }
  TestClient& agent(std::string_view id, std::string host = {}) {
    TestClient& made = welcomed(std::move(host));
    made.subscribe_agent(id);
    run(Millis{10});
    EXPECT_TRUE(made.has_event(wire::EventId::eSetAgentModeEvent));
    return made;
  }
  TestClient& monitor(std::string_view filter, std::string host = {}) {
    TestClient& made = welcomed(std::move(host));
    made.subscribe_monitor(filter);
    run(Millis{10});
    EXPECT_TRUE(made.has_event(wire::EventId::eOnMonitorModeEstablished));
    return made;
  }

  void run(Nanos duration) { world.run_for(duration); }

  core::SimNetwork network;
  core::SimWorld world;
  Admission admission;
  std::unique_ptr<core::Io> io;
  FanoutShared shared;
  std::vector<std::unique_ptr<FakeLine>> lines;
  std::unique_ptr<FanoutReactor> reactor;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::string> notes;
  std::vector<core::log::Fields> note_fields;  // of each of them
};

}  // namespace cti::broker
