// line_truth_clients_test.cpp - random switches and who hears of them: whoever became known while the line served is known as
// well as if asked for, nobody is known by what is over, and each agent's client has the calls at the agent's seat, whole.
//
// Here     the scripted CTI Server of the unit tests: agents that no configuration names, teams, seats that are taken over and
//          left, calls that move from device to device. Line: hears all of it. The line that starts now: the same one after a
//          dialogue, which asks about everything again.
#include "core/random.hpp"
#include "tests/property/seed.hpp"
#include "tests/unit/broker/line_world.hpp"

#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

class Switch {
 public:
  explicit Switch(std::uint64_t seed) : random_(seed), world(config()) {
    side().agents.clear();
    EXPECT_TRUE(world.ready());
    settle();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    settle();
  }

  /// What of the map must be the same for whoever heard and whoever asks.
  std::string known() {
    const broker::ObjectMap& map = world.line->map();
    map.invariants();
    std::set<std::string> lines;
    map.each_agent([&](const broker::AgentEntry& agent) {
      std::string line = std::string(agent.agent_id.view()) + " state " +
                         std::to_string(agent.state) + (agent.desk_known ? " desk" : "");
      for (const broker::Slot seat : agent.devices) {
        const broker::DeviceEntry* const device = map.device_at(seat);
        if (device != nullptr) line += " at " + std::string(device->name.view());
      }
      lines.insert(agent.logged_in() ? line : std::string(agent.agent_id.view()) + " is out");
    });
    map.each_call([&](const broker::CallEntry& call) {
      const broker::AgentEntry* const agent = map.agent_of(call);
      lines.insert(std::string(call.id.view()) + " status " + std::to_string(call.status) +
                   " of " + std::string(agent == nullptr ? "nobody" : agent->agent_id.view()));
    });
    std::string all;
    for (const std::string& line : lines) all += "  " + line + "\n";
    return all;
  }

  /// Agents who are known and were never there.
  std::string strangers() {
    std::string found;
    world.line->map().each_agent([&](const broker::AgentEntry& agent) {
      const std::string name(agent.agent_id.view());
      if (there_.count(name) == 0) found += "  " + name + "\n";
    });
    return found;
  }

  /// Clients in agent mode fold their own agent's records; what they have wrong.
  std::string false_clients() {
    std::map<std::uint64_t, wire::ObjectTable> clients;
    wire::ObjectTable all;
    for (const Record& record : world.records) {
      EXPECT_TRUE(all.apply(record.view()).ok());
      if (record.view().agent_key() != 0)
        (void)clients[record.view().agent_key()].apply(record.view());
    }
    const broker::ObjectMap& map = world.line->map();
    EXPECT_EQ(all.exact_digest(), map.properties().exact_digest());
    std::string found;
    for (const auto& one : clients) {
      const std::uint64_t key = one.first;
      const wire::ObjectTable& client = one.second;
      const broker::AgentEntry* const agent = map.agent(key);
      const std::string name(agent == nullptr ? "?" : agent->agent_id.view());
      map.each_call([&](const broker::CallEntry& call) {
        if (map.audience_of(call) != key) return;
        const auto mine = client.find(call.key);
        const auto truth = map.properties().find(call.key);
        if (!mine) {
          found += "  " + name + " lacks " + std::string(call.id.view()) + "\n";
        } else if (client.properties(*mine).dump() != map.properties().properties(*truth).dump()) {
          found += "  " + name + " has half of " + std::string(call.id.view()) + "\n";
        }
      });
      client.for_each(wire::ObjectKind::kCall, [&](wire::ObjectHandle handle) {
        const broker::CallEntry* const call = map.call(client.key(handle));
        if (call == nullptr || map.audience_of(*call) != key)
          found += "  " + name + " keeps " + std::string(client.unique_object_id(handle)) + "\n";
      });
    }
    return found;
  }

  void ask_again() {
    const std::uint64_t before = world.line->sync_counters().completed;
    side().hang_up();
    EXPECT_TRUE(world.until([&] {
      return world.line->sync_counters().completed > before && world.line->in_step();
    }));
    settle();
  }

 private:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.link.sides.resize(1);
    config.link.pauses = {Millis{10}};
    config.agents.clear();
    return config;
  }
  CtiServer& side() { return *world.side_a; }
  void settle() {
    EXPECT_TRUE(world.until([&] { return world.line->in_step(); }));
    world.settle(Seconds{1});
    EXPECT_TRUE(world.until([&] { return world.line->in_step(); }));
  }
  std::string agent() { return "8" + std::to_string(random_.below(6)); }
  std::string seat() { return "239" + std::to_string(random_.below(4)); }
  /// Somebody else is logged in there already: which of them sits is no matter of state.
  bool taken(const std::string& seat, const std::string& but) {
    for (const auto& [name, one] : side().agents)
      if (name != but && one.instrument == seat && one.state != ctios::eLogout) return true;
    return false;
  }

  void step() {
    switch (random_.below(9)) {
      case 0:
      case 1:
        return log_in();
      case 2:
        return log_out();
      case 3:
        return team();
      case 4:
      case 5:
        return begin();
      case 6:
        return change();
      case 7:
        return move();
      default:
        return end();
    }
  }

  void log_in() {
    const std::string who = agent(), where = seat();
    const auto there = side().agents.find(who);
    const bool moves = there == side().agents.end() || there->second.state == ctios::eLogout;
    const std::string at = moves ? where : there->second.instrument;
    if (taken(at, who) && random_.chance(0.5)) displace(at, who);
    if (taken(at, who)) return;
    there_.insert(who);
    side().agent_state(who, random_.chance(0.5) ? 3 : 2, at, random_.chance(0.5) ? at : "");
    // The event may leave the seat out; a question does not.
    side().agents[who].extension = "";
  }
  /// One who takes the seat of another, and the other leaves it only then.
  void displace(const std::string& at, const std::string& by) {
    there_.insert(by);
    side().agent_state(by, 3, at);
    for (auto& [name, one] : std::map(side().agents)) {
      if (name == by || one.instrument != at || one.state == ctios::eLogout) continue;
      side().agent_state(name, ctios::eLogout, at);
    }
  }
  void log_out() {
    const std::string who = agent();
    const auto there = side().agents.find(who);
    if (there == side().agents.end()) {  // of somebody who never was there
      side().agent_state(who, ctios::eLogout, "");
      side().agents.erase(who);
      return;
    }
    side().agent_state(who, ctios::eLogout, there->second.instrument);
  }
  void team() {
    const std::string who = agent();
    const auto there = side().agents.find(who);
    const std::uint16_t operation = random_.chance(0.5) ? 1 : 2;
    ged::AgentTeamConfigEventEncoder to(
        side().room(), side().version,
        {.peripheral_id = kPeripheral, .team_id = 7000, .config_operation = operation});
    // The team may name somebody who is at work and was not heard of.
    if (there == side().agents.end() && operation == 1) {
      const std::string at = seat();
      if (taken(at, who)) return;
      side().agents[who] = {3, at, ""};
    }
    if (operation == 1) there_.insert(who);
    const std::uint16_t state = operation == 1 ? side().agents[who].state : std::uint16_t{3};
    to.add_agent({who, std::uint16_t{0}, state, std::uint32_t{1}});
    side().send(to);
  }

  void begin() {
    const std::string at = seat();
    if (side().calls[at].size() >= 3) return;
    const std::uint32_t id = ++last_call_;
    side().begin_call(id, at, "555");
    side().delivered(id, at);
    side().calls[at].push_back({id, 2, "555"});
  }
  CtiServer::Call* some_call(std::string& at) {
    at = seat();
    auto& calls = side().calls[at];
    return calls.empty() ? nullptr : &calls[random_.below(calls.size())];
  }
  void change() {
    std::string at;
    CtiServer::Call* const call = some_call(at);
    if (call == nullptr) return;
    if (random_.chance(0.5)) {
      side().established(call->id, at);
      call->status = 3;
    } else {
      side().held(call->id, at);
      call->status = 4;
    }
  }
  void move() {
    std::string at;
    CtiServer::Call* const call = some_call(at);
    const std::string to = seat();
    if (call == nullptr || to == at) return;
    side().send(ged::CallDataUpdateEventEncoder(side().room(), side().version,
                                                {.peripheral_id = kPeripheral,
                                                 .call_type = call->type,
                                                 .connection_device_id_type = 0,
                                                 .connection_call_id = call->id,
                                                 .new_connection_device_id_type = 0,
                                                 .new_connection_call_id = call->id})
                    .connection_device_id(at)
                    .new_connection_device_id(to));
    const CtiServer::Call moved = *call;
    std::erase_if(side().calls[at], [&](const auto& one) { return one.id == moved.id; });
    side().calls[to].push_back(moved);
  }
  void end() {
    std::string at;
    const CtiServer::Call* const call = some_call(at);
    if (call == nullptr) return;
    const std::uint32_t id = call->id;
    side().end_call(id, at);
    std::erase_if(side().calls[at], [&](const auto& one) { return one.id == id; });
  }

  core::Random random_;
  std::set<std::string> there_;
  std::uint32_t last_call_ = 0;

 public:
  LineWorld world;
};

TEST(LineTruth, WhoeverWasHeardOfIsKnownAsIfAskedForAndEachClientHasTheCallsOfItsSeat) {
  Seed seed("LineTruth.Whoever*");
  core::Random random(seed.next());
  const char* const rounds = std::getenv("RINGSIDE_ROUNDS");
  const int count = rounds != nullptr ? std::atoi(rounds) : 40;
  for (int round = 0; round < count; ++round) {
    const std::uint64_t one = random.next();
    SCOPED_TRACE("seed " + std::to_string(one));
    Switch play(one);
    for (int part = 0; part < 4; ++part) {
      play.play(12);
      ASSERT_EQ(play.false_clients(), "");
      ASSERT_EQ(play.strangers(), "");
      const std::string heard = play.known();
      play.ask_again();
      ASSERT_EQ(heard, play.known()) << "heard, and then asked";
      ASSERT_EQ(play.false_clients(), "");
    }
  }
}

}  // namespace
}  // namespace cti::test
