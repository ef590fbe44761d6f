// explain_test.cpp - ExplainButton: what is asked of the server, what the program is told, and what is refused here.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class Explain : public SessionWorld {
 protected:
  void SetUp() override {
    serve_agent(*a, eTalking, {"call.5000.1.23901"});
    enter_agent_mode();
    CCtiOsObject* found = nullptr;
    ASSERT_TRUE(session->GetObjectFromObjectID("call.5000.1.23901", &found));
    call = Ref<CCall>(static_cast<CCall*>(found));
    a->on_request = [this](const ScriptedServer::Asked& asked) {
      a->reply(asked.id, wire::confirmation_of(asked.request), wire::Outcome::kConfirmed,
               items({{Keyword::Message, "Hold: the call is not talking"},
                      {wire::ArgKey("Button"), "ENABLE_HOLD"},
                      {wire::ArgKey("GreyReason"), 16}}));
    };
  }
  Ref<CCall> call;
};

TEST_F(Explain, TheObjectAndTheBitTravelAndTheAnswerIsAnEvent) {
  ASSERT_EQ(session->ExplainButton(*call, ENABLE_HOLD), CIL_OK);
  ASSERT_TRUE(until(eExplainButtonConf));
  ASSERT_EQ(a->requests.size(), 1U);
  EXPECT_EQ(a->requests[0].request, RequestId::eExplainButtonRequest);
  const auto args = a->requests[0].arguments.view();
  EXPECT_EQ(args.string(Keyword::UniqueObjectID), "call.5000.1.23901");
  EXPECT_EQ(args.integer(Keyword::EnablementMask), ENABLE_HOLD);
  EXPECT_FALSE(args.find(Keyword::SupervisorBtnEnablementMask));
  const Arguments& told = events.last(eExplainButtonConf);
  EXPECT_EQ(told.GetValueString(CTIOS_MESSAGE), "Hold: the call is not talking");
  EXPECT_EQ(told.GetValueInt("GreyReason"), 16);
  EXPECT_EQ(told.GetValueString(CTIOS_UNIQUEOBJECTID), "call.5000.1.23901");
}

TEST_F(Explain, TheHighestBitTravelsAsItIs) {
  ASSERT_EQ(session->ExplainButton(*agent, ENABLE_WORKNOTREADY), CIL_OK);
  ASSERT_TRUE(until(eExplainButtonConf));
  EXPECT_EQ(a->requests[0].arguments.view().integer(Keyword::EnablementMask), 0x80000000LL);
}

TEST_F(Explain, ASupervisorsButtonIsAskedAboutUnderItsOwnMask) {
  ASSERT_EQ(session->ExplainSupervisorButton(*agent, ENABLE_BARGE_IN), CIL_OK);
  ASSERT_TRUE(until(eExplainButtonConf));
  const auto args = a->requests[0].arguments.view();
  EXPECT_EQ(args.integer(Keyword::SupervisorBtnEnablementMask), ENABLE_BARGE_IN);
  EXPECT_FALSE(args.find(Keyword::EnablementMask));
}

TEST_F(Explain, WhatIsNoButtonOrNoObjectOfTheSessionIsRefusedHere) {
  EXPECT_EQ(session->ExplainButton(*call, 0), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->ExplainButton(*call, ENABLE_HOLD | ENABLE_RELEASE), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->ExplainButton(*session, ENABLE_HOLD), E_CTIOS_INVALID_OBJECT_TYPE);
  const Ref<CAgent> nobody(new CAgent);
  EXPECT_EQ(session->ExplainButton(*nobody, ENABLE_HOLD), E_CTIOS_INVALID_OBJECT_TYPE);
  EXPECT_EQ(session->GetLastError(), E_CTIOS_INVALID_OBJECT_TYPE);
  world.run_for(Seconds(1));
  EXPECT_TRUE(a->requests.empty());
}

TEST_F(Explain, WithoutAConnectionItIsRefusedAsEveryRequestIs) {
  session->Disconnect();
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(session->ExplainButton(*call, ENABLE_HOLD), E_CTIOS_INVALID_SESSION);
}

}  // namespace
}  // namespace cti::cil::test
