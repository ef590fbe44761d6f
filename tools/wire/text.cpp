// text.cpp - see text.hpp.
#include "tools/wire/text.hpp"

#include "tools/wire/hex.hpp"

#include <array>
#include <cstdio>

namespace cti::tools {

using namespace wire::ged188;

namespace {

std::string hexed(std::uint64_t number) {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string mask_text(const EnumRule& rule, std::uint32_t value) {
  std::string names;
  std::uint32_t rest = value;
  for (const EnumValue& bit : rule.values) {
    if ((value & bit.value) == 0) continue;
    names += (names.empty() ? "" : "|") + std::string(bit.name);
    rest &= ~bit.value;
  }
  if (rest != 0) names += (names.empty() ? "" : "|") + hexed(rest);
  return names.empty() ? "0" : hexed(value) + " " + names;
}

std::string number_text(const DecodedField& field, std::int64_t number) {
  if (field.enumeration == nullptr) return std::to_string(number);
  const auto value = static_cast<std::uint32_t>(number);
  if (field.enumeration->mask) return mask_text(*field.enumeration, value);
  const EnumValue* known = find_value(*field.enumeration, value);
  return known != nullptr ? std::string(known->name) + " (" + std::to_string(number) + ")"
                          : std::to_string(number);
}

std::string versions(unsigned since, unsigned until) {
  std::string text = since > kOldestVersion ? ", from version " + std::to_string(since) : "";
  return until != kNoEnd ? text + ", up to version " + std::to_string(until) : text;
}

std::string sender(Direction direction) {
  switch (direction) {
    case Direction::kFromClient:
      return "client to server";
    case Direction::kFromServer:
      return "server to client";
    case Direction::kBoth:
      return "either way";
  }
  return {};
}

std::string fixed_text(const FixedRule& field) {
  std::string line = "  " + padded(std::to_string(field.offset), 5) +
                     padded(std::string(field.name), 30) + std::string(name_of(field.type));
  if (field.enumeration != nullptr) line += " " + std::string(field.enumeration->name);
  if (field.reserved) line += ", zero";
  return line + versions(field.since, kNoEnd) + "\n";
}

std::string floating_text(const MessageRule& rule, const FloatRule& field) {
  std::string line = "  " + padded(std::to_string(field.tag), 5) +
                     padded(std::string(field.name), 30) + std::string(name_of(field.type)) + " " +
                     std::to_string(field.max);
  if (field.enumeration != nullptr) line += " " + std::string(field.enumeration->name);
  if (field.required) line += ", required";
  if (field.group != kNoGroup) line += ", in " + std::string(rule.groups[field.group].name);
  for (const std::uint16_t tag : field.also) line += ", also tag " + std::to_string(tag);
  for (const std::uint16_t tag : field.lenient_also) line += ", also tag " + std::to_string(tag);
  return line + versions(field.since, field.until) + "\n";
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xC2 && lead < 0xE0 ? 1
                             : (lead & 0xF0) == 0xE0       ? 2
                             : lead >= 0xF0 && lead < 0xF5 ? 3
                                                           : 4;
    if (more == 4 || at + more >= text.size()) return false;
    std::uint32_t code = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3FU);
    }
    const bool too_long =
        (more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10FFFF));
    if (too_long || (code >= 0xD800 && code < 0xE000)) return false;
    at += more + 1;
  }
  return true;
}

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += "\\x" + to_hex(std::string_view(&c, 1));
    }
  }
  return out + '"';
}

std::string value_text(const DecodedField& field) {
  const DecodedValue& value = field.value;
  switch (field.type) {
    case FieldType::kString:
      return quoted(value.text);
    case FieldType::kUnspec:
      return to_hex(value.text);
    case FieldType::kNamedVar:
      return quoted(value.name) + " = " + quoted(value.text);
    case FieldType::kNamedArray:
      return quoted(value.name) + "[" + std::to_string(value.index) + "] = " + quoted(value.text);
    default:
      break;
  }
  if (value.numbers.empty()) return number_text(field, value.number);
  std::string text;
  for (const std::int64_t number : value.numbers)
    text += (text.empty() ? "" : ", ") + number_text(field, number);
  return text;
}

std::string message_text(const DecodedMessage& message, const std::string& where) {
  std::string out = where + ": " + message.name + " (" + std::to_string(message.number) +
                    "), version " + std::to_string(message.version);
  if (message.rule != nullptr && !message.rule->published()) out += ", layout not published";
  out += "\n";
  for (const DecodedField& field : message.fixed)
    out += "  " + field.name + ": " + value_text(field) + "\n";
  for (const DecodedField& field : message.floating) {
    out += "  [" + std::to_string(field.tag) + "] " + field.name + ": " + value_text(field);
    if (field.raw) out += "  (bytes " + to_hex(*field.raw) + ")";
    out += "\n";
  }
  if (!message.leftover.empty()) {
    out += "  ! left over at offset " + std::to_string(message.leftover_offset) + ": " +
           to_hex(message.leftover) + "\n";
  }
  if (message.error) out += "  ! " + message.error->text() + "\n";
  for (const wire::DecodeError& warning : message.warnings) out += "  ? " + warning.text() + "\n";
  return out;
}

std::string list_text() {
  std::string out;
  for (const MessageRule& rule : all_messages()) {
    const std::string what = rule.published() ? std::string(rule.family) : "name only";
    out += padded(std::to_string(rule.number), 5) + padded(std::string(rule.name), 40) +
           padded(what, 16) + sender(rule.direction) + versions(rule.since, kNoEnd) + "\n";
  }
  return out;
}

std::string rule_text(const MessageRule& rule) {
  std::string out = std::string(rule.name) + " (" + std::to_string(rule.number) + "), " +
                    sender(rule.direction) + versions(rule.since, kNoEnd) + "\n";
  if (!rule.reply.empty()) out += "answered by " + std::string(rule.reply);
  if (!rule.reply.empty() && !rule.refusal.empty()) out += " or " + std::string(rule.refusal);
  if (!rule.reply.empty()) out += "\n";
  if (!rule.published()) return out + "layout not published\n";
  if (!rule.fixed.empty()) out += "\nfixed part: offset, field, type\n";
  for (const FixedRule& field : rule.fixed) out += fixed_text(field);
  if (!rule.floating.empty()) out += "\nfloating part: tag, field, type, bytes at most\n";
  for (const FloatRule& field : rule.floating) out += floating_text(rule, field);
  if (!rule.groups.empty()) out += "\nlists\n";
  for (const GroupRule& group : rule.groups) {
    out += "  " + std::string(group.name) + ", counted by " + std::string(group.count);
    if (group.max != 0) out += ", at most " + std::to_string(group.max);
    if (group.inside != kNoGroup)
      out += ", inside each of " + std::string(rule.groups[group.inside].name);
    out += "\n";
  }
  return out;
}

}  // namespace cti::tools
