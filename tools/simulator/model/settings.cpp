// settings.cpp - the built-in call centre, and larger ones by numbers.
#include "tools/simulator/model/settings.hpp"

namespace cti::simulator {
namespace {

AgentSettings agent(std::string id, std::string instrument, std::string first, std::string last) {
  AgentSettings made;
  made.login_name = "agent" + id;
  made.id = std::move(id);
  made.instrument = std::move(instrument);
  made.first_name = std::move(first);
  made.last_name = std::move(last);
  made.skill_groups = {77};
  made.team = 5001;
  return made;
}

}  // namespace

Settings default_settings() {
  Settings made;
  made.skill_groups.push_back({77, 5077, 0, "Service", "6077"});
  made.teams.push_back({5001, "Team_5001", "22900"});
  made.agents.push_back(agent("22866", "23901", "Ada", "Byron"));
  made.agents.push_back(agent("22867", "23902", "Grace", "Murray"));
  made.agents.push_back(agent("22900", "23900", "Emmy", "Noether"));
  made.agents.back().supervisor = true;
  made.agents.push_back(agent("1001", "23903", "Mary", "Fairfax"));
  made.agents.push_back(agent("1002", "23904", "Hedy", "Kiesler"));
  made.agents.push_back(agent("2001", "23905", "Jean", "Bartik"));
  for (int station = 23906; station <= 23915; ++station)
    made.stations.push_back(std::to_string(station));
  return made;
}

void add_generated(Settings& settings, std::uint32_t agents, std::uint32_t skill_groups,
                   std::uint32_t teams) {
  for (std::uint32_t i = 0; i < skill_groups; ++i) {
    const std::string number = std::to_string(101 + i);
    settings.skill_groups.push_back({101 + i, 7000 + i, 0, "Group_" + number, "6" + number});
  }
  for (std::uint32_t i = 0; i < teams; ++i) {
    settings.teams.push_back({6001 + i, "Team_" + std::to_string(6001 + i), {}});
  }
  for (std::uint32_t i = 0; i < agents; ++i) {
    AgentSettings made;
    made.id = std::to_string(10001 + i);
    made.instrument = std::to_string(20001 + i);
    made.login_name = "agent" + made.id;
    made.first_name = "Agent";
    made.last_name = made.id;
    made.skill_groups = {skill_groups > 0 ? 101 + i % skill_groups : 77};
    made.team = teams > 0 ? 6001 + i % teams : 5001;
    if (i < teams) {
      made.supervisor = true;
      settings.teams[settings.teams.size() - teams + i].supervisor = made.id;
    }
    settings.agents.push_back(std::move(made));
  }
}

}  // namespace cti::simulator
