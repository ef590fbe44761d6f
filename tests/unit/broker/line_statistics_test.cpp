// line_statistics_test.cpp - statistics from the request to the row that a session is told: asked once for all, right under
// failure, within bounds, and nobody else's.
#include "broker/stats/stat_columns.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/statistics.hpp"
#include "wire/ged188_table.hpp"
#include "wire/statistics_keys.hpp"

#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using broker::TellKind;

class LineStatistics : public ::testing::Test {
 protected:
  using Columns = std::map<std::string, std::int64_t>;
  struct Told {
    std::uint64_t session;
    EventId event;
    std::string id;
    Columns columns;
  };

  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22900"};
    config.statistics.agents_at_call_end = false;
    return config;
  }
  void SetUp() override { start(config()); }
  void start(const broker::LineConfig& with) {
    made = std::make_unique<LineWorld>(with);
    for (CtiServer* const side : {world().side_a.get(), world().side_b.get()}) {
      side->agents["22900"] = {1, "", ""};
      side->hook = [this, side](std::uint32_t type, Bytes body) {
        return serve(*side, type, body);
      };
    }
    ASSERT_TRUE(world().ready());
    state("22866", 3, "23901");
    state("22867", 3, "23902");
    state("22900", 3, "23900");
  }
  LineWorld& world() { return *made; }
  const broker::AgentEntry* entry(const std::string& agent) {
    return world().line->map().agent(world().agent_key(agent));
  }
  void state(const std::string& agent, std::uint16_t number, const std::string& device) {
    world().side_a->agent_state(agent, number, device, device);
    ASSERT_TRUE(
        world().until([&] { return entry(agent) != nullptr && entry(agent)->state == number; }));
  }
  void team(std::uint16_t operation, const std::string& agent, std::uint16_t flags = 0) {
    CtiServer& cti = *world().side_a;
    ged::AgentTeamConfigEventEncoder to(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = operation});
    to.add_agent({.atc_agent_id = agent, .agent_flags = flags});
    cti.send(to);
    world().settle();
  }
  void group_is_known(std::uint32_t number, const std::string& name) {
    CtiServer& cti = *world().side_a;
    ged::ConfigSkillGroupEventEncoder to(cti.room(), cti.version);
    ged::ConfigSkillGroupEventEncoder::Record record;
    record.record_type = std::uint16_t{0};
    record.flt_peripheral_id = kPeripheral;
    record.peripheral_number = number;
    record.skill_group_skill_target_id = 5000 + number;
    record.peripheral_name = name;
    to.add_record(record);
    cti.send(to);
    world().settle();
  }

  /// What the CTI Server says: a counter of its own for each.
  bool serve(CtiServer& side, std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} == ged::MessageType::kQueryAgentStatisticsReq) {
      const auto view = ged::QueryAgentStatisticsReqView::decode(body, side.version);
      EXPECT_TRUE(view.ok());
      const std::string agent(view->agent_id().value_or(""));
      ++questions[agent];
      if (!answers) return true;
      ged::QueryAgentStatisticsConfFixed fixed{.invoke_id = view->invoke_id(),
                                               .peripheral_id = kPeripheral};
      fixed.handled_calls_session = values[agent];
      fixed.emergency_calls_today = 4;
      side.send(ged::QueryAgentStatisticsConfEncoder(side.room(), side.version, fixed)
                    .agent_id(agent)
                    .agent_extension("1")
                    .agent_instrument("1"));
      return true;
    }
    if (ged::MessageType{type} != ged::MessageType::kQuerySkillGroupStatisticsReq) return false;
    const auto view = ged::QuerySkillGroupStatisticsReqView::decode(body, side.version);
    EXPECT_TRUE(view.ok());
    const std::string group = std::to_string(view->skill_group_number());
    ++questions[group];
    if (!answers) return true;
    if (group == "99") {
      side.send(ged::FailureConfEncoder(side.room(), side.version,
                                        {.invoke_id = view->invoke_id(), .status = 44}));
      return true;
    }
    ged::QuerySkillGroupStatisticsConfFixed fixed{.invoke_id = view->invoke_id(),
                                                  .peripheral_id = kPeripheral,
                                                  .skill_group_number = view->skill_group_number()};
    fixed.agents_logged_on = values[group];
    fixed.router_calls_q_now = 0xFFFFFFFF;
    fixed.longest_call_q_today = 9;
    side.send(ged::QuerySkillGroupStatisticsConfEncoder(side.room(), side.version, fixed));
    return true;
  }

  /// A request of the session with this number; `agent` empty: in monitor mode.
  broker::Ask ask(RequestId request, const wire::Arguments& args, const std::string& agent = "",
                  std::uint32_t session = 1) {
    broker::Ask ask = world().request(request, args, agent);
    ask.from.session_number = session;
    ask.from.connection = {session, 1};
    return ask;
  }
  broker::Tell groups(std::initializer_list<int> numbers, std::uint32_t session = 1,
                      bool enable = true, int interval_ms = 0) {
    wire::Arguments list, args;
    int index = 0;
    for (const int number : numbers) list.set(std::to_string(++index), number);
    args.set("PeripheralID", std::int32_t{kPeripheral});
    args.set("SkillGroupNumbers", list);
    if (interval_ms != 0) args.set(wire::statistics::kIntervalMs, interval_ms);
    return world().answer(ask(enable ? RequestId::eEnableSkillGroupStatisticsRequest
                                     : RequestId::eDisableSkillGroupStatisticsRequest,
                              args, "", session));
  }
  broker::Tell agent(const std::string& of, const std::string& asker, std::uint32_t session = 1,
                     bool enable = true) {
    wire::Arguments args;
    args.set("UniqueObjectID", "agent.5000." + of);
    return world().answer(ask(enable ? RequestId::eEnableAgentStatisticsRequest
                                     : RequestId::eDisableAgentStatisticsRequest,
                              args, asker, session));
  }
  static std::int64_t failure(const broker::Tell& tell) {
    const auto reply = reply_of(tell);
    if (reply.outcome() == wire::Outcome::kConfirmed) return 0;
    return reply.arguments().integer(Keyword::FailureCode).value_or(-1);
  }
  static std::string why(const broker::Tell& tell) {
    return std::string(reply_of(tell).arguments().string(Keyword::ErrorMessage).value_or(""));
  }

  /// What sessions have been told of statistics since the last look; who is not slow has taken it.
  std::vector<Told> told() {
    std::vector<Told> all;
    for (const broker::Tell& tell : world().tells) {
      if (tell.kind != TellKind::kStatistics && tell.kind != TellKind::kPrivateEvent) continue;
      for (std::size_t at = 0; at < tell.frames.size();) {
        const Bytes frame = Bytes(tell.frames).subspan(at);
        const auto event = wire::PrivateEventView::trusted(frame);
        at += wire::frame_length(frame.data());
        Told one{tell.to.session_number,
                 event.event_id(),
                 std::string(event.arguments().string(Keyword::UniqueObjectID).value_or("")),
                 {}};
        if (const auto columns = event.arguments().arguments(Keyword::Statistics)) {
          for (const wire::Arg column : *columns)
            one.columns[std::string(column.key_name())] = column.integer();
        }
        all.push_back(std::move(one));
      }
      if (tell.kind != TellKind::kStatistics || slow.contains(tell.to.session_number)) continue;
      taken(tell.to.connection.slot);
    }
    world().tells.clear();
    return all;
  }
  void taken(std::uint32_t slot) {
    world().shared.asks.lane(0).statistics_taken(slot);
    world().shared.wake();
  }
  /// All of a while, each part taken as it comes.
  std::vector<Told> told_in(Nanos time) {
    std::vector<Told> all;
    const TimePoint end = world().network.now() + time;
    while (world().network.now() < end) {
      world().settle(Millis{50});
      for (Told& one : told()) all.push_back(std::move(one));
    }
    return all;
  }
  const broker::Statistics& statistics() { return world().line->statistics(); }
  void nothing_is_left() {
    EXPECT_EQ(
        statistics().book().rows() + statistics().book().wishes() + statistics().book().readers(),
        0U);
    EXPECT_TRUE(statistics().empty());
    statistics().book().check();
  }

  std::unique_ptr<LineWorld> made;
  std::map<std::string, std::uint32_t> values;  // of each agent and group
  std::map<std::string, int> questions;         // about each
  bool answers = true;
  std::set<std::uint64_t> slow;
};

TEST_F(LineStatistics, ColumnsAreNamedAsTheSchemaNamesTheCounters) {
  for (const bool agent : {true, false}) {
    std::vector<std::byte> frame(16 * 1024);
    const auto bytes = agent ? ged::QueryAgentStatisticsConfEncoder(frame, 15, {}).finish()
                             : ged::QuerySkillGroupStatisticsConfEncoder(frame, 15, {}).finish();
    ASSERT_TRUE(bytes.ok());
    const auto message = wire::ged188::decode_table(*bytes, 15);
    const auto columns = broker::columns_of(agent);
    const std::size_t head = agent ? 2 : 4;
    ASSERT_EQ(message.fixed.size(), head + columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(message.fixed[head + i].name, wire::name_of(columns[i]));
      EXPECT_EQ(message.fixed[head + i].offset, (head + i) * 4);
    }
  }
}

TEST_F(LineStatistics, AGroupIsAskedAboutOnceForAllAndEachIsToldTheWholeRowAndThenWhatChanged) {
  group_is_known(77, "sales");
  values["77"] = 3;
  EXPECT_EQ(failure(groups({77}, 1)), 0);
  EXPECT_EQ(failure(groups({77}, 2)), 0);
  auto all = told_in(Seconds{2});
  EXPECT_EQ(questions["77"], 1);
  ASSERT_EQ(all.size(), 4U) << "each its name and its row";
  EXPECT_EQ(all[0].event, EventId::eSkillInfoEvent);
  EXPECT_EQ(all[1].event, EventId::eNewSkillGroupStatisticsEvent);
  EXPECT_EQ(all[1].id, "skillgroup.5000.77");
  EXPECT_EQ(all[1].columns.size(), broker::columns_of(false).size());
  EXPECT_EQ(all[1].columns["AgentsLoggedOn"], 3);
  EXPECT_EQ(all[1].columns["RouterCallsQNow"], -1) << "0xFFFFFFFF, as an INT";
  EXPECT_EQ(all[1].columns["LongestCallQToday"], 9);
  EXPECT_EQ(std::set<std::uint64_t>({all[0].session, all[2].session}),
            (std::set<std::uint64_t>{1, 2}));
  values["77"] = 4;
  all = told_in(Seconds{12});
  EXPECT_EQ(questions["77"], 2) << "each ten seconds";
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].columns, (Columns{{"AgentsLoggedOn", 4}}));
  EXPECT_EQ(all[1].columns, (Columns{{"AgentsLoggedOn", 4}}));
  EXPECT_TRUE(told_in(Seconds{25}).empty()) << "nothing has changed";
  EXPECT_EQ(failure(groups({77}, 1, false)), 0);
  values["77"] = 5;
  all = told_in(Seconds{12});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].session, 2U);
  EXPECT_EQ(failure(groups({77}, 2, false)), 0);
  nothing_is_left();
  const int asked = questions["77"];
  EXPECT_TRUE(told_in(Seconds{30}).empty());
  EXPECT_EQ(questions["77"], asked);
}

TEST_F(LineStatistics, WhoDoesNotReadHoldsOnePartAndThenGetsTheNewestValues) {
  broker::LineConfig with = config();
  with.statistics.group_every = Seconds{1};
  start(with);
  slow.insert(1);
  EXPECT_EQ(failure(groups({77}, 1)), 0);
  EXPECT_EQ(failure(groups({77}, 2)), 0);
  std::map<std::uint64_t, std::size_t> rows;
  for (std::uint32_t i = 1; i <= 10; ++i) {
    values["77"] = i;
    for (const Told& one : told_in(Seconds{1})) ++rows[one.session];
  }
  EXPECT_EQ(rows[1], 1U);
  EXPECT_GE(rows[2], 8U);
  slow.clear();
  taken(1);
  auto all = told_in(Millis{500});
  std::erase_if(all, [](const Told& one) { return one.session != 1; });
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].columns, (Columns{{"AgentsLoggedOn", 10}}));
  EXPECT_GE(statistics().counters().conflated, 7U);
}

TEST_F(LineStatistics, EachSessionHasItsOwnRate) {
  broker::LineConfig with = config();
  with.statistics.group_every = Seconds{1};
  start(with);
  EXPECT_EQ(failure(groups({77}, 1)), 0);
  EXPECT_EQ(failure(groups({77}, 2, true, 5000)), 0);
  EXPECT_EQ(failure(groups({77}, 3, true, 99)), ctios::E_CTI_VALUE_TOO_LONG);
  std::map<std::uint64_t, std::size_t> rows;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    values["77"] = i;
    for (const Told& one : told_in(Seconds{1})) ++rows[one.session];
  }
  EXPECT_GE(rows[1], 15U);
  EXPECT_GE(rows[2], 4U);
  EXPECT_LE(rows[2], 5U);
  EXPECT_EQ(rows[3], 0U);
}

TEST_F(LineStatistics, AgentsSeeTheirOwnSupervisorsTheirTeamsMonitorsAnybodys) {
  values["22866"] = 12;
  EXPECT_EQ(failure(agent("22866", "22866", 1)), 0);
  const auto all = told_in(Seconds{1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].event, EventId::eNewAgentStatisticsEvent);
  EXPECT_EQ(all[0].id, "agent.5000.22866");
  EXPECT_EQ(all[0].columns.at("HandledCallsSession"), 12);
  EXPECT_EQ(all[0].columns.at("EmergencyCallsToday"), 4);
  EXPECT_EQ(failure(agent("22867", "22866", 1)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(agent("22866", "22900", 2)), ctios::eInvalidPriviledge) << "no team yet";
  team(1, "22900", 1);
  team(1, "22866");
  EXPECT_EQ(failure(agent("22866", "22900", 2)), 0);
  EXPECT_EQ(failure(agent("22867", "22900", 2)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(agent("22867", "", 3)), 0);
  EXPECT_EQ(failure(agent("4711", "", 3)), ctios::eUnknownObjectID);
  EXPECT_EQ(told_in(Seconds{1}).size(), 2U);
  EXPECT_EQ(questions["22866"], 1) << "once for both";
}

TEST_F(LineStatistics, WhoLeavesTheTeamIsNotSeenAnyMoreAndTheSupervisorIsTold) {
  team(1, "22900", 1);
  team(1, "22866");
  EXPECT_EQ(failure(agent("22866", "22900", 2)), 0);
  EXPECT_EQ(told_in(Seconds{1}).size(), 1U);
  team(2, "22866");
  const auto all = told_in(Seconds{1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].event, EventId::eControlFailureConf);
  EXPECT_EQ(all[0].id, "agent.5000.22866");
  nothing_is_left();
  team(1, "22866");
  EXPECT_EQ(failure(agent("22866", "22900", 2)), 0);
  state("22900", 1, "23900");  // whoever logs out supervises nobody
  world().settle();
  nothing_is_left();
}

TEST_F(LineStatistics, TwiceIsConfirmedAndWhatIsNotEnabledCannotBeDisabled) {
  EXPECT_EQ(failure(groups({77})), 0);
  EXPECT_EQ(failure(groups({77})), 0);
  EXPECT_EQ(statistics().book().wishes(), 1U);
  EXPECT_EQ(failure(groups({78}, 1, false)), ctios::eInvalidObjectState);
  EXPECT_EQ(failure(agent("22866", "22866", 1, false)), ctios::eInvalidObjectState);
  EXPECT_EQ(failure(groups({77}, 1, false)), 0);
  EXPECT_EQ(failure(groups({77}, 1, false)), ctios::eInvalidObjectState);
  nothing_is_left();
}

TEST_F(LineStatistics, AGroupThatNobodyKnowsIsRefusedAndEnablesNothingOfTheOthers) {
  group_is_known(77, "sales");
  const auto refused = groups({77, 78});
  EXPECT_EQ(failure(refused), ctios::eUnknownObjectID);
  EXPECT_NE(why(refused).find("skillgroup.5000.78"), std::string::npos);
  nothing_is_left();
  wire::Arguments args;
  args.set("PeripheralID", 5001);
  args.set("SkillGroupNumber", 77);
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, args))),
            ctios::eUnknownObjectID)
      << "of another peripheral";
  args = {};
  args.set("SkillGroupNumbers", "77");
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, args))),
            ctios::eRequiredArgMissing)
      << "no array";
  nothing_is_left();
}

TEST_F(LineStatistics, WithoutNamesMonitorsGetAllGroupsAndAgentsTheirOwn) {
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, {}))),
            ctios::eInvalidObjectState)
      << "none is known";
  group_is_known(77, "sales");
  group_is_known(78, "service");
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, {}))), 0);
  EXPECT_EQ(statistics().book().rows(), 2U);
  EXPECT_EQ(
      failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, {}, "22866", 2))),
      ctios::eInvalidObjectState)
      << "the agent's groups are not known";
  EXPECT_EQ(failure(world().answer(ask(RequestId::eDisableSkillGroupStatisticsRequest, {}))), 0);
  nothing_is_left();
}

TEST_F(LineStatistics, TheGroupsOfAnAgentAreForWhoeverMaySeeItsStatistics) {
  const auto groups_of = [&](const std::string& of, const std::string& asker) {
    wire::Arguments args;
    args.set("UniqueObjectID", "agent.5000." + of);
    return failure(
        world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, args, asker)));
  };
  EXPECT_EQ(groups_of("22867", "22866"), ctios::eInvalidPriviledge);
  EXPECT_EQ(groups_of("22866", "22900"), ctios::eInvalidPriviledge) << "no team yet";
  EXPECT_EQ(groups_of("22866", "22866"), ctios::eInvalidObjectState) << "none is known";
  EXPECT_EQ(groups_of("22866", ""), ctios::eInvalidObjectState) << "monitors see anybody's";
  nothing_is_left();
}

TEST_F(LineStatistics, TheSessionsEndTakesItsWishesAlongAndAnAnswerOnItsWayFindsNobody) {
  answers = false;
  EXPECT_EQ(failure(groups({77, 78}, 1)), 0);
  EXPECT_EQ(failure(groups({77}, 2)), 0);
  world().settle();
  EXPECT_EQ(statistics().book().wishes(), 3U);
  world().end_session({0, {1, 1}, 1});
  EXPECT_EQ(statistics().book().wishes(), 1U);
  EXPECT_EQ(statistics().book().rows(), 1U);
  world().end_session({0, {2, 1}, 2});
  nothing_is_left();
  answers = true;
  EXPECT_EQ(failure(groups({77}, 3)), 0);
  EXPECT_FALSE(told_in(Seconds{1}).empty());
  // What a session that has left had asked comes behind its end.
  EXPECT_EQ(failure(groups({78}, 2)), 0);
  EXPECT_EQ(statistics().book().wishes(), 1U);
}

TEST_F(LineStatistics, ALostCtiServerIsFollowedByTheNextOneAndTheSessionHasNothingToDo) {
  EXPECT_EQ(failure(groups({77})), 0);
  EXPECT_EQ(told_in(Seconds{1}).size(), 1U);
  answers = false;
  ASSERT_TRUE(world().until([&] { return questions["77"] == 2; }));
  world().side_a->accepts = false;
  world().side_a->hang_up();
  answers = true;
  values["77"] = 8;
  ASSERT_TRUE(world().until([&] { return world().side_b->connected() && world().line->ready(); }));
  const auto all = told_in(Seconds{2});
  const auto row = std::find_if(all.begin(), all.end(), [](const Told& one) {
    return one.event == EventId::eNewSkillGroupStatisticsEvent;
  });
  ASSERT_NE(row, all.end());
  EXPECT_EQ(row->columns, (Columns{{"AgentsLoggedOn", 8}}));
  EXPECT_EQ(statistics().counters().lost, 1U);
  EXPECT_EQ(world().line->pending(), 0U);
}

TEST_F(LineStatistics, AQuestionWithoutAnAnswerAndOneThatIsRefusedAreAskedAgainInTheirTime) {
  answers = false;
  EXPECT_EQ(failure(groups({77, 99})), 0);
  EXPECT_TRUE(told_in(Seconds{19}).empty());
  EXPECT_EQ(questions["77"], 1);
  answers = true;
  EXPECT_TRUE(world().until([&] { return questions["77"] == 2; }, Seconds{12}));
  EXPECT_EQ(told_in(Seconds{2}).size(), 1U);
  const int refused = questions["99"];
  (void)told_in(Seconds{30});
  EXPECT_EQ(questions["99"], refused + 3) << "each ten seconds";
  EXPECT_GE(statistics().counters().refusals, 3U);
}

TEST_F(LineStatistics, AnAgentIsAskedAboutWhenSomethingHasHappenedToIt) {
  broker::LineConfig with = config();
  with.statistics.agents_at_call_end = true;
  start(with);
  EXPECT_EQ(failure(agent("22866", "22866")), 0);
  EXPECT_EQ(told_in(Seconds{1}).size(), 1U);
  EXPECT_TRUE(told_in(Seconds{60}).empty());
  EXPECT_EQ(questions["22866"], 1);
  values["22866"] = 1;
  world().side_a->begin_call(900, "23901", "1");
  world().side_a->end_call(900, "23901");
  auto all = told_in(Seconds{1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].columns, (Columns{{"HandledCallsSession", 1}}));
  const int asked = questions["22866"];
  for (std::uint32_t call = 901; call < 906; ++call) {
    world().side_a->begin_call(call, "23901", "1");
    world().side_a->end_call(call, "23901");
    (void)told_in(Seconds{1});
  }
  EXPECT_EQ(questions["22866"], asked) << "not more often than each 15 seconds";
  (void)told_in(Seconds{15});
  EXPECT_EQ(questions["22866"], asked + 1) << "and the last of them counts";
}

TEST_F(LineStatistics, PastEachBoundTheRequestIsRefusedAsBusyAndNothingOfItIsKept) {
  broker::LineConfig with = config();
  with.statistics.rows_max = 4;
  with.statistics.session_wishes_max = 3;
  with.statistics.wishes_max = 5;
  start(with);
  EXPECT_EQ(failure(groups({1, 2, 3, 4}, 1)), ctios::eServiceNotSupported);
  nothing_is_left();
  EXPECT_EQ(failure(groups({1, 2, 3}, 1)), 0);
  EXPECT_EQ(failure(groups({4, 5}, 2)), ctios::eServiceNotSupported);
  EXPECT_EQ(statistics().book().rows(), 3U);
  EXPECT_EQ(failure(groups({1, 2}, 2)), 0);
  const auto refused = groups({1}, 3);
  EXPECT_EQ(failure(refused), ctios::eServiceNotSupported);
  EXPECT_NE(why(refused).find("busy"), std::string::npos);
  EXPECT_EQ(statistics().counters().refused, 3U);
  statistics().book().check();
}

TEST_F(LineStatistics, AClientThatComesOverNamesWhatItHadAndWhatIsNotKnownIsLeftOut) {
  group_is_known(77, "sales");
  wire::Arguments list, args;
  for (const char* const id : {"skillgroup.5000.77", "skillgroup.5000.4711", "skillgroup.x", "7"})
    list.set(id, true);
  args.set(wire::statistics::kObjects, list);
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, args))), 0);
  EXPECT_EQ(statistics().book().rows(), 1U);
  state("22866", 1, "23901");
  wire::Arguments agents, mine;
  for (const char* const id : {"agent.5000.22866", "agent.5000.22867", "agent.5000.4711"})
    agents.set(id, true);
  mine.set(wire::statistics::kObjects, agents);
  EXPECT_EQ(
      failure(world().answer(ask(RequestId::eEnableAgentStatisticsRequest, mine, "22866", 2))), 0)
      << "its own, logged in or not; not the others";
  EXPECT_EQ(statistics().book().rows(), 2U);
}

TEST_F(LineStatistics, OnlyWhatTheGridsNeedIsToldUnlessThatIsSwitchedOff) {
  broker::LineConfig with = config();
  with.desktop_settings = {{"Grid.AgentStatistics.columns.1.Type", "CallsHandledToday"},
                           {"Grid.AgentStatistics.columns.2.Type", "AvailTimeToday"},
                           {"Grid.SkillGroupStatistics.columns.1.Type", "AgentsAvail"},
                           {"Grid.SkillGroupStatistics.DisableMonitorModeStatsMinimization", "1"}};
  start(with);
  EXPECT_EQ(failure(agent("22866", "22866")), 0);
  auto all = told_in(Seconds{1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].columns,
            (Columns{{"AgentOutCallsToday", 0}, {"AvailTimeToday", 0}, {"HandledCallsToday", 0}}))
      << "what is computed at the client, from what it is computed";
  values["22866"] = 3;
  EXPECT_TRUE(told_in(Seconds{20}).empty()) << "of a column that nobody sees";
  EXPECT_EQ(failure(groups({77}, 2)), 0);
  all = told_in(Seconds{1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].columns.size(), 145U) << "in monitor mode all of them";
}

TEST_F(LineStatistics, ManyRowsComeInPartsThatASessionCanHold) {
  broker::LineConfig with = config();
  with.statistics.group_every = Seconds{1};
  start(with);
  std::set<std::string> seen;
  wire::Arguments list, args;
  for (int number = 1; number <= 200; ++number) list.set(std::to_string(number), number);
  args.set("PeripheralID", std::int32_t{kPeripheral});
  args.set("SkillGroupNumbers", list);
  EXPECT_EQ(failure(world().answer(ask(RequestId::eEnableSkillGroupStatisticsRequest, args))), 0);
  ASSERT_TRUE(world().until([&] {
    for (const broker::Tell& tell : world().tells) {
      if (tell.kind != TellKind::kStatistics) continue;
      EXPECT_LE(tell.frames.size(), broker::Statistics::kPartBytesMax);
    }
    for (const Told& one : told()) seen.insert(one.id);
    return seen.size() >= 199;  // 99 is not answered
  }));
  EXPECT_FALSE(seen.contains("skillgroup.5000.99"));
}

}  // namespace
}  // namespace cti::test
