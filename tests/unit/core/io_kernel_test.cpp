// io_kernel_test.cpp - what only a real kernel can do to an Io: threads that wake, descriptors that run out, foreign loops.
#include "core/epoll_io.hpp"
#include "core/receive_memory.hpp"
#include "core/socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#ifdef CTI_HAS_URING
#include "core/uring_io.hpp"
#endif
#include "tests/unit/core/io_world.hpp"

namespace cti::core {
namespace {

using testing::KernelWorld;
using testing::Side;

using Make = Result<std::unique_ptr<Io>, IoError> (*)(const IoLimits&);
struct Backend {
  const char* name;
  Make make;
};

/// A plain blocking socket connected to loopback: a peer that is no Io.
Descriptor plain_client(std::uint16_t port) {
  const SocketAddress address = parse_address({"127.0.0.1", port});
  Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd && ::connect(fd.get(), &address.any, address.length) != 0) fd.reset();
  return fd;
}

class KernelIo : public ::testing::TestWithParam<Backend> {
 protected:
  KernelWorld world{GetParam().make};
  Side* server = nullptr;
  std::uint16_t port = 0;

  void serve(const IoLimits& limits = {}) {
    server = world.add(limits);
    ASSERT_NE(server, nullptr);
    auto listening = (*server)->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening);
    port = (*server)->local_port(*listening);
  }
  ConnectionId last_accepted() const {
    ConnectionId id{};
    for (const auto& seen : server->seen) {
      if (seen.event == IoEvent::kAccepted) id = seen.connection;
    }
    return id;
  }
};

TEST_P(KernelIo, WaitsUntilItsDeadlineAndNotMuchLonger) {
  serve();
  server->turn(TimePoint{});
  const TimePoint before = (*server)->now();
  const TimePoint deadline = before + Millis{30};
  while ((*server)->now() < deadline) EXPECT_EQ(server->turn(deadline), 0U);
  EXPECT_LT((*server)->now() - before, Millis{1000});
  EXPECT_GT((*server)->counters().turns, 1U);
  EXPECT_LT((*server)->counters().turns, 20U) << "it must sleep, not spin";
}

TEST_P(KernelIo, AnotherThreadWakesALongWait) {
  serve();
  server->turn(TimePoint{});
  std::thread waker([&] { (*server)->wake(); });
  const TimePoint deadline = (*server)->now() + Seconds{20};
  while (server->count(IoEvent::kWoken) == 0 && (*server)->now() < deadline) server->turn(deadline);
  waker.join();
  EXPECT_EQ(server->count(IoEvent::kWoken), 1U);
  EXPECT_LT((*server)->now(), deadline);
}

TEST_P(KernelIo, NoWakeIsLostAmongThousandsFromTwoThreads) {
  serve();
  constexpr std::uint64_t kEach = 20'000;
  std::atomic<std::uint64_t> produced{0};
  const auto produce = [&] {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      // relaxed: the wake carries the edge; that is what is tested.
      produced.fetch_add(1, std::memory_order_relaxed);
      (*server)->wake();
    }
  };
  std::thread first(produce);
  std::thread second(produce);
  std::uint64_t seen = 0;
  const TimePoint end = (*server)->now() + Seconds{60};
  while (seen < 2 * kEach && (*server)->now() < end) {
    server->turn(end);  // a lost wake would sleep here to the end
    // relaxed: see above.
    seen = produced.load(std::memory_order_relaxed);
  }
  first.join();
  second.join();
  EXPECT_EQ(seen, 2 * kEach);
  EXPECT_LT((*server)->now(), end);
}

TEST_P(KernelIo, WhatWasWrittenBeforeAWakeIsSeenAfterIt) {
  serve();
  constexpr int kRounds = 2'000;
  int mailbox = 0;  // plain on purpose: the thread sanitizer sees whether the wake orders it
  std::atomic<int> taken{0};
  std::thread writer([&] {
    for (int round = 1; round <= kRounds; ++round) {
      mailbox = round;
      (*server)->wake();
      // T0 -> T1: the reader has done with the mailbox.
      while (taken.load(std::memory_order_acquire) != round) std::this_thread::yield();
    }
  });
  const TimePoint end = (*server)->now() + Seconds{60};
  std::size_t woken = 0;
  for (int round = 1; round <= kRounds && (*server)->now() < end;) {
    server->turn(end);
    if (server->count(IoEvent::kWoken) == woken) continue;
    woken = server->count(IoEvent::kWoken);
    EXPECT_EQ(mailbox, round);
    // T1 <- T0.
    taken.store(round++, std::memory_order_release);
  }
  writer.join();
  EXPECT_EQ(woken, static_cast<std::size_t>(kRounds));
}

TEST_P(KernelIo, MayBeMadeByOneThreadAndUsedByAnother) {
  serve();
  bool served = false;
  std::thread owner([&] {
    const Descriptor peer = plain_client(port);
    served = world.until([&] { return server->find(IoEvent::kAccepted); });
  });
  owner.join();
  EXPECT_TRUE(served);
}

TEST_P(KernelIo, ItsDescriptorTellsAForeignLoopWhenToCall) {
  serve();
  server->turn(TimePoint{});
  pollfd watched{.fd = (*server)->pollable_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, 0), 0) << "nothing has happened yet";
  const Descriptor peer = plain_client(port);
  ASSERT_EQ(::poll(&watched, 1, 5000), 1);
  ASSERT_TRUE(world.until([&] { return server->find(IoEvent::kAccepted); }));
  server->turn(TimePoint{});
  server->turn(TimePoint{});
  EXPECT_EQ(::poll(&watched, 1, 0), 0) << "everything has been taken";
  ASSERT_EQ(::send(peer.get(), "x", 1, MSG_NOSIGNAL), 1);
  ASSERT_EQ(::poll(&watched, 1, 5000), 1);
  ASSERT_TRUE(world.until([&] { return server->text(last_accepted()) == "x"; }));
  (*server)->wake();
  EXPECT_EQ(::poll(&watched, 1, 5000), 1);
}

TEST_P(KernelIo, C17_AClientThatClosesItsSendingHalfIsSeenOff) {
  serve();
  const Descriptor peer = plain_client(port);
  ASSERT_EQ(::send(peer.get(), "leaving", 7, MSG_NOSIGNAL), 7);
  ASSERT_EQ(::shutdown(peer.get(), SHUT_WR), 0);
  ASSERT_TRUE(world.until([&] { return server->count(IoEvent::kClosed) == 1; }));
  EXPECT_EQ(server->find(IoEvent::kClosed)->error, 0);
  EXPECT_EQ(server->text(last_accepted()), "leaving");
  char byte = 0;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), 0) << "it reads on, and is told the end";
}

TEST_P(KernelIo, C9_UnsentBytesOfAVanishedPeerDoNotHoldTheCloseUp) {
  serve({.linger = Millis{20}});
  const Descriptor peer = plain_client(port);
  ASSERT_TRUE(world.until([&] { return server->find(IoEvent::kAccepted); }));
  const std::string much(30'000'000, 'x');
  server->send(last_accepted(), as_bytes(much));
  ASSERT_TRUE(world.until([&] { return server->find(IoEvent::kSent); }));
  (*server)->close(last_accepted(), CloseHow::kOrderly);
  EXPECT_TRUE(world.until([&] { return server->count(IoEvent::kClosed) == 1; }, Millis{5000}));
}

TEST_P(KernelIo, M1_OutOfDescriptorsAcceptingPausesAndServiceGoesOn) {
  serve();  // no turn yet: io_uring heeds the limit of the moment in which it is asked to accept
  std::vector<Descriptor> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(plain_client(port));  // wait in the backlog
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const int next = ::dup(0);
  ::close(next);
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + 5, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const bool paused = world.until([&] { return (*server)->counters().accept_pauses > 0; });
  const std::size_t accepted = server->count(IoEvent::kAccepted);
  // Those who are in are served while accepting pauses.
  const ConnectionId in = last_accepted();
  bool answered = false;
  for (const Descriptor& peer : peers) ::send(peer.get(), "ping", 4, MSG_NOSIGNAL);
  if (in) answered = world.until([&] { return server->text(in) == "ping"; });
  const std::uint64_t turns = (*server)->counters().turns;
  const bool more =
      world.until([&] { return server->count(IoEvent::kAccepted) > accepted; }, Millis{60});
  const std::uint64_t turns_paused = (*server)->counters().turns - turns;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(paused);
  EXPECT_TRUE(answered);
  EXPECT_FALSE(more);
  EXPECT_LE(accepted, 5U);
  EXPECT_GT(accepted, 0U);
  EXPECT_LT(turns_paused, 1000U) << "it must pause, not spin";
  EXPECT_TRUE(world.until([&] { return server->count(IoEvent::kAccepted) == peers.size(); }))
      << "it must resume by itself";
}

TEST_P(KernelIo, ABusyPeerDoesNotKeepOthersWaiting) {
  serve({.receive_buffers = 4, .receive_buffer_bytes = 4096});
  std::atomic<bool> stop{false};
  std::vector<Descriptor> floods;
  for (int i = 0; i < 3; ++i) floods.push_back(plain_client(port));
  const Descriptor quiet = plain_client(port);
  ASSERT_TRUE(world.until([&] { return server->count(IoEvent::kAccepted) == 4; }));
  const ConnectionId quiet_id = last_accepted();
  std::thread flooder([&] {
    const std::string much(100'000, 'x');
    // relaxed: only the end of the test.
    while (!stop.load(std::memory_order_relaxed)) {
      for (const Descriptor& flood : floods) {
        [[maybe_unused]] const ssize_t sent =
            ::send(flood.get(), much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      }
    }
  });
  const auto flooded = [&] { return (*server)->counters().received_bytes > 1'000'000; };
  EXPECT_TRUE(world.until(flooded));
  EXPECT_EQ(::send(quiet.get(), "me too", 6, MSG_NOSIGNAL), 6);
  const std::uint64_t before = (*server)->counters().turns;
  EXPECT_TRUE(world.until([&] { return server->text(quiet_id) == "me too"; }));
  EXPECT_LT((*server)->counters().turns - before, 100U);
  // relaxed: see above.
  stop.store(true, std::memory_order_relaxed);
  flooder.join();
}

/// In a child process: keeps `count` connections to the port up until the other end of the pipe is closed.
void hold_connections(Make make, std::uint16_t port, std::uint32_t count, int until_closed) {
  raise_descriptor_limit();
  auto io = make({.connections_max = count, .receive_buffers = 16, .receive_buffer_bytes = 256});
  if (!io) ::_exit(1);
  std::vector<ConnectionId> up;
  std::vector<Completion> out(256);
  std::uint32_t asked = 0;
  while (up.size() < count) {
    for (; asked < count && asked < up.size() + 500; ++asked) (*io)->connect({"127.0.0.1", port});
    const std::size_t got = (*io)->wait(out, (*io)->now() + Millis{100});
    for (std::size_t i = 0; i < got; ++i) {
      if (out[i].event == IoEvent::kConnected) up.push_back(out[i].connection);
      if (out[i].event == IoEvent::kClosed) ::_exit(2);
    }
  }
  char byte = 0;
  [[maybe_unused]] const ssize_t ended = ::read(until_closed, &byte, 1);
  for (const ConnectionId id : up)
    (*io)->close(id, CloseHow::kReset);  // leaves no TIME_WAIT behind
  for (std::size_t closed = 0; closed < count;)
    closed += (*io)->wait(out, (*io)->now() + Millis{100});
  ::_exit(0);
}

TEST_P(KernelIo, HoldsFifteenThousandConnections) {
  constexpr std::uint32_t kConnections = 15'000;
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  if (raise_descriptor_limit() < kConnections + 100) GTEST_SKIP() << "too few descriptors";
  serve({.connections_max = kConnections});
  server->turn(TimePoint{});
  int gate[2] = {-1, -1};
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(gate[1]);
    hold_connections(GetParam().make, port, kConnections, gate[0]);
  }
  ::close(gate[0]);
  EXPECT_TRUE(
      world.until([&] { return (*server)->counters().accepted == kConnections; }, Millis{60'000}));
  ::close(gate[1]);
  EXPECT_TRUE(
      world.until([&] { return (*server)->counters().closed == kConnections; }, Millis{60'000}));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::setrlimit(RLIMIT_NOFILE, &old);
}

#ifdef CTI_ASAN
using KernelIoDeathTest = KernelIo;
TEST_P(KernelIoDeathTest, BytesKeptBeyondTheNextWaitAreATrap) {
  serve();
  const Descriptor peer = plain_client(port);
  ASSERT_EQ(::send(peer.get(), "borrowed", 8, MSG_NOSIGNAL), 8);
  Bytes kept;
  server->also = [&](const Completion& c) {
    if (c.event == IoEvent::kReceived) kept = c.bytes;
  };
  ASSERT_TRUE(world.until([&] { return !kept.empty(); }));
  EXPECT_EQ(as_text(kept), "borrowed");
  server->turn(TimePoint{});
  EXPECT_DEATH({ std::fprintf(stderr, "%d", static_cast<int>(kept[0])); }, "use-after-poison");
}
#endif

const Backend kBackends[] = {{"epoll", &make_epoll_io},
#ifdef CTI_HAS_URING
                             {"io_uring", &make_uring_io}
#endif
};
INSTANTIATE_TEST_SUITE_P(Backends, KernelIo, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });
#ifdef CTI_ASAN
INSTANTIATE_TEST_SUITE_P(Backends, KernelIoDeathTest, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });
#endif

#ifdef CTI_HAS_URING
TEST(UringIo, M5_ATinyCompletionQueueOverflowsAndNothingIsLost) {
  KernelWorld world([](const IoLimits& limits) {
    return make_uring_io(limits, UringTuning{.submissions = 8, .completions = 8});
  });
  Side* server = world.add({});
  ASSERT_NE(server, nullptr);
  auto listening = (*server)->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  const std::uint16_t port = (*server)->local_port(*listening);
  constexpr std::size_t kPeers = 100;
  std::vector<Descriptor> peers;
  for (std::size_t i = 0; i < kPeers; ++i) peers.push_back(plain_client(port));
  ASSERT_TRUE(world.until([&] { return server->count(IoEvent::kAccepted) == kPeers; }));
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    for (const Descriptor& peer : peers)
      ASSERT_EQ(::send(peer.get(), "abcdefgh", 8, MSG_NOSIGNAL), 8);
    expected += "abcdefgh";
    ASSERT_TRUE(world.until([&] {
      return std::all_of(server->seen.begin(), server->seen.end(), [&](const testing::Seen& seen) {
        return seen.event != IoEvent::kAccepted || server->text(seen.connection) == expected;
      });
    }));
  }
  EXPECT_GT((*server)->counters().overflows, 0U);
  EXPECT_GT((*server)->counters().rearmed, 0U);
  peers.clear();
  EXPECT_TRUE(world.until([&] { return server->count(IoEvent::kClosed) == kPeers; }));
}

TEST(UringIo, HandsOverMoreRequestsThanItsQueueHolds) {
  KernelWorld world([](const IoLimits& limits) {
    return make_uring_io(limits, UringTuning{.submissions = 4, .completions = 1024});
  });
  Side* side = world.add({});
  ASSERT_NE(side, nullptr);
  auto listening = (*side)->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE((*side)->connect({"127.0.0.1", (*side)->local_port(*listening)}));
  }
  EXPECT_TRUE(world.until([&] {
    return side->count(IoEvent::kConnected) == 100 && side->count(IoEvent::kAccepted) == 100;
  }));
}
#endif

}  // namespace
}  // namespace cti::core
