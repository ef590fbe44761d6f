// ged188_table_encode.cpp - writing a message from the tree that ged188_table.hpp describes.
#include "wire/ged188_fields.hpp"
#include "wire/ged188_table.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace cti::wire::ged188 {
namespace {

using Buffer = std::vector<std::byte>;

void append_number(Buffer& out, std::uint64_t value, unsigned width) {
  for (unsigned shift = width * 8; shift != 0; shift -= 8) {
    out.push_back(static_cast<std::byte>(value >> (shift - 8) & 0xFF));
  }
}

void append_text(Buffer& out, std::string_view text, bool terminated) {
  const Bytes bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
  if (terminated) out.push_back(std::byte{0});
}

/// Whether `value` fits `width` bytes, signed or not as the type says.
bool fits(std::int64_t value, FieldType type, unsigned width) {
  const std::int64_t span = std::int64_t{1} << (8 * width);
  return is_signed(type) ? value >= -span / 2 && value < span / 2 : value >= 0 && value < span;
}

bool has_all(std::span<const FixedRule> form, std::size_t bytes,
             const std::vector<DecodedField>& fields) {
  return std::all_of(fields.begin(), fields.end(), [&](const DecodedField& field) {
    return std::any_of(form.begin(), form.end(), [&](const FixedRule& rule) {
      return rule.name == field.name && rule.offset + std::size_t{rule.size} <= bytes;
    });
  });
}

struct Form {
  std::span<const FixedRule> fields;
  std::size_t bytes = 0;
};

/// The form with message.fixed_bytes bytes: of a version, or of a known odd driver.
std::optional<Form> find_form(const DecodedMessage& message) {
  const MessageRule& rule = *message.rule;
  const std::size_t bytes = message.fixed_bytes;
  for (const FallbackRule& fallback : rule.fallbacks) {
    if (fallback.fixed_size == bytes && has_all(fallback.fixed, bytes, message.fixed))
      return Form{fallback.fixed, bytes};
  }
  for (Version version = kOldestVersion; version <= kNewestVersion; ++version) {
    const bool fits = fixed_size_at(rule, version) == bytes;
    if (fits && has_all(rule.fixed, bytes, message.fixed)) return Form{rule.fixed, bytes};
  }
  return std::nullopt;
}

/// The first printed form that has all given fields: believed, another one, a later version's.
std::optional<Form> choose_form(const DecodedMessage& message) {
  const MessageRule& rule = *message.rule;
  if (message.fixed_bytes != 0) return find_form(message);
  const std::size_t own = fixed_size_at(rule, message.version);
  if (has_all(rule.fixed, own, message.fixed)) return Form{rule.fixed, own};
  for (const VariantRule& variant : rule.variants) {
    const bool at_this_version = variant.version == 0 || variant.version == message.version;
    if (at_this_version && has_all(variant.fixed, variant.fixed_size, message.fixed)) {
      return Form{variant.fixed, variant.fixed_size};
    }
  }
  for (Version later = message.version + 1; later <= kNewestVersion; ++later) {
    const std::size_t bytes = fixed_size_at(rule, later);
    if (has_all(rule.fixed, bytes, message.fixed)) return Form{rule.fixed, bytes};
  }
  return std::nullopt;
}

/// Empty: written. Else what is wrong.
std::string append_fixed(Buffer& out, const DecodedMessage& message) {
  const auto form = choose_form(message);
  if (!form) {
    for (const DecodedField& field : message.fixed) {
      if (!has_all(message.rule->fixed, SIZE_MAX, {field})) return "no fixed field " + field.name;
    }
    return "these fixed fields do not belong together at version " +
           std::to_string(message.version);
  }
  for (const FixedRule& rule : form->fields) {
    if (rule.offset + std::size_t{rule.size} > form->bytes) break;
    const auto given = std::find_if(message.fixed.begin(), message.fixed.end(),
                                    [&](const DecodedField& f) { return f.name == rule.name; });
    if (given == message.fixed.end() && message.fixed_incomplete) break;
    if (width_of(rule.type) == 0) {
      const std::string bytes =
          given != message.fixed.end() ? given->value.text : std::string(rule.size, '\0');
      if (bytes.size() != rule.size)
        return std::string(rule.name) + ": wants " + std::to_string(rule.size) + " bytes";
      append_text(out, bytes, false);
      continue;
    }
    const std::int64_t value = given != message.fixed.end() ? given->value.number : 0;
    if (!fits(value, rule.type, rule.size)) {
      return std::string(rule.name) + ": " + std::to_string(value) + " does not fit " +
             std::string(name_of(rule.type));
    }
    append_number(out, static_cast<std::uint64_t>(value), rule.size);
  }
  return {};
}

std::string append_value(Buffer& out, const DecodedField& field) {
  const DecodedValue& value = field.value;
  const bool nul = (value.text + value.name).find('\0') != std::string::npos;
  const unsigned width = width_of(field.type);
  if (width == 0 && field.type != FieldType::kUnspec && nul) return "a NUL inside";
  switch (field.type) {
    case FieldType::kUnspec:
      append_text(out, value.text, false);
      return {};
    case FieldType::kString:
      append_text(out, value.text, true);
      return {};
    case FieldType::kNamedArray:
      out.push_back(std::byte{value.index});
      [[fallthrough]];
    case FieldType::kNamedVar:
      append_text(out, value.name, true);
      append_text(out, value.text, true);
      return {};
    default:
      break;
  }
  const std::vector<std::int64_t> one{value.number};
  for (const std::int64_t number : value.numbers.empty() ? one : value.numbers) {
    if (!fits(number, field.type, width)) {
      return std::to_string(number) + " does not fit " + std::string(name_of(field.type));
    }
    append_number(out, static_cast<std::uint64_t>(number), width);
  }
  return {};
}

std::string append_field(Buffer& out, const DecodedField& field, Version version) {
  Buffer content;
  std::string wrong;
  if (field.raw) {
    append_text(content, *field.raw, false);
  } else {
    wrong = append_value(content, field);
  }
  const unsigned half = floating_header_width(version) / 2;
  const std::size_t limit = half == 1 ? 0xFF : 0xFFFF;
  if (wrong.empty() && field.tag > limit) wrong = "the tag does not fit this version's header";
  if (wrong.empty() && content.size() > limit)
    wrong = std::to_string(content.size()) + " bytes do not fit the length";
  if (!wrong.empty()) return field.name + ": " + wrong;
  append_number(out, field.tag, half);
  append_number(out, content.size(), half);
  out.insert(out.end(), content.begin(), content.end());
  return {};
}

}  // namespace

Result<std::vector<std::byte>, std::string> encode_table(const DecodedMessage& message) {
  Buffer out;
  append_number(out, 0, 4);
  append_number(out, message.number, 4);
  if (message.rule != nullptr && message.rule->published()) {
    std::string wrong = append_fixed(out, message);
    for (const DecodedField& field : message.floating) {
      if (wrong.empty()) wrong = append_field(out, field, message.version);
    }
    if (!wrong.empty()) return Err{std::string(message.name + ": " + wrong)};
  } else if (!message.fixed.empty() || !message.floating.empty()) {
    return Err{std::string(message.name + ": fields of a message without a known layout")};
  }
  append_text(out, message.leftover, false);
  if (out.size() > limits::kMessageBytesMax) {
    return Err{std::string(message.name + ": " + std::to_string(out.size()) + " bytes, at most " +
                           std::to_string(limits::kMessageBytesMax))};
  }
  store_be(out.data(), static_cast<std::uint32_t>(out.size() - limits::kHeaderBytes));
  return out;
}

}  // namespace cti::wire::ged188
