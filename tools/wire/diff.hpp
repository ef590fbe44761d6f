// diff.hpp - two captures, message by message.
#pragma once

#include "wire/ged188_table.hpp"

#include <string>
#include <vector>

namespace cti::tools {

/// A message as it is compared: its name, and a line per field.
struct Comparable {
  std::string where;
  std::string name;
  std::vector<std::string> lines;
};
Comparable comparable(const wire::ged188::DecodedMessage& message, const std::string& where);

/// The differences in words, empty when there are none. When the types part ways, the nearest place within 32 messages
/// where they meet again is where the comparison goes on.
std::string difference(const std::vector<Comparable>& a, const std::vector<Comparable>& b);

}  // namespace cti::tools
