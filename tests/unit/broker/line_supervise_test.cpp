// line_supervise_test.cpp - supervisors come to their agents' calls, agents call for them, and people write to each other: what
// goes to the CTI Server and into the log, what is refused and why, and the buttons that follow.
#include "broker/meet/side_record.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/supervisor.hpp"

#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using namespace wire::ctios::SupervisorButtonEnablement_bits;
using broker::TellKind;

constexpr std::uint32_t kCall = 0x5A220002;

class LineSupervise : public ::testing::Test {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22868", "22900", "22901"};
    return config;
  }
  void SetUp() override { start(config()); }
  void start(const broker::LineConfig& with) {
    made = std::make_unique<LineWorld>(with);
    for (const char* const agent : {"22868", "22900", "22901"})
      world().side_a->agents[agent] = {1, "", ""};
    ASSERT_TRUE(world().ready());
    for (const auto& [agent, device] :
         {std::pair{"22866", "23901"}, std::pair{"22867", "23902"}, std::pair{"22868", "23903"},
          std::pair{"22900", "23900"}, std::pair{"22901", "23909"}}) {
      state(agent, 3, device);
      ASSERT_TRUE(world().until([&, agent = agent] { return entry(agent)->desk_known; }));
    }
    team(7, {{"22900", 1}, {"22866", 0}, {"22867", 0}, {"22901", 4}});
    team(8, {{"22868", 0}});
  }
  LineWorld& world() { return *made; }
  const broker::AgentEntry* entry(const std::string& agent) {
    return world().line->map().agent(world().agent_key(agent));
  }
  void state(const std::string& agent, std::uint16_t number, const std::string& device) {
    world().side_a->agent_state(agent, number, device, device);
    ASSERT_TRUE(world().until(
        [&] { return entry(agent) != nullptr && entry(agent)->state == number; }));
  }
  void team(std::uint32_t id, const std::vector<std::pair<std::string, std::uint16_t>>& members) {
    CtiServer& cti = *world().side_a;
    ged::AgentTeamConfigEventEncoder to(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = id, .config_operation = 1});
    for (const auto& [agent, flags] : members)
      to.add_agent({.atc_agent_id = agent, .agent_flags = flags});
    cti.send(to);
    world().settle();
  }
  /// 22867 talks on a call.
  void talk() {
    world().side_a->begin_call(kCall, "23902", "1");
    world().side_a->delivered(kCall, "23902");
    world().side_a->established(kCall, "23902");
    state("22867", 4, "23902");
    world().settle();
  }
  /// The supervisor is on that call as well.
  void join(ged::CallType type) {
    world().side_a->begin_call(kCall, "23900", "", static_cast<std::uint16_t>(type));
    world().side_a->established(kCall, "23900");
    world().settle();
  }
  static std::string id(const std::string& agent) {
    return std::string(broker::agent_object_id(kPeripheral, agent).view());
  }
  static std::string call_id(std::uint32_t call = kCall, const std::string& device = "23902") {
    return std::string(broker::call_object_id(kPeripheral, call, device).view());
  }
  broker::Tell run(RequestId request,
                   std::initializer_list<std::pair<const char*, std::string>> list,
                   const std::string& agent = "22900") {
    wire::Arguments args;
    for (const auto& [key, value] : list) args.set(key, value);
    return world().answer(world().request(request, args, agent));
  }
  broker::Tell supervise(int action, const std::string& agent = "22867",
                         const std::string& call = "") {
    if (call.empty()) {
      return run(RequestId::eSuperviseCallRequest,
                 {{"AgentReference", id(agent)}, {"SupervisoryAction", std::to_string(action)}});
    }
    return run(RequestId::eSuperviseCallRequest, {{"AgentReference", id(agent)},
                                                  {"CallReference", call},
                                                  {"SupervisoryAction", std::to_string(action)}});
  }
  broker::Tell watch_agent(const std::string& agent = "22867") {
    return run(RequestId::eStartMonitoringAgentRequest, {{"AgentReference", id(agent)}});
  }
  broker::Tell watch_call(const std::string& call) {
    return run(RequestId::eStartMonitoringCallRequest, {{"CallReference", call}});
  }
  static bool confirmed(const broker::Tell& tell) {
    return reply_of(tell).outcome() == wire::Outcome::kConfirmed;
  }
  static std::int64_t failure(const broker::Tell& tell) {
    return confirmed(tell)
               ? 0
               : reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(-1);
  }
  static std::string why(const broker::Tell& tell) {
    return std::string(reply_of(tell).arguments().string(Keyword::ErrorMessage).value_or(""));
  }
  /// The supervisor masks that have been told, in order; forgotten by the call.
  std::vector<std::uint32_t> masks() {
    world().settle();
    std::vector<std::uint32_t> found;
    for (const broker::Tell& tell : world().tells) {
      if (tell.kind != TellKind::kPrivateEvent) continue;
      const auto event = wire::PrivateEventView::trusted(tell.frames);
      if (event.event_id() != EventId::eSupervisorButtonChange) continue;
      found.push_back(static_cast<std::uint32_t>(
          event.arguments().integer(Keyword::SupervisorBtnEnablementMask).value_or(-1)));
    }
    world().tells.clear();
    return found;
  }
  /// The last request that went to the CTI Server, when it is of this type.
  template <class View>
  std::optional<View> sent(ged::MessageType type) {
    const auto& requests = world().side_a->requests;
    if (requests.empty() || ged::MessageType{requests.back().type} != type) return std::nullopt;
    const auto view = View::decode(requests.back().body, world().side_a->version);
    return view.ok() ? std::optional(*view) : std::nullopt;
  }

  std::unique_ptr<LineWorld> made;
};

// ---- calls ----

TEST_F(LineSupervise, ASupervisorIsListenedToOnlyAfterSayingThatItMayBe) {
  world().side_a->begin_call(kCall, "23909", "1");
  world().side_a->established(kCall, "23909");
  state("22901", 4, "23909");
  for (const int listens : {1, 2}) {
    const broker::Tell no = supervise(listens, "22901");
    EXPECT_EQ(failure(no), ctios::eInvalidObjectState);
    EXPECT_NE(why(no).find("SetSupervisorSilentMonitorMode"), std::string::npos) << why(no);
  }
  broker::SessionRef own = LineWorld::successor(world().session());
  const auto say = [&](const char* mode, const char* agent) {
    broker::Ask ask = world().request(RequestId::eSetSupervisorSilentMonitorModeRequest,
                                      args_of({{"SilentMonitorForceMonitoredMode", mode}}), agent);
    own.who = ask.from.who;
    ask.from = own;
    return world().answer(std::move(ask));
  };
  EXPECT_EQ(failure(say("1", "22866")), ctios::eInvalidPriviledge) << "who supervises nobody";
  EXPECT_FALSE(confirmed(say("2", "22901"))) << "no such mode";
  EXPECT_FALSE(confirmed(supervise(1, "22901")));
  ASSERT_TRUE(confirmed(say("1", "22901")));
  EXPECT_TRUE(confirmed(supervise(1, "22901")));
  ASSERT_TRUE(confirmed(say("0", "22901")));
  EXPECT_FALSE(confirmed(supervise(1, "22901")));
  EXPECT_EQ(world().line->core().watch_counters().sessions, 0u);
  ASSERT_TRUE(confirmed(say("1", "22901")));
  world().end_session(own);
  EXPECT_FALSE(confirmed(supervise(1, "22901"))) << "it ends with the session";
  EXPECT_EQ(world().line->core().watch_counters().sessions, 0u);
}

TEST_F(LineSupervise, ABargeInNamesTheAgentsCallAndTheSupervisorsDevice) {
  talk();
  ASSERT_TRUE(confirmed(supervise(3, "22867", call_id())));
  const auto asked = sent<ged::SuperviseCallReqView>(ged::MessageType::kSuperviseCallReq);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->supervisory_action(), 3);
  EXPECT_EQ(asked->agent_connection_call_id(), kCall);
  EXPECT_EQ(asked->supervisor_connection_call_id(), 0xFFFFFFFF);
  EXPECT_EQ(asked->agent_id(), "22867");
  EXPECT_EQ(asked->supervisor_instrument(), "23900");
}

TEST_F(LineSupervise, EachActionIsForItsMomentAndRefusedAtAnyOtherWithAReason) {
  EXPECT_EQ(failure(supervise(3)), ctios::eInvalidObjectState) << "no call";
  EXPECT_EQ(failure(supervise(3, "22867", call_id())), ctios::eUnknownObjectID);
  talk();
  EXPECT_EQ(failure(supervise(4)), ctios::eInvalidObjectState) << "no barge-in before";
  EXPECT_EQ(failure(supervise(0)), ctios::eInvalidObjectState) << "on no call";
  EXPECT_TRUE(confirmed(supervise(1)));
  join(ged::CallType::kSupervisorMonitor);
  EXPECT_TRUE(confirmed(supervise(3))) << "who listens may barge in";
  EXPECT_EQ(failure(supervise(4)), ctios::eInvalidObjectState) << "listens only";
  world().side_a->end_call(kCall, "23900");
  world().settle();
  join(ged::CallType::kSupervisorBargein);
  EXPECT_EQ(failure(supervise(3)), ctios::eInvalidObjectState) << "has barged in already";
  EXPECT_TRUE(confirmed(supervise(4)));
  EXPECT_TRUE(confirmed(supervise(0)));
  const auto asked = sent<ged::SuperviseCallReqView>(ged::MessageType::kSuperviseCallReq);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->supervisor_connection_call_id(), kCall);
  EXPECT_FALSE(why(supervise(3)).empty());
  EXPECT_EQ(failure(supervise(5)), ctios::E_CTI_VALUE_TOO_LONG) << "no such action";
}

TEST_F(LineSupervise, NobodySupervisesCallsOfOthers) {
  talk();
  EXPECT_EQ(failure(supervise(3, "22868")), ctios::eInvalidPriviledge) << "another's team";
  EXPECT_EQ(failure(supervise(3, "22900")), ctios::eInvalidPriviledge) << "oneself";
  EXPECT_EQ(failure(supervise(3, "4711")), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(run(RequestId::eSuperviseCallRequest,
                        {{"AgentReference", id("22866")}, {"SupervisoryAction", "3"}}, "22867")),
            ctios::eInvalidPriviledge)
      << "no supervisor";
  EXPECT_TRUE(world().side_a->requests.empty());
}

TEST_F(LineSupervise, CallDataOfAMembersCallIsTheSupervisorsToChange) {
  talk();
  EXPECT_TRUE(confirmed(run(RequestId::eSetCallDataRequest,
                            {{"UniqueObjectID", call_id()}, {"CallVariable1", "x"}})));
  EXPECT_TRUE(confirmed(run(RequestId::eSnapshotCallRequest, {{"UniqueObjectID", call_id()}})));
  EXPECT_EQ(failure(run(RequestId::eHoldCallRequest, {{"UniqueObjectID", call_id()}})),
            ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(run(RequestId::eSetCallDataRequest,
                        {{"UniqueObjectID", call_id()}, {"CallVariable1", "x"}}, "22866")),
            ctios::eInvalidPriviledge);
}

// ---- buttons ----

TEST_F(LineSupervise, ButtonsFollowTheAgentItsCallAndTheSupervisorsPartInIt) {
  ASSERT_TRUE(confirmed(watch_agent()));
  EXPECT_EQ(masks(), std::vector<std::uint32_t>{ENABLE_SET_AGENT_LOGOUT});
  state("22867", 2, "23902");
  EXPECT_EQ(masks(), std::vector<std::uint32_t>{ENABLE_SET_AGENT_LOGOUT | ENABLE_SET_AGENT_READY});
  state("22866", 2, "23901");
  EXPECT_EQ(masks(), std::vector<std::uint32_t>{}) << "of no concern";
  talk();
  const std::uint32_t talks =
      ENABLE_SET_AGENT_LOGOUT | ENABLE_BARGE_IN | ENABLE_START_SILENTMONITOR;
  ASSERT_FALSE(world().tells.empty());
  EXPECT_EQ(masks().back(), talks);
  join(ged::CallType::kSupervisorBargein);
  EXPECT_EQ(masks().back(), ENABLE_SET_AGENT_LOGOUT | ENABLE_INTERCEPT | ENABLE_CLEAR);
  world().side_a->end_call(kCall, "23900");
  EXPECT_EQ(masks().back(), talks);
}

TEST_F(LineSupervise, ACallIsMonitoredWhenItsAgentIs) {
  talk();
  EXPECT_EQ(failure(watch_call(call_id())), ctios::eInvalidObjectState) << "its agent first";
  EXPECT_EQ(failure(watch_call("")), ctios::eInvalidObjectState) << "nothing to clear";
  ASSERT_TRUE(confirmed(watch_agent()));
  (void)masks();
  EXPECT_EQ(failure(watch_call("call.5000.1.1")), ctios::eUnknownObjectID);
  EXPECT_TRUE(confirmed(watch_call(call_id())));
  EXPECT_EQ(masks().size(), 1u) << "told, changed or not";
  EXPECT_TRUE(confirmed(watch_call("")));
  EXPECT_EQ(masks().size(), 1u);
  world().side_a->begin_call(77, "23903", "1");
  world().settle();
  EXPECT_EQ(failure(watch_call(call_id(77, "23903"))), ctios::eInvalidPriviledge);
}

TEST_F(LineSupervise, NothingIsNotedWhenNobodyHasSuchButtonsAnyMore) {
  ASSERT_TRUE(confirmed(watch_agent()));
  world().settle();
  EXPECT_TRUE(world().line->core().watches().have_buttons());
  ASSERT_TRUE(confirmed(
      run(RequestId::eStopMonitoringAgentRequest, {{"AgentReference", id("22867")}})));
  EXPECT_FALSE(world().line->core().watches().have_buttons());
  world().tells.clear();
  talk();
  EXPECT_EQ(masks(), std::vector<std::uint32_t>{});
  world().line->core().watches().invariants();
}

// ---- help ----

TEST_F(LineSupervise, AnAgentCallsForASupervisorWithTheCallItTalksOn) {
  const broker::Tell idle = run(RequestId::eSupervisorAssistRequest, {}, "22867");
  ASSERT_TRUE(confirmed(idle)) << why(idle);
  EXPECT_EQ(reply_of(idle).event_id(), EventId::eSupervisorAssistConf);
  EXPECT_EQ(reply_of(idle).arguments().integer(Keyword::ConnectionCallID), 901);
  talk();
  ASSERT_TRUE(confirmed(run(RequestId::eEmergencyCallRequest, {}, "22867")));
  const auto asked = sent<ged::EmergencyCallReqView>(ged::MessageType::kEmergencyCallReq);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->connection_call_id(), kCall);
  EXPECT_EQ(asked->agent_id(), "22867");
  EXPECT_EQ(failure(run(RequestId::eSupervisorAssistRequest, {})), ctios::eInvalidObjectState)
      << "a supervisor";
  state("22866", 1, "");
  EXPECT_EQ(failure(run(RequestId::eEmergencyCallRequest, {}, "22866")),
            ctios::eInvalidObjectState)
      << "logged out";
}

TEST_F(LineSupervise, ABadLineIsReportedOfTheCallAndTheGreetingIsSwitched) {
  EXPECT_EQ(failure(run(RequestId::eBadCallRequest, {}, "22867")), ctios::eInvalidObjectState);
  talk();
  EXPECT_TRUE(confirmed(run(RequestId::eBadCallRequest, {}, "22867")));
  const auto bad = sent<ged::BadCallReqView>(ged::MessageType::kBadCallReq);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->connection_call_id(), kCall);
  EXPECT_TRUE(
      confirmed(run(RequestId::eAgentGreetingControlRequest, {{"AgentAction", "2"}}, "22867")));
  EXPECT_EQ(
      failure(run(RequestId::eAgentGreetingControlRequest, {{"AgentAction", "3"}}, "22867")),
      ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(run(RequestId::eAgentGreetingControlRequest, {}, "22867")),
            ctios::eRequiredArgMissing);
}

TEST_F(LineSupervise, AnEmergencyIsToldOfTheAgent) {
  CtiServer& cti = *world().side_a;
  const std::size_t from = world().records.size();
  cti.send(ged::EmergencyCallEventEncoder(
               cti.room(), cti.version,
               {.peripheral_id = kPeripheral, .connection_call_id = kCall, .session_id = 4})
               .connection_device_id("23902")
               .agent_id("22867")
               .agent_instrument("23902"));
  world().settle();
  const Record* const told = world().last(EventId::eEmergencyCallEvent, from);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->view().agent_key(), world().agent_key("22867"));
  EXPECT_EQ(told->view().object_key(), 0u);
  EXPECT_EQ(told->text(Keyword::AgentID), "22867");
  EXPECT_EQ(told->number(Keyword::ConnectionCallID), kCall);
}

// ---- chat ----

class LineChat : public LineSupervise {
 protected:
  struct Said {
    std::uint64_t to;
    broker::SideKind kind;
    std::string text;
  };
  /// Everything in the raw log of what is addressed.
  std::vector<Said> said() {
    world().settle();
    std::vector<Said> found;
    const ring::EventLog& log = *world().shared.side;
    for (;;) {
      const ring::LogRead read = log.read(world().shared.side->gate(0), at, 1 << 16);
      if (read.status != ring::LogRead::Status::kRange) break;
      for (std::size_t i = 0; i < read.bytes.size();) {
        const Bytes bytes = read.bytes.subspan(i, wire::frame_length(read.bytes.data() + i));
        const auto record = broker::SideRecord::read(bytes);
        const auto event = wire::PrivateEventView::trusted(record.frame);
        found.push_back({record.header.agent_key, record.header.kind,
                         std::string(event.arguments().string("Message").value_or(""))});
        i += bytes.size();
      }
      at = read.to;
      world().shared.side->gate(0).leave(read.from);
    }
    return found;
  }
  broker::Tell chat(const std::string& from, const std::string& distribution,
                    const std::string& target = "", const std::string& text = "hi") {
    return run(RequestId::eUserMessageRequest,
               {{"Distribution", distribution}, {"Target", target}, {"Message", text}}, from);
  }
  std::set<std::string> receivers() {
    std::set<std::string> names;
    for (const Said& each : said()) {
      for (const char* const agent : {"22866", "22867", "22868", "22900", "22901"})
        if (each.to == world().agent_key(agent)) names.insert(agent);
    }
    return names;
  }
  void allow(broker::ChatLevel agents, broker::ChatLevel supervisors) {
    broker::LineConfig with = config();
    with.agent_chat = agents;
    with.supervisor_chat = supervisors;
    start(with);
    at = 0;
  }
  ring::Position at = 0;
};

TEST_F(LineChat, AMessageLiesInTheLogAddressedToItsReceiverAndNowhereElse) {
  const std::size_t updates = world().records.size();
  ASSERT_TRUE(confirmed(chat("22900", "agent", "22866", "hi there")));
  const auto all = said();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].to, world().agent_key("22866"));
  EXPECT_EQ(all[0].kind, broker::SideKind::kToAgent);
  EXPECT_EQ(all[0].text, "hi there");
  EXPECT_EQ(world().records.size(), updates) << "no update of it";
  for (const broker::Tell& tell : world().tells) {
    const std::string_view bytes(reinterpret_cast<const char*>(tell.frames.data()),
                                 tell.frames.size());
    EXPECT_EQ(bytes.find("hi there"), std::string_view::npos) << "nor a tell";
  }
}

TEST_F(LineChat, EachDistributionReachesWhomItNames) {
  allow(broker::ChatLevel::kUnrestricted, broker::ChatLevel::kUnrestricted);
  using Names = std::set<std::string>;
  ASSERT_TRUE(confirmed(chat("22866", "supervisor")));
  EXPECT_EQ(receivers(), (Names{"22900", "22901"}));
  ASSERT_TRUE(confirmed(chat("22866", "team")));
  EXPECT_EQ(receivers(), (Names{"22867", "22900", "22901"}));
  ASSERT_TRUE(confirmed(chat("22866", "agent", "22868")));
  EXPECT_EQ(receivers(), (Names{"22868"}));
  ASSERT_TRUE(confirmed(chat("22866", "all")));
  const auto all = said();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].kind, broker::SideKind::kToAgents);
  EXPECT_EQ(all[0].to, world().agent_key("22866")) << "but for the sender";
}

TEST_F(LineChat, LevelsAllowWhatTheySayAndRefusalsNameThem) {
  using broker::ChatLevel;
  struct Row {
    ChatLevel level;
    bool primary, other_supervisor, colleague, stranger, team, all;
  };
  const Row rows[] = {{ChatLevel::kDisabled, false, false, false, false, false, false},
                      {ChatLevel::kPrimarySupervisor, true, false, false, false, false, false},
                      {ChatLevel::kTeamSupervisors, true, true, false, false, false, false},
                      {ChatLevel::kTeam, true, true, true, false, true, false},
                      {ChatLevel::kUnrestricted, true, true, true, true, true, true}};
  for (const Row& row : rows) {
    allow(row.level, ChatLevel::kUnrestricted);
    const std::string level(broker::name_of(row.level));
    const auto expect = [&](const broker::Tell& tell, bool may, const char* what) {
      EXPECT_EQ(confirmed(tell), may) << level << " " << what << " " << why(tell);
      if (may) return;
      EXPECT_EQ(failure(tell), ctios::eInvalidPriviledge) << level << " " << what;
      EXPECT_NE(why(tell).find(level), std::string::npos) << why(tell);
    };
    expect(chat("22866", "agent", "22900"), row.primary, "primary");
    expect(chat("22866", "agent", "22901"), row.other_supervisor, "other supervisor");
    expect(chat("22866", "agent", "22867"), row.colleague, "colleague");
    expect(chat("22866", "agent", "22868"), row.stranger, "stranger");
    expect(chat("22866", "supervisor"), row.primary, "supervisors");
    expect(chat("22866", "team"), row.team, "team");
    expect(chat("22866", "all"), row.all, "all");
  }
  allow(ChatLevel::kUnrestricted, ChatLevel::kDisabled);
  EXPECT_EQ(failure(chat("22900", "agent", "22866")), ctios::eInvalidPriviledge);
}

TEST_F(LineChat, AReceiverMayBeNamedByItsLoginName) {
  CtiServer& cti = *world().side_a;
  ged::ConfigAgentEventEncoder to(cti.room(), cti.version);
  to.add_record({.record_type = std::uint16_t{1},
                 .flt_peripheral_id = kPeripheral,
                 .login_id = "22866",
                 .login_name = "jdoe"});
  cti.send(to);
  world().settle();
  ASSERT_TRUE(confirmed(chat("22900", "agent", "JDoe")));
  EXPECT_EQ(receivers(), (std::set<std::string>{"22866"}));
  EXPECT_EQ(failure(chat("22900", "agent", "nobody")), ctios::eUnknownObjectID);
}

TEST_F(LineChat, WhatCannotBeSentIsRefusedWithItsReason) {
  EXPECT_TRUE(confirmed(chat("22900", "agent", "22866", std::string(255, 'x'))));
  EXPECT_EQ(failure(chat("22900", "agent", "22866", std::string(256, 'x'))),
            ctios::E_CTI_VALUE_TOO_LONG);
  EXPECT_EQ(failure(chat("22900", "agent", "22866", "")), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(chat("22900", "agent", "")), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(chat("22900", "everybody", "")), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(chat("22900", "agent", "4711")), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(chat("22900", "agent", "22900")), ctios::eInvalidObjectState);
  state("22866", 1, "");
  EXPECT_EQ(failure(chat("22900", "agent", "22866")), ctios::eInvalidObjectState);
  EXPECT_EQ(failure(chat("22866", "supervisor", "")), ctios::eInvalidObjectState)
      << "logged out oneself";
  EXPECT_EQ(said().size(), 1u);
}

}  // namespace
}  // namespace cti::test
