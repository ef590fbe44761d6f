// ged188_table.cpp - decoding by the schema tables. See ged188_table.hpp; encoding is in ged188_table_encode.cpp.
#include "wire/ged188_table.hpp"

#include "wire/ged188_fields.hpp"
#include "wire/ged188_strict.hpp"

#include <algorithm>
#include <string_view>

namespace cti::wire::ged188 {
namespace {

/// One printed form of a fixed part: the first `bytes` bytes of these fields.
struct Form {
  std::span<const FixedRule> fields;
  std::size_t bytes;
};

/// In the order in which they are tried: other forms that look right, the believed one, later versions' longer ones.
std::vector<Form> possible_forms(const MessageRule& message, Bytes body, Version version,
                                 bool lenient) {
  std::vector<Form> forms;
  for (const VariantRule& variant : message.variants) {
    if (lenient && matches(variant, body.data(), body.size(), version)) {
      forms.push_back({variant.fixed, variant.fixed_size});
    }
  }
  forms.push_back({message.fixed, fixed_size_at(message, version)});
  for (Version later = version + 1; lenient && later <= kNewestVersion; ++later) {
    const std::size_t bytes = fixed_size_at(message, later);
    if (bytes > forms.back().bytes && bytes <= body.size()) forms.push_back({message.fixed, bytes});
  }
  return forms;
}

std::optional<DecodeError> check_form(const MessageRule& message, const Form& form, Bytes body,
                                      const RawFields& raw) {
  DecodeError error = fault(message, DecodeErrorCode::kFixedTooShort, body.size());
  error.actual = body.size();
  error.limit = form.bytes;
  if (body.size() < form.bytes) return error;
  if (message.floating.empty() && body.size() > form.bytes) {
    error.code = DecodeErrorCode::kFixedTooLong;
    error.offset = static_cast<std::uint32_t>(form.bytes);
    return error;
  }
  const std::size_t until = raw.error ? raw.stopped_at : body.size();
  if (auto wrong = check_fields(message, raw.fields)) {
    if (wrong->offset < until) return wrong;
  }
  if (raw.error) return raw.error;
  return check_lists(message, body, form.bytes, raw.fields);
}

std::int64_t read_number(Bytes bytes, bool is_signed) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  if (!is_signed) return value;
  return bytes.size() == 2 ? std::int64_t{static_cast<std::int16_t>(value)}
                           : std::int64_t{static_cast<std::int32_t>(value)};
}

/// Text with its NUL; false when it is not written like that.
bool read_text(Bytes bytes, std::string& text) {
  text.assign(as_text(bytes));
  if (text.empty() || text.find('\0') != text.size() - 1) return false;
  text.pop_back();
  return true;
}

bool read_named(Bytes bytes, DecodedValue& value) {
  const std::string_view all = as_text(bytes);
  const std::size_t name_end = all.find('\0');
  value.name.assign(all.substr(0, name_end));
  if (name_end == std::string_view::npos) return false;
  return read_text(bytes.subspan(name_end + 1), value.text);
}

/// True: the value says everything about these bytes.
bool read_value(FieldType type, Bytes bytes, DecodedValue& value) {
  switch (type) {
    case FieldType::kString:
      return read_text(bytes, value.text);
    case FieldType::kNamedVar:
      return read_named(bytes, value);
    case FieldType::kNamedArray:
      if (bytes.empty()) return false;
      value.index = std::to_integer<std::uint8_t>(bytes[0]);
      return read_named(bytes.subspan(1), value);
    case FieldType::kUnspec:
      value.text.assign(as_text(bytes));
      return true;
    default:
      break;
  }
  const unsigned width = width_of(type);
  if (bytes.size() <= 4)
    value.number = read_number(bytes, is_signed(type) && bytes.size() == width);
  if (bytes.size() == width) return true;
  if (bytes.size() < 2 * std::size_t{width} || bytes.size() % width != 0) return false;
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    value.numbers.push_back(read_number(bytes.subspan(at, width), is_signed(type)));
  }
  return true;
}

DecodedField read_fixed(const FixedRule& rule, Bytes body) {
  DecodedField field;
  field.name = rule.name;
  field.type = rule.type;
  field.offset = rule.offset;
  field.enumeration = rule.enumeration;
  read_value(rule.type, body.subspan(rule.offset, rule.size), field.value);
  return field;
}

DecodedField read_floating(const RawField& raw) {
  DecodedField field;
  field.tag = raw.tag;
  field.offset = raw.offset;
  if (raw.rule == nullptr) {
    field.name = "tag_" + std::to_string(raw.tag);
    field.value.text.assign(as_text(raw.bytes));
    return field;
  }
  field.name = raw.rule->name;
  field.type = raw.rule->type;
  field.enumeration = raw.rule->enumeration;
  // A number of another width may be meant: only where the schema says so is it several elements.
  const bool exact = read_value(field.type, raw.bytes, field.value);
  if (!field.value.numbers.empty() && !raw.rule->split) field.value.numbers.clear();
  const bool several = !field.value.numbers.empty();
  const bool plain_number = width_of(field.type) != 0 && raw.bytes.size() == width_of(field.type);
  const bool counts = width_of(field.type) == 0 || plain_number || several;
  if (!exact || !counts) field.raw = std::string(as_text(raw.bytes));
  return field;
}

void show(DecodedMessage& out, const Form& form, Bytes body, const RawFields& raw) {
  std::size_t shown = 0;
  for (const FixedRule& rule : form.fields) {
    const std::size_t end = rule.offset + std::size_t{rule.size};
    if (end > form.bytes || end > body.size()) break;
    out.fixed.push_back(read_fixed(rule, body));
    shown = end;
  }
  if (body.size() >= form.bytes) {
    for (const RawField& field : raw.fields) out.floating.push_back(read_floating(field));
    shown = raw.error ? raw.stopped_at : body.size();
  }
  out.fixed_incomplete = body.size() < form.bytes;
  out.leftover_offset = static_cast<std::uint32_t>(shown);
  out.leftover.assign(as_text(body.subspan(shown)));
}

/// Bytes behind a fixed part that has no floating fields are left over, not fields.
RawFields take_apart(const MessageRule& message, const Form& form, Bytes body, Version version,
                     bool lenient) {
  if (body.size() < form.bytes) return {};
  if (message.floating.empty() && body.size() > form.bytes) {
    RawFields none;
    none.stopped_at = static_cast<std::uint32_t>(form.bytes);
    none.error = fault(message, DecodeErrorCode::kFixedTooLong, form.bytes);
    return none;
  }
  return split_fields(message, body, form.bytes, version, lenient);
}

void decode_body(DecodedMessage& out, Bytes body, Strictness strictness) {
  const MessageRule& message = *out.rule;
  const bool lenient = strictness == Strictness::kLenient;
  const std::vector<Form> forms = possible_forms(message, body, out.version, lenient);
  const Form* chosen = nullptr;
  std::optional<DecodeError> believed_error;
  for (const Form& form : forms) {
    const auto error =
        check_form(message, form, body, take_apart(message, form, body, out.version, lenient));
    const bool believed = form.fields.data() == message.fixed.data() &&
                          form.bytes == fixed_size_at(message, out.version);
    if (believed) believed_error = error;
    if (!error) {
      chosen = &form;
      break;
    }
  }
  const Form own{message.fixed, fixed_size_at(message, out.version)};
  if (chosen == nullptr) {
    chosen = &own;
    out.error = believed_error;
    if (out.error && out.error->strict_status == 0)
      out.error->strict_status = status_of(out.error->code);
  }
  if (!lenient) {
    const auto strict = check_strict(message, body, out.version);
    if (strict) out.error = strict;
  }
  show(out, *chosen, body, take_apart(message, *chosen, body, out.version, lenient));
}

}  // namespace

DecodedMessage decode_table(Bytes frame, Version version, Strictness strictness) {
  DecodedMessage out;
  out.version = version;
  if (frame.size() < limits::kHeaderBytes) {
    out.error = DecodeError{};
    out.error->code = DecodeErrorCode::kFrameTruncated;
    out.error->actual = frame.size();
    out.error->limit = limits::kHeaderBytes;
    out.leftover.assign(as_text(frame));
    return out;
  }
  const std::size_t length = load_be<std::uint32_t>(frame.data());
  out.number = load_be<std::uint32_t>(frame.data() + 4);
  out.rule = find_message(out.number);
  out.name =
      out.rule != nullptr ? std::string(out.rule->name) : "type_" + std::to_string(out.number);
  const Bytes body = frame.subspan(limits::kHeaderBytes);
  DecodeError error;
  error.message_type = out.number;
  error.message = out.rule != nullptr ? out.rule->name : std::string_view{};
  error.actual = body.size();
  error.limit = length;
  error.strict_status = status_of(DecodeErrorCode::kFrameTooLong);
  const bool too_long = length > limits::kBodyBytesMax;
  if (too_long || length != body.size()) {
    if (too_long) error.actual = length;
    if (too_long) error.limit = limits::kBodyBytesMax;
    error.code = too_long ? DecodeErrorCode::kFrameTooLong : DecodeErrorCode::kFrameTruncated;
    out.error = error;
    out.leftover.assign(as_text(body));
    return out;
  }
  if (out.rule == nullptr || !out.rule->published()) {
    out.leftover.assign(as_text(body));
    if (out.rule == nullptr) {
      error.code = DecodeErrorCode::kUnknownMessage;
      error.actual = error.limit = 0;
      out.error = error;
    }
    return out;
  }
  decode_body(out, body, strictness);
  return out;
}

}  // namespace cti::wire::ged188
