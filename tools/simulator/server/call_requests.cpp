// Requests that act on calls. The station is the ConnectionDeviceID of the request, else its AgentInstrument, else the
// session's own device; acting for another device than one's own needs the all-events service.
#include "tools/simulator/messages/data_fields.hpp"
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/call_data.hpp"

#include <algorithm>

namespace cti::simulator {

std::optional<StationIndex> Server::acting_station(Client& client, std::uint32_t invoke_id,
                                                   std::optional<std::string_view> device,
                                                   std::optional<std::string_view> instrument) {
  StationIndex station = kNoIndex;
  if (device && !device->empty()) {
    station = model_.find_station(*device);
  } else if (instrument && !instrument->empty()) {
    station = model_.find_station(*instrument);
  } else {
    station = bound_station(client);
  }
  if (station == kNoIndex) {
    fail(client, invoke_id, Failure::telephone(Refusal::kInvalidDevice));
    return std::nullopt;
  }
  if (station != bound_station(client) &&
      !client.has(service::kAllEvents | service::kPeripheralMonitor)) {
    fail(client, invoke_id, Status::kFunctionNotAvailable);
    return std::nullopt;
  }
  return station;
}

void Server::simple_call_request(Client& client, ged::MessageType type, Bytes body) {
  const std::size_t mark = client.out.waiting();
  /// One request with ConnectionCallID and ConnectionDeviceID: check, act, confirm.
  const auto serve = [&]<class View, class Conf, class Fixed>(auto&& act) {
    const auto request = read<View>(client, body);
    if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id()))
      return;
    std::optional<std::string_view> device, instrument;
    CallNumber number = kNoCall;
    if constexpr (requires { request->held_connection_call_id(); }) {
      number = request->held_connection_call_id();
      device = request->held_connection_device_id();
    } else {
      number = request->connection_call_id();
      device = request->connection_device_id();
    }
    if constexpr (requires { request->agent_instrument(); })
      instrument = request->agent_instrument();
    const auto station = acting_station(client, request->invoke_id(), device, instrument);
    if (!station) return;
    const auto done = act(*request, number, *station);
    if (!done) return fail(client, request->invoke_id(), done.error());
    Fixed fixed;
    fixed.invoke_id = request->invoke_id();
    confirm<Conf>(client, fixed, mark);
  };
  using Type = ged::MessageType;
  switch (type) {
    case Type::kAnswerCallReq:
      return serve.
      operator()<ged::AnswerCallReqView, ged::AnswerCallConfEncoder, ged::AnswerCallConfFixed>(
          [&](const auto&, CallNumber n, StationIndex s) { return model_.answer(n, s); });
    case Type::kHoldCallReq:
      return serve.
      operator()<ged::HoldCallReqView, ged::HoldCallConfEncoder, ged::HoldCallConfFixed>(
          [&](const auto&, CallNumber n, StationIndex s) { return model_.hold(n, s); });
    case Type::kRetrieveCallReq:
      return serve.operator()<ged::RetrieveCallReqView, ged::RetrieveCallConfEncoder,
                              ged::RetrieveCallConfFixed>(
          [&](const auto&, CallNumber n, StationIndex s) { return model_.retrieve(n, s); });
    case Type::kClearCallReq:
      return serve.
      operator()<ged::ClearCallReqView, ged::ClearCallConfEncoder, ged::ClearCallConfFixed>(
          [&](const auto&, CallNumber n, StationIndex s) { return model_.clear_call(n, s); });
    case Type::kClearConnectionReq:
      return serve.operator()<ged::ClearConnectionReqView, ged::ClearConnectionConfEncoder,
                              ged::ClearConnectionConfFixed>(
          [&](const auto&, CallNumber n, StationIndex s) { return model_.clear_connection(n, s); });
    case Type::kDeflectCallReq:
      return serve.
      operator()<ged::DeflectCallReqView, ged::DeflectCallConfEncoder, ged::DeflectCallConfFixed>(
          [&](const auto& r, CallNumber n, StationIndex s) {
            return model_.deflect(n, s, r.called_device_id().value_or(""));
          });
    case Type::kSendDtmfSignalReq:
      return serve.operator()<ged::SendDtmfSignalReqView, ged::SendDtmfSignalConfEncoder,
                              ged::SendDtmfSignalConfFixed>(
          [&](const auto& r, CallNumber n, StationIndex s) {
            return model_.send_dtmf(n, s, r.dtmf_string().value_or(""));
          });
    case Type::kBadCallReq:
      return serve.operator()<ged::BadCallReqView, ged::BadCallConfEncoder, ged::BadCallConfFixed>(
          [&](const auto&, CallNumber n, StationIndex) { return model_.mark_bad(n); });
    default:
      return;
  }
}

namespace {

/// Fills the reply of a request that made a call or brought calls together.
template <class Fixed>
Fixed new_call_fixed(const Model& model, std::uint32_t invoke_id, CallNumber number) {
  Fixed fixed;
  fixed.invoke_id = invoke_id;
  fixed.new_connection_call_id = number;
  fixed.new_connection_device_id_type = 0;
  fixed.line_handle = 0;
  const Call* call = model.find_call(number);
  if (call != nullptr) fixed.line_type = line_type_of(*call, false);
  return fixed;
}

template <class Encoder>
void add_parties(Encoder& to, const Model& model, CallNumber number) {
  const Call* call = model.find_call(number);
  if (call == nullptr) return;
  for (const Connection& c : call->connections) {
    if (c.state == ConnectionState::kNull || c.silent()) continue;
    typename Encoder::Party party;
    party.connected_party_call_id = number;
    party.connected_party_device_id_type = std::uint16_t{0};
    party.connected_party_device_id = c.party.id;
    to.add_party(party);
  }
}

}  // namespace

void Server::make_call(Client& client, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto request = read<ged::MakeCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), std::nullopt, request->agent_instrument());
  if (!station) return;
  const auto made =
      model_.make_call(*station, {request->dialed_number().value_or(""), patch_of(*request)});
  if (!made) return fail(client, request->invoke_id(), made.error());
  if (client.has(service::kIgnoreConfirmations) || loses_confirmation()) return;
  send<ged::MakeCallConfEncoder>(
      client, new_call_fixed<ged::MakeCallConfFixed>(model_, request->invoke_id(), *made),
      [&](ged::MakeCallConfEncoder& to) {
        to.new_connection_device_id(model_.stations()[*station].id);
      },
      mark);
}

void Server::make_predictive_call(Client& client, Bytes body) {
  const auto request = read<ged::MakePredictiveCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  // Needs dialler ports, which this switch does not have.
  fail(client, request->invoke_id(), Failure::telephone(Refusal{277}));
}

void Server::two_call_request(Client& client, ged::MessageType type, Bytes body) {
  const std::size_t mark = client.out.waiting();
  if (type == ged::MessageType::kAlternateCallReq) {
    const auto request = read<ged::AlternateCallReqView>(client, body);
    if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id()))
      return;
    const auto station =
        acting_station(client, request->invoke_id(), request->active_connection_device_id(),
                       request->agent_instrument());
    if (!station) return;
    const auto done = model_.alternate(request->active_connection_call_id(),
                                       request->other_connection_call_id(), *station);
    if (!done) return fail(client, request->invoke_id(), done.error());
    return confirm<ged::AlternateCallConfEncoder>(
        client, ged::AlternateCallConfFixed{request->invoke_id()}, mark);
  }
  const auto request = read<ged::ReconnectCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), request->active_connection_device_id(),
                     request->agent_instrument());
  if (!station) return;
  const auto done = model_.reconnect(request->active_connection_call_id(),
                                     request->held_connection_call_id(), *station);
  if (!done) return fail(client, request->invoke_id(), done.error());
  confirm<ged::ReconnectCallConfEncoder>(client, ged::ReconnectCallConfFixed{request->invoke_id()},
                                         mark);
}

void Server::consultation(Client& client, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto request = read<ged::ConsultationCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), request->active_connection_device_id(),
                     request->agent_instrument());
  if (!station) return;
  const auto made = model_.consult(request->active_connection_call_id(), *station,
                                   {request->dialed_number().value_or(""), patch_of(*request)},
                                   request->consult_type());
  if (!made) return fail(client, request->invoke_id(), made.error());
  if (client.has(service::kIgnoreConfirmations) || loses_confirmation()) return;
  send<ged::ConsultationCallConfEncoder>(
      client, new_call_fixed<ged::ConsultationCallConfFixed>(model_, request->invoke_id(), *made),
      [&](ged::ConsultationCallConfEncoder& to) {
        to.new_connection_device_id(model_.stations()[*station].id);
      },
      mark);
}

void Server::transfer(Client& client, Bytes body) {
  const auto request = read<ged::TransferCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), request->active_connection_device_id(),
                     request->agent_instrument());
  if (!station) return;
  const bool blind = request->held_connection_call_id() == kNoCall;
  const auto done =
      blind ? model_.blind_transfer(request->active_connection_call_id(), *station,
                                    {request->dialed_number().value_or(""), patch_of(*request)})
            : model_.transfer(request->active_connection_call_id(),
                              request->held_connection_call_id(), *station);
  if (!done) return fail(client, request->invoke_id(), done.error());
  if (client.has(service::kIgnoreConfirmations) || loses_confirmation()) return;
  send<ged::TransferCallConfEncoder>(
      client, new_call_fixed<ged::TransferCallConfFixed>(model_, request->invoke_id(), *done),
      [&](ged::TransferCallConfEncoder& to) {
        to.new_connection_device_id(model_.stations()[*station].id);
        add_parties(to, model_, *done);
      });
}

void Server::conference(Client& client, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto request = read<ged::ConferenceCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto station =
      acting_station(client, request->invoke_id(), request->active_connection_device_id(),
                     request->agent_instrument());
  if (!station) return;
  const bool single_step = request->held_connection_call_id() == kNoCall;
  const auto done = single_step ? model_.single_step_conference(
                                      request->active_connection_call_id(), *station,
                                      {request->dialed_number().value_or(""), patch_of(*request)})
                                : model_.conference(request->active_connection_call_id(),
                                                    request->held_connection_call_id(), *station);
  if (!done) return fail(client, request->invoke_id(), done.error());
  if (client.has(service::kIgnoreConfirmations) || loses_confirmation()) return;
  send<ged::ConferenceCallConfEncoder>(
      client, new_call_fixed<ged::ConferenceCallConfFixed>(model_, request->invoke_id(), *done),
      [&](ged::ConferenceCallConfEncoder& to) {
        to.new_connection_device_id(model_.stations()[*station].id);
        add_parties(to, model_, *done);
      },
      mark);
}

void Server::set_call_data(Client& client, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto request = read<ged::SetCallDataReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const CallNumber number = request->connection_call_id();
  if (!client.has(service::kAllEvents)) {
    const Call* call = model_.find_call(number);
    const StationIndex own = bound_station(client);
    if (call != nullptr && (own == kNoIndex || call->of_station(own) == nullptr)) {
      return fail(client, request->invoke_id(), Status::kNotCallParty);
    }
  }
  const auto done =
      model_.set_call_data(number, patch_of(*request), request->called_party_disposition());
  if (!done) return fail(client, request->invoke_id(), done.error());
  model_.note_cti_client(number, {client.signature, now_seconds()});
  confirm<ged::SetCallDataConfEncoder>(client, ged::SetCallDataConfFixed{request->invoke_id()},
                                       mark);
}

void Server::release_call(Client& client, Bytes body) {
  const auto request = read<ged::ReleaseCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const auto done = model_.release_call(request->connection_call_id());
  if (!done) return fail(client, request->invoke_id(), done.error());
  confirm<ged::ReleaseCallConfEncoder>(client, ged::ReleaseCallConfFixed{request->invoke_id()},
                                       client.out.waiting());
}

void Server::register_variables(Client& client, Bytes body) {
  const auto request = read<ged::RegisterVariablesReqView>(client, body);
  if (!request) return;
  RegisteredVariables wanted;
  wanted.variables = request->call_variable_mask();
  wanted.all_named = false;
  if ((wanted.variables & ~0x3FFU) != 0)
    return fail(client, request->invoke_id(), Status::kInvalidVariableMask);
  const Settings& known = model_.settings();
  const bool any = known.named_variables.empty() && known.named_arrays.empty();
  for (const auto& entry : request->named_variables()) wanted.named.emplace_back(entry.name());
  for (const auto& entry : request->named_arrays()) wanted.arrays.emplace_back(entry.name());
  for (const std::string& name : wanted.named) {
    if (!any && std::find(known.named_variables.begin(), known.named_variables.end(), name) ==
                    known.named_variables.end()) {
      return fail(client, request->invoke_id(), Status::kVariableNotConfigured);
    }
  }
  for (const std::string& name : wanted.arrays) {
    if (!any && std::find(known.named_arrays.begin(), known.named_arrays.end(), name) ==
                    known.named_arrays.end()) {
      return fail(client, request->invoke_id(), Status::kArrayNotConfigured);
    }
  }
  client.registered = std::move(wanted);
  send<ged::RegisterVariablesConfEncoder>(
      client, ged::RegisterVariablesConfFixed{request->invoke_id()}, [](auto&) {});
}

void Server::set_app_data(Client& client, Bytes body) {
  const auto request = read<ged::SetAppDataReqView>(client, body);
  if (!request) return;
  send<ged::SetAppDataConfEncoder>(client, ged::SetAppDataConfFixed{request->invoke_id()},
                                   [](auto&) {});
}

void Server::set_device_attributes(Client& client, Bytes body) {
  const auto request = read<ged::SetDeviceAttributesReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  if (model_.find_station(request->calling_device_id().value_or("")) == kNoIndex) {
    return fail(client, request->invoke_id(), Status::kInvalidDevice);
  }
  send<ged::SetDeviceAttributesConfEncoder>(
      client, ged::SetDeviceAttributesConfFixed{request->invoke_id()}, [](auto&) {});
}

}  // namespace cti::simulator
