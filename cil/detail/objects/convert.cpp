#include "cil/detail/objects/convert.hpp"

namespace cti::cil::detail {
namespace {

wire::ArgKey key_of(const std::string& text) { return wire::ArgKey(std::string_view(text)); }

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
  for (int index = 1; index <= from.NumElements() && to.ok(); ++index) {
    const std::string key = from.GetElementKey(index);
    write_value(key_of(key), *from.at(index), to);
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
