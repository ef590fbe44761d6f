// known_args.cpp - which keywords of a record fill which field of the typed tables.
#include "broker/model/known_args.hpp"

#include "wire/ctios_enums.hpp"
#include "wire/state_digest.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace cti::broker {

using wire::Keyword;

namespace {

std::uint16_t small(const wire::Arg& arg) noexcept {
  return static_cast<std::uint16_t>(arg.integer());
}
std::uint32_t number(const wire::Arg& arg) noexcept {
  return static_cast<std::uint32_t>(arg.integer());
}

constexpr std::int64_t kOutgoing = 2;  // of IncomingOrOutgoing

void take_teams(TeamList& teams, const wire::ArgumentsView& named) {
  teams = {};
  for (const wire::Arg arg : named) {
    std::uint32_t team = 0;
    const std::string_view name = arg.own_key();
    const auto end = std::from_chars(name.data(), name.data() + name.size(), team).ptr;
    if (end == name.data() + name.size()) (void)teams.add(team, number(arg));
  }
}

/// True: the teams are others now.
bool take_own_key(AgentEntry& agent, const wire::Arg& arg) {
  const std::string_view key = arg.own_key();
  if (key == kConfiguredKey) agent.configured_supervisor = arg.integer() != 0;
  if (key == wire::kStateChangeKey) agent.asked = arg.is_arguments() && !arg.arguments().empty();
  if (key != kTeamsKey) return false;
  const TeamList before = agent.teams;
  take_teams(agent.teams, arg.arguments());
  return !(agent.teams == before);
}

ObjectId contact_of(const CallEntry& call) noexcept {
  return call.router_day == 0 ? ObjectId() : enterprise_id(call.router_day, call.router_call);
}

}  // namespace

bool take_agent_args(AgentEntry& agent, const wire::ArgumentsView& args) {
  bool moved = false;
  for (const wire::Arg arg : args) {
    switch (arg.keyword()) {
      case Keyword::AgentExtension:
        agent.extension.assign(arg.string());
        break;
      case Keyword::AgentFirstName:
      case Keyword::AgentLastName:
        agent.named = true;
        break;
      case Keyword::AgentFlags:
        agent.flags = number(arg);
        break;
      case Keyword::AgentID:
        agent.agent_id.assign(arg.string());
        break;
      case Keyword::AgentInstrument:
        agent.instrument.assign(arg.string());
        break;
      case Keyword::AgentState:
        agent.state = small(arg);
        break;
      case Keyword::DeskSettingsMask:
        agent.desk_mask = number(arg);
        agent.desk_known = true;
        break;
      case Keyword::EnablementMask:
        agent.mask = number(arg);
        break;
      case Keyword::EventReasonCode:
        agent.reason = small(arg);
        break;
      case Keyword::IncomingOrOutgoing:
        agent.last_call_outgoing = arg.integer() == kOutgoing ? 1 : 0;
        break;
      case Keyword::IsSupervisor:
        agent.supervisor = arg.integer() != 0;
        break;
      case Keyword::PeripheralID:
        agent.peripheral_id = number(arg);
        break;
      case Keyword::PeripheralType:
        agent.peripheral_type = small(arg);
        break;
      case Keyword::TeamID:
        agent.team = number(arg);
        break;
      case Keyword::UniqueObjectID:
        if (agent.id.empty()) agent.id.assign(arg.string());  // the key stands for it
        break;
      case Keyword::WrapupDataIncomingMode:
        agent.wrapup_incoming = small(arg);
        break;
      case Keyword::WrapupDataOutgoingMode:
        agent.wrapup_outgoing = small(arg);
        break;
      case Keyword::kOwnKey:
        moved = take_own_key(agent, arg) || moved;
        break;
      default:
        break;
    }
  }
  return moved;
}

bool take_call_args(CallEntry& call, const wire::ArgumentsView& args) {
  std::optional<std::string_view> ani, dialed;
  bool renamed = false;
  bool rerouted = false;
  for (const wire::Arg arg : args) {
    switch (arg.keyword()) {
      case Keyword::ANI:
        ani = arg.string();
        break;
      case Keyword::CallStatus:
        call.status = small(arg);
        break;
      case Keyword::CallType:
        call.type = small(arg);
        break;
      case Keyword::ConnectionCallID:
        call.call_id = number(arg);
        break;
      case Keyword::ConnectionDeviceID:
        renamed = renamed || call.device_id.view() != arg.string();
        call.device_id.assign(arg.string());
        break;
      case Keyword::ConnectionDeviceIDType:
        call.device_type = small(arg);
        break;
      case Keyword::ConsultType:
        call.consult_type = small(arg);
        break;
      case Keyword::DialedNumber:
        dialed = arg.string();
        break;
      case Keyword::EnablementMask:
        call.mask = number(arg);
        break;
      case Keyword::IncomingOrOutgoing:
        call.dialed_here = arg.integer() == kOutgoing;
        break;
      case Keyword::PeripheralID:
        call.peripheral_id = number(arg);
        break;
      case Keyword::RouterCallKeyCallID:
        rerouted = rerouted || call.router_call != number(arg);
        call.router_call = number(arg);
        break;
      case Keyword::RouterCallKeyDay:
        rerouted = rerouted || call.router_day != number(arg);
        call.router_day = number(arg);
        break;
      case Keyword::UniqueObjectID:
        if (call.id.empty()) call.id.assign(arg.string());  // the key stands for it
        break;
      case Keyword::kOwnKey:
        if (arg.own_key() == kAnsweredKey) call.answered = arg.integer() != 0;
        if (arg.own_key() == kBeginKey) call.begin = static_cast<CallBegin>(arg.integer());
        break;
      default:
        break;
    }
  }
  if (ani) call.from_here = *ani == call.device_id.view();
  if (dialed) call.to_here = *dialed == call.device_id.view();
  if (rerouted) call.contact.assign(contact_of(call).view());
  return renamed;
}

}  // namespace cti::broker
