// Snapshots, device information and statistics.
#include "tools/simulator/messages/data_fields.hpp"
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188/statistics.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace cti::simulator {

void Server::snapshot_call(Client& client, Bytes body) {
  const auto request = read<ged::SnapshotCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const Call* call = model_.find_call(request->connection_call_id());
  if (call == nullptr) return fail(client, request->invoke_id(), Status::kInvalidCallId);
  if (!client.has(service::kAllEvents)) {
    const StationIndex own = bound_station(client);
    if (own == kNoIndex || call->of_station(own) == nullptr) {
      return fail(client, request->invoke_id(), Status::kNotCallParty);
    }
  }
  ged::SnapshotCallConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  // As the device that was asked about sees it, which is what its events said.
  const auto named = request->connection_device_id();
  const StationIndex at = named && !named->empty() ? model_.find_station(*named) : kNoIndex;
  const Connection* const seen = at == kNoIndex ? nullptr : call->of_station(at);
  const bool other = seen != nullptr && seen->seen_as != CallType{};
  fixed.call_type = static_cast<std::uint16_t>(other ? seen->seen_as : call->type);
  fixed.called_party_disposition = call->data.disposition;
  send<ged::SnapshotCallConfEncoder>(client, fixed, [&](ged::SnapshotCallConfEncoder& to) {
    if (!call->ani.empty()) to.ani(call->ani);
    if (!call->dnis.empty()) to.dnis(call->dnis);
    if (!call->dialed.empty()) to.dialed_number(call->dialed);
    if (call->key.day != 0)
      to.router_call_key_day(call->key.day).router_call_key_call_id(call->key.call);
    for (const CtiClient& known : call->clients) {
      to.add_cti_client({known.signature, known.seconds});
    }
    add_data(to, call->data, data_item::kEverything, client.registered, false);
    for (const Connection& c : call->connections) {
      if (c.state == ConnectionState::kNull) continue;
      ged::SnapshotCallConfEncoder::CallDevice device;
      device.call_connection_call_id = call->number;
      device.call_connection_device_id_type = std::uint16_t{0};
      device.call_connection_device_id = c.party.id;
      device.call_device_type = static_cast<std::uint16_t>(c.party.kind);
      device.call_device_id = c.party.id;
      device.call_device_connection_state = static_cast<std::uint16_t>(c.state);
      to.add_call_device(device);
    }
  });
}

void Server::snapshot_device(Client& client, Bytes body) {
  const auto request = read<ged::SnapshotDeviceReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto instrument = request->agent_instrument();
  const StationIndex station =
      instrument && !instrument->empty() ? model_.find_station(*instrument) : bound_station(client);
  if (station == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidDevice);
  if (station != bound_station(client) && !client.has(service::kAllEvents)) {
    return fail(client, request->invoke_id(), Status::kFunctionNotAvailable);
  }
  ged::SnapshotDeviceConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  send<ged::SnapshotDeviceConfEncoder>(client, fixed, [&](ged::SnapshotDeviceConfEncoder& to) {
    std::size_t told = 0;
    for (const CallNumber number : model_.stations()[station].calls) {
      const Call& call = *model_.find_call(number);
      const Connection& view = *call.of_station(station);
      if (!view.announced || ++told > kPartiesMax) continue;
      std::uint16_t monitoring = view.role == Role::kMonitor ? 1 : 0;
      for (const Connection& other : call.connections) {
        if (other.role == Role::kMonitor && other.supervises == station) monitoring = 2;
      }
      ged::SnapshotDeviceConfEncoder::Call entry;
      entry.call_connection_call_id = number;
      entry.call_connection_device_id_type = std::uint16_t{0};
      entry.call_connection_device_id = view.party.id;
      entry.call_state = static_cast<std::uint16_t>(view.state);
      entry.silent_monitor_status = monitoring;
      to.add_call(entry);
    }
  });
}

void Server::query_device(Client& client, Bytes body) {
  const auto request = read<ged::QueryDeviceInfoReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), std::nullopt, request->agent_instrument());
  if (!station) return;
  ged::QueryDeviceInfoConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  fixed.peripheral_type = model_.settings().peripheral_type;
  fixed.type_of_device = 0;     // station
  fixed.class_of_device = 128;  // voice
  fixed.max_active_calls = 1;
  fixed.max_held_calls = 2;
  fixed.max_devices_in_conference = kPartiesMax;
  fixed.make_call_setup = 1U << 2;  // not ready
  fixed.transfer_conference_setup = 1;
  fixed.call_events_supported = 0x0077'EFFF;
  fixed.call_control_supported = 0x7'FFFF & ~0x800U;
  send<ged::QueryDeviceInfoConfEncoder>(client, fixed, [](ged::QueryDeviceInfoConfEncoder& to) {
    to.add_line({std::uint16_t{0}, std::uint16_t{0}});
  });
}

namespace {

using Fields = std::vector<std::uint32_t>;

void add_counters(Fields& to, const CounterSet& counters) {
  for (std::size_t i = 0; i < kCounters; ++i) to.push_back(counters.told(static_cast<Counter>(i)));
}

/// A skill group's period leaves out four of an agent's counters and adds three about its queue.
void add_period(Fields& to, const GroupPeriod& period, Nanos longest_now) {
  for (std::size_t i = 0; i < kCounters; ++i) {
    const auto counter = static_cast<Counter>(i);
    if (counter == Counter::kIcmAvailableTime || counter == Counter::kRoutableTime ||
        counter == Counter::kInternalCalls || counter == Counter::kInternalTime) {
      continue;
    }
    to.push_back(period.agents.told(counter));
  }
  const auto seconds = [](Nanos t) { return static_cast<std::uint32_t>(t / Seconds(1)); };
  to.push_back(period.calls_queued);
  to.push_back(seconds(period.queue_time));
  to.push_back(seconds(std::max(period.longest_queued, longest_now)));
}

/// Puts counters into the fields of a message from its first counter on: the generated struct has them in this order.
template <class Fixed>
void fill_from(Fixed& fixed, std::size_t offset, const Fields& fields) {
  static_assert(std::is_standard_layout_v<Fixed> && std::is_trivially_copyable_v<Fixed>);
  CTI_CHECK(offset + fields.size() * 4 == sizeof(Fixed));
  std::memcpy(reinterpret_cast<std::byte*>(&fixed) + offset, fields.data(), fields.size() * 4);
}

}  // namespace

void Server::agent_statistics(Client& client, Bytes body) {
  const auto request = read<ged::QueryAgentStatisticsReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  AgentIndex index =
      named_agent(request->agent_id(), request->agent_extension(), request->agent_instrument());
  const bool named =
      request->agent_id() || request->agent_extension() || request->agent_instrument();
  if (index == kNoIndex && !named) index = bound_agent(client);
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidAgentData);
  const Agent& agent = model_.agents()[index];
  if (!agent.logged_on()) return fail(client, request->invoke_id(), Status::kAgentNotLoggedOn);
  ged::QueryAgentStatisticsConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  fixed.peripheral_id = model_.settings().peripheral_id;
  Fields fields;
  add_counters(fields, model_.session_counters(index));
  add_counters(fields, model_.today_counters(index));
  fill_from(fixed, offsetof(ged::QueryAgentStatisticsConfFixed, avail_time_session), fields);
  send<ged::QueryAgentStatisticsConfEncoder>(
      client, fixed, [&](ged::QueryAgentStatisticsConfEncoder& to) {
        const std::string& station = model_.stations()[agent.station].id;
        to.agent_extension(station).agent_id(agent.settings.id).agent_instrument(station);
      });
}

void Server::group_statistics(Client& client, Bytes body) {
  const auto request = read<ged::QuerySkillGroupStatisticsReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  GroupIndex index = model_.find_group(request->skill_group_number());
  for (GroupIndex i = 0; index == kNoIndex && i < model_.groups().size(); ++i) {
    if (model_.groups()[i].settings.id == request->skill_group_id()) index = i;
  }
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidSkillGroup);
  const SkillGroup& group = model_.groups()[index];
  ged::QuerySkillGroupStatisticsConfFixed fixed;
  fixed.invoke_id = request->invoke_id();
  fixed.peripheral_id = model_.settings().peripheral_id;
  fixed.skill_group_number = group.settings.number;
  fixed.skill_group_id = group.settings.id;
  for (const Agent& agent : model_.agents()) {
    if (std::ranges::find(agent.groups, index) == agent.groups.end()) continue;
    ++fixed.agents_logged_on;
    switch (agent.state) {
      case AgentState::kAvailable:
        ++fixed.agents_avail, ++fixed.agents_icm_available;
        break;
      case AgentState::kNotReady:
        ++fixed.agents_not_ready;
        break;
      case AgentState::kTalking:
        ++(agent.acd_call   ? fixed.agents_talking_in
           : agent.outbound ? fixed.agents_talking_out
                            : fixed.agents_talking_other);
        break;
      case AgentState::kWorkNotReady:
        ++fixed.agents_work_not_ready;
        break;
      case AgentState::kWorkReady:
        ++fixed.agents_work_ready;
        break;
      case AgentState::kReserved:
        ++fixed.agents_reserved;
        break;
      case AgentState::kHold:
        ++fixed.agents_hold;
        break;
      default:
        ++fixed.agents_busy_other;
    }
    fixed.agents_ready +=
        agent.state != AgentState::kNotReady && agent.state != AgentState::kWorkNotReady;
  }
  Nanos waiting{0}, longest{0};
  for (const CallNumber number : group.queue) {
    const Nanos wait = model_.now() - model_.find_call(number)->queued_since;
    waiting += wait;
    longest = std::max(longest, wait);
  }
  fixed.router_calls_q_now = fixed.calls_q_now = static_cast<std::uint32_t>(group.queue.size());
  fixed.longest_router_call_q_now = fixed.longest_call_q_now =
      static_cast<std::uint32_t>(longest / Seconds(1));
  fixed.calls_q_time_now = static_cast<std::uint32_t>(waiting / Seconds(1));
  Fields fields;
  add_period(fields, group.statistics.to_five, longest);
  add_period(fields, group.statistics.to_half, longest);
  add_period(fields, group.statistics.today, longest);
  fill_from(fixed, offsetof(ged::QuerySkillGroupStatisticsConfFixed, avail_time_to5), fields);
  send<ged::QuerySkillGroupStatisticsConfEncoder>(client, fixed, [](auto&) {});
}

}  // namespace cti::simulator
