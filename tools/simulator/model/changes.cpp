// Configuration that changes while the gateway runs: agents, teams, skill groups, devices. Indices stay what they are; what is
// deleted is only marked, so that statistics and late timers find it.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {

void Model::add_station(const std::string& id) {
  if (id.empty() || station_index_.contains(id)) return;
  station_index_.emplace(id, static_cast<std::uint32_t>(stations_.size()));
  stations_.push_back({id, kNoIndex, {}, false});
}

Agent Model::agent_from(const AgentSettings& configured, AgentIndex index) const {
  Agent agent;
  agent.settings = configured;
  if (agent.settings.password.empty()) agent.settings.password = configured.id;
  agent.skill_target_id = 50'000 + index;
  agent.desk = &settings_.desks.front();
  for (const DeskSettings& desk : settings_.desks) {
    if (desk.id == configured.desk) agent.desk = &desk;
  }
  // The books begin at 0: who comes later has been logged out until now.
  agent.state_since = TimePoint{};
  return agent;
}

void Model::tell_config(ConfigEvent::Item item, ConfigEvent::Change change, std::uint32_t index) {
  for (ModelListener* listener : listeners_) listener->on_config({item, change, index});
}

std::string Model::check_agent(const AgentSettings& agent) const {
  if (agent.id.empty() || agent.id.size() > 11) return "an agent's id has 1 to 11 characters";
  if (agent.instrument.empty() || agent.instrument.size() > 15)
    return "an instrument has 1 to 15 characters";
  for (const std::uint32_t number : agent.skill_groups) {
    if (find_group(number) == kNoIndex) return "no skill group " + std::to_string(number);
  }
  const bool team_known = agent.team == 0 || std::ranges::any_of(teams_, [&](const Team& team) {
                            return team.settings.id == agent.team;
                          });
  return team_known ? "" : "no team " + std::to_string(agent.team);
}

std::string Model::add_agent(AgentSettings agent) {
  if (std::string why = check_agent(agent); !why.empty()) return why;
  if (find_agent(agent.id) != kNoIndex) return "there is an agent " + agent.id;
  if (agents_.size() >= kAgentsMax) return "no more agents fit";
  add_station(agent.instrument);
  const auto index = static_cast<AgentIndex>(agents_.size());
  agent_index_.emplace(agent.id, index);
  agents_.push_back(agent_from(agent, index));
  tell_config(ConfigEvent::Item::kAgent, ConfigEvent::Change::kAdd, index);
  for (const Team& team : teams_) {
    const bool leads = team.settings.supervisor == agent.id;
    if ((leads || team.settings.id == agent.team) && !team.has(index))
      (void)join_team(index, team.settings.id, false);
  }
  return "";
}

std::string Model::change_agent(AgentIndex index, AgentSettings to) {
  Agent& agent = agents_[index];
  to.id = agent.settings.id;
  if (std::string why = check_agent(to); !why.empty()) return why;
  add_station(to.instrument);
  const std::uint32_t before = agent.settings.team, after = to.team;
  agent.settings = std::move(to);
  if (agent.settings.password.empty()) agent.settings.password = agent.settings.id;
  tell_config(ConfigEvent::Item::kAgent, ConfigEvent::Change::kChange, index);
  if (before == after) return "";
  // Whoever leads one of the two stays there, and is there already.
  if (before != 0) (void)leave_team(index, before);
  if (after != 0) (void)join_team(index, after, false);
  return "";
}

std::string Model::delete_agent(AgentIndex index) {
  Agent& agent = agents_[index];
  if (agent.logged_on() && !stations_[agent.station].calls.empty())
    return "agent " + agent.settings.id + " has a call";
  if (agent.logged_on()) log_out(index, 0);
  for (Team& team : teams_) {
    if (team.has(index)) take_out(team, index);
  }
  agent_index_.erase(agent.settings.id);
  agent.deleted = true;
  tell_config(ConfigEvent::Item::kAgent, ConfigEvent::Change::kDelete, index);
  return "";
}

std::string Model::join_team(AgentIndex agent, std::uint32_t id, bool temporary) {
  const auto team =
      std::ranges::find_if(teams_, [&](const Team& t) { return t.settings.id == id; });
  if (team == teams_.end()) return "no team " + std::to_string(id);
  if (team->has(agent)) return "is in team " + std::to_string(id) + " already";
  team->members.push_back({agent, temporary});
  const auto index = static_cast<std::uint32_t>(team - teams_.begin());
  for (ModelListener* listener : listeners_) listener->on_team({index, agent, true});
  return "";
}

std::string Model::leave_team(AgentIndex agent, std::uint32_t id) {
  const auto team =
      std::ranges::find_if(teams_, [&](const Team& t) { return t.settings.id == id; });
  if (team == teams_.end()) return "no team " + std::to_string(id);
  if (!team->has(agent)) return "is not in team " + std::to_string(id);
  if (team->settings.supervisor == agents_[agent].settings.id)
    return "leads team " + std::to_string(id);
  take_out(*team, agent);
  return "";
}

void Model::take_out(Team& team, AgentIndex agent) {
  std::erase_if(team.members, [agent](const TeamMember& m) { return m.agent == agent; });
  const auto index = static_cast<std::uint32_t>(&team - teams_.data());
  for (ModelListener* listener : listeners_) listener->on_team({index, agent, false});
}

std::string Model::add_skill_group(SkillGroupSettings group) {
  if (find_group(group.number) != kNoIndex)
    return "there is a skill group " + std::to_string(group.number);
  if (group.dialed_number.empty() || dialed_index_.contains(group.dialed_number))
    return "a skill group needs a dialed number of its own";
  if (groups_.size() >= kGroupsMax) return "no more skill groups fit";
  const auto index = static_cast<GroupIndex>(groups_.size());
  dialed_index_.emplace(group.dialed_number, index);
  groups_.push_back({std::move(group), {}, {}, {}, false});
  tell_config(ConfigEvent::Item::kSkillGroup, ConfigEvent::Change::kAdd, index);
  return "";
}

std::string Model::change_skill_group(GroupIndex index, SkillGroupSettings to) {
  SkillGroup& group = groups_[index];
  const auto other = dialed_index_.find(to.dialed_number);
  if (to.dialed_number.empty() || (other != dialed_index_.end() && other->second != index))
    return "a skill group needs a dialed number of its own";
  // The number is the device whose view of each of them has begun.
  if (to.dialed_number != group.settings.dialed_number && !group.queue.empty())
    return "calls wait for it";
  dialed_index_.erase(group.settings.dialed_number);
  to.number = group.settings.number;
  to.id = group.settings.id;
  group.settings = std::move(to);
  dialed_index_.emplace(group.settings.dialed_number, index);
  tell_config(ConfigEvent::Item::kSkillGroup, ConfigEvent::Change::kChange, index);
  return "";
}

std::string Model::delete_skill_group(GroupIndex index) {
  SkillGroup& group = groups_[index];
  const auto uses = [index](const Agent& a) { return std::ranges::count(a.groups, index) > 0; };
  if (std::ranges::any_of(agents_, uses)) return "agents are logged in to it";
  if (!group.queue.empty()) return "calls wait for it";
  dialed_index_.erase(group.settings.dialed_number);
  group.deleted = true;
  for (Agent& agent : agents_) std::erase(agent.settings.skill_groups, group.settings.number);
  tell_config(ConfigEvent::Item::kSkillGroup, ConfigEvent::Change::kDelete, index);
  return "";
}

std::string Model::add_device(const std::string& id) {
  if (id.empty() || id.size() > 15) return "a device has 1 to 15 characters";
  if (find_station(id) != kNoIndex) return "there is a device " + id;
  if (stations_.size() >= kStationsMax) return "no more devices fit";
  add_station(id);
  const auto index = static_cast<StationIndex>(stations_.size() - 1);
  tell_config(ConfigEvent::Item::kDevice, ConfigEvent::Change::kAdd, index);
  return "";
}

std::string Model::delete_device(StationIndex index) {
  Station& station = stations_[index];
  if (station.agent != kNoIndex) return "an agent is logged in there";
  if (!station.calls.empty()) return "it has a call";
  station_index_.erase(station.id);
  station.deleted = true;
  tell_config(ConfigEvent::Item::kDevice, ConfigEvent::Change::kDelete, index);
  return "";
}

}  // namespace cti::simulator
