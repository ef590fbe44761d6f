// lines.cpp - a message as lines, by the schema tables.
#include "tests/unit/wire/ged188/lines.hpp"

#include "wire/ged188_fields.hpp"
#include "wire/ged188_table.hpp"

#include <set>

namespace cti::wire::ged188 {
namespace {

using Entry = std::vector<RawField>;

std::string_view text_of(Bytes bytes) {
  std::string_view text = as_text(bytes);
  if (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

std::uint32_t unsigned_of(Bytes bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

void add_number(const FloatRule& rule, Bytes bytes, Lines& out) {
  const std::uint32_t value = unsigned_of(bytes);
  switch (rule.type) {
    case FieldType::kInt:
      return out.field(rule.name, std::optional(static_cast<std::int32_t>(value)));
    case FieldType::kUchar:
      return out.field(rule.name, std::optional(static_cast<std::uint8_t>(value)));
    case FieldType::kUshort:
    case FieldType::kBool:
      return out.field(rule.name, std::optional(static_cast<std::uint16_t>(value)));
    default:
      return out.field(rule.name, std::optional(value));
  }
}

/// `element` of a field that may hold several, or the whole field.
void add_field(const RawField& field, std::size_t element, Lines& out) {
  const FloatRule& rule = *field.rule;
  const unsigned width = width_of(rule.type);
  if (rule.type == FieldType::kString)
    return out.field(rule.name, std::optional(text_of(field.bytes)));
  if (rule.type == FieldType::kUnspec) return out.field(rule.name, std::optional(field.bytes));
  if (!rule.split) return add_number(rule, field.bytes, out);
  if ((element + 1) * width <= field.bytes.size()) {
    add_number(rule, field.bytes.subspan(element * width, width), out);
  }
}

void add_named(const RawField& field, Lines& out) {
  const bool array = field.rule->type == FieldType::kNamedArray;
  const Bytes bytes = array && !field.bytes.empty() ? field.bytes.subspan(1) : field.bytes;
  const std::string_view all = as_text(bytes);
  const std::size_t end = all.find('\0');
  const std::string_view name = all.substr(0, end);
  const std::string_view value =
      end == std::string_view::npos ? std::string_view{} : text_of(bytes.subspan(end + 1));
  if (!array) return out.named(name, value);
  out.named(field.bytes.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(field.bytes[0]),
            name, value);
}

std::size_t elements_of(const MessageRule& message, std::uint8_t group, const Entry& entry) {
  std::size_t elements = 1;
  for (const RawField& field : entry) {
    const unsigned width = width_of(field.rule->type);
    if (field.rule->group != group || !field.rule->split || field.bytes.size() % width != 0)
      continue;
    elements = std::max(elements, field.bytes.size() / width);
  }
  (void)message;
  return elements;
}

void add_list(const MessageRule& message, std::uint8_t group, const Entry& fields, Lines& out) {
  const GroupRule& rule = message.groups[group];
  for (const Entry& entry : split_entries(message, group, fields)) {
    const std::size_t elements = elements_of(message, group, entry);
    for (std::size_t element = 0; element < elements; ++element) {
      out.entry(rule.name);
      const FieldType type = message.floating[rule.fields[0]].type;
      if (type == FieldType::kNamedVar || type == FieldType::kNamedArray) {
        add_named(entry.front(), out);
        continue;
      }
      for (const std::uint8_t index : rule.fields) {
        for (const RawField& field : entry) {
          if (field.rule != &message.floating[index]) continue;
          add_field(field, element, out);
          break;
        }
      }
      for (std::size_t i = 0; i < message.groups.size(); ++i) {
        if (message.groups[i].inside == group)
          add_list(message, static_cast<std::uint8_t>(i), entry, out);
      }
    }
  }
}

}  // namespace

Lines lines_by_table(Bytes frame, Version version) {
  Lines out;
  const DecodedMessage message = decode_table(frame, version);
  if (message.rule == nullptr || !message.rule->published()) return out;
  const MessageRule& rule = *message.rule;
  std::size_t fixed_bytes = 0;
  for (const DecodedField& field : message.fixed) {
    const unsigned width = width_of(field.type);
    fixed_bytes += width != 0 ? width : field.value.text.size();
    if (width == 0) {
      out.fixed(field.name, Bytes(as_bytes(field.value.text)));
    } else {
      out.fixed(field.name, field.value.number);
    }
  }
  const Bytes body = frame.subspan(limits::kHeaderBytes);
  const RawFields raw = split_fields(rule, body, fixed_bytes, version, true);
  for (const RawField& field : raw.fields) {
    const bool single = field.rule != nullptr && field.rule->group == kNoGroup;
    if (single && !out.has(field.rule->name)) add_field(field, 0, out);
  }
  for (std::size_t i = 0; i < rule.groups.size(); ++i) {
    if (rule.groups[i].inside == kNoGroup)
      add_list(rule, static_cast<std::uint8_t>(i), raw.fields, out);
  }
  return out;
}

}  // namespace cti::wire::ged188
