// The two sides: failing, coming back, active and standby, and the maintenance handshake of version 24.
#include "tools/simulator/server/server_impl.hpp"

#include <algorithm>
#include <utility>

namespace cti::simulator {
namespace {

constexpr Nanos kMaintenanceAnswer = Seconds(5), kStoppingPatience = Seconds(5);

}  // namespace

std::uint16_t Server::port(Side side) const { return sides_[static_cast<std::size_t>(side)].port; }

void Server::fail_side(Side side) {
  SideState& state = sides_[static_cast<std::size_t>(side)];
  if (state.failed) return;
  state.failed = true;
  io_.unlisten(state.listener);
  state.listener = {};
  // The side in maintenance cannot tell any more; the one that was to take over cannot do that any more.
  if (maintenance_ && maintenance_->side == side) maintenance_.reset();
  if (maintenance_) end_maintenance(false);
  for (auto& [id, client] : clients_) {
    if (client->side == side) reset(*client, Status::kServerOffline, "the side has failed");
  }
  const Side other = other_side(side);
  if (sides_[static_cast<std::size_t>(other)].standby && !state.standby) promote(other);
  state.standby = false;
}

bool Server::restore_side(Side side) {
  SideState& state = sides_[static_cast<std::size_t>(side)];
  freeze_side(side, false);
  state.out_of_service = state.maintained = false;
  if (!state.failed) return true;
  core::Endpoint at = side == Side::kA ? settings_.side_a : settings_.side_b;
  at.port = state.port;
  const auto listener = io_.listen(at);
  if (!listener) return false;
  state.listener = *listener;
  state.failed = false;
  // Of a pair one side is active: whoever comes back finds the other one so.
  const SideState& other = sides_[static_cast<std::size_t>(other_side(side))];
  state.standby = settings_.standby_b && !other.failed && !other.standby;
  return true;
}

void Server::freeze_side(Side side, bool frozen) {
  SideState& state = sides_[static_cast<std::size_t>(side)];
  if (state.frozen == frozen) return;
  state.frozen = frozen;
  for (auto& [id, client] : clients_) {
    if (client->side != side || client->phase == Client::Phase::kClosing) continue;
    io_.set_receiving(client->connection, !frozen);
    client->last_received = io_.now();
    mark_dirty(*client);
  }
}

/// Going out of service in good order: its clients are told, and leave by themselves.
void Server::stop_side(Side side) {
  SideState& state = sides_[static_cast<std::size_t>(side)];
  if (state.failed || state.out_of_service) return;
  if (maintenance_) end_maintenance(false);
  state.out_of_service = true;
  for (auto& [id, client] : clients_) {
    if (client->side == side && client->open()) failure_event(*client, Status::kServerOffline);
  }
  const Side other = other_side(side);
  if (sides_[static_cast<std::size_t>(other)].standby && !state.standby) {
    demote(side);
    promote(other);
  }
}

/// The standby side takes over: its sessions hear everything from now on, and what is there already.
void Server::promote(Side side) {
  sides_[static_cast<std::size_t>(side)].standby = false;
  for (auto& [id, entry] : clients_) {
    Client& client = *entry;
    if (client.side != side || !client.open()) continue;
    send_bare<ged::StandbyActiveEventMsgEncoder>(client);
    interest_.add(client);
    tell_state(client);
    if (client.has(service::kAllEvents)) replay_calls(client);
  }
}

void Server::demote(Side side) {
  sides_[static_cast<std::size_t>(side)].standby = true;
  for (auto& [id, client] : clients_) {
    if (client->side == side) interest_.remove(*client);
  }
}

/// Every view of every call, as events with the cause that marks them as known already.
void Server::replay_calls(Client& client) {
  for (const auto& [number, call] : model_.calls()) {
    for (const Connection& view : call.connections) {
      if (!view.announced) continue;
      CallEvent event;
      event.call = &call;
      event.number = number;
      event.station = view.party.station;
      event.device = view.party.id;
      event.local = view.state;
      event.agent = model_.stations()[view.party.station].agent;
      event.cause = Cause::kPartyUpdate;
      event.subject = &view.party;
      const bool rings = view.state == ConnectionState::kAlerting;
      for (const CallEventKind kind :
           {CallEventKind::kBegin,
            rings ? CallEventKind::kDelivered : CallEventKind::kEstablished}) {
        event.kind = kind;
        if (kind == CallEventKind::kEstablished && !view.answered) continue;
        if ((client.call_mask & simulator::mask_of(kind)) == 0) continue;
        cache_.next();
        tell_call(event, client, client.monitor_id);
      }
    }
  }
}

// -- maintenance: asked, answered, told, handed over ---------------------------------------------------------------------

std::string Server::begin_maintenance(Side side) {
  SideState& state = sides_[static_cast<std::size_t>(side)];
  const SideState& other = sides_[static_cast<std::size_t>(other_side(side))];
  if (maintenance_) return "error maintenance is under way";
  if (state.failed || state.standby) return "error that side is not the active one";
  if (!other.standby || other.failed) return "error the other side is no standby";
  if (!can_take_over(other_side(side))) return "error the other side cannot take over";
  maintenance_ = Maintenance{side, {}, io_.now() + kMaintenanceAnswer};
  for (auto& [id, client] : clients_) {
    if (client->side != side || !client->open() || !client->has(service::kActiveStandby)) continue;
    maintenance_->awaited.insert(id);
    send<ged::ActiveMaintenanceReqMsgEncoder>(
        *client, ged::ActiveMaintenanceReqMsgFixed{next_relay_++}, [](auto&) {});
  }
  if (maintenance_->awaited.empty()) end_maintenance(true);
  return "ok";
}

void Server::maintenance_answer(Client& client, Bytes body) {
  const auto answer = decode<ged::ActiveMaintenanceRespMsgView>(body, client.version);
  if (!maintenance_ || !answer) return;
  if (maintenance_->awaited.erase(client.connection.packed()) == 0) return;
  if (answer->maintenance_mode_accepted() == 0) return end_maintenance(false);
  if (maintenance_->awaited.empty()) end_maintenance(true);
}

bool Server::can_take_over(Side side) const noexcept {
  const SideState& state = sides_[static_cast<std::size_t>(side)];
  return state.standby && !state.failed && !state.out_of_service && !state.frozen;
}

void Server::end_maintenance(bool accepted) {
  const Side side = maintenance_->side;
  maintenance_.reset();
  accepted = accepted && can_take_over(other_side(side));  // it may have frozen meanwhile
  for (auto& [id, client] : clients_) {
    if (client->side != side || !client->open() || !client->has(service::kActiveStandby)) continue;
    send<ged::ActiveMaintenanceEventMsgEncoder>(
        *client,
        ged::ActiveMaintenanceEventMsgFixed{accepted ? std::uint16_t{1} : std::uint16_t{0}},
        [](auto&) {});
  }
  if (!accepted) return;
  sides_[static_cast<std::size_t>(side)].maintained = true;
  for (auto& [id, client] : clients_) {
    if (client->side != side || !client->open()) continue;
    // Clients of older versions know nothing of this: for them the server goes.
    if (!client->has(service::kActiveStandby)) failure_event(*client, Status::kServerOffline);
    client->leave_by = io_.now() + kStoppingPatience;
  }
  demote(side);
  promote(other_side(side));
}

/// STOPPING_REQUESTS_TO_THIS_SIDE_IND: the client has gone over to the other side.
void Server::stopping_requests(Client& client, Bytes) {
  forget(client, Status::kNoError);
  client.close_at = io_.now() + kStoppingPatience;
  mark_dirty(client);
}

void Server::look_at_sides() {
  const TimePoint now = io_.now();
  if (maintenance_ && now >= maintenance_->deadline) end_maintenance(false);
  for (auto& [id, client] : clients_) {
    if (client->open() && now >= client->leave_by)
      reset(*client, Status::kServerOffline, "it stayed on a side in maintenance");
  }
}

}  // namespace cti::simulator
