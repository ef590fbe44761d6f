// compare.cpp - see compare.hpp.
#include "tests/unit/wire/ged188/compare.hpp"

#include "visit.hpp"
#include "wire/ged188_table.hpp"

#include <array>

namespace cti::wire::ged188 {
namespace {

std::string hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "\n  " + line;
  return out;
}

}  // namespace

std::string disagreement(Bytes frame, Version version, Strictness strictness) {
  std::array<std::byte, limits::kMessageBytesMax> buffer;
  const std::uint32_t number = load_be<std::uint32_t>(frame.data() + 4);
  const Visit view =
      visit(number, frame.subspan(limits::kHeaderBytes), version, strictness, buffer);
  const DecodedMessage table = decode_table(frame, version, strictness);
  const std::string where =
      table.name + " version " + std::to_string(version) + " " + hex(frame) + ": ";
  if (!view.known) return {};
  if (!view.each_agrees) return where + "decode_each() differs from decode()";
  // What the tables read with a warning, the views refuse.
  const auto refused = table.warnings.empty() ? table.error : table.refusal;
  if (!table.warnings.empty() && (table.error || strictness == Strictness::kStrict))
    return where + "warnings beside an error, or when strict";
  if (view.ok && refused) return where + "only the tables refuse: " + refused->text();
  if (!view.ok && !refused) return where + "only the view refuses: " + view.error.text();
  if (!view.ok) {
    const bool same = view.error.code == refused->code && view.error.offset == refused->offset &&
                      view.error.tag == refused->tag && view.error.field == refused->field &&
                      view.error.strict_status == refused->strict_status;
    if (!same) return where + "view: " + view.error.text() + ", tables: " + refused->text();
    if (!table.warnings.empty() && !table.leftover.empty())
      return where + "left over without an error";
  } else {
    const auto by_view = view.lines.all();
    const auto by_table = lines_by_table(frame, version).all();
    if (by_view != by_table)
      return where + "view:" + joined(by_view) + "\ntables:" + joined(by_table);
  }
  if (frame.size() > limits::kMessageBytesMax) return {};
  const auto again = encode_table(table);
  if (!again) return where + "not written again: " + again.error();
  if (hex(*again) != hex(frame)) return where + "written again as " + hex(*again);
  return {};
}

}  // namespace cti::wire::ged188
