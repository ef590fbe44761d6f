// translate_hands.cpp - calls that change hands: ended for who had them, told whole to who has them now.
#include "broker/model/masks.hpp"
#include "broker/translate/call_record.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"

#include <utility>
#include <vector>

namespace cti::broker {

using wire::EventId;
using wire::Keyword;

// The calls where the agent sits now, as far as their records were another's or nobody's.
void Translator::hand_over_calls(const AgentEntry& agent) {
  struct Stray {
    std::uint64_t key = 0;
    std::uint64_t before = 0;
  };
  std::vector<Stray> calls;
  map_.calls_of(agent, [&](const CallEntry& call) {
    if (call.told_agent != agent.key) calls.push_back({call.key, call.told_agent});
  });
  // The oldest first: handed over, each is the newest of its device.
  for (std::size_t i = calls.size(); i != 0; --i) hand_over(calls[i - 1].key);
  std::uint64_t last = agent.key;
  for (const Stray& call : calls) {
    const AgentEntry* const before = map_.agent(call.before);
    if (before != nullptr && std::exchange(last, call.before) != call.before)
      refresh_masks(*before, 0);
  }
  if (!calls.empty()) refresh_masks(agent, 0);
}

// The call is told whole to who sits there. To whom it was told before it is over: whoever follows one agent, as a client in
// agent mode does, would keep it for ever. Whoever follows all sees it end and stand there again in the next record.
void Translator::hand_over(std::uint64_t call_key) {
  const CallEntry* const found = map_.call(call_key);
  const auto handle = map_.properties().find(call_key);
  const AgentEntry* const agent = found == nullptr ? nullptr : map_.agent_of(*found);
  if (agent == nullptr || !handle || found->told_agent == agent->key) return;
  const CallEntry call = *found;  // gone once its end is applied, and its properties too
  const std::uint32_t mask = call_mask(map_, call, call.status);
  const Bytes properties = map_.properties().properties(*handle).bytes();
  const std::vector<std::byte> whole(properties.begin(), properties.end());
  if (call.told_agent != 0) end_for(call.told_agent, call);
  RecordInfo info = call_record(EventId::eSnapshotCallConf, call_key, agent, call.peripheral_id);
  info.topics |= wire::topic::kWhole;
  info.flags = wire::update_flag::kArtificial;
  emit(info, ArgSheet(), [&](wire::ArgumentsWriter& writer) {
    writer.add_all(wire::ArgumentsView::trusted(whole));
    writer.add_int(Keyword::EnablementMask, static_cast<std::int32_t>(mask));
  });
}

/// For this agent the call is over; it lives on as another's.
void Translator::end_for(std::uint64_t agent_key, const CallEntry& call) {
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(call.id.view());
  if (!call.failed()) sheet.add_short<Keyword::CallStatus>(wire::ctios::LCS_NULL);
  sheet.add_text<Keyword::DeviceID>(call.device_id.view());
  add_contact(sheet, call);
  RecordInfo info = call_record(EventId::eCallEndEvent, call.key, nullptr, call.peripheral_id);
  info.agent_key = agent_key;
  info.topics |= wire::topic::kEnds;
  info.flags = wire::update_flag::kArtificial;
  emit(info, sheet);
}

}  // namespace cti::broker
