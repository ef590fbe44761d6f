// io_trouble_test.cpp - what a kernel refuses for a while, and what the Io does meanwhile (M4, M5), and how long it sleeps.
#include "core/epoll_io.hpp"
#include "core/socket.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
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

Descriptor plain_client(std::uint16_t port) {
  const SocketAddress address = parse_address({"127.0.0.1", port});
  Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd && ::connect(fd.get(), &address.any, address.length) != 0) fd.reset();
  return fd;
}

class IoTrouble : public ::testing::TestWithParam<Backend> {
 protected:
  KernelWorld world{GetParam().make};
  Side* server = nullptr;
  std::vector<Descriptor> peers;
  std::vector<ConnectionId> ids;  // in the order of `peers`

  void serve(std::size_t count, const IoLimits& limits) {
    server = world.add(limits);
    ASSERT_NE(server, nullptr);
    auto listening = (*server)->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening);
    for (std::size_t i = 0; i < count; ++i) {
      peers.push_back(plain_client((*server)->local_port(*listening)));
      ASSERT_TRUE(world.until([&] { return server->count(IoEvent::kAccepted) == i + 1; }));
      ids.push_back(server->seen.back().connection);
    }
    server->turn(TimePoint{});  // what was accepted is being read from now on
  }
};

// Found in use: bytes lay for 3 s with io_uring (as long as nothing else happened), and not at all with epoll.
TEST_P(IoTrouble, M4_ThosePausedOrClosedWhileStarvedKeepNobodyElseWaiting) {
  ASSERT_NO_FATAL_FAILURE(serve(16, {.receive_buffers = 2, .receive_buffer_bytes = 256}));
  for (const Descriptor& peer : peers) ASSERT_EQ(::send(peer.get(), "x", 1, MSG_NOSIGNAL), 1);
  server->batch = 2;  // no more than a buffer each
  std::vector<ConnectionId> waiting;
  while (waiting.empty() || waiting.size() == ids.size()) {
    server->turn((*server)->now() + Seconds{3});
    waiting.clear();
    for (const ConnectionId id : ids) {
      if (server->text(id).empty()) waiting.push_back(id);
    }
  }
  server->batch = 64;
  server->turn(TimePoint{});  // by now it is known who has found no buffer
  std::erase_if(waiting, [&](ConnectionId id) { return !server->text(id).empty(); });
  ASSERT_GE(waiting.size(), 5U);
  const std::vector<ConnectionId> gone(waiting.begin(), waiting.begin() + 4);
  waiting.erase(waiting.begin(), waiting.begin() + 4);
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (i % 2 == 0) {
      (*server)->close(gone[i], CloseHow::kReset);
    } else {
      (*server)->set_receiving(gone[i], false);
    }
  }
  const TimePoint before = (*server)->now();
  const auto all_served = [&] {
    return std::all_of(waiting.begin(), waiting.end(),
                       [&](ConnectionId id) { return server->text(id) == "x"; });
  };
  for (int turn = 0; turn < 100 && !all_served(); ++turn)
    server->turn((*server)->now() + Seconds{3});
  EXPECT_TRUE(all_served());
  EXPECT_LT((*server)->now() - before, Seconds{1}) << "somebody was forgotten until the deadline";
  EXPECT_TRUE(server->text(gone[1]).empty()) << "paused";
  (*server)->set_receiving(gone[1], true);
  EXPECT_TRUE(world.until([&] { return server->text(gone[1]) == "x"; }));
}

TEST_P(IoTrouble, AWaitOfAQuarterOfAMillisecondIsNoMillisecond) {
  ASSERT_NO_FATAL_FAILURE(serve(0, {}));
  std::vector<Nanos> slept;
  for (int i = 0; i < 101; ++i) {
    server->turn(TimePoint{});
    const TimePoint before = (*server)->now();
    while ((*server)->now() < before + Nanos{250'000}) server->turn(before + Nanos{250'000});
    slept.push_back((*server)->now() - before);
  }
  std::nth_element(slept.begin(), slept.begin() + 25, slept.end());
  EXPECT_GE(slept[25], Nanos{250'000});
  EXPECT_LT(slept[25], Nanos{800'000}) << "a quarter of 101 waits, on a machine that may be busy";
}

/// In a child: waits 20 ms at a time until the other end of `ask` says something; answers with how much time has passed for it.
void tell_own_time(Make make, int ask, int answer) {
  auto io = make({});
  if (!io) ::_exit(1);
  std::vector<Completion> out(16);
  (*io)->wait(out, TimePoint{});
  const TimePoint begin = (*io)->now();
  const std::int64_t ready = 0;
  if (::write(answer, &ready, sizeof ready) != sizeof ready) ::_exit(2);
  pollfd watched{.fd = ask, .events = POLLIN, .revents = 0};
  while (::poll(&watched, 1, 0) == 0) (*io)->wait(out, (*io)->now() + Millis{20});
  const std::int64_t passed = ((*io)->now() - begin).count();
  ::_exit(::write(answer, &passed, sizeof passed) == sizeof passed ? 0 : 3);
}

TEST_P(IoTrouble, P11_WhileTheProcessIsStoppedNoTimePasses) {
  int ask[2] = {-1, -1};
  int answer[2] = {-1, -1};
  ASSERT_EQ(::pipe(ask), 0);
  ASSERT_EQ(::pipe(answer), 0);
  const TimePoint begin = monotonic_now();
  const pid_t child = ::fork();
  if (child == 0) tell_own_time(GetParam().make, ask[0], answer[1]);
  std::int64_t passed = -1;
  ASSERT_EQ(::read(answer[0], &passed, sizeof passed), static_cast<ssize_t>(sizeof passed));
  ::kill(child, SIGSTOP);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  pollfd nothing{.fd = -1, .events = 0, .revents = 0};
  ::poll(&nothing, 1, 2500);
  ::kill(child, SIGCONT);
  ASSERT_EQ(::write(ask[1], "x", 1), 1);
  ASSERT_EQ(::read(answer[0], &passed, sizeof passed), static_cast<ssize_t>(sizeof passed));
  const Nanos real = monotonic_now() - begin;
  ::waitpid(child, &status, 0);
  EXPECT_GE(real, Nanos(Millis{2500}));
  EXPECT_LT(Nanos{passed}, real - Nanos(Millis{2400}));
  for (const int fd : {ask[0], ask[1], answer[0], answer[1]}) ::close(fd);
}

const Backend kBackends[] = {{"epoll", &make_epoll_io},
#ifdef CTI_HAS_URING
                             {"io_uring", &make_uring_io}
#endif
};
INSTANTIATE_TEST_SUITE_P(Backends, IoTrouble, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

#ifdef CTI_HAS_URING
/// A thread whose io_uring_enter asks another thread (seccomp's user notification) whether it may go through.
class RefusingKernel {
 public:
  /// Runs `subject` in the filtered thread. The next `count` calls after each refuse() fail with its errors, in turn.
  explicit RefusingKernel(const std::function<void(RefusingKernel&)>& subject) {
    std::thread filtered([&] {
      // release -> the acquire below: who waits for the filter sees its descriptor.
      listener_.store(filter_this_thread(), std::memory_order_release);
      if (listener_ >= 0) subject(*this);
    });
    // acquire <- the release above.
    while (listener_.load(std::memory_order_acquire) == kNotYet) std::this_thread::yield();
    if (listener_ >= 0) answer_until_the_thread_ends();
    filtered.join();
  }
  ~RefusingKernel() { Descriptor(listener_.load()).reset(); }

  bool works() const { return listener_ >= 0; }
  void refuse(int calls) { left_ = calls; }
  int refused() const { return refused_; }

 private:
  static constexpr int kNotYet = -2;

  static int filter_this_thread() {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{.len = std::size(program), .filter = program};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
  }

  void answer_until_the_thread_ends() {
    for (;;) {
      pollfd watched{.fd = listener_, .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, 60'000) != 1 || (watched.revents & POLLHUP) != 0) return;
      seccomp_notif call{};
      if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) continue;
      seccomp_notif_resp answer{};
      answer.id = call.id;
      if (left_ > 0) {
        answer.error = left_ % 2 == 0 ? -EAGAIN : -EBUSY;
        --left_;
        ++refused_;
      } else {
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      }
      ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
  }

  std::atomic<int> listener_{kNotYet};
  std::atomic<int> left_{0};
  std::atomic<int> refused_{0};
};

/// A hundred connections, and on each a question and its answer, while every third step meets a refusing kernel.
void talk_to_a_refusing_kernel(RefusingKernel& kernel) {
  KernelWorld world([](const IoLimits& limits) {
    return make_uring_io(limits, UringTuning{.submissions = 4, .completions = 8});
  });
  Side* side = world.add({.receive_buffers = 4, .receive_buffer_bytes = 256});
  ASSERT_NE(side, nullptr);
  auto listening = (*side)->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  side->turn(TimePoint{});
  constexpr std::size_t kPeers = 100;
  kernel.refuse(40);
  std::vector<ConnectionId> ours;
  for (std::size_t i = 0; i < kPeers; ++i) {
    ours.push_back((*side)->connect({"127.0.0.1", (*side)->local_port(*listening)}));
    ASSERT_TRUE(ours.back());
  }
  ASSERT_TRUE(world.until([&] {
    return side->count(IoEvent::kConnected) == kPeers && side->count(IoEvent::kAccepted) == kPeers;
  }));
  EXPECT_EQ(kernel.refused(), 40);
  EXPECT_GT((*side)->counters().submits_refused, 0U);
  kernel.refuse(40);
  for (const ConnectionId id : ours) side->send(id, as_bytes("heard in the end"));
  ASSERT_TRUE(world.until([&] {
    return std::all_of(side->seen.begin(), side->seen.end(), [&](const testing::Seen& seen) {
      return seen.event != IoEvent::kAccepted || side->text(seen.connection) == "heard in the end";
    });
  }));
  const std::uint64_t turns = (*side)->counters().turns;
  kernel.refuse(20);
  const TimePoint deadline = (*side)->now() + Millis{30};
  while ((*side)->now() < deadline) side->turn(deadline);
  EXPECT_LT((*side)->counters().turns - turns, 100U) << "refused, it must not spin";
  for (const ConnectionId id : ours) (*side)->close(id, CloseHow::kOrderly);
  kernel.refuse(40);
  EXPECT_TRUE(world.until([&] { return side->count(IoEvent::kClosed) == 2 * kPeers; }));
}

TEST(UringIo, M5_ASubmitThatIsRefusedForAWhileLosesNothingAndAbortsNobody) {
  const RefusingKernel kernel(&talk_to_a_refusing_kernel);
  if (!kernel.works()) GTEST_SKIP() << "seccomp's user notification is not allowed here";
}
#endif

}  // namespace
}  // namespace cti::core
