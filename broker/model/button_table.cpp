// button_table.cpp - the situations, and the page that is made of them.
#include "broker/model/button_table.hpp"

#include "broker/model/button_names.hpp"
#include "core/base/check.hpp"

#include <bit>
#include <utility>

namespace cti::broker {

namespace ctios = wire::ctios;
using ctios::WrapupMode;

namespace {

constexpr CallSituation kAlerting{.status = ctios::LCS_ALERTING};
constexpr CallSituation kTalking{.status = ctios::LCS_CONNECT};
constexpr CallSituation kHeld{.status = ctios::LCS_HOLD};
constexpr CallSituation kDialling{.status = ctios::LCS_INITIATE, .outgoing = true};
constexpr CallSituation kDialled{.status = ctios::LCS_CONNECT, .outgoing = true};
constexpr CallSituation kQueued{.status = ctios::LCS_QUEUED};
constexpr CallSituation kFailed{.status = ctios::LCS_FAIL, .outgoing = true};

constexpr CallSituation original(ctios::LocalConnectionState status) {
  return {.status = status, .role = ConsultRole::kOriginal};
}
constexpr CallSituation consult(ctios::LocalConnectionState status, ctios::ConsultType type,
                                bool rings = false) {
  return {.status = status,
          .role = ConsultRole::kConsult,
          .consult_type = type,
          .outgoing = true,
          .rings = rings};
}

AgentSituation in(ctios::AgentState state, WrapupMode wrapup = WrapupMode::Required) {
  AgentSituation agent;
  agent.state = state;
  agent.wrapup_incoming = wrapup;
  agent.wrapup_outgoing = wrapup;
  return agent;
}

ButtonGroup without_calls() {
  ButtonGroup group{"The agent's mask without a call", {}};
  for (std::int32_t state = ctios::eLogin; state <= ctios::eHold; ++state) {
    const auto each = static_cast<ctios::AgentState>(state);
    group.columns.push_back({std::string(name_of(each)), in(each), {}, WhyGrey::kNoCall});
  }
  AgentSituation supervisor = in(ctios::eNotReady);
  supervisor.supervisor = true;
  group.columns.push_back({"eNotReady, a supervisor", supervisor, {}, WhyGrey::kNoCall});
  AgentSituation asked = in(ctios::eNotReady);
  asked.desk_settings = UINT32_MAX;
  group.columns.push_back({"eNotReady, reasons asked for", asked, {}, WhyGrey::kNoCall});
  asked.state = ctios::eAvailable;
  group.columns.push_back({"eAvailable, reasons asked for", asked, {}, WhyGrey::kNoCall});
  return group;
}

ButtonGroup with_one_call() {
  ButtonGroup group{"The mask of the agent's only call", {}};
  const auto add = [&](const char* name, const AgentSituation& agent, const CallSituation& call) {
    group.columns.push_back({name, agent, {call}, 0});
  };
  add("rings", in(ctios::eReserved), kAlerting);
  add("is dialled", in(ctios::eTalking), kDialling);
  add("talks, wrap-up required", in(ctios::eTalking), kTalking);
  add("talks, wrap-up optional", in(ctios::eTalking, WrapupMode::Optional), kTalking);
  add("talks, wrap-up not allowed", in(ctios::eTalking, WrapupMode::NotAllowed), kTalking);
  add("made here, talks, wrap-up optional", in(ctios::eTalking, WrapupMode::Optional), kDialled);
  add("held", in(ctios::eHold), kHeld);
  add("queued", in(ctios::eTalking), kQueued);
  add("failed", in(ctios::eTalking), kFailed);
  AgentSituation rich = in(ctios::eTalking);
  rich.offer.recording = rich.offer.single_step_transfer = rich.offer.single_step_conference = true;
  add("talks, all is offered", rich, kTalking);
  AgentSituation poor = in(ctios::eTalking);
  poor.offer = {.chat = false,
                .statistics = false,
                .supervisor_assist = false,
                .emergency = false,
                .bad_line = false};
  add("talks, nothing is offered", poor, kTalking);
  return group;
}

ButtonGroup with_two_calls() {
  ButtonGroup group{"The mask of one of the agent's two calls (wrap-up required)", {}};
  using Calls = std::vector<CallSituation>;
  const auto add = [&](const char* name, Calls calls, std::size_t look) {
    group.columns.push_back({name, in(ctios::eTalking), std::move(calls), look});
  };
  const Calls rings = {original(ctios::LCS_HOLD),
                       consult(ctios::LCS_INITIATE, ctios::CT_TRANSFER, true)};
  const Calls transfer = {original(ctios::LCS_HOLD),
                          consult(ctios::LCS_CONNECT, ctios::CT_TRANSFER)};
  const Calls conference = {original(ctios::LCS_HOLD),
                            consult(ctios::LCS_CONNECT, ctios::CT_CONFERENCE)};
  const Calls either = {original(ctios::LCS_HOLD),
                        consult(ctios::LCS_CONNECT, ctios::CT_UNSPECIFIED)};
  const Calls alternated = {original(ctios::LCS_CONNECT),
                            consult(ctios::LCS_HOLD, ctios::CT_TRANSFER)};
  add("consult call that rings", rings, 1);
  add("held for it", rings, 0);
  add("consult call for a transfer", transfer, 1);
  add("held for it", transfer, 0);
  add("consult call for a conference", conference, 1);
  add("consult call for either", either, 1);
  add("alternated: the first talks", alternated, 0);
  add("alternated: the consult call is held", alternated, 1);
  add("talks beside a held one", {kHeld, kTalking}, 1);
  add("held beside a talking one", {kHeld, kTalking}, 0);
  add("rings beside a talking one", {kTalking, kAlerting}, 1);
  return group;
}

struct SupervisorColumn {
  std::string name;
  SupervisorSituation now;
};

std::vector<SupervisorColumn> supervisor_columns() {
  std::vector<SupervisorColumn> columns;
  SupervisorSituation now;
  const auto add = [&](const char* name) { columns.push_back({name, now}); };
  now.agent = ctios::eTalking;
  add("the supervisor is logged out");
  now.logged_in = true;
  now.agent = ctios::eLogout;
  add("the agent is logged out");
  now.agent = ctios::eNotReady;
  add("the agent is NotReady");
  now.agent = ctios::eAvailable;
  add("the agent is Ready");
  now.agent = ctios::eReserved;
  now.has_call = true;
  now.call = ctios::LCS_ALERTING;
  add("the call rings");
  now.agent = ctios::eTalking;
  now.call = ctios::LCS_CONNECT;
  add("the call talks");
  now.other_call = true;
  add("it talks, and the supervisor on another call");
  now.other_call = false;
  now.call = ctios::LCS_HOLD;
  add("the call is held");
  now.call = ctios::LCS_CONNECT;
  now.part = SupervisorPart::kMonitors;
  add("listens");
  now.part = SupervisorPart::kWhispers;
  add("whispers");
  now.part = SupervisorPart::kBargedIn;
  add("has barged in");
  now.part = SupervisorPart::kIntercepted;
  now.has_call = false;
  now.agent = ctios::eNotReady;
  add("has intercepted");
  return columns;
}

std::string cell(GreyReason reason) {
  return reason == GreyReason::kOn ? "**on**" : std::to_string(static_cast<int>(reason));
}

template <class Columns, class ReasonOf>
void print_table(std::string& page, const Columns& columns, std::span<const ButtonName> names,
                 ReasonOf&& reason_of) {
  CTI_CHECK(!columns.empty() && !names.empty());
  page += "| button |";
  for (const auto& column : columns) page += " " + column.name + " |";
  page += "\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) page += ":-:|";
  page += "\n";
  for (const ButtonName& name : names) {
    page += "| " + std::string(name.label) + " `" + std::string(name.name) + "` |";
    for (const auto& column : columns) page += " " + cell(reason_of(column, name.bit)) + " |";
    page += "\n";
  }
}

std::string_view words_of(Fact fact) {
  switch (fact) {
    case Fact::kNothing:
      return "";
    case Fact::kAgentState:
      return "the agent's state";
    case Fact::kCall:
      return "the call, or the agent's state";
    case Fact::kAnyCall:
      return "a call, and the agent's state";
    case Fact::kTalkingCall:
      return "the call that talks";
    case Fact::kOtherCall:
      return "the other call";
    case Fact::kConsult:
      return "the consult call";
    case Fact::kPurpose:
      return "the consult call, ConsultType";
    case Fact::kWrapup:
      return "the agent's state, WrapupData...Mode";
    case Fact::kDeskSettings:
      return "DeskSettingsMask";
    case Fact::kRole:
      return "the agent";
    case Fact::kPeripheral:
      return "PeripheralType";
    case Fact::kPart:
      return "the supervisor";
  }
  return "";
}

constexpr std::string_view kHead =
    "# Buttons: when each is on, and else why not\n"
    "\n"
    "Printed from the rules of `broker/model/`; a test fails when this page is not what they\n"
    "say, and says how to print it anew. A cell is **on**, or the number of the reason (below):\n"
    "the `GreyReason` that `Session.ExplainButton` answers with, beside the words and the values\n"
    "that made it so. Where nothing else is said: Unified CCE, desk settings that require wrap-up\n"
    "and ask for no reason codes, a server without a recorder.\n"
    "\n"
    "The mask of an agent's record follows the call that the agent is on (one that talks before\n"
    "one that rings, is dialled, is held); that of a call's record follows this call. An ended\n"
    "call counts as none.\n";

}  // namespace

Buttons ButtonColumn::buttons() const noexcept {
  CTI_CHECK(look == WhyGrey::kNoCall || look < calls.size());
  AgentSituation now = agent;
  now.calls = calls;
  return look == WhyGrey::kNoCall ? agent_buttons(now) : call_buttons(now, look);
}

std::vector<ButtonGroup> button_groups() {
  std::vector<ButtonGroup> groups;
  groups.push_back(without_calls());
  groups.push_back(with_one_call());
  groups.push_back(with_two_calls());
  return groups;
}

std::string print_buttons() {
  std::string page(kHead);
  for (const ButtonGroup& group : button_groups()) {
    page += "\n## " + group.title + "\n\n";
    print_table(page, group.columns, button_names(),
                [](const ButtonColumn& column, std::uint32_t bit) {
                  return column.buttons().reason(bit);
                });
  }
  page += "\n## A supervisor's mask, for the agent who is monitored\n\n";
  print_table(page, supervisor_columns(), supervisor_button_names(),
              [](const SupervisorColumn& column, std::uint32_t bit) {
                const SupervisorButtons buttons = supervisor_buttons(column.now);
                return buttons.why[static_cast<std::size_t>(std::countr_zero(bit))];
              });
  page += "\n## The reasons\n\n"
          "A number keeps its meaning; new ones come at the end. The last column says what the\n"
          "values of the answer are about.\n\n";
  page += "| number | name | words | values |\n|--:|---|---|---|\n";
  for (std::size_t i = 0; i < kGreyReasons; ++i) {
    const auto reason = static_cast<GreyReason>(i);
    page += "| " + std::to_string(i) + " | " + std::string(name_of(reason).substr(1)) + " | ";
    page += std::string(describe(reason)) + " | " + std::string(words_of(fact_of(reason))) + " |\n";
  }
  return page;
}

}  // namespace cti::broker
