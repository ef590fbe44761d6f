// statistics.cpp - statistics as they come, and what of them the program has enabled: asked for again after each loss.
//
// Whole    a server tells what has changed since it told last; the event has the whole row, and so has the object.
// Again    a new connection is a new session of the server: what was confirmed is asked for anew when the mode stands, in lists
//          of which the server leaves out what it does not know. Of these requests only refusals are told.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/objects/convert.hpp"
#include "wire/statistics_keys.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace cti::cil::detail {

using wire::Keyword;
using wire::ObjectKind;
using wire::RequestId;

namespace {

constexpr std::size_t kListed = 256;  // objects in one request
static_assert(kListed * 100 < wire::limits::kClientFrameBytesMax, "with their names");

std::string group_id(std::uint32_t peripheral, std::int64_t number) {
  return "skillgroup." + std::to_string(peripheral) + "." + std::to_string(number);
}

/// The skill groups that a request has named, by their ids. Nothing: all of somebody's.
std::optional<std::vector<std::string>> groups_in(const wire::ArgumentsView& args,
                                                  std::uint32_t peripheral) {
  std::vector<std::string> named;
  if (const auto list = args.arguments(Keyword::SkillGroupNumbers)) {
    for (const wire::Arg each : *list) {
      if (each.key_name().find("Priority") != std::string_view::npos) continue;
      const auto number = each.is_arguments() ? each.arguments().integer(Keyword::SkillGroupNumber)
                                              : each.to_integer();
      if (number) named.push_back(group_id(peripheral, *number));
    }
    if (!named.empty()) return named;
  }
  if (const auto number = args.integer(Keyword::SkillGroupNumber)) {
    named.push_back(group_id(peripheral, *number));
    return named;
  }
  const std::string target(args.string(Keyword::UniqueObjectID).value_or(""));
  if (wire::kind_of(target) != ObjectKind::kSkillGroup) return std::nullopt;
  named.push_back(target);
  return named;
}

}  // namespace

bool Engine::about_statistics(RequestId request) noexcept {
  switch (request) {
    case RequestId::eEnableAgentStatisticsRequest:
    case RequestId::eDisableAgentStatisticsRequest:
    case RequestId::eEnableSkillGroupStatisticsRequest:
    case RequestId::eDisableSkillGroupStatisticsRequest:
      return true;
    default:
      return false;
  }
}

bool Engine::take_statistics(int event, const wire::ArgumentsView& args) {
  const std::string id(args.string(Keyword::UniqueObjectID).value_or(""));
  const bool agent = event == eNewAgentStatisticsEvent;
  if (wire::kind_of(id) != (agent ? ObjectKind::kAgent : ObjectKind::kSkillGroup)) return false;
  Arguments told;
  read(args, &told);
  core_.objects().take_statistics(id, args, &told);
  tell(event, told);
  return true;
}

/// The server has ended it: the right to it is gone.
void Engine::note_statistics_ended(const Arguments& args) {
  int request = 0;
  std::string id;
  if (!args.GetValueInt(CTIOS_MESSAGETYPE, &request) ||
      request != static_cast<int>(RequestId::eEnableAgentStatisticsRequest) ||
      !args.GetValueString(CTIOS_UNIQUEOBJECTID, &id)) {
    return;
  }
  core_.with([&](SessionCore::State& state) { state.statistics.agents.erase(id); });
}

/// What a confirmed request has changed of what the program wants.
void Engine::note_statistics(const Request& request) {
  const auto args = wire::ArgumentsView::trusted(request.arguments);
  const std::string target(args.string(Keyword::UniqueObjectID).value_or(""));
  const auto interval = args.integer(wire::statistics::kIntervalMs);
  core_.with([&](SessionCore::State& state) {
    if (request.again || state.mode_number != subscription_.number) return;
    StatisticsWanted& wanted = state.statistics;
    if (interval) wanted.interval_ms = *interval;
    const std::string& agent = target.empty() ? state.agent_id : target;
    const auto peripheral = static_cast<std::uint32_t>(
        args.integer(Keyword::PeripheralID).value_or(peripheral_of(agent)));
    switch (request.request) {
      case RequestId::eEnableAgentStatisticsRequest:
        if (!agent.empty() && wanted.room()) wanted.agents.insert(agent);
        return;
      case RequestId::eDisableAgentStatisticsRequest:
        wanted.agents.erase(agent);
        return;
      case RequestId::eEnableSkillGroupStatisticsRequest:
      case RequestId::eDisableSkillGroupStatisticsRequest:
        break;
      default:
        return;
    }
    const bool enable = request.request == RequestId::eEnableSkillGroupStatisticsRequest;
    const auto groups = groups_in(args, peripheral);
    if (!groups && !enable) wanted.groups.clear(), wanted.all_of.clear(), wanted.without.clear();
    if (!groups && enable) wanted.all_of.insert(target), wanted.without.clear();
    if (!groups) return;
    for (const std::string& each : *groups) {
      if (enable) {
        wanted.without.erase(each);
        if (wanted.room()) wanted.groups.insert(each);
      } else {
        wanted.groups.erase(each);
        if (!wanted.all_of.empty() && wanted.room()) wanted.without.insert(each);
      }
    }
  });
}

void Engine::ask_statistics(RequestId request, const std::string& target,
                            const Arguments& arguments) {
  Request made;
  made.request = request;
  made.target = target;
  made.of_mode = true;
  made.again = true;
  std::vector<std::byte> buffer(wire::limits::kClientFrameBytesMax -
                                wire::RequestView::kFixedBytes);
  wire::ArgumentsWriter writer(buffer);
  write(arguments, writer);
  if (!target.empty()) writer.add_string(Keyword::UniqueObjectID, target);
  const Bytes block = writer.finish();
  if (block.empty()) return;
  made.arguments.assign(block.begin(), block.end());
  const bool counted = core_.with([&](SessionCore::State& shared) {
    return shared.mode_number == subscription_.number && shared.count(made);
  });
  if (counted) start(std::move(made));
}

/// Lists of these objects, each of one peripheral: a server may have a line for each.
void Engine::ask_statistics_of(RequestId request, const std::set<std::string>& ids,
                               std::int64_t interval_ms) {
  std::map<std::uint32_t, std::vector<std::string>> by_peripheral;
  for (const std::string& id : ids) by_peripheral[peripheral_of(id)].push_back(id);
  for (const auto& [peripheral, all] : by_peripheral) {
    for (std::size_t begin = 0; begin < all.size(); begin += kListed) {
      Arguments list;
      for (std::size_t i = begin; i < std::min(begin + kListed, all.size()); ++i)
        list.AddItem(all[i], true);
      Arguments args;
      args.AddItem(ekwPeripheralID, static_cast<int>(peripheral));
      args.AddItem(wire::statistics::kObjects, list);
      if (interval_ms != 0)
        args.AddItem(wire::statistics::kIntervalMs, static_cast<int>(interval_ms));
      ask_statistics(request, {}, args);
    }
  }
}

/// The mode stands again: this server knows nothing of what the one before was asked for.
void Engine::ask_statistics_again() {
  const StatisticsWanted wanted =
      core_.with([](const SessionCore::State& state) { return state.statistics; });
  Arguments rate;
  if (wanted.interval_ms != 0)
    rate.AddItem(wire::statistics::kIntervalMs, static_cast<int>(wanted.interval_ms));
  for (const std::string& target : wanted.all_of)
    ask_statistics(RequestId::eEnableSkillGroupStatisticsRequest, target, rate);
  ask_statistics_of(RequestId::eEnableSkillGroupStatisticsRequest, wanted.groups,
                    wanted.interval_ms);
  ask_statistics_of(RequestId::eDisableSkillGroupStatisticsRequest, wanted.without, 0);
  ask_statistics_of(RequestId::eEnableAgentStatisticsRequest, wanted.agents, wanted.interval_ms);
}

}  // namespace cti::cil::detail
