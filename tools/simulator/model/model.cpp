// model.cpp - building the model from its settings, its clock and timers, and what must hold at any time.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {

Model::Model(Settings settings, std::uint64_t seed)
    : settings_(std::move(settings)), random_(seed) {
  for (const SkillGroupSettings& group : settings_.skill_groups) {
    dialed_index_.emplace(group.dialed_number, static_cast<std::uint32_t>(groups_.size()));
    groups_.push_back({group, {}, {}, {}, false});
  }
  for (const TeamSettings& team : settings_.teams) teams_.push_back({team, {}});
  for (const AgentSettings& agent : settings_.agents) add_station(agent.instrument);
  for (const std::string& station : settings_.stations) add_station(station);
  for (const AgentSettings& configured : settings_.agents) {
    const auto index = static_cast<AgentIndex>(agents_.size());
    agent_index_.emplace(configured.id, index);
    for (Team& team : teams_) {
      if (team.settings.id == configured.team) team.members.push_back({index, false});
    }
    agents_.push_back(agent_from(configured, index));
  }
  for (Team& team : teams_) {
    const AgentIndex primary = find_agent(team.settings.supervisor);
    if (primary != kNoIndex && !team.has(primary)) team.members.push_back({primary, false});
  }
  timers_.arm(now_ + Seconds(300), TimerKind::kHalfHour, 1);
}

bool Model::advance(TimePoint to, std::uint32_t limit) {
  for (std::uint32_t fired = 0; timers_.next() <= to; ++fired) {
    if (fired == limit) return false;
    const Timer due = timers_.take();
    now_ = std::max(now_, due.at);
    fire(due);
  }
  now_ = std::max(now_, to);
  return true;
}

void Model::fire(const Timer& timer) {
  switch (timer.kind) {
    case TimerKind::kDeliver: {
      Connection* c = connection(timer.id);
      if (c != nullptr && c->state == ConnectionState::kNull) {
        deliver(*call_of_connection(timer.id), *c, Cause::kNewCall);
      }
      break;
    }
    case TimerKind::kRing:
      ring_expired(timer.id);
      break;
    case TimerKind::kAutoAnswer: {
      const Connection* c = connection(timer.id);
      if (c != nullptr && c->state == ConnectionState::kAlerting && c->view()) {
        (void)answer(call_of_connection(timer.id)->number, c->party.station).ok();
      }
      break;
    }
    case TimerKind::kExternalAnswer: {
      Connection* c = connection(timer.id);
      if (c != nullptr && c->state == ConnectionState::kAlerting) {
        connect(*call_of_connection(timer.id), *c, Cause::kNone);
      }
      break;
    }
    case TimerKind::kFailedTone: {
      const Connection* c = connection(timer.id);
      if (c != nullptr && c->state == ConnectionState::kFailed) {
        drop(*call_of_connection(timer.id), timer.id, Cause::kNone);
      }
      break;
    }
    case TimerKind::kExternalAlone: {
      Call* alone = call(timer.id);
      if (alone != nullptr && std::ranges::none_of(alone->connections, &Connection::view) &&
          alone->queued == kNoIndex) {
        end_call(*alone, alone->connections.front().number, Cause::kNone);
      }
      break;
    }
    case TimerKind::kHangup: {
      // stamp 0: out of patience, counts only while nobody has answered. 1: has talked enough.
      Call* of = call_of_connection(timer.id);
      if (of != nullptr && (timer.stamp == 1 || !of->answered)) drop(*of, timer.id, Cause::kNone);
      break;
    }
    case TimerKind::kWrapupEnd:
      wrapup_ends(timer.id, timer.stamp);
      break;
    case TimerKind::kDataRelease:
      ended_.erase(timer.id);
      break;
    case TimerKind::kHalfHour:
      five_minutes_pass(timer.id);
      break;
    case TimerKind::kRobot:
      for (ModelListener* l : listeners_) l->on_robot(timer.id, timer.stamp);
      break;
    case TimerKind::kGreeting:
      greeting_ends(timer.id);
      break;
  }
}

void Model::five_minutes_pass(std::uint32_t number) {
  for (SkillGroup& group : groups_) {
    group.statistics.to_five = {};
    if (number % 6 == 0) group.statistics.to_half = {};
    if (number % 288 == 0) group.statistics.today = {};
  }
  if (number % 288 == 0) {
    for (Agent& agent : agents_) agent.today.clear();
  }
  if (number % 6 == 0) {
    for (ModelListener* l : listeners_) l->on_system(SystemKind::kHalfHour, 0);
  }
  timers_.arm(now_ + Seconds(300), TimerKind::kHalfHour, number + 1);
}

AgentIndex Model::find_agent(std::string_view id) const {
  const auto found = agent_index_.find(std::string(id));
  return found == agent_index_.end() ? kNoIndex : found->second;
}

AgentIndex Model::find_agent_by_target(std::uint32_t skill_target_id) const {
  const std::uint32_t index = skill_target_id - 50'000;
  return index < agents_.size() && !agents_[index].deleted ? index : kNoIndex;
}

StationIndex Model::find_station(std::string_view id) const {
  const auto found = station_index_.find(std::string(id));
  return found == station_index_.end() ? kNoIndex : found->second;
}

GroupIndex Model::find_group(std::uint32_t number) const {
  for (GroupIndex i = 0; i < groups_.size(); ++i) {
    if (groups_[i].settings.number == number && !groups_[i].deleted) return i;
  }
  return kNoIndex;
}

GroupIndex Model::find_group_by_dialed(std::string_view number) const {
  const auto found = dialed_index_.find(std::string(number));
  return found == dialed_index_.end() ? kNoIndex : found->second;
}

const Call* Model::find_call(CallNumber number) const {
  const auto found = calls_.find(number);
  return found == calls_.end() ? nullptr : &found->second;
}

const Connection* Model::find_view(CallNumber number, StationIndex station) const {
  const Call* found = find_call(number);
  return found == nullptr ? nullptr : found->of_station(station);
}

Call* Model::call(CallNumber number) { return const_cast<Call*>(find_call(number)); }

Call* Model::call_of_connection(ConnectionNumber number) {
  const auto found = call_of_connection_.find(number);
  return found == call_of_connection_.end() ? nullptr : call(found->second);
}

Connection* Model::connection(ConnectionNumber number) {
  Call* of = call_of_connection(number);
  if (of == nullptr) return nullptr;
  for (Connection& c : of->connections) {
    if (c.number == number) return &c;
  }
  return nullptr;
}

Done<Connection*> Model::own_connection(CallNumber number, StationIndex station) {
  Call* of = call(number);
  if (of == nullptr) return Err{Failure::server(Status::kInvalidCallId)};
  if (station >= stations_.size()) return Err{Failure::telephone(Refusal::kInvalidDevice)};
  Connection* c = of->of_station(station);
  if (c == nullptr) return Err{Failure::telephone(Refusal::kInvalidConnection)};
  return c;
}

Party Model::station_party(StationIndex station) const {
  return {DeviceKind::kStation, stations_[station].id, station};
}

void Model::set_peripheral_online(bool online) {
  if (online == peripheral_online_) return;
  if (!online) {
    while (!calls_.empty()) {
      Call& first = calls_.begin()->second;
      end_call(first, first.connections.front().number, Cause::kNone);
    }
    for (AgentIndex i = 0; i < agents_.size(); ++i) {
      if (agents_[i].logged_on()) log_out(i, kReasonComponentLost);
    }
  }
  peripheral_online_ = online;
  for (ModelListener* l : listeners_) {
    l->on_system(online ? SystemKind::kPeripheralOnline : SystemKind::kPeripheralOffline,
                 settings_.peripheral_id);
  }
}

void Model::set_controller_online(bool online) {
  for (ModelListener* l : listeners_) {
    l->on_system(online ? SystemKind::kControllerOnline : SystemKind::kControllerOffline, 0);
  }
}

void Model::check_invariants() const {
  std::uint64_t views = 0;
  for (const auto& [number, of] : calls_) {
    CTI_CHECK(number == of.number);
    CTI_CHECK(!of.connections.empty() && of.parties() <= kPartiesMax);
    for (const Connection& c : of.connections) {
      const auto owner = call_of_connection_.find(c.number);
      CTI_CHECK(owner != call_of_connection_.end() && owner->second == number);
      CTI_CHECK(!c.media || c.state == ConnectionState::kConnected);
      CTI_CHECK((!c.recorded && !c.greeting) || c.announced);
      views += c.announced;
      if (!c.view()) continue;
      const std::vector<CallNumber>& at = stations_[c.party.station].calls;
      CTI_CHECK(std::ranges::count(at, number) == 1);
    }
    if (of.queued != kNoIndex) CTI_CHECK(std::ranges::count(groups_[of.queued].queue, number) == 1);
  }
  CTI_CHECK(counters_.calls_begun - counters_.calls_ended == calls_.size());
  CTI_CHECK(counters_.views_begun - counters_.views_ended == views);
  for (StationIndex s = 0; s < stations_.size(); ++s) {
    std::size_t connected = 0;
    for (const CallNumber number : stations_[s].calls) {
      const Call* of = find_call(number);
      CTI_CHECK(of != nullptr);
      const Connection* c = of->of_station(s);
      CTI_CHECK(c != nullptr);
      connected += c->state == ConnectionState::kConnected;
    }
    CTI_CHECK(connected <= 1);
    const AgentIndex agent = stations_[s].agent;
    CTI_CHECK(agent == kNoIndex || agents_[agent].station == s);
  }
  for (AgentIndex i = 0; i < agents_.size(); ++i) {
    const Agent& agent = agents_[i];
    CTI_CHECK(agent.logged_on() == (agent.station != kNoIndex));
    if (agent.logged_on()) CTI_CHECK(stations_[agent.station].agent == i);
    if (agent.state == AgentState::kAvailable) CTI_CHECK(stations_[agent.station].calls.empty());
    if (agent.on_call()) CTI_CHECK(!stations_[agent.station].calls.empty());
    Nanos sum{0};
    for (std::size_t state = 0; state < kAgentStates; ++state) sum += time_in(i, AgentState(state));
    CTI_CHECK(sum == now_.since_start);
  }
  for (const SkillGroup& group : groups_) {
    for (const CallNumber number : group.queue) CTI_CHECK(find_call(number) != nullptr);
    for (const auto& [since, agent] : group.available) {
      CTI_CHECK(agents_[agent].state == AgentState::kAvailable);
    }
  }
}

}  // namespace cti::simulator
