// call.hpp - a call is a set of connections between parties, plus the data that travels with it.
//
// Why      everything that can happen to a call (consult, transfer, conference, barge-in ...) adds, moves, changes or removes
//          connections; the events that clients see follow from that, seen from each station.
// Shape    a connection belongs to one call and one party. A connection of a station is a *view*: what clients know as
//          the pair ConnectionCallID + ConnectionDeviceID. Outside parties have connections but no views.
// Threads  owned by the Model.
#pragma once

#include "core/base/time.hpp"
#include "tools/simulator/model/vocabulary.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace cti::simulator {

using CallNumber = std::uint32_t;        ///< ConnectionCallID; never used twice in one run
using ConnectionNumber = std::uint32_t;  ///< names a connection for timers; never used twice
using StationIndex = std::uint32_t;
using AgentIndex = std::uint32_t;
using GroupIndex = std::uint32_t;
inline constexpr std::uint32_t kNoIndex = 0xFFFF'FFFF;

inline constexpr std::size_t kPartiesMax = 16;  ///< GED-188: at most 16 parties on a call
inline constexpr std::size_t kVariableCharactersMax = 40;
inline constexpr std::size_t kWrapupCharactersMax = 39;
/// ECC data with its names in one message: the rest of the message must fit beside it.
inline constexpr std::size_t kNamedWireBytesMax = 9'000;

struct Party {
  DeviceKind kind = DeviceKind::kNone;
  std::string id;
  StationIndex station = kNoIndex;  ///< kStation only
};

/// ECC data: a scalar (index -1) or one element of an array.
struct NamedValue {
  std::string name;
  std::int32_t index = -1;
  std::string value;
};

struct CallData {
  std::array<std::string, 10> variables;
  std::string wrapup, user_to_user, entered_digits, customer_phone, customer_account;
  std::vector<NamedValue> named;
  std::uint16_t disposition = 0;
};

/// Which items of CallData an event or request carries.
namespace data_item {
inline constexpr std::uint32_t kVariables = 0x3FF, kWrapup = 1U << 10, kUserToUser = 1U << 11,
                               kDigits = 1U << 12, kNamed = 1U << 13, kPhone = 1U << 14,
                               kAccount = 1U << 15, kEverything = 0xFFFF;
}  // namespace data_item

/// A change of call data: only what is set is changed.
struct CallDataPatch {
  std::array<std::optional<std::string>, 10> variables;
  std::optional<std::string> wrapup, user_to_user, entered_digits, customer_phone, customer_account;
  std::vector<NamedValue> named;
};

enum class Role : std::uint8_t { kParty, kMonitor, kWhisper, kBargedIn };

struct Connection {
  ConnectionNumber number = 0;
  Party party;
  ConnectionState state =
      ConnectionState::kNull;   ///< kNull: reserved for an offered call, not ringing yet
  AgentIndex agent = kNoIndex;  ///< who sat there when it joined
  Role role = Role::kParty;
  StationIndex supervises = kNoIndex;  ///< role other than kParty: whose call it joined
  CallType seen_as{};                  ///< 0: the call's own type
  bool inbound = false;                ///< was called, has not dialled
  bool routed = false;                 ///< was chosen by the router
  bool announced = false;              ///< BEGIN has been sent: END is owed
  bool answered = false;               ///< has been connected once
  bool media = false;                  ///< RTP has started
  bool greeting = false;               ///< the agent's greeting is played to the caller
  bool recorded = false;               ///< by the network
  TimePoint since{};                   ///< of the present state
  TimePoint talk_since{};
  Nanos held{0};
  std::uint32_t holds = 0;

  bool view() const noexcept { return party.station != kNoIndex; }
  bool silent() const noexcept { return role == Role::kMonitor || role == Role::kWhisper; }
};

/// A client that has had to do with a call: others are told of it.
struct CtiClient {
  std::string signature;
  std::uint32_t seconds = 0;  ///< wall clock
};
inline constexpr std::size_t kCtiClientsMax = 16;

struct RouterKey {
  std::uint32_t day = 0, call = 0, sequence = 0;
};

struct Call {
  CallNumber number = 0;
  CallType type = CallType::kOtherIn;
  std::vector<Connection> connections;  ///< in the order of joining, at most kPartiesMax
  CallData data;
  std::string ani, dnis, dialed;
  Party calling, called, last_redirect;
  RouterKey key;
  GroupIndex group = kNoIndex;   ///< the router's choice
  GroupIndex queued = kNoIndex;  ///< waits there now
  TimePoint queued_since{};
  CallNumber consult_of = kNoCall;
  StationIndex consult_by = kNoIndex;
  StationIndex controller = kNoIndex;  ///< who may extend the conference
  bool answered = false;
  bool conference = false;
  bool bad = false;
  std::vector<CtiClient> clients;  ///< in the order of coming, at most kCtiClientsMax
  bool route_announced = false;    ///< queue events: BEGIN of the route point was sent
  Nanos talk = Nanos::max();       ///< the outside caller hangs up so long after the first answer
  TimePoint begun{};

  Connection* of_station(StationIndex station) noexcept {
    for (Connection& c : connections) {
      if (c.party.station == station) return &c;
    }
    return nullptr;
  }
  const Connection* of_station(StationIndex station) const noexcept {
    return const_cast<Call*>(this)->of_station(station);
  }
  /// Those on the call, and the one that it waits for.
  std::size_t parties() const noexcept { return connections.size() + (queued != kNoIndex); }
  /// Parties that keep the call alive: connected, held, ringing or dialling, but no silent listeners.
  std::size_t alive() const noexcept {
    std::size_t n = 0;
    for (const Connection& c : connections) n += !c.silent();
    return n;
  }
};

}  // namespace cti::simulator
