// ged188_rules.cpp - look-ups in the schema tables. The tables themselves are generated (rules_data.cpp).
#include "wire/ged188_rules.hpp"

#include "core/base/bytes.hpp"

#include <algorithm>

namespace cti::wire::ged188 {
namespace {

bool contains(std::span<const std::uint16_t> list, std::size_t value) noexcept {
  return std::any_of(list.begin(), list.end(), [value](std::uint16_t x) { return x == value; });
}

}  // namespace

std::string_view name_of(FieldType type) noexcept {
  switch (type) {
    case FieldType::kUchar:
      return "UCHAR";
    case FieldType::kUshort:
      return "USHORT";
    case FieldType::kShort:
      return "SHORT";
    case FieldType::kBool:
      return "BOOL";
    case FieldType::kUint:
      return "UINT";
    case FieldType::kInt:
      return "INT";
    case FieldType::kTime:
      return "TIME";
    case FieldType::kString:
      return "STRING";
    case FieldType::kUnspec:
      return "UNSPEC";
    case FieldType::kNamedVar:
      return "NAMEDVAR";
    case FieldType::kNamedArray:
      return "NAMEDARRAY";
  }
  return "";
}

const MessageRule* find_message(std::uint32_t number) noexcept {
  const auto all = all_messages();
  const auto at =
      std::lower_bound(all.begin(), all.end(), number,
                       [](const MessageRule& m, std::uint32_t n) { return m.number < n; });
  return at != all.end() && at->number == number ? &*at : nullptr;
}

const MessageRule* find_message(std::string_view name) noexcept {
  const auto all = all_messages();
  const auto at =
      std::find_if(all.begin(), all.end(), [name](const MessageRule& m) { return m.name == name; });
  return at != all.end() ? &*at : nullptr;
}

const TagRule* find_tag(std::uint16_t number) noexcept {
  const auto all = all_tags();
  const auto at = std::lower_bound(all.begin(), all.end(), number,
                                   [](const TagRule& t, std::uint16_t n) { return t.number < n; });
  return at != all.end() && at->number == number ? &*at : nullptr;
}

const FloatRule* find_field(const MessageRule& message, std::uint16_t tag, bool lenient) noexcept {
  for (const FloatRule& field : message.floating) {
    if (field.tag == tag) return &field;
  }
  for (const FloatRule& field : message.floating) {
    if (contains(field.also, tag)) return &field;
    if (lenient && contains(field.lenient_also, tag)) return &field;
  }
  return nullptr;
}

const EnumValue* find_value(const EnumRule& enumeration, std::uint32_t value) noexcept {
  const auto& all = enumeration.values;
  const auto at = std::lower_bound(all.begin(), all.end(), value,
                                   [](const EnumValue& e, std::uint32_t v) { return e.value < v; });
  return at != all.end() && at->value == value ? &*at : nullptr;
}

bool matches(const VariantRule& variant, const std::byte* body, std::size_t bytes,
             Version version) noexcept {
  if (variant.version != 0 && variant.version != version) return false;
  if (!variant.lengths.empty() && !contains(variant.lengths, bytes)) return false;
  if (bytes < variant.fixed_size) return false;
  if (variant.value_at == 0) return true;
  if (floating_header_width(version) == 2) {
    return contains(variant.narrow_values, load_be<std::uint8_t>(body + variant.value_at));
  }
  return contains(variant.wide_values, load_be<std::uint16_t>(body + variant.value_at));
}

}  // namespace cti::wire::ged188
