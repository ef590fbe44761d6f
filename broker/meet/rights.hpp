// rights.hpp - who may ask for what, about whose things, and who may see what: one table for the whole server.
//
// Why      a rule that stands in two places is one day two rules. Whoever decides, in a line or in a fan-out reactor,
//          asks here.
// Shape    role x request -> relations: a request is allowed when its target stands in one of them to the asker. The role
//          comes from the principal and from what is true now (role_of); the relation from the object map.
// Default  what no row names is allowed to nobody.
// Threads  any: constants.
// Docs     the table is printed by print_rights(); requests/README.md holds what it printed.
#pragma once

#include "broker/meet/principal.hpp"
#include "wire/event_id.hpp"

#include <cstdint>
#include <string>

namespace cti::broker {

enum class Role : std::uint8_t {
  kGuest,          ///< has said Hello and has no mode
  kMonitor,        ///< monitor mode
  kAgent,          ///< agent mode
  kSupervisor,     ///< agent mode, and the agent supervises a team now
  kEdge,           ///< an edge server, a tool: reads the log itself
  kPeer,           ///< the other server of the pair
  kAdministrator,  ///< nobody yet: comes with identities that are proven
};
inline constexpr std::size_t kRoles = 7;

/// How the target stands to the asker. Bits, so that a rule is a set of them.
enum class Relation : std::uint8_t {
  kServer = 1,  ///< no object, or one that is everybody's: settings, system status
  kOwn = 2,     ///< the own agent, a call or device of it
  kTeam = 4,    ///< a member of the team that the asker supervises, a call or device of one
  kOther = 8,   ///< anybody else's, or nobody's
};

class Relations {
 public:
  constexpr Relations() = default;
  constexpr Relations(Relation one) : bits_(static_cast<std::uint8_t>(one)) {}  // NOLINT: meant
  constexpr friend Relations operator|(Relations a, Relations b) {
    a.bits_ |= b.bits_;
    return a;
  }
  constexpr bool has(Relation one) const { return (bits_ & static_cast<std::uint8_t>(one)) != 0; }
  constexpr bool none() const { return bits_ == 0; }
  constexpr friend bool operator==(const Relations&, const Relations&) = default;

 private:
  std::uint8_t bits_ = 0;
};

/// `supervises`: what is known of its agent now.
constexpr Role role_of(const Principal& who, bool supervises = false) {
  switch (who.mode) {
    case SessionMode::kAgent:
      return supervises ? Role::kSupervisor : Role::kAgent;
    case SessionMode::kMonitor:
      return Role::kMonitor;
    case SessionMode::kNone:
    case SessionMode::kEverything:
      break;
  }
  if (who.claim == wire::Role::kPeer) return Role::kPeer;
  return who.claim == wire::Role::kEdge ? Role::kEdge : Role::kGuest;
}

/// About whose things a session of this role may ask for this. None: never, whatever it is about.
Relations may_ask(Role role, wire::RequestId request) noexcept;

/// Which modes a session may enter that has none yet.
constexpr bool may_subscribe(Role role, wire::SubscribeMode mode) {
  switch (mode) {
    case wire::SubscribeMode::kAgent:
    case wire::SubscribeMode::kMonitor:
      return role == Role::kGuest || role == Role::kEdge || role == Role::kAdministrator;
    case wire::SubscribeMode::kEverything:
      return role == Role::kEdge || role == Role::kPeer || role == Role::kAdministrator;
  }
  return false;
}

/// Whose updates a session of this role may be given; what it asked for (filter, agent) chooses among them.
constexpr Relations may_see(Role role) {
  const Relations all =
      Relations(Relation::kServer) | Relation::kOwn | Relation::kTeam | Relation::kOther;
  switch (role) {
    case Role::kGuest:
      return {};
    case Role::kAgent:
      return Relations(Relation::kServer) | Relation::kOwn;
    case Role::kSupervisor:
      return Relations(Relation::kServer) | Relation::kOwn | Relation::kTeam;
    case Role::kMonitor:
    case Role::kEdge:
    case Role::kPeer:
    case Role::kAdministrator:
      return all;
  }
  return {};
}

/// Whether this request has a row: every request must (a test walks them all).
bool has_rule(wire::RequestId request) noexcept;

std::string_view name_of(Role role) noexcept;

/// The table as text for people: markdown.
std::string print_rights();

}  // namespace cti::broker
