// handlers_test.cpp - what a handler may do to its own session: delete it, clear the agent and set one, throw.
#include "cil/detail/engine/dispatcher.hpp"
#include "cil/logger.hpp"
#include "tests/unit/cil/session_world.hpp"

#include <set>
#include <stdexcept>

namespace cti::cil::test {
namespace {

class Handlers : public SessionWorld {
 protected:
  /// A session whose `number`th event deletes it. Returns which event that was; eUnknownEvent: so many were not told.
  int delete_in_event(int number) {
    a = nullptr, b = nullptr;
    start_all();
    make_session(first_side_a());
    events.told.clear();
    int deleted_in = eUnknownEvent;
    events.also = [&, number](int event, Arguments&) {
      EXPECT_EQ(deleted_in, eUnknownEvent) << "event " << event << " after the session's end";
      if (static_cast<int>(events.told.size()) != number) return;
      deleted_in = event;
      held_call = Ref<CCall>(session->GetCurrentCall());
      session.reset();
    };
    live_through_much();
    events.also = nullptr;
    agent = {};
    return deleted_in;
  }

  void start_all() {
    a = std::make_unique<ScriptedServer>(world, kHostA);
    b = std::make_unique<ScriptedServer>(world, kHostB);
    for (ScriptedServer* server : {a.get(), b.get()}) {
      serve_agent(*server, eTalking, {"call.5000.1.23901", "call.5000.2.23901"});
      server->on_request = [server](const ScriptedServer::Asked& asked) {
        server->reply(asked.id, wire::confirmation_of(asked.request), wire::Outcome::kConfirmed);
      };
    }
  }

  /// A life with events of every kind; ends wherever the session has gone.
  void live_through_much() {
    const auto then = [&](auto&& what) {
      if (!session) return;
      what();
      world.run_for(Seconds(3));
    };
    Arguments args = hosts();
    args.AddItem(CTIOS_HEARTBEAT, 1);
    then([&] { EXPECT_EQ(session->Connect(args), CIL_OK); });
    then([&] { EXPECT_EQ(session->SetAgent(new_agent()), CIL_OK); });
    then([&] { EXPECT_EQ(session->RequestDesktopSettings(Arguments()), CIL_OK); });
    then([&] { EXPECT_EQ(agent->QueryAgentState(), CIL_OK); });
    then([&] {
      a->update(EventId::eCallEndEvent, call_items("call.5000.1.23901", LCS_NULL),
                wire::topic::kCall | wire::topic::kEnds);
    });
    then([&] { a->mute = true; });
    then([&] { b->stop(); });
    then([&] { start_servers(); });
    then([&] { world.run_for(Seconds(60)); });
    Arguments forced;
    forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
    then([&] { session->Disconnect(forced); });
    if (!session) world.run_for(Seconds(20));
  }

  Ref<CCall> held_call;
};

TEST_F(Handlers, MayDeleteTheirSessionInWhicheverEventItIs) {
  std::set<int> kinds;
  int number = 1;
  for (; number < 400; ++number) {
    const int event = delete_in_event(number);
    if (event == eUnknownEvent) break;
    kinds.insert(event);
    if (held_call) {
      EXPECT_EQ(held_call->Hold(), E_CTIOS_INVALID_SESSION);
    }
  }
  EXPECT_GT(number, 20);
  for (const int event : {int{eOnConnection}, int{eCTIOSFailureEvent}, int{eSetAgentModeEvent},
                          int{eSnapshotCallConf}, int{eQueryAgentStateConf}, int{eCallEndEvent},
                          int{eOnCurrentCallChanged}, int{eButtonEnablementMaskChange},
                          int{eGlobalSettingsDownloadConf}, int{eOnMissingHeartbeat},
                          int{eOnHeartbeat}, int{eOnConnectionFailure}, int{eOnConnectionClosed}}) {
    EXPECT_TRUE(kinds.contains(event)) << "no session was deleted in event " << event;
  }
  make_session(1);
}

TEST_F(Handlers, SetAgentNullAndThenAnAgentBeginsAgentModeAnew) {
  serve_agent(*a, eTalking, {"call.5000.1.23901"});
  enter_agent_mode();
  const Ref<CCall> call(session->GetCurrentCall());
  ASSERT_TRUE(call);
  events.told.clear();
  ASSERT_EQ(session->SetAgent(nullptr), CIL_OK);
  a->update(EventId::eAgentStateEvent,
            agent_items(eAvailable));  // of an agent that is no longer the session's
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  world.run_for(Seconds(1));
  EXPECT_EQ(events.count(eAgentStateEvent), 0);
  EXPECT_EQ(Ref<Arguments>(session->GetAllCalls())->NumElements(), 0);
  EXPECT_EQ(agent->QueryAgentState(), E_CTIOS_INVALID_SESSION);
  ASSERT_EQ(session->SetAgent(*agent), CIL_OK);
  ASSERT_TRUE(until(eSetAgentModeEvent));
  EXPECT_LT(events.at(eOnCurrentAgentReset), events.at(eQueryAgentStateConf));
  EXPECT_EQ(events.count(eSnapshotCallConf), 1);
  EXPECT_EQ(events.count(eOnConnection), 0);  // the new connection is the library's own affair
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
  ASSERT_EQ(a->subscriptions.size(), 2U);
  EXPECT_TRUE(a->subscriptions[1].positions.empty());
  EXPECT_EQ(Ref<CAgent>(session->GetCurrentAgent()).get(), agent.get());
  EXPECT_EQ(agent->QueryAgentState(), CIL_OK);
}

TEST_F(Handlers, AnotherAgentMayFollowInTheVeryHandlerOrBeforeAnythingHasHappened) {
  for (const bool in_handler : {true, false}) {
    make_session(first_side_a());
    a->subscriptions.clear();
    serve_agent(*a, eLogout);
    events.told.clear();
    enter_agent_mode();
    const Ref<CAgent> other(new CAgent);
    other->SetValue(CTIOS_AGENTID, "22867");
    other->SetValue(CTIOS_PERIPHERALID, 5000);
    events.also = [&](int event, Arguments&) {
      if (in_handler && event == eOnCurrentAgentReset) {
        EXPECT_EQ(session->SetAgent(*other), CIL_OK);
      }
    };
    ASSERT_EQ(session->SetAgent(nullptr), CIL_OK);
    if (!in_handler) {
      ASSERT_EQ(session->SetAgent(*other), CIL_OK);
    }
    ASSERT_TRUE(until(eSetAgentModeEvent, 2));
    EXPECT_EQ(a->subscriptions.size(), 2U);
    EXPECT_EQ(a->subscriptions.back().arguments.string(Keyword::AgentID), "22867");
    EXPECT_EQ(Ref<CAgent>(session->GetCurrentAgent()).get(), other.get());
    EXPECT_EQ(agent->QueryAgentState(), E_CTIOS_INVALID_SESSION);
    events.also = nullptr;
  }
}

TEST_F(Handlers, ClearingTheAgentEndsItsRequestsAndMeetsEveryFateOfTheConnection) {
  for (const int fate : {0, 1, 2, 3}) {
    make_session(first_side_a());
    start_servers();
    serve_agent(*a, eNotReady);
    serve_agent(*b, eNotReady);
    events.told.clear();
    enter_agent_mode();
    ASSERT_EQ(agent->QueryAgentState(), CIL_OK);
    world.run_for(Seconds(1));  // sent, and never answered
    ASSERT_EQ(agent->QueryAgentState(), CIL_OK);
    ASSERT_EQ(session->SetAgent(nullptr), CIL_OK);
    if (fate == 1) a->stop();
    if (fate == 2) {
      ASSERT_EQ(session->Disconnect(), CIL_OK);
    }
    if (fate == 3) {  // dies while the new connection is made
      a->on_welcomed = [this] { a->close(wire::CloseReason::kOutOfResources); };
    }
    ASSERT_TRUE(until(fate == 2 ? int{eOnConnectionClosed} : int{eOnCurrentAgentReset}));
    EXPECT_EQ(events.count(eControlFailureConf), 2) << "fate " << fate;
    if (fate == 2) continue;
    world.run_for(Seconds(3));
    EXPECT_EQ(session->SetAgent(*agent), CIL_OK) << "fate " << fate;
    ASSERT_TRUE(until(eSetAgentModeEvent, 2)) << "fate " << fate;
    EXPECT_EQ(events.count(eOnConnection), fate == 0 ? 1 : 2);
    a->on_welcomed = nullptr;
  }
}

TEST_F(Handlers, WhatTheyThrowIsCountedTracedAndToldOnce) {
  struct : ILogEvents {
    void processLogEvent(const LogEvent& e) override { lines.push_back(e.getDescription()); }
    std::vector<std::string> lines;
  } log;
  Logger().AddLogListener(&log);
  struct : SessionEventsAdapter {
    void OnConnection(Arguments&) override { throw std::runtime_error("no such screen"); }
    void OnFailure(Arguments& args) override {
      failures.push_back(args);
      throw 1;  // and that is not told again
    }
    std::vector<Arguments> failures;
  } program;
  ASSERT_EQ(session->AddSessionEventListener(&program), CIL_OK);
  connect();
  world.run_for(Seconds(1));
  Logger().RemoveLogListener(&log);
  ASSERT_EQ(program.failures.size(), 1U);
  const Arguments& failure = program.failures[0];
  EXPECT_EQ(failure.GetValueInt(CTIOS_MESSAGEID), eOnConnection);
  EXPECT_NE(failure.GetValueString(CTIOS_ERRORMESSAGE).find("no such screen"), std::string::npos);
  EXPECT_EQ(session->HandlerExceptions(), 2U);
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_NE(log.lines[0].find("eOnConnection"), std::string::npos);
  EXPECT_NE(log.lines[0].find("no such screen"), std::string::npos);
  EXPECT_EQ(events.count(eOnConnection), 1);  // the others were told all the same
}

TEST_F(Handlers, AWaitObjectRemembersEventsInTheOrderInWhichTheyCame) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  Arguments mask;
  mask.AddItem("Event1", eCallBeginEvent);
  mask.AddItem("Event2", eCallEndEvent);
  mask.AddItem("Event3", eCallHeldEvent);
  const Ref<CWaitObject> wait(session->CreateWaitObject(mask));
  const char* id = "call.5000.1.23901";
  a->update(EventId::eCallBeginEvent, call_items(id, LCS_CONNECT), wire::topic::kCall);
  a->update(EventId::eCallHeldEvent, call_items(id, LCS_HOLD), wire::topic::kCall);
  a->update(EventId::eCallEndEvent, call_items(id, LCS_NULL),
            wire::topic::kCall | wire::topic::kEnds);
  ASSERT_TRUE(until(eCallEndEvent));
  for (const int event : {int{eCallBeginEvent}, int{eCallHeldEvent}, int{eCallEndEvent}}) {
    EXPECT_EQ(wait->WaitOnMultipleEvents(0), EVENT_SIGNALED);
    EXPECT_EQ(wait->GetTriggerEvent(), event);
  }
  EXPECT_EQ(wait->WaitOnMultipleEvents(0), EVENT_WAIT_TIMEDOUT);
  EXPECT_EQ(wait->GetTriggerEvent(), eUnknownEvent);
}

TEST(Listeners, WhoComesWhileAnEventIsToldHearsTheNextOne) {
  detail::Dispatcher dispatcher;
  struct Anew : IGenericEvents {
    explicit Anew(detail::Dispatcher& of) : dispatcher(of) {}
    void OnEvent(int, Arguments&) override {
      ++told;
      for (int i = 0; i < 3'000; ++i) {
        ASSERT_TRUE(dispatcher.remove_generic(eCallList, this));
        ASSERT_TRUE(dispatcher.add_generic(eCallList, this));
      }
      ASSERT_TRUE(dispatcher.remove_generic(eCallList, last));
      ASSERT_TRUE(dispatcher.add_generic(eCallList, last));
    }
    detail::Dispatcher& dispatcher;
    IGenericEvents* last = nullptr;
    int told = 0;
  } anew(dispatcher);
  struct AnewToo : AllInOneEventsAdapter {
    explicit AnewToo(detail::Dispatcher& of) : dispatcher(of) {}
    void OnCallBegin(Arguments&) override {
      ++told;
      IAllInOne* const self = this;
      ASSERT_TRUE(dispatcher.remove(eAllInOneList, self));
      ASSERT_TRUE(dispatcher.add(eAllInOneList, self));
    }
    detail::Dispatcher& dispatcher;
    int told = 0;
  } of_interface(dispatcher);
  std::vector<Recorder> others(detail::Dispatcher::kListenersMax - 1);
  ASSERT_TRUE(dispatcher.add_generic(eCallList, &anew));
  ASSERT_TRUE(dispatcher.add(eAllInOneList, static_cast<IAllInOne*>(&of_interface)));
  for (Recorder& each : others) ASSERT_TRUE(dispatcher.add_generic(eCallList, &each));
  anew.last = &others.back();
  Recorder beyond;
  EXPECT_FALSE(dispatcher.add_generic(eCallList, &beyond));
  Arguments args;
  for (int events = 1; events <= 3; ++events) {
    dispatcher.tell(eCallBeginEvent, args);
    EXPECT_EQ(anew.told, events);
    EXPECT_EQ(of_interface.told, events);
    EXPECT_EQ(others.front().count(eCallBeginEvent), events);
  }
  EXPECT_FALSE(dispatcher.add_generic(eCallList, &beyond));
}

TEST(Log, AListenerThatAnotherHasRemovedIsNotCalled) {
  struct Removes : ILogEvents {
    void processLogEvent(const LogEvent&) override {
      ++told;
      if (other) Logger().RemoveLogListener(std::exchange(other, nullptr));
    }
    ILogEvents* other = nullptr;
    int told = 0;
  } first, second;
  Logger log;
  log.AddLogListener(&first);
  log.AddLogListener(&second);
  first.other = &second;
  log.Trace(TRACE_MASK_CRITICAL, "once");
  EXPECT_EQ(first.told, 1);
  EXPECT_EQ(second.told, 0);
  log.RemoveLogListener(&first);
}

TEST_F(Handlers, AListenerMayComeAndGoInAnArray) {
  Recorder heard;
  const auto of = [](const Arg& listener, int list) {
    Arguments args;
    args.AddItem("Listener", listener);
    args.AddItem("ListID", list);
    return args;
  };
  const Arguments args = of(ListenerArg(&heard), eSessionList);
  EXPECT_EQ(session->AddEventListener(Arguments(args)), CIL_OK) << "a copy holds it too";
  EXPECT_EQ(session->AddEventListener(args), E_CTIOS_INVALID_ARGUMENT) << "twice";
  EXPECT_EQ(session->AddEventListener(Arguments()), E_CTIOS_MISSING_ARGUMENT);
  EXPECT_EQ(session->AddEventListener(of(Arg("x"), eSessionList)), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->AddEventListener(of(ListenerArg(nullptr), eSessionList)),
            E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->AddEventListener(of(ListenerArg(&heard), 99)), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->GetLastError(), E_CTIOS_INVALID_ARGUMENT);
  connect();
  EXPECT_EQ(heard.count(eOnConnection), 1);
  EXPECT_EQ(session->RemoveEventListener(of(ListenerArg(&heard), eCallList)),
            E_CTIOS_INVALID_ARGUMENT)
      << "not of this list";
  EXPECT_EQ(session->RemoveEventListener(args), CIL_OK);
  EXPECT_EQ(session->RemoveEventListener(args), E_CTIOS_INVALID_ARGUMENT);
  const std::size_t before = heard.told.size();
  Arguments forced;
  forced.AddItem(CTIOS_FORCEDDISCONNECT, 1);
  ASSERT_EQ(session->Disconnect(forced), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(heard.told.size(), before);
}

}  // namespace
}  // namespace cti::cil::test
