// request_chat.cpp - chat messages: who may send one to whom, and on their way as addressed records of the log.
//
// Way      an addressed record (meet/side_record.hpp) behind the updates so far: whoever follows the log gives it to the
//          sessions of the agent that it names, on this server and, once two are a pair, on the other; nobody else sees it.
// Sender   is told OnUserMessageConf when the message is on its way: whether anybody reads it nobody knows.
#include "broker/requests/requests.hpp"
#include "wire/object_key.hpp"

#include <vector>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::size_t kMessageBytesMax = 255;

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

/// The closest in which one agent stands to another, as far as chat is concerned.
ChatLevel level_needed(const AgentEntry& me, const AgentEntry& other) noexcept {
  ChatLevel needed = ChatLevel::kUnrestricted;
  for (std::uint32_t i = 0; i < other.teams.count; ++i) {
    const TeamList::One& one = other.teams.list[i];
    if (!me.teams.has(one.team)) continue;
    const bool primary = (one.flags & ctios::AGENT_FLAG_PRIMARY_SUPERVISOR) != 0;
    needed = std::min(needed, primary       ? ChatLevel::kPrimarySupervisor
                              : one.leads() ? ChatLevel::kTeamSupervisors
                                            : ChatLevel::kTeam);
  }
  return needed;
}

}  // namespace

/// Whom the message is for: agents who are there. Nothing and a reason when it is for nobody, or for somebody to whom the
/// sender may not write.
Requests::Verdict Requests::chat_receivers(const Job& job, ChatLevel may,
                                           std::vector<const AgentEntry*>& to) {
  const std::string distribution = text_of(job.args, Keyword::Distribution);
  const std::string target = text_of(job.args, Keyword::Target);
  const auto refuse_level = [&](std::string_view whom) {
    return Refusal{ctios::eInvalidPriviledge, 0,
                   "chat with " + std::string(whom) + " is not allowed at the level " +
                       std::string(name_of(may)),
                   Refusal::Why::kRights};
  };
  if (distribution == "agent") {
    if (target.empty()) {
      return bad(ctios::eRequiredArgMissing, "Target is missing: an AgentID, or a login name");
    }
    const std::uint32_t peripheral = job.me->peripheral_id;
    const ObjectId id = agent_object_id(peripheral, target);
    const AgentEntry* agent = parts_.map.agent(wire::object_key(id.view()));
    if (agent == nullptr) agent = parts_.map.agent_by_login_name(peripheral, target);
    if (agent == nullptr)
      return bad(ctios::eUnknownObjectID, "Target: there is no agent " + target);
    if (agent == job.me) return bad(ctios::eInvalidObjectState, "Target is the sender");
    if (level_needed(*job.me, *agent) > may) return refuse_level("agent " + target);
    if (!agent->logged_in())
      return bad(ctios::eInvalidObjectState, "Target: agent " + target + " is logged out");
    to.push_back(agent);
    return std::nullopt;
  }
  const bool supervisors = distribution == "supervisor";
  if (!supervisors && distribution != "team") {
    return bad(ctios::eRequiredArgMissing,
               "Distribution must be agent, supervisor, team or all, not \"" + distribution + "\"");
  }
  const ChatLevel needed = supervisors ? ChatLevel::kTeamSupervisors : ChatLevel::kTeam;
  const bool primary_only = supervisors && may == ChatLevel::kPrimarySupervisor;
  if (needed > may && !primary_only) return refuse_level("the " + distribution);
  parts_.map.each_agent([&](const AgentEntry& agent) {
    if (&agent == job.me || !agent.logged_in()) return;
    if (level_needed(*job.me, agent) <= std::min(needed, may)) to.push_back(&agent);
  });
  if (to.empty())
    return bad(ctios::eInvalidObjectState, "nobody of the " + distribution + " is logged in");
  return std::nullopt;
}

Requests::Verdict Requests::chat(Job& job) {
  if (Verdict wrong = check_there(job)) return wrong;
  const std::string message = text_of(job.args, Keyword::Message);
  if (message.empty()) return bad(ctios::eRequiredArgMissing, "Message is missing: a text");
  if (message.size() > kMessageBytesMax) {
    return bad(ctios::E_CTI_VALUE_TOO_LONG, "Message has " + std::to_string(message.size()) +
                                                " bytes, at most " +
                                                std::to_string(kMessageBytesMax) + " may be sent");
  }
  const ChatLevel may = job.role == Role::kSupervisor ? parts_.config.supervisor_chat
                                                      : parts_.config.agent_chat;
  const std::string distribution = text_of(job.args, Keyword::Distribution);
  const auto frame_for = [&](std::string_view target) {
    return make_private({.event_id = EventId::eUserMessageEvent},
                        [&](wire::ArgumentsWriter& writer) {
                          writer.add_string(Keyword::AgentID, job.me->agent_id.view());
                          writer.add_string(Keyword::Distribution, distribution);
                          writer.add_string(Keyword::Message, message);
                          writer.add_string(Keyword::Source, job.me->agent_id.view());
                          writer.add_string(Keyword::Target, target);
                        });
  };
  std::size_t lost = 0, sent = 0;
  if (distribution == "all") {
    if (may != ChatLevel::kUnrestricted) {
      return Refusal{ctios::eInvalidPriviledge, 0,
                     "chat with all is not allowed at the level " + std::string(name_of(may)),
                     Refusal::Why::kRights};
    }
    sent = 1;
    lost = parts_.sink.to_agents_but(job.me->key, frame_for("all")) ? 0 : 1;
  } else {
    std::vector<const AgentEntry*> receivers;
    if (Verdict wrong = chat_receivers(job, may, receivers)) return wrong;
    sent = receivers.size();
    for (const AgentEntry* const agent : receivers)
      lost += parts_.sink.to_agent(agent->key, frame_for(agent->agent_id.view())) ? 0 : 1;
  }
  if (lost != 0) {
    return bad(ctios::eServiceNotSupported, "busy: " + std::to_string(lost) + " of " +
                                                std::to_string(sent) +
                                                " messages found no room and were not sent");
  }
  reply(job.ask, make_reply({.id = job.ask.request_id, .event_id = EventId::eUserMessageConf},
                            [&](wire::ArgumentsWriter& writer) {
                              writer.add_string(Keyword::UniqueObjectID, job.me->id.view());
                            }));
  return std::nullopt;
}

}  // namespace cti::broker
