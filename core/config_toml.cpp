// config_toml.cpp - reads TOML into the tables of a Config. The only file that includes toml++.
#include "core/config.hpp"
#include "core/log.hpp"
#include "core/toml_bounds.hpp"

namespace cti::core {
namespace {

/// The parser has found one of its own conditions broken: a file that is no TOML, in a way that it does not name.
struct TomlGaveUp {};
[[noreturn]] void toml_gave_up() { throw TomlGaveUp{}; }

}  // namespace
}  // namespace cti::core

// The parser asserts what a file can break ("[`x]" ends the program, or without assertions is undefined behaviour): its
// conditions stay on in every build, and refuse the file.
#undef NDEBUG
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : ::cti::core::toml_gave_up())

#include <toml++/toml.h>

#include <numeric>

namespace cti::core {
namespace {

constexpr std::size_t kShownBytes = 40;  // of a value that an error repeats

/// How many characters must be changed, added or left out to make `b` of `a`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// "did you mean "port"? Known here: ...".
std::string suggestion(std::string_view unknown, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(2, unknown.size() / 3) + 1;
  std::string all;
  for (const std::string& name : known) {
    const std::size_t d = unknown.size() > 100 ? best : distance(unknown, name);
    if (d < best) {
      best = d;
      nearest = name;
    }
    all += (all.empty() ? "" : ", ") + name;
  }
  const std::string here = known.empty() ? "no key is known here" : "known here: " + all;
  return nearest.empty() ? here : "did you mean \"" + nearest + "\"? " + here;
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "integer";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

std::string found_text(const toml::node& node, bool secret) {
  if (secret) return log::text("found ", type_name(node), " (secret, not shown)");
  if (const auto* number = node.as_integer()) return log::text("found integer ", number->get());
  if (const auto* yes = node.as_boolean()) return yes->get() ? "found true" : "found false";
  if (const auto* text = node.as_string()) {
    return log::text("found text \"", log::escaped(text->get(), kShownBytes), '"');
  }
  if (const auto* list = node.as_array()) return log::text("found a list of ", list->size());
  return log::text("found ", type_name(node));
}

bool fits(std::string_view text, const TextLimits& limits) {
  return text.size() >= limits.bytes_min && text.size() <= limits.bytes_max &&
         text.find('\0') == std::string_view::npos;
}

}  // namespace

/// Walks a parsed file along the schema.
class ConfigReader {
 public:
  explicit ConfigReader(ConfigProblems& problems) : problems_(problems) {}

  void table(ConfigTable& schema, const toml::table& found, const std::string& path) {
    for (const auto& [name, node] : found) {
      const std::string shown = path + log::escaped(name.str(), kShownBytes);
      const toml::source_position place = name.source().begin;
      problems_.places_[shown] = {place.line, place.column};
      if (!member(schema, name.str(), node, shown)) {
        // Looking for the nearest name costs more than reading the key: only for those that are shown.
        const bool listed = problems_.list_.size() < kProblemsMax;
        add(place, shown, "unknown key", listed ? suggestion(name.str(), schema.names()) : "");
      }
    }
  }

 private:
  /// False: the schema has nothing of that name.
  bool member(ConfigTable& schema, std::string_view name, const toml::node& node,
              const std::string& path) {
    for (const ConfigKey& key : schema.keys_) {
      if (key.name == name) return value(key, node, path), true;
    }
    for (auto& sub : schema.subs_) {
      if (sub.name != name) continue;
      if (const toml::table* inner = node.as_table()) {
        table(*sub.table, *inner, path + '.');
      } else {
        wrong(node, path, "allowed: a table [" + path + ']', false);
      }
      return true;
    }
    for (const auto& array : schema.arrays_) {
      if (array.name == name) return items(array, node, path), true;
    }
    return false;
  }

  void items(const ConfigTable::Array& array, const toml::node& node, const std::string& path) {
    const toml::array* found = node.as_array();
    if (found == nullptr || !found->is_homogeneous(toml::node_type::table)) {
      if (found == nullptr || !found->empty()) {
        return wrong(node, path, "allowed: tables [[" + path + "]]", false);
      }
    }
    if (found->size() > array.items_max) {
      return add(node.source().begin, path, log::text("found ", found->size(), " tables"),
                 log::text("allowed: at most ", array.items_max));
    }
    array.resize(found->size());
    for (std::size_t i = 0; i < found->size(); ++i) {
      ConfigTable item;
      array.bind(item, i);
      const toml::table& inner = *found->get(i)->as_table();
      const std::string name = log::text(path, '[', i, ']');
      problems_.places_[name] = {inner.source().begin.line, inner.source().begin.column};
      table(item, inner, name + '.');
      for (const ConfigKey& key : item.keys_) {
        if (inner.contains(key.name) || key.takes(key.get())) continue;
        add(inner.source().begin, name + '.' + key.name, "missing", "allowed: " + key.allowed());
      }
    }
  }

  void value(const ConfigKey& key, const toml::node& node, const std::string& path) {
    if (auto taken = take(key, node); taken.has_value()) {
      key.set(*taken);
    } else {
      wrong(node, path, "allowed: " + key.allowed(), key.limits.secret);
    }
  }

  static std::optional<ConfigValue> take(const ConfigKey& key, const toml::node& node) {
    using Kind = ConfigKey::Kind;
    if (key.kind == Kind::kInteger) {
      const auto* number = node.as_integer();
      if (number == nullptr || number->get() < key.min || number->get() > key.max) return {};
      return ConfigValue(number->get());
    }
    if (key.kind == Kind::kBoolean) {
      const auto* yes = node.as_boolean();
      return yes == nullptr ? std::nullopt : std::optional(ConfigValue(yes->get()));
    }
    if (key.kind == Kind::kList) return take_list(key, node);
    const auto* text = node.as_string();
    if (text == nullptr) return {};
    const bool good = key.kind == Kind::kText
                          ? fits(text->get(), key.limits)
                          : std::count(key.choices.begin(), key.choices.end(), text->get()) > 0;
    return good ? std::optional(ConfigValue(text->get())) : std::nullopt;
  }

  static std::optional<ConfigValue> take_list(const ConfigKey& key, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->size() > key.items_max) return {};
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
      const auto* text = item.as_string();
      if (text == nullptr || !fits(text->get(), key.limits)) return {};
      items.push_back(text->get());
    }
    return ConfigValue(std::move(items));
  }

  void wrong(const toml::node& node, const std::string& path, std::string allowed, bool secret) {
    add(node.source().begin, path, found_text(node, secret), std::move(allowed));
  }

  void add(toml::source_position place, std::string key, std::string found, std::string allowed) {
    problems_.add({problems_.file_, place.line, place.column, std::move(key), std::move(found),
                   std::move(allowed)});
  }

  ConfigProblems& problems_;
};

Result<void, ConfigProblems> Config::read_text(std::string_view text, std::string name) {
  ConfigProblems problems;
  problems.file_ = std::move(name);
  if (text.size() > kConfigBytesMax) {
    problems.add({problems.file_, 0, 0, "", "the file is too long",
                  log::text("allowed: at most ", kConfigBytesMax, " bytes")});
    return Err{std::move(problems)};
  }
  if (const auto deep = nests_too_deep(text)) {
    problems.add({problems.file_, deep->line, deep->column, "", "nested too deep",
                  log::text("allowed: at most ", kTomlDepthMax, " levels; nothing was looked at")});
    return Err{std::move(problems)};
  }
  try {
    const toml::table parsed = toml::parse(text, problems.file_);
    ConfigReader(problems).table(root_, parsed, "");
  } catch (const toml::parse_error& broken) {
    const toml::source_position place = broken.source().begin;
    problems.add({problems.file_, place.line, place.column, "",
                  "not TOML: " + log::escaped(broken.description(), 300),
                  "nothing behind it was looked at"});
  } catch (const TomlGaveUp&) {
    problems.add({problems.file_, 0, 0, "", "not TOML", "nothing was looked at"});
  }
  // The parser keeps tables sorted by name; people read files from the top.
  std::stable_sort(problems.list_.begin(), problems.list_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (problems.empty()) {
    for (const auto& rule : rules_) rule(problems);
  }
  if (!problems.empty()) return Err{std::move(problems)};
  return {};
}

}  // namespace cti::core
