// object_map.cpp - applying records to the typed tables, and what follows for seats and devices.
#include "broker/model/object_map.hpp"
#include "broker/model/known_args.hpp"

#include "core/base/set_aside.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cti::broker {

using wire::EventId;
using wire::Keyword;

namespace {

/// A slot that was given back, or else the next one that was never used: memory of a table is touched as it fills.
template <class Entry>
Slot take(std::vector<Entry>& table, std::vector<Slot>& free) noexcept {
  if (!free.empty()) {
    const Slot slot = free.back();
    free.pop_back();
    return slot;
  }
  if (table.size() == table.capacity()) return kNoSlot;
  table.emplace_back();
  return static_cast<Slot>(table.size() - 1);
}

/// All the room that the table will ever have.
template <class Entry>
void reserve(const char* key, std::vector<Entry>& table, std::vector<Slot>& free,
             std::size_t count) {
  set_aside(key, [&] {
    table.reserve(count);
    free.reserve(count);
  });
}

constexpr const char* kAgentsKey = "the table of agents: line.agents_max";
constexpr const char* kCallsKey = "the table of calls: line.calls_max";
constexpr const char* kDevicesKey = "the table of devices: line.agents_max and line.calls_max";
constexpr const char* kObjectsKey = "the table of properties: line.agents_max and line.calls_max";

std::uint64_t device_key(std::uint32_t peripheral, std::string_view name) noexcept {
  return wire::object_key(device_object_id(peripheral, name).view());
}

wire::ObjectTable::Limits table_limits(const ObjectMap::Limits& limits) {
  wire::ObjectTable::Limits table;
  // Agents, calls, and as many skill groups and teams as agents.
  table.objects_max = static_cast<std::uint32_t>(limits.agents_max * 3 + limits.calls_max);
  return table;
}

}  // namespace

ObjectMap::ObjectMap(const Limits& limits, const ButtonConfig& buttons)
    : buttons_(buttons),
      agent_index_(set_aside(kAgentsKey, [&] { return KeyIndex(limits.agents_max); })),
      call_index_(set_aside(kCallsKey, [&] { return KeyIndex(limits.calls_max); })),
      device_index_(set_aside(
          kDevicesKey, [&] { return KeyIndex(limits.agents_max * 2 + limits.calls_max); })),
      properties_(set_aside(kObjectsKey, [&] { return wire::ObjectTable(table_limits(limits)); })),
      others_max_(limits.agents_max) {
  reserve(kAgentsKey, agents_, free_agents_, limits.agents_max);
  reserve(kCallsKey, calls_, free_calls_, limits.calls_max);
  reserve(kDevicesKey, devices_, free_devices_, limits.agents_max * 2 + limits.calls_max);
}

const AgentEntry* ObjectMap::agent_by_login_name(std::uint32_t peripheral_id,
                                                 std::string_view login_name) const noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const AgentEntry* found = nullptr;
  each_agent([&](const AgentEntry& each) {
    if (found != nullptr || each.peripheral_id != peripheral_id || login_name.empty()) return;
    const auto handle = properties_.find(each.key);
    if (!handle) return;
    const auto told = properties_.properties(*handle).string(wire::Keyword::LoginName);
    const auto same = [&](char a, char b) { return lower(a) == lower(b); };
    if (told && std::ranges::equal(*told, login_name, same)) found = &each;
  });
  return found;
}

Effect ObjectMap::apply(const wire::UpdateView& update) {
  Effect effect;
  if (update.object_key() == 0) return effect;
  ++counters_.applied;
  const bool about_call = (update.topics() & wire::topic::kCall) != 0;
  const bool about_agent = (update.topics() & wire::topic::kAgent) != 0;
  const auto renames = [&] {
    return about_call && update.arguments().find(Keyword::OldUniqueObjectID);
  };
  if (!has_room(update.object_key(), update.topics()) && !renames()) {
    ++counters_.no_room;
    return effect;
  }
  // What the fold refuses the typed tables do not take either: they say the same of every object.
  const auto folded = properties_.apply(update);
  if (!folded.ok()) {
    ++counters_.fold_errors;
    return effect;
  }
  if (about_call && !apply_call(update, folded->names_old, effect)) ++counters_.no_room;
  if (about_agent && !apply_agent(update, effect)) ++counters_.no_room;
  return effect;
}

bool ObjectMap::has_room_for_others(std::uint64_t key, std::uint32_t topics) const noexcept {
  const bool group = (topics & wire::topic::kSkillGroup) != 0;
  const auto kind = group ? wire::ObjectKind::kSkillGroup : wire::ObjectKind::kTeam;
  if (!group && (topics & wire::topic::kTeam) == 0) return true;
  return properties_.size(kind) < others_max_ || knows(key);
}

bool ObjectMap::apply_agent(const wire::UpdateView& update, Effect& effect) {
  Slot slot = agent_index_.find(update.object_key());
  if ((update.topics() & wire::topic::kEnds) != 0) {
    if (slot != kNoSlot) end_agent(slot, effect);
    return true;
  }
  if (slot == kNoSlot) {
    slot = take(agents_, free_agents_);
    if (slot == kNoSlot) return false;
    agents_[slot] = {};
    agents_[slot].key = update.object_key();
    effect.made = true;
    CTI_CHECK(agent_index_.insert(update.object_key(), slot));
    ++agents_by_state_[state_index(agents_[slot])];
  }
  AgentEntry& agent = agents_[slot];
  const bool was_there = agent.logged_in(), led = agent.supervisor;
  bool moved = false;
  --agents_by_state_[state_index(agent)];
  if ((update.topics() & wire::topic::kWhole) != 0) {
    // All that the typed table knows comes from properties; where the agent sits is looked at anew below.
    const auto devices = agent.devices;
    const TeamList teams = agent.teams;
    agent = {};
    agent.key = update.object_key();
    agent.devices = devices;
    (void)take_agent_args(agent, update.arguments());
    moved = !(agent.teams == teams);
  } else {
    moved = take_agent_args(agent, update.arguments());
  }
  ++agents_by_state_[state_index(agent)];
  effect.came = agent.logged_in() && !was_there;
  effect.team = moved || agent.supervisor != led || (was_there && !agent.logged_in());
  place_agent(slot, effect);
  return true;
}

void ObjectMap::end_agent(Slot slot, Effect& effect) {
  CTI_CHECK(agents_by_state_[state_index(agents_[slot])] > 0);
  --agents_by_state_[state_index(agents_[slot])];
  agents_[slot].state = wire::ctios::eLogout;
  effect.team = true;
  place_agent(slot, effect);  // leaves every seat
  CTI_CHECK(agents_[slot].devices[0] == kNoSlot && agents_[slot].devices[1] == kNoSlot);
  agent_index_.erase(agents_[slot].key);
  agents_[slot].key = 0;
  free_agents_.push_back(slot);
  CTI_CHECK(free_agents_.size() + agent_index_.size() == agents_.size());
}

// An agent sits at the devices that its record names, while logged in.
void ObjectMap::place_agent(Slot slot, Effect& effect) {
  AgentEntry& agent = agents_[slot];
  const std::array<std::string_view, 2> names{agent.instrument.view(), agent.extension.view()};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool same_as_first = i == 1 && names[1] == names[0];
    const bool wanted = agent.logged_in() && !names[i].empty() && !same_as_first;
    const Slot had = agent.devices[i];
    // Displaced by another, the agent does not take the seat back by being spoken of.
    if (wanted && had != kNoSlot && devices_[had].name.view() == names[i]) continue;
    if (had != kNoSlot) leave_seat(slot, i, effect);
    if (!wanted) continue;
    const Slot device = device_slot(agent.peripheral_id, names[i]);
    if (device == kNoSlot) continue;
    // Whoever sat here before has been displaced: one agent per device.
    devices_[device].agent = slot;
    ++devices_[device].sitters;
    agent.devices[i] = device;
    effect.seated = true;
  }
}

// A seat that is left becomes that of somebody who was displaced there and is still logged in: as whoever starts now has it.
void ObjectMap::leave_seat(Slot slot, std::size_t which, Effect& effect) {
  const Slot left = std::exchange(agents_[slot].devices[which], kNoSlot);
  DeviceEntry& device = devices_[left];
  CTI_CHECK(device.sitters != 0);
  --device.sitters;
  if (device.agent == slot) {
    device.agent = kNoSlot;
    for (Slot other = 0; other < agents_.size() && device.sitters != 0; ++other) {
      const AgentEntry& heir = agents_[other];
      if (heir.key == 0 || (heir.devices[0] != left && heir.devices[1] != left)) continue;
      device.agent = other;
      effect.heirs[which] = heir.key;
      break;
    }
  }
  release_device(left);
}

Slot ObjectMap::device_slot(std::uint32_t peripheral, std::string_view name) {
  const ObjectId id = device_object_id(peripheral, name);
  const std::uint64_t key = wire::object_key(id.view());
  Slot slot = device_index_.find(key);
  if (slot != kNoSlot) return slot;
  slot = take(devices_, free_devices_);
  if (slot == kNoSlot) {
    ++counters_.no_room;
    return kNoSlot;
  }
  DeviceEntry& device = devices_[slot];
  device = {};
  device.key = key;
  device.id.assign(id.view());
  device.peripheral_id = peripheral;
  device.name.assign(name);
  CTI_CHECK(device_index_.insert(key, slot));
  return slot;
}

// A device without agent and calls is forgotten.
void ObjectMap::release_device(Slot slot) {
  DeviceEntry& device = devices_[slot];
  if (device.sitters != 0 || device.calls != 0) return;
  CTI_CHECK(device.agent == kNoSlot && device.first_call == kNoSlot);
  device_index_.erase(device.key);
  device.key = 0;
  free_devices_.push_back(slot);
  CTI_CHECK(free_devices_.size() + device_index_.size() == devices_.size());
}

bool ObjectMap::apply_call(const wire::UpdateView& update, bool names_old, Effect& effect) {
  const wire::ArgumentsView args = update.arguments();
  Slot slot = call_index_.find(update.object_key());
  if (names_old) slot = take_old_name(slot, update);
  if ((update.topics() & wire::topic::kEnds) != 0) {
    if (slot != kNoSlot) end_call(slot);
    return true;
  }
  const bool known = slot != kNoSlot;
  if (!known) {
    slot = take(calls_, free_calls_);
    if (slot == kNoSlot) return false;
    CallEntry& made = calls_[slot];
    made = {};
    made.key = update.object_key();
    made.born = ++births_;
    CTI_CHECK(call_index_.insert(update.object_key(), slot));
  }
  CallEntry& call = calls_[slot];
  if (known && (update.topics() & wire::topic::kWhole) != 0) {
    // Whatever is not said again is not so any more. Its place in the lists stays until it is named otherwise.
    CallEntry whole;
    whole.key = call.key;
    whole.born = call.born;
    whole.device_id = call.device_id;
    whole.peripheral_id = call.peripheral_id;
    whole.device = call.device;
    whole.next = call.next;
    call = whole;
  }
  const bool renamed = take_call_args(call, args);
  if (update.agent_key() != 0) call.told_agent = update.agent_key();
  if (renamed || call.device == kNoSlot) place_call(slot);
  const Slot agent = call.device == kNoSlot ? kNoSlot : devices_[call.device].agent;
  if (agent == kNoSlot) return true;
  AgentEntry& sitting = agents_[agent];
  if (call.status == wire::ctios::LCS_CONNECT)
    sitting.last_call_outgoing = call.outgoing() ? 1 : 0;
  effect.stray = call.told_agent != sitting.key;
  return true;
}

/// The call's slot after the record's OldUniqueObjectID, if it has one. As the fold has it.
Slot ObjectMap::take_old_name(Slot slot, const wire::UpdateView& update) {
  const auto old_id = update.arguments().string(Keyword::OldUniqueObjectID);
  if (!old_id) return slot;
  const Slot old = call_index_.find(wire::object_key(*old_id));
  if (old == kNoSlot || old == slot) return slot;
  if (slot == kNoSlot) {
    rename_call(old, update.object_key());
    return old;
  }
  end_call(old);  // the new name is taken: its call stays, the old one is no more
  return slot;
}

void ObjectMap::place_call(Slot slot) {
  CallEntry& call = calls_[slot];
  unlink_call(slot);
  if (call.device_id.empty()) return;
  const Slot device = device_slot(call.peripheral_id, call.device_id.view());
  if (device == kNoSlot) return;
  call.device = device;
  call.next = devices_[device].first_call;
  devices_[device].first_call = slot;
  ++devices_[device].calls;
}

void ObjectMap::unlink_call(Slot slot) {
  CallEntry& call = calls_[slot];
  if (call.device == kNoSlot) return;
  DeviceEntry& device = devices_[call.device];
  Slot* link = &device.first_call;
  while (*link != slot) link = &calls_[*link].next;
  *link = call.next;
  CTI_CHECK(device.calls != 0);
  --device.calls;
  CTI_CHECK((device.calls == 0) == (device.first_call == kNoSlot));
  const Slot left = call.device;
  call.device = kNoSlot;
  call.next = kNoSlot;
  release_device(left);
}

void ObjectMap::end_call(Slot slot) {
  unlink_call(slot);
  call_index_.erase(calls_[slot].key);
  calls_[slot].key = 0;
  free_calls_.push_back(slot);
  CTI_CHECK(free_calls_.size() + call_index_.size() == calls_.size());
}

void ObjectMap::rename_call(Slot slot, std::uint64_t key) {
  call_index_.erase(calls_[slot].key);
  calls_[slot].key = key;
  calls_[slot].id.clear();
  CTI_CHECK(call_index_.insert(key, slot));
}

Slot ObjectMap::slot_of_device(std::uint32_t peripheral, std::string_view name) const noexcept {
  return name.empty() ? kNoSlot : device_index_.find(device_key(peripheral, name));
}

const DeviceEntry* ObjectMap::device_named(std::uint32_t peripheral,
                                           std::string_view name) const noexcept {
  return device_at(slot_of_device(peripheral, name));
}

const AgentEntry* ObjectMap::agent_on(std::uint32_t peripheral,
                                      std::string_view name) const noexcept {
  const DeviceEntry* const found = device_named(peripheral, name);
  return found == nullptr ? nullptr : agent_at(found->agent);
}

const AgentEntry* ObjectMap::agent_of(const CallEntry& call) const noexcept {
  const DeviceEntry* const found = device_at(call.device);
  return found == nullptr ? nullptr : agent_at(found->agent);
}

std::uint64_t ObjectMap::audience_of(const CallEntry& call) const noexcept {
  const AgentEntry* const agent = agent_of(call);
  return agent != nullptr ? agent->key : call.told_agent;
}

bool came_in(std::uint16_t call_type) noexcept {
  switch (call_type) {
    case wire::ctios::CALLTYPE_ACD_IN:
    case wire::ctios::CALLTYPE_PREROUTE_ACD_IN:
    case wire::ctios::CALLTYPE_PREROUTE_DIRECT_AGENT:
    case wire::ctios::CALLTYPE_TRANSFER_IN:
    case wire::ctios::CALLTYPE_OVERFLOW_IN:
    case wire::ctios::CALLTYPE_OTHER_IN:
    case wire::ctios::CALLTYPE_OFFERED:
    case wire::ctios::CALLTYPE_CONSULT_OFFERRED:
      return true;
    default:
      return false;
  }
}

bool CallEntry::outgoing() const noexcept {
  if (came_in(type)) return false;
  switch (type) {
    case wire::ctios::CALLTYPE_AUTO_OUT:
    case wire::ctios::CALLTYPE_AGENT_OUT:
    case wire::ctios::CALLTYPE_OUT:
      return true;
    default:  // both ends of such a call have the same type
      return from_here || (!to_here && dialed_here);
  }
}

bool CallEntry::consultation() const noexcept {
  return type == wire::ctios::CALLTYPE_CONSULT ||
         type == wire::ctios::CALLTYPE_CONSULT_CONFERENCE || type == wire::ctios::CALLTYPE_ASSIST ||
         type == wire::ctios::CALLTYPE_EMERGENCY;
}

void ObjectMap::invariants() const {
  CTI_CHECK(properties_.size(wire::ObjectKind::kAgent) == agents());
  CTI_CHECK(properties_.size(wire::ObjectKind::kCall) == calls());
  CTI_CHECK(agents_.size() <= agents_.capacity() && calls_.size() <= calls_.capacity());
  CTI_CHECK(free_agents_.size() + agents() == agents_.size());
  CTI_CHECK(free_calls_.size() + calls() == calls_.size());
  CTI_CHECK(free_devices_.size() + devices() == devices_.size());
  std::size_t seats = 0, chained = 0, sitters = 0, counted = 0;
  std::array<std::uint32_t, kStatesMax> states{};
  each_agent([&](const AgentEntry& agent) {
    ++states[state_index(agent)];
    CTI_CHECK(properties_.find(agent.key).has_value());
    for (const Slot slot : agent.devices) {
      if (slot == kNoSlot) continue;
      ++seats;
      CTI_CHECK(agent.logged_in() && device_at(slot) != nullptr);
    }
    CTI_CHECK(agent.devices[0] == kNoSlot || agent.devices[0] != agent.devices[1]);
    CTI_CHECK(agent.teams.count <= TeamList::kMax);
  });
  each_device([&](const DeviceEntry& device) {
    sitters += device.sitters;
    counted += device.calls;
    CTI_CHECK(device.sitters != 0 || device.calls != 0);
    const AgentEntry* const agent = agent_at(device.agent);
    CTI_CHECK((agent != nullptr) == (device.agent != kNoSlot));
    CTI_CHECK((agent == nullptr) == (device.sitters == 0));
    calls_at(device, [&](const CallEntry& call) {
      ++chained;
      CTI_CHECK(call.key != 0 && device_at(call.device) == &device);
    });
  });
  CTI_CHECK(states == agents_by_state_);
  CTI_CHECK(seats == sitters);
  CTI_CHECK(chained == counted && chained <= calls());
  each_call([&](const CallEntry& call) { CTI_CHECK(properties_.find(call.key).has_value()); });
}

}  // namespace cti::broker
