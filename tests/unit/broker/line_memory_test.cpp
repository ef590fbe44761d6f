// Every allocation of a line made to fail in turn (M3, M12): what was being done fails, the line goes on, the map stays the fold
// of the records, and each ask is answered once.
//
// Here     every operator new of this program; only those inside a line's turn fail, and not those of the simulated Io.
#include "broker/fanout/subscription.hpp"
#include "tests/array_new.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/watch_keys.hpp"

#include <cstdlib>
#include <map>
#include <new>

namespace {

/// Which allocations fail: those numbered `first` to `last` of the armed ones, counted from 1.
struct Shortage {
  std::size_t count = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  bool armed = false;
  // Others always succeed, and do not count.
  std::size_t bytes_min = 0;
  std::size_t multiple_of = 1;

  bool strikes(std::size_t bytes) {
    if (!armed || bytes < bytes_min || bytes % multiple_of != 0) return false;
    ++count;
    return count >= first && count <= last;
  }
} shortage;

}  // namespace

void* operator new(std::size_t bytes) {
  if (shortage.strikes(bytes)) throw std::bad_alloc();
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t align) {
  if (shortage.strikes(bytes)) throw std::bad_alloc();
  const auto unit = static_cast<std::size_t>(align);
  if (void* const memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit))
    return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace cti::test {
namespace {

/// Lets what it stands before allocate as it likes.
class Spared {
 public:
  Spared() { shortage.armed = false; }
  ~Spared() { shortage.armed = was_; }

 private:
  const bool was_ = shortage.armed;
};

/// The simulated Io, whose memory is not what is short here.
class SparedIo : public core::Io {
 public:
  explicit SparedIo(core::Io& io) : io_(io) {}
  Result<core::ListenerId, core::IoError> listen(const core::Endpoint& at) override {
    return io_.listen(at);
  }
  std::uint16_t local_port(core::ListenerId id) const override { return io_.local_port(id); }
  void unlisten(core::ListenerId id) override { io_.unlisten(id); }
  core::ConnectionId connect(const core::Endpoint& to) override {
    const Spared spared;
    return io_.connect(to);
  }
  void send(core::ConnectionId id, Bytes bytes) override {
    const Spared spared;
    io_.send(id, bytes);
  }
  void set_receiving(core::ConnectionId id, bool on) override {
    const Spared spared;
    io_.set_receiving(id, on);
  }
  void close(core::ConnectionId id, core::CloseHow how) override {
    const Spared spared;
    io_.close(id, how);
  }
  std::size_t wait(std::span<core::Completion> out, TimePoint deadline) override {
    const Spared spared;
    return io_.wait(out, deadline);
  }
  void wake() noexcept override { io_.wake(); }
  TimePoint now() const noexcept override { return io_.now(); }
  WallMillis wall() const noexcept override { return io_.wall(); }
  core::Endpoint peer(core::ConnectionId id) const override { return io_.peer(id); }
  int pollable_fd() const noexcept override { return io_.pollable_fd(); }
  std::string_view backend() const noexcept override { return io_.backend(); }
  const core::IoCounters& counters() const noexcept override { return io_.counters(); }

 private:
  core::Io& io_;
};

broker::LineConfig small() {
  broker::LineConfig config = line_config();
  config.agents_max = 20;
  config.calls_max = 40;
  config.pending_max = 64;
  config.once_max = 64;
  config.link.pauses = {Seconds{1}};
  return config;
}

/// A line's day: dialogue, login, a call, images, requests, a look-up, a loss, the end.
class Day {
 public:
  Day(std::size_t first, std::size_t last)
      : world_(small(), 1, {}, std::size_t{1} << 20,
               [this](core::Io& io) { return (io_ = std::make_unique<SparedIo>(io)).get(); }) {
    shortage = {.count = 0, .first = first, .last = last, .armed = false};
    world_.around_turn = [](bool begins) { shortage.armed = begins; };
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      side->agents = {
          {"22866", {3, "23901", "23901"}}, {"22867", {1, "", ""}}, {"777", {3, "23777", "23777"}}};
      side->calls["23901"] = {{7, 3, "555"}};
      side->calls["23777"] = {{8, 3, "666"}};
    }
  }

  void live() {
    world_.settle(Seconds{5});
    ask(broker::TellKind::kSnapshot, {});
    ask(broker::TellKind::kAgentMode, args_of({{"AgentID", "22866"}}));
    world_.settle(Seconds{1});
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      side->agents["22867"] = {3, "23902", "23902"};
      if (!side->connected()) continue;
      side->agent_state("22867", 3, "23902", "23902");
      side->begin_call(20, "23902", "1");
      side->delivered(20, "23902");
      side->established(20, "23902");
      side->end_call(20, "23902");
    }
    world_.settle(Seconds{1});
    // Somebody nobody has asked for yet, two requests, and all of it once more while the link is lost.
    ask(broker::TellKind::kAgentMode, args_of({{"AgentID", "777"}}));
    request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}));
    request(RequestId::eAnswerCallRequest, args_of({{"UniqueObjectID", "call.5000.99.1"}}));
    request(RequestId::eQueryAgentStateRequest, args_of({{"AgentID", "22867"}}));
    world_.settle(Seconds{3});
    ask(broker::TellKind::kAgentMode, args_of({{"AgentID", "778"}}));
    request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "2"}}));
    world_.side_a->hang_up();
    world_.side_b->hang_up();
    world_.settle(Seconds{10});
    ask(broker::TellKind::kSnapshot, {});
    world_.settle(Seconds{60});
    alive_ = world_.line->ready();
    shortage.armed = true;
    world_.line->stop();
    shortage.armed = false;
    world_.settle(Seconds{1});
  }

  void expect_all_is_well() {
    EXPECT_TRUE(alive_) << "not in step with any side a minute later";
    for (const auto& [id, kind] : asked_) {
      int answers = 0;
      for (const broker::Tell& tell : world_.tells) {
        if (tell.request_id != id || tell.kind == broker::TellKind::kPrivateEvent) continue;
        ++answers;
        EXPECT_EQ(tell.kind, kind) << "ask " << id;
      }
      EXPECT_EQ(answers, 1) << "answers to ask " << id;
    }
    // The map is the fold of what everybody was told.
    broker::ObjectMap fold({20, 40});
    for (const Record& record : world_.records) fold.apply(record.view());
    const broker::ObjectMap& map = world_.line->map();
    EXPECT_EQ(map.properties().digest(), fold.properties().digest());
    EXPECT_EQ(map.agents(), fold.agents());
    EXPECT_EQ(map.calls(), fold.calls());
    EXPECT_EQ(map.devices(), fold.devices());
    // And the CTI Server's truth.
    EXPECT_NE(map.call(wire::object_key("call.5000.7.23901")), nullptr);
    EXPECT_EQ(map.call(wire::object_key("call.5000.20.23902")), nullptr);
    for (const char* const agent : {"22866", "22867"}) {
      const broker::AgentEntry* const entry = map.agent(world_.agent_key(agent));
      ASSERT_NE(entry, nullptr) << agent;
      EXPECT_EQ(entry->state, 3) << agent;
    }
  }
  const broker::LineCounters& counters() const { return world_.line->counters(); }

 private:
  void ask(broker::TellKind kind, const wire::Arguments& args) {
    broker::Ask ask;
    ask.kind = kind == broker::TellKind::kSnapshot ? broker::AskKind::kSnapshot
                                                   : broker::AskKind::kAgentMode;
    ask.from = world_.session();
    ask.request_id = ++world_.last_request;
    ask.arguments.assign(args.bytes().begin(), args.bytes().end());
    asked_[ask.request_id] = kind;
    world_.ask(std::move(ask));
  }
  void request(RequestId what, const wire::Arguments& args) {
    broker::Ask ask = world_.request(what, args, "22866", 4711);
    asked_[ask.request_id] = broker::TellKind::kReply;
    world_.ask(std::move(ask));
  }

  std::unique_ptr<SparedIo> io_;
  LineWorld world_;
  std::map<std::uint64_t, broker::TellKind> asked_;
  bool alive_ = false;
};

std::size_t allocations_of_a_good_day() {
  Day day(0, 0);
  day.live();
  day.expect_all_is_well();
  EXPECT_EQ(day.counters().no_memory, 0U);
  return shortage.count;
}

TEST(LineMemory, M12_EachFailedAllocationFailsWhatWasBeingDoneAndNothingElse) {
  const std::size_t all = allocations_of_a_good_day();
  ASSERT_GT(all, 100U);
  std::size_t noticed = 0;
  for (std::size_t which = 1; which <= all; ++which) {
    SCOPED_TRACE("allocation " + std::to_string(which) + " of " + std::to_string(all));
    Day day(which, which);
    day.live();
    day.expect_all_is_well();
    noticed += day.counters().no_memory > 0 ? 1U : 0U;
    if (::testing::Test::HasFailure()) return;
  }
  RecordProperty("allocations", std::to_string(all));
  // The others were lines for the log.
  EXPECT_GT(noticed, all / 2);
}

TEST(LineMemory, M12_AShortageOfManyAllocationsIsOutlivedToo) {
  const std::size_t all = allocations_of_a_good_day();
  for (std::size_t which = 1; which <= all; which += 7) {
    SCOPED_TRACE("from allocation " + std::to_string(which) + " of " + std::to_string(all));
    Day day(which, which + 40);
    day.live();
    day.expect_all_is_well();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(LineMemory, M12_AtStartTheLineSaysSo) {
  core::SimNetwork network(1);
  const auto io = network.make_io("10.0.0.1");
  const auto log = std::move(ring::EventLog::create({.bytes = 1U << 20, .gates = 1})).value();
  broker::LineShared shared(0, *log, {7, 1, 0}, 1, LineWorld::limits);
  broker::FanoutShared fanout(0, 1, LineWorld::limits);
  const broker::LineConfig config = small();
  for (std::size_t which = 1;; ++which) {
    ASSERT_LT(which, 1000U);
    shortage = {.count = 0, .first = which, .last = which, .armed = true};
    try {
      const broker::Line line(config, shared, {&fanout}, *io, LineWorld::limits, core::Random(1));
      shortage.armed = false;
      EXPECT_GT(which, 20U);
      return;
    } catch (const std::bad_alloc&) {
      shortage.armed = false;
    }
  }
}


// A record is written, the map has no memory for it, and in the same turn somebody asks for an image (M12).
TEST(LineMemory, M12_NoImageIsMadeWhileTheMapOwesARecord) {
  LineWorld world(small());
  ASSERT_TRUE(world.ready());
  ASSERT_NE(world.snapshot().image, nullptr);  // its own large room is there from now on
  std::uint64_t asked = 0;
  TimePoint last{};
  // Chunks of the pool that properties lie in: nothing else is of such a size.
  shortage = {.first = 1, .last = SIZE_MAX, .bytes_min = 1024, .multiple_of = 512};
  world.around_turn = [&](bool begins) {
    shortage.armed = false;
    // One in each moment: that of the record among them.
    if (begins && std::exchange(last, world.network.now()) != world.network.now()) {
      broker::Ask ask;
      ask.kind = broker::AskKind::kSnapshot;
      ask.from = world.session();
      ask.request_id = ++asked;
      EXPECT_TRUE(world.shared.asks.lane(0).push_control(std::move(ask)));
    }
    shortage.armed = begins;
  };
  world.side_a->begin_call(7, "23901", "555");
  world.settle(Millis{20});
  shortage = {};
  world.around_turn = {};
  ASSERT_GE(world.line->counters().no_memory, 1U) << "the map asked for no more memory";
  world.settle(Seconds{5});
  // Each image is the fold of the records up to its position.
  std::size_t images = 0;
  for (const broker::Tell& tell : world.tells) {
    if (tell.kind != broker::TellKind::kSnapshot) continue;
    ++images;
    wire::ObjectTable fold, image;
    for (const Record& record : world.records) {
      if (record.view().position().sequence <= tell.image->position.sequence)
        (void)fold.apply(record.view());
    }
    for (std::size_t at = 0; at < tell.image->bytes.size();) {
      const auto record = wire::UpdateView::trusted(Bytes(tell.image->bytes).subspan(at));
      at += record.bytes().size();
      if ((record.topics() & wire::topic::kDevice) == 0) (void)image.apply(record);
    }
    EXPECT_EQ(image.size(wire::ObjectKind::kCall), fold.size(wire::ObjectKind::kCall))
        << "at " << tell.image->position.sequence;
  }
  EXPECT_EQ(images, asked);
}

// ---- supervisors ----

/// Two sessions of a supervisor, one of which comes over with a wish, while its team and its members change.
class Supervisors {
 public:
  explicit Supervisors(std::size_t which)
      : world_(config(), 1, {}, std::size_t{1} << 20,
               [this](core::Io& io) { return (io_ = std::make_unique<SparedIo>(io)).get(); }) {
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      side->agents = {{"22866", {3, "23901", ""}},
                      {"22867", {3, "23902", ""}},
                      {"22900", {3, "23900", ""}}};
      side->hook = [this, side](std::uint32_t type, Bytes) {
        if (ged::MessageType{type} == ged::MessageType::kConfigRequestEvent) tell_team(*side);
        return false;
      };
    }
    EXPECT_TRUE(world_.ready());
    world_.settle(Seconds{2});
    shortage = {.count = 0, .first = which, .last = which, .armed = false};
    world_.around_turn = [](bool begins) { shortage.armed = begins; };
  }
  ~Supervisors() { shortage = {}; }

  void live() {
    request(RequestId::eListAgentTeamRequest, {});
    request(RequestId::eStartMonitoringAllAgentTeamsRequest, {});
    request(RequestId::eStartMonitoringAgentRequest,
            args_of({{"AgentReference", "agent.5000.22867"}}));
    request(RequestId::eEnableAgentStatisticsRequest,
            args_of({{"UniqueObjectID", "agent.5000.22867"}}));
    world_.settle(Millis{500});
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      if (side->connected()) side->begin_call(20, "23902", "1"), side->established(20, "23902");
    }
    world_.settle(Millis{500});
    come_over();
    world_.settle(Millis{500});
    left_ = true;
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      if (side->connected()) tell_leaving(*side);
    }
    world_.settle(Seconds{1});
    world_.around_turn = {};
    shortage.armed = false;
    world_.settle(Seconds{20});  // a session that was given up has come again
  }
  void expect_all_is_well() {
    ASSERT_TRUE(world_.line->ready());
    const broker::Watches& watches = world_.line->core().watches();
    watches.invariants();
    EXPECT_FALSE(watches.stale());
    broker::AgentIndex index(64, 4096);
    std::map<std::uint64_t, int> answers;
    for (const broker::Tell& tell : world_.tells) {
      answers[tell.request_id] += tell.kind == broker::TellKind::kReply ||
                                          tell.kind == broker::TellKind::kAgentMode
                                      ? 1
                                      : 0;
      for (const broker::WatchEdge& edge : tell.edges)
        EXPECT_TRUE(index.watch(tell.to.connection.slot, edge.agent_key, edge.topics));
    }
    for (const std::uint64_t id : asked_) EXPECT_EQ(answers[id], 1) << "answers to ask " << id;
    std::size_t edges = 0;
    for (const std::uint64_t number : {2U, 3U}) {
      const auto held = watches.edges_of(ref(number));
      edges += held.size();
      EXPECT_EQ(index.watches_of(static_cast<std::uint32_t>(number)), held.size());
      for (const broker::WatchEdge& edge : held)
        EXPECT_NE(edge.agent_key, world_.agent_key("22867")) << "who has left";
    }
    EXPECT_EQ(watches.counters().edges, edges);
    EXPECT_EQ(world_.line->statistics().book().wishes(), 0U) << "statistics of who has left";
    world_.end_session(ref(2));
    world_.end_session(ref(3));
    EXPECT_EQ(watches.counters().edges, 0U);
    EXPECT_EQ(watches.counters().sessions, 0U);
    EXPECT_FALSE(watches.have_buttons());
  }

 private:
  static broker::LineConfig config() {
    broker::LineConfig config = small();
    config.agents = {"22866", "22867", "22900"};
    return config;
  }
  broker::SessionRef ref(std::uint64_t number) {
    broker::SessionRef ref{0, {static_cast<std::uint32_t>(number), 1}, number};
    ref.who = {.agent_key = world_.agent_key("22900"), .mode = broker::SessionMode::kAgent};
    return ref;
  }
  void tell_team(CtiServer& side) {
    ged::AgentTeamConfigEventEncoder to(
        side.room(), side.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 1});
    to.add_agent({.atc_agent_id = "22900", .agent_flags = std::uint16_t{1}});
    to.add_agent({.atc_agent_id = "22866", .agent_flags = std::uint16_t{0}});
    if (!left_) to.add_agent({.atc_agent_id = "22867", .agent_flags = std::uint16_t{0}});
    side.send(to);
  }
  static void tell_leaving(CtiServer& side) {
    ged::AgentTeamConfigEventEncoder to(
        side.room(), side.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 2});
    to.add_agent({.atc_agent_id = "22867", .agent_flags = std::uint16_t{0}});
    side.send(to);
  }
  void request(RequestId what, const wire::Arguments& args) {
    broker::Ask ask = world_.request(what, args, "22900", 4711);
    ask.from = ref(2);
    asked_.push_back(ask.request_id);
    world_.ask(std::move(ask));
  }
  void come_over() {
    wire::Arguments wish, args;
    wish.set(Keyword::AgentReference, "agent.5000.22867");
    wish.set(wire::ArgKey(wire::watch::kMembers), true);
    wish.set(wire::ArgKey(wire::watch::kAllTeams), true);
    args.set("AgentID", "22900");
    args.set("PeripheralID", std::int32_t{kPeripheral});
    args.set(wire::ArgKey(wire::watch::kWatch), wish);
    broker::Ask ask;
    ask.kind = broker::AskKind::kAgentMode;
    ask.from = ref(3);
    ask.request_id = ++world_.last_request;
    ask.arguments.assign(args.bytes().begin(), args.bytes().end());
    asked_.push_back(ask.request_id);
    world_.ask(std::move(ask));
  }

  std::unique_ptr<SparedIo> io_;
  LineWorld world_;
  std::vector<std::uint64_t> asked_;
  bool left_ = false;
};

TEST(LineMemory, M12_WhoWatchesWhomComesOutRightWhateverFails) {
  std::size_t which = 1;
  for (bool more = true; more; ++which) {
    SCOPED_TRACE("allocation " + std::to_string(which));
    Supervisors day(which);
    day.live();
    more = shortage.count >= which;
    day.expect_all_is_well();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(which, 50U);
}

}  // namespace
}  // namespace cti::test
