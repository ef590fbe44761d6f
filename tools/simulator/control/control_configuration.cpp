// Commands that change the configuration while the gateway runs: agents, teams, skill groups, devices.
#include "tools/simulator/server/server.hpp"
#include "tools/simulator/text/command_text.hpp"

#include <sstream>

namespace cti::simulator {
namespace {

std::string answer(const std::string& why) { return why.empty() ? "ok" : "error " + why; }

/// name=value; the value, or nothing when the name is another.
std::optional<std::string> value_of(const std::string& word, std::string_view name) {
  if (!word.starts_with(name) || word.size() <= name.size() || word[name.size()] != '=')
    return std::nullopt;
  return word.substr(name.size() + 1);
}

bool read_groups(const std::string& text, std::vector<std::uint32_t>& to) {
  to.clear();
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto number = number_of<std::uint32_t>(part);
    if (!number) return false;
    to.push_back(*number);
  }
  return true;
}

bool read_agent(const std::string& word, AgentSettings& agent) {
  if (word == "supervisor") return agent.supervisor = true;
  if (const auto v = value_of(word, "instrument")) return agent.instrument = *v, true;
  if (const auto v = value_of(word, "first")) return agent.first_name = *v, true;
  if (const auto v = value_of(word, "last")) return agent.last_name = *v, true;
  if (const auto v = value_of(word, "login")) return agent.login_name = *v, true;
  if (const auto v = value_of(word, "groups")) return read_groups(*v, agent.skill_groups);
  const auto team = value_of(word, "team");
  const auto number = team ? number_of<std::uint32_t>(*team) : std::nullopt;
  if (!number) return false;
  agent.team = *number;
  return true;
}

std::string agent_command(Model& model, const std::vector<std::string>& words) {
  const AgentIndex index = model.find_agent(words[2]);
  const bool adds = words[1] == "add";
  if (!adds && index == kNoIndex) return "error no agent " + words[2];
  if (words[1] == "delete") return answer(model.delete_agent(index));
  AgentSettings agent;
  if (adds) {
    agent.id = words[2];
    agent.login_name = "agent" + words[2];
    agent.instrument = words[2];
  } else {
    agent = model.agents()[index].settings;
  }
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (!read_agent(words[i], agent)) return "error not understood: " + words[i];
  }
  return answer(adds ? model.add_agent(std::move(agent))
                     : model.change_agent(index, std::move(agent)));
}

std::string group_command(Model& model, const std::vector<std::string>& words) {
  const auto number = number_of<std::uint32_t>(words[2]);
  if (!number) return "error not a number: " + words[2];
  const GroupIndex index = model.find_group(*number);
  const bool adds = words[1] == "add";
  if (!adds && index == kNoIndex) return "error no skill group " + words[2];
  if (words[1] == "delete") return answer(model.delete_skill_group(index));
  SkillGroupSettings group;
  if (adds) {
    group.number = *number;
    group.id = 5'000 + *number;
    group.name = "Group_" + words[2];
    group.dialed_number = "6" + words[2];
  } else {
    group = model.groups()[index].settings;
  }
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto name = value_of(words[i], "name");
    const auto dialed = value_of(words[i], "dialed");
    if (!name && !dialed) return "error not understood: " + words[i];
    (name ? group.name : group.dialed_number) = name ? *name : *dialed;
  }
  return answer(adds ? model.add_skill_group(std::move(group))
                     : model.change_skill_group(index, std::move(group)));
}

std::string team_command(Model& model, const std::vector<std::string>& words) {
  const AgentIndex agent = model.find_agent(words[2]);
  const auto team = words.size() > 3 ? number_of<std::uint32_t>(words[3]) : std::nullopt;
  if (agent == kNoIndex) return "error no agent " + words[2];
  if (!team || words[1] == "change") return "error usage: team add|delete AGENT TEAM [temporary]";
  const bool temporary = words.size() > 4 && words[4] == "temporary";
  return answer(words[1] == "add" ? model.join_team(agent, *team, temporary)
                                  : model.leave_team(agent, *team));
}

std::string device_command(Model& model, const std::vector<std::string>& words) {
  if (words[1] == "add") return answer(model.add_device(words[2]));
  const StationIndex station = model.find_station(words[2]);
  if (station == kNoIndex) return "error no device " + words[2];
  if (words[1] == "change") return "error a device has nothing to change";
  return answer(model.delete_device(station));
}

}  // namespace

std::string Server::configuration_command(const std::vector<std::string>& words) {
  const bool edits =
      words.size() > 1 && (words[1] == "add" || words[1] == "change" || words[1] == "delete");
  const std::string& what = words[0];
  const bool ours = what == "agent" || what == "group" || what == "team" || what == "device";
  if (!ours) return {};
  if (!edits || words.size() < 3) return "error usage: " + what + " add|change|delete ID ...";
  if (what == "agent") return agent_command(model_, words);
  if (what == "group") return group_command(model_, words);
  if (what == "team") return team_command(model_, words);
  return device_command(model_, words);
}

}  // namespace cti::simulator
