// threads_test.cpp - the session's own event thread, listeners and wait objects, over real sockets on loopback.
#include "cil/cil.hpp"
#include "cil/detail/engine/dispatcher.hpp"
#include "core/epoll_io.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>
#include <netdb.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace {

/// Welcomes whoever comes, on a port of the kernel's choice, and answers heartbeats.
class Welcomer {
 public:
  Welcomer() {
    auto made = cti::core::make_epoll_io({.connections_max = 16, .receive_buffers = 16});
    if (!made) return;
    io_ = std::move(*made);
    const auto listener = io_->listen({"127.0.0.1", 0});
    if (!listener) return;
    port = io_->local_port(*listener);
    thread_ = std::thread([this] { run(); });
  }
  ~Welcomer() {
    stop_ = true;
    io_->wake();
    thread_.join();
  }
  int port = 0;

 private:
  void run() {
    std::array<cti::core::Completion, 16> out;
    while (!stop_) {
      const std::size_t came = io_->wait(out, io_->now() + cti::Seconds(1));
      for (std::size_t i = 0; i < came; ++i) {
        if (out[i].event == cti::core::IoEvent::kReceived) take(out[i]);
      }
    }
  }
  void take(const cti::core::Completion& completion) {
    using cti::wire::FrameType;
    cti::wire::SessionFrameCutter cutter(64 * 1024);
    (void)cutter.feed(completion.bytes, [&](cti::Bytes frame) {
      const auto type = static_cast<FrameType>(cti::wire::frame_type(frame.data()));
      if (type == FrameType::kHello) {
        cti::wire::WelcomeWriter welcome(buffer_, {});
        const std::size_t bytes = welcome.finish().size();
        cti::wire::PrivateEventHeader header;
        header.event_id = cti::wire::EventId::eCTIOSFailureEvent;
        cti::wire::PrivateEventWriter status(cti::MutableBytes(buffer_).subspan(bytes), header);
        io_->send(completion.connection, cti::Bytes(buffer_).first(bytes + status.finish().size()));
      } else if (type == FrameType::kHeartbeatReq) {
        cti::wire::HeartbeatConfWriter conf(buffer_, {cti::wire::frame_id(frame.data())});
        io_->send(completion.connection, conf.finish());
      }
    });
  }

  std::unique_ptr<cti::core::Io> io_;
  std::array<std::byte, 256> buffer_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

Arguments loopback(int port) {
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, "127.0.0.1");
  args.AddItem(CTIOS_PORTA, port);
  args.AddItem(CTIOS_HEARTBEAT, 1);
  return args;
}

Ref<CWaitObject> wait_for(CCtiOsSession& session, int event, int or_event = 0) {
  Arguments mask;
  mask.AddItem("Event1", event);
  if (or_event) mask.AddItem("Event2", or_event);
  return Ref<CWaitObject>(session.CreateWaitObject(mask));
}

Arguments forced() {
  Arguments args;
  args.AddItem(CTIOS_FORCEDDISCONNECT, true);
  return args;
}

TEST(EventThread, AllEventsComeOnOneThreadThatIsNotOurs) {
  Welcomer server;
  ASSERT_NE(server.port, 0);
  struct : IGenericEvents {
    void OnEvent(int, Arguments&) override {
      const std::lock_guard lock(mutex);
      threads.push_back(std::this_thread::get_id());
    }
    std::mutex mutex;
    std::vector<std::thread::id> threads;
  } listener;
  CCtiOsSession session;
  EXPECT_EQ(session.fd(), -1);
  EXPECT_EQ(session.process(), 0U);
  ASSERT_EQ(session.AddAllInOneEventGenericListener(&listener), CIL_OK);
  auto heartbeat = wait_for(session, eOnHeartbeat);
  auto closed = wait_for(session, eOnConnectionClosed);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  EXPECT_EQ(heartbeat->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(heartbeat->GetTriggerEvent(), eOnHeartbeat);
  ASSERT_EQ(session.Disconnect(forced()), CIL_OK);
  EXPECT_EQ(closed->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  ASSERT_EQ(session.RemoveAllInOneEventGenericListener(&listener), CIL_OK);
  const std::lock_guard lock(listener.mutex);
  ASSERT_FALSE(listener.threads.empty());
  for (const auto id : listener.threads) {
    EXPECT_EQ(id, listener.threads.front());
    EXPECT_NE(id, std::this_thread::get_id());
  }
}

bool resolves(const char* name) {
  addrinfo* found = nullptr;
  if (getaddrinfo(name, nullptr, nullptr, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

TEST(EventThread, NamesAreResolvedOffTheLoop) {
  if (!resolves("localhost")) GTEST_SKIP() << "this machine has no name for the loopback address";
  Welcomer server;
  CCtiOsSession session;
  auto connected = wait_for(session, eOnConnection);
  Arguments args = loopback(server.port);
  args.AddItem(CTIOS_CTIOSA, "localhost");
  ASSERT_EQ(session.Connect(args), CIL_OK);
  EXPECT_EQ(connected->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(session.GetValueString(CTIOS_CURRENTSERVER), "localhost");
}

TEST(EventThread, N6_ANameThatDoesNotResolveIsAFailedAttempt) {
  CCtiOsSession session;
  auto failed = wait_for(session, eOnConnectionFailure);
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, "no-such-host.invalid");
  ASSERT_EQ(session.Connect(args), CIL_OK);
  EXPECT_EQ(failed->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(session.GetValueInt(CTIOS_CONNECTIONMODE), eNotConnected);
}

TEST(EventThread, SessionsMayBeDestroyedAtAnyMoment) {
  Welcomer server;
  for (int i = 0; i < 20; ++i) {
    CCtiOsSession session;
    Arguments args = loopback(server.port);
    if (i % 2) args.AddItem(CTIOS_CTIOSA, "localhost");
    ASSERT_EQ(session.Connect(args), CIL_OK);
    if (i % 4 == 0) {
      auto connected = wait_for(session, eOnConnection);
      EXPECT_EQ(connected->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
    }
  }
}

/// Deletes its session in the first event of a kind.
struct Deleter : IGenericEvents {
  explicit Deleter(int in) : event(in) {}
  void OnEvent(int told, Arguments&) override {
    EXPECT_FALSE(deleted) << "event " << told << " after the session's end";
    if (told != event) return;
    const unsigned long left = session->Release();
    EXPECT_EQ(left, 0U);
    deleted = true;
    deleted.notify_all();
  }
  const int event;
  CCtiOsSession* session = nullptr;
  std::atomic<bool> deleted{false};
};

TEST(EventThread, AHandlerMayDeleteItsSession) {
  Welcomer server;
  for (const int event : {int{eOnConnection}, int{eCTIOSFailureEvent}, int{eOnHeartbeat},
                          int{eOnConnectionClosed}}) {
    Deleter deleter(event);
    deleter.session = new CCtiOsSession;
    auto wait = wait_for(*deleter.session, eCallBeginEvent);
    auto connected = wait_for(*deleter.session, eOnConnection);
    ASSERT_EQ(deleter.session->AddAllInOneEventGenericListener(&deleter), CIL_OK);
    std::thread waiter([&] { EXPECT_EQ(wait->WaitOnMultipleEvents(-1), WAIT_FAILED); });
    ASSERT_EQ(deleter.session->Connect(loopback(server.port)), CIL_OK);
    if (event == eOnConnectionClosed) {
      EXPECT_EQ(connected->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
      EXPECT_EQ(deleter.session->Disconnect(forced()), CIL_OK);
    }
    deleter.deleted.wait(false);
    waiter.join();
  }
}

TEST(EventThread, ASessionMayBeDeletedFromOutsideWhileItsHandlersRun) {
  Welcomer server;
  for (int i = 0; i < 20; ++i) {
    struct : IGenericEvents {
      void OnEvent(int, Arguments&) override {
        begun = true;
        begun.notify_all();
        for (int n = 0; n < 1000; ++n) std::this_thread::yield();
        ended = true;
      }
      std::atomic<bool> begun{false};
      std::atomic<bool> ended{false};
    } slow;
    auto session = std::make_unique<CCtiOsSession>();
    session->AddAllInOneEventGenericListener(&slow);
    ASSERT_EQ(session->Connect(loopback(server.port)), CIL_OK);
    slow.begun.wait(false);
    session.reset();
    EXPECT_TRUE(slow.ended);
  }
}

/// Counts lives: accepted Connects, and the events that end one. Connects anew in the last event now and then.
struct Lives : SessionEventsAdapter {
  void OnConnectionClosed(Arguments&) override {
    ++ended;
    if (++closed % 3 == 0 && session->Connect(where) == CIL_OK) ++begun;
  }
  void OnConnectionRejected(Arguments&) override { ++ended; }
  void OnConnectionFailure(Arguments& args) override {
    if (args.IsValid(CTIOS_FINALATTEMPT)) ++ended;
  }
  CCtiOsSession* session = nullptr;
  Arguments where;
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  int closed = 0;
};

TEST(EventThread, ManyThreadsConnectAndDisconnectAsTheyLike) {
  Welcomer server;
  CCtiOsSession session;
  Lives lives;
  lives.session = &session;
  lives.where = loopback(server.port);
  session.AddSessionEventListener(&lives);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 400; ++i) {
        if (session.Connect(lives.where) == CIL_OK) ++lives.begun;
        session.SetMessageFilter("MessageID=30");
        if ((i + t) % 4 == 0) std::this_thread::yield();
        session.Disconnect(forced());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  auto closed = wait_for(session, eOnConnectionClosed);
  while (session.Disconnect(forced()) != E_CTIOS_SESSION_NOT_CONNECTED &&
         std::chrono::steady_clock::now() < limit) {
    closed->WaitOnMultipleEvents(100);
  }
  session.RemoveSessionEventListener(&lives);  // waits until the last handler has returned
  session.Disconnect(forced());
  EXPECT_GT(lives.begun, 0);
  EXPECT_LE(lives.begun - lives.ended, 1);  // the life of a Connect in the very last event
  EXPECT_GE(lives.begun - lives.ended, 0);
}

TEST(WaitObject, MaskAndTimeout) {
  CCtiOsSession session;
  EXPECT_EQ(session.CreateWaitObject(Arguments()), nullptr);
  Arguments wrong;
  wrong.AddItem("Event1", "no number");
  EXPECT_EQ(session.CreateWaitObject(wrong), nullptr);
  auto wait = wait_for(session, eCallBeginEvent, eCallEndEvent);
  ASSERT_TRUE(wait);
  EXPECT_TRUE(wait->InMask(eCallEndEvent));
  EXPECT_FALSE(wait->InMask(eOnConnection));
  EXPECT_EQ(wait->DumpEventMask(), "23, 24");
  Arguments mask;
  EXPECT_TRUE(wait->GetMask(&mask));
  EXPECT_EQ(mask.GetValueInt("Event2"), eCallEndEvent);
  EXPECT_FALSE(wait->GetMask(nullptr));
  EXPECT_EQ(wait->WaitOnMultipleEvents(1), EVENT_WAIT_TIMEDOUT);
  EXPECT_EQ(wait->GetTriggerEvent(), eUnknownEvent);
}

TEST(WaitObject, RemembersAnEventThatCameBeforeTheWait) {
  Welcomer server;
  CCtiOsSession session;
  auto early = wait_for(session, eOnConnection);
  auto later = wait_for(session, eCTIOSFailureEvent);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  EXPECT_EQ(later->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(early->WaitOnMultipleEvents(0), EVENT_SIGNALED);
  EXPECT_EQ(early->WaitOnMultipleEvents(0), EVENT_WAIT_TIMEDOUT);
}

TEST(WaitObject, RefusesToWaitInsideAHandler) {
  Welcomer server;
  CCtiOsSession session;
  auto never = wait_for(session, eCallBeginEvent);
  auto done = wait_for(session, eCTIOSFailureEvent);
  struct : SessionEventsAdapter {
    void OnConnection(Arguments&) override { result = wait->WaitOnMultipleEvents(-1); }
    CWaitObject* wait = nullptr;
    std::atomic<int> result{EVENT_SIGNALED};
  } listener;
  listener.wait = never.get();
  session.AddSessionEventListener(&listener);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  EXPECT_EQ(done->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(listener.result, WAIT_FAILED);
  session.RemoveSessionEventListener(&listener);
}

TEST(WaitObject, OutlivesItsSession) {
  auto session = std::make_unique<CCtiOsSession>();
  auto wait = wait_for(*session, eOnConnection);
  session.reset();
  EXPECT_EQ(wait->WaitOnMultipleEvents(-1), WAIT_FAILED);
}

TEST(CallersLoop, WaitsByFdAndProcess) {
  Welcomer server;
  SessionOptions options;
  options.own_thread = false;
  CCtiOsSession session(std::move(options));
  EXPECT_GE(session.fd(), 0);
  struct : SessionEventsAdapter {
    void OnConnection(Arguments&) override { thread = std::this_thread::get_id(); }
    std::thread::id thread;
  } listener;
  session.AddSessionEventListener(&listener);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  for (int i = 0; i < 1000 && listener.thread == std::thread::id(); ++i) {
    session.process(std::min(session.timeout_ms(), 100));
  }
  EXPECT_EQ(listener.thread, std::this_thread::get_id());
  // A wait object runs the loop itself.
  auto heartbeat = wait_for(session, eOnHeartbeat);
  EXPECT_EQ(heartbeat->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
}

TEST(CallersLoop, IsRunByOneThreadAtATime) {
  Welcomer server;
  SessionOptions options;
  options.own_thread = false;
  CCtiOsSession session(options);
  struct : IGenericEvents {
    void OnEvent(int event, Arguments&) override {
      if (event != eOnConnection) return;
      std::unique_lock lock(mutex);
      inside = true;
      changed.notify_all();
      seen = changed.wait_for(lock, std::chrono::seconds(20), [this] { return !inside; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool inside = false, seen = false;
  } listener;
  ASSERT_EQ(session.AddAllInOneEventGenericListener(&listener), CIL_OK);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  const auto closed = wait_for(session, eOnConnectionClosed);
  WaitResult result = WAIT_FAILED;
  std::thread waits([&] { result = closed->WaitOnMultipleEvents(20'000); });
  {
    std::unique_lock lock(listener.mutex);
    EXPECT_TRUE(listener.changed.wait_for(lock, std::chrono::seconds(20),
                                          [&] { return listener.inside; }));
  }
  // That thread is in the middle of a turn: what there is to do is its affair.
  EXPECT_EQ(session.Disconnect(forced()), CIL_OK);
  EXPECT_EQ(session.process(), 0U);
  EXPECT_GT(session.timeout_ms(), 0);
  {
    const std::lock_guard lock(listener.mutex);
    listener.inside = false;
    listener.changed.notify_all();
  }
  waits.join();
  EXPECT_TRUE(listener.seen);
  EXPECT_EQ(result, EVENT_SIGNALED);
}

TEST(CallersLoop, AWaitAndTheLoopTakeTurns) {
  Welcomer server;
  SessionOptions options;
  options.own_thread = false;
  CCtiOsSession session(options);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  std::atomic<bool> over{false};
  std::thread waits([&] {
    const auto heartbeat = wait_for(session, eOnHeartbeat);
    EXPECT_EQ(heartbeat->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
    over = true;
  });
  while (!over) {
    (void)session.timeout_ms();
    session.process(1);
  }
  waits.join();
}

TEST(Listeners, RefuseNullTwiceAndUnknownLists) {
  CCtiOsSession session;
  SessionEventsAdapter listener;
  struct : IGenericEvents {
    void OnEvent(int, Arguments&) override {}
  } generic;
  EXPECT_EQ(session.AddSessionEventListener(nullptr), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session.AddSessionEventListener(&listener), CIL_OK);
  EXPECT_EQ(session.AddSessionEventListener(&listener), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session.RemoveSessionEventListener(&listener), CIL_OK);
  EXPECT_EQ(session.RemoveSessionEventListener(&listener), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session.AddListener(&generic, eCallList), CIL_OK);
  EXPECT_EQ(session.AddListener(&generic, 99), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session.AddListener(&generic, -1), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(session.RemoveListener(&generic, eCallList), CIL_OK);
}

TEST(Listeners, AListenerMayBeRemovedByItselfAndAfterRemovalIsNotCalled) {
  Welcomer server;
  CCtiOsSession session;
  struct : SessionEventsAdapter {
    void OnConnection(Arguments&) override {
      ++called;
      session->RemoveSessionEventListener(this);
      throw 1;  // what a handler throws does not stop the others
    }
    void OnCTIOSFailure(Arguments&) override { ++called; }
    CCtiOsSession* session = nullptr;
    std::atomic<int> called{0};
  } once;
  once.session = &session;
  session.AddSessionEventListener(&once);
  auto done = wait_for(session, eOnHeartbeat);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  EXPECT_EQ(done->WaitOnMultipleEvents(20'000), EVENT_SIGNALED);
  EXPECT_EQ(once.called, 1);
}

TEST(Listeners, RemovalFromAnotherThreadWaitsForTheHandler) {
  Welcomer server;
  CCtiOsSession session;
  struct : SessionEventsAdapter {
    void OnConnection(Arguments&) override {
      inside = true;
      inside.notify_all();
      for (int i = 0; i < 1'000'000; ++i) work = work + 1;
      left = true;
    }
    std::atomic<bool> inside{false};
    std::atomic<bool> left{false};
    std::atomic<int> work{0};
  } listener;
  session.AddSessionEventListener(&listener);
  ASSERT_EQ(session.Connect(loopback(server.port)), CIL_OK);
  listener.inside.wait(false);
  EXPECT_EQ(session.RemoveSessionEventListener(&listener), CIL_OK);
  EXPECT_TRUE(listener.left);
}

TEST(Listeners, AllInOneHearsAnEventOfTwoInterfacesOnce) {
  struct : AllInOneEventsAdapter {
    void OnControlFailureConf(Arguments&) override { ++failures; }
    int failures = 0;
  } listener;
  struct : IGenericEvents {
    void OnEvent(int, Arguments&) override { ++events; }
    int events = 0;
  } generic;
  cti::cil::detail::Dispatcher dispatcher;
  dispatcher.add(eAllInOneList, static_cast<IAllInOne*>(&listener));
  dispatcher.add(eCallList, static_cast<ICallEvents*>(&listener));
  dispatcher.add(eAgentList, static_cast<IAgentEvents*>(&listener));
  dispatcher.add_generic(eAllInOneList, &generic);
  Arguments args;
  dispatcher.tell(eControlFailureConf, args);
  EXPECT_EQ(listener.failures, 3);  // once per list
  EXPECT_EQ(generic.events, 1);
  dispatcher.tell(cti::cil::eRequestAcceptedConf, args);  // in no interface
  EXPECT_EQ(generic.events, 2);
  EXPECT_EQ(listener.failures, 3);
}

TEST(Objects, CountReferencesFromManyThreads) {
  auto* agent = new CAgent;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([agent, t] {
      for (int i = 0; i < 1000; ++i) {
        agent->AddRef();
        agent->SetValue(CTIOS_AGENTID, std::to_string(t));
        agent->GetValueString(CTIOS_AGENTID);
        agent->Release();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(agent->GetNumProperties(), 1);
  EXPECT_EQ(agent->GetPropertyName(1), "AgentID");
  EXPECT_EQ(agent->GetPropertyType("AgentID"), ARG_STRING);
  EXPECT_EQ(agent->DumpProperties().substr(0, 10), "AgentID = ");
  EXPECT_EQ(agent->Release(), 0U);
}

TEST(Objects, SessionResolverGivesOneSessionPerName) {
  Ref<CCtiOsSession> one(SessionResolver::GetSession(""));
  Ref<CCtiOsSession> same(SessionResolver::GetSession(""));
  Ref<CCtiOsSession> other(SessionResolver::GetSession("other"));
  EXPECT_EQ(one.get(), same.get());
  EXPECT_NE(one.get(), other.get());
}

TEST(Log, TheMaskDecidesWhatListenersHear) {
  struct : ILogEvents {
    void processLogEvent(const LogEvent& e) override { lines.push_back(e.getDescription()); }
    std::vector<std::string> lines;
  } listener;
  Logger logger;
  const int before = logger.GetTraceMask();
  logger.AddLogListener(&listener);
  logger.SetTraceMask(0x2);
  EXPECT_EQ(logger.Trace(0x1, "no"), -1);
  EXPECT_EQ(logger.Trace(0x3, "yes"), 0);
  logger.RemoveLogListener(&listener);
  EXPECT_EQ(logger.Trace(0x2, "gone"), 0);
  EXPECT_EQ(listener.lines, std::vector<std::string>{"yes"});
  logger.SetTraceMask(before);
}

}  // namespace
