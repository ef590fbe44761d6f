// lines.hpp - what a message says, one line per value, so that two readings of the same bytes can be compared.
//
// Shape    "AgentID = 1001" for single fields, sorted; then the lists: "[flt_skill_groups]" opens an entry.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/ged188_limits.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::wire::ged188 {

class Lines {
 public:
  template <class T>
  void fixed(std::string_view name, T value) {
    add(name, show(value));
  }
  /// A fixed field that this form or version may lack: then it must say none.
  template <class T>
  void fixed_or(std::string_view name, bool there, T value, T none) {
    if (there || value != none) add(name, show(value));
  }
  template <class T>
  void field(std::string_view name, const std::optional<T>& value) {
    if (value) add(name, show(*value));
  }
  void entry(std::string_view list) {
    in_list_ = true;
    lists_.push_back("[" + std::string(list) + "]");
  }
  void named(std::string_view name, std::string_view value) {
    add("named", show(name) + " " + show(value));
  }
  void named(std::uint8_t index, std::string_view name, std::string_view value) {
    add("named", std::to_string(index) + " " + show(name) + " " + show(value));
  }

  /// Whether a single field of this name has been added.
  bool has(std::string_view name) const {
    const std::string start = std::string(name) + " = ";
    return std::any_of(singles_.begin(), singles_.end(),
                       [&](const std::string& line) { return line.starts_with(start); });
  }
  std::vector<std::string> all() const {
    std::vector<std::string> lines = singles_;
    std::sort(lines.begin(), lines.end());
    lines.insert(lines.end(), lists_.begin(), lists_.end());
    return lines;
  }

 private:
  void add(std::string_view name, const std::string& value) {
    (in_list_ ? lists_ : singles_).push_back(std::string(name) + " = " + value);
  }
  static std::string show(std::string_view text) { return "'" + std::string(text) + "'"; }
  static std::string show(Bytes bytes) { return "<" + std::string(as_text(bytes)) + ">"; }
  template <class T>
  requires std::is_integral_v<T>
  static std::string show(T value) { return std::to_string(value); }

  std::vector<std::string> singles_;
  std::vector<std::string> lists_;
  bool in_list_ = false;
};

/// The same lines, read by the schema tables and nothing else. `frame` must decode leniently.
Lines lines_by_table(Bytes frame, Version version);

}  // namespace cti::wire::ged188
