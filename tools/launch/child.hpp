// child.hpp - one program started as a child: its lines read, its end waited for, and never left behind.
//
// Why      the demo, the benchmark and the end-to-end tests start the real programs on loopback.
// Shape    standard input and output are pipes, standard error goes where the caller says. A reader thread collects the
//          lines of standard output, so that a child that prints a lot never blocks.
// Threads  a Child belongs to one thread.
// Ends     the destructor kills and reaps. The kernel kills the child when its parent dies first.
#pragma once

#include "core/base/result.hpp"
#include "core/base/time.hpp"

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cti::tools {

class Child {
 public:
  /// Starts `arguments[0]` (a path). `error_file` gets standard error; empty: shared with the caller's.
  static Result<std::unique_ptr<Child>, std::string> start(
      const std::vector<std::string>& arguments, const std::string& error_file = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line of standard output that contains `part`; lines before it are dropped. Nothing: the time is up, or
  /// the child has closed its output.
  std::optional<std::string> wait_for_line(std::string_view part, Nanos at_most);
  /// Writes one line to the child's standard input. False: the child is gone.
  bool write_line(std::string_view line);
  /// Closes the child's standard input.
  void close_input();
  void signal(int number);
  /// The exit code (128 + N for a death by signal N); nothing when it still runs after `at_most`.
  std::optional<int> wait_for_exit(Nanos at_most);
  bool running();
  pid_t pid() const noexcept { return pid_; }
  const std::string& name() const noexcept { return name_; }

 private:
  Child(pid_t pid, int input, int output, std::string name);
  void read_lines();

  static constexpr std::size_t kLinesMax = 100'000;  // older lines are dropped first
  pid_t pid_;
  int input_;
  int output_;
  std::string name_;
  std::optional<int> exit_code_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;  // guarded by mutex_
  bool closed_ = false;            // guarded by mutex_
  std::thread reader_;
};

/// The value after `key=` in a line of `key=value` words; empty when it is not there.
std::string value_in(std::string_view line, std::string_view key);

}  // namespace cti::tools
