// ringsided_program.hpp - ringsided started as an operator starts it: flags, a file, what it says and how it ends.
#pragma once

#include "tools/launch/child.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace cti::tools {

class Ringsided : public testing::Test {
 protected:
  static std::string program() {
    return std::string(std::getenv("RINGSIDE_PROGRAMS")) + "/ringsided";
  }

  std::unique_ptr<Child> start(std::vector<std::string> flags) {
    flags.insert(flags.begin(), program());
    auto child = Child::start(flags, errors_);
    EXPECT_TRUE(child.ok());
    return std::move(child).value();
  }
  /// Runs it to its end; gives the exit code.
  int run(std::vector<std::string> flags) {
    auto child = start(std::move(flags));
    const auto code = child->wait_for_exit(Seconds{60});
    EXPECT_TRUE(code.has_value());
    return code.value_or(-1);
  }
  /// A server that is up, on a free port.
  std::unique_ptr<Child> up(std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"});
    auto child = start(std::move(flags));
    const auto ready = child->wait_for_line("ready", Seconds{60});
    EXPECT_TRUE(ready.has_value()) << errors();
    ready_ = ready.value_or("");
    return child;
  }
  std::string errors() const { return text_of(errors_); }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// Waits until what it has said on standard error has `what`.
  testing::AssertionResult says(const std::string& what, Nanos limit = Seconds{30}) const {
    const bool said = wait_until([&] { return errors().find(what) != std::string::npos; }, limit);
    if (said) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no line has: " << what << "\nin:\n" << errors();
  }
  static bool wait_until(const std::function<bool()>& condition, Nanos limit = Seconds{30}) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::poll(nullptr, 0, 5);
    }
    return true;
  }
  std::string file(const std::string& text) const {
    const std::string path = errors_ + ".toml";
    std::ofstream(path) << text;
    return path;
  }
  void TearDown() override {
    ::unlink(errors_.c_str());
    ::unlink((errors_ + ".toml").c_str());
  }

  std::string errors_ = testing::TempDir() + "ringsided-test-" + std::to_string(::getpid());
  std::string ready_;
};

}  // namespace cti::tools
