// io_bench.cpp - what a turn costs on each back-end: round trips, and one update to many connections.
//
// Shape    both ends live in one thread, so that figures do not hang on the scheduler: each counts sender and receiver.
//          Neighbour in each table: bare send(2) and recv(2) on the same kind of socket.
// Run      io_bench [--benchmark_min_time=0.001 for a smoke run]
#include "core/epoll_io.hpp"
#include "core/socket.hpp"

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>
#ifdef CTI_HAS_URING
#include "core/uring_io.hpp"
#endif

namespace cti::core {
namespace {

using Make = Result<std::unique_ptr<Io>, IoError> (*)(const IoLimits&);

/// A server, a client, and `count` connections between them, all up.
struct Pairs {
  Pairs(Make make, std::uint32_t count) {
    const IoLimits limits{.connections_max = count + 1, .completions_per_turn = 1024};
    auto first = make(limits);
    auto second = make(limits);
    if (!first || !second) return;
    server = std::move(*first);
    client = std::move(*second);
    auto listening = server->listen({"127.0.0.1", 0});
    if (!listening) return;
    const std::uint16_t port = server->local_port(*listening);
    std::uint32_t asked = 0;
    while (accepted.size() < count || connected.size() < count) {
      for (; asked < count && asked < accepted.size() + 256; ++asked)
        client->connect({"127.0.0.1", port});
      turn(*server);
      turn(*client);
    }
  }

  /// Returns the bytes received.
  std::size_t turn(Io& io) {
    std::size_t received = 0;
    const std::size_t count = io.wait(out, TimePoint{});
    for (std::size_t i = 0; i < count; ++i) {
      const Completion& c = out[i];
      received += c.bytes.size();
      if (c.event == IoEvent::kAccepted) accepted.push_back(c.connection);
      if (c.event == IoEvent::kConnected) connected.push_back(c.connection);
      if (c.event == IoEvent::kReceived && &io == server.get() && echo) {
        io.send(c.connection, message);
      }
    }
    return received;
  }

  std::unique_ptr<Io> server;
  std::unique_ptr<Io> client;
  std::vector<ConnectionId> accepted;
  std::vector<ConnectionId> connected;
  std::vector<Completion> out = std::vector<Completion>(1024);
  Bytes message;
  bool echo = false;
};

void round_trips(benchmark::State& state, Make make) {
  const auto connections = static_cast<std::uint32_t>(state.range(0));
  const std::string text(static_cast<std::size_t>(state.range(1)), 'x');
  Pairs pairs(make, connections);
  if (pairs.connected.size() < connections) return state.SkipWithError("no connections");
  pairs.message = as_bytes(text);
  pairs.echo = true;
  for (auto _ : state) {
    for (const ConnectionId id : pairs.connected) pairs.client->send(id, pairs.message);
    std::size_t received = 0;
    while (received < text.size() * connections) {
      received += pairs.turn(*pairs.client);
      pairs.turn(*pairs.server);
    }
  }
  state.SetItemsProcessed(state.iterations() * connections);
}

void fan_out(benchmark::State& state, Make make) {
  const auto connections = static_cast<std::uint32_t>(state.range(0));
  const std::string text(static_cast<std::size_t>(state.range(1)), 'x');
  Pairs pairs(make, connections);
  if (pairs.connected.size() < connections) return state.SkipWithError("no connections");
  pairs.message = as_bytes(text);
  for (auto _ : state) {
    for (const ConnectionId id : pairs.accepted) pairs.server->send(id, pairs.message);
    std::size_t received = 0;
    while (received < text.size() * connections) {
      pairs.turn(*pairs.server);
      received += pairs.turn(*pairs.client);
    }
  }
  state.SetItemsProcessed(state.iterations() * connections);
}

void bare_sockets(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  auto listener = open_listener({"127.0.0.1", 0});
  if (!listener) return state.SkipWithError("no listener");
  const SocketAddress address = parse_address({"127.0.0.1", bound_port(listener->get())});
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), &address.any, address.length) != 0)
    return state.SkipWithError("connect");
  const Descriptor server(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string buffer(text.size(), '\0');
  for (auto _ : state) {
    std::size_t received = 0;
    if (::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0)
      return state.SkipWithError("send");
    while (received < text.size()) {
      const ssize_t got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return state.SkipWithError("recv");
      received += static_cast<std::size_t>(got);
    }
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(bare_sockets)->ArgName("bytes")->Arg(208)->Arg(4096);
BENCHMARK_CAPTURE(round_trips, epoll, &make_epoll_io)
    ->ArgNames({"connections", "bytes"})
    ->Args({1, 208})
    ->Args({100, 208});
BENCHMARK_CAPTURE(fan_out, epoll, &make_epoll_io)
    ->ArgNames({"connections", "bytes"})
    ->Args({1, 208})
    ->Args({2, 208})
    ->Args({100, 208})
    ->Args({1000, 208})
    ->Args({1000, 4096});
#ifdef CTI_HAS_URING
BENCHMARK_CAPTURE(round_trips, io_uring, &make_uring_io)
    ->ArgNames({"connections", "bytes"})
    ->Args({1, 208})
    ->Args({100, 208});
BENCHMARK_CAPTURE(fan_out, io_uring, &make_uring_io)
    ->ArgNames({"connections", "bytes"})
    ->Args({1, 208})
    ->Args({2, 208})
    ->Args({100, 208})
    ->Args({1000, 208})
    ->Args({1000, 4096});
#endif

}  // namespace
}  // namespace cti::core

int main(int argc, char** argv) {
  cti::core::raise_descriptor_limit();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
