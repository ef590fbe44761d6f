// config_mistakes.hpp - what a configuration must not say, collected in the words of the file.
//
// Why      what two values together must not be is checked once, by one function per part (line, reactor, server); the TOML
//          layer lists what it finds with the place in the file, whoever builds a configuration in a program gets the same
//          list from Server::create, and constructors insist on an empty one.
#pragma once

#include "core/base/time.hpp"

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {

struct ConfigMistake {
  std::string key;  ///< as in the file: "sessions.filter_ring_kib", "line[1].heartbeat_s"
  std::string found;
  std::string allowed;
};

class ConfigMistakes {
 public:
  void add(std::string key, std::string found, std::string allowed) {
    list_.push_back({std::move(key), std::move(found), std::move(allowed)});
  }
  void require(bool holds, std::string key, std::uint64_t found, std::string allowed) {
    if (!holds) add(std::move(key), std::to_string(found), std::move(allowed));
  }
  void within(std::string key, std::uint64_t found, std::uint64_t least, std::uint64_t most) {
    require(least <= found && found <= most, std::move(key), found,
            std::to_string(least) + " .. " + std::to_string(most));
  }
  void require_power_of_two(std::string key, std::uint64_t found) {
    require(std::has_single_bit(found), std::move(key), found, "a power of two");
  }
  void positive(std::string key, Nanos found) { at_least(std::move(key), found, Nanos{1}); }
  void not_negative(std::string key, Nanos found) { at_least(std::move(key), found, Nanos{0}); }
  void at_least(std::string key, Nanos found, Nanos least) {
    if (found < least)
      add(std::move(key), in_ms(found), least <= Nanos{1} ? "more" : in_ms(least) + " or more");
  }

  bool empty() const noexcept { return list_.empty(); }
  const std::vector<ConfigMistake>& list() const& noexcept { return list_; }
  void list() const&& = delete;  // of a temporary
  /// One line each.
  std::string text() const {
    std::string all;
    for (const ConfigMistake& mistake : list_)
      all += mistake.key + ": found " + mistake.found + "; allowed: " + mistake.allowed + "\n";
    return all;
  }

 private:
  static std::string in_ms(Nanos time) {
    return std::to_string(std::chrono::duration_cast<Millis>(time).count()) + " ms";
  }

  std::vector<ConfigMistake> list_;
};

}  // namespace cti::broker
