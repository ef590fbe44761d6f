// watch_house.hpp - the watches of a line by themselves: a map that events of a CTI Server fill, what is told to sessions, and
// the edges as their reactor keeps them.
//
// Use      agent(), team(), call() say what the CTI Server says; look() is what a line does behind each frame, tick() behind each
//          turn; take() hands on what has been told. state() is all that the sessions know by then.
#pragma once

#include "broker/fanout/subscription.hpp"
#include "broker/requests/watches.hpp"
#include "broker/translate/translator.hpp"
#include "ring/event_log.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/team.hpp"
#include "wire/object_key.hpp"
#include "wire/watch_keys.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cti::test {

class WatchHouse {
 public:
  static constexpr std::uint32_t kPeripheral = 5000;
  using Flags = std::vector<std::pair<std::string, std::uint16_t>>;

  explicit WatchHouse(std::size_t watches_max = limits::kWatchesMax)
      : log_(std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 0}))
                 .value()),
        sink(*log_, {1, 1, 0}, std::size_t{1} << 16),
        translator(map, sink, true, kPeripheral),
        snapshots(map, sink, kPeripheral),
        fanout_(0, 1, limits_),
        tells_(0, {&fanout_}, 4096),
        watches(map, sink, tells_, snapshots, watches_max),
        index(64, static_cast<std::uint32_t>(watches_max)) {}

  static std::string id(const std::string& agent) {
    return std::string(broker::agent_object_id(kPeripheral, agent).view());
  }
  static std::uint64_t key(const std::string& agent) { return wire::object_key(id(agent)); }
  /// Session `number` is in the slot of its number.
  static broker::SessionRef session(std::uint64_t number, const std::string& agent) {
    broker::SessionRef ref{0, {static_cast<std::uint32_t>(number), 1}, number};
    ref.who.agent_key = key(agent);
    ref.who.mode = broker::SessionMode::kAgent;
    return ref;
  }

  // ---- what the CTI Server says ----
  void agent(const std::string& name, std::uint16_t state) {
    hear(wire::ged188::AgentStateEventEncoder(
             room_, 15, {.peripheral_id = kPeripheral, .agent_state = state})
             .agent_id(name)
             .agent_instrument("9" + name));
  }
  void team(std::uint32_t team, const Flags& members, std::uint16_t operation = 1) {
    wire::ged188::AgentTeamConfigEventEncoder to(
        room_, 15,
        {.peripheral_id = kPeripheral, .team_id = team, .config_operation = operation});
    for (const auto& [name, flags] : members)
      to.add_agent({.atc_agent_id = name, .agent_flags = flags});
    hear(to);
  }
  void leave(std::uint32_t id, const std::string& name) { team(id, {{name, 0}}, 2); }
  void call(std::uint32_t call, const std::string& name) {
    hear(wire::ged188::BeginCallEventEncoder(room_, 15,
                                             {.peripheral_id = kPeripheral,
                                              .connection_device_id_type = 0,
                                              .connection_call_id = call})
             .connection_device_id("9" + name));
    hear(wire::ged188::CallEstablishedEventEncoder(room_, 15,
                                                   {.peripheral_id = kPeripheral,
                                                    .connection_device_id_type = 0,
                                                    .connection_call_id = call,
                                                    .local_connection_state = 3})
             .connection_device_id("9" + name));
  }

  // ---- what a line does ----
  void look() {
    const bool missed = translator.take_members(
        [&](std::span<const std::uint64_t> who) { watches.look_at(who); });
    if (missed) watches.look_at_all();
    const bool lost =
        translator.take_touched([&](std::uint64_t who) { watches.look_at_buttons(who); });
    if (lost) watches.look_at_all_buttons();
  }
  void tick() {
    if (watches.stale()) watches.look_at_all(), watches.look_at_all_buttons();
    translator.note_agents(watches.have_buttons());
    watches.invariants();
  }
  std::vector<broker::WatchEdge> begin(const broker::SessionRef& who, const wire::Arguments& wish) {
    wire::Arguments args;
    args.set(wire::ArgKey(wire::watch::kWatch), wish);
    return watches.begin(who, who.who.agent_key, args.view());
  }
  void end(const broker::SessionRef& who) {
    watches.session_gone(who);
    known_.erase(who.session_number);
    index.remove(who.connection.slot);
  }

  // ---- what sessions know ----
  struct Known {
    std::map<std::uint64_t, std::uint32_t> edges;  // as the line says
    std::set<std::string> members, stopped;
    std::uint32_t mask = 0;
    bool list_ended = false;
    bool operator==(const Known&) const = default;
  };
  void take() {
    tells_.publish(0);
    fanout_.tells[0]->take_due(SIZE_MAX, [](ring::Position after) { return after; },
                               [&](broker::Tell&& tell) { take(tell); });
    for (auto& [number, known] : known_) {
      const auto slot = static_cast<std::uint32_t>(number);
      known.edges.clear();
      for (const auto& edge : watches.edges_of(session(number, "")))
        known.edges[edge.agent_key] = edge.topics;
      // The reactor has these and no others.
      EXPECT_EQ(index.watches_of(slot), known.edges.size()) << "session " << number;
      for (const auto& [agent, topics] : known.edges) {
        for (const std::uint32_t topic : {wire::topic::kAgent, wire::topic::kCall})
          EXPECT_EQ(index.watches(slot, agent, topic), (topics & topic) != 0);
      }
    }
  }
  const std::map<std::uint64_t, Known>& state() const { return known_; }
  const Known& state(std::uint64_t number) { return known_[number]; }
  void apply(const broker::SessionRef& who, const std::vector<broker::WatchEdge>& edges) {
    known_.try_emplace(who.session_number);
    for (const broker::WatchEdge& edge : edges)
      EXPECT_TRUE(index.watch(who.connection.slot, edge.agent_key, edge.topics)) << "no room";
    index.activate(who.connection.slot);
  }

 private:
  template <class Encoder>
  void hear(Encoder&& encoder) {
    const auto frame = encoder.finish();
    ASSERT_TRUE(frame.ok());
    EXPECT_TRUE(
        translator.event(load_be<std::uint32_t>(frame->data() + 4), frame->subspan(8), 15).ok());
  }
  void take(const broker::Tell& tell) {
    Known& known = known_[tell.to.session_number];
    if (tell.kind == broker::TellKind::kWatch) return apply(tell.to, tell.edges);
    for (std::size_t at = 0; at < tell.frames.size();) {
      const auto event = wire::PrivateEventView::trusted(
          Bytes(tell.frames).subspan(at, wire::frame_length(tell.frames.data() + at)));
      at += wire::frame_length(tell.frames.data() + at);
      const auto args = event.arguments();
      const auto text = [&](wire::Keyword name) {
        return std::string(args.string(name).value_or("?"));
      };
      switch (event.event_id()) {
        case wire::EventId::eStopMonitoringAgent:
          known.stopped.insert(text(wire::Keyword::AgentReference));
          break;
        case wire::EventId::eNewAgentTeamMember:
          if (args.integer(wire::Keyword::ConfigOperation) == 2) {
            known.members.erase(text(wire::Keyword::AgentID));
          } else {
            known.members.insert(text(wire::Keyword::AgentID));
          }
          break;
        case wire::EventId::eListAgentTeamConf:
          known.list_ended = true;
          break;
        case wire::EventId::eSupervisorButtonChange:
          known.mask = static_cast<std::uint32_t>(
              args.integer(wire::Keyword::SupervisorBtnEnablementMask).value_or(0));
          break;
        default:
          ADD_FAILURE() << "told of something else";
      }
    }
  }

  static constexpr broker::RendezvousLimits limits_{};
  std::unique_ptr<ring::EventLog> log_;
  std::vector<std::byte> room_ = std::vector<std::byte>(std::size_t{16} * 1024);
  std::map<std::uint64_t, Known> known_;  // by session number

 public:
  broker::ObjectMap map{broker::ObjectMap::Limits{100, 100}};
  broker::RecordSink sink;
  broker::Translator translator;
  broker::SnapshotMaker snapshots;

 private:
  broker::FanoutShared fanout_;
  broker::TellOut tells_;

 public:
  broker::Watches watches;
  broker::AgentIndex index;
};

}  // namespace cti::test
