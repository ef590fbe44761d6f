// explain_test.cpp - "Why is this button grey?" on the real programs: asked through the client library, answered in words.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

/// What the server says of one button.
Seen why(Client& client, const CCtiOsObject& object, std::uint32_t button,
         bool supervisors = false) {
  client.events.mark();
  const int asked = supervisors ? client.session.ExplainSupervisorButton(object, button)
                                : client.session.ExplainButton(object, button);
  EXPECT_EQ(asked, CIL_OK);
  const Seen* const seen = client.events.wait(eExplainButtonConf);
  EXPECT_NE(seen, nullptr) << client.events.story();
  return seen == nullptr ? Seen{} : *seen;
}

TEST(Explain, ATransferWaitsForTheConsultedPartyAndSaysSo) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  EXPECT_NE(why(client, *client.agent, ENABLE_LOGIN).text(CTIOS_MESSAGE), "");
  EXPECT_EQ(why(client, *client.agent, ENABLE_READY).integer("GreyReason"), 0) << "it is on";
  client.set_state(eAvailable);
  const std::string call = world.call_arrives(client, "5551234", "77");
  ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(call)), nullptr);
  const Seen rings = why(client, client.call(call), ENABLE_HOLD);
  EXPECT_EQ(rings.text(CTIOS_MESSAGE),
            "Hold: the call has not been answered (" + call + ", LCS_ALERTING)");
  ASSERT_EQ(client.call(call).Answer(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(call)), nullptr);
  Client colleague;
  colleague.connect(world.port());
  colleague.set_agent("22867");
  colleague.login("23902");
  Arguments args;
  args.AddItem(CTIOS_DIALEDNUMBER, "23902");
  args.AddItem(CTIOS_CONSULTTYPE, 1);  // a transfer
  client.events.mark();
  ASSERT_EQ(client.call(call).MakeConsultCall(args), CIL_OK);
  const Seen* const begin = client.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << client.events.story();
  const std::string consult = begin->text(CTIOS_UNIQUEOBJECTID);
  const Seen* const ringing = colleague.events.wait(eCallDeliveredEvent);
  ASSERT_NE(ringing, nullptr) << colleague.events.story();
  const Seen waits = why(client, client.call(consult), ENABLE_TRANSFER_COMPLETE);
  EXPECT_EQ(waits.text("GreyReasonName"), "ConsultNotAnswered");
  EXPECT_NE(waits.text(CTIOS_MESSAGE).find(consult), std::string::npos)
      << waits.text(CTIOS_MESSAGE);
  ASSERT_EQ(colleague.call(ringing->text(CTIOS_UNIQUEOBJECTID)).Answer(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(consult)), nullptr);
  EXPECT_EQ(why(client, client.call(consult), ENABLE_TRANSFER_COMPLETE).integer("GreyReason"), 0);
  const Seen other = why(client, client.call(consult), ENABLE_CONFERENCE_COMPLETE);
  EXPECT_EQ(other.text("GreyReasonName"), "OtherConsultType") << other.text(CTIOS_MESSAGE);
}

TEST(Explain, ASupervisorIsToldWhyItCannotInterceptAndNobodyOfAnothersCall) {
  World world;
  Client agent;
  agent.connect(world.port());
  agent.set_agent("22866");
  agent.login("23901");
  Client chief;
  chief.connect(world.port());
  chief.set_agent("22900");
  chief.login("23900");
  Arguments whom;
  whom.AddItem(CTIOS_AGENTREFERENCE, "agent.5000.22866");
  ASSERT_EQ(chief.agent->StartMonitoringAgent(whom), CIL_OK);
  ASSERT_NE(chief.events.wait(eStartMonitoringAgent), nullptr) << chief.events.story();
  const Ref<CAgent> member(chief.agent->GetMonitoredAgent());
  ASSERT_TRUE(member);
  EXPECT_EQ(why(chief, *member, ENABLE_INTERCEPT, true).text("GreyReasonName"), "NoCall");
  EXPECT_EQ(why(chief, *member, ENABLE_SET_AGENT_READY, true).integer("GreyReason"), 0);
  EXPECT_EQ(why(chief, *member, ENABLE_HOLD).text("GreyReasonName"), "NoCall") << "its own";
  // Who changed the agent's state, as the agent and the supervisor see it.
  Arguments ready;
  ready.AddItem(CTIOS_SUPERVISORID, "22900");
  ready.AddItem(CTIOS_AGENTSTATE, static_cast<int>(eAvailable));
  ASSERT_EQ(member->SetAgentState(ready), CIL_OK);
  const auto is_ready = [](const Seen& seen) {
    return seen.integer(CTIOS_AGENTSTATE) == eAvailable;
  };
  ASSERT_NE(agent.events.wait(eAgentStateEvent, is_ready), nullptr) << agent.events.story();
  ASSERT_NE(chief.events.wait(eOnMonitoredAgentStateChange, is_ready), nullptr);
  for (const CAgent* const seen : {static_cast<const CAgent*>(agent.agent),
                                   static_cast<const CAgent*>(member.get())}) {
    const Ref<Arguments> change(&seen->GetValueArray("StateChange"));
    EXPECT_EQ(change->GetValueString("By"), "agent.5000.22900") << change->DumpArgs();
    EXPECT_EQ(change->GetValueString("Request"), "SetAgentStateRequest");
    EXPECT_EQ(change->GetValueString("Session"),
              chief.session.GetValueString(CTIOS_CILCONNECTIONID));
  }
  ASSERT_EQ(agent.session.ExplainSupervisorButton(*agent.agent, ENABLE_INTERCEPT), CIL_OK);
  const Seen* const refused = agent.events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << agent.events.story();
  EXPECT_EQ(refused->integer(CTIOS_MESSAGETYPE), eExplainButtonRequest);
}

}  // namespace
}  // namespace cti::scenario
