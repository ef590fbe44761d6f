// monitored.cpp - agents and calls that a supervisor watches: what the server says of them, under the names of monitored events.
//
// Shape    the server sends the records of those whom the session watches as it sends the agent's own. Whose a record is, its
//          agent_key says; one of another agent is folded with Monitored = TRUE, and its event told as the monitored one.
// Whole    what is new to the session comes by a snapshot; a call that runs already is told as begun.
// Members  of the supervisor's teams: the next server tells all there are, and then that these are all. Who was told before and
//          is not among them has left meanwhile, and that is told.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/objects/convert.hpp"
#include "core/base/check.hpp"
#include "wire/object_key.hpp"
#include "wire/watch_keys.hpp"

#include <utility>

namespace cti::cil::detail {

using wire::Keyword;
using wire::ObjectKind;
using wire::RequestId;

namespace {

/// The event that is told of a monitored object in place of this one; eUnknownEvent: none is.
int monitored_event(int event, bool made) noexcept {
  switch (event) {
#define CTI_CIL_MONITORED(plain, monitored) \
  case plain:                               \
    return monitored;
#include "cil/monitored_rows.inc"
#undef CTI_CIL_MONITORED
    case eQueryAgentStateConf:
      return eOnMonitoredAgentStateChange;
    case eEmergencyCallEvent:
      return event;
    case eSnapshotCallConf:
      return made ? eOnMonitoredCallBegin : eOnMonitoredCallDataUpdate;
    default:
      return eUnknownEvent;
  }
}

}  // namespace

/// Requests that, confirmed, change whom the session watches, or what else of a supervisor the next server must know.
bool Engine::watches(RequestId request) noexcept {
  switch (request) {
    case RequestId::eListAgentTeamRequest:
    case RequestId::eStartMonitoringAllAgentTeamsRequest:
    case RequestId::eStopMonitoringAllAgentTeamsRequest:
    case RequestId::eMonitorAgentTeamStartRequest:
    case RequestId::eMonitorAgentTeamStopRequest:
    case RequestId::eStartMonitoringAgentRequest:
    case RequestId::eStopMonitoringAgentRequest:
    case RequestId::eStartMonitoringCallRequest:
    case RequestId::eSetSupervisorSilentMonitorModeRequest:
      return true;
    default:
      return false;
  }
}

void Engine::note_watching(const Request& request) {
  const auto args = wire::ArgumentsView::trusted(request.arguments);
  const auto team_arg = args.find(Keyword::TeamID);
  const auto team = static_cast<std::uint32_t>(
      team_arg ? team_arg->to_integer().value_or(0) : std::int64_t{0});
  const std::string agent(args.string(Keyword::AgentReference).value_or(""));
  const std::string call(args.string(Keyword::CallReference).value_or(""));
  const auto mode = args.integer(Keyword::SilentMonitorForceMonitoredMode).value_or(0);
  // No server watches these: whatever it confirms, they would not fit into what the next one is told.
  constexpr std::size_t kMost = wire::watch::kReferenceBytesMax;
  if (agent.size() > kMost || call.size() > kMost) return;
  core_.with([&](SessionCore::State& state) {
    if (state.mode != eAgentConnection || state.mode_number != subscription_.number) return;
    Watching& watching = state.watching;
    switch (request.request) {
      case RequestId::eListAgentTeamRequest:
        watching.members = true;
        return;
      case RequestId::eStartMonitoringAllAgentTeamsRequest:
      case RequestId::eStopMonitoringAllAgentTeamsRequest:
        watching.all_teams = request.request == RequestId::eStartMonitoringAllAgentTeamsRequest;
        return;
      case RequestId::eMonitorAgentTeamStartRequest:
        if (watching.teams.size() < wire::watch::kTeamsMax) watching.teams.insert(team);
        return;
      case RequestId::eMonitorAgentTeamStopRequest:
        watching.teams.erase(team);
        return;
      case RequestId::eStartMonitoringAgentRequest:
        if (watching.agent != agent) watching.call.clear();
        watching.agent = agent;
        return;
      case RequestId::eStopMonitoringAgentRequest:
        if (watching.agent == agent) watching.agent.clear(), watching.call.clear();
        return;
      case RequestId::eStartMonitoringCallRequest:
        watching.call = call;
        return;
      case RequestId::eSetSupervisorSilentMonitorModeRequest:
        watching.may_be_monitored = mode == 1;
        return;
      default:
        return;
    }
  });
}

/// The server has ended it: the right to it is gone, or the agent is.
void Engine::note_stopped(const Arguments& args) {
  std::string agent;
  args.GetValueString(CTIOS_AGENTREFERENCE, &agent);
  core_.with([&](SessionCore::State& state) {
    if (state.watching.agent == agent) state.watching.agent.clear(), state.watching.call.clear();
  });
}

/// With the mode, so that a server that knows nothing of it begins where the last one ended.
void Engine::write_watching(wire::ArgumentsWriter& writer) const {
  const Watching watching =
      core_.with([](const SessionCore::State& state) { return state.watching; });
  if (!watching.any()) return;
  writer.begin_nested(wire::watch::kWatch);
  if (!watching.agent.empty()) writer.add_string(Keyword::AgentReference, watching.agent);
  if (!watching.call.empty()) writer.add_string(Keyword::CallReference, watching.call);
  if (watching.all_teams) writer.add_bool(wire::watch::kAllTeams, true);
  if (watching.members) writer.add_bool(wire::watch::kMembers, true);
  if (watching.may_be_monitored) writer.add_bool(wire::watch::kMayBeMonitored, true);
  if (!watching.teams.empty()) {
    writer.begin_nested(wire::watch::kTeams);
    for (const std::uint32_t team : watching.teams) writer.add_bool(std::to_string(team), true);
    writer.end_nested();
  }
  writer.end_nested();
}

/// Of another agent than the session's own. Whoever never asked to watch anybody is sent nothing of that kind.
bool Engine::is_monitored(const wire::UpdateView& update) {
  if (!subscription_.watches || update.agent_key() == 0) return false;
  if ((update.topics() & wire::topic::kSystem) != 0) return false;
  return core_.with([&](const SessionCore::State& state) {
    if (state.mode != eAgentConnection || state.agent_id.empty()) return false;
    if (state.agent_id != own_id_) {
      own_id_ = state.agent_id;
      own_key_ = wire::object_key(own_id_);
    }
    return update.agent_key() != own_key_;
  });
}

/// The record with Monitored: it says whose the object is from here on. Good until the next one. One that is as long as a
/// record may be has no room for that: what it says is told and not kept, like that of an object too many.
wire::UpdateView Engine::marked(const wire::UpdateView& given, bool monitored) {
  constexpr std::size_t kIdMost = 1024;
  marked_.resize(given.bytes().size() + 64);
  const auto write = [&](bool whole) {
    wire::UpdateWriter writer(marked_, {.id = wire::frame_id(given.bytes().data()),
                                        .lineage = given.position().lineage,
                                        .epoch = given.position().epoch,
                                        .peripheral_id = given.peripheral_id(),
                                        .object_key = given.object_key(),
                                        .agent_key = given.agent_key(),
                                        .event_id = given.event_id(),
                                        .topics = given.topics()});
    if (whole) writer.arguments().add_all(given.arguments());
    for (const Keyword name : {Keyword::OldUniqueObjectID, Keyword::UniqueObjectID}) {
      const auto id = given.arguments().string(name);
      if (!whole && id && id->size() <= kIdMost) writer.arguments().add_string(name, *id);
    }
    writer.arguments().add_bool(Keyword::Monitored, monitored);
    return writer.finish();
  };
  Bytes frame = write(true);
  if (frame.empty()) {
    ++counters_.marks_refused;
    frame = write(false);
  }
  CTI_CHECK(!frame.empty());
  return wire::UpdateView::trusted(frame);
}

void Engine::apply_monitored(const wire::UpdateView& given, As as) {
  const Folded folded = core_.objects().apply(marked(given, true), as == As::kAgain);
  follow_name(folded);
  if (folded.ended) forget_monitored_call(folded.id);
  const bool leaves = folded.crossed && wire::kind_of(folded.id) == ObjectKind::kCall;
  if (leaves) {  // for the session it is over
    Arguments args;
    args.AddItem(CTIOS_UNIQUEOBJECTID, folded.from.empty() ? folded.id : folded.from);
    args.AddItem(CTIOS_CALLSTATUS, short{LCS_NULL});
    tell(eCallEndEvent, args);
    leave_call(folded.id);
  }
  const bool made = folded.made || folded.crossed;
  const int event = monitored_event(static_cast<int>(given.event_id()), made);
  const bool news = as != As::kAgain || made || folded.news;
  if (event != eUnknownEvent && news && !agent_cleared()) {
    Arguments args;
    read(given.arguments(), &args);
    args.AddItem(CTIOS_MONITORED, true);
    tell(event, args);
  }
  if (folded.ended) end_object(folded.id, false);
}

void Engine::forget_monitored_call(const std::string& object_id) {
  core_.with([&](SessionCore::State& state) {
    if (state.watching.call == object_id) state.watching.call.clear();
  });
}

// ---- members of teams ----

void Engine::note_member(const Arguments& args) {
  if (!subscription_.watches) return;  // whoever has not asked for a list is told none
  static constexpr std::size_t kNameMost = 128;  // bytes; nobody has a longer one
  std::string id;
  int operation = CONFIG_OPERATION_ADD_AGENT;
  args.GetValueString(CTIOS_UNIQUEOBJECTID, &id);
  args.GetValueInt(CTIOS_CONFIGOPERATION, &operation);
  if (id.size() > kNameMost || wire::kind_of(id) != wire::ObjectKind::kAgent) return;
  if (operation == CONFIG_OPERATION_REMOVE_AGENT) {
    members_.erase(id);
    return;
  }
  if (!members_.contains(id) && members_.size() >= kMembersMax) return;
  TeamMember& member = members_[id];
  member.heard = true;
  member.told.Clear();
  for (const enum_Keywords key : {ekwAgentID, ekwPeripheralID, ekwSupervisorID, ekwTeamID}) {
    const Arg* const found = args.find(key);
    if (found != nullptr && found->DumpArg().size() <= kNameMost) member.told.AddItem(key, *found);
  }
}

/// The server has told all members there are.
void Engine::end_members() {
  std::map<std::string, TeamMember> gone;
  for (auto at = members_.begin(); at != members_.end();) {
    const auto here = at++;
    if (!here->second.heard) gone.insert(members_.extract(here));
  }
  for (auto& [id, member] : gone) {
    if (agent_cleared()) return;
    member.told.AddItem(CTIOS_CONFIGOPERATION,
                        static_cast<unsigned short>(CONFIG_OPERATION_REMOVE_AGENT));
    member.told.AddItem(CTIOS_UNIQUEOBJECTID, id);
    tell(eNewAgentTeamMember, member.told);
  }
}

/// A call that is not seen any more.
void Engine::end_monitored(const std::string& object_id) {
  forget_monitored_call(object_id);
  Arguments args;
  args.AddItem(CTIOS_UNIQUEOBJECTID, object_id);
  args.AddItem(CTIOS_CALLSTATUS, short{LCS_NULL});
  args.AddItem(CTIOS_MONITORED, true);
  tell(eOnMonitoredCallEnd, args);
}

}  // namespace cti::cil::detail
