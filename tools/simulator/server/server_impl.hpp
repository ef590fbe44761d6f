// server_impl.hpp - how every request handler reads its request and writes its answer. Internal to the simulator.
#pragma once

#include "tools/simulator/server/server.hpp"
#include "tools/simulator/server/tolerance.hpp"
#include "wire/ged188/session.hpp"

namespace cti::simulator {

namespace ged = wire::ged188;

/// InvokeID of a request that has one: its first word.
inline std::uint32_t invoke_id_of(Bytes body) noexcept {
  return body.size() < 4 ? 0 : load_be<std::uint32_t>(body.data());
}

template <class View>
Result<View, wire::DecodeError> Server::decode(Bytes body, ged::Version version) const {
  auto view = View::decode(body, version,
                           settings_.strict ? ged::Strictness::kStrict : ged::Strictness::kLenient);
  if (view.ok() || settings_.strict) return view;
  const Bytes sound = without_tail(static_cast<std::uint32_t>(View::kType), body, version);
  return sound.size() == body.size() ? view : View::decode(sound, version);
}

template <class View>
std::optional<View> Server::read(Client& client, Bytes body) {
  const auto view = decode<View>(body, client.version);
  if (view) return *view;
  ++counters_.undecodable;
  const std::uint32_t status = view.error().strict_status;
  fail(client, invoke_id_of(body),
       status == 0 ? Status::kBadMessageFormat : static_cast<Status>(status));
  return std::nullopt;
}

template <class Encoder, class Fixed, class Fill>
void Server::send(Client& client, const Fixed& fixed, Fill&& fill, std::size_t mark) {
  Encoder encoder(scratch_, client.version, fixed);
  fill(encoder);
  if (const auto frame = encoder.finish()) {
    if (mark == SIZE_MAX) {
      put(client, *frame);
    } else {
      put_at(client, mark, *frame);
    }
  }
}

template <class Encoder>
void Server::send_bare(Client& client) {
  Encoder encoder(scratch_, client.version);
  if (const auto frame = encoder.finish()) put(client, *frame);
}

template <class Encoder, class Fixed>
void Server::confirm(Client& client, const Fixed& fixed, std::size_t mark) {
  if (client.has(service::kIgnoreConfirmations)) return;
  if (loses_confirmation()) return;
  send<Encoder>(
      client, fixed, [](Encoder&) {}, mark);
}

}  // namespace cti::simulator
