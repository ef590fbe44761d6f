// tolerance.cpp - which mistakes of a request are let through by a lenient server.
#include "tools/simulator/server/tolerance.hpp"

#include "wire/ged188_rules.hpp"

namespace cti::simulator {

namespace ged = wire::ged188;

Bytes without_tail(std::uint32_t message_type, Bytes body, ged::Version version) {
  const ged::MessageRule* rule = ged::find_message(message_type);
  if (rule == nullptr || !rule->published()) return body;
  std::size_t at = 0;
  for (const ged::FixedRule& field : rule->fixed) {
    if (field.since <= version) at += field.size;
  }
  if (at >= body.size()) return body;
  if (rule->floating.empty()) return body.first(at);
  const std::size_t header = ged::floating_header_width(version);
  while (body.size() - at >= header) {
    const std::byte* field = body.data() + at;
    const bool narrow = header == 2;
    const std::size_t tag = narrow ? load_be<std::uint8_t>(field) : load_be<std::uint16_t>(field);
    const std::size_t length =
        narrow ? load_be<std::uint8_t>(field + 1) : load_be<std::uint16_t>(field + 2);
    if (tag == 0 || length > body.size() - at - header) break;
    at += header + length;
  }
  return body.first(at);
}

}  // namespace cti::simulator
