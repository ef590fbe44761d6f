// line_audit_test.cpp - what the log is told of a line: tries, refusals, pauses, losses, peripherals, refused requests.
#include "tests/unit/broker/line_world.hpp"

#include <algorithm>

namespace cti::test {
namespace {

using core::log::Level;

std::size_t said(const LineWorld& world, std::string_view what, Level level) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < world.said.size(); ++i)
    count += world.levels[i] == level && world.said[i].find(what) != std::string::npos;
  return count;
}

TEST(LineAudit, ARefusedSessionIsSaidWithItsStatusByNameAndThePauseAfterIt) {
  LineWorld world;
  world.side_a->refuse_open = world.side_b->refuse_open = 36;
  ASSERT_TRUE(world.until([&] { return world.line->link().counters().pauses == 1; }));
  EXPECT_EQ(said(world, "connecting to side A (10.0.0.2:42027)", Level::kInfo), 1U);
  EXPECT_EQ(said(world,
                 "no session with side A (10.0.0.2:42027): side A refused the session: "
                 "E_CTI_INVALID_PASSWORD (36)",
                 Level::kWarning),
            1U);
  EXPECT_EQ(said(world, "no session with side B (10.0.0.3:43027)", Level::kWarning), 1U);
  EXPECT_EQ(said(world, "no CTI Server after 2 tries: the next one in ", Level::kInfo), 1U);
}

TEST(LineAudit, OfEachRoundTheFirstFailureIsSaidAndWhatHasChanged) {
  LineWorld world;
  world.side_a->refuse_open = world.side_b->refuse_open = 36;
  const auto& counters = world.line->link().counters();
  ASSERT_TRUE(world.until([&] { return counters.pauses == 4; }, Seconds{600}));
  EXPECT_EQ(counters.opens_refused, 8U);
  EXPECT_EQ(said(world, "no session with", Level::kWarning), 5U) << "two, then one a round";
  EXPECT_EQ(said(world, "connecting to", Level::kInfo), 4U) << "the first of a round";
  EXPECT_EQ(said(world, "the next one in", Level::kInfo), 4U);
  world.side_b->refuse_open = 19;
  ASSERT_TRUE(world.until([&] { return counters.pauses == 5; }, Seconds{600}));
  EXPECT_EQ(said(world, "E_CTI_INVALID_SERVICE_MASK (19)", Level::kWarning), 1U);
}

TEST(LineAudit, LossesAreWarningsAndAGoodSessionIsNot) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(said(world, "", Level::kWarning), 0U);
  EXPECT_EQ(said(world, "session with the CTI Server is open on side A", Level::kInfo), 1U);
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->link().counters().losses == 1; }));
  EXPECT_EQ(said(world, "session with the CTI Server is lost: side A", Level::kWarning), 1U);
}

TEST(LineAudit, APeripheralThatGoesAndComesIsSaidOnceEach) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  const auto system = [&](std::uint32_t event, std::uint32_t arg) {
    world.side_a->system_event(event, arg);
    world.settle();
  };
  system(wire::ctios::eSysPeripheralOffline, kPeripheral);
  system(wire::ctios::eSysPeripheralOffline, kPeripheral);
  EXPECT_EQ(said(world, "peripheral 5000 is offline", Level::kWarning), 1U);
  EXPECT_FALSE(world.shared.status.peripheral_online(0));
  system(wire::ctios::eSysPeripheralOnline, kPeripheral);
  EXPECT_EQ(said(world, "peripheral 5000 is online", Level::kInfo), 1U);
  system(wire::ctios::eSysCentralControllerOffline, 0);
  EXPECT_EQ(said(world, "the central controller is offline", Level::kWarning), 1U);
}

TEST(LineAudit, ARefusedRequestIsSaidWithSessionAgentAndNumbers) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.ask(world.request(RequestId::eAnswerCallRequest, {}, "22866"));
  world.settle();
  ASSERT_EQ(said(world, "eAnswerCallRequest refused, ", Level::kInfo), 1U);
  std::string fields;
  for (std::size_t i = 0; i < world.said.size(); ++i) {
    if (world.said[i].find("eAnswerCallRequest refused") == std::string::npos) continue;
    for (const auto& field : world.fields[i])
      fields += std::string(field.key) + "=" + field.value + " ";
  }
  EXPECT_EQ(fields.find("session=1 agent=agent.5000.22866 request_id="), 0U) << fields;
}

}  // namespace
}  // namespace cti::test
