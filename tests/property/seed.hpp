// seed.hpp - where the randomness of property tests comes from, and how to have it again.
//
// A test takes Seed seed("suite.test"); on failure its seed and the command to replay it stand in the output. Without more
// every run draws the same: whether a change lands is no matter of luck. The environment variable RINGSIDE_SEED=N takes
// another seed, RINGSIDE_SEED=random a fresh one, to search.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace cti::test {

class Seed {
 public:
  /// `test` is what --gtest_filter takes.
  explicit Seed(const std::string& test) {
    const char* given = std::getenv("RINGSIDE_SEED");
    const bool fresh = given != nullptr && std::string_view(given) == "random";
    if (fresh) value_ = std::random_device{}();
    else if (given != nullptr) value_ = std::strtoull(given, nullptr, 0);
    text_ = "replay with: RINGSIDE_SEED=" + std::to_string(value_) +
            " <this program> --gtest_filter=" + test;
    engine_.seed(value_);
  }
  ~Seed() {
    if (::testing::Test::HasFailure()) std::printf("%s\n", text_.c_str());
  }
  Seed(const Seed&) = delete;
  Seed& operator=(const Seed&) = delete;

  std::uint64_t next() { return engine_(); }
  /// 0 .. n-1; n > 0.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  /// low .. high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// True once in n.
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  const std::string& text() const { return text_; }

 private:
  std::uint64_t value_ = 1;
  std::string text_;
  std::mt19937_64 engine_;
};

}  // namespace cti::test
