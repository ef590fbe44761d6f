// line_world.hpp - a line, a CTI Server on side A and one on side B, on a simulated network.
#pragma once

#include "broker/line.hpp"
#include "core/sim_io.hpp"
#include "core/sim_world.hpp"
#include "ring/event_log.hpp"
#include "tests/unit/broker/line_cti_server.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cti::test {

using wire::EventId;
using wire::Keyword;
using wire::RequestId;

inline constexpr std::uint32_t kPeripheral = 5000;

/// One record of the log, taken out.
struct Record {
  std::vector<std::byte> bytes;
  wire::UpdateView view() const { return wire::UpdateView::trusted(bytes); }
  EventId event() const { return view().event_id(); }
  std::string text(Keyword keyword) const {
    const auto arg = view().arguments().find(keyword);
    return arg ? arg->to_text() : std::string("-");
  }
  std::int64_t number(Keyword keyword) const {
    return view().arguments().integer(keyword).value_or(-999);
  }
  bool has(Keyword keyword) const { return view().arguments().find(keyword).has_value(); }
};

inline broker::LineConfig line_config() {
  broker::LineConfig config;
  config.link.sides = {{"10.0.0.2", 42027}, {"10.0.0.3", 43027}};
  config.link.stable_after = Nanos{0};
  config.peripherals = {kPeripheral};
  config.agents = {"22866", "22867"};
  config.agents_max = 200;
  config.calls_max = 500;
  config.pending_max = 512;
  config.once_max = 512;
  return config;
}

class LineWorld {
 public:
  explicit LineWorld(const broker::LineConfig& config = line_config(), std::uint64_t seed = 1,
                     const core::SimFaults& faults = {},
                     std::size_t log_bytes = std::size_t{1} << 20,
                     const std::function<core::Io*(core::Io&)>& wrap_io = {})
      : network(seed, faults),
        world(network, seed),
        log(std::move(ring::EventLog::create({.bytes = log_bytes, .gates = 1})).value()),
        shared(0, *log, {7, 1, 0}, 1, limits),
        fanout(0, 1, limits),
        line_io(network.make_io("10.0.0.1")),
        fanout_io(network.make_io("10.0.0.9")),
        side_a(std::make_unique<CtiServer>(network.make_io("10.0.0.2"), std::uint16_t{42027})),
        side_b(std::make_unique<CtiServer>(network.make_io("10.0.0.3"), std::uint16_t{43027})) {
    shared.io = line_io.get();
    shared.asks.lane(0).open(64);
    fanout.io = fanout_io.get();
    side_a->agents = side_b->agents = {{"22866", {1, "", ""}}, {"22867", {1, "", ""}}};
    line = std::make_unique<broker::Line>(
        config, shared, std::vector{&fanout}, wrap_io ? *wrap_io(*line_io) : *line_io, limits,
        core::Random(seed),
        [this](const broker::Said& words) {
          said.emplace_back(words.text);
          levels.push_back(words.level);
          fields.emplace_back(words.about.begin(), words.about.end());
        });
    world.add("10.0.0.1", [this](TimePoint deadline) {
      if (around_turn) around_turn(true);
      const std::uint32_t work = line->turn(deadline);
      if (around_turn) around_turn(false);
      return work;
    });
    world.add("10.0.0.2", [this](TimePoint deadline) { return side_a->turn(deadline); });
    world.add("10.0.0.3", [this](TimePoint deadline) { return side_b->turn(deadline); });
    world.add("10.0.0.9", [this](TimePoint) { return take(); });
    line->start();
  }

  /// The fan-out's part: takes what the line logs and what it tells, in order; tells alone when it is not `reading`.
  std::uint32_t take() {
    std::uint32_t work = follow();
    const auto follow_to = [&](ring::Position after) {
      work += follow();
      return reading ? cursor : after;
    };
    fanout.tells[0]->take_due(64, follow_to, [&](broker::Tell&& tell) {
      tells.push_back(std::move(tell));
      ++work;
    });
    return work;
  }
  std::uint32_t follow() {
    std::uint32_t work = 0;
    while (reading) {
      const ring::LogRead read = log->read(log->gate(0), cursor, std::size_t{1} << 16);
      if (read.status != ring::LogRead::Status::kRange) break;
      for (std::size_t at = 0; at < read.bytes.size();) {
        const std::size_t bytes = wire::frame_length(read.bytes.data() + at);
        const Bytes record = read.bytes.subspan(at, bytes);
        EXPECT_TRUE(wire::UpdateView::check(record).ok());
        records.push_back({{record.begin(), record.end()}});
        at += bytes;
        ++work;
      }
      cursor = read.to;
      log->gate(0).leave(read.from);
    }
    return work;
  }

  [[nodiscard]] bool until(const std::function<bool()>& condition, Nanos limit = Seconds{60}) {
    return world.run_until(condition, network.now() + limit);
  }
  [[nodiscard]] bool ready() {
    return until([&] { return line->ready() && line->sync_counters().completed > 0; });
  }
  void settle(Nanos time = Millis{100}) { world.run_for(time); }

  // ---- asking ----
  broker::SessionRef session(std::uint64_t number = 1) { return {0, {1, 1}, number}; }
  /// The session of the same client that comes after this one, elsewhere in the reactor.
  static broker::SessionRef successor(broker::SessionRef from) {
    from.connection.slot += 1;
    from.session_number += 1;
    return from;
  }
  void end_session(const broker::SessionRef& from) {
    shared.asks.lane(0).session_gone(from);
    shared.wake();
    settle();
  }
  std::uint64_t agent_key(const std::string& agent) {
    return wire::object_key(broker::agent_object_id(kPeripheral, agent).view());
  }
  broker::Ask request(RequestId request, const wire::Arguments& args, const std::string& agent,
                      std::uint64_t token_number = 0) {
    broker::Ask ask;
    ask.kind = broker::AskKind::kRequest;
    ask.from = session();
    ask.request_id = ++last_request;
    ask.token = token_number;
    ask.request = static_cast<std::uint32_t>(request);
    ask.from.who.agent_key = agent.empty() ? 0 : agent_key(agent);
    ask.from.who.mode = agent.empty() ? broker::SessionMode::kMonitor : broker::SessionMode::kAgent;
    ask.arguments.assign(args.bytes().begin(), args.bytes().end());
    return ask;
  }
  void ask(broker::Ask&& what) {
    broker::AskLane& lane = shared.asks.lane(0);
    if (what.kind == broker::AskKind::kRequest) {
      auto& share = shares[what.from.session_number];
      EXPECT_EQ(lane.push(std::move(what), share), broker::AskPush::kTaken);
    } else {
      EXPECT_TRUE(lane.push_control(std::move(what)));
    }
    shared.wake();
  }
  /// Asks and waits for the one reply.
  broker::Tell answer(broker::Ask&& what, Nanos limit = Seconds{60}) {
    const std::uint64_t id = what.request_id;
    ask(std::move(what));
    const auto find = [&] {
      return std::find_if(tells.begin(), tells.end(), [&](const broker::Tell& tell) {
        return tell.kind == broker::TellKind::kReply && tell.request_id == id;
      });
    };
    EXPECT_TRUE(until([&] { return find() != tells.end(); }, limit)) << "no reply";
    if (find() == tells.end()) return {};
    broker::Tell found = std::move(*find());
    tells.erase(find());
    return found;
  }
  broker::Tell enter_agent_mode(const std::string& agent) {
    wire::Arguments args;
    args.set("AgentID", agent);
    args.set("PeripheralID", std::int32_t{kPeripheral});
    broker::Ask what;
    what.kind = broker::AskKind::kAgentMode;
    what.arguments.assign(args.bytes().begin(), args.bytes().end());
    return told(std::move(what), broker::TellKind::kAgentMode);
  }
  /// An image of everything, as a monitor gets it.
  broker::Tell snapshot() {
    broker::Ask what;
    what.kind = broker::AskKind::kSnapshot;
    return told(std::move(what), broker::TellKind::kSnapshot);
  }
  broker::Tell told(broker::Ask what, broker::TellKind kind) {
    what.from = session();
    what.request_id = ++last_request;
    ask(std::move(what));
    const auto find = [&] {
      return std::find_if(tells.begin(), tells.end(),
                          [kind](const broker::Tell& tell) { return tell.kind == kind; });
    };
    EXPECT_TRUE(until([&] { return find() != tells.end(); }));
    if (find() == tells.end()) return {};
    broker::Tell found = std::move(*find());
    tells.erase(find());
    return found;
  }

  // ---- looking ----
  std::vector<EventId> events_since(std::size_t from) const {
    std::vector<EventId> events;
    for (std::size_t i = from; i < records.size(); ++i) events.push_back(records[i].event());
    return events;
  }
  const Record* last(EventId event, std::size_t from = 0) const {
    for (std::size_t i = records.size(); i > from; --i) {
      if (records[i - 1].event() == event) return &records[i - 1];
    }
    return nullptr;
  }
  std::size_t count(EventId event, std::size_t from = 0) const {
    std::size_t found = 0;
    for (std::size_t i = from; i < records.size(); ++i)
      found += records[i].event() == event ? 1U : 0U;
    return found;
  }

  static constexpr broker::RendezvousLimits limits{};
  core::SimNetwork network;
  core::SimWorld world;
  std::unique_ptr<ring::EventLog> log;
  broker::LineShared shared;
  broker::FanoutShared fanout;
  std::map<std::uint64_t, broker::AskShare> shares;  // [session number]
  std::function<void(bool begins)> around_turn;  ///< of the line
  std::unique_ptr<core::Io> line_io, fanout_io;
  std::unique_ptr<CtiServer> side_a, side_b;
  std::unique_ptr<broker::Line> line;
  ring::Position cursor = 0;
  bool reading = true;
  std::vector<Record> records;
  std::vector<broker::Tell> tells;
  std::vector<std::string> said;
  std::vector<core::log::Level> levels;   // of each of them
  std::vector<core::log::Fields> fields;  // likewise
  std::uint64_t last_request = 0;
};

inline wire::ReplyView reply_of(const broker::Tell& tell) {
  return wire::ReplyView::trusted(tell.frames);
}

inline wire::Arguments args_of(std::initializer_list<std::pair<const char*, const char*>> list) {
  wire::Arguments args;
  for (const auto& [key, value] : list) args.set(key, value);
  return args;
}

}  // namespace cti::test
