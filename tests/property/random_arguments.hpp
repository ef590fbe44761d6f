// random_arguments.hpp - random Arguments, and the obvious twin to compare them with.
#pragma once

#include "tests/property/seed.hpp"
#include "wire/arguments.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cti::test {

/// What Arguments ought to be: a sorted map from normalised key to typed value.
struct TwinArguments {
  struct Value {
    wire::ArgType type{};
    std::int64_t integer = 0;
    std::string string;
    std::shared_ptr<TwinArguments> nested;
  };
  /// Keyword ids first, own keys behind them, lowercased: the canonical order.
  using Key = std::pair<std::uint32_t, std::string>;
  std::map<Key, std::pair<std::string, Value>> entries;  ///< with the key as it was last spelled

  /// Lowercased name -> id, without the hash table of the code under test.
  static const std::map<std::string, std::uint32_t>& keywords() {
    static const std::map<std::string, std::uint32_t> all = [] {
      std::map<std::string, std::uint32_t> names;
      for (std::uint32_t id = 1; id <= 0xFFFF; ++id) {
        std::string name(wire::name_of(static_cast<wire::Keyword>(id)));
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (!name.empty()) names[name] = id;
      }
      return names;
    }();
    return all;
  }

  static Key normalised(const std::string& spelled) {
    std::size_t from = 0;
    std::size_t to = spelled.size();
    while (from < to && std::isspace(static_cast<unsigned char>(spelled[from]))) ++from;
    while (to > from && std::isspace(static_cast<unsigned char>(spelled[to - 1]))) --to;
    std::string text = spelled.substr(from, to - from);
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const auto known = keywords().find(text);
    if (known != keywords().end()) return {known->second, ""};
    return {0x10000, text};
  }

  bool equals(const wire::ArgumentsView& view) const {
    if (view.size() != entries.size()) return false;
    auto expected = entries.begin();
    for (const wire::Arg arg : view) {
      const auto& [key, spelled_value] = *expected++;
      const auto& [spelled, value] = spelled_value;
      const auto id = static_cast<std::uint32_t>(arg.keyword());
      if ((id == 0 ? 0x10000 : id) != key.first || arg.own_key() != spelled ||
          arg.type() != value.type)
        return false;
      if (arg.is_integer() && arg.integer() != value.integer) return false;
      if (arg.is_string() && arg.string() != value.string) return false;
      if (arg.is_arguments() && !value.nested->equals(arg.arguments())) return false;
    }
    return true;
  }
};

inline std::string random_text(Seed& seed, std::size_t most) {
  std::string text(seed.below(most + 1), ' ');
  for (char& c : text) c = static_cast<char>(seed.below(256));
  return text;
}

/// Few different keys, so that they meet; spelled in many ways.
inline std::string random_key(Seed& seed) {
  static constexpr const char* kKeys[] = {
      "AgentID",       "ANI",         "DNIS",        "UniqueObjectID",
      "CallVariable1", "ECC",         "PayLoadType", "user.A",
      "user.B",        "user.Arr[0]", "z",           "~",
      "Skill Group",   "a",           "agentid2",    "\xE9t\xE9"};
  std::string key = kKeys[seed.below(std::size(kKeys))];
  for (char& c : key) {
    if (seed.one_in(3)) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  if (seed.one_in(4)) key = " " + key + "\t";
  return key;
}

/// A random value, put below the key into both.
inline void random_set(Seed& seed, wire::Arguments& arguments, TwinArguments& twin, int depth) {
  const std::string key = random_key(seed);
  TwinArguments::Value value;
  bool done = false;
  switch (seed.below(depth < 3 ? 7 : 6)) {
    case 0:
      value.type = wire::ArgType::kInt;
      value.integer = static_cast<std::int32_t>(seed.next());
      done = arguments.set(key, static_cast<std::int32_t>(value.integer));
      break;
    case 1:
      value.type = wire::ArgType::kUInt;
      value.integer = static_cast<std::uint32_t>(seed.next());
      done = arguments.set(key, static_cast<std::uint32_t>(value.integer));
      break;
    case 2:
      value.type = wire::ArgType::kShort;
      value.integer = static_cast<std::int16_t>(seed.next());
      done = arguments.set(key, static_cast<std::int16_t>(value.integer));
      break;
    case 3:
      value.type = wire::ArgType::kUShort;
      value.integer = static_cast<std::uint16_t>(seed.next());
      done = arguments.set(key, static_cast<std::uint16_t>(value.integer));
      break;
    case 4:
      value.type = wire::ArgType::kBool;
      value.integer = seed.one_in(2);
      done = arguments.set(key, value.integer != 0);
      break;
    case 5:
      value.type = wire::ArgType::kString;
      value.string = random_text(seed, seed.one_in(8) ? 300 : 12);
      done = arguments.set(key, value.string);
      break;
    default: {
      value.type = wire::ArgType::kArguments;
      value.nested = std::make_shared<TwinArguments>();
      wire::Arguments nested;
      for (std::uint64_t i = seed.below(5); i != 0; --i)
        random_set(seed, nested, *value.nested, depth + 1);
      done = arguments.set(key, nested);
    }
  }
  ASSERT_TRUE(done);
  const auto normalised = TwinArguments::normalised(key);
  std::string spelled;
  if (normalised.first == 0x10000) spelled = std::string(wire::trimmed(key));
  twin.entries[normalised] = {spelled, value};
}

}  // namespace cti::test
