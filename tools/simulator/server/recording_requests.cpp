// Recording: by applications that offer it as a service (requests are passed on to them), and by the network.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/server.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

constexpr Nanos kRelayPatience = Seconds(15);
constexpr std::size_t kRelaysMax = 4096, kServicesMax = 16;
constexpr std::uint32_t kOwnRecorder = 0xFFFF'FFFE;     // its SessionID: above those of clients
constexpr std::uint16_t kExclusive = 0, kParallel = 2;  // ServerMode
constexpr Refusal kNotRegistered{272}, kTooManyOutstanding{44}, kServiceEnded{77}, kNoAnswer{78};

/// The same request as a server application gets it: with who asks for it, under the number by which we know it.
template <class Encoder, class Fixed, class View, class Send>
void pass_on(const View& request, Fixed fixed, const Client& asker, Send&& send) {
  fixed.peripheral_id = request.peripheral_id();
  fixed.connection_call_id = request.connection_call_id();
  fixed.client_port = request.client_port();
  fixed.connection_device_id_type = request.connection_device_id_type();
  fixed.direction = request.direction();
  send.template operator()<Encoder>(fixed, [&](Encoder& to) {
    if (const auto device = request.connection_device_id()) to.connection_device_id(*device);
    to.client_id(request.client_id().value_or(asker.client_id));
    to.client_address(request.client_address().value_or("127.0.0.1"));
    if (const auto extension = request.agent_extension()) to.agent_extension(*extension);
    if (const auto agent = request.agent_id()) to.agent_id(*agent);
    if (const auto instrument = request.agent_instrument()) to.agent_instrument(*instrument);
  });
}

}  // namespace

void Server::register_service(Client& client, Bytes body) {
  const auto request = read<ged::RegisterServiceReqView>(client, body);
  if (!request) return;
  const std::string name(request->service_name().value_or(""));
  const std::uint16_t mode = request->server_mode();
  if (mode > kParallel) return fail(client, request->invoke_id(), Status::kInvalidService);
  // All servers of one service use the same mode, and an exclusive one is alone.
  for (const auto& [id, other] : clients_) {
    for (const OfferedService& offered : other->offered) {
      if (offered.name != name) continue;
      if (mode == kExclusive || offered.mode != mode || other.get() == &client)
        return fail(client, request->invoke_id(), Status::kServiceConflict);
    }
  }
  if (client.offered.size() == kServicesMax)
    return fail(client, request->invoke_id(), Status::kServiceConflict);
  client.offered.push_back({next_service_++, mode, name});
  send<ged::RegisterServiceConfEncoder>(
      client, ged::RegisterServiceConfFixed{request->invoke_id(), client.offered.back().id},
      [](auto&) {});
}

void Server::unregister_service(Client& client, Bytes body) {
  const auto request = read<ged::UnregisterServiceReqView>(client, body);
  if (!request) return;
  const auto gone = std::erase_if(client.offered, [&](const OfferedService& offered) {
    return offered.id == request->registered_service_id();
  });
  if (gone == 0) return fail(client, request->invoke_id(), Status::kInvalidService);
  send<ged::UnregisterServiceConfEncoder>(
      client, ged::UnregisterServiceConfFixed{request->invoke_id()}, [](auto&) {});
}

/// Who gets a request: `session` when it names one, else one in turn, or all that offer it in parallel.
std::vector<Client*> Server::servers_for(std::uint32_t session) {
  std::vector<Client*> found;
  bool parallel = false;
  for (const auto& [id, other] : clients_) {
    if (!hears(*other) || other->offered.empty()) continue;
    if (session != 0 && other->session != session) continue;
    parallel = parallel || other->offered.front().mode == kParallel;
    found.push_back(other.get());
  }
  if (parallel || found.size() < 2) return found;
  return {found[next_turn_++ % found.size()]};
}

void Server::recording_request(Client& client, ged::MessageType type, Bytes body) {
  const bool start = type == ged::MessageType::kStartRecordingReq;
  const auto serve = [&]<class View, class Encoder, class Fixed>(auto&& fill) {
    const auto request = read<View>(client, body);
    if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id()))
      return;
    if (start && model_.find_call(request->connection_call_id()) == nullptr)
      return fail(client, request->invoke_id(), Status::kInvalidCallId);
    std::uint32_t session = 0;
    if constexpr (requires { request->session_id(); }) session = request->session_id();
    const std::vector<Client*> servers = servers_for(session);
    const bool own = session == 0 || session == kOwnRecorder;
    if (servers.empty() && own && model_.settings().recorder) return own_recorder(client, *request);
    if (servers.empty())
      return fail(client, request->invoke_id(), Failure::telephone(kNotRegistered));
    if (relays_.size() >= kRelaysMax)
      return fail(client, request->invoke_id(), Failure::telephone(kTooManyOutstanding));
    const std::uint32_t number = next_relay_++;
    const std::uint32_t only = servers.size() == 1 ? servers.front()->session : 0;
    relays_[number] = {client.connection.packed(), request->invoke_id(), only, start,
                       io_.now() + kRelayPatience};
    Fixed fixed;
    fixed.invoke_id = number;
    fill(fixed, *request);
    for (Client* server : servers) {
      pass_on<Encoder>(*request, fixed, client, [&]<class E>(const Fixed& made, auto&& more) {
        send<E>(*server, made, more);
      });
    }
  };
  if (start) {
    return serve.operator()<ged::StartRecordingReqView, ged::StartRecordingReqEncoder,
                            ged::StartRecordingReqFixed>([](auto& fixed, const auto& request) {
      fixed.bit_rate = request.bit_rate();
      fixed.packet_size = request.packet_size();
      fixed.rtp_type = request.rtp_type();
      fixed.echo_cancellation = request.echo_cancellation();
      fixed.payload_type = request.payload_type();
    });
  }
  serve.operator()<ged::StopRecordingReqView, ged::StopRecordingReqEncoder,
                   ged::StopRecordingReqFixed>([](auto& fixed, const auto& request) {
    fixed.session_id = request.session_id();
    fixed.server_data = request.server_data();
  });
}

/// The recorder that is built in, for those who have none: it remembers what it is asked to record, and hears nothing.
template <class Request>
void Server::own_recorder(Client& client, const Request& request) {
  const CallNumber number = request.connection_call_id();
  const std::uint32_t invoke_id = request.invoke_id();
  if constexpr (requires { request.server_data(); }) {
    // Who did not begin the recording cannot name it: 0 is whatever there is of the call.
    const std::uint32_t data = request.server_data();
    const auto is_it = [&](const auto& each) {
      return each.second == number && (data == 0 || each.first == data);
    };
    if (std::erase_if(recorded_, is_it) == 0)
      return fail(client, invoke_id, Failure::telephone(Refusal::kObjectNotKnown));
    return send<ged::StopRecordingConfEncoder>(client, ged::StopRecordingConfFixed{invoke_id},
                                               [](auto&) {});
  } else {
    std::erase_if(recorded_,
                  [&](const auto& each) { return model_.find_call(each.second) == nullptr; });
    if (recorded_.size() >= kRelaysMax)
      return fail(client, invoke_id, Failure::telephone(kTooManyOutstanding));
    recorded_[++next_recording_] = number;
    send<ged::StartRecordingConfEncoder>(
        client, ged::StartRecordingConfFixed{invoke_id, kOwnRecorder, next_recording_},
        [](auto&) {});
  }
}

/// A server application answers; whoever asked hears it. Answers to nothing, late or doubled, are left out.
void Server::recording_answer(Client& client, ged::MessageType type, Bytes body) {
  const auto found = relays_.find(invoke_id_of(body));
  if (found == relays_.end() || client.offered.empty()) return;
  const Relay relay = found->second;
  if (relay.server != 0 && relay.server != client.session) return;
  const bool starts = type == ged::MessageType::kStartRecordingConf;
  const bool stops = type == ged::MessageType::kStopRecordingConf;
  if ((starts || stops) && starts != relay.start) return;
  relays_.erase(found);
  const auto asker = clients_.find(relay.asker);
  if (asker == clients_.end() || !asker->second->open()) return;
  Client& to = *asker->second;
  if (type == ged::MessageType::kFailureConf || type == ged::MessageType::kControlFailureConf) {
    return fail(to, relay.invoke_id, Failure::telephone(kServiceEnded));
  }
  if (stops) {
    return send<ged::StopRecordingConfEncoder>(to, ged::StopRecordingConfFixed{relay.invoke_id},
                                               [](auto&) {});
  }
  const auto conf = decode<ged::StartRecordingConfView>(body, client.version);
  if (!conf) return fail(to, relay.invoke_id, Failure::telephone(kServiceEnded));
  send<ged::StartRecordingConfEncoder>(
      to, ged::StartRecordingConfFixed{relay.invoke_id, client.session, conf->server_data()},
      [](auto&) {});
}

/// Requests that nobody will answer any more: the server application is gone (`server`), or the time is over (0).
void Server::end_relays(std::uint32_t server) {
  const TimePoint now = io_.now();
  std::erase_if(relays_, [&](const auto& entry) {
    const Relay& relay = entry.second;
    const bool over = server == 0 ? now >= relay.deadline : relay.server == server;
    if (!over) return false;
    const auto asker = clients_.find(relay.asker);
    if (asker != clients_.end() && asker->second->open()) {
      fail(*asker->second, relay.invoke_id,
           Failure::telephone(server == 0 ? kNoAnswer : kServiceEnded));
    }
    return true;
  });
}

void Server::network_recording(Client& client, ged::MessageType type, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto serve = [&]<class View, class Conf, class Fixed>(auto&& act) {
    const auto request = read<View>(client, body);
    if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id()))
      return;
    const auto station = acting_station(
        client, request->invoke_id(), request->connection_device_id(), request->agent_instrument());
    if (!station) return;
    const auto done = act(request->connection_call_id(), *station);
    if (!done) return fail(client, request->invoke_id(), done.error());
    confirm<Conf>(client, Fixed{request->invoke_id()}, mark);
  };
  if (type == ged::MessageType::kStartNetworkRecordingReq) {
    return serve.
    operator()<ged::StartNetworkRecordingReqView, ged::StartNetworkRecordingConfEncoder,
               ged::StartNetworkRecordingConfFixed>(
        [&](CallNumber call, StationIndex at) { return model_.start_recording(call, at); });
  }
  serve.operator()<ged::StopNetworkRecordingReqView, ged::StopNetworkRecordingConfEncoder,
                   ged::StopNetworkRecordingConfFixed>(
      [&](CallNumber call, StationIndex at) { return model_.stop_recording(call, at); });
}

}  // namespace cti::simulator
