// message_text.cpp - FIELD=VALUE words to fields of a message, and a message against the words that are expected.
#include "tools/simulator/text/message_text.hpp"

#include "tools/simulator/text/shown.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace cti::simulator {
namespace {

using ged::FieldType;
using Kind = FieldTest::Kind;

const ged::FixedRule* fixed_rule(const ged::MessageRule& rule, std::string_view name) {
  const auto found = std::ranges::find(rule.fixed, name, &ged::FixedRule::name);
  return found == rule.fixed.end() ? nullptr : &*found;
}
const ged::FloatRule* floating_rule(const ged::MessageRule& rule, std::string_view name) {
  const auto found = std::ranges::find(rule.floating, name, &ged::FloatRule::name);
  return found == rule.floating.end() ? nullptr : &*found;
}

bool is_named(FieldType type) {
  return type == FieldType::kNamedVar || type == FieldType::kNamedArray;
}
bool is_text(FieldType type) { return ged::width_of(type) == 0; }

/// All bits of the field set: what the protocol writes for "none".
std::int64_t none_of(FieldType type) {
  return ged::is_signed(type) ? -1 : (std::int64_t{1} << (8 * ged::width_of(type))) - 1;
}

/// Steps from one word to the other: letters changed, added or left out.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t changed = diagonal + (a[i] != b[k]);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

std::string value_text(const ged::DecodedField& field) {
  if (is_named(field.type)) {
    const std::string at =
        field.type == FieldType::kNamedArray ? "[" + std::to_string(field.value.index) + "]" : "";
    return shown(field.value.name) + at + "=\"" + shown(field.value.text) + "\"";
  }
  if (is_text(field.type)) return "\"" + shown(field.value.text) + "\"";
  std::string text = std::to_string(field.value.number);
  for (const std::int64_t more : field.value.numbers) text += "," + std::to_string(more);
  if (field.enumeration == nullptr || field.enumeration->mask) return text;
  const ged::EnumValue* value =
      find_value(*field.enumeration, static_cast<std::uint32_t>(field.value.number));
  return value == nullptr ? text : std::string(value->name) + " (" + text + ")";
}

/// The value as it is remembered: bare.
std::string bare(const ged::DecodedField& field) {
  return is_text(field.type) ? field.value.text : std::to_string(field.value.number);
}

bool is_none(const ged::DecodedField& field) {
  return !is_text(field.type) && field.value.number == none_of(field.type);
}

bool holds(const ged::DecodedField& field, const std::string& value) {
  if (is_text(field.type)) return field.value.text == value;
  const auto wanted = read_number(value, field.enumeration);
  if (!wanted) return false;
  if (field.value.number == *wanted) return true;
  return std::ranges::find(field.value.numbers, *wanted) != field.value.numbers.end();
}

/// $name as what it stands for; anything else as it is. Nothing: nobody has remembered the name.
std::optional<std::string> resolved(const std::string& value, const Remembered& remembered) {
  if (!value.starts_with('$')) return value;
  const auto found = remembered.find(std::string_view(value).substr(1));
  return found == remembered.end() ? std::nullopt : std::optional(found->second);
}

std::string wanted_text(const FieldTest& test, const std::string& value) {
  switch (test.kind) {
    case Kind::kDiffers:
      return "anything but " + value;
    case Kind::kPresent:
    case Kind::kRemember:
      return "any value";
    case Kind::kAbsent:
      return "none";
    case Kind::kEquals:
      break;
  }
  return test.value == value ? value : value + " (" + test.value + ")";
}

std::string title(const FieldTest& test) {
  std::string name = test.field;
  if (!test.variable.empty()) name += "." + test.variable;
  return test.index < 0 ? name : name + "[" + std::to_string(test.index) + "]";
}

/// All fields of the message that the test speaks of.
std::vector<const ged::DecodedField*> meant(const ged::DecodedMessage& message,
                                            const FieldTest& test) {
  std::vector<const ged::DecodedField*> found;
  for (const auto* part : {&message.fixed, &message.floating}) {
    for (const ged::DecodedField& field : *part) {
      if (field.name != test.field) continue;
      if (!test.variable.empty() && field.value.name != test.variable) continue;
      if (test.index >= 0 && field.value.index != test.index) continue;
      found.push_back(&field);
    }
  }
  return found;
}

bool known_at(const ged::MessageRule& rule, const std::string& name, ged::Version version) {
  if (const auto* fixed = fixed_rule(rule, name)) return fixed->since <= version;
  const auto* floating = floating_rule(rule, name);
  return floating != nullptr && floating->since <= version &&
         (floating->until == ged::kNoEnd || floating->until >= version);
}

Result<ged::DecodedField, std::string> field_of(const ged::MessageRule& rule, const FieldTest& test,
                                                const Remembered& remembered) {
  ged::DecodedField field;
  field.name = test.field;
  if (const auto* fixed = fixed_rule(rule, test.field)) {
    field.type = fixed->type;
    field.enumeration = fixed->enumeration;
  } else {
    const auto* floating = floating_rule(rule, test.field);
    field.type = floating->type;
    field.tag = floating->tag;
    field.enumeration = floating->enumeration;
  }
  const auto value =
      test.kind == Kind::kAbsent ? std::optional(std::string()) : resolved(test.value, remembered);
  if (!value) return Err{test.field + ": nothing is remembered as " + test.value};
  if (is_text(field.type)) {
    field.value.name = test.variable;
    field.value.index = static_cast<std::uint8_t>(std::max(0, test.index));
    field.value.text = *value;
    return field;
  }
  const auto number = test.kind == Kind::kAbsent ? std::optional(none_of(field.type))
                                                 : read_number(*value, field.enumeration);
  if (!number)
    return Err{test.field + ": " + shown(*value) + " is neither a number nor a name of it"};
  field.value.number = *number;
  return field;
}

void add_defaults(ged::DecodedMessage& message, const RequestDefaults& defaults) {
  const auto is_set = [&](std::string_view name) {
    return std::ranges::any_of(message.fixed, [&](const auto& f) { return f.name == name; }) ||
           std::ranges::any_of(message.floating, [&](const auto& f) { return f.name == name; });
  };
  const auto count = [&](FieldType type) {
    return std::ranges::count(message.floating, type, &ged::DecodedField::type);
  };
  for (const ged::FixedRule& rule : message.rule->fixed) {
    if (rule.since > message.version || is_set(rule.name)) continue;
    ged::DecodedField field;
    field.name = std::string(rule.name);
    field.type = rule.type;
    if (rule.name == "InvokeID") {
      field.value.number = defaults.invoke_id;
    } else if (rule.name == "PeripheralID") {
      field.value.number = defaults.peripheral_id;
    } else if (rule.name.ends_with("ConnectionCallID")) {
      field.value.number = none_of(rule.type);
    } else if (rule.name.ends_with("DeviceIDType") || rule.name.ends_with("DeviceType")) {
      const std::size_t off = rule.name.ends_with("DeviceIDType") ? 4 : 0;
      const std::string id = off != 0
                                 ? std::string(rule.name.substr(0, rule.name.size() - off))
                                 : std::string(rule.name.substr(0, rule.name.size() - 4)) + "ID";
      field.value.number = is_set(id) ? 0 : none_of(rule.type);
    } else if (rule.name == "NumNamedVariables") {
      field.value.number = count(FieldType::kNamedVar);
    } else if (rule.name == "NumNamedArrays") {
      field.value.number = count(FieldType::kNamedArray);
    } else {
      continue;
    }
    message.fixed.push_back(std::move(field));
  }
}

}  // namespace

std::string_view nearest(std::string_view mistyped, std::span<const std::string_view> among) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, mistyped.size() / 3) + 1;
  for (const std::string_view word : among) {
    if (const std::size_t steps = distance(mistyped, word); steps < least) {
      least = steps;
      best = word;
    }
  }
  return best;
}

std::optional<std::int64_t> read_number(std::string_view text, const ged::EnumRule* enumeration) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hex ? text.substr(2) : text;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (error == std::errc() && end == digits.data() + digits.size()) return value;
  if (enumeration == nullptr) return std::nullopt;
  value = 0;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find('|'));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    const auto found = std::ranges::find(enumeration->values, name, &ged::EnumValue::name);
    if (found == enumeration->values.end()) return std::nullopt;
    value |= found->value;
    if (!enumeration->mask && !text.empty()) return std::nullopt;
  }
  return value;
}

Result<const ged::MessageRule*, std::string> read_message_name(std::string_view word) {
  const ged::MessageRule* rule = ged::find_message(word);
  if (rule != nullptr && rule->published()) return rule;
  if (rule != nullptr) return Err{"the layout of " + std::string(word) + " is not published"};
  std::vector<std::string_view> names;
  for (const ged::MessageRule& each : ged::all_messages()) names.push_back(each.name);
  const std::string_view near = nearest(word, names);
  return Err{"expected the name of a message, not " + std::string(word) +
             (near.empty() ? "" : " (" + std::string(near) + "?)")};
}

Result<FieldTest, std::string> read_field(const ged::MessageRule& rule, std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return Err{"expected FIELD=VALUE, not " + std::string(word)};
  FieldTest test;
  std::string_view left = word.substr(0, equals);
  test.value = std::string(word.substr(equals + 1));
  if (left.ends_with('!')) {
    left.remove_suffix(1);
    test.kind = Kind::kDiffers;
  } else if (test.value == "*") {
    test.kind = Kind::kPresent;
  } else if (test.value == "none") {
    test.kind = Kind::kAbsent;
  } else if (test.value.starts_with('?')) {
    test.kind = Kind::kRemember;
    test.value.erase(0, 1);
    if (test.value.empty()) return Err{"expected a name behind the question mark"};
  }
  if (const std::size_t dot = left.find('.'); dot != std::string_view::npos) {
    test.variable = std::string(left.substr(dot + 1));
    left = left.substr(0, dot);
    const std::size_t open = test.variable.find('[');
    if (open != std::string::npos && test.variable.ends_with(']')) {
      const auto index = read_number(
          std::string_view(test.variable).substr(open + 1, test.variable.size() - open - 2), {});
      if (!index || *index < 0 || *index > 254)
        return Err{"expected an index from 0 to 254 in " + std::string(word)};
      test.index = static_cast<int>(*index);
      test.variable.resize(open);
    }
  }
  test.field = std::string(left);
  const auto* fixed = fixed_rule(rule, left);
  const auto* floating = floating_rule(rule, left);
  if (fixed == nullptr && floating == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& f : rule.fixed) names.push_back(f.name);
    for (const auto& f : rule.floating) names.push_back(f.name);
    const std::string_view near = nearest(left, names);
    return Err{std::string(rule.name) + " has no field " + test.field +
               (near.empty() ? "" : " (" + std::string(near) + "?)")};
  }
  const FieldType type = fixed != nullptr ? fixed->type : floating->type;
  if (is_named(type) != !test.variable.empty())
    return Err{is_named(type) ? "expected " + test.field + ".NAME=VALUE, not " + std::string(word)
                              : test.field + " has no parts"};
  const bool compared = test.kind == Kind::kEquals || test.kind == Kind::kDiffers;
  const auto* enumeration = fixed != nullptr ? fixed->enumeration : floating->enumeration;
  if (compared && !is_text(type) && !test.value.starts_with('$') &&
      !read_number(test.value, enumeration))
    return Err{test.field + " is a number" +
               (enumeration == nullptr ? "" : " or a name of " + std::string(enumeration->name)) +
               ", not " + test.value};
  return test;
}

Result<std::vector<std::byte>, std::string> build_message(const MessageText& text,
                                                          ged::Version version,
                                                          const RequestDefaults& defaults,
                                                          const Remembered& remembered) {
  ged::DecodedMessage message;
  message.rule = text.rule;
  message.number = text.rule->number;
  message.name = std::string(text.rule->name);
  message.version = version;
  for (const FieldTest& test : text.fields) {
    if (!known_at(*text.rule, test.field, version)) continue;
    auto field = field_of(*text.rule, test, remembered);
    if (!field) return Err{field.error()};
    auto& part = fixed_rule(*text.rule, test.field) != nullptr ? message.fixed : message.floating;
    part.push_back(std::move(field).value());
  }
  add_defaults(message, defaults);
  return ged::encode_table(message);
}

std::string mismatch(const ged::DecodedMessage& message, std::span<const FieldTest> fields,
                     Remembered& remembered) {
  std::string wrong;
  Remembered caught;
  for (const FieldTest& test : fields) {
    if (message.rule != nullptr && !known_at(*message.rule, test.field, message.version)) continue;
    const auto present = meant(message, test);
    const auto value = resolved(test.value, remembered);
    bool good = false;
    switch (test.kind) {
      case Kind::kAbsent:
        good = std::ranges::all_of(present, [](const auto* f) { return is_none(*f); });
        break;
      case Kind::kPresent:
      case Kind::kRemember:
        good = !present.empty() && !is_none(*present.front());
        break;
      case Kind::kEquals:
      case Kind::kDiffers: {
        const bool any =
            value && std::ranges::any_of(present, [&](const auto* f) { return holds(*f, *value); });
        good = value && any == (test.kind == Kind::kEquals);
        break;
      }
    }
    if (good && test.kind == Kind::kRemember) caught[test.value] = bare(*present.front());
    if (good) continue;
    std::string seen;
    for (const auto* field : present) seen += (seen.empty() ? "" : ", ") + value_text(*field);
    wrong += (wrong.empty() ? "" : "; ") + title(test) + " is " + (seen.empty() ? "absent" : seen) +
             ", expected " + shown(wanted_text(test, value.value_or("something remembered")));
  }
  if (!wrong.empty()) return wrong;
  for (auto& [name, value] : caught) remembered[name] = std::move(value);
  return wrong;
}

std::string brief(const ged::DecodedMessage& message, std::size_t fields_max) {
  std::string text = message.name;
  std::size_t shown = 0;
  const auto telling = [](const ged::DecodedField& f) {
    static constexpr std::string_view kDull[] = {"PeripheralID", "PeripheralType", "MonitorID"};
    if (std::ranges::find(kDull, f.name) != std::end(kDull)) return false;
    if (is_text(f.type)) return !f.value.text.empty();
    return f.value.number != 0 && !is_none(f) && !f.name.ends_with("Type");
  };
  for (const auto* part : {&message.fixed, &message.floating}) {
    for (const ged::DecodedField& field : *part) {
      if (!telling(field)) continue;
      if (shown++ == fields_max) return text + " ...";
      text += " " + field.name + "=" + value_text(field);
    }
  }
  return text;
}

}  // namespace cti::simulator
