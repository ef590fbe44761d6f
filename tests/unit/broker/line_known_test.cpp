// Who becomes known while the line serves, or is told to be over: asked about like everybody else, or nobody at all.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

struct Member {
  std::string agent;
  std::uint16_t state = 0;
};

void team(LineWorld& world, std::uint32_t id, std::uint16_t operation,
          const std::vector<Member>& members) {
  ged::AgentTeamConfigEventEncoder to(
      world.side_a->room(), world.side_a->version,
      {.peripheral_id = kPeripheral, .team_id = id, .config_operation = operation});
  for (const Member& member : members) {
    if (member.state == 0) {
      to.add_agent({member.agent, std::uint16_t{0}});
    } else {
      to.add_agent({member.agent, std::uint16_t{0}, member.state, std::uint32_t{7}});
    }
  }
  world.side_a->send(to);
}

const broker::AgentEntry* agent_of(LineWorld& world, const std::string& agent) {
  return world.line->map().agent(world.agent_key(agent));
}

/// The agent sits where the CTI Server says, with desk settings and the call that is there.
void expect_known(LineWorld& world, const std::string& agent, const std::string& call) {
  EXPECT_TRUE(world.until(
      [&] {
        const broker::AgentEntry* const entry = agent_of(world, agent);
        return entry != nullptr && entry->devices[0] != broker::kNoSlot && entry->desk_known &&
               world.line->map().call(wire::object_key(call)) != nullptr;
      },
      Seconds{5}))
      << agent;
  const broker::CallEntry* const found = world.line->map().call(wire::object_key(call));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(world.line->map().audience_of(*found), world.agent_key(agent));
}

TEST(LineKnown, AnAgentFirstNamedByATeamWhileServingIsAskedAbout) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agents["77"] = {3, "23977", "23977"};
  world.side_a->calls["23977"] = {{50, 3, "555"}};
  team(world, 7001, 1, {{"77", 3}});
  expect_known(world, "77", "call.5000.50.23977");
}

TEST(LineKnown, AnAgentFirstHeardOfByAStateIsAskedAbout) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  for (const bool names_seat : {true, false}) {
    const std::string agent = names_seat ? "81" : "82", seat = "239" + agent;
    world.side_a->calls[seat] = {{60U + names_seat, 3, "555"}};
    world.side_a->agent_state(agent, 3, names_seat ? seat : "", names_seat ? seat : "");
    world.side_a->agents[agent] = {3, seat, seat};
    expect_known(world, agent, "call.5000." + std::to_string(60 + names_seat) + "." + seat);
  }
}

TEST(LineKnown, WhoseAnswerComesAfterTheDialogueWasCutHasDeskSettingsToo) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  LineWorld world(config);
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  std::vector<std::vector<std::byte>> held;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    if (world.line->sync_counters().completed != 0) return false;
    held.emplace_back(body.begin(), body.end());
    return true;
  };
  ASSERT_TRUE(world.ready());
  for (const auto& body : held)
    world.side_a->serve(static_cast<std::uint32_t>(ged::MessageType::kQueryAgentStateReq), body);
  EXPECT_TRUE(world.until(
      [&] {
        const broker::AgentEntry* const agent = agent_of(world, "22866");
        return agent != nullptr && agent->logged_in() && agent->desk_known;
      },
      Seconds{5}));
}

TEST(LineKnown, WhomAClientsQueryMakesKnownIsAskedAboutWhole) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agents["88"] = {3, "23988", "23988"};
  world.side_a->calls["23988"] = {{70, 3, "555"}};
  (void)world.answer(world.request(RequestId::eQueryAgentStateRequest,
                                   args_of({{"AgentID", "88"}}), ""));
  expect_known(world, "88", "call.5000.70.23988");
}

// ---- asked already, and not any more as it was ----

/// Logs in without a word of where.
void comes(LineWorld& world, const std::string& agent, const std::string& seat) {
  world.side_a->agent_state(agent, 3, "");
  world.side_a->agents[agent] = {3, seat, seat};
}

TEST(LineKnown, WhoWasNotThereWhenAskedInTheDialogueIsAskedAgainAfterLoggingInDuringIt) {
  LineWorld world(one_side());
  world.side_a->calls["23901"] = {{50, 3, "555"}};
  std::vector<std::byte> held;
  bool refused = false;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    const auto view = ged::QueryAgentStateReqView::decode(body, world.side_a->version);
    if (view->agent_id() == "22867" && held.empty()) {  // keeps the dialogue going
      held.assign(body.begin(), body.end());
      return true;
    }
    if (view->agent_id() != "22866" || std::exchange(refused, true)) return false;
    world.side_a->send(ged::FailureConfEncoder(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()), .status = 9}));
    return true;
  };
  ASSERT_TRUE(world.until([&] { return refused && !held.empty(); }));
  world.settle();
  comes(world, "22866", "23901");
  world.side_a->serve(static_cast<std::uint32_t>(ged::MessageType::kQueryAgentStateReq), held);
  ASSERT_TRUE(world.ready());
  expect_known(world, "22866", "call.5000.50.23901");
}

TEST(LineKnown, OneQuestionThatNobodyAnswersKeepsNobodyElseFromBeingAskedAgain) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  LineWorld world(config);
  world.side_a->calls["23901"] = {{50, 3, "555"}};
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    const auto view = ged::QueryAgentStateReqView::decode(body, world.side_a->version);
    return view->agent_id() == "22867";
  };
  ASSERT_TRUE(world.ready());
  EXPECT_FALSE(world.line->in_step());
  comes(world, "22866", "23901");
  expect_known(world, "22866", "call.5000.50.23901");
}

TEST(LineKnown, WhatIsOverMakesNobodyKnown) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  const std::size_t from = world.records.size();
  const std::uint32_t asked = world.side_a->queries;
  team(world, 7001, 2, {{"77"}});
  world.side_a->agent_state("78", ctios::eLogout, "");
  world.side_a->agent_state("79", ctios::eUnknown, "");
  world.settle();
  for (const char* const agent : {"77", "78", "79"}) EXPECT_EQ(agent_of(world, agent), nullptr);
  EXPECT_EQ(world.records.size(), from);
  EXPECT_EQ(world.side_a->queries, asked);
  // Nor does it when a dialogue keeps it back.
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} == ged::MessageType::kConfigRequestEvent)
      world.side_a->agent_state("78", ctios::eLogout, "");
    return false;
  };
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_EQ(agent_of(world, "78"), nullptr);
}

// ---- what is asked once may have changed since ----

TEST(LineKnown, DeskSettingsAreAskedForAtEachLoginAndInEachDialogue) {
  LineWorld world(one_side());
  std::uint32_t mask = 1;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kAgentDeskSettingsReq) return false;
    world.side_a->send(ged::AgentDeskSettingsConfEncoder(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()),
         .peripheral_id = kPeripheral,
         .desk_settings_mask = mask}));
    return true;
  };
  ASSERT_TRUE(world.ready());
  const auto told = [&](std::uint32_t want) {
    return world.until(
        [&] { return agent_of(world, "22866")->desk_mask == want && world.line->in_step(); },
        Seconds{5});
  };
  world.side_a->agent_state("22866", 3, "23901", "23901");
  EXPECT_TRUE(told(1));
  world.side_a->agent_state("22866", 1, "23901", "23901");
  mask = 2;
  world.side_a->agent_state("22866", 3, "23901", "23901");
  EXPECT_TRUE(told(2)) << "at a login";
  mask = 4;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_TRUE(told(4)) << "in a dialogue";
}

TEST(LineKnown, SkillGroupsThatAnAgentHasLeftDuringAnOutageAreLeft) {
  LineWorld world(one_side());
  std::uint32_t groups = 3;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    const auto view = ged::QueryAgentStateReqView::decode(body, world.side_a->version);
    if (view->agent_id() != "22866") return false;
    ged::QueryAgentStateConfEncoder to(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()), .agent_state = 3});
    to.agent_id("22866").agent_instrument("23901");
    for (std::uint32_t group = 1; group <= groups; ++group)
      to.add_skill_group({.skill_group_number = 70 + group});
    world.side_a->send(to);
    return true;
  };
  const auto known = [&] {
    const auto handle = world.line->map().properties().find(world.agent_key("22866"));
    return world.line->map().properties().properties(*handle).dump();
  };
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  EXPECT_NE(known().find("SkillGroup[3]"), std::string::npos);
  team(world, 5001, 1, {{"22866"}});
  world.settle();
  groups = 1;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_NE(known().find("SkillGroup[1]"), std::string::npos);
  EXPECT_EQ(known().find("SkillGroup[2]"), std::string::npos);
  EXPECT_EQ(known().find("SkillGroup[3]"), std::string::npos);
  EXPECT_EQ(agent_of(world, "22866")->team, 5001U) << "all else stays";
  EXPECT_TRUE(agent_of(world, "22866")->desk_known);
  wire::ObjectTable client;
  for (const Record& record : world.records) ASSERT_TRUE(client.apply(record.view()).ok());
  EXPECT_EQ(client.digest(), world.line->map().properties().digest());
  world.line->map().invariants();
}

// ---- lists of teams that are not whole ----

/// Two dialogues with the same team, in two frames; `between` comes between them in the second.
void expect_members_stay(const broker::LineConfig& config,
                         const std::function<void(LineWorld&)>& between, bool second_frame) {
  LineWorld world(config);
  int opened = 0;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} != ged::MessageType::kConfigRequestEvent) return false;
    ++opened;
    team(world, 5001, 1, {{"22866"}});
    if (opened == 2) between(world);
    if (opened == 1 || second_frame) team(world, 5001, 1, {{"22867"}});
    return false;
  };
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  ASSERT_EQ(agent_of(world, "22867")->team, 5001U);
  const std::size_t from = world.records.size();
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  world.settle(Seconds{1});
  EXPECT_EQ(agent_of(world, "22867")->team, 5001U);
  for (std::size_t i = from; i < world.records.size(); ++i) {
    if (world.records[i].event() != EventId::eNewAgentTeamMember) continue;
    EXPECT_NE(world.records[i].number(Keyword::ConfigOperation),
              ctios::CONFIG_OPERATION_REMOVE_AGENT);
  }
}

TEST(LineKnown, ATeamListOfWhichAFrameWasRefusedTakesNobodyOut) {
  expect_members_stay(
      one_side(),
      [](LineWorld& world) {
        std::vector<std::byte> frame(12);  // too short for its fixed part
        store_be<std::uint32_t>(frame.data(), 4);
        constexpr auto kTeam = static_cast<std::uint32_t>(ged::MessageType::kAgentTeamConfigEvent);
        store_be<std::uint32_t>(frame.data() + 4, kTeam);
        world.side_a->send_raw(frame);
      },
      false);
}

TEST(LineKnown, U15_ATeamListThatAnnouncedMoreThanCameTakesNobodyOut) {
  expect_members_stay(
      one_side(),
      [](LineWorld& world) { world.side_a->spoil_at(8 + 8, 2); },  // NumberOfAgents, and one came
      false);
}

TEST(LineKnown, ATeamListThatTheDialogueHadNoRoomForTakesNobodyOut) {
  broker::LineConfig config = one_side();
  config.sync_bytes_max = 16 * 1024;
  expect_members_stay(
      config,
      [](LineWorld& world) {
        std::vector<std::byte> frame(8);
        store_be<std::uint32_t>(frame.data() + 4, 233);
        for (int i = 0; i < 1000; ++i) world.side_a->send_raw(frame);
      },
      true);
}

TEST(LineKnown, ATeamListThatTheDialogueDidNotWaitForTakesNobodyOut) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  expect_members_stay(
      config, [](LineWorld& world) { world.side_a->answers_queries = false; }, false);
}

/// Two dialogues; in the second the team's list has 22867 alone, and `answers` says whether a query is answered yet.
void expect_leaver_noticed(const broker::LineConfig& config,
                           const std::function<bool(LineWorld&, std::size_t queries)>& answers) {
  LineWorld world(config);
  int opened = 0;
  std::size_t queries = 0;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} == ged::MessageType::kConfigRequestEvent) {
      if (++opened == 1) team(world, 5001, 1, {{"22866"}, {"22867"}});
      if (opened == 1) team(world, 6001, 1, {{"22866"}});  // of that one nothing is told again
      if (opened == 2) team(world, 5001, 1, {{"22867"}});
    }
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq || opened < 2) return false;
    return !answers(world, queries++);
  };
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_FALSE(world.line->in_step());
  EXPECT_TRUE(agent_of(world, "22866")->teams.has(5001)) << "not everything has been said yet";
  team(world, 6001, 1, {{"22867"}});  // one who joins: no list
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  world.settle();
  EXPECT_FALSE(agent_of(world, "22866")->teams.has(5001));
  EXPECT_TRUE(agent_of(world, "22866")->teams.has(6001));
  EXPECT_TRUE(agent_of(world, "22867")->teams.has(5001));
  EXPECT_TRUE(agent_of(world, "22867")->teams.has(6001));
}

TEST(LineKnown, WhoLeftATeamIsNoticedThoughAnAnswerWasLost) {
  expect_leaver_noticed(one_side(), [](LineWorld&, std::size_t queries) { return queries != 0; });
}

TEST(LineKnown, WhoLeftATeamIsNoticedThoughTheDialogueTookTooLong) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  expect_leaver_noticed(config, [](LineWorld& world, std::size_t) {
    return world.line->sync_counters().completed == 2;
  });
}

// ---- who is not there any more ----

void deleted(LineWorld& world, const std::string& agent) {
  ged::ConfigAgentEventEncoder to(world.side_a->room(), world.side_a->version);
  to.add_record({.record_type = std::uint16_t{2},
                 .flt_peripheral_id = kPeripheral,
                 .login_id = agent});
  world.side_a->send(to);
}

TEST(LineKnown, AnAgentWhomTheCtiServerDoesNotKnowAnyMoreIsLoggedOut) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  world.side_a->agents.erase("22867");
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(agent_of(world, "22867"), nullptr) << "a stranger: nobody";
  ASSERT_TRUE(agent_of(world, "22866")->logged_in());
  world.side_a->agents.erase("22866");  // deleted while nobody listens
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_FALSE(agent_of(world, "22866")->logged_in());
  EXPECT_EQ(agent_of(world, "22867"), nullptr);
}

TEST(LineKnown, AnAgentWhoIsDeletedLeavesUnlessSomebodyIsThatAgent) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agents["77"] = {1, "", ""};
  team(world, 7001, 1, {{"77", 1}});
  ASSERT_TRUE(world.until(
      [&] { return agent_of(world, "77") != nullptr && world.line->in_step(); }));
  world.settle();
  deleted(world, "77");
  deleted(world, "22866");  // held: the configuration of this server names it
  deleted(world, "78");     // a stranger
  world.settle();
  EXPECT_EQ(agent_of(world, "77"), nullptr);
  EXPECT_NE(agent_of(world, "22866"), nullptr);
  EXPECT_EQ(agent_of(world, "78"), nullptr);
}

TEST(LineKnown, AnAgentWhoIsDeletedWhileLoggedInIsAskedAbout) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  ASSERT_TRUE(agent_of(world, "22866")->logged_in());
  world.side_a->agents.erase("22866");
  deleted(world, "22866");
  EXPECT_TRUE(world.until([&] { return !agent_of(world, "22866")->logged_in(); }, Seconds{5}));
}

// ---- media domains ----

TEST(LineKnown, VoiceIsAskedForInItsOwnDomainAndNoOtherAnswerIsTakenForIt) {
  broker::LineConfig config = one_side();
  config.voice_mrd = 5;
  LineWorld world(config);
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  std::vector<std::int32_t> asked;
  bool other = false;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    const auto view = ged::QueryAgentStateReqView::decode(body, world.side_a->version);
    asked.push_back(view->mrdid());
    if (!other) return false;
    ged::QueryAgentStateConfEncoder to(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()), .agent_state = 4, .mrdid = 1});
    world.side_a->send(to.agent_id(view->agent_id().value_or("")).agent_instrument("23901"));
    return true;
  };
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  EXPECT_EQ(agent_of(world, "22866")->state, ctios::eAvailable);
  (void)world.answer(world.request(RequestId::eQueryAgentStateRequest,
                                   args_of({{"AgentID", "22866"}}), "22866"));
  ASSERT_GE(asked.size(), 3U);
  for (const std::int32_t domain : asked) EXPECT_EQ(domain, 5);
  other = true;
  (void)world.answer(world.request(RequestId::eQueryAgentStateRequest,
                                   args_of({{"AgentID", "22866"}}), "22866"));
  EXPECT_EQ(agent_of(world, "22866")->state, ctios::eAvailable);
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_EQ(agent_of(world, "22866")->state, ctios::eAvailable);
  const auto handle = world.line->map().properties().find(world.agent_key("22866"));
  EXPECT_NE(world.line->map().properties().properties(*handle).dump().find(
                "MediaDomain[1] = { AgentState = 4; }"),
            std::string::npos);
}

TEST(LineKnown, AFullListOfDomainsStillFollowsThoseThatAreInIt) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23901", "23901");
  const auto state_in = [&](std::int32_t domain, std::uint16_t state) {
    ged::AgentStateEventEncoder to(
        world.side_a->room(), world.side_a->version,
        {.peripheral_id = kPeripheral, .agent_state = state, .mrdid = domain});
    world.side_a->send(to.agent_id("22866"));
  };
  for (std::int32_t domain = 101; domain <= 117; ++domain) state_in(domain, 3);
  state_in(101, 2);
  world.settle();
  EXPECT_EQ(world.line->translator_counters().domains_left_out, 1U);
  const auto handle = world.line->map().properties().find(world.agent_key("22866"));
  const std::string known = world.line->map().properties().properties(*handle).dump();
  EXPECT_NE(known.find("MediaDomain[101] = { AgentState = 2; }"), std::string::npos);
  EXPECT_EQ(known.find("MediaDomain[117]"), std::string::npos);
}

}  // namespace
}  // namespace cti::test
