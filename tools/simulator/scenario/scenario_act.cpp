// scenario_act.cpp - what people do in a scenario, done in the model. See scenario_player.hpp.
#include "tools/simulator/scenario/scenario_player.hpp"
#include "tools/simulator/text/command_text.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

/// The number of a refusal with the guide's name for it.
std::string refusal_text(const Failure& failure) {
  const bool telephone = failure.status == Status::kNoError;
  const auto code = telephone ? static_cast<std::uint32_t>(failure.refusal)
                              : static_cast<std::uint32_t>(failure.status);
  const ged::MessageRule* rule =
      ged::find_message(telephone ? "CONTROL_FAILURE_CONF" : "FAILURE_CONF");
  const auto field =
      std::ranges::find(rule->fixed, telephone ? "FailureCode" : "Status", &ged::FixedRule::name);
  const ged::EnumValue* value = field == rule->fixed.end() || field->enumeration == nullptr
                                    ? nullptr
                                    : find_value(*field->enumeration, code);
  return (telephone ? "failure code " : "status ") + std::to_string(code) +
         (value == nullptr ? "" : " (" + std::string(value->name) + ")");
}

}  // namespace

CallNumber ScenarioPlayer::call_of(const std::string& name) const {
  const auto found = remembered_.find(name);
  if (found == remembered_.end()) return kNoCall;
  return number_of<CallNumber>(found->second).value_or(kNoCall);
}

ScenarioPlayer::Poll ScenarioPlayer::judged(const Done<CallNumber>& done,
                                            const std::optional<std::uint32_t>& refused,
                                            const std::string& as) {
  if (done.ok() && !refused) {
    if (!as.empty()) remembered_[as] = std::to_string(*done);
    return Poll::kDone;
  }
  if (done.ok()) return fail("it was done, not refused"), Poll::kFailed;
  const Failure& failure = done.error();
  const auto code = failure.status == Status::kNoError ? static_cast<std::uint32_t>(failure.refusal)
                                                       : static_cast<std::uint32_t>(failure.status);
  if (refused && (*refused == 0 || *refused == code)) return ++report_.checks, Poll::kDone;
  fail("refused: " + refusal_text(failure));
  return Poll::kFailed;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const ArriveStep& step) {
  OutsideCall call = step.call;
  Model& model = server_.model();
  if (const auto group = number_of<std::uint32_t>(call.number))
    call.group = model.find_group(*group);
  return judged(model.outside_call(call), std::nullopt, step.as);
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const HangUpStep& step) {
  if (server_.model().outside_hangs_up(call_of(step.call))) return Poll::kDone;
  fail("the call has no outside party any more");
  return Poll::kFailed;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const DataStep& step) {
  return judged(server_.model().set_call_data(call_of(step.call), step.data), step.refused, {});
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const ActStep& step) {
  const Model& model = server_.model();
  AgentIndex agent = kNoIndex;
  StationIndex station = kNoIndex;
  if (step.by_station) {
    station = model.find_station(step.who);
    if (station == kNoIndex) return fail("there is no station " + step.who), Poll::kFailed;
    agent = model.stations()[station].agent;
  } else {
    agent = model.find_agent(step.who);
    if (agent == kNoIndex) return fail("there is no agent " + step.who), Poll::kFailed;
    station = model.agents()[agent].station;
    if (station == kNoIndex && step.verb != Verb::kLogIn)
      return fail("agent " + step.who + " is not logged in"), Poll::kFailed;
  }
  return judged(act(step, agent, station), step.refused, step.as);
}

Done<CallNumber> ScenarioPlayer::act(const ActStep& step, AgentIndex agent, StationIndex station) {
  Model& model = server_.model();
  const CallNumber call = call_of(step.call);
  switch (step.verb) {
    case Verb::kAnswer:
      return model.answer(call, station);
    case Verb::kHold:
      return model.hold(call, station);
    case Verb::kRetrieve:
      return model.retrieve(call, station);
    case Verb::kDrop:
      return model.clear_connection(call, station);
    case Verb::kClear:
      return model.clear_call(call, station);
    case Verb::kDial:
      return model.make_call(station, {step.to, step.data});
    case Verb::kConsult:
      return model.consult(call, station, {step.to, step.data},
                           static_cast<std::uint16_t>(step.number));
    case Verb::kBlindTransfer:
      return model.blind_transfer(call, station, {step.to, step.data});
    case Verb::kSingleStep:
      return model.single_step_conference(call, station, {step.to, step.data});
    case Verb::kDeflect:
      return model.deflect(call, station, step.to);
    case Verb::kDtmf:
      return model.send_dtmf(call, station, step.to);
    case Verb::kMarkBad:
      return model.mark_bad(call);
    case Verb::kTransfer:
    case Verb::kConference:
    case Verb::kAlternate:
    case Verb::kReconnect:
      return act_on_two(step, station);
    default:
      return act_as_person(step, agent, station);
  }
}

Done<CallNumber> ScenarioPlayer::act_on_two(const ActStep& step, StationIndex station) {
  Model& model = server_.model();
  CallNumber active = call_of(step.call), held = call_of(step.other);
  // Either order may be written: the call that is on hold here is the held one.
  const Connection* view = model.find_view(active, station);
  if (view != nullptr && view->state == ConnectionState::kHeld) std::swap(active, held);
  switch (step.verb) {
    case Verb::kTransfer:
      return model.transfer(active, held, station);
    case Verb::kConference:
      return model.conference(active, held, station);
    case Verb::kAlternate:
      return model.alternate(active, held, station);
    default:
      return model.reconnect(active, held, station);
  }
}

Done<CallNumber> ScenarioPlayer::act_as_person(const ActStep& step, AgentIndex agent,
                                               StationIndex station) {
  Model& model = server_.model();
  if (agent == kNoIndex) return Err{Failure::server(Status::kAgentNotLoggedOn)};
  const auto as_call = [](const Done<AgentIndex>& done) -> Done<CallNumber> {
    if (done.ok()) return kNoCall;
    return Err{done.error()};
  };
  if (step.verb == Verb::kLogIn) {
    const AgentSettings& who = model.agents()[agent].settings;
    const std::string at = step.to.empty() ? who.instrument : step.to;
    return as_call(model.login({who.id, who.password, at, 0, true, {}, 0}));
  }
  if (step.verb == Verb::kGo) {
    const StateRequest request{static_cast<AgentState>(step.number), step.reason, false};
    return as_call(model.set_state(agent, request));
  }
  if (step.verb == Verb::kSupervise) {
    const AgentIndex other = model.find_agent(step.to);
    if (other == kNoIndex || model.agents()[other].station == kNoIndex)
      return Err{Failure::server(Status::kAgentNotLoggedOn)};
    return model.supervise(static_cast<SupervisoryAction>(step.number), kNoCall,
                           model.agents()[other].station, station);
  }
  const CallNumber call = step.call.empty() ? kNoCall : call_of(step.call);
  return model.assist(agent, call, step.verb == Verb::kEmergency);
}

}  // namespace cti::simulator
