// diff.cpp - see diff.hpp.
#include "tools/wire/diff.hpp"

#include "tools/wire/hex.hpp"
#include "tools/wire/text.hpp"

#include <algorithm>
#include <utility>

namespace cti::tools {
namespace {

constexpr std::size_t kLookAhead = 32;

std::string compare_fields(const Comparable& a, const Comparable& b) {
  std::vector<std::string> only_a, only_b;
  auto rest = b.lines;
  for (const std::string& line : a.lines) {
    const auto found = std::find(rest.begin(), rest.end(), line);
    if (found == rest.end()) {
      only_a.push_back(line);
    } else {
      rest.erase(found);
    }
  }
  only_b = rest;
  if (only_a.empty() && only_b.empty()) {
    if (a.lines == b.lines) return {};
    return "= " + a.name + " at " + a.where + " and " + b.where +
           ": the same fields in another order\n";
  }
  std::string out = "= " + a.name + " at " + a.where + " and " + b.where + "\n";
  for (const std::string& line : only_a) out += "  - " + line + "\n";
  for (const std::string& line : only_b) out += "  + " + line + "\n";
  return out;
}

/// How many messages to leave out on each side until both go on with the same type; the fewest in all.
std::pair<std::size_t, std::size_t> next_meeting(const std::vector<Comparable>& a, std::size_t i,
                                                 const std::vector<Comparable>& b, std::size_t k) {
  for (std::size_t total = 1; total <= 2 * kLookAhead; ++total) {
    for (std::size_t skip = 0; skip <= std::min(total, kLookAhead); ++skip) {
      const std::size_t other = total - skip;
      if (other > kLookAhead || i + skip >= a.size() || k + other >= b.size()) continue;
      if (a[i + skip].name == b[k + other].name) return {skip, other};
    }
  }
  return {1, 1};
}

}  // namespace

Comparable comparable(const wire::ged188::DecodedMessage& message, const std::string& where) {
  Comparable out{where, message.name, {}};
  for (const auto& field : message.fixed)
    out.lines.push_back(field.name + ": " + value_text(field));
  for (const auto& field : message.floating) {
    out.lines.push_back("[" + std::to_string(field.tag) + "] " + field.name + ": " +
                        value_text(field) +
                        (field.raw ? " (bytes " + to_hex(*field.raw) + ")" : ""));
  }
  if (!message.leftover.empty()) out.lines.push_back("left over: " + to_hex(message.leftover));
  return out;
}

std::string difference(const std::vector<Comparable>& a, const std::vector<Comparable>& b) {
  std::string out;
  std::size_t i = 0, k = 0;
  const auto only = [&out](const char* sign, const Comparable& message) {
    out += std::string(sign) + " " + message.name + " at " + message.where + "\n";
    for (const std::string& line : message.lines)
      out += "  " + std::string(sign) + " " + line + "\n";
  };
  while (i < a.size() && k < b.size()) {
    if (a[i].name == b[k].name) {
      out += compare_fields(a[i++], b[k++]);
      continue;
    }
    const auto [skip_a, skip_b] = next_meeting(a, i, b, k);
    for (std::size_t n = 0; n < skip_a; ++n) only("-", a[i++]);
    for (std::size_t n = 0; n < skip_b; ++n) only("+", b[k++]);
  }
  while (i < a.size()) only("-", a[i++]);
  while (k < b.size()) only("+", b[k++]);
  return out;
}

}  // namespace cti::tools
