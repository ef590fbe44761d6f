// flood_test.cpp - each container that a server, or the program through the API, can fill: filled, and found bounded.
//
// The memory that the session holds is measured from outside (mallinfo2), so that a container that nobody thought of
// counts too; Engine::invariants() looks at the known ones after every turn. Each flood ends in an outcome with a name.
#include "cil/detail/engine/session_core.hpp"
#include "core/name_lookup.hpp"
#include "tests/unit/cil/session_world.hpp"

#include <malloc.h>

namespace cti::cil::test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class Flood : public SessionWorld {
 protected:
  /// Bytes that the heap has more than at the last mark(). 0 under a sanitizer, whose heap does not say.
  std::size_t grown() const {
    const std::size_t now = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    return now > mark_ ? now - mark_ : 0;
  }
  void mark() { mark_ = ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }
  /// The listener keeps no copies; only how the first connection was lost.
  void forget_events() {
    events.also = [this](int event, Arguments& args) {
      if (event == eOnConnectionFailure && failure.empty())
        failure = args.GetValueString(CTIOS_ERRORMESSAGE);
      events.told.clear();
    };
  }
  void monitor() {
    a->on_subscribe = [this] {
      a->subscribed();
      a->private_event(EventId::eOnMonitorModeEstablished, Items());
    };
    connect();
    ASSERT_EQ(session->SetMessageFilter("MessageID=*"), CIL_OK);
    ASSERT_TRUE(until(eOnMonitorModeEstablished));
  }
  Bytes update(std::uint32_t peripheral, const char* id, const Items& args,
               std::uint32_t topics = 0, const char* key_of = nullptr) {
    wire::UpdateHeader header;
    header.id = ++a->sequence;
    header.lineage = a->lineage;
    header.epoch = a->epoch;
    header.peripheral_id = peripheral;
    header.topics = topics;
    if (key_of) id = key_of;
    if (id) header.object_key = wire::object_key(id);
    wire::UpdateWriter writer(buffer_, header);
    writer.arguments().add_all(args.view());
    return writer.finish();
  }
  template <class Frame>
  void send_many(int frames, Frame&& frame) {
    for (int i = 0; i < frames; ++i) {
      a->send(frame(i));
      if (i % 256 == 255) world.run_for(Millis(1));
    }
    world.run_for(Seconds(1));
  }
  std::string failure;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(64 * 1024);

 private:
  std::size_t mark_ = 0;
};

TEST_F(Flood, HeartbeatsOfAServerThatDoesNotReadAreNotAnsweredWithoutEnd) {
  connect();
  forget_events();
  mark();
  a->deaf(true);
  std::vector<std::byte> questions;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    wire::HeartbeatReqWriter question(buffer_, {i});
    const Bytes bytes = question.finish();
    questions.insert(questions.end(), bytes.begin(), bytes.end());
  }
  for (int i = 0; i < 400 && failure.empty(); ++i) {
    a->send(questions);
    world.run_for(Millis(5));
  }
  EXPECT_EQ(failure, "the server does not read what it is sent");
  EXPECT_LT(grown(), 8 * kMiB);
}

TEST_F(Flood, PositionsOfEndlessPeripheralsAreNotKept) {
  monitor();
  forget_events();
  mark();
  send_many(50'000, [&](int i) {
    return update(static_cast<std::uint32_t>(i), nullptr, items({{Keyword::ANI, "1"}}));
  });
  EXPECT_LT(grown(), kMiB);
  b->on_subscribe = [this] { b->subscribed(); };
  a->stop();
  ASSERT_TRUE(until(eOnConnection));
  world.run_for(Seconds(1));
  ASSERT_EQ(b->subscriptions.size(), 1U);
  EXPECT_EQ(b->subscriptions[0].positions.size(), wire::limits::kPositionsMax);
}

TEST_F(Flood, StatesOfEndlessPeripheralsAreToldAndNotKept) {
  connect();
  int told = 0;
  events.also = [&](int event, Arguments&) { told += event == eCTIOSFailureEvent ? 1 : 0; };
  for (int i = 0; i < 5000; ++i) {
    a->private_event(EventId::eCTIOSFailureEvent,
                     items({{Keyword::FailureCode, 10},
                            {Keyword::SystemEventID, int{eSysPeripheralOffline}},
                            {Keyword::SystemEventArg1, i}}));
    if (i % 256 == 255) world.run_for(Millis(1));
  }
  world.run_for(Seconds(1));
  EXPECT_GE(told, 5000);
  const Ref<Arguments> system(session->GetValueArray(CTIOS_STATUSSYSTEM));
  const Ref<Arguments> all(system->GetValueArray(CTIOS_STATUSPERIPHERALS));
  EXPECT_EQ(all->NumElements(), 64);
  EXPECT_NE(session->GetSystemStatus() & PGS_PERIPHERAL_OFFLINE, 0);
}

TEST_F(Flood, SnapshotsOfEndlessPeripheralsBeforeTheModeStands) {
  connect();
  ASSERT_EQ(session->SetMessageFilter("MessageID=*"), CIL_OK);
  world.run_for(Millis(10));
  forget_events();
  mark();
  send_many(40'000, [&](int i) {
    wire::SnapshotBeginHeader begin;
    begin.peripheral_id = static_cast<std::uint32_t>(i);
    const std::size_t first = wire::SnapshotBeginWriter(buffer_, begin).finish().size();
    wire::SnapshotEndHeader end;
    end.peripheral_id = begin.peripheral_id;
    const std::size_t second =
        wire::SnapshotEndWriter(MutableBytes(buffer_).subspan(first), end).finish().size();
    return Bytes(buffer_).first(first + second);
  });
  EXPECT_LT(grown(), 512U * 1024);
}

TEST_F(Flood, ASnapshotWithoutAnEndEndsTheConnection) {
  SessionLimits limits;
  limits.snapshot_bytes_max = kMiB;
  make_session(first_side_a(), limits);
  connect();
  ASSERT_EQ(session->SetMessageFilter("MessageID=*"), CIL_OK);
  world.run_for(Millis(10));
  forget_events();
  a->snapshot_begin();
  for (int i = 0; i < 12'000 && failure.empty(); ++i) {
    a->snapshot_record(EventId::eSnapshotCallConf, call_items("call.5000.1.1", 3));
    if (i % 256 == 255) world.run_for(Millis(1));
  }
  EXPECT_EQ(failure, "a snapshot above the limit of 1048576 bytes");
}

TEST_F(Flood, ObjectsBeyondTheLimitAreToldAndNotKept) {
  SessionLimits limits;
  limits.objects_max = 100;
  make_session(first_side_a(), limits);
  monitor();
  int told = 0;
  events.also = [&](int event, Arguments&) { told += event == eCallBeginEvent ? 1 : 0; };
  for (int i = 0; i < 500; ++i)
    a->update(EventId::eCallBeginEvent,
              call_items(("call.5000." + std::to_string(i) + ".1").c_str(), 3), wire::topic::kCall);
  world.run_for(Seconds(1));
  EXPECT_EQ(told, 500);
  const Ref<Arguments> calls(session->GetAllCalls());
  EXPECT_EQ(calls->NumElements(), 100);
}

// The end does not name its object; who has asked for the object in a handler has made a handle of it.
TEST_F(Flood, HandlesOfObjectsThatEndWithoutANameAreLetGo) {
  monitor();
  events.also = [&](int, Arguments&) {
    events.told.clear();
    Ref<Arguments>(session->GetAllCalls());
  };
  const auto one = [&](int i) {
    const std::string id = "call.5000." + std::to_string(i) + ".1";
    a->send(update(5000, id.c_str(), call_items(id.c_str(), 3), wire::topic::kCall));
    a->send(update(5000, nullptr, items({{Keyword::ANI, "1"}}),
                   wire::topic::kCall | wire::topic::kEnds, id.c_str()));
    if (i % 64 == 63) world.run_for(Millis(1));
  };
  for (int i = 0; i < 256; ++i) one(i);
  mark();
  for (int i = 0; i < 5000; ++i) one(i);
  world.run_for(Seconds(1));
  EXPECT_LT(grown(), 256U * 1024);
}

TEST_F(Flood, SettingsReplaceThoseBeforeThem) {
  connect();
  int answer = 0;
  a->on_request = [&](const ScriptedServer::Asked& asked) {
    Items settings;
    for (int i = 0; i < 100; ++i)
      settings.set(wire::ArgKey("Own" + std::to_string(answer * 100 + i)), Items());
    ++answer;
    a->reply(asked.id, EventId::eGlobalSettingsDownloadConf, wire::Outcome::kConfirmed, settings);
  };
  int properties = 0;
  for (int i = 1; i <= 50; ++i) {
    ASSERT_EQ(session->RequestDesktopSettings(Arguments()), CIL_OK);
    ASSERT_TRUE(until(eGlobalSettingsDownloadConf, i));
    if (i == 1) properties = session->GetNumProperties();
  }
  EXPECT_EQ(session->GetNumProperties(), properties);
  EXPECT_TRUE(session->IsValid("Own4999"));
  EXPECT_FALSE(session->IsValid("Own0"));
}

// What a server told of the program's agent in one life does not stay for the next.
TEST_F(Flood, TheProgramsAgentForgetsWhatAnEarlierLifeToldOfIt) {
  CAgent& mine = new_agent();
  int before = 0;
  for (int life = 1; life <= 20; ++life) {
    a->on_subscribe = [&] {
      a->subscribed();
      Items told = agent_items(eNotReady);
      for (int i = 0; i < 100; ++i)
        told.set(wire::ArgKey("Own" + std::to_string(life * 100 + i)), "told");
      a->snapshot_begin();
      a->snapshot_record(EventId::eQueryAgentStateConf, told);
      a->snapshot_end();
      a->private_event(EventId::eSetAgentModeEvent, mode_items());
    };
    ASSERT_EQ(session->Connect(hosts(kHostA, nullptr)), CIL_OK);
    ASSERT_TRUE(until(eOnConnection, life));
    ASSERT_EQ(session->SetAgent(mine), CIL_OK);
    ASSERT_TRUE(until(eSetAgentModeEvent, life));
    ASSERT_EQ(session->Disconnect(), CIL_OK);
    ASSERT_TRUE(until(eOnConnectionClosed, life));
    if (life == 1) before = mine.GetNumProperties();
  }
  EXPECT_EQ(mine.GetNumProperties(), before);
  EXPECT_EQ(mine.GetValueString(CTIOS_AGENTID), "22866");
}

TEST_F(Flood, CallsBeyondTheQueuesLimitAreRefusedAndChangeNothing) {
  serve_agent(*a, eNotReady, {"call.5000.1.1", "call.5000.2.1"});
  enter_agent_mode();
  const auto call = [&](const char* id) {
    CCtiOsObject* found = nullptr;
    session->GetObjectFromObjectID(id, &found);
    return Ref<CCall>(dynamic_cast<CCall*>(found));
  };
  const Ref<CCall> one = call("call.5000.1.1");
  const Ref<CCall> two = call("call.5000.2.1");
  ASSERT_TRUE(one && two);
  int accepted = 0;
  int refused = CIL_OK;
  for (int i = 0; i < 5000; ++i) {  // nobody lets the session's loop run
    const int result = session->SetCurrentCall(i % 2 ? *one : *two);
    if (result == CIL_OK) ++accepted;
    if (result == E_CTIOS_SERVICE_SEND_MESSAGE_FAILED) refused = result;
  }
  EXPECT_LE(accepted, 2048);
  EXPECT_EQ(refused, E_CTIOS_SERVICE_SEND_MESSAGE_FAILED);
  const int changed = events.count(eOnCurrentCallChanged);
  world.run_for(Seconds(1));
  EXPECT_EQ(events.count(eOnCurrentCallChanged), changed + accepted);
}

TEST_F(Flood, RequestsAreBoundedByTheirArgumentsToo) {
  serve_agent(*a, eNotReady);
  enter_agent_mode();
  Arguments large;
  large.AddItem(CTIOS_DIALEDNUMBER, "23902");
  large.AddItem("user.Large", std::string(31 * 1024, 'x'));
  int accepted = 0;
  mark();
  while (accepted < 1024 && agent->MakeCall(large) == CIL_OK) ++accepted;
  EXPECT_GT(accepted, 256);
  EXPECT_LT(accepted, 600);
  EXPECT_LT(grown(), 20 * kMiB);
  EXPECT_EQ(agent->MakeCall(large), E_CTIOS_SERVICE_SEND_MESSAGE_FAILED);
  a->on_request = [&](const ScriptedServer::Asked& asked) {
    a->reply(asked.id, EventId::eMakeCallConf, wire::Outcome::kConfirmed);
    a->requests.clear();
  };
  ASSERT_TRUE(until(eMakeCallConf, accepted));
  EXPECT_EQ(agent->MakeCall(large), CIL_OK);
}

TEST_F(Flood, WaitObjectsAndListenersAreCounted) {
  Arguments mask;
  mask.AddItem("Event1", int{eCallBeginEvent});
  std::vector<Ref<CWaitObject>> waits;
  for (CWaitObject* made; waits.size() < 5000 && (made = session->CreateWaitObject(mask));)
    waits.emplace_back(made);
  EXPECT_EQ(waits.size(), 1024U);
  waits.pop_back();
  EXPECT_TRUE(Ref<CWaitObject>(session->CreateWaitObject(mask)));
  Arguments long_mask;
  for (int i = 1; i <= 300; ++i) long_mask.AddItem("Event" + std::to_string(i), 23);
  EXPECT_EQ(session->CreateWaitObject(long_mask), nullptr);
  std::vector<Recorder> listeners(1025);
  int added = 0;
  for (auto& each : listeners)
    added += session->AddCallEventGenericListener(&each) == CIL_OK ? 1 : 0;
  EXPECT_EQ(added, 1024);
  for (auto& each : listeners) session->RemoveCallEventGenericListener(&each);
}

TEST_F(Flood, WhatTheProgramSaysOfItselfFitsIntoTheFramesThatCarryIt) {
  Arguments args = hosts();
  args.AddItem(CTIOS_CLIENTID, std::string(4096, 'c'));
  EXPECT_EQ(session->Connect(args), E_CTIOS_INVALID_ARGUMENT);
  const std::string client_id(4000, 'c');
  args.AddItem(CTIOS_CLIENTID, client_id);
  ASSERT_EQ(session->Connect(args), CIL_OK);
  ASSERT_TRUE(until(eOnConnection));
  EXPECT_EQ((a->hellos ? a : b)->client_id, client_id);
  // A mode is asked for again with as many positions as there may be.
  const Ref<CAgent> nameless(new CAgent);
  nameless->SetValue(CTIOS_PERIPHERALID, 5000);
  nameless->SetValue(CTIOS_LOGINNAME, std::string(32'000, 'n'));
  EXPECT_EQ(session->SetAgent(*nameless), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->SetMessageFilter(std::string(31'500, 'f')), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session->SetMessageFilter(std::string(40'000, 'f')), E_CTIOS_INVALID_ARGUMENT);
  Arguments nested;
  for (const char* key : {"one", "two"}) nested.AddItem(key, std::string(20'000, 'f'));
  Arguments as_text;
  as_text.AddItem(CTIOS_FILTER, nested);
  EXPECT_EQ(session->SetMessageFilterArgs(as_text), E_CTIOS_INVALID_ARGUMENT);
  const std::string filter(31'000, 'f');
  ASSERT_EQ(session->SetMessageFilter(filter), CIL_OK);
  world.run_for(Seconds(1));
  ASSERT_EQ(a->subscriptions.size(), 1U);
  EXPECT_EQ(a->subscriptions[0].arguments.string(Keyword::MessageFilter), filter);
}

TEST_F(Flood, AModeThatFindsNoRoomIsAskedForAsSoonAsThereIsSome) {
  connect();
  world.settle();
  a->deaf(true);
  Arguments large;
  large.AddItem("text", std::string(30'000, 'x'));
  for (int i = 0; i < 150; ++i) EXPECT_EQ(session->RequestDesktopSettings(large), CIL_OK);
  // As many of them wait as there is room for: one more of their length finds none.
  ASSERT_EQ(session->SetMessageFilter(std::string(30'000, 'f')), CIL_OK);
  world.run_for(Seconds(2));
  ASSERT_TRUE(a->subscriptions.empty());
  a->deaf(false);
  ASSERT_TRUE(world.run_until([&] { return !a->subscriptions.empty(); },
                              network.now() + Seconds(5)));
  a->subscribed();
  a->private_event(EventId::eOnMonitorModeEstablished, Items());
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  ASSERT_TRUE(world.run_until([&] { return a->requests.size() == 150; },
                              network.now() + Seconds(5)));
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
}

TEST(FloodOfLines, LogListenersAndLinesHaveBounds) {
  struct Count : ILogEvents {
    void processLogEvent(const LogEvent& e) override { bytes += e.getDescription().size(); }
    std::size_t bytes = 0;
  };
  std::vector<Count> listeners(300);
  Logger logger;
  for (Count& each : listeners) logger.AddLogListener(&each);
  logger.Trace(0x1, std::string(kMiB, 'x'));
  std::size_t told = 0;
  for (Count& each : listeners) told += each.bytes != 0 ? 1 : 0;
  EXPECT_EQ(told, 256U);
  EXPECT_EQ(listeners[0].bytes, 64U * 1024);
  for (Count& each : listeners) logger.RemoveLogListener(&each);
}

TEST(FloodOfNames, SoManyAreLookedUpAtATime) {
  core::Places places(3);
  core::Places::Place one = places.take();
  core::Places::Place two = places.take();
  {
    const core::Places::Place three = places.take();
    EXPECT_TRUE(one && two && three);
    EXPECT_FALSE(places.take());
  }
  const core::Places::Place moved = std::move(two);
  EXPECT_TRUE(moved && places.take());
  EXPECT_FALSE(two);
}

}  // namespace
}  // namespace cti::cil::test
