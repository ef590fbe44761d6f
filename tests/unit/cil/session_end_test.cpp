// session_end_test.cpp - why did this session end: kept as a property of the session, whoever ended it.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class SessionEnd : public SessionWorld {
 protected:
  void SetUp() override { serve_agent(*a, eNotReady); }
  /// What the last connection ended with; empty when none has.
  Ref<Arguments> how() {
    Arguments* found = nullptr;
    if (!session->GetValueArray("SessionEnd", &found)) return Ref<Arguments>(new Arguments);
    return Ref<Arguments>(found);
  }
};

TEST_F(SessionEnd, AServersGoodbyeIsKeptWithItsReasonAndNumber) {
  EXPECT_EQ(how()->NumElements(), 0);
  connect();
  EXPECT_EQ(how()->NumElements(), 0);
  a->close(wire::CloseReason::kServerStopping);
  ASSERT_TRUE(until(eOnConnectionFailure));
  EXPECT_EQ(how()->GetValueInt("CloseReason"), 11);
  EXPECT_NE(how()->GetValueString(CTIOS_ERRORMESSAGE).find("ServerStopping"), std::string::npos)
      << how()->DumpArgs();
  EXPECT_EQ(how()->GetValueString(CTIOS_FAILEDSERVER), kHostA);
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueInt("CloseReason"), 11);
  ASSERT_TRUE(until(eOnConnection, 2));
  EXPECT_EQ(how()->GetValueInt("CloseReason"), 11) << "is still what the last one ended with";
}

TEST_F(SessionEnd, AServerThatIsGoneWithoutAWordHasNoNumber) {
  connect();
  a->stop();
  ASSERT_TRUE(until(eOnConnectionFailure));
  EXPECT_FALSE(how()->IsValid("CloseReason"));
  EXPECT_EQ(how()->GetValueInt(CTIOS_REASONCODE), eTransportError);
  EXPECT_NE(how()->GetValueString(CTIOS_ERRORMESSAGE), "");
}

TEST_F(SessionEnd, TheProgramsOwnDisconnectIsNamed) {
  connect();
  Arguments forced;
  forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
  ASSERT_EQ(session->Disconnect(forced), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(how()->GetValueInt("CloseReason"), 1);
  EXPECT_EQ(how()->GetValueString(CTIOS_ERRORMESSAGE), "Disconnect was called");
}

TEST_F(SessionEnd, AnAgentReplacedByAnotherSessionIsToldSoForGood) {
  enter_agent_mode();
  a->close(wire::CloseReason::kReplaced);
  ASSERT_TRUE(until(eOnConnectionFailure));
  EXPECT_EQ(how()->GetValueInt("CloseReason"), 16);
  EXPECT_TRUE(how()->IsValid(CTIOS_FINALATTEMPT));
}

}  // namespace
}  // namespace cti::cil::test
