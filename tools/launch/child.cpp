// child.cpp - starting, reading and ending one child; the kernel ends it when we die first.
#include "tools/launch/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cti::tools {
namespace {

/// What runs between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const std::vector<char*>& argv, int input, int output, int error,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent died before prctl
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  if (error >= 0) dup2(error, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<Child>, std::string> Child::start(const std::vector<std::string>& arguments,
                                                         const std::string& error_file) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0) return Err{std::string("pipe: ") + std::strerror(errno)};
  if (pipe2(from_child, O_CLOEXEC) != 0) {
    const std::string why = std::string("pipe: ") + std::strerror(errno);
    close(to_child[0]);
    close(to_child[1]);
    return Err{why};
  }
  const int error = error_file.empty()
                        ? -1
                        : open(error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv, to_child[0], from_child[1], error, parent);
  const int fork_errno = errno;
  close(to_child[0]);
  close(from_child[1]);
  if (error >= 0) close(error);
  if (pid < 0) {
    close(to_child[1]);
    close(from_child[0]);
    return Err{"starting " + arguments[0] + ": " + std::strerror(fork_errno)};
  }
  return std::unique_ptr<Child>(new Child(pid, to_child[1], from_child[0], arguments[0]));
}

Child::Child(pid_t pid, int input, int output, std::string name)
    : pid_(pid), input_(input), output_(output), name_(std::move(name)) {
  reader_ = std::thread([this] { read_lines(); });
}

Child::~Child() {
  close_input();
  if (running()) {
    signal(SIGKILL);
    (void)wait_for_exit(Seconds(10));
  }
  reader_.join();
  close(output_);
}

void Child::read_lines() {
  std::string partial;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(output_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    partial.append(buffer, static_cast<std::size_t>(got));
    const std::lock_guard lock(mutex_);
    for (std::size_t end; (end = partial.find('\n')) != std::string::npos;
         partial.erase(0, end + 1)) {
      if (lines_.size() == kLinesMax) lines_.pop_front();
      lines_.push_back(partial.substr(0, end));
    }
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::optional<std::string> Child::wait_for_line(std::string_view part, Nanos at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  std::unique_lock lock(mutex_);
  while (true) {
    while (!lines_.empty()) {
      std::string line = std::move(lines_.front());
      lines_.pop_front();
      if (line.find(part) != std::string::npos) return line;
    }
    if (closed_ || changed_.wait_until(lock, until) == std::cv_status::timeout) {
      if (lines_.empty()) return std::nullopt;
    }
  }
}

bool Child::write_line(std::string_view line) {
  if (input_ < 0) return false;
  std::string whole(line);
  whole += '\n';
  std::size_t written = 0;
  while (written < whole.size()) {
    const ssize_t put = write(input_, whole.data() + written, whole.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    written += static_cast<std::size_t>(put);
  }
  return true;
}

void Child::close_input() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void Child::signal(int number) {
  if (!exit_code_) kill(pid_, number);
}

std::optional<int> Child::wait_for_exit(Nanos at_most) {
  if (exit_code_) return exit_code_;
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (handle >= 0) {
    pollfd ready{handle, POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + at_most;
    int waited = -1;
    do {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      waited = poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    } while (waited < 0 && errno == EINTR);
    close(handle);
    if (waited == 0) return std::nullopt;
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

bool Child::running() { return !wait_for_exit(Nanos(0)).has_value(); }

std::string value_in(std::string_view line, std::string_view key) {
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, end - at);
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return std::string(word.substr(key.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

}  // namespace cti::tools
