// SET_AGENT_STATE, QUERY_AGENT_STATE, desk settings, greetings.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_data.hpp"

namespace cti::simulator {

AgentIndex Server::named_agent(std::optional<std::string_view> id,
                               std::optional<std::string_view> extension,
                               std::optional<std::string_view> instrument) const {
  if (id && !id->empty()) return model_.find_agent(*id);
  for (const auto& device : {extension, instrument}) {
    if (!device || device->empty()) continue;
    const StationIndex station = model_.find_station(*device);
    return station == kNoIndex ? kNoIndex : model_.stations()[station].agent;
  }
  return kNoIndex;
}

bool Server::right_peripheral(Client& client, std::uint32_t invoke_id, std::uint32_t peripheral) {
  if (peripheral == model_.settings().peripheral_id) return true;
  // Lenient: there is one peripheral, and it may be left out.
  if (!settings_.strict && (peripheral == 0xFFFF'FFFF || peripheral == 0)) return true;
  fail(client, invoke_id, Status::kInvalidPeripheral);
  return false;
}

void Server::set_agent_state(Client& client, Bytes body) {
  const auto request = read<ged::SetAgentStateReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const std::uint32_t invoke_id = request->invoke_id();
  const std::size_t mark = client.out.waiting();
  const auto state = static_cast<AgentState>(request->agent_state());
  const bool everybody = client.has(service::kAllEvents | service::kPeripheralMonitor);
  if (request->forced_flag() == 2) {  // only a look at the password
    const auto checked = model_.check_password(request->agent_id().value_or(""),
                                               request->agent_password().value_or(""));
    if (!checked) return fail(client, invoke_id, checked.error());
    return confirm<ged::SetAgentStateConfEncoder>(client, ged::SetAgentStateConfFixed{invoke_id},
                                                  mark);
  }
  if (state == AgentState::kLogin) {
    if (!request->agent_id() || !request->agent_instrument()) {
      return fail(client, invoke_id, Status::kRequiredDataMissing);
    }
    LoginRequest login;
    login.agent = *request->agent_id();
    login.password = request->agent_password().value_or("");
    login.instrument = *request->agent_instrument();
    login.work_mode = request->agent_work_mode();
    login.password_known = request->sso_enabled().value_or(0) == 1;
    login.session = client.session;
    for (const auto& group : request->skill_groups()) {
      login.skill_groups.push_back(
          static_cast<std::uint32_t>(group.skill_group_number().value_or(-1)));
    }
    if (!everybody) {
      const StationIndex own = client.station;
      const StationIndex wanted =
          model_.find_station(login.instrument.substr(0, login.instrument.find(';')));
      if (own != kNoIndex && own != wanted)
        return fail(client, invoke_id, Status::kFunctionNotAvailable);
      const AgentIndex self = client.agent;
      if (self != kNoIndex && model_.find_agent(login.agent) != self) {
        return fail(client, invoke_id, Status::kInconsistentAgentData);
      }
    }
    const auto done = model_.login(login);
    if (!done) return fail(client, invoke_id, done.error());
    return confirm<ged::SetAgentStateConfEncoder>(client, ged::SetAgentStateConfFixed{invoke_id},
                                                  mark);
  }
  AgentIndex agent = named_agent(request->agent_id(), std::nullopt, request->agent_instrument());
  const AgentIndex own = bound_agent(client);
  if (agent == kNoIndex && !request->agent_id() && !request->agent_instrument()) agent = own;
  if (agent == kNoIndex) return fail(client, invoke_id, Status::kInvalidAgentData);
  const AgentIndex chief =
      request->supervisor_id() ? model_.find_agent(*request->supervisor_id()) : kNoIndex;
  const bool by_chief = chief != kNoIndex && chief != agent;
  if (by_chief && !model_.supervises(chief, agent)) {
    return fail(client, invoke_id, Failure::telephone(Refusal::kPrivilegeViolation));
  }
  if (!everybody && agent != own && !by_chief)
    return fail(client, invoke_id, Status::kFunctionNotAvailable);
  StateRequest wish{state, request->event_reason_code(), request->forced_flag() == 1 || by_chief};
  if (by_chief && state == AgentState::kLogout && wish.reason == 0)
    wish.reason = kReasonForcedBySupervisor;
  const auto done = model_.set_state(agent, wish);
  if (!done) return fail(client, invoke_id, done.error());
  confirm<ged::SetAgentStateConfEncoder>(client, ged::SetAgentStateConfFixed{invoke_id}, mark);
}

void Server::query_agent_state(Client& client, Bytes body) {
  const auto request = read<ged::QueryAgentStateReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  AgentIndex index =
      named_agent(request->agent_id(), request->agent_extension(), request->agent_instrument());
  if (index == kNoIndex && request->icm_agent_id() > 0) {
    index = model_.find_agent_by_target(static_cast<std::uint32_t>(request->icm_agent_id()));
  }
  const bool named =
      request->agent_id() || request->agent_extension() || request->agent_instrument();
  if (index == kNoIndex && !named) {
    index = bound_agent(client);
  }
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidAgentData);
  const Agent& agent = model_.agents()[index];
  ged::QueryAgentStateConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  fixed.agent_state = static_cast<std::uint16_t>(agent.state);
  fixed.mrdid = 1;
  fixed.num_tasks = agent.state == AgentState::kTalking || agent.state == AgentState::kHold;
  fixed.agent_mode = 1;  // as AGENT_STATE_EVENT has it
  fixed.max_task_limit = 1;
  fixed.icm_agent_id = static_cast<std::int32_t>(agent.skill_target_id);
  fixed.agent_availability_status = agent.state == AgentState::kAvailable;
  send<ged::QueryAgentStateConfEncoder>(client, fixed, [&](ged::QueryAgentStateConfEncoder& to) {
    const std::string& station = model_.device_of(agent);
    to.agent_id(agent.settings.id).agent_extension(station).agent_instrument(station);
    const auto add = [&](GroupIndex group) {
      const SkillGroupSettings& of = model_.groups()[group].settings;
      to.add_skill_group({of.number, of.id, of.priority, static_cast<std::uint16_t>(agent.state)});
    };
    for (const GroupIndex group : agent.groups) add(group);
    if (agent.logged_on()) return;
    for (const std::uint32_t number : agent.settings.skill_groups) {
      if (const GroupIndex group = model_.find_group(number); group != kNoIndex) add(group);
    }
  });
}

void Server::desk_settings(Client& client, Bytes body) {
  const auto request = read<ged::AgentDeskSettingsReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  AgentIndex index = named_agent(request->agent_id(), std::nullopt, std::nullopt);
  if (index == kNoIndex && !request->agent_id()) index = bound_agent(client);
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidAgentData);
  const DeskSettings& desk = *model_.agents()[index].desk;
  ged::AgentDeskSettingsConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  fixed.peripheral_id = model_.settings().peripheral_id;
  fixed.desk_settings_mask = desk.mask;
  fixed.wrapup_data_incoming_mode = static_cast<std::uint32_t>(desk.wrapup_incoming);
  fixed.wrapup_data_outgoing_mode = static_cast<std::uint32_t>(desk.wrapup_outgoing);
  fixed.logout_non_activity_time = desk.logout_non_activity_s;
  fixed.ring_no_answer_time = desk.ring_no_answer_s;
  fixed.work_mode_timer = desk.work_mode_timer_s;
  send<ged::AgentDeskSettingsConfEncoder>(client, fixed, [](auto&) {});
}

void Server::agent_greeting(Client& client, Bytes body) {
  const auto request = read<ged::AgentGreetingControlReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const std::size_t mark = client.out.waiting();
  const AgentIndex agent = named_agent(request->agent_id(), std::nullopt, std::nullopt);
  if (agent == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidAgentData);
  if (agent != bound_agent(client) &&
      !client.has(service::kAllEvents | service::kPeripheralMonitor))
    return fail(client, request->invoke_id(), Status::kFunctionNotAvailable);
  const auto done = model_.control_greeting(agent, request->agent_action());
  if (!done) return fail(client, request->invoke_id(), done.error());
  confirm<ged::AgentGreetingControlConfEncoder>(
      client, ged::AgentGreetingControlConfFixed{request->invoke_id()}, mark);
}

/// What an agent's assistant has suggested is taken note of, and nothing else.
void Server::agent_service_data(Client& client, Bytes body) {
  const auto request = read<ged::SetAgentServiceDataReqView>(client, body);
  if (!request) return;
  if (model_.find_agent_by_target(request->agent_skill_target_id()) == kNoIndex)
    return fail(client, request->invoke_id(), Status::kInvalidAgentData);
  send<ged::SetAgentServiceDataConfEncoder>(
      client, ged::SetAgentServiceDataConfFixed{request->invoke_id(), 0}, [](auto&) {});
}

}  // namespace cti::simulator
