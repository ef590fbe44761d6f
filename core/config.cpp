// config.cpp - the schema tree: keys bound to fields, problems in words, the print-out.
#include "core/config.hpp"

#include "core/base/check.hpp"
#include "core/log.hpp"

#include <fstream>

namespace cti::core {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

/// What a rule has found stands in the file as it is, control characters and all: as it may be shown on a terminal.
std::string shown(std::string_view found) {
  constexpr std::size_t kFoundBytes = 300;
  std::string out;
  for (std::size_t i = 0; i < found.size() && i < kFoundBytes; ++i) {
    const bool plain = found[i] == '"' || found[i] == '\\';  // escaped() would double these
    out += plain ? std::string(1, found[i]) : log::escaped(found.substr(i, 1));
  }
  return found.size() > kFoundBytes ? out + "..." : out;
}

std::string allowed_text(const TextLimits& limits) {
  return log::text("text of ", limits.bytes_min, " .. ", limits.bytes_max, " bytes");
}

}  // namespace

// ---- problems ----

std::string ConfigProblem::text() const {
  std::string out = file;
  if (line > 0) out += log::text(':', line, ':', column);
  out += ": ";
  if (!key.empty()) out += key + ": ";
  out += found;
  if (!allowed.empty()) out += "; " + allowed;
  return out;
}

void ConfigProblems::add(std::string key, std::string found, std::string allowed) {
  ConfigProblem problem{file_, 0, 0, std::move(key), shown(found), std::move(allowed)};
  if (const auto at = places_.find(problem.key); at != places_.end()) {
    problem.line = at->second.line;
    problem.column = at->second.column;
  }
  add(std::move(problem));
}

void ConfigProblems::add(ConfigProblem problem) {
  if (list_.size() == kProblemsMax) {
    ++left_out_;
  } else {
    list_.push_back(std::move(problem));
  }
}

std::string ConfigProblems::text() const {
  std::string out;
  for (const ConfigProblem& problem : list_) out += problem.text() + '\n';
  if (left_out_ > 0) out += log::text(file_, ": and ", left_out_, " more\n");
  return out;
}

// ---- the schema ----

std::string ConfigKey::allowed() const {
  switch (kind) {
    case Kind::kInteger:
      return log::text("integer ", min, " .. ", max);
    case Kind::kBoolean:
      return "true or false";
    case Kind::kText:
      return allowed_text(limits);
    case Kind::kChoice:
      return "one of: " + joined(choices);
    case Kind::kList:
      return log::text("list of at most ", items_max, ", each ", allowed_text(limits));
  }
  return "";
}

bool ConfigKey::takes(const ConfigValue& value) const {
  const auto fits = [this](const std::string& text) {
    return text.size() >= limits.bytes_min && text.size() <= limits.bytes_max &&
           text.find('\0') == std::string::npos;
  };
  switch (kind) {
    case Kind::kInteger:
      return std::get<std::int64_t>(value) >= min && std::get<std::int64_t>(value) <= max;
    case Kind::kBoolean:
      return true;
    case Kind::kText:
      return fits(std::get<std::string>(value));
    case Kind::kChoice:
      return std::ranges::find(choices, std::get<std::string>(value)) != choices.end();
    case Kind::kList: {
      const auto& items = std::get<std::vector<std::string>>(value);
      return items.size() <= items_max && std::ranges::all_of(items, fits);
    }
  }
  return false;
}

std::string ConfigKey::literal() const {
  if (limits.secret) return "\"\"";
  const ConfigValue value = get();
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  std::vector<std::string> items;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    items.push_back(quoted(item));
  }
  return '[' + joined(items) + ']';
}

std::vector<std::string> ConfigTable::names() const {
  std::vector<std::string> all;
  for (const ConfigKey& key : keys_) all.push_back(key.name);
  for (const Sub& sub : subs_) all.push_back(sub.name);
  for (const Array& array : arrays_) all.push_back(array.name);
  return all;
}

void ConfigTable::check_new(const std::string& name) const {
  CTI_CHECK(!name.empty());
  for (const std::string& there : names()) CTI_CHECK(there != name);
}

void ConfigTable::add(ConfigKey key) {
  check_new(key.name);
  key.default_literal = key.literal();
  keys_.push_back(std::move(key));
}

void ConfigTable::add(Array array) {
  check_new(array.name);
  arrays_.push_back(std::move(array));
}

void ConfigTable::boolean(std::string name, bool& field, std::string doc) {
  ConfigKey key{std::move(name), std::move(doc), ConfigKey::Kind::kBoolean};
  key.set = [&field](const ConfigValue& v) { field = std::get<bool>(v); };
  key.get = [&field] { return ConfigValue(field); };
  add(std::move(key));
}

void ConfigTable::text(std::string name, std::string& field, TextLimits limits, std::string doc) {
  ConfigKey key{std::move(name), std::move(doc), ConfigKey::Kind::kText};
  key.limits = limits;
  key.set = [&field](const ConfigValue& v) { field = std::get<std::string>(v); };
  key.get = [&field] { return ConfigValue(field); };
  add(std::move(key));
}

void ConfigTable::list(std::string name, std::vector<std::string>& field, ListLimits limits,
                       std::string doc) {
  ConfigKey key{std::move(name), std::move(doc), ConfigKey::Kind::kList};
  key.limits = limits.item;
  key.items_max = limits.items_max;
  key.set = [&field](const ConfigValue& v) { field = std::get<std::vector<std::string>>(v); };
  key.get = [&field] { return ConfigValue(field); };
  add(std::move(key));
}

ConfigTable& ConfigTable::table(std::string name, std::string doc) {
  check_new(name);
  subs_.push_back({std::move(name), std::move(doc), std::make_unique<ConfigTable>()});
  return *subs_.back().table;
}

// ---- printing ----

/// Writes a tree of tables as TOML with comments.
class ConfigPrinter {
 public:
  std::string out;

  void table(const ConfigTable& from, const std::string& path, std::string_view prefix) {
    for (const ConfigKey& key : from.keys_) {
      std::string note = key.allowed() + "; default " + key.default_literal;
      if (key.limits.secret) note = key.allowed() + "; secret, not shown";
      comment(prefix, key.doc + " (" + note + ')');
      // A secret that is set must not be read back as an empty one.
      const std::string_view hidden = key.limits.secret ? "# " : "";
      out += log::text(prefix, hidden, key.name, " = ", key.literal(), '\n');
    }
    for (const auto& sub : from.subs_) {
      const std::string name = path + sub.name;
      out += '\n';
      comment(prefix, sub.doc);
      out += log::text(prefix, '[', name, "]\n");
      table(*sub.table, name + '.', prefix);
    }
    for (const auto& array : from.arrays_) items(array, path + array.name, prefix);
  }

 private:
  void items(const ConfigTable::Array& array, const std::string& name, std::string_view prefix) {
    const std::size_t count = array.count();
    out += '\n';
    comment(prefix, log::text(array.doc, " (at most ", array.items_max, ')'));
    for (std::size_t i = 0; i < count; ++i) {
      ConfigTable item;
      array.bind(item, i);
      item_table(item, name, prefix);
    }
    if (count > 0) return;
    ConfigTable sample;
    array.bind_sample(sample);
    item_table(sample, name, prefix.empty() ? "# " : prefix);
  }

  void item_table(const ConfigTable& item, const std::string& name, std::string_view prefix) {
    out += log::text(prefix, "[[", name, "]]\n");
    table(item, name + '.', prefix);
  }

  void comment(std::string_view prefix, std::string_view text) {
    out += log::text(prefix, "# ", text, '\n');
  }
};

std::string Config::print() const {
  ConfigPrinter printer;
  printer.table(root_, "", "");
  return std::move(printer.out);
}

std::map<std::string, ConfigValue> Config::values() const {
  std::map<std::string, ConfigValue> all;
  collect(root_, "", all);
  return all;
}

void Config::collect(const ConfigTable& from, const std::string& path,
                     std::map<std::string, ConfigValue>& to) {
  for (const ConfigKey& key : from.keys_) to.emplace(path + key.name, key.get());
  for (const auto& sub : from.subs_) collect(*sub.table, path + sub.name + '.', to);
  for (const auto& array : from.arrays_) {
    for (std::size_t i = 0; i < array.count(); ++i) {
      ConfigTable item;
      array.bind(item, i);
      collect(item, log::text(path, array.name, '[', i, "]."), to);
    }
  }
}

Result<void, ConfigProblems> Config::read_file(const std::string& path) {
  ConfigProblems problems;
  std::ifstream file(path, std::ios::binary);
  std::string text(kConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    problems.add({path, 0, 0, "", "the file cannot be read", "does it exist, may I read it?"});
    return Err{std::move(problems)};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return read_text(text, path);
}

}  // namespace cti::core
