// convert.cpp - Arguments to bytes and back, entry by entry, each in time that does not depend on how many there are.
#include "cil/detail/objects/convert.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace cti::cil::detail {
namespace {

/// An item of the program's, and how its key stands in the canonical order.
struct Entry {
  std::string folded;  ///< of an own key, in small letters
  std::string name;
  const Arg* value;
  std::uint16_t rank;

  Entry(std::string key, const Arg* of) : name(std::move(key)), value(of) {
    const wire::ArgKey wire_key{std::string_view(name)};
    rank = wire::Arg::rank_of(wire_key.keyword());
    if (wire_key.keyword() != wire::Keyword::kOwnKey) return;
    folded = name;
    for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  bool operator<(const Entry& other) const noexcept {
    return rank != other.rank ? rank < other.rank : folded < other.folded;
  }
};

void write_value(const wire::ArgKey& key, const Arg& value, wire::ArgumentsWriter& to) {
  switch (value.GetType()) {
    case ARG_INT:
      return to.add_int(key, value.GetValueInt());
    case ARG_UINT:
      return to.add_uint(key, value.GetValueUInt());
    case ARG_SHORT:
      return to.add_short(key, value.GetValueShort());
    case ARG_USHORT:
      return to.add_ushort(key, value.GetValueUShort());
    case ARG_BOOL:
      return to.add_bool(key, value.GetValueBool());
    case ARG_STRING:
    case ARG_REFERENCE:
      return to.add_string(key, value.GetValueString());
    case ARG_ARGARRAY:
      to.begin_nested(key);
      write(*value.nested(), to);
      return to.end_nested();
    default:
      return;  // ARG_NOTSET: a NULL value is left out, as CTI OS ignores it
  }
}

}  // namespace

void write(const Arguments& from, wire::ArgumentsWriter& to) {
  // The writer appends keys that ascend; for any other it moves what stands behind their place.
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(from.NumElements()));
  for (int index = 1; index <= from.NumElements(); ++index)
    entries.emplace_back(from.GetElementKey(index), from.at(index));
  std::sort(entries.begin(), entries.end());
  for (const Entry& entry : entries) {
    if (!to.ok()) return;
    write_value(wire::ArgKey(std::string_view(entry.name)), *entry.value, to);
  }
}

void read(const wire::Arg& from, Arg* to) {
  switch (from.type()) {
    case wire::ArgType::kInt:
      to->SetValue(static_cast<int>(from.integer()));
      return;
    case wire::ArgType::kUInt:
      to->SetValue(static_cast<unsigned int>(from.integer()));
      return;
    case wire::ArgType::kShort:
      to->SetValue(static_cast<short>(from.integer()));
      return;
    case wire::ArgType::kUShort:
      to->SetValue(static_cast<unsigned short>(from.integer()));
      return;
    case wire::ArgType::kBool:
      to->SetValue(from.integer() != 0);
      return;
    case wire::ArgType::kString:
      to->SetValue(from.string());
      return;
    case wire::ArgType::kArguments: {
      Arguments nested;
      read(from.arguments(), &nested);
      to->SetValue(nested);
      return;
    }
  }
}

void read(const wire::ArgumentsView& from, Arguments* to) {
  for (const wire::Arg entry : from) {
    Arg value;
    read(entry, &value);
    if (!entry.key_name().empty()) {
      to->AddItem(entry.key_name(), value);
    } else {  // a keyword of a later version: kept under its number
      to->AddItem("#" + std::to_string(static_cast<unsigned>(entry.keyword())), value);
    }
  }
}

}  // namespace cti::cil::detail
