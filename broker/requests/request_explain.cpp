// request_explain.cpp - why is this button grey? The rules are asked again for one bit, and what they say is told in words.
//
// Ours     CTI OS has no such request. UniqueObjectID names an agent or a call; EnablementMask the bit of its mask that is asked
//          about, or SupervisorBtnEnablementMask that of the supervisor who monitors it.
// Answer   Button (name), GreyReason and GreyReasonName (docs/buttons.md), Message (words), the whole mask, and in
//          EnablementReasons the values that made it so: an object and its state, a setting and what it says.
#include "broker/requests/requests.hpp"
#include "wire/object_key.hpp"

#include <bit>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

namespace {

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

}  // namespace

void Requests::tell_words(const Job& job, std::string_view id, const ButtonWords& words,
                          Keyword mask) {
  CTI_CHECK(!words.text.empty() && !words.button.empty());
  reply(job.ask, make_reply({.id = job.ask.request_id, .event_id = EventId::eExplainButtonConf},
                            [&](wire::ArgumentsWriter& writer) {
                              writer.add_int(mask, static_cast<std::int32_t>(words.mask));
                              writer.add_string(Keyword::Message, words.text);
                              writer.add_string(Keyword::UniqueObjectID, id);
                              writer.begin_nested(Keyword::EnablementReasons);
                              for (const ButtonWords::Value& value : words.values)
                                writer.add_string(value.name, value.value);
                              writer.end_nested();
                              writer.add_string("Button", words.button);
                              writer.add_ushort("GreyReason",
                                                static_cast<std::uint16_t>(words.reason));
                              writer.add_string("GreyReasonName",
                                                name_of(words.reason).substr(1));
                            }));
}

std::optional<ButtonWords> Requests::explained(const Job& job, const AgentEntry* owner,
                                               const CallEntry* call, std::uint32_t bit) const {
  CTI_CHECK(owner != nullptr || call != nullptr);
  CTI_CHECK(may_ask(job.role, job.request).has(relation_to(job, owner)));
  if (owner == nullptr) return explain_for_nobody(*call, bit);
  return explain(parts_.map, *owner, call, bit);
}

// Whoever may see the object may ask.
Requests::Verdict Requests::explain_button(Job& job) {
  const std::string id = text_of(job.args, Keyword::UniqueObjectID);
  const std::uint64_t key = wire::object_key(id);
  const CallEntry* const call = parts_.map.call(key);
  const AgentEntry* const owner =
      call != nullptr ? parts_.map.agent_of(*call) : parts_.map.agent(key);
  if (call == nullptr && owner == nullptr)
    return bad(ctios::eUnknownObjectID, "UniqueObjectID: there is no agent and no call " + id);
  if (Verdict wrong = allow(job, relation_to(job, owner), id,
                            owner == nullptr ? "" : owner->id.view(),
                            id + " is neither yourself nor a call at your device, nor of a team "
                                 "that you supervise")) {
    return wrong;
  }
  const std::uint32_t bit = number_or(job.args, Keyword::EnablementMask, 0);
  const std::uint32_t supervisors = number_or(job.args, Keyword::SupervisorBtnEnablementMask, 0);
  if (!std::has_single_bit(bit) && !std::has_single_bit(supervisors)) {
    return bad(ctios::eRequiredArgMissing,
               "EnablementMask must be a single bit, that of the button (UINT), or "
               "SupervisorBtnEnablementMask");
  }
  if (bit == 0) return explain_supervisor_button(job, owner, call, id, supervisors);
  const auto words = explained(job, owner, call, bit);
  if (!words) {
    return bad(ctios::E_CTI_ELEMENT_NOT_FOUND,
               "EnablementMask: no button has the bit " + std::to_string(bit));
  }
  tell_words(job, id, *words, Keyword::EnablementMask);
  return std::nullopt;
}

/// The supervisor's buttons are about the one agent, and the one call of it, that the session monitors.
Requests::Verdict Requests::explain_supervisor_button(const Job& job, const AgentEntry* owner,
                                                      const CallEntry* call, std::string_view id,
                                                      std::uint32_t bit) {
  const SupervisorView view = parts_.watches.view_of(job.ask.from);
  if (view.agent == nullptr || view.agent != owner) {
    return bad(ctios::eInvalidObjectState,
               std::string(id) + " is not being monitored: StartMonitoringAgent comes before the "
                                 "buttons for it");
  }
  if (call != nullptr && call != view.call) {
    return bad(ctios::eInvalidObjectState,
               "the buttons are about " +
                   (view.call == nullptr ? std::string("no call")
                                         : std::string(view.call->id.view())) +
                   ": StartMonitoringCall chooses another");
  }
  const auto words = explain(view, bit);
  if (!words) {
    return bad(ctios::E_CTI_ELEMENT_NOT_FOUND,
               "SupervisorBtnEnablementMask: no button has the bit " + std::to_string(bit));
  }
  tell_words(job, id, *words, Keyword::SupervisorBtnEnablementMask);
  return std::nullopt;
}

}  // namespace cti::broker
