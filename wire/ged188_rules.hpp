// ged188_rules.hpp - the schema as tables: every message, field, list and enumeration with its rules.
//
// Why      the careful checks, the table-driven decoder, the tools and the tests read the schema at run time; the
//          generated views do not need it on their fast path.
// Shape    constant arrays, generated into rules.cpp from wire/ged188.json. Nothing is computed at start.
#pragma once

#include "wire/ged188_limits.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace cti::wire::ged188 {

/// The guide's data types. Integers are big endian and unaligned.
enum class FieldType : std::uint8_t {
  kUchar,       ///< 1 byte
  kUshort,      ///< 2 bytes
  kShort,       ///< 2 bytes, signed
  kBool,        ///< 2 bytes, 0 or 1
  kUint,        ///< 4 bytes
  kInt,         ///< 4 bytes, signed
  kTime,        ///< 4 bytes, seconds since 1970 UTC
  kString,      ///< ASCII with one NUL at the end, floating only
  kUnspec,      ///< raw bytes
  kNamedVar,    ///< name NUL value NUL
  kNamedArray,  ///< index byte, name NUL value NUL
};
std::string_view name_of(FieldType type) noexcept;
/// Bytes of an integer type; 0 for the others.
constexpr unsigned width_of(FieldType type) noexcept {
  switch (type) {
    case FieldType::kUchar:
      return 1;
    case FieldType::kUshort:
    case FieldType::kShort:
    case FieldType::kBool:
      return 2;
    case FieldType::kUint:
    case FieldType::kInt:
    case FieldType::kTime:
      return 4;
    default:
      return 0;
  }
}
constexpr bool is_signed(FieldType type) noexcept {
  return type == FieldType::kInt || type == FieldType::kShort;
}

struct EnumValue {
  std::string_view name;  ///< as the guide spells it
  std::uint32_t value;
  std::uint8_t since;
};
struct EnumRule {
  std::string_view name;
  bool mask;
  std::uint8_t
      status;     ///< what a strict server answers to an undefined value; 0: it does not check
  bool has_null;  ///< `null` is allowed besides the values
  std::uint32_t null;
  std::uint32_t unnamed;              ///< mask bits that servers know, though no guide names them
  std::span<const EnumValue> values;  ///< by value, ascending
};

struct FixedRule {
  std::string_view name;
  FieldType type;
  std::uint8_t since;
  std::uint16_t offset;
  std::uint16_t size;
  const EnumRule* enumeration;  ///< null: a plain number
  bool reserved;                ///< must be zero
  std::uint32_t minimum;        ///< smallest allowed value; 0: any
  std::uint8_t minimum_status;
};

inline constexpr std::uint8_t kNoGroup = 255;

struct FloatRule {
  std::string_view name;
  FieldType type;
  std::uint16_t tag;
  std::uint16_t max;  ///< bytes, a string's NUL included
  std::uint8_t since;
  std::uint8_t until;
  std::uint8_t
      group;  ///< index into MessageRule::groups of the innermost list it belongs to, or kNoGroup
  bool required;
  bool any_width;  ///< a number whose width peers disagree about
  bool split;      ///< peers may put several elements into one field
  const EnumRule* enumeration;
  std::span<const std::uint16_t> also;          ///< second spellings of the tag, read always
  std::span<const std::uint16_t> lenient_also;  ///< second spellings, read when lenient
  std::string_view charset;  ///< strict: the only characters allowed; empty: any printable
};

struct GroupRule {
  std::string_view name;   ///< "flt_skill_groups"
  std::string_view count;  ///< name of the count field
  bool count_is_fixed;     ///< false: the count is a floating field
  std::uint16_t count_at;  ///< offset of the fixed field, or tag of the floating one
  std::uint16_t max;       ///< entries; 0: bounded by the frame only
  std::uint8_t status;     ///< what a strict server answers to a wrong count
  std::uint8_t inside;     ///< index of the group whose entries hold this list, or kNoGroup
  std::span<const std::uint8_t> fields;  ///< indices into MessageRule::floating, as printed
};

/// Another printed form of a fixed part, and how to recognise it (see `doubts` in the schema).
struct VariantRule {
  std::string_view doubt;
  std::uint16_t fixed_size;
  std::uint8_t version;                          ///< only at this version; 0: any
  std::uint16_t value_at;                        ///< offset of the value looked at; 0: none
  std::span<const std::uint16_t> lengths;        ///< body lengths
  std::span<const std::uint16_t> narrow_values;  ///< the byte at value_at, 1+1 headers
  std::span<const std::uint16_t> wide_values;    ///< the two bytes at value_at, 2+2 headers
  std::span<const FixedRule> fixed;
};

/// A fixed part that some driver is known to write against all guides: read by the tables alone, when nothing else fits.
struct FallbackRule {
  std::string_view doubt;
  std::uint16_t fixed_size;
  std::span<const FixedRule> fixed;
};

enum class Direction : std::uint8_t { kFromClient, kFromServer, kBoth };

struct MessageRule {
  std::string_view name;
  std::uint32_t number;
  std::string_view family;  ///< empty: layout not published
  Direction direction;
  std::uint8_t since;
  std::string_view reply;    ///< the positive answer to a request, or empty
  std::string_view refusal;  ///< the negative one
  std::span<const FixedRule> fixed;
  std::span<const FloatRule> floating;  ///< fields without a known tag are left out
  std::span<const GroupRule> groups;
  std::span<const VariantRule> variants;
  std::span<const FallbackRule> fallbacks;
  std::span<const std::uint16_t>
      listed_tags;  ///< tags that the guide lists for the message without saying where

  bool published() const noexcept { return !family.empty(); }
};

struct TagRule {
  std::uint16_t number;
  std::string_view name;
  std::uint16_t max;  ///< bytes of the longest field under this tag; 0: not known
};

/// Every message, by number.
std::span<const MessageRule> all_messages() noexcept;
/// Every tag, by number.
std::span<const TagRule> all_tags() noexcept;
/// Null: no such message.
const MessageRule* find_message(std::uint32_t number) noexcept;
const MessageRule* find_message(std::string_view name) noexcept;
const TagRule* find_tag(std::uint16_t number) noexcept;
/// The field that `tag` means in this message; null: none. Second spellings count, lenient ones when asked for.
const FloatRule* find_field(const MessageRule& message, std::uint16_t tag, bool lenient) noexcept;
/// Null: the enumeration has no name for the value.
const EnumValue* find_value(const EnumRule& enumeration, std::uint32_t value) noexcept;
/// Whether `body` looks like this other form at this version.
bool matches(const VariantRule& variant, const std::byte* body, std::size_t bytes,
             Version version) noexcept;

}  // namespace cti::wire::ged188
