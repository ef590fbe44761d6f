// object_map.hpp - everything that one line knows: agents, calls, devices, teams, and all their properties.
//
// Why      button masks, rights, snapshots and requests need state; clients need the same state. One fold serves both.
// Shape    wire::ObjectTable holds the properties of every object, as every client folds them. Beside it stand typed
//          tables for what the broker itself looks at: dense slots, found by object key once, held as index after that.
// Change   only by apply(record), and apply reads nothing but the record and the map: the same records give the same
//          map, here, on a peer and in a test.
// Bounds   agents_max, calls_max; devices are bounded by both. A record that finds no room changes nothing (counted).
//          Room for all is set aside at the start and touched as it fills: entries never move.
// Threads  the line.
#pragma once

#include "broker/model/button_config.hpp"
#include "broker/model/fixed_text.hpp"
#include "broker/model/key_index.hpp"
#include "broker/model/object_id.hpp"
#include "broker/model/team_list.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_table.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace cti::broker {

/// Index into one of the typed tables.
using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = UINT32_MAX;

// Own keys of the broker: what its typed tables know must stand in the properties, since whoever joins late has only them.
inline constexpr std::string_view kTeamsKey = "Teams";        ///< of an agent: { "<TeamID>" = AgentFlags }
inline constexpr std::string_view kAnsweredKey = "Answered";  ///< of a call that may have been made here: TRUE once it is
inline constexpr std::string_view kBeginKey = "Begin";        ///< of a call: CallBegin, where it is not kHeard
inline constexpr std::string_view kConfiguredKey = "ConfiguredSupervisor";  ///< of an agent: the configuration said so

/// How a call's begin has become known: whether a begin that comes now is this call's, or another's in its place.
enum class CallBegin : std::uint8_t {
  kHeard,   ///< by its own event
  kMissed,  ///< it was not: another event has made the call
  kAsked,   ///< it was not, and an answer has told what it would have told
};

struct AgentEntry {
  std::uint64_t key = 0;  ///< 0: the slot is free
  FixedText<kObjectIdBytesMax> id;
  FixedText<63> agent_id;
  FixedText<63> extension;
  FixedText<63> instrument;
  std::uint32_t peripheral_id = 0;
  std::uint16_t peripheral_type = 0;
  std::uint16_t state = 9;            ///< ctios AgentState; eUnknown until heard of
  std::uint16_t reason = 0;           ///< EventReasonCode of that state
  std::uint16_t wrapup_incoming = 1;  ///< WrapupDataIncomingMode of the desk settings
  std::uint16_t wrapup_outgoing = 1;
  std::uint16_t last_call_outgoing = 0;  ///< 1: the call talked on last was made by the agent
  std::uint32_t desk_mask = 0;           ///< DeskSettingsMask
  std::uint32_t mask = 0;                ///< EnablementMask that clients were told last
  std::uint32_t team = 0;                ///< a team that the agent is in; 0: none known
  std::uint32_t flags = 0;               ///< AgentFlags in that team
  bool desk_known = false;
  bool supervisor = false;
  bool configured_supervisor = false;    ///< whatever the teams say
  bool named = false;                    ///< a configuration gave the agent's name
  bool asked = false;                    ///< StateChange says who asked for the state
  TeamList teams;                        ///< every team that the agent is in
  std::array<Slot, 2> devices{kNoSlot,
                              kNoSlot};  ///< instrument, extension: where the agent is logged in

  bool logged_in() const noexcept { return state != 1 && state != 9; }
};

/// Whether the type alone says that the call was not made at the device where it is.
bool came_in(std::uint16_t call_type) noexcept;

struct CallEntry {
  std::uint64_t key = 0;  ///< 0: the slot is free
  FixedText<kObjectIdBytesMax> id;
  FixedText<95> device_id;  ///< ConnectionDeviceID
  std::uint32_t peripheral_id = 0;
  std::uint32_t call_id = 0;      ///< ConnectionCallID
  std::uint16_t device_type = 0;  ///< ConnectionDeviceIDType
  std::uint16_t status = 0;       ///< LocalConnectionState
  std::uint16_t type = 0;         ///< CallType
  CallBegin begin = CallBegin::kHeard;
  std::uint32_t mask = 0;         ///< EnablementMask that clients were told last
  std::uint32_t router_day = 0;   ///< of the ICM contact; 0: not routed
  std::uint32_t router_call = 0;
  FixedText<27> contact;   ///< ICMEnterpriseUniqueID of these two; empty when not routed
  std::uint32_t born = 0;  ///< rises with every call: which of two began later
  std::uint16_t consult_type = 0;  ///< ctios ConsultType, when this server was asked to consult
  bool dialed_here = false;        ///< IncomingOrOutgoing: an event told of going off hook here
  bool from_here = false;          ///< ANI names the own device
  bool to_here = false;            ///< DialedNumber names the own device
  bool answered = false;           ///< Answered: another party has answered
  std::uint64_t told_agent = 0;    ///< whose records the call's last one was; 0: nobody's
  Slot device = kNoSlot;
  Slot next = kNoSlot;  ///< calls of the same device, newest first

  /// OnCallFailed was seen: later events leave CallStatus out.
  bool failed() const noexcept { return status == wire::ctios::LCS_FAIL; }
  /// The agent here made the call. From its type where that says it, else from its numbers, else from what was heard.
  bool outgoing() const noexcept;
  /// By its type, a consultation or a call for help beside another call.
  bool consultation() const noexcept;
};

struct DeviceEntry {
  std::uint64_t key = 0;  ///< 0: the slot is free
  FixedText<kObjectIdBytesMax> id;
  std::uint32_t peripheral_id = 0;
  FixedText<95> name;    ///< instrument or extension
  Slot agent = kNoSlot;  ///< logged in here
  Slot first_call = kNoSlot;
  std::uint32_t calls = 0;
  std::uint32_t sitters = 0;  ///< agents that point here; more than one when somebody was displaced
};

/// What a record has led to besides the change that it tells, for whoever asks and tells of it.
struct Effect {
  bool made = false;    ///< an agent: nobody knew of it before
  bool came = false;    ///< the agent is logged in now, and was not
  bool seated = false;  ///< the agent sits where somebody else sat, or nobody
  /// Who sits now at a device that the agent has left: had been displaced there. 0: nobody.
  std::array<std::uint64_t, 2> heirs{};
  bool stray = false;   ///< a call: its records were told to another than who sits at its device
  bool team = false;    ///< an agent: its teams, its role or whether it is there are others now
  bool any() const noexcept {
    return made || came || seated || stray || team || heirs[0] != 0 || heirs[1] != 0;
  }
};

struct MapCounters {
  std::uint64_t applied = 0;
  std::uint64_t no_room = 0;      ///< records that found a table full
  std::uint64_t fold_errors = 0;  ///< records that wire::ObjectTable refused
};

class ObjectMap {
 public:
  /// ctios AgentState, from eLogin 0 to eNotActive 14; what goes beyond is counted as one more.
  static constexpr std::size_t kStatesMax = 16;

  struct Limits {
    std::size_t agents_max = 5'000;
    std::size_t calls_max = 20'000;
  };
  explicit ObjectMap(const Limits& limits, const ButtonConfig& buttons = {});

  /// For the masks that are computed from it.
  const ButtonConfig& buttons() const noexcept { return buttons_; }
  std::uint16_t peripheral_type_of(const AgentEntry& agent) const noexcept {
    return agent.peripheral_type != 0 ? agent.peripheral_type : buttons_.peripheral_type;
  }

  /// Folds one record of the line's own log. Pure: depends on the record and the map only.
  Effect apply(const wire::UpdateView& update);
  /// Whether a record about this object finds room. Ask before it is written: what the map does not hold no client sees.
  bool has_room(std::uint64_t key, std::uint32_t topics) const noexcept {
    if ((topics & wire::topic::kEnds) != 0) return true;
    if ((topics & wire::topic::kCall) != 0) return room_in(calls_, free_calls_) || knows(key);
    if ((topics & wire::topic::kAgent) != 0) return room_in(agents_, free_agents_) || knows(key);
    return has_room_for_others(key, topics);
  }
  /// A record was not written for want of room.
  void note_no_room() noexcept { ++counters_.no_room; }
  /// The next agent from `cursor` on who is logged out, in no team and named by no configuration; nullptr: nobody.
  template <class Keep>
  const AgentEntry* idle_agent(std::size_t& cursor, Keep&& keep) const;

  /// By the LoginName that a configuration told, whatever its case. Looks at every agent: for who enters agent mode.
  const AgentEntry* agent_by_login_name(std::uint32_t peripheral_id,
                                        std::string_view login_name) const noexcept;
  const AgentEntry* agent(std::uint64_t key) const noexcept {
    return at(agents_, agent_index_.find(key));
  }
  const CallEntry* call(std::uint64_t key) const noexcept {
    return at(calls_, call_index_.find(key));
  }
  const DeviceEntry* device(std::uint64_t key) const noexcept {
    return at(devices_, device_index_.find(key));
  }
  const DeviceEntry* device_at(Slot slot) const noexcept { return at(devices_, slot); }
  const AgentEntry* agent_at(Slot slot) const noexcept { return at(agents_, slot); }
  const CallEntry* call_at(Slot slot) const noexcept { return at(calls_, slot); }
  /// The device of a call or of an agent; nullptr when none is known.
  const DeviceEntry* device_named(std::uint32_t peripheral, std::string_view name) const noexcept;
  Slot slot_of_device(std::uint32_t peripheral, std::string_view name) const noexcept;
  /// Who is logged in at the device; nullptr when nobody is.
  const AgentEntry* agent_on(std::uint32_t peripheral, std::string_view device) const noexcept;
  const AgentEntry* agent_of(const CallEntry& call) const noexcept;
  /// Whose records the call's are: who is logged in at its device, else who was told of it last.
  std::uint64_t audience_of(const CallEntry& call) const noexcept;

  /// Calls visit(const CallEntry&) for the calls where the agent sits; not where somebody else has taken the seat.
  template <class Visit>
  void calls_of(const AgentEntry& agent, Visit&& visit) const;
  template <class Visit>
  void calls_at(const DeviceEntry& device, Visit&& visit) const;
  template <class Visit>
  void each_agent(Visit&& visit) const;
  template <class Visit>
  void each_call(Visit&& visit) const;
  template <class Visit>
  void each_device(Visit&& visit) const;

  /// Stops the program when the tables contradict each other or the fold. Walks all of them: for tests.
  void invariants() const;

  std::size_t agents() const noexcept { return agent_index_.size(); }
  /// How many of them are in each state.
  const std::array<std::uint32_t, kStatesMax>& agents_by_state() const noexcept {
    return agents_by_state_;
  }
  std::size_t calls() const noexcept { return call_index_.size(); }
  std::size_t devices() const noexcept { return device_index_.size(); }
  const wire::ObjectTable& properties() const noexcept { return properties_; }
  const MapCounters& counters() const noexcept { return counters_; }

 private:
  template <class Entry>
  static const Entry* at(const std::vector<Entry>& table, Slot slot) noexcept {
    if (slot >= table.size()) return nullptr;
    const Entry& entry = table.data()[slot];
    return entry.key != 0 ? &entry : nullptr;
  }
  template <class Entry>
  static bool room_in(const std::vector<Entry>& table, const std::vector<Slot>& free) noexcept {
    return !free.empty() || table.size() < table.capacity();
  }
  bool knows(std::uint64_t key) const noexcept { return properties_.find(key).has_value(); }
  bool has_room_for_others(std::uint64_t key, std::uint32_t topics) const noexcept;
  void end_agent(Slot slot, Effect& effect);
  static std::size_t state_index(const AgentEntry& agent) noexcept {
    return agent.state < kStatesMax ? agent.state : kStatesMax - 1;
  }
  // False: the table is full, and nothing has changed.
  bool apply_agent(const wire::UpdateView& update, Effect& effect);
  bool apply_call(const wire::UpdateView& update, bool names_old, Effect& effect);
  Slot take_old_name(Slot slot, const wire::UpdateView& update);
  void end_call(Slot slot);
  void rename_call(Slot slot, std::uint64_t key);
  void place_agent(Slot slot, Effect& effect);
  void leave_seat(Slot slot, std::size_t which, Effect& effect);
  void place_call(Slot slot);
  void leave_devices(Slot slot);
  Slot device_slot(std::uint32_t peripheral, std::string_view name);
  void release_device(Slot slot);
  void unlink_call(Slot slot);

  const ButtonConfig buttons_;
  std::vector<AgentEntry> agents_;
  std::vector<CallEntry> calls_;
  std::vector<DeviceEntry> devices_;
  std::vector<Slot> free_agents_, free_calls_, free_devices_;
  KeyIndex agent_index_, call_index_, device_index_;
  wire::ObjectTable properties_;
  const std::size_t others_max_;  // of skill groups, and of teams
  std::array<std::uint32_t, kStatesMax> agents_by_state_{};
  std::uint32_t births_ = 0;
  MapCounters counters_;
};

template <class Keep>
const AgentEntry* ObjectMap::idle_agent(std::size_t& cursor, Keep&& keep) const {
  for (std::size_t looked = 0; looked < agents_.size(); ++looked) {
    cursor = cursor + 1 < agents_.size() ? cursor + 1 : 0;
    const AgentEntry& agent = agents_[cursor];
    if (agent.key == 0 || agent.logged_in() || agent.named || agent.teams.count != 0) continue;
    if (!keep(agent)) return &agent;
  }
  return nullptr;
}
template <class Visit>
void ObjectMap::calls_at(const DeviceEntry& device, Visit&& visit) const {
  for (Slot slot = device.first_call; slot != kNoSlot;) {
    const CallEntry& call = calls_[slot];
    visit(call);
    slot = call.next;
  }
}
template <class Visit>
void ObjectMap::calls_of(const AgentEntry& agent, Visit&& visit) const {
  for (const Slot slot : agent.devices) {
    if (slot == kNoSlot) continue;
    const DeviceEntry& device = devices_[slot];
    if (device.first_call == kNoSlot || device.agent == kNoSlot) continue;
    // By key: the agent may be a copy.
    if (agents_[device.agent].key == agent.key) calls_at(device, visit);
  }
}
template <class Visit>
void ObjectMap::each_agent(Visit&& visit) const {
  for (const AgentEntry& entry : agents_) {
    if (entry.key != 0) visit(entry);
  }
}
template <class Visit>
void ObjectMap::each_call(Visit&& visit) const {
  for (const CallEntry& entry : calls_) {
    if (entry.key != 0) visit(entry);
  }
}
template <class Visit>
void ObjectMap::each_device(Visit&& visit) const {
  for (const DeviceEntry& entry : devices_) {
    if (entry.key != 0) visit(entry);
  }
}

}  // namespace cti::broker
