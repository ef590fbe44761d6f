// line_program_test.cpp - what programs written for CTI OS find at the line: one event per question, data with the transfer,
// reasons and wrap-up from the configuration, agents by their login name.
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/team.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

class LineProgram : public ::testing::Test {
 protected:
  explicit LineProgram(const broker::LineConfig& config = line_config()) : world(config) {}
  void SetUp() override { ASSERT_TRUE(world.ready()); }

  void log_in(const std::string& agent, const std::string& device, std::uint16_t state = 2) {
    world.side_a->agent_state(agent, state, device, device);
    ASSERT_TRUE(world.until([&] {
      const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
      return entry != nullptr && entry->state == state && entry->desk_known;
    }));
  }
  wire::ArgumentsView properties(const std::string& id) const {
    const wire::ObjectTable& table = world.line->map().properties();
    const auto handle = table.find(id);
    EXPECT_TRUE(handle.has_value()) << id;
    return handle ? table.properties(*handle) : wire::ArgumentsView();
  }
  broker::Tell run(RequestId request, const wire::Arguments& args,
                   const std::string& agent = "22866") {
    return world.answer(world.request(request, args, agent));
  }
  /// Private events of this kind so far.
  std::size_t told(EventId event) const {
    std::size_t count = 0;
    for (const broker::Tell& tell : world.tells) {
      if (tell.kind != broker::TellKind::kPrivateEvent) continue;
      count += wire::PrivateEventView::trusted(tell.frames).event_id() == event ? 1U : 0U;
    }
    return count;
  }
  wire::PrivateEventView last_told(EventId event) const {
    for (auto tell = world.tells.rbegin(); tell != world.tells.rend(); ++tell) {
      if (tell->kind != broker::TellKind::kPrivateEvent) continue;
      const auto view = wire::PrivateEventView::trusted(tell->frames);
      if (view.event_id() == event) return view;
    }
    ADD_FAILURE() << "not told";
    return wire::PrivateEventView::trusted(world.tells.front().frames);
  }

  LineWorld world;
  std::vector<std::byte> room = std::vector<std::byte>(16 * 1024);
};

TEST_F(LineProgram, AQueryIsToldToWhoAskedAndToNobodyElse) {
  log_in("22866", "23901", 3);
  world.settle();
  const std::size_t before = world.records.size();
  const broker::Tell tell = run(RequestId::eQueryAgentStateRequest, {});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eQueryAgentStateConf);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::AgentState), 3);
  EXPECT_EQ(world.count(EventId::eQueryAgentStateConf, before), 0U);
  EXPECT_EQ(world.count(EventId::eAgentStateEvent, before), 0U);  // there was nothing new in it
}

TEST_F(LineProgram, WhatAQueryFindsOutIsTheStateOfTheAgentForEverybody) {
  log_in("22866", "23901", 3);
  world.settle();
  const std::size_t before = world.records.size();
  world.side_a->agents["22866"].state = 2;  // changed, and the event was lost
  const broker::Tell tell = run(RequestId::eQueryAgentStateRequest, {});
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::AgentState), 2);
  EXPECT_EQ(world.count(EventId::eQueryAgentStateConf, before), 0U);
  ASSERT_EQ(world.count(EventId::eAgentStateEvent, before), 1U);
  EXPECT_EQ(world.last(EventId::eAgentStateEvent)->number(Keyword::AgentState), 2);
}

TEST_F(LineProgram, AfterALoginWhoLoggedInIsToldTheStateOnce) {
  (void)world.enter_agent_mode("22866");
  const std::size_t before = world.records.size();
  world.side_a->agents["22866"] = {2, "23901", "23901"};
  (void)run(RequestId::eLoginRequest,
            args_of({{"AgentID", "22866"}, {"AgentInstrument", "23901"}, {"AgentPassword", "x"}}));
  ASSERT_TRUE(world.until([&] { return told(EventId::eQueryAgentStateConf) == 1; }));
  const auto event = last_told(EventId::eQueryAgentStateConf);
  EXPECT_EQ(event.arguments().integer(Keyword::AgentState), 2);
  EXPECT_EQ(event.arguments().string(Keyword::UniqueObjectID), "agent.5000.22866");
  EXPECT_TRUE(event.arguments().find(Keyword::LogoutReasonRequired).has_value());
  EXPECT_EQ(world.count(EventId::eQueryAgentStateConf, before), 0U);
  world.settle(Seconds{30});
  EXPECT_EQ(told(EventId::eQueryAgentStateConf), 1U);
}

TEST_F(LineProgram, AfterALoginTheStateIsToldAlsoByACtiServerThatDoesNotAnswer) {
  (void)world.enter_agent_mode("22866");
  world.side_a->answers_queries = false;
  (void)run(RequestId::eLoginRequest,
            args_of({{"AgentID", "22866"}, {"AgentInstrument", "23901"}, {"AgentPassword", "x"}}));
  world.side_a->agent_state("22866", 2, "23901", "23901");
  ASSERT_TRUE(world.until([&] { return told(EventId::eQueryAgentStateConf) == 1; }));
  EXPECT_EQ(last_told(EventId::eQueryAgentStateConf).arguments().integer(Keyword::AgentState), 2);
}

TEST_F(LineProgram, ALoginThatIsRefusedIsFollowedByNoState) {
  (void)world.enter_agent_mode("22866");
  world.side_a->confirms = false;
  world.ask(world.request(RequestId::eLoginRequest,
                          args_of({{"AgentID", "22866"}, {"AgentInstrument", "23901"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return !world.side_a->requests.empty(); }));
  world.side_a->refuse(world.side_a->requests.back(), 256);
  world.settle(Seconds{30});
  EXPECT_EQ(told(EventId::eQueryAgentStateConf), 0U);
}

TEST_F(LineProgram, ATransferCarriesTheCallsData) {
  log_in("22866", "23901", 3);
  world.side_a->begin_call(202, "23901", "5551234");
  world.side_a->established(202, "23901");
  world.side_a->send(ged::CallTransferredEventEncoder(room, world.side_a->version,
                                                      {.peripheral_id = kPeripheral,
                                                       .primary_call_id = 202,
                                                       .secondary_call_id = 203,
                                                       .local_connection_state = 3})
                         .primary_device_id("23901")
                         .secondary_device_id("23901"));
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallTransferredEvent) == 1; }));
  const Record* const event = world.last(EventId::eCallTransferredEvent);
  EXPECT_EQ(event->text(Keyword::ANI), "5551234");
  EXPECT_EQ(event->text(Keyword::UniqueObjectID), "call.5000.202.23901");
}

TEST_F(LineProgram, ASnapshotOfACallSaysWhatOnlyASnapshotSays) {
  log_in("22866", "23901", 3);
  world.side_a->begin_call(202, "23901", "5551234");
  world.side_a->established(202, "23901");
  world.side_a->calls["23901"] = {{202, 3, "5551234"}};
  world.settle();
  const broker::Tell tell =
      run(RequestId::eSnapshotCallRequest, args_of({{"UniqueObjectID", "call.5000.202.23901"}}));
  const auto args = reply_of(tell).arguments();
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eSnapshotCallConf);
  EXPECT_EQ(args.string(Keyword::ANI), "5551234");
  EXPECT_GE(args.integer(Keyword::NumCallDevices).value_or(0), 1);
  EXPECT_TRUE(args.find(Keyword::NumNamedVariables).has_value());
  EXPECT_FALSE(args.find(Keyword::CallConnectionCallID).has_value());
  EXPECT_FALSE(args.find(Keyword::CallDeviceType).has_value());
}

broker::LineConfig not_minimized() {
  broker::LineConfig config = line_config();
  config.minimize_event_args = false;
  return config;
}

class LineProgramWhole : public LineProgram {
 protected:
  LineProgramWhole() : LineProgram(not_minimized()) {}
};

TEST_F(LineProgramWhole, ASnapshotHasTheConnectionsOwnFieldsWithoutMinimizing) {
  log_in("22866", "23901", 3);
  world.side_a->begin_call(202, "23901", "5551234");
  world.side_a->established(202, "23901");
  world.side_a->calls["23901"] = {{202, 3, "5551234"}};
  world.settle();
  const broker::Tell tell =
      run(RequestId::eSnapshotCallRequest, args_of({{"UniqueObjectID", "call.5000.202.23901"}}));
  const auto args = reply_of(tell).arguments();
  EXPECT_EQ(args.integer(Keyword::CallConnectionCallID), 202);
  EXPECT_EQ(args.string(Keyword::CallConnectionDeviceID), "23901");
  EXPECT_TRUE(args.find(Keyword::CallConnectionDeviceIDType).has_value());
  EXPECT_EQ(args.integer(Keyword::CallDeviceConnectionState), 3);
  EXPECT_TRUE(args.find(Keyword::CallDeviceType).has_value());
}

TEST_F(LineProgram, AnAgentIsFoundByItsLoginNameWhateverItsCase) {
  ged::ConfigAgentEventEncoder encoder(room, world.side_a->version);
  encoder.add_record({.record_type = std::uint16_t{0},
                      .flt_peripheral_id = kPeripheral,
                      .login_id = "22866",
                      .login_name = "jdoe"});
  world.side_a->send(encoder);
  ASSERT_TRUE(world.until(
      [&] { return properties("agent.5000.22866").string(Keyword::LoginName) == "jdoe"; }));
  wire::Arguments args;
  args.set("LoginName", "JDoe");
  args.set("PeripheralID", std::int32_t{kPeripheral});
  broker::Ask what;
  what.kind = broker::AskKind::kAgentMode;
  what.arguments.assign(args.bytes().begin(), args.bytes().end());
  const broker::Tell tell = world.told(std::move(what), broker::TellKind::kAgentMode);
  EXPECT_FALSE(tell.refused);
  EXPECT_EQ(tell.agent_key, world.agent_key("22866"));
}

broker::LineConfig with_rules() {
  broker::LineConfig config = line_config();
  broker::AgentRules all;
  all.logout_reason_required = true;
  all.logout_reasons = {{"End of shift", 1}, {"Break", 2}};
  all.wrapup_strings = {"sold", "lost"};
  broker::AgentRules team;
  team.team = 6001;
  team.not_ready_reason_required = true;
  team.wrapup_required = true;
  team.not_ready_reasons = {{"Lunch", 12}};
  config.agent_rules = {all, team};
  return config;
}

class LineProgramRules : public LineProgram {
 protected:
  LineProgramRules() : LineProgram(with_rules()) {}
};

TEST_F(LineProgramRules, ReasonsAndWrapUpAreServedAtTheLogin) {
  log_in("22866", "23901", 2);
  world.settle();
  const auto agent = properties("agent.5000.22866");
  EXPECT_EQ(agent.integer(Keyword::LogoutReasonRequired), 1);
  EXPECT_EQ(agent.integer(Keyword::NotReadyReasonRequired), 0);
  const auto reasons = agent.arguments(Keyword::LogoutReasonCodes);
  ASSERT_TRUE(reasons.has_value());
  EXPECT_EQ(reasons->integer("End of shift"), 1);
  EXPECT_EQ(reasons->integer("Break"), 2);
  const auto words = agent.arguments(Keyword::IncomingWrapupStrings);
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(words->string("2"), "lost");
}

TEST_F(LineProgramRules, ATeamWithItsOwnRulesHasThemWhenAnAgentComesToIt) {
  log_in("22866", "23901", 2);
  world.side_a->agent_state("22866", 5, "23901", "23901");
  ASSERT_TRUE(world.until(
      [&] { return properties("agent.5000.22866").find(Keyword::WrapupOkEnabled).has_value(); }));
  EXPECT_EQ(properties("agent.5000.22866").integer(Keyword::WrapupOkEnabled), 0);
  ged::AgentTeamConfigEventEncoder encoder(
      room, world.side_a->version,
      {.peripheral_id = kPeripheral, .team_id = 6001, .config_operation = 1});
  encoder.add_agent({.atc_agent_id = "22866", .agent_flags = std::uint16_t{0}});
  world.side_a->send(encoder);
  ASSERT_TRUE(world.until([&] {
    return properties("agent.5000.22866").integer(Keyword::NotReadyReasonRequired) == 1;
  }));
  const auto agent = properties("agent.5000.22866");
  EXPECT_EQ(agent.integer(Keyword::LogoutReasonRequired), 0);
  const auto reasons = agent.arguments(Keyword::NotReadyReasonCodes);
  ASSERT_TRUE(reasons.has_value());
  EXPECT_EQ(reasons->integer("Lunch"), 12);
  world.side_a->agent_state("22866", 6, "23901", "23901");
  ASSERT_TRUE(world.until(
      [&] { return properties("agent.5000.22866").integer(Keyword::WrapupOkEnabled) == 1; }));
}

}  // namespace
}  // namespace cti::test
