// message_json.cpp - see message_json.hpp. The only file that includes RapidJSON.
#include "tools/wire/message_json.hpp"

#include "tools/wire/hex.hpp"
#include "tools/wire/text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace cti::tools {
namespace {

using namespace wire::ged188;
using Json = rapidjson::Writer<rapidjson::StringBuffer>;
using Value = rapidjson::Value;
using Wrong = std::string;  // empty: all well

/// Characters that a terminal obeys or that turn text around: C0, C1, DEL, marks of direction, separators of lines.
bool is_treacherous(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0xFEFF ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x2069);
}

/// The text as a JSON string. `text` is UTF-8.
std::string json_string(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    std::uint32_t code = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i)
      code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    if (is_treacherous(code)) {
      out += "\\u";
      for (const int shift : {12, 8, 4, 0}) out += kHex[code >> shift & 15];
    } else {
      if (code == '"' || code == '\\') out += '\\';
      out.append(text.substr(at, more + 1));
    }
    at += more + 1;
  }
  return out + '"';
}

/// Text that is no UTF-8 is shown as if it were Latin-1; its bytes are kept beside it.
void put(Json& json, std::string_view text) {
  const std::string string = json_string(is_utf8(text) ? std::string(text) : latin1_to_utf8(text));
  json.RawValue(string.data(), string.size(), rapidjson::kStringType);
}
void put_key(Json& json, std::string_view text) {
  json.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put_value(Json& json, const DecodedField& field) {
  const DecodedValue& value = field.value;
  switch (field.type) {
    case FieldType::kString:
      return put(json, value.text);
    case FieldType::kUnspec:
      return put(json, to_hex(value.text));
    case FieldType::kNamedArray:
    case FieldType::kNamedVar:
      json.StartArray();
      if (field.type == FieldType::kNamedArray) json.Uint(value.index);
      put(json, value.name);
      put(json, value.text);
      json.EndArray();
      return;
    default:
      break;
  }
  const std::size_t bytes = field.raw ? field.raw->size() : 0;
  if (field.raw && bytes != 1 && bytes != 2 && bytes != 4) return put(json, to_hex(*field.raw));
  if (value.numbers.empty()) {
    json.Int64(value.number);
    return;
  }
  json.StartArray();
  for (const std::int64_t number : value.numbers) json.Int64(number);
  json.EndArray();
}

/// The bytes of a field whose shown value would not be written as they were.
std::optional<std::string> bytes_to_keep(const DecodedField& field) {
  if (field.raw) return field.raw;
  const bool text = field.type == FieldType::kString || field.type == FieldType::kNamedVar ||
                    field.type == FieldType::kNamedArray;
  if (!text || (is_utf8(field.value.text) && is_utf8(field.value.name))) return std::nullopt;
  std::string raw;
  if (field.type == FieldType::kNamedArray) raw += static_cast<char>(field.value.index);
  if (field.type != FieldType::kString) raw += field.value.name + '\0';
  return raw + field.value.text + '\0';
}

void put_error(Json& json, const wire::DecodeError& error) {
  json.StartObject();
  put_key(json, "code"), put(json, name_of(error.code));
  put_key(json, "offset"), json.Uint(error.offset);
  if (!error.field.empty()) put_key(json, "field"), put(json, error.field);
  if (error.tag != 0) put_key(json, "tag"), json.Uint(error.tag);
  if (error.strict_status != 0) put_key(json, "status"), json.Uint(error.strict_status);
  put_key(json, "text"), put(json, error.text());
  json.EndObject();
}

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// A number, or names of an enumeration's values joined by "|".
Wrong read_number(const Value& value, const EnumRule* enumeration, std::int64_t& number) {
  if (value.IsInt64()) return number = value.GetInt64(), Wrong{};
  if (value.IsBool()) return number = value.GetBool() ? 1 : 0, Wrong{};
  if (!value.IsString() || enumeration == nullptr) return "wants a number";
  number = 0;
  std::string_view rest = text_of(value);
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const auto found = std::find_if(enumeration->values.begin(), enumeration->values.end(),
                                    [&](const EnumValue& v) { return v.name == name; });
    if (found == enumeration->values.end())
      return std::string(enumeration->name) + " has no value " + std::string(name);
    number |= found->value;
  }
  return {};
}

Wrong read_hex(const Value& value, std::string& bytes) {
  const auto found = value.IsString() ? from_hex(text_of(value)) : std::nullopt;
  if (!found) return "wants hex digits in pairs";
  bytes = *found;
  return {};
}

Wrong read_named(const Value& value, FieldType type, DecodedValue& out) {
  const rapidjson::SizeType parts = type == FieldType::kNamedArray ? 3 : 2;
  const bool shape = value.IsArray() && value.Size() == parts && value[parts - 2].IsString() &&
                     value[parts - 1].IsString();
  if (!shape) return parts == 3 ? "wants [index, name, value]" : "wants [name, value]";
  if (parts == 3 && (!value[0].IsUint() || value[0].GetUint() > 255))
    return "wants an index up to 255";
  if (parts == 3) out.index = static_cast<std::uint8_t>(value[0].GetUint());
  out.name = text_of(value[parts - 2]);
  out.text = text_of(value[parts - 1]);
  return {};
}

Wrong read_value(const Value& value, DecodedField& field) {
  switch (field.type) {
    case FieldType::kUnspec:
      return read_hex(value, field.value.text);
    case FieldType::kNamedVar:
    case FieldType::kNamedArray:
      return read_named(value, field.type, field.value);
    case FieldType::kString:
      if (!value.IsString()) return "wants a string";
      field.value.text = text_of(value);
      return {};
    default:
      break;
  }
  if (!value.IsArray()) return read_number(value, field.enumeration, field.value.number);
  for (const Value& element : value.GetArray()) {
    Wrong wrong = read_number(element, field.enumeration, field.value.numbers.emplace_back());
    if (!wrong.empty()) return wrong;
  }
  return value.Empty() ? "an empty list of numbers" : Wrong{};
}

Wrong read_fixed(const Value& fixed, DecodedMessage& message) {
  if (!fixed.IsObject()) return "\"fixed\" wants an object";
  const auto add = [&](std::span<const FixedRule> form, std::string_view name, const Value& value,
                       Wrong& wrong) {
    for (const FixedRule& rule : form) {
      if (rule.name != name) continue;
      DecodedField field;
      field.name = rule.name;
      field.type = rule.type;
      field.enumeration = rule.enumeration;
      wrong = read_value(value, field);
      message.fixed.push_back(std::move(field));
      return true;
    }
    return false;
  };
  for (const auto& [key, value] : fixed.GetObject()) {
    const std::string_view name = text_of(key);
    Wrong wrong;
    bool known = add(message.rule->fixed, name, value, wrong);
    for (const VariantRule& variant : message.rule->variants)
      known = known || add(variant.fixed, name, value, wrong);
    for (const FallbackRule& fallback : message.rule->fallbacks)
      known = known || add(fallback.fixed, name, value, wrong);
    if (!known) return "no fixed field " + std::string(name);
    if (!wrong.empty()) return std::string(name) + " " + wrong;
  }
  return {};
}

const FloatRule* find_named(const MessageRule& rule, std::string_view name) {
  const auto found = std::find_if(rule.floating.begin(), rule.floating.end(),
                                  [name](const FloatRule& field) { return field.name == name; });
  return found != rule.floating.end() ? &*found : nullptr;
}

Wrong read_field(const Value& entry, DecodedMessage& message) {
  if (!entry.IsObject()) return "\"floating\" wants a list of objects";
  DecodedField field;
  const FloatRule* rule = nullptr;
  if (entry.HasMember("name") && entry["name"].IsString()) {
    field.name = text_of(entry["name"]);
    rule = find_named(*message.rule, field.name);
  }
  if (entry.HasMember("tag")) {
    if (!entry["tag"].IsUint() || entry["tag"].GetUint() > 0xFFFF)
      return "\"tag\" wants a number up to 65535";
    field.tag = static_cast<std::uint16_t>(entry["tag"].GetUint());
    if (rule == nullptr && field.name.empty()) rule = find_field(*message.rule, field.tag, true);
  } else if (rule != nullptr) {
    field.tag = rule->tag;
  }
  if (rule == nullptr && field.tag == 0) return "no floating field " + field.name;
  if (rule == nullptr && field.name.empty()) field.name = "tag_" + std::to_string(field.tag);
  if (rule == nullptr && !field.name.starts_with("tag_")) return "no floating field " + field.name;
  if (rule != nullptr) {
    field.name = rule->name;
    field.type = rule->type;
    field.enumeration = rule->enumeration;
  }
  if (entry.HasMember("raw")) {
    std::string raw;
    Wrong wrong = read_hex(entry["raw"], raw);
    if (!wrong.empty()) return field.name + ": \"raw\" " + wrong;
    field.raw = raw;
  } else {
    if (!entry.HasMember("value")) return field.name + " has no \"value\"";
    Wrong wrong = read_value(entry["value"], field);
    if (!wrong.empty()) return field.name + " " + wrong;
  }
  message.floating.push_back(std::move(field));
  return {};
}

Wrong read_head(const Value& json, std::optional<Version> version, DecodedMessage& message) {
  if (!json.IsObject()) return "wants an object";
  if (json.HasMember("message") && json["message"].IsString()) {
    message.name = text_of(json["message"]);
    message.rule = find_message(std::string_view(message.name));
  }
  if (json.HasMember("number") && json["number"].IsUint()) {
    message.number = json["number"].GetUint();
    if (message.rule != nullptr && message.rule->number != message.number) {
      return message.name + " is number " + std::to_string(message.rule->number);
    }
    if (message.rule == nullptr) message.rule = find_message(message.number);
  } else if (message.rule != nullptr) {
    message.number = message.rule->number;
  } else {
    return message.name.empty() ? "neither \"message\" nor \"number\""
                                : "no message " + message.name;
  }
  if (message.rule != nullptr) message.name = message.rule->name;
  const bool version_fits =
      !json.HasMember("version") || (json["version"].IsUint() && json["version"].GetUint() < 100);
  if (!version_fits) return "\"version\" wants a number below 100";
  message.version =
      json.HasMember("version") ? json["version"].GetUint() : version.value_or(kNewestVersion);
  return {};
}

Wrong read_message(const Value& json, std::optional<Version> version, DecodedMessage& message) {
  Wrong wrong = read_head(json, version, message);
  if (!wrong.empty()) return wrong;
  const bool published = message.rule != nullptr && message.rule->published();
  if (published && json.HasMember("fixed")) wrong = read_fixed(json["fixed"], message);
  if (wrong.empty() && published && json.HasMember("floating")) {
    if (!json["floating"].IsArray()) return "\"floating\" wants a list";
    for (const Value& entry : json["floating"].GetArray()) {
      if (wrong.empty()) wrong = read_field(entry, message);
    }
  }
  if (wrong.empty() && json.HasMember("leftover")) {
    wrong = read_hex(json["leftover"], message.leftover);
    if (!wrong.empty()) wrong = "\"leftover\" " + wrong;
  }
  if (json.HasMember("incomplete")) message.fixed_incomplete = true;
  if (wrong.empty() && json.HasMember("fixed_bytes")) {
    const Value& bytes = json["fixed_bytes"];
    if (!bytes.IsUint() || bytes.GetUint() > wire::ged188::limits::kBodyBytesMax)
      return "\"fixed_bytes\" wants a number of bytes";
    message.fixed_bytes = static_cast<std::uint16_t>(bytes.GetUint());
  }
  return wrong;
}

}  // namespace

std::string to_json(const DecodedMessage& message) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  put_key(json, "message"), put(json, message.name);
  put_key(json, "number"), json.Uint(message.number);
  put_key(json, "version"), json.Uint(message.version);
  put_key(json, "fixed");
  json.StartObject();
  for (const DecodedField& field : message.fixed) put_key(json, field.name), put_value(json, field);
  json.EndObject();
  put_key(json, "floating");
  json.StartArray();
  for (const DecodedField& field : message.floating) {
    json.StartObject();
    put_key(json, "name"), put(json, field.name);
    put_key(json, "tag"), json.Uint(field.tag);
    put_key(json, "value"), put_value(json, field);
    if (const auto raw = bytes_to_keep(field)) put_key(json, "raw"), put(json, to_hex(*raw));
    json.EndObject();
  }
  json.EndArray();
  put_key(json, "leftover"), put(json, to_hex(message.leftover));
  if (message.fixed_incomplete) put_key(json, "incomplete"), json.Bool(true);
  if (message.fixed_bytes != 0) put_key(json, "fixed_bytes"), json.Uint(message.fixed_bytes);
  if (message.error) put_key(json, "error"), put_error(json, *message.error);
  if (!message.warnings.empty()) {
    put_key(json, "warnings");
    json.StartArray();
    for (const wire::DecodeError& warning : message.warnings) put_error(json, warning);
    json.EndArray();
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<DecodedMessage, std::string> from_json(std::string_view line,
                                              std::optional<Version> version) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(line.data(),
                                             line.size());  // iterative: no stack to overflow
  if (json.HasParseError()) {
    return Err{std::string(rapidjson::GetParseError_En(json.GetParseError())) + " At character " +
               std::to_string(json.GetErrorOffset() + 1)};
  }
  DecodedMessage message;
  Wrong wrong = read_message(json, version, message);
  if (!wrong.empty()) return Err{message.name.empty() ? wrong : message.name + ": " + wrong};
  return message;
}

}  // namespace cti::tools
