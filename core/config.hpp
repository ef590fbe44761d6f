// config.hpp - a typed schema over a TOML file: bind keys to fields, read, and get every mistake at once.
//
// Why      an operator mends a file once, not once per mistake; and a file that is half wrong must change nothing.
// Shape    Config owns a tree of ConfigTable; each key is bound to a field of ours, whose value at that moment is the
//          default. read() checks the whole file against the tree, then the cross-checks; print() writes the effective
//          configuration as TOML with every key's meaning, limits and default, good to be read again.
// Use      Config config;
//          auto& server = config.root().table("server", "Where clients connect.");
//          server.integer("port", settings.port, 1, 65535, "TCP port for clients.");
//          config.check([&](ConfigProblems& p) { if (...) p.add("server.port", "...", "..."); });
//          if (auto read = config.read_file(path); !read.ok()) print(read.error().text());
// Errors   ConfigProblems: file, line, column, key, what was found, what is allowed; an unknown key names the nearest
//          one. Broken TOML is one problem, since nothing behind it can be trusted. Values of secret keys are shown nowhere.
// Limits   kConfigBytesMax of file, kProblemsMax problems listed (the rest is counted).
// Lifetime bound fields outlive the Config. After a failed read their values mean nothing: read into a fresh object.
// Threads  one, at start or reload.
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cti::core {

inline constexpr std::size_t kConfigBytesMax = limits::kConfigBytesMax;
inline constexpr std::size_t kProblemsMax = limits::kConfigProblemsMax;

/// One mistake. text(): "ringside.toml:12:8: server.port: found integer 99999; allowed: integer 1 .. 65535".
struct ConfigProblem {
  std::string file;
  std::uint32_t line = 0;  ///< from 1; 0: the file as a whole, or a key that is not in it
  std::uint32_t column = 0;
  std::string key;      ///< "server.port", "gateway[1].side_a"; empty: the file as a whole
  std::string found;    ///< escaped and bounded
  std::string allowed;  ///< what would be right, or what to do
  [[nodiscard]] std::string text() const;
};

/// All mistakes of one read, in the order of the file.
class ConfigProblems {
 public:
  /// For cross-checks: line and column are looked up when the file has the key.
  void add(std::string key, std::string found, std::string allowed);
  void add(ConfigProblem problem);

  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] const std::vector<ConfigProblem>& list() const noexcept { return list_; }
  /// How many more there were than list() has room for.
  [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }
  /// One line each.
  [[nodiscard]] std::string text() const;

 private:
  friend class Config;
  friend class ConfigReader;
  struct Place {
    std::uint32_t line;
    std::uint32_t column;
  };
  std::string file_;
  std::map<std::string, Place> places_;  // where each key of the file stands
  std::vector<ConfigProblem> list_;
  std::size_t left_out_ = 0;
};

struct TextLimits {
  std::size_t bytes_min = 0;
  std::size_t bytes_max = 255;
  bool secret = false;  ///< its value appears in no error and no print-out
};

struct ListLimits {
  std::size_t items_max = 64;
  TextLimits item{1, 255};
};

/// A value as the file can have it.
using ConfigValue = std::variant<std::int64_t, bool, std::string, std::vector<std::string>>;

/// One key of the schema. Made by ConfigTable's members.
struct ConfigKey {
  enum class Kind : std::uint8_t { kInteger, kBoolean, kText, kChoice, kList };
  std::string name;
  std::string doc;
  Kind kind;
  std::int64_t min = 0;
  std::int64_t max = 0;
  TextLimits limits{};
  std::size_t items_max = 0;
  std::vector<std::string> choices{};
  std::function<void(const ConfigValue&)> set;
  std::function<ConfigValue()> get;
  std::string default_literal{};  ///< what get() gave when the key was bound

  /// "integer 1 .. 65535", "one of: debug, info".
  [[nodiscard]] std::string allowed() const;
  /// Whether the file might say this value. A default that it might not say makes the key a required one.
  [[nodiscard]] bool takes(const ConfigValue& value) const;
  /// The present value as TOML; a secret one as "".
  [[nodiscard]] std::string literal() const;
};

/// A table of the file: keys, tables within it, and arrays of tables.
class ConfigTable {
 public:
  template <std::integral T>
  requires(!std::same_as<T, bool>) void integer(std::string name, T& field, T min, T max,
                                                std::string doc) {
    ConfigKey key{std::move(name), std::move(doc), ConfigKey::Kind::kInteger};
    key.min = static_cast<std::int64_t>(min);
    // TOML's integers have 63 bits and a sign.
    key.max = std::in_range<std::int64_t>(max) ? static_cast<std::int64_t>(max)
                                               : std::numeric_limits<std::int64_t>::max();
    key.set = [&field](const ConfigValue& v) { field = static_cast<T>(std::get<std::int64_t>(v)); };
    key.get = [&field] { return ConfigValue(static_cast<std::int64_t>(field)); };
    add(std::move(key));
  }

  void boolean(std::string name, bool& field, std::string doc);
  void text(std::string name, std::string& field, TextLimits limits, std::string doc);
  void list(std::string name, std::vector<std::string>& field, ListLimits limits, std::string doc);

  /// One of a few words, each standing for a value. The field's present value must be among them.
  template <std::equality_comparable E>
  void choice(std::string name, E& field, std::vector<std::pair<std::string, E>> words,
              std::string doc) {
    ConfigKey key{std::move(name), std::move(doc), ConfigKey::Kind::kChoice};
    for (const auto& [word, value] : words) key.choices.push_back(word);
    key.set = [&field, words](const ConfigValue& v) {
      for (const auto& [word, value] : words) {
        if (word == std::get<std::string>(v)) field = value;
      }
    };
    key.get = [&field, words = std::move(words)] {
      const auto at = std::find_if(words.begin(), words.end(),
                                   [&](const auto& word) { return word.second == field; });
      return ConfigValue(at == words.end() ? std::string("?") : at->first);
    };
    add(std::move(key));
  }

  /// [name] within this table.
  ConfigTable& table(std::string name, std::string doc);

  /// [[name]], up to `items_max` times. The file's items replace those that the field has. `bind` binds the keys of one
  /// item; those whose default is not allowed (an empty id, say) must be in the file.
  template <class Item>
  void tables(std::string name, std::vector<Item>& field, std::size_t items_max,
              std::function<void(ConfigTable&, Item&)> bind, std::string doc) {
    Array array{std::move(name), std::move(doc), items_max, {}, {}, {}};
    array.resize = [&field](std::size_t count) { field.assign(count, Item{}); };
    array.count = [&field] { return field.size(); };
    array.bind = [&field, bind](ConfigTable& to, std::size_t index) { bind(to, field.at(index)); };
    array.bind_sample = [bind](ConfigTable& to) {
      auto sample = std::make_unique<Item>();
      bind(to, *sample);
      to.kept_ = Kept(sample.release(), [](void* item) { delete static_cast<Item*>(item); });
    };
    add(std::move(array));
  }

  ConfigTable() : kept_(nullptr, [](void*) {}) {}
  ConfigTable(ConfigTable&&) = default;
  ConfigTable& operator=(ConfigTable&&) = default;

 private:
  friend class Config;
  friend class ConfigReader;
  friend class ConfigPrinter;
  using Kept = std::unique_ptr<void, void (*)(void*)>;
  struct Array {
    std::string name;
    std::string doc;
    std::size_t items_max;
    std::function<void(std::size_t)> resize;
    std::function<std::size_t()> count;
    std::function<void(ConfigTable&, std::size_t)> bind;
    std::function<void(ConfigTable&)> bind_sample{};
  };
  struct Sub {
    std::string name;
    std::string doc;
    std::unique_ptr<ConfigTable> table;
  };

  void add(ConfigKey key);
  void add(Array array);
  void check_new(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  std::vector<ConfigKey> keys_;
  std::vector<Sub> subs_;
  std::vector<Array> arrays_;
  Kept kept_;  // the item that a sample's keys are bound to
};

class Config {
 public:
  ConfigTable& root() noexcept { return root_; }

  /// Runs after a file without mistakes has been taken over: what two keys together must not say.
  void check(std::function<void(ConfigProblems&)> rule) { rules_.push_back(std::move(rule)); }

  [[nodiscard]] Result<void, ConfigProblems> read_file(const std::string& path);
  /// `name` stands for the file in problems.
  [[nodiscard]] Result<void, ConfigProblems> read_text(std::string_view text, std::string name);

  /// The effective configuration, as a file that read_text accepts.
  [[nodiscard]] std::string print() const;

  /// Every key with its value, secret ones too: to be compared, not shown. Items of an array are "line[0].client_id".
  [[nodiscard]] std::map<std::string, ConfigValue> values() const;

 private:
  static void collect(const ConfigTable& from, const std::string& path,
                      std::map<std::string, ConfigValue>& to);

  ConfigTable root_;
  std::vector<std::function<void(ConfigProblems&)>> rules_;
};

}  // namespace cti::core
