// request_checks.cpp - what must be true before a request is run: its arguments, the asker's rights, the CTI Server's and the
// call's state. The first that is not refuses it.
#include "broker/requests/requests.hpp"
#include "wire/object_key.hpp"

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::Keyword;
using wire::RequestId;

Requests::Verdict Requests::check(Job& job, const Spec& spec) {
  if (Verdict wrong = check_args(job.args, spec.rules)) return wrong;
  if (Verdict wrong = check_ecc(job.args)) return wrong;
  if (may_ask(job.role, job.request).none()) {
    return Refusal{ctios::eInvalidPriviledge, 0, why_never(job), Refusal::Why::kRights};
  }
  CTI_CHECK(spec.handler != nullptr);
  if (spec.local || spec.here) return std::nullopt;
  if (Verdict wrong = check_upstream(job)) return wrong;
  if (spec.call) return check_call(job, spec);
  return std::nullopt;
}

/// Nothing of this kind is allowed to this role: says what would help.
std::string Requests::why_never(const Job& job) {
  const std::string name(name_of_request(job.ask.request));
  if (job.role == Role::kAgent) return "only a supervisor may ask for " + name;
  if (job.role == Role::kMonitor) return name + " needs agent mode: monitor mode controls nothing";
  return name + " is not allowed to the role " + std::string(name_of(job.role));
}

/// The one place that says no for lack of rights about an object. `whose` is for the log: the owner's name, or empty.
Requests::Verdict Requests::allow(const Job& job, Relation relation, std::string_view target,
                                  std::string_view whose, std::string text) {
  CTI_CHECK(has_rule(job.request));
  if (may_ask(job.role, job.request).has(relation)) return std::nullopt;
  if (parts_.say && job.me != nullptr) {
    const std::string line = std::string(job.me->id.view()) + " may not " +
                             name_of_request(job.ask.request) + " on " +
                             (whose.empty() ? std::string("nobody's") : std::string(whose) + "'s") +
                             " " + std::string(target);
    parts_.say({.text = line, .kind = "rights"});
  }
  return Refusal{ctios::eInvalidPriviledge, 0, std::move(text), Refusal::Why::kRights};
}

/// How an agent, or what is an agent's, stands to the asker. nullptr: nobody's.
Relation Requests::relation_to(const Job& job, const AgentEntry* owner) noexcept {
  if (owner == nullptr || job.me == nullptr) return Relation::kOther;
  if (owner == job.me) return Relation::kOwn;
  CTI_CHECK(job.role == Role::kAgent || job.role == Role::kSupervisor);
  const bool leads = job.role == Role::kSupervisor && job.me->teams.led_with(owner->teams) != 0;
  return leads ? Relation::kTeam : Relation::kOther;
}

// Refused at once: nothing waits for a CTI Server that is not there.
Requests::Verdict Requests::check_upstream(const Job& job) {
  if (!parts_.link.up()) {
    return Refusal{ctios::eDriverOutOfService, 0,
                   "the CTI Server is offline: " + parts_.link.cause(), Refusal::Why::kDown};
  }
  const std::uint32_t peripheral =
      job.me == nullptr ? parts_.config.peripherals.front() : job.me->peripheral_id;
  for (std::size_t i = 0; i < parts_.status.peripherals(); ++i) {
    if (parts_.status.peripheral_id(i) != peripheral || parts_.status.peripheral_online(i))
      continue;
    return Refusal{ctios::eDriverOutOfService, 0,
                   "peripheral " + std::to_string(peripheral) + " is offline", Refusal::Why::kDown};
  }
  return std::nullopt;
}

/// The session is an agent's, and the agent is there. Whether it may is not asked here.
Requests::Verdict Requests::check_own_agent(const Job& job) {
  if (job.ask.from.who.agent_key == 0) {
    return Refusal{
        ctios::eInvalidPriviledge, 0,
        name_of_request(job.ask.request) + " needs agent mode: monitor mode controls nothing",
        Refusal::Why::kRights};
  }
  if (job.me == nullptr)
    return Refusal{ctios::eUnknownObjectID, 0, "the session's agent is not known any more"};
  CTI_CHECK(job.me->key == job.ask.from.who.agent_key);
  return std::nullopt;
}

/// What this kind of peripheral does not do, whatever the call's state.
Requests::Verdict Requests::check_offered(const Job& job) const {
  CTI_CHECK(job.me != nullptr && job.call != nullptr);
  const PeripheralOffer offer = offer_of(parts_.map.peripheral_type_of(*job.me));
  const bool conference = job.request == RequestId::eSingleStepConferenceRequest;
  const bool clear = job.request == RequestId::eClearCallRequest;
  if ((!conference || offer.single_step_conference) && (!clear || offer.clear_call))
    return std::nullopt;
  return Refusal{ctios::eOperationNotSupported, 0,
                 name_of_request(job.ask.request) +
                     ": this peripheral does not offer it (PeripheralType " +
                     std::to_string(parts_.map.peripheral_type_of(*job.me)) + ")"};
}

// The call must exist, be one that the session may touch (C6), and be in a state that allows the request.
Requests::Verdict Requests::check_call(Job& job, const Spec& spec) {
  CTI_CHECK(spec.call && !spec.local);
  if (Verdict wrong = check_own_agent(job)) return wrong;
  const auto id = job.args.string(Keyword::UniqueObjectID);
  if (!id)
    return Refusal{ctios::eRequiredArgMissing, 0,
                   "UniqueObjectID is missing: a text (STRING), the call"};
  job.call = parts_.map.call(wire::object_key(*id));
  if (job.call == nullptr) {
    return Refusal{ctios::eUnknownObjectID, 0,
                   "UniqueObjectID: there is no call " + std::string(*id)};
  }
  CTI_CHECK(job.call->key == wire::object_key(*id));
  const AgentEntry* const owner = parts_.map.agent_of(*job.call);
  if (Verdict wrong = allow(job, relation_to(job, owner), "call " + std::string(*id),
                            owner == nullptr ? "" : owner->id.view(),
                            "the call " + std::string(*id) + " is not at your device")) {
    return wrong;
  }
  if (Verdict wrong = check_offered(job)) return wrong;
  // The state is the switch's number: one that nobody has named allows nothing.
  const std::uint16_t status = job.call->status;
  if (spec.states != 0 && (status >= 32 || ((spec.states >> status) & 1U) == 0)) {
    return Refusal{ctios::eInvalidObjectState, 0,
                   name_of_request(job.ask.request) + " does not fit a call in state " +
                       std::to_string(job.call->status)};
  }
  return std::nullopt;
}

}  // namespace cti::broker
