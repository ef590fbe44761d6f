// request_help.cpp - an agent who wants a supervisor, reports a bad line, or sets the greeting.
#include "broker/requests/requests.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/supervisor.hpp"

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::Keyword;
using wire::RequestId;

namespace {

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

/// The call that the agent talks on; nullptr: none.
const CallEntry* talked_on(const ObjectMap& map, const AgentEntry& me) {
  const CallEntry* found = nullptr;
  map.calls_of(me, [&](const CallEntry& call) {
    if (call.status == ctios::LCS_CONNECT) found = &call;
  });
  return found;
}

}  // namespace

/// The session's own agent is asked, and logged in.
Requests::Verdict Requests::check_there(const Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  if (job.me->logged_in()) return std::nullopt;
  return bad(ctios::eInvalidObjectState,
             "agent " + std::string(job.me->id.view()) + " is logged out");
}

// Which supervisor it is, and whether the call becomes a consultation or a conference, is the CTI Server's to find out.
Requests::Verdict Requests::call_for_help(Job& job) {
  if (Verdict wrong = check_there(job)) return wrong;
  if (job.role == Role::kSupervisor)
    return bad(ctios::eInvalidObjectState, "a supervisor has nobody to call for help");
  const CallEntry* const call = talked_on(parts_.map, *job.me);
  const auto go = [&]<class Encoder, class Fixed>(ged::MessageType type) {
    return send(job, type, job.me->id.view(), 0, [&](MutableBytes room, std::uint32_t invoke_id) {
      Fixed fixed{.invoke_id = invoke_id, .peripheral_id = job.me->peripheral_id};
      if (call != nullptr) {
        fixed.connection_call_id = call->call_id;
        fixed.connection_device_id_type = call->device_type;
      }
      Encoder encoder(room, parts_.link.version(), fixed);
      if (call != nullptr) encoder.connection_device_id(said(call->device_id.view()));
      encoder.agent_id(said(job.me->agent_id.view()));
      encoder.agent_instrument(said(job.me->instrument.view()));
      return encoder.finish();
    });
  };
  if (job.request == RequestId::eEmergencyCallRequest) {
    return go.template operator()<ged::EmergencyCallReqEncoder, ged::EmergencyCallReqFixed>(
        ged::MessageType::kEmergencyCallReq);
  }
  return go.template operator()<ged::SupervisorAssistReqEncoder, ged::SupervisorAssistReqFixed>(
      ged::MessageType::kSupervisorAssistReq);
}

Requests::Verdict Requests::bad_line(Job& job) {
  if (Verdict wrong = check_there(job)) return wrong;
  const CallEntry* const call = talked_on(parts_.map, *job.me);
  if (call == nullptr)
    return bad(ctios::eInvalidObjectState, "there is no call that you talk on: whose line is bad?");
  return send(job, ged::MessageType::kBadCallReq, job.me->id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                return ged::BadCallReqEncoder(room, parts_.link.version(),
                                              {.invoke_id = invoke_id,
                                               .peripheral_id = call->peripheral_id,
                                               .connection_device_id_type = call->device_type,
                                               .connection_call_id = call->call_id})
                    .connection_device_id(said(call->device_id.view()))
                    .agent_id(said(job.me->agent_id.view()))
                    .finish();
              });
}

Requests::Verdict Requests::greeting(Job& job) {
  if (Verdict wrong = check_there(job)) return wrong;
  const std::uint32_t action = number_or(job.args, Keyword::AgentAction, 0);
  if (action != 1 && action != 2)
    return bad(ctios::eRequiredArgMissing, "AgentAction must be 1 (disable) or 2 (enable)");
  return send(job, ged::MessageType::kAgentGreetingControlReq, job.me->id.view(), action,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                return ged::AgentGreetingControlReqEncoder(
                           room, parts_.link.version(),
                           {.invoke_id = invoke_id,
                            .peripheral_id = job.me->peripheral_id,
                            .agent_action = static_cast<std::uint16_t>(action)})
                    .agent_id(said(job.me->agent_id.view()))
                    .finish();
              });
}

}  // namespace cti::broker
