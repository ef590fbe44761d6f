// random_message.cpp - see random_message.hpp.
#include "tests/unit/wire/ged188/random_message.hpp"

#include <algorithm>

namespace cti::wire::ged188 {
namespace {

class Writer {
 public:
  Writer(const MessageRule& rule, Version version, Dice& dice)
      : rule_(rule), version_(version), dice_(dice) {
    message_.rule = &rule;
    message_.name = rule.name;
    message_.number = rule.number;
    message_.version = version;
  }

  DecodedMessage write() {
    for (const FixedRule& field : rule_.fixed) {
      if (field.since <= version_ || field.since <= kOldestVersion) add_fixed(field);
    }
    for (const FloatRule& field : rule_.floating) {
      const bool wanted = field.required || roll(dice_, 3) != 0;
      if (field.group == kNoGroup && !is_count(field) && visible(field) && wanted) add_float(field);
    }
    for (std::size_t i = 0; i < rule_.groups.size(); ++i) {
      if (rule_.groups[i].inside == kNoGroup) add_list(i);
    }
    return std::move(message_);
  }

 private:
  bool visible(const FloatRule& field) const {
    const bool fits_header = field.tag <= 255 || version_ >= kWideHeadersFrom;
    return version_ >= field.since && version_ <= field.until && fits_header;
  }
  bool is_count(const FloatRule& field) const {
    return std::any_of(rule_.groups.begin(), rule_.groups.end(),
                       [&](const GroupRule& group) { return group.count == field.name; });
  }
  bool is_count(const FixedRule& field) const {
    return std::any_of(rule_.groups.begin(), rule_.groups.end(),
                       [&](const GroupRule& group) { return group.count == field.name; });
  }

  std::int64_t random_number(FieldType type, const EnumRule* enumeration, std::uint32_t minimum) {
    if (enumeration != nullptr && enumeration->status != 0) {
      std::vector<std::uint32_t> values;
      std::uint32_t mask = 0;
      for (const EnumValue& value : enumeration->values) {
        if (value.since > version_) continue;
        values.push_back(value.value);
        mask |= value.value;
      }
      if (enumeration->mask) return mask & static_cast<std::uint32_t>(dice_());
      if (enumeration->has_null) values.push_back(enumeration->null);
      return values[roll(dice_, values.size())];
    }
    const unsigned bits = width_of(type) * 8;
    const std::uint64_t edge[] = {
        0, 1, (std::uint64_t{1} << bits) - 1, std::uint64_t{1} << (bits - 1), dice_(), dice_()};
    std::uint64_t value = edge[roll(dice_, std::size(edge))] & ((std::uint64_t{1} << bits) - 1);
    value = std::max<std::uint64_t>(value, minimum);
    if (!is_signed(type)) return static_cast<std::int64_t>(value);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  }

  std::string random_text(std::size_t longest, std::string_view charset) {
    std::string text(roll(dice_, 4) == 0 ? longest : roll(dice_, longest + 1), ' ');
    for (char& c : text) {
      c = charset.empty() ? static_cast<char>(0x20 + roll(dice_, 0x5F))
                          : charset[roll(dice_, charset.size())];
    }
    return text;
  }

  void add_fixed(const FixedRule& rule) {
    DecodedField field;
    field.name = rule.name;
    field.type = rule.type;
    if (width_of(rule.type) == 0) field.value.text.assign(rule.size, '\0');
    const bool zero = rule.reserved || width_of(rule.type) == 0 || is_count(rule);
    if (!zero) field.value.number = random_number(rule.type, rule.enumeration, rule.minimum);
    message_.fixed.push_back(field);
  }

  void add_float(const FloatRule& rule) {
    DecodedField field;
    field.name = rule.name;
    field.type = rule.type;
    field.tag = rule.tag;
    const std::size_t longest = version_ < kWideHeadersFrom
                                    ? std::min<std::size_t>(rule.max, limits::kNarrowFieldBytesMax)
                                    : rule.max;
    switch (rule.type) {
      case FieldType::kString:
        field.value.text = random_text(longest - 1, rule.charset);
        break;
      case FieldType::kUnspec:
        field.value.text.resize(roll(dice_, longest + 1));
        for (char& c : field.value.text) c = static_cast<char>(dice_());
        break;
      case FieldType::kNamedArray:
        field.value.index = static_cast<std::uint8_t>(dice_());
        [[fallthrough]];
      case FieldType::kNamedVar:
        field.value.name = random_text(limits::kNamedNameBytesMax - 1, {});
        field.value.text = random_text(limits::kNamedValueBytesMax - 1, {});
        named_bytes_ += field.value.name.size() + field.value.text.size() + 3;
        break;
      default:
        field.value.number = random_number(rule.type, rule.enumeration, 0);
    }
    used_ += longest + 4;
    message_.floating.push_back(field);
  }

  std::size_t entries_wanted(const GroupRule& group) {
    const std::size_t most = group.max != 0 ? group.max : 12;
    return roll(dice_, 5) == 0 ? most : roll(dice_, std::min<std::size_t>(most, 6) + 1);
  }

  /// A list of the message itself, its count and the lists inside its entries.
  void add_list(std::size_t index) {
    const GroupRule& group = rule_.groups[index];
    const FloatRule& first = rule_.floating[group.fields[0]];
    if (!visible(first)) return;
    const std::size_t wanted = entries_wanted(group);
    std::size_t entries = 0;
    std::size_t count_at = message_.floating.size();
    const bool floating_count = !group.count_is_fixed;
    if (floating_count && wanted != 0) add_count(group);
    while (entries < wanted && used_ < 9'000 && named_bytes_ < 1'700) {
      add_entry(index);
      ++entries;
    }
    if (floating_count) {
      if (wanted != 0)
        message_.floating[count_at].value.number = static_cast<std::int64_t>(entries);
      if (wanted != 0 && entries == 0)
        message_.floating.erase(message_.floating.begin() + static_cast<std::ptrdiff_t>(count_at));
      return;
    }
    for (DecodedField& field : message_.fixed) {
      if (field.name == group.count) field.value.number = static_cast<std::int64_t>(entries);
    }
  }

  void add_count(const GroupRule& group) {
    DecodedField field;
    field.name = group.count;
    field.type = FieldType::kUshort;
    field.tag = group.count_at;
    message_.floating.push_back(field);
  }

  void add_entry(std::size_t index) {
    const GroupRule& group = rule_.groups[index];
    std::vector<std::pair<std::size_t, std::size_t>> nested;  // group, position of its count
    for (const std::uint8_t position : group.fields) {
      const FloatRule& field = rule_.floating[position];
      if (!visible(field)) continue;
      const bool first = position == group.fields[0];
      bool counts = false;
      for (std::size_t i = 0; i < rule_.groups.size(); ++i) {
        if (rule_.groups[i].inside != index || rule_.groups[i].count != field.name) continue;
        nested.emplace_back(i, message_.floating.size());
        add_count(rule_.groups[i]);
        counts = true;
      }
      if (!counts && (first || roll(dice_, 4) != 0)) add_float(field);
    }
    for (const auto& [inner, count_at] : nested) {
      if (!visible(rule_.floating[rule_.groups[inner].fields[0]])) continue;
      std::size_t wanted = entries_wanted(rule_.groups[inner]);
      if (used_ > 8'000) wanted = 0;
      for (std::size_t i = 0; i < wanted; ++i) add_entry(inner);
      message_.floating[count_at].value.number = static_cast<std::int64_t>(wanted);
    }
  }

  const MessageRule& rule_;
  const Version version_;
  Dice& dice_;
  DecodedMessage message_;
  std::size_t used_ = 0;
  std::size_t named_bytes_ = 0;
};

}  // namespace

DecodedMessage random_message(const MessageRule& rule, Version version, Dice& dice) {
  return Writer(rule, version, dice).write();
}

void mutate(std::vector<std::byte>& body, Dice& dice) {
  for (std::uint64_t edits = 1 + roll(dice, 3); edits != 0; --edits) {
    const auto at = static_cast<std::ptrdiff_t>(roll(dice, body.size() + 1));
    switch (roll(dice, 6)) {
      case 0:
        body.resize(static_cast<std::size_t>(at));
        break;
      case 1:
        body.insert(body.begin() + at, static_cast<std::byte>(dice()));
        break;
      case 2:
        if (!body.empty()) body[roll(dice, body.size())] = static_cast<std::byte>(dice());
        break;
      case 3: {  // a piece once more, at the end: single fields twice, lists longer than their count
        const std::vector<std::byte> piece(body.begin() + at, body.end());
        body.insert(body.end(), piece.begin(), piece.end());
        break;
      }
      case 4:
        if (!body.empty())
          body[roll(dice, body.size())] ^= static_cast<std::byte>(1U << roll(dice, 8));
        break;
      default: {
        const auto until = at + static_cast<std::ptrdiff_t>(roll(dice, 9));
        body.erase(body.begin() + at,
                   body.begin() + std::min(until, static_cast<std::ptrdiff_t>(body.size())));
      }
    }
  }
  body.resize(std::min(body.size(), limits::kBodyBytesMax));
}

std::vector<std::byte> mutated(const std::vector<std::byte>& frame, Dice& dice) {
  std::vector<std::byte> body(frame.begin() + limits::kHeaderBytes, frame.end());
  mutate(body, dice);
  std::vector<std::byte> broken(limits::kHeaderBytes + body.size());
  std::copy_n(frame.begin(), limits::kHeaderBytes, broken.begin());
  std::copy(body.begin(), body.end(), broken.begin() + limits::kHeaderBytes);
  store_be(broken.data(), static_cast<std::uint32_t>(body.size()));
  return broken;
}

}  // namespace cti::wire::ged188
