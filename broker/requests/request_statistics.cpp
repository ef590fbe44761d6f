// request_statistics.cpp - who wants which statistics: of agents and of skill groups, enabled and disabled.
//
// Twice    what is enabled already is confirmed again; what is not enabled cannot be disabled, and is refused.
// All      several groups are enabled all or none: a number that nobody knows enables nothing of the others.
// Known    a group that the configuration does not name is refused, where the configuration names any.
#include "broker/requests/requests.hpp"
#include "wire/object_key.hpp"
#include "wire/statistics_keys.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;
using wire::RequestId;

namespace {

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

Refusal no_room(StatVerdict verdict) {
  switch (verdict) {
    case StatVerdict::kTooManyOfThisReader:
      return bad(ctios::eServiceNotSupported, "busy: a session has as many statistics as it may");
    case StatVerdict::kTooManyRows:
      return bad(ctios::eServiceNotSupported,
                 "busy: statistics of as many agents and skill groups are asked for as may be");
    default:
      return bad(ctios::eServiceNotSupported, "busy: too many statistics are wanted");
  }
}

/// The ids in the list of a client that has come over from another server; nothing when there is no such list.
std::optional<std::vector<ObjectIdParts>> objects_in(const wire::ArgumentsView& args, IdKind kind) {
  const auto list = args.arguments(wire::statistics::kObjects);
  if (!list) return std::nullopt;
  std::vector<ObjectIdParts> found;
  for (const wire::Arg each : *list) {
    const auto parts = parse_object_id(each.own_key());
    if (parts && parts->kind == kind) found.push_back(*parts);
  }
  return found;
}

std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// How often the session is told; the server's own rate when it does not say.
std::optional<Nanos> rate_in(const wire::ArgumentsView& args, Nanos otherwise) {
  using Limits = LineConfig::Statistics;
  const auto arg = args.find(wire::statistics::kIntervalMs);
  if (!arg) return otherwise;
  const auto ms = arg->to_integer();
  if (!ms || *ms < Limits::kToldMin.count() || *ms > Limits::kToldMax.count()) return std::nullopt;
  return Millis{*ms};
}

}  // namespace

Requests::Verdict Requests::accepted(const Job& job) {
  const auto target = job.args.string(Keyword::UniqueObjectID);
  reply(job.ask, make_reply({.id = job.ask.request_id, .event_id = EventId::eRequestAcceptedConf},
                            [&](wire::ArgumentsWriter& writer) {
                              if (target) writer.add_string(Keyword::UniqueObjectID, *target);
                            }));
  return std::nullopt;
}

/// All of them, or none: what a limit does not let in takes the others along.
template <class Each, class Want>
Requests::Verdict Requests::enable_all(const Job& job, const std::vector<Each>& all, Want&& want) {
  // A session that has ended meanwhile wants nothing.
  if (sessions_.ended(job.ask.from)) return std::nullopt;
  const auto rate = rate_in(job.args, parts_.config.statistics.told_every);
  if (!rate) {
    return bad(ctios::E_CTI_VALUE_TOO_LONG, std::string(wire::statistics::kIntervalMs) +
                                                " must be a number (INT), 100 .. 3600000");
  }
  std::vector<std::uint64_t> made;
  made.reserve(all.size());
  for (const Each& each : all) {
    const auto [verdict, key] = want(each, *rate);
    if (verdict == StatVerdict::kTaken) made.push_back(key);
    if (verdict == StatVerdict::kTaken || verdict == StatVerdict::kAlready) continue;
    for (const std::uint64_t taken : made) parts_.statistics.leave(job.ask.from, taken);
    return no_room(verdict);
  }
  return std::nullopt;
}

// ---- agents ----

/// The agent that the request is about, by UniqueObjectID or else the session's own; or those of a list.
Requests::Verdict Requests::named_agents(const Job& job, std::vector<const AgentEntry*>& to) {
  if (const auto list = objects_in(job.args, IdKind::kAgent)) {
    for (const ObjectIdParts& each : *list) {
      const ObjectId id = agent_object_id(each.peripheral, each.name);
      const AgentEntry* const agent = parts_.map.agent(wire::object_key(id.view()));
      const bool may = may_ask(job.role, job.request).has(relation_to(job, agent));
      if (agent != nullptr && may) to.push_back(agent);
    }
    return std::nullopt;
  }
  const std::string id = text_of(job.args, Keyword::UniqueObjectID);
  if (id.empty()) {
    if (Verdict wrong = check_own_agent(job)) return wrong;
    to.push_back(job.me);
    return std::nullopt;
  }
  const AgentEntry* const agent = parts_.map.agent(wire::object_key(id));
  if (agent == nullptr)
    return bad(ctios::eUnknownObjectID, "UniqueObjectID: there is no agent " + id);
  if (Verdict wrong = allow(job, relation_to(job, agent), id, id,
                            id + " is neither your own agent nor in a team that you supervise")) {
    return wrong;
  }
  if (job.request == RequestId::eEnableAgentStatisticsRequest && !agent->logged_in())
    return bad(ctios::eInvalidObjectState, "agent " + id + " is logged out");
  to.push_back(agent);
  return std::nullopt;
}

Requests::Verdict Requests::agent_statistics(Job& job) {
  std::vector<const AgentEntry*> agents;
  if (Verdict wrong = named_agents(job, agents)) return wrong;
  if (job.request == RequestId::eEnableAgentStatisticsRequest) {
    Verdict wrong = enable_all(job, agents, [&](const AgentEntry* agent, Nanos rate) {
      return std::pair(parts_.statistics.want_agent(job.ask.from, *agent, rate, job.now),
                       agent->key);
    });
    return wrong ? wrong : accepted(job);
  }
  std::size_t left = 0;
  for (const AgentEntry* const agent : agents)
    left += parts_.statistics.leave(job.ask.from, agent->key) ? 1 : 0;
  if (left == 0) return bad(ctios::eInvalidObjectState, "these statistics are not enabled");
  return accepted(job);
}

// ---- skill groups ----

Requests::Verdict Requests::check_group(const GroupName& group) const {
  const auto& ours = parts_.config.peripherals;
  const ObjectId id = skill_group_object_id(group.peripheral, group.number);
  const bool none_known =
      parts_.map.properties().size(wire::ObjectKind::kSkillGroup) == 0;  // not downloaded
  const bool known = none_known || parts_.map.properties().find(wire::object_key(id.view()));
  if (known && std::find(ours.begin(), ours.end(), group.peripheral) != ours.end())
    return std::nullopt;
  return bad(ctios::eUnknownObjectID, "there is no skill group " + std::string(id.view()));
}

/// Those of an agent, the named one or the session's own, as the CTI Server has said; without one all that are known.
Requests::Verdict Requests::groups_of_own(const Job& job, std::vector<GroupName>& to) const {
  const wire::ObjectTable& known = parts_.map.properties();
  const std::string id = text_of(job.args, Keyword::UniqueObjectID);
  const AgentEntry* const agent = id.empty() ? job.me : parts_.map.agent(wire::object_key(id));
  if (agent == nullptr && !id.empty())
    return bad(ctios::eUnknownObjectID, "UniqueObjectID: there is no agent " + id);
  // Whose statistics the asker may not have, the groups of that agent it is not told either.
  const Relations may = may_ask(job.role, RequestId::eEnableAgentStatisticsRequest);
  if (!id.empty() && !may.has(relation_to(job, agent))) {
    return bad(ctios::eInvalidPriviledge,
               id + " is neither your own agent nor in a team that you supervise");
  }
  if (agent == nullptr) {
    known.for_each(wire::ObjectKind::kSkillGroup, [&](wire::ObjectHandle handle) {
      const auto parts = parse_object_id(known.unique_object_id(handle));
      const auto number = parts ? number_in(parts->name) : std::nullopt;
      if (number) to.push_back({parts->peripheral, *number});
    });
    if (to.empty()) return bad(ctios::eInvalidObjectState, "no skill group is known");
    return std::nullopt;
  }
  if (const auto handle = known.find(agent->key)) {
    for (const wire::Arg arg : known.properties(*handle)) {
      if (!arg.own_key().starts_with("SkillGroup[") || !arg.is_arguments()) continue;
      const auto number = arg.arguments().integer(Keyword::SkillGroupNumber);
      if (number) to.push_back({agent->peripheral_id, static_cast<std::uint32_t>(*number)});
    }
  }
  if (to.empty()) {
    return bad(ctios::eInvalidObjectState,
               "agent " + std::string(agent->id.view()) + " is in no skill group that is known");
  }
  return std::nullopt;
}

/// By a list of numbers, by number, by the group's own UniqueObjectID, or all that are the asker's.
Requests::Verdict Requests::named_groups(const Job& job, std::vector<GroupName>& to) {
  const std::string id = text_of(job.args, Keyword::UniqueObjectID);
  const auto target = parse_object_id(id);
  const std::uint32_t peripheral =
      number_or(job.args, Keyword::PeripheralID,
                target ? target->peripheral : parts_.config.peripherals.front());
  if (const auto list = job.args.arguments(Keyword::SkillGroupNumbers)) {
    for (const wire::Arg each : *list) {
      if (each.key_name().find("Priority") != std::string_view::npos) continue;
      const auto number = each.is_arguments() ? each.arguments().integer(Keyword::SkillGroupNumber)
                                              : each.to_integer();
      if (!number || *number < 0 || *number > INT32_MAX)
        return bad(ctios::eRequiredArgMissing, "SkillGroupNumbers must hold numbers (INT)");
      to.push_back({peripheral, static_cast<std::uint32_t>(*number)});
    }
    if (!to.empty()) return std::nullopt;
  }
  if (const auto number = job.args.integer(Keyword::SkillGroupNumber)) {
    to.push_back({peripheral, static_cast<std::uint32_t>(*number)});
    return std::nullopt;
  }
  if (target && target->kind == IdKind::kSkillGroup) {
    const auto number = number_in(target->name);
    if (!number) return bad(ctios::eUnknownObjectID, "there is no skill group " + id);
    to.push_back({target->peripheral, *number});
    return std::nullopt;
  }
  return groups_of_own(job, to);
}

Requests::Verdict Requests::group_statistics(Job& job) {
  const bool enable = job.request == RequestId::eEnableSkillGroupStatisticsRequest;
  std::vector<GroupName> groups;
  if (const auto list = objects_in(job.args, IdKind::kSkillGroup)) {
    for (const ObjectIdParts& each : *list) {
      const auto number = number_in(each.name);
      if (number && !check_group({each.peripheral, *number}))
        groups.push_back({each.peripheral, *number});
    }
  } else {
    const bool named = job.args.find(Keyword::SkillGroupNumbers) ||
                       job.args.find(Keyword::SkillGroupNumber) ||
                       text_of(job.args, Keyword::UniqueObjectID).starts_with("skillgroup.");
    if (!enable && !named) {  // all that it has, whatever it has been asked for as
      if (parts_.statistics.leave_all(job.ask.from, false) == 0)
        return bad(ctios::eInvalidObjectState, "no skill group statistics are enabled");
      return accepted(job);
    }
    if (Verdict wrong = named_groups(job, groups)) return wrong;
    for (const GroupName& each : groups) {
      if (Verdict wrong = check_group(each)) return wrong;
    }
  }
  if (enable) {
    Verdict wrong = enable_all(job, groups, [&](const GroupName& group, Nanos rate) {
      const ObjectId id = skill_group_object_id(group.peripheral, group.number);
      return std::pair(
          parts_.statistics.want_group(job.ask.from, group.peripheral, group.number, rate, job.now),
          wire::object_key(id.view()));
    });
    return wrong ? wrong : accepted(job);
  }
  std::size_t left = 0;
  for (const GroupName& group : groups) {
    const ObjectId id = skill_group_object_id(group.peripheral, group.number);
    left += parts_.statistics.leave(job.ask.from, wire::object_key(id.view())) ? 1 : 0;
  }
  if (left == 0) return bad(ctios::eInvalidObjectState, "these statistics are not enabled");
  return accepted(job);
}

}  // namespace cti::broker
