// masks.cpp - what the rules of buttons.hpp want to know, from the map.
#include "broker/model/masks.hpp"

#include "core/base/check.hpp"
#include "wire/ctios_enums.hpp"

#include <array>

namespace cti::broker {

namespace ctios = wire::ctios;

namespace {

constexpr std::size_t kCallsMax = 16;  // calls of one device that a CTI Server lists

/// The agent's calls as the rules want to see them.
struct Calls {
  std::array<CallSituation, kCallsMax> list{};
  std::size_t count = 0;
  std::size_t target = kCallsMax;  // where `about` stands; kCallsMax: nowhere

  void add(const CallEntry& call, std::uint16_t status) noexcept {
    if (count == kCallsMax) return;
    CallSituation& situation = list[count++];
    situation.status = static_cast<ctios::LocalConnectionState>(status);
    // A call that goes off hook here is the agent's own, also before an event has said so.
    situation.outgoing = call.outgoing() || status == ctios::LCS_INITIATE;
    situation.consultation = call.consultation();
    situation.rings = situation.outgoing && !call.answered && status != ctios::LCS_HOLD;
    situation.consult_type = static_cast<ctios::ConsultType>(call.consult_type);
    situation.born = call.born;
  }
};

/// `about`, when given, counts with `status` whatever the map says of it, also when the map has it not yet.
Calls calls_of(const ObjectMap& map, const AgentEntry& agent, const CallEntry* about,
               std::uint16_t status) noexcept {
  Calls calls;
  map.calls_of(agent, [&](const CallEntry& call) {
    const bool target = about != nullptr && call.key == about->key;
    if (target) calls.target = calls.count;
    if (target) {
      calls.add(*about, status);  // as it will be
    } else {
      calls.add(call, call.status);
    }
  });
  if (about != nullptr && calls.target == kCallsMax && calls.count < kCallsMax) {
    calls.target = calls.count;
    calls.add(*about, status);
  }
  assign_roles(std::span(calls.list).first(calls.count));
  return calls;
}

ButtonOffer offer_to(const ObjectMap& map, const AgentEntry& agent) noexcept {
  const std::uint16_t type = map.peripheral_type_of(agent);
  ButtonOffer offer;
  offer.recording = map.buttons().record;
  offer.single_step_transfer = type != kUnifiedCce || map.buttons().single_step;
  offer.single_step_conference = offer_of(type).single_step_conference;
  return offer;
}

AgentSituation situation_of(const ObjectMap& map, const AgentEntry& agent, std::uint16_t state,
                            const Calls& calls) noexcept {
  AgentSituation situation;
  situation.offer = offer_to(map, agent);
  situation.state = static_cast<ctios::AgentState>(state);
  situation.supervisor = agent.supervisor;
  situation.desk_settings = agent.desk_mask;
  situation.wrapup_incoming = static_cast<ctios::WrapupMode>(agent.wrapup_incoming);
  situation.wrapup_outgoing = static_cast<ctios::WrapupMode>(agent.wrapup_outgoing);
  situation.last_call_outgoing = agent.last_call_outgoing != 0;
  situation.calls = std::span(calls.list).first(calls.count);
  return situation;
}

}  // namespace

std::uint32_t agent_mask(const ObjectMap& map, const AgentEntry& agent,
                         std::uint16_t state) noexcept {
  const Calls calls = calls_of(map, agent, nullptr, 0);
  return agent_buttons(situation_of(map, agent, state, calls)).mask;
}

std::uint32_t call_mask(const ObjectMap& map, const CallEntry& call,
                        std::uint16_t status) noexcept {
  const AgentEntry* const agent = map.agent_of(call);
  if (agent == nullptr) return 0;
  const Calls calls = calls_of(map, *agent, &call, status);
  const AgentSituation situation = situation_of(map, *agent, agent->state, calls);
  if (calls.target == kCallsMax) return agent_buttons(situation).mask;
  return call_buttons(situation, calls.target).mask;
}

MaskReason explain_mask(const ObjectMap& map, const AgentEntry& agent, const CallEntry* about,
                        std::uint32_t bit) noexcept {
  const std::uint16_t status = about == nullptr ? std::uint16_t{0} : about->status;
  const Calls calls = calls_of(map, agent, about, status);
  const std::size_t target = calls.target == kCallsMax ? WhyGrey::kNoCall : calls.target;
  MaskReason found;
  found.why = explain_button(situation_of(map, agent, agent.state, calls), target, bit);
  std::size_t index = 0;
  map.calls_of(agent, [&](const CallEntry& call) {  // in the order of the list
    if (index++ == found.why.call) found.call = &call;
  });
  // The one that the map does not place at this agent stands behind those that it does.
  if (found.call == nullptr && found.why.call != WhyGrey::kNoCall) found.call = about;
  CTI_CHECK((found.call == nullptr) == (found.why.call == WhyGrey::kNoCall));
  return found;
}

}  // namespace cti::broker
