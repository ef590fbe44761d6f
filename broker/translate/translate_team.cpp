// translate_team.cpp - teams and the configuration of agents and skill groups, as update records.
#include "broker/model/masks.hpp"
#include "broker/translate/agent_record.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/team.hpp"
#include "wire/object_key.hpp"

#include <charconv>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

Translator::Outcome Translator::team_config(Bytes body, Version version) {
  const auto view = ged::AgentTeamConfigEventView::decode(body, version);
  if (!view) {
    roll_whole_ = false;  // nobody knows which team's list it was part of
    return Err{view.error()};
  }
  const bool adds = view->config_operation() != 2;
  const bool noted = calling_roll_ != Roll::kNone && adds;
  // Of a list that announced more than came nobody knows who is missing.
  roll_whole_ = roll_whole_ && view->agents().count() >= view->number_of_agents();
  // Later on one who joins is told alone: that is no list.
  if (noted && calling_roll_ == Roll::kLists && roll_.size() < kRollMax)
    roll_.push_back({0, view->team_id()});
  for (const auto agent : view->agents()) {
    room_.reset();
    TeamMember member;
    member.peripheral_id = view->peripheral_id();
    member.team = view->team_id();
    // Restoring the permanent team adds who belongs to it.
    member.operation = view->config_operation() == 2 ? ctios::CONFIG_OPERATION_REMOVE_AGENT
                                                     : ctios::CONFIG_OPERATION_ADD_AGENT;
    member.agent_id = named(agent.atc_agent_id());
    member.flags = agent.agent_flags().value_or(0);
    member.state = agent.atc_agent_state();
    member.state_duration = agent.atc_state_duration();
    if (member.agent_id.empty()) {
      roll_whole_ = false;
      continue;
    }
    team_member(member);
    const ObjectId id = agent_object_id(member.peripheral_id, member.agent_id);
    if (noted && roll_.size() < kRollMax)
      roll_.push_back({wire::object_key(id.view()), member.team});
  }
  return {};
}

void Translator::team_member(const TeamMember& member) {
  const ObjectId id = agent_object_id(member.peripheral_id, member.agent_id);
  const std::uint64_t key = wire::object_key(id.view());
  const AgentEntry* const known = map_.agent(key);
  const bool removed = member.operation == ctios::CONFIG_OPERATION_REMOVE_AGENT;
  CTI_CHECK(!member.agent_id.empty());
  if (removed && known == nullptr) return;
  const AgentRules& rules_before = rules_of(rules_, known == nullptr ? 0 : known->team);
  const bool known_before = known != nullptr;
  TeamList teams = known == nullptr ? TeamList{} : known->teams;
  if (removed) {
    teams.remove(member.team);
  } else if (!teams.add(member.team, member.flags)) {
    ++counters_.teams_left_out;
  }
  const TeamList::One first = teams.first();
  CTI_CHECK(teams.count <= TeamList::kMax);
  CTI_CHECK((first.team == 0) == (teams.count == 0));
  CTI_CHECK(!removed || !teams.has(member.team));
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(member.peripheral_id);
  sheet.add_text<Keyword::AgentID>(member.agent_id);
  sheet.add_int<Keyword::TeamID>(first.team);
  sheet.add_int<Keyword::AgentFlags>(first.flags);
  sheet.add_short<Keyword::ConfigOperation>(member.operation);
  const bool configured = known != nullptr && known->configured_supervisor;
  const bool other_role = add_role(sheet, known, configured || teams.leads_any());
  add_rules(sheet, first.team);
  // The state in the list may be older than what events told: it only fills a gap.
  if (member.state && known == nullptr) sheet.add_short<Keyword::AgentState>(*member.state);
  if (member.state_duration && known == nullptr) {
    sheet.add_int<Keyword::StateDuration>(*member.state_duration);
  }
  RecordInfo info = agent_record(EventId::eNewAgentTeamMember, key, member.peripheral_id);
  info.topics |= wire::topic::kTeam;
  emit(info, sheet, [&](wire::ArgumentsWriter& writer) {
    writer.begin_nested(kTeamsKey);
    for (std::uint32_t i = 0; i < teams.count; ++i) {
      char name[10];
      const auto end = std::to_chars(name, name + sizeof name, teams.list[i].team).ptr;
      writer.add_uint(std::string_view(name, static_cast<std::size_t>(end - name)),
                      teams.list[i].flags);
    }
    writer.end_nested();
  });
  const AgentEntry* const after = other_role ? map_.agent(key) : nullptr;
  if (after != nullptr) refresh_masks(*after, 0);
  if (known_before && &rules_of(rules_, first.team) != &rules_before) tell_rule_lists(key);
}

/// Who supervises has other buttons than who does not. True: it is a change.
bool Translator::add_role(ArgSheet& sheet, const AgentEntry* known, bool supervisor) {
  sheet.add_int<Keyword::IsSupervisor>(supervisor ? 1 : 0);
  if (known == nullptr || known->supervisor == supervisor) return false;
  AgentEntry then = *known;
  then.supervisor = supervisor;
  sheet.add_int<Keyword::EnablementMask>(agent_mask(map_, then, known->state));
  return true;
}

void Translator::begin_team_roll() {
  calling_roll_ = Roll::kLists;
  roll_whole_ = true;
  roll_.clear();
}

void Translator::team_lists_came(bool whole) {
  CTI_CHECK(calling_roll_ == Roll::kLists);
  calling_roll_ = Roll::kLater;
  roll_whole_ = roll_whole_ && whole;
}

void Translator::forget_team_roll() noexcept {
  calling_roll_ = Roll::kNone;
  roll_ = {};
}

// Only a list that came whole says that somebody is not in it.
void Translator::finish_team_roll() {
  calling_roll_ = Roll::kNone;
  const std::vector<RollEntry> roll = std::exchange(roll_, {});
  CTI_CHECK(roll.size() <= kRollMax);
  if (!roll_whole_ || roll.empty() || roll.size() == kRollMax) return;
  std::unordered_set<std::uint32_t> told;
  std::unordered_set<std::uint64_t> there;
  for (const RollEntry& entry : roll) {
    if (entry.agent_key == 0) told.insert(entry.team);
    there.insert(entry.agent_key ^ (std::uint64_t{entry.team} << 32U));
  }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> gone;
  map_.each_agent([&](const AgentEntry& agent) {
    for (std::uint32_t i = 0; i < agent.teams.count; ++i) {
      const std::uint32_t team = agent.teams.list[i].team;
      const std::uint64_t entry = agent.key ^ (std::uint64_t{team} << 32U);
      if (told.contains(team) && !there.contains(entry)) gone.emplace_back(agent.key, team);
    }
  });
  for (const auto& [key, team] : gone) {
    const AgentEntry* const found = map_.agent(key);
    CTI_CHECK(found != nullptr && found->teams.has(team));
    const AgentEntry agent = *found;
    TeamMember member;
    member.peripheral_id = agent.peripheral_id;
    member.team = team;
    member.operation = ctios::CONFIG_OPERATION_REMOVE_AGENT;
    member.agent_id = agent.agent_id.view();
    team_member(member);
  }
}

Translator::Outcome Translator::config_agents(Bytes body, Version version) {
  const auto view = ged::ConfigAgentEventView::decode(body, version);
  if (!view) return Err{view.error()};
  for (const auto record : view->records()) {
    room_.reset();
    AgentNames names;
    names.peripheral_id = record.flt_peripheral_id().value_or(default_peripheral_);
    names.agent_id = named(record.login_id());
    if (record.record_type().value_or(0) == 2) {
      agent_deleted(names);
      continue;
    }
    names.first_name = text(record.first_name());
    names.last_name = text(record.last_name());
    names.login_name = text(record.login_name());
    names.supervisor = record.agent_type().value_or(1) == 2;
    if (!names.agent_id.empty()) agent_names(names);
  }
  return {};
}

// Who is still logged in is asked about: the CTI Server knows.
void Translator::agent_deleted(const AgentNames& names) {
  const ObjectId id = agent_object_id(names.peripheral_id, names.agent_id);
  const AgentEntry* const agent = map_.agent(wire::object_key(id.view()));
  if (agent == nullptr) return;
  if (agent->logged_in()) {
    note_newcomer({agent->key, true});
  } else if (!held_.contains(agent->key)) {
    agent_leaves(*agent);
  }
}

void Translator::agent_names(const AgentNames& names) {
  const ObjectId id = agent_object_id(names.peripheral_id, names.agent_id);
  const std::uint64_t key = wire::object_key(id.view());
  const AgentEntry* const known = map_.agent(key);
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(names.peripheral_id);
  sheet.add_text<Keyword::AgentID>(names.agent_id);
  if (!names.first_name.empty()) sheet.add_text<Keyword::AgentFirstName>(names.first_name);
  if (!names.last_name.empty()) sheet.add_text<Keyword::AgentLastName>(names.last_name);
  if (!names.login_name.empty()) sheet.add_text<Keyword::LoginName>(names.login_name);
  add_rules(sheet, known == nullptr ? 0 : known->team);
  const bool leads = known != nullptr && known->teams.leads_any();
  const bool other_role = add_role(sheet, known, names.supervisor || leads);
  emit(agent_record(EventId::eAgentInfoEvent, key, names.peripheral_id), sheet,
       [&](wire::ArgumentsWriter& writer) { writer.add_bool(kConfiguredKey, names.supervisor); });
  const AgentEntry* const after = other_role ? map_.agent(key) : nullptr;
  if (after != nullptr) refresh_masks(*after, 0);
}

Translator::Outcome Translator::config_skill_groups(Bytes body, Version version) {
  const auto view = ged::ConfigSkillGroupEventView::decode(body, version);
  if (!view) return Err{view.error()};
  for (const auto record : view->records()) {
    room_.reset();
    const auto number = record.peripheral_number();
    if (!number) continue;
    const std::uint32_t peripheral = record.flt_peripheral_id().value_or(default_peripheral_);
    const ObjectId id = skill_group_object_id(peripheral, *number);
    ArgSheet sheet;
    sheet.add_text<Keyword::UniqueObjectID>(id.view());
    sheet.add_int<Keyword::PeripheralID>(peripheral);
    sheet.add_int<Keyword::SkillGroupNumber>(*number);
    if (const auto name = record.peripheral_name())
      sheet.add_text<Keyword::SkillGroupName>(text(name));
    if (const auto target = record.skill_group_skill_target_id()) {
      sheet.add_int<Keyword::SkillGroupID>(*target);
    }
    RecordInfo info{.event = EventId::eSkillInfoEvent,
                    .topics = wire::topic::kSkillGroup,
                    .object_key = wire::object_key(id.view()),
                    .agent_key = 0,
                    .peripheral_id = peripheral,
                    .flags = 0};
    if (record.record_type().value_or(0) == 2) info.topics |= wire::topic::kEnds;
    emit(info, sheet);
  }
  return {};
}

}  // namespace cti::broker
