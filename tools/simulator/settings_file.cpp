// settings_file.cpp - the schema of the settings file: every key, its limits, and what keys together must not say.
#include "tools/simulator/settings_file.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

namespace cti::simulator {
namespace {

using core::ConfigProblems;
using core::ConfigTable;
using core::TextLimits;

/// An agent as the file has it: skill groups are written as text.
struct FileAgent {
  AgentSettings agent;
  std::vector<std::string> groups;
};

/// What read_day() reads.
std::string day_text(const std::vector<double>& day) {
  if (day.empty()) return "flat";
  std::string text;
  for (const double factor : day) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, factor);
    if (error == std::errc()) text.append(text.empty() ? "" : " ").append(digits, end);
  }
  return text;
}

struct Draft {
  SettingsFile made;
  std::vector<FileAgent> agents;
  std::string talk, wrapup, answer, patience, day;
  std::uint32_t greeting_s = 0;
  std::uint32_t calls_per_hour = 0, transfer_percent = 0, conference_percent = 0;

  explicit Draft(SettingsFile from) : made(std::move(from)) {
    calls_per_hour = static_cast<std::uint32_t>(made.load.calls_per_second * 3600 + 0.5);
    transfer_percent = static_cast<std::uint32_t>(made.load.transfer * 100 + 0.5);
    conference_percent = static_cast<std::uint32_t>(made.load.conference * 100 + 0.5);
    greeting_s = static_cast<std::uint32_t>(made.gateway.timings.greeting / Seconds(1));
    talk = made.load.talk.text();
    wrapup = made.load.wrapup.text();
    answer = made.load.answer.text();
    patience = made.load.patience.text();
    day = day_text(made.load.day);
    for (const AgentSettings& agent : made.gateway.agents) {
      FileAgent entry{agent, {}};
      for (const std::uint32_t group : agent.skill_groups)
        entry.groups.push_back(std::to_string(group));
      agents.push_back(std::move(entry));
    }
  }
};

constexpr std::uint32_t kMost = 0x7FFF'FFFF;

void bind_agent(ConfigTable& table, FileAgent& entry) {
  AgentSettings& agent = entry.agent;
  table.text("id", agent.id, {1, 11}, "AgentID, digits.");
  table.text("password", agent.password, {0, 63, true}, "Empty: the agent's id.");
  table.text("instrument", agent.instrument, {1, 15}, "The usual station.");
  table.text("login_name", agent.login_name, {0, 254}, "LoginName of the configuration download.");
  table.text("first_name", agent.first_name, {0, 31}, "");
  table.text("last_name", agent.last_name, {0, 31}, "");
  table.list("skill_groups", entry.groups, {20, {1, 10}}, "Numbers of skill groups.");
  table.integer("team", agent.team, 0U, kMost, "Team id; 0: none.");
  table.integer("desk", agent.desk, 1U, kMost, "Id of the desk settings.");
  table.boolean("supervisor", agent.supervisor, "May supervise the members of its team.");
  table.boolean("robot", agent.robot, "Logs in by itself and handles calls without a client.");
}

void bind_group(ConfigTable& table, SkillGroupSettings& group) {
  table.integer("number", group.number, 1U, kMost, "SkillGroupNumber.");
  table.integer("id", group.id, 1U, kMost, "SkillGroupID.");
  table.integer("priority", group.priority, std::uint16_t{0}, std::uint16_t{65535}, "");
  table.text("name", group.name, {0, 63}, "");
  table.text("dialed_number", group.dialed_number, {1, 39},
             "Calls to this number are routed to the group.");
}

void bind_desk(ConfigTable& table, DeskSettings& desk) {
  const std::vector<std::pair<std::string, WrapupMode>> modes = {
      {"required", WrapupMode::kRequired},
      {"optional", WrapupMode::kOptional},
      {"not-allowed", WrapupMode::kNotAllowed},
      {"required-with-data", WrapupMode::kRequiredWithData}};
  table.integer("id", desk.id, 1U, kMost, "");
  table.integer("mask", desk.mask, 0U, 0x3FFFU, "DeskSettingsMask.");
  table.choice("wrapup_incoming", desk.wrapup_incoming, modes, "");
  table.choice("wrapup_outgoing", desk.wrapup_outgoing, modes, "");
  table.integer("ring_no_answer_s", desk.ring_no_answer_s, 0U, 3600U, "0: rings for ever.");
  table.integer("work_mode_timer_s", desk.work_mode_timer_s, 0U, 86'400U,
                "Wrap-up ends by itself; 0: never.");
}

void bind(core::Config& config, Draft& draft) {
  Settings& gateway = draft.made.gateway;
  ConfigTable& pg = config.root().table("gateway", "The peripheral gateway.");
  pg.integer("peripheral_id", gateway.peripheral_id, 1U, kMost, "PeripheralID.");
  pg.integer("peripheral_type", gateway.peripheral_type, std::uint16_t{1}, std::uint16_t{65535},
             "PeripheralType; 17: Unified CCE.");
  pg.boolean("single_step_transfer", gateway.single_step_transfer,
             "Transfers without a consult call; false: refused (CF 15).");
  pg.boolean("single_step_conference", gateway.single_step_conference,
             "Conferences without a consult call.");
  pg.boolean("recorder", gateway.recorder,
             "A recorder is built in: START_RECORDING needs no application that has registered.");
  pg.boolean("clear_call", gateway.clear_call, "CLEAR_CALL ends a call for everybody.");
  pg.text("name", gateway.peripheral_name, {1, 63}, "Named in system events.");
  pg.boolean("queue_events", gateway.queue_events,
             "Send CALL_QUEUED and CALL_DEQUEUED; CCE does not.");
  pg.boolean("translation_routes", gateway.translation_routes,
             "Send CALL_TRANSLATION_ROUTE before each routed call.");
  pg.integer("greeting_s", draft.greeting_s, 0U, 600U, "Agent greetings play so long; 0: none.");
  pg.list("stations", gateway.stations, {20'000, {1, 15}}, "Stations besides the agents' own.");
  pg.list("named_variables", gateway.named_variables, {200, {1, 32}},
          "Configured ECC scalars; both lists empty: any.");
  pg.list("named_arrays", gateway.named_arrays, {200, {1, 32}}, "Configured ECC arrays.");
  pg.integer("ecc_bytes_max", gateway.named_bytes_max, 0U, 2000U,
             "Bytes of a call's ECC values together; names are not counted.");
  pg.integer("protected_variables", gateway.protected_variables, std::uint16_t{0},
             std::uint16_t{0x3FF}, "CallVariableMask of variables that clients may not set.");
  config.root().tables<FileAgent>("agents", draft.agents, 20'000, bind_agent,
                                  "Agents; replace the built-in ones.");
  config.root().tables<SkillGroupSettings>("skill_groups", gateway.skill_groups, 4'000, bind_group,
                                           "Skill groups; replace the built-in one.");
  config.root().tables<TeamSettings>(
      "teams", gateway.teams, 2'000,
      [](ConfigTable& table, TeamSettings& team) {
        table.integer("id", team.id, 1U, kMost, "TeamID.");
        table.text("name", team.name, {0, 31}, "");
        table.text("supervisor", team.supervisor, {0, 11}, "AgentID of the primary supervisor.");
      },
      "Teams; replace the built-in one.");
  config.root().tables<DeskSettings>("desks", gateway.desks, 100, bind_desk, "Desk settings.");
  ConfigTable& load = config.root().table("load", "Callers and agents who are not there.");
  load.integer("calls_per_hour", draft.calls_per_hour, 0U, 100'000'000U,
               "Arriving calls; 0: none.");
  load.boolean("robots", draft.made.load.robots,
               "All agents log in and handle calls by themselves.");
  const std::string kinds = "Seconds: \"180\" (exponential), \"fixed:180\" or \"uniform:120-240\".";
  load.text("talk", draft.talk, {1, 40}, kinds);
  load.text("wrapup", draft.wrapup, {1, 40}, kinds);
  load.text("answer", draft.answer, {1, 40}, kinds);
  load.text("patience", draft.patience, {1, 40}, kinds);
  load.text("day", draft.day, {1, 400},
            "Arriving calls by the hour of model time: 24 factors, or \"flat\", \"office\", "
            "\"evening\".");
  load.integer("transfer_percent", draft.transfer_percent, 0U, 100U,
               "Answered calls that are passed on.");
  load.integer("conference_percent", draft.conference_percent, 0U, 100U,
               "Answered calls into which a third is asked.");
}

std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void check_agents(ConfigProblems& problems, Draft& draft) {
  const Settings& gateway = draft.made.gateway;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < draft.agents.size(); ++i) {
    FileAgent& entry = draft.agents[i];
    const std::string key = "agents[" + std::to_string(i) + "]";
    if (!ids.insert(entry.agent.id).second)
      problems.add(key + ".id", entry.agent.id, "an id that no other agent has");
    entry.agent.skill_groups.clear();
    for (const std::string& text : entry.groups) {
      const auto number = number_of(text);
      const bool known =
          number && std::ranges::any_of(gateway.skill_groups, [&](const SkillGroupSettings& g) {
            return g.number == *number;
          });
      if (!known) {
        problems.add(key + ".skill_groups", text, "the number of a skill group");
        continue;
      }
      entry.agent.skill_groups.push_back(*number);
    }
    const bool team_known =
        entry.agent.team == 0 || std::ranges::any_of(gateway.teams, [&](const TeamSettings& t) {
          return t.id == entry.agent.team;
        });
    if (!team_known)
      problems.add(key + ".team", std::to_string(entry.agent.team), "0 or the id of a team");
  }
}

void check(ConfigProblems& problems, Draft& draft) {
  check_agents(problems, draft);
  if (draft.made.gateway.desks.empty()) problems.add("desks", "none", "at least one");
  const auto duration = [&](const char* key, const std::string& text, Duration& to) {
    const auto parsed = Duration::parse(text);
    if (!parsed)
      return problems.add(std::string("load.") + key, text,
                          "\"180\", \"fixed:180\" or \"uniform:120-240\"");
    to = *parsed;
  };
  LoadSettings& load = draft.made.load;
  duration("talk", draft.talk, load.talk);
  duration("wrapup", draft.wrapup, load.wrapup);
  duration("answer", draft.answer, load.answer);
  duration("patience", draft.patience, load.patience);
  if (auto day = read_day(draft.day)) {
    load.day = std::move(*day);
  } else {
    problems.add("load.day", draft.day,
                 "24 factors from 0 to 100, \"flat\", \"office\" or \"evening\"");
  }
  if (draft.transfer_percent + draft.conference_percent > 100) {
    problems.add("load.transfer_percent", std::to_string(draft.transfer_percent),
                 "together with conference_percent at most 100");
  }
  draft.made.gateway.timings.greeting = Seconds(draft.greeting_s);
  load.calls_per_second = draft.calls_per_hour / 3600.0;
  load.transfer = draft.transfer_percent / 100.0;
  load.conference = draft.conference_percent / 100.0;
  draft.made.gateway.agents.clear();
  for (const FileAgent& entry : draft.agents) draft.made.gateway.agents.push_back(entry.agent);
}

template <class Read>
Result<SettingsFile, ConfigProblems> read_with(Read&& read) {
  auto draft = std::make_unique<Draft>(SettingsFile{});
  core::Config config;
  bind(config, *draft);
  config.check([&](ConfigProblems& problems) { check(problems, *draft); });
  auto outcome = read(config);
  if (!outcome.ok()) return Err{outcome.error()};
  return std::move(draft->made);
}

}  // namespace

Result<SettingsFile, ConfigProblems> read_settings_file(const std::string& path) {
  return read_with([&](core::Config& config) { return config.read_file(path); });
}

Result<SettingsFile, ConfigProblems> read_settings_text(std::string_view text,
                                                        const std::string& name) {
  return read_with([&](core::Config& config) { return config.read_text(text, name); });
}

std::string print_settings(const SettingsFile& settings) {
  auto draft = std::make_unique<Draft>(settings);
  core::Config config;
  bind(config, *draft);
  return config.print();
}

}  // namespace cti::simulator
