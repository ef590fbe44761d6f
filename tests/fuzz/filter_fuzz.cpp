// filter_fuzz.cpp - any text as a message filter: refused by name and place, or compiled, canonical and matched.
#include "broker/fanout/message_filter.hpp"
#include "wire/object_key.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace cti;
using namespace cti::wire;

[[noreturn]] void found() { std::abort(); }

std::vector<std::byte> record(EventId event, std::string_view id, std::uint32_t topics) {
  std::vector<std::byte> buffer(512);
  UpdateWriter writer(buffer, {.id = 1,
                               .peripheral_id = 5000,
                               .object_key = object_key(id),
                               .agent_key = object_key("agent.5000.1001"),
                               .event_id = event,
                               .topics = topics});
  writer.arguments().add_string(Keyword::UniqueObjectID, id);
  if (topics == topic::kAgent) writer.arguments().add_string(Keyword::AgentID, "1001");
  writer.arguments().add_short(Keyword::CallStatus, 2);
  writer.arguments().begin_nested(Keyword::ECC);
  writer.arguments().add_string("user.x", "y");
  writer.arguments().end_nested();
  buffer.resize(writer.finish().size());
  return buffer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto state = record(EventId::eAgentStateEvent, "agent.5000.1001", topic::kAgent);
  static const auto call = record(EventId::eCallDeliveredEvent, "call.5000.1.1", topic::kCall);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = broker::MessageFilter::compile(text);
  if (!filter) {
    if (filter.error().offset > size || describe(filter.error()).empty()) found();
    for (const char c : describe(filter.error())) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E)
        found();  // goes into logs
    }
    return 0;
  }
  const auto again = broker::MessageFilter::compile(filter->text());
  if (!again || again->text() != filter->text() || again->hash() != filter->hash()) found();
  if (again->cost() != filter->cost()) found();
  for (const auto& bytes : {state, call}) {
    const auto view = UpdateView::trusted(bytes);
    if (filter->matches(view) != again->matches(view)) found();
    if (filter->matches_snapshot(view) != again->matches_snapshot(view)) found();
    if (filter->matches_everything() && !filter->matches(view)) found();
    const auto hint = filter->index_hint();
    if (hint.object_key != 0 && hint.object_key != view.object_key() && filter->matches(view))
      found();
    if (hint.agent_key != 0 && hint.agent_key != view.agent_key() && filter->matches(view)) found();
  }
  return 0;
}
