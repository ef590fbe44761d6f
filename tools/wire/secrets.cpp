// secrets.cpp - see secrets.hpp.
#include "tools/wire/secrets.hpp"

#include <algorithm>

namespace cti::tools {

using namespace wire::ged188;

void mask_passwords(DecodedMessage& message) {
  constexpr std::string_view kMask = "********";
  const auto is_secret = [](std::string_view name) { return name.ends_with("Password"); };
  for (DecodedField& field : message.floating) {
    if (!is_secret(field.name)) continue;
    field.value.text = kMask;
    field.raw.reset();
  }
  // What could not be taken apart may be one.
  const bool carries = message.rule != nullptr &&
                       std::ranges::any_of(message.rule->floating, [&](const FloatRule& rule) {
                         return is_secret(rule.name);
                       });
  if (carries) std::ranges::fill(message.leftover, '*');
}

}  // namespace cti::tools
