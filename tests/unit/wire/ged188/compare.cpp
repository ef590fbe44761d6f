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
  if (view.ok && table.error) return where + "only the tables refuse: " + table.error->text();
  if (!view.ok && !table.error) return where + "only the view refuses: " + view.error.text();
  if (!view.ok) {
    const bool same =
        view.error.code == table.error->code && view.error.offset == table.error->offset &&
        view.error.tag == table.error->tag && view.error.field == table.error->field &&
        view.error.strict_status == table.error->strict_status;
    if (!same) return where + "view: " + view.error.text() + ", tables: " + table.error->text();
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
