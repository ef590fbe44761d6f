// choose_io_test.cpp - the program works the same where io_uring is forbidden, missing in part or too dear (M6).
//
// Each case runs in a child process of its own, since a seccomp filter cannot be taken off again.
#include "core/choose_io.hpp"

#include "tests/unit/core/io_world.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <functional>

namespace cti::core {
namespace {

/// Runs `check` in a child; what it prints to standard error is shown, and what it returns is the verdict.
bool in_a_child(const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// From now on this system call fails with `error`, as in a container.
bool forbid(long system_call, int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(system_call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// A question and its answer over an Io made by this decision.
bool echo_works(const IoDecision& decision) {
  testing::KernelWorld world([&](const IoLimits& limits) { return make_io(decision, limits); });
  testing::Side* side = world.add({});
  if (side == nullptr) return false;
  auto listening = (*side)->listen({"127.0.0.1", 0});
  if (!listening) return false;
  const ConnectionId id = (*side)->connect({"127.0.0.1", (*side)->local_port(*listening)});
  if (!world.until(
          [&] { return side->find(IoEvent::kConnected, id) && side->find(IoEvent::kAccepted); }))
    return false;
  const ConnectionId server = side->find(IoEvent::kAccepted)->connection;
  side->send(id, as_bytes("same results"));
  return world.until([&] { return side->text(server) == "same results"; });
}

bool falls_back(std::string_view reason) {
  const auto decision = choose_io(IoChoice::kAuto);
  if (!decision) return false;
  std::fprintf(stderr, "    %s\n", decision->line.c_str());
  const auto forced = choose_io(IoChoice::kUring);
  return decision->backend == IoChoice::kEpoll && decision->line.starts_with("I/O by epoll: ") &&
         decision->line.find(reason) != std::string::npos && !forced && forced.error().error != 0 &&
         echo_works(*decision);
}

TEST(ChooseIo, TakesEpollWhenAskedTo) {
  const auto decision = choose_io(IoChoice::kEpoll);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->backend, IoChoice::kEpoll);
  auto io = make_io(*decision, {});
  ASSERT_TRUE(io);
  EXPECT_EQ((*io)->backend(), "epoll");
}

TEST(ChooseIo, SaysWhichAndWhyInOneLine) {
  const auto decision = choose_io(IoChoice::kAuto);
  ASSERT_TRUE(decision);
  EXPECT_TRUE(decision->line.starts_with("I/O by "));
  EXPECT_EQ(decision->line.find('\n'), std::string::npos);
  EXPECT_TRUE(echo_works(*decision));
}

#ifdef CTI_HAS_URING
TEST(ChooseIo, M6_FallsBackWhenIoUringIsForbidden) {
  EXPECT_TRUE(in_a_child(
      [] { return forbid(SYS_io_uring_setup, EPERM) && falls_back("Operation not permitted"); }));
}

TEST(ChooseIo, M6_FallsBackWhenTheKernelHasNone) {
  EXPECT_TRUE(in_a_child(
      [] { return forbid(SYS_io_uring_setup, ENOSYS) && falls_back("not implemented"); }));
}

TEST(ChooseIo, M6_FallsBackWhenOnlyPartOfItIsAllowed) {
  EXPECT_TRUE(
      in_a_child([] { return forbid(SYS_io_uring_register, EPERM) && falls_back("io_uring"); }));
  EXPECT_TRUE(
      in_a_child([] { return forbid(SYS_io_uring_enter, EPERM) && falls_back("not permitted"); }));
}

TEST(ChooseIo, M6_FallsBackWhenLockedMemoryIsUsedUp) {
  EXPECT_TRUE(in_a_child(
      [] { return forbid(SYS_io_uring_setup, ENOMEM) && falls_back("Cannot allocate memory"); }));
}

TEST(ChooseIo, M6_ARingThatCannotBeMadeLaterIsReplacedByEpollUnlessItWasAskedFor) {
  if (choose_io(IoChoice::kAuto)->backend != IoChoice::kUring) GTEST_SKIP() << "no io_uring here";
  EXPECT_TRUE(in_a_child([] {
    const auto decision = choose_io(IoChoice::kAuto);  // the trial succeeds
    const auto forced = choose_io(IoChoice::kUring);
    if (!forbid(SYS_io_uring_setup, ENOMEM)) return false;
    const auto io = make_io(*decision, {});
    return io && (*io)->backend() == "epoll" && echo_works(*decision) && !make_io(*forced, {});
  }));
}
#endif

}  // namespace
}  // namespace cti::core
