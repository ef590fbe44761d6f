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

/// A body read in one form. `fatal`: bytes are left that belong to no field. `first`: what a view would say.
struct Reading {
  Form form;
  RawFields raw;
  std::vector<DecodeError> faults;
  bool fatal = false;
  std::optional<DecodeError> first;
  bool counts_too_high =
      true;  // whatever else their lists are, none of these counts is wrong otherwise
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

/// What is tried when all of these leave bytes over: forms of known odd drivers, earlier versions' shorter ones.
std::vector<Form> fallback_forms(const MessageRule& message, Version version) {
  std::vector<Form> forms;
  for (const FallbackRule& fallback : message.fallbacks)
    forms.push_back({fallback.fixed, fallback.fixed_size});
  std::size_t shortest = fixed_size_at(message, version);
  for (Version earlier = std::min(version, kNewestVersion); earlier > kOldestVersion; --earlier) {
    const std::size_t bytes = fixed_size_at(message, earlier - 1);
    if (bytes < shortest) forms.push_back({message.fixed, bytes});
    shortest = std::min(shortest, bytes);
  }
  return forms;
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

Reading read_as(const MessageRule& message, const Form& form, Bytes body, Version version,
                bool lenient) {
  Reading reading{form, take_apart(message, form, body, version, lenient), {}, false, {}};
  const bool too_short = body.size() < form.bytes;
  if (too_short || (message.floating.empty() && body.size() > form.bytes)) {
    DecodeError error =
        fault(message, too_short ? DecodeErrorCode::kFixedTooShort : DecodeErrorCode::kFixedTooLong,
              std::min(body.size(), form.bytes));
    error.actual = body.size();
    error.limit = form.bytes;
    reading.fatal = true;
    reading.first = error;
    return reading;
  }
  reading.fatal = reading.raw.error.has_value();
  reading.faults = check_fields(message, reading.raw.fields);
  if (!reading.faults.empty()) {
    reading.first = reading.faults.front();
  } else if (reading.fatal) {
    reading.first = reading.raw.error;
  }
  const auto lists =
      check_lists(message, body, form.bytes, reading.raw.fields, &reading.counts_too_high);
  if (!reading.first && !lists.empty()) reading.first = lists.front();
  reading.faults.insert(reading.faults.end(), lists.begin(), lists.end());
  return reading;
}

bool only_counts_lie(const Reading& reading) {
  return std::all_of(reading.faults.begin(), reading.faults.end(), [](const DecodeError& fault) {
    return fault.code == DecodeErrorCode::kCountMismatch ||
           fault.code == DecodeErrorCode::kCountTooLarge;
  });
}

/// Nothing is wrong but counts above what came: the views take what came.
bool is_taken(const Reading& reading) {
  return !reading.fatal && reading.counts_too_high && only_counts_lie(reading);
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

void show(DecodedMessage& out, const Reading& reading, Bytes body) {
  const auto& [form, raw, faults, fatal, first, counts_too_high] = reading;
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

/// Lenient: no form fits without a fault. The first one that leaves no bytes over; null: there is none.
std::optional<Reading> read_with_warnings(const MessageRule& message, const Reading& believed,
                                          const std::vector<Reading>& readings, Bytes body,
                                          Version version) {
  if (!believed.fatal) return believed;
  for (const Reading& reading : readings) {
    if (!reading.fatal && only_counts_lie(reading)) return reading;
  }
  for (const Form& form : fallback_forms(message, version)) {
    Reading reading = read_as(message, form, body, version, true);
    if (reading.fatal || !only_counts_lie(reading)) continue;
    DecodeError other = fault(message, DecodeErrorCode::kFixedTooShort, form.bytes);
    other.actual = form.bytes;
    other.limit = believed.form.bytes;
    reading.faults.insert(reading.faults.begin(), other);
    return reading;
  }
  return std::nullopt;
}

void add_status(std::optional<DecodeError>& error) {
  if (error && error->strict_status == 0) error->strict_status = status_of(error->code);
}

void decode_body(DecodedMessage& out, Bytes body, Strictness strictness) {
  const MessageRule& message = *out.rule;
  const bool lenient = strictness == Strictness::kLenient;
  const std::size_t own = fixed_size_at(message, out.version);
  std::vector<Reading> readings;
  std::size_t believed = 0;
  for (const Form& form : possible_forms(message, body, out.version, lenient)) {
    if (form.fields.data() == message.fixed.data() && form.bytes == own) believed = readings.size();
    readings.push_back(read_as(message, form, body, out.version, lenient));
    if (readings.back().first) continue;
    if (!lenient) out.error = check_strict(message, body, out.version);
    return show(out, readings.back(), body);
  }
  if (!lenient || !is_taken(readings[believed])) out.refusal = readings[believed].first;
  add_status(out.refusal);
  std::optional<Reading> whole;
  if (lenient) whole = read_with_warnings(message, readings[believed], readings, body, out.version);
  if (whole) {
    out.warnings = whole->faults;
    if (whole->form.bytes < own) out.fixed_bytes = static_cast<std::uint16_t>(whole->form.bytes);
    return show(out, *whole, body);
  }
  out.error = out.refusal;
  if (!lenient) {
    if (const auto strict = check_strict(message, body, out.version)) out.error = strict;
  }
  show(out, readings[believed], body);
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
