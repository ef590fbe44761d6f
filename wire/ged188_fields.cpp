// ged188_fields.cpp - the slow reading of a message body. See ged188_fields.hpp.
#include "wire/ged188_fields.hpp"

#include <algorithm>
#include <map>

namespace cti::wire::ged188 {
namespace {

using Entry = std::vector<RawField>;

DecodeError field_fault(const MessageRule& message, DecodeErrorCode code, const RawField& field) {
  DecodeError error = fault(message, code, field.offset);
  error.tag = field.tag;
  if (field.rule != nullptr) error.field = field.rule->name;
  return error;
}

std::size_t index_of(const MessageRule& message, const RawField& field) {
  return static_cast<std::size_t>(field.rule - message.floating.data());
}

/// Entries as the sender counts them: a field with several elements stands for several entries of its own list.
std::size_t count_entries(const std::vector<Entry>& entries, std::uint8_t group) {
  std::size_t total = 0;
  for (const Entry& entry : entries) {
    std::size_t elements = 1;
    for (const RawField& field : entry) {
      const unsigned width = width_of(field.rule->type);
      if (field.rule->group == group && field.rule->split && field.bytes.size() % width == 0) {
        elements = std::max(elements, field.bytes.size() / width);
      }
    }
    total += elements;
  }
  return total;
}

std::optional<DecodeError> compare(const MessageRule& message, const GroupRule& group,
                                   std::size_t count, std::size_t offset, std::size_t entries,
                                   bool* too_high) {
  const bool too_large = group.max != 0 && count > group.max;
  if (!too_large && count == entries) return std::nullopt;
  const bool all_came = count > entries && (group.max == 0 || entries <= group.max);
  if (too_high != nullptr) *too_high = *too_high && all_came;
  DecodeError error =
      fault(message, too_large ? DecodeErrorCode::kCountTooLarge : DecodeErrorCode::kCountMismatch,
            offset);
  error.field = group.count;
  error.tag = group.count_is_fixed ? std::uint16_t{0} : group.count_at;
  error.actual = count;
  error.limit = too_large ? group.max : entries;
  return error;
}

}  // namespace

DecodeError fault(const MessageRule& message, DecodeErrorCode code, std::size_t offset) {
  DecodeError error;
  error.code = code;
  error.message = message.name;
  error.message_type = message.number;
  error.offset = static_cast<std::uint32_t>(offset);
  return error;
}

std::uint16_t fixed_size_at(const MessageRule& message, Version version) noexcept {
  std::uint16_t size = 0;
  for (const FixedRule& field : message.fixed) {
    if (field.since <= version || field.since <= kOldestVersion) {
      size = static_cast<std::uint16_t>(size + field.size);
    }
  }
  return size;
}

std::vector<Entry> split_entries(const MessageRule& message, std::uint8_t group,
                                 const Entry& fields) {
  std::vector<Entry> entries;
  std::vector<std::size_t> present;
  for (const RawField& field : fields) {
    if (field.rule == nullptr || field.rule->group == kNoGroup) continue;
    const bool own = field.rule->group == group;
    const bool nested = !own && message.groups[field.rule->group].inside == group;
    if (!own && !nested) continue;
    const std::size_t index = index_of(message, field);
    const bool again = own && std::find(present.begin(), present.end(), index) != present.end();
    if (entries.empty() || again) {
      entries.emplace_back();
      present.clear();
    }
    entries.back().push_back(field);
    present.push_back(index);
  }
  return entries;
}

RawFields split_fields(const MessageRule& message, Bytes body, std::size_t from, Version version,
                       bool lenient) {
  RawFields result;
  const unsigned half = floating_header_width(version) / 2;
  const auto number = [&](std::size_t at) {
    return half == 1 ? std::size_t{load_be<std::uint8_t>(&body[at])}
                     : std::size_t{load_be<std::uint16_t>(&body[at])};
  };
  std::size_t at = from;
  while (at < body.size()) {
    RawField field;
    field.offset = static_cast<std::uint32_t>(at);
    if (body.size() - at < 2 * std::size_t{half} || number(at) == 0) {
      result.error = fault(message, DecodeErrorCode::kStrayBytes, at);
      result.error->actual = body.size() - at;
      break;
    }
    field.tag = static_cast<std::uint16_t>(number(at));
    field.rule = find_field(message, field.tag, lenient);
    const std::size_t length = number(at + half);
    const std::size_t room = body.size() - at - 2 * std::size_t{half};
    if (length > room) {
      result.error = field_fault(message, DecodeErrorCode::kFieldPastFrame, field);
      result.error->actual = length;
      result.error->limit = room;
      break;
    }
    field.bytes = body.subspan(at + 2 * std::size_t{half}, length);
    result.fields.push_back(field);
    at += 2 * std::size_t{half} + length;
  }
  result.stopped_at = static_cast<std::uint32_t>(at);
  return result;
}

std::vector<DecodeError> check_fields(const MessageRule& message,
                                      const std::vector<RawField>& fields) {
  std::vector<DecodeError> faults;
  std::map<const FloatRule*, int> times;
  for (const RawField& field : fields) {
    if (field.rule == nullptr) continue;
    if (++times[field.rule] > 1 && field.rule->group == kNoGroup) {
      DecodeError error = field_fault(message, DecodeErrorCode::kFieldTwice, field);
      error.actual = static_cast<std::uint64_t>(times[field.rule]);
      error.limit = 1;
      faults.push_back(error);
      continue;
    }
    const std::size_t width = width_of(field.rule->type);
    const std::size_t length = field.bytes.size();
    const bool plain = width == 0 || length == width;
    const bool odd_but_known = field.rule->any_width && (length == 1 || length == 2 || length == 4);
    const bool several = field.rule->split && length != 0 && width != 0 && length % width == 0;
    if (plain || odd_but_known || several) continue;
    DecodeError error = field_fault(message, DecodeErrorCode::kFieldLength, field);
    error.actual = length;
    error.limit = width;
    faults.push_back(error);
  }
  return faults;
}

std::vector<DecodeError> check_lists(const MessageRule& message, Bytes body,
                                     std::size_t fixed_bytes, const std::vector<RawField>& fields,
                                     bool* too_high) {
  std::vector<DecodeError> faults;
  const auto add = [&faults](const std::optional<DecodeError>& fault) {
    if (fault) faults.push_back(*fault);
  };
  const auto floating_count = [](const GroupRule& group, const Entry& entry) -> const RawField* {
    for (const RawField& field : entry) {
      if (field.tag == group.count_at && field.bytes.size() == 2) return &field;
      if (field.tag == group.count_at) return nullptr;
    }
    return nullptr;
  };
  for (std::size_t i = 0; i < message.groups.size(); ++i) {
    const GroupRule& group = message.groups[i];
    const auto index = static_cast<std::uint8_t>(i);
    if (group.count_is_fixed) {
      if (group.count_at + std::size_t{2} > fixed_bytes) continue;
      const std::size_t count = load_be<std::uint16_t>(&body[group.count_at]);
      add(compare(message, group, count, group.count_at,
                  count_entries(split_entries(message, index, fields), index), too_high));
    } else {
      std::vector<Entry> holders;
      if (group.inside == kNoGroup) {
        holders.push_back(fields);
      } else {
        holders = split_entries(message, group.inside, fields);
      }
      for (const Entry& holder : holders) {
        const RawField* count = floating_count(group, holder);
        if (count == nullptr) continue;
        add(compare(message, group, load_be<std::uint16_t>(count->bytes.data()), count->offset,
                    count_entries(split_entries(message, index, holder), index), too_high));
      }
    }
  }
  return faults;
}

}  // namespace cti::wire::ged188
