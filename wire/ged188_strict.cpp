// ged188_strict.cpp - the checks of a strict CTI Server, in the order of the bytes. See ged188_strict.hpp.
#include "wire/ged188_strict.hpp"

#include "wire/ged188/enums.hpp"
#include "wire/ged188_fields.hpp"

#include <algorithm>

namespace cti::wire::ged188 {
namespace {

using Fault = std::optional<DecodeError>;

std::uint32_t number_at(Bytes bytes) noexcept {
  switch (bytes.size()) {
    case 1:
      return load_be<std::uint8_t>(bytes.data());
    case 2:
      return load_be<std::uint16_t>(bytes.data());
    default:
      return load_be<std::uint32_t>(bytes.data());
  }
}

/// Reserved words, masks, enumerations, minima. `value` is unsigned as on the wire.
Fault check_value(const MessageRule& message, const EnumRule* rule, Version version,
                  std::uint32_t value, std::size_t offset, std::string_view field,
                  std::uint16_t tag) {
  if (rule == nullptr || rule->status == 0) return std::nullopt;
  if (rule->has_null && value == rule->null) return std::nullopt;
  DecodeErrorCode code = DecodeErrorCode::kValueOutOfRange;
  std::uint32_t limit = 0;
  if (rule->mask) {
    limit = rule->unnamed;
    for (const EnumValue& bit : rule->values) {
      if (bit.since <= version) limit |= bit.value;
    }
    if ((value & ~limit) == 0) return std::nullopt;
    code = DecodeErrorCode::kUnusedMaskBits;
  } else {
    const EnumValue* known = find_value(*rule, value);
    if (known != nullptr && known->since <= version) return std::nullopt;
  }
  DecodeError error = fault(message, code, offset);
  error.field = field;
  error.tag = tag;
  error.actual = value;
  error.limit = limit;
  error.strict_status = rule->status;
  return error;
}

Fault check_fixed_field(const MessageRule& message, const FixedRule& rule, Bytes body,
                        Version version) {
  const Bytes bytes = body.subspan(rule.offset, rule.size);
  DecodeError error = fault(message, DecodeErrorCode::kReservedNotZero, rule.offset);
  error.field = rule.name;
  if (rule.reserved) {
    const bool zero =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
    if (zero) return std::nullopt;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidReservedField);
    return error;
  }
  if (width_of(rule.type) == 0) return std::nullopt;
  const std::uint32_t value = number_at(bytes);
  if (value < rule.minimum) {
    error.code = DecodeErrorCode::kValueOutOfRange;
    error.actual = value;
    error.limit = rule.minimum;
    error.strict_status = rule.minimum_status;
    return error;
  }
  return check_value(message, rule.enumeration, version, value, rule.offset, rule.name, 0);
}

/// One piece of text with its NUL: where it is wrong, if it is.
Fault check_text(DecodeError error, Bytes bytes, std::string_view charset) {
  const std::string_view text = as_text(bytes);
  if (text.empty() || text.find('\0') != text.size() - 1) {
    error.code = DecodeErrorCode::kTextNotTerminated;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kBadMessageFormat);
    return error;
  }
  for (const char c : text.substr(0, text.size() - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte >= 0x20 && byte < 0x7F;
    const bool allowed = charset.empty() || charset.find(c) != std::string_view::npos;
    if (printable && allowed) continue;
    error.code = DecodeErrorCode::kBadCharacter;
    error.actual = byte;
    error.strict_status = static_cast<std::uint32_t>(charset.empty() ? StatusCode::kInvalidCharacter
                                                                     : StatusCode::kInvalidDigits);
    return error;
  }
  return std::nullopt;
}

Fault check_named(DecodeError error, Bytes bytes) {
  const std::string_view all = as_text(bytes);
  const std::size_t name_end = all.find('\0');
  if (name_end == std::string_view::npos) {
    error.code = DecodeErrorCode::kTextNotTerminated;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kBadMessageFormat);
    return error;
  }
  if (Fault fault = check_text(error, bytes.first(name_end + 1), {})) return fault;
  if (Fault fault = check_text(error, bytes.subspan(name_end + 1), {})) return fault;
  const std::size_t value_bytes = all.size() - name_end - 1;
  if (name_end + 1 <= limits::kNamedNameBytesMax && value_bytes <= limits::kNamedValueBytesMax) {
    return std::nullopt;
  }
  error.code = DecodeErrorCode::kValueTooLong;
  error.actual = std::max(name_end + 1, value_bytes);
  error.limit = name_end + 1 > limits::kNamedNameBytesMax ? limits::kNamedNameBytesMax
                                                          : limits::kNamedValueBytesMax;
  error.strict_status = static_cast<std::uint32_t>(StatusCode::kValueTooLong);
  return error;
}

Fault check_tag(const MessageRule& message, const RawField& field, Version version) {
  DecodeError error = fault(message, DecodeErrorCode::kUnknownTag, field.offset);
  error.tag = field.tag;
  if (find_tag(field.tag) == nullptr) {
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidFieldTag);
    return error;
  }
  if (field.rule == nullptr) {
    const auto& listed = message.listed_tags;
    if (std::find(listed.begin(), listed.end(), field.tag) != listed.end()) return std::nullopt;
    error.code = DecodeErrorCode::kTagNotForMessage;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidTagForMsgType);
    return error;
  }
  if (version >= field.rule->since && version <= field.rule->until) return std::nullopt;
  error.code = DecodeErrorCode::kTagNotForVersion;
  error.field = field.rule->name;
  error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidTagForVersion);
  return error;
}

Fault check_content(const MessageRule& message, const RawField& field, Version version) {
  if (field.rule == nullptr) return std::nullopt;
  const FloatRule& rule = *field.rule;
  DecodeError error = fault(message, DecodeErrorCode::kFieldLength, field.offset);
  error.tag = field.tag;
  error.field = rule.name;
  const TagRule* other =
      field.tag != rule.tag ? find_tag(field.tag) : nullptr;  // a second spelling
  const std::size_t longest = other != nullptr && other->max != 0 ? other->max : rule.max;
  if (width_of(rule.type) == 0 && field.bytes.size() > longest) {
    error.actual = field.bytes.size();
    error.limit = longest;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidFieldLength);
    return error;
  }
  switch (rule.type) {
    case FieldType::kUnspec:
      return std::nullopt;
    case FieldType::kString:
      return check_text(error, field.bytes, rule.charset);
    case FieldType::kNamedVar:
      return check_named(error, field.bytes);
    case FieldType::kNamedArray:
      if (!field.bytes.empty()) return check_named(error, field.bytes.subspan(1));
      error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidFieldLength);
      return error;
    default:
      break;
  }
  if (field.bytes.size() != width_of(rule.type))
    return std::nullopt;  // several elements, checked as a list
  return check_value(message, rule.enumeration, version, number_at(field.bytes), field.offset,
                     rule.name, field.tag);
}

Fault with_status(Fault fault, const MessageRule& message) {
  if (!fault) return fault;
  fault->strict_status = status_of(fault->code);
  const bool about_count = fault->code == DecodeErrorCode::kCountMismatch ||
                           fault->code == DecodeErrorCode::kCountTooLarge;
  for (const GroupRule& group : message.groups) {
    if (about_count && group.count == fault->field && group.status != 0)
      fault->strict_status = group.status;
  }
  return fault;
}

/// What a named variable or element adds to the sum: its value, no name, no NULs.
std::size_t named_value_bytes(const RawField& field) {
  std::string_view rest = as_text(field.bytes);
  if (field.rule->type == FieldType::kNamedArray)
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  rest.remove_prefix(std::min(rest.size(), rest.find('\0')));
  return rest.size() < 2 ? 0 : rest.size() - 2;
}

Fault check_whole(const MessageRule& message, const std::vector<RawField>& fields) {
  std::size_t named_bytes = 0;
  for (const RawField& field : fields) {
    if (field.rule == nullptr) continue;
    const bool named =
        field.rule->type == FieldType::kNamedVar || field.rule->type == FieldType::kNamedArray;
    if (named) named_bytes += named_value_bytes(field);
    if (named_bytes <= limits::kNamedDataBytesMax) continue;
    DecodeError error = fault(message, DecodeErrorCode::kTooMuchNamedData, field.offset);
    error.tag = field.tag;
    error.actual = named_bytes;
    error.limit = limits::kNamedDataBytesMax;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kTooMuchData);
    return error;
  }
  for (const FloatRule& rule : message.floating) {
    const bool present = std::any_of(fields.begin(), fields.end(), [&rule](const RawField& field) {
      return field.rule == &rule;
    });
    if (!rule.required || present) continue;
    DecodeError error = fault(message, DecodeErrorCode::kRequiredMissing, 0);
    error.tag = rule.tag;
    error.field = rule.name;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kRequiredDataMissing);
    return error;
  }
  return std::nullopt;
}

Fault check_floating(const MessageRule& message, Bytes body, std::size_t fixed_bytes,
                     Version version) {
  const RawFields raw = split_fields(message, body, fixed_bytes, version, false);
  for (const RawField& field : raw.fields) {
    if (Fault fault = check_tag(message, field, version)) return fault;
  }
  if (raw.error) return with_status(raw.error, message);
  const auto fields = check_fields(message, raw.fields);
  if (!fields.empty()) return with_status(fields.front(), message);
  for (const RawField& field : raw.fields) {
    if (Fault fault = check_content(message, field, version)) return fault;
  }
  const auto lists = check_lists(message, body, fixed_bytes, raw.fields);
  if (!lists.empty()) return with_status(lists.front(), message);
  return check_whole(message, raw.fields);
}

}  // namespace

std::uint32_t status_of(DecodeErrorCode code) noexcept {
  const auto status = [code] {
    switch (code) {
      case DecodeErrorCode::kFrameTooLong:
      case DecodeErrorCode::kFrameTruncated:
      case DecodeErrorCode::kFixedTooShort:
      case DecodeErrorCode::kFixedTooLong:
        return StatusCode::kInvalidMessageLength;
      case DecodeErrorCode::kFieldLength:
        return StatusCode::kInvalidFieldLength;
      default:
        return StatusCode::kBadMessageFormat;
    }
  }();
  return static_cast<std::uint32_t>(status);
}

std::optional<DecodeError> check_strict(const MessageRule& message, Bytes body, Version version) {
  if (message.since > version) {
    DecodeError error = fault(message, DecodeErrorCode::kMessageNotForVersion, 0);
    error.actual = version;
    error.limit = message.since;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidMsgTypeForVersion);
    return error;
  }
  const std::size_t fixed_bytes = fixed_size_at(message, version);
  const bool too_long = body.size() > limits::kBodyBytesMax;
  const bool left_over = message.floating.empty() && body.size() > fixed_bytes;
  if (too_long || left_over || body.size() < fixed_bytes) {
    const DecodeErrorCode code = too_long    ? DecodeErrorCode::kFrameTooLong
                                 : left_over ? DecodeErrorCode::kFixedTooLong
                                             : DecodeErrorCode::kFixedTooShort;
    DecodeError error = fault(message, code, too_long ? 0 : std::min(body.size(), fixed_bytes));
    error.actual = body.size();
    error.limit = too_long ? limits::kBodyBytesMax : fixed_bytes;
    error.strict_status = static_cast<std::uint32_t>(StatusCode::kInvalidMessageLength);
    return error;
  }
  for (const FixedRule& rule : message.fixed) {
    if (rule.offset + std::size_t{rule.size} > fixed_bytes) break;
    if (Fault fault = check_fixed_field(message, rule, body, version)) return fault;
  }
  return check_floating(message, body, fixed_bytes, version);
}

}  // namespace cti::wire::ged188
