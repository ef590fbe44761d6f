// sessions_fuzz.cpp - a server against hostile sessions: the input is a script of steps, on the simulated network.
//
// Steps    connect, Hello (right, early, twice, with a claim), subscribe in every mode and from positions that are real, old or
//          forged, requests with tokens of one's own and of others, heartbeats, frames in pieces, raw bytes, deafness, close;
//          agents, calls, floods and losses upstream in between; and time.
// Holds    what any session is sent keeps to the protocol (session_peer.hpp); sessions, their memory and their images keep to
//          their bounds; an honest session beside them is never cut, has no gap, gets one reply to each of its requests,
//          and in the end has the line's map; when all others have hung up nothing of them is left.
// States   kStates: running the committed corpus must come through each (missed_states).
#include "tests/fuzz/bytes_held.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/same_objects.hpp"
#include "tests/fuzz/sessions_house.hpp"
#include "tests/reached.hpp"
#include "wire/served.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace cti;
using namespace cti::fuzz;
using wire::Keyword;
using wire::RequestId;

constexpr std::size_t kMemoryMax = std::size_t{48} << 20;  // of the whole house, network included
constexpr std::uint64_t kHonestToken = 99;

class Story {
 public:
  explicit Story(Input& input) : input_(input), house_(input.below(2) != 0) {
    house_.honest->connect();
    hello(*house_.honest, 0);
    house_.world.run_for(Millis{20});
    subscribe(*house_.honest, wire::SubscribeMode::kMonitor, "MessageID=*", {});
    house_.world.run_for(Millis{20});
    must(house_.honest->snapshots == 1, "the honest client has no snapshot to begin with");
  }

  void step() {
    switch (input_.below(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        act(input_.below(SessionsHouse::kPeers));
        break;
      case 4:
      case 5:
        upstream(input_.byte());
        break;
      case 6:
        house_.world.run_for(Millis{1 + input_.below(64)});
        break;
      default:
        house_.world.run_for(Millis{20} * input_.byte());
    }
    if (honest_requests_ < 200 && input_.below(4) == 0) request_honestly();
    look();
  }

  /// All others leave, the trouble ends: what is left is the honest client and the truth.
  void finish() {
    for (SessionPeer* const peer : house_.hostile) peer->hang_up(core::CloseHow::kReset);
    house_.cti.answers_queries = house_.cti.confirms = house_.cti.accepts = true;
    house_.cti.answers_heartbeats = true;
    const auto rested = [this] {
      return house_.line->in_step() && house_.line->pending() == 0 && replies_owed() == 0 &&
             house_.reactor->open_sessions() == 1;
    };
    (void)house_.world.run_until(rested, house_.network.now() + Seconds{120});
    must(house_.line->in_step(), "the line does not come into step");
    must(house_.line->pending() == 0, "a request outlives its deadline");
    must(replies_owed() == 0, "the honest client has a request without a reply");
    must(house_.honest->open(), "the honest client was cut in the end");
    if (house_.reactor->open_sessions() != 1) {
      found("sessions outlive their connections", house_.who_is_open());
    }
    must(house_.admitted() == 1, "a place is not given back");
    house_.world.run_for(Seconds{1});
    look();
    const std::string differs =
        difference(house_.line->map().properties(), house_.honest->objects());
    if (!differs.empty()) found("the honest client does not know what the line knows", differs);
    note();
    house_.reactor->request_stop();
    house_.world.run_for(Seconds{3});
    must(house_.reactor->stopped(), "it does not stop");
    must(house_.reactor->images().images() == 0 && house_.reactor->pool().used() == 0,
         "something of the sessions is left");
  }

  static test::Reached& states();

 private:
  static void must(bool holds, const char* what) {
    if (!holds) found(what);
  }

  void look() const {
    const broker::FanoutReactor& reactor = *house_.reactor;
    must(reactor.open_sessions() <= house_.config.sessions_max + house_.config.refusals_max,
         "more sessions than may be");
    must(reactor.images().bytes() <= house_.config.images_bytes_max + 256 * 1024,
         "more images than may be");
    must(house_.honest->welcomed(), "the honest client was cut");
    reactor.images().invariants();
  }
  int replies_owed() const {
    int owed = 0;
    for (const auto& [id, open] : house_.honest->asked()) owed += open;
    return owed;
  }

  // ---- what sessions say ----
  void act(std::size_t index) {
    SessionPeer& peer = *house_.hostile[index];
    const std::uint8_t what = input_.byte();
    if (!peer.open() && what % 16 != 15) {
      peer.connect();
      if (what % 16 < 12) hello(peer, 0);
      return;
    }
    switch (what % 16) {
      case 0:
        return hello(peer, what / 16);
      case 1:
      case 2:
        return monitor(peer);
      case 3:
      case 4:
        return be_agent(peer, what / 16);
      case 5:
        return subscribe(peer, wire::SubscribeMode::kEverything, {}, position(peer));
      case 6:
      case 7:
      case 8:
      case 9:
        return request(peer, index);
      case 10:
        peer.answers_heartbeats = !peer.answers_heartbeats;
        return;
      case 11:
        peer.beat();
        return send(peer, wire::HeartbeatReqWriter(buffer_, {what}).finish());
      case 12:
        return raw(peer);
      case 13:
        return peer.set_reading(what / 16 % 3 == 0);
      case 14:
        cut_at_ = 1 + input_.byte();  // of what is sent next, only so much at first
        return;
      default:
        return peer.hang_up(what >= 128 ? core::CloseHow::kReset : core::CloseHow::kOrderly);
    }
  }

  /// Whole, or its beginning now and the rest with what comes next.
  void send(SessionPeer& peer, Bytes frame) {
    std::vector<std::byte> all = std::exchange(rest_[&peer], {});
    all.insert(all.end(), frame.begin(), frame.end());
    const std::size_t now = cut_at_ == 0 ? all.size() : std::min<std::size_t>(cut_at_, all.size());
    cut_at_ = 0;
    rest_[&peer].assign(all.begin() + static_cast<std::ptrdiff_t>(now), all.end());
    peer.send(Bytes(all).first(now));
  }

  void hello(SessionPeer& peer, unsigned how) {
    rest_.erase(&peer);  // a new stream, or a frame in the middle of another: both may be
    wire::HelloHeader header;
    if (how == 1) header.version_max = header.version_min = 77;
    if (how == 2) header.role = wire::Role::kEdge;
    if (how == 3) header.role = wire::Role::kPeer;
    wire::HelloWriter writer(buffer_, header);
    writer.arguments().add_string("ClientID", how == 4 ? std::string(200, 'c') : "fuzz");
    send(peer, writer.finish());
  }

  std::optional<wire::Position> position(SessionPeer& peer) {
    const std::uint8_t what = input_.byte();
    if (what % 4 == 0) return {};
    wire::Position at = peer.seen.value_or(wire::Position{7, 1, 5000, 0});
    if (what % 4 == 2) at.sequence -= std::min<std::uint64_t>(at.sequence, what / 4);
    if (what % 4 == 3) {
      at.lineage += what & 4U;
      at.epoch += (what & 8U) / 8;
      at.peripheral_id += (what & 16U) / 16;
      at.sequence = (what & 32U) != 0 ? UINT64_MAX : at.sequence + what / 64;
    }
    return at;
  }

  void subscribe(SessionPeer& peer, wire::SubscribeMode mode, std::string_view filter,
                 const std::optional<wire::Position>& at, bool snapshot = true) {
    std::vector<wire::Position> positions;
    if (at) positions.push_back(*at);
    wire::SubscribeWriter writer(buffer_, {.id = ++ids_, .mode = mode}, positions);
    if (mode == wire::SubscribeMode::kMonitor)
      writer.arguments().add_string(Keyword::MessageFilter, filter);
    if (!snapshot) writer.arguments().add_int(Keyword::MonitorSessionSnapshotMode, 1);
    send(peer, writer.finish());
  }

  void monitor(SessionPeer& peer) {
    static constexpr std::array kFilters = {"MessageID=*",
                                            "AgentID=1",
                                            "UniqueObjectID=call.5000.1.91",
                                            "AgentID=2",
                                            "broken ((( ;",
                                            "AgentState=3",
                                            "UniqueObjectID=*",
                                            ""};
    const char* const filter = input_.of(kFilters);
    const auto at = position(peer);
    subscribe(peer, wire::SubscribeMode::kMonitor, filter, at, input_.below(4) != 0);
  }

  void be_agent(SessionPeer& peer, unsigned which) {
    std::vector<wire::Position> positions;
    if (const auto at = position(peer)) positions.push_back(*at);
    wire::SubscribeWriter writer(buffer_, {.id = ++ids_, .mode = wire::SubscribeMode::kAgent},
                                 positions);
    if (which != 15) writer.arguments().add_string(Keyword::AgentID, std::to_string(which % 5));
    writer.arguments().add_uint(Keyword::PeripheralID, which == 14 ? 5001 : 5000);
    send(peer, writer.finish());
  }

  void request(SessionPeer& peer, std::size_t index) {
    static constexpr std::array kObjects = {
        "agent.5000.1",   "agent.5000.2",   "call.5000.1.91", "call.5000.2.91",
        "call.5000.1.92", "device.5000.91", "call.5001.3.93", ""};
    const std::uint8_t what = input_.byte();
    const auto all = std::span(wire::kAllRequests);
    const std::uint64_t token = what % 4 == 0 ? 0 : what % 4 == 1 ? 10 + index : 8 + what % 4;
    const std::uint64_t id = 1 + what / 4 % 16;
    const std::uint8_t which = input_.byte();
    wire::RequestWriter writer(buffer_,
                               {.id = id,
                                .request = which < 250 ? all[which % all.size()] : RequestId{60000},
                                .token = which == 255 ? kHonestToken : token});
    writer.arguments().add_string(Keyword::UniqueObjectID, input_.of(kObjects));
    if (what >= 64) writer.arguments().add_string(Keyword::AgentID, std::to_string(what / 64));
    if (what >= 128) writer.arguments().add_string(Keyword::DialedNumber, "5551234");
    if (what >= 192) writer.arguments().add_string(Keyword::CallVariable1, std::string(3000, 'v'));
    const std::uint32_t times = which % 16 == 15 ? 30 : 1;
    const std::vector<std::byte> frame = [&] {
      const Bytes made = writer.finish();
      return std::vector<std::byte>(made.begin(), made.end());
    }();
    for (std::uint32_t i = 0; i < times; ++i) {
      peer.ask(id);
      send(peer, frame);
    }
  }

  void raw(SessionPeer& peer) {
    peer.counts = false;
    std::vector<std::byte> bytes(1 + input_.below(40));
    for (std::byte& byte : bytes) byte = std::byte{input_.byte()};
    const bool framed = (static_cast<unsigned>(bytes[0]) & 1U) != 0;
    if (framed && bytes.size() >= 16) {
      bytes.resize(bytes.size() / 8 * 8);
      store_le(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
      store_le(bytes.data() + 4, static_cast<std::uint16_t>(1 + input_.below(14)));
    }
    send(peer, bytes);
  }

  void request_honestly() {
    ++honest_requests_;
    wire::RequestWriter writer(buffer_, {.id = honest_requests_,
                                         .request = RequestId::eGlobalSettingsDownloadRequest,
                                         .token = kHonestToken});
    house_.honest->ask(honest_requests_);
    house_.honest->send(writer.finish());
    house_.world.run_for(Millis{60});  // within its rate
  }

  // ---- what comes from above ----
  void upstream(std::uint8_t what) {
    test::CtiServer& cti = house_.cti;
    const std::string agent = std::to_string(1 + what / 16 % 3);
    const std::string device = "9" + agent;
    const std::uint32_t call = 1U + what / 64;
    switch (what % 16) {
      case 0:
      case 1:
        return cti.agent_state(agent, static_cast<std::uint16_t>(input_.below(15)), device);
      case 2:
      case 3:
        return cti.begin_call(call, device, "5551234");
      case 4:
        return cti.delivered(call, device);
      case 5:
        return cti.established(call, device);
      case 6:
        return cti.end_call(call, device);
      case 7:
        cti.confirms = !cti.confirms;
        return;
      case 8:
        cti.answers_queries = !cti.answers_queries;
        return;
      case 9:
        cti.accepts = what < 128;
        return cti.hang_up();
      case 10:
        return cti.system_event(what / 16, 5000);
      case 11:  // many updates at once
        for (std::uint32_t i = 0; i < 20U * (1U + what / 16); ++i)
          cti.agent_state(agent, static_cast<std::uint16_t>(2 + i % 3), device);
        return;
      case 12:  // many objects: images grow
        for (std::uint32_t i = 0; i < 60; ++i) cti.begin_call(100 + i, device, "5551234");
        return;
      case 13:
        for (std::uint32_t i = 0; i < 60; ++i) cti.end_call(100 + i, device);
        return;
      case 14:
        return cti.held(call, device);
      default:
        return cti.hang_up();
    }
  }

  void note() const;

  Input& input_;
  SessionsHouse house_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(64 * 1024);
  std::map<SessionPeer*, std::vector<std::byte>> rest_;
  std::size_t cut_at_ = 0;
  std::uint64_t ids_ = 0;
  std::uint64_t honest_requests_ = 0;
};

test::Reached& Story::states() {
  static test::Reached reached{"session: refused, no room",
                               "session: refused, too many of its address",
                               "session: closed as malformed",
                               "session: closed for its version",
                               "session: closed for a claim",
                               "session: closed, no Hello in time",
                               "session: closed, a frame not completed",
                               "session: closed, silent too long",
                               "session: closed, takes nothing",
                               "session: asked for a heartbeat",
                               "session: not read on until it reads",
                               "mode: entered",
                               "mode: filter refused",
                               "resume: went on where it was",
                               "resume: too old, a snapshot instead",
                               "resume: ahead of the server",
                               "stream: lapped",
                               "stream: record cut by a full socket",
                               "image: the bound stood in the way",
                               "image: shared or handed on",
                               "tell: for a session that had ended",
                               "request: refused as busy",
                               "request: too many a second",
                               "request: confirmed by the CTI Server",
                               "request: outcome unknown",
                               "request: repeated and not run again",
                               "request: of another's token",
                               "line: lost and in step again",
                               "line: an ask waited for a dialogue"};
  return reached;
}

void Story::note() const {
  test::Reached& reached = states();
  const broker::FanoutCounters& fanout = house_.reactor->counters();
  const auto closed = [&](wire::CloseReason reason) {
    return fanout.closed_by_us[static_cast<std::size_t>(reason)] > 0;
  };
  using wire::CloseReason;
  reached.note("session: refused, no room", fanout.refused_full > 0);
  reached.note("session: refused, too many of its address", fanout.refused_address > 0);
  reached.note("session: closed as malformed", closed(CloseReason::kMalformed));
  reached.note("session: closed for its version", closed(CloseReason::kVersionUnsupported));
  reached.note("session: closed for a claim", closed(CloseReason::kNotAllowed));
  reached.note("session: closed, no Hello in time", closed(CloseReason::kHandshakeTimeout));
  reached.note("session: closed, a frame not completed", closed(CloseReason::kFrameTimeout));
  reached.note("session: closed, silent too long", closed(CloseReason::kHeartbeatMissed));
  reached.note("session: closed, takes nothing", fanout.cut_stalled > 0);
  reached.note("session: asked for a heartbeat", fanout.heartbeats_sent > 0);
  reached.note("session: not read on until it reads", fanout.pauses > 0);
  reached.note("mode: entered", fanout.established > 1);
  reached.note("mode: filter refused", fanout.filters_refused > 0);
  reached.note("resume: went on where it was", fanout.resumed > 0);
  reached.note("resume: too old, a snapshot instead", fanout.resume_too_old > fanout.resume_ahead);
  reached.note("resume: ahead of the server", fanout.resume_ahead > 0);
  reached.note("stream: lapped", fanout.lapped > 0);
  reached.note("stream: record cut by a full socket", fanout.residues > 0);
  reached.note("image: the bound stood in the way", fanout.images_waited > 0);
  reached.note("image: shared or handed on",
               fanout.images_handed_on > 0 || house_.line->snapshot_counters().reused > 0);
  reached.note("tell: for a session that had ended", fanout.tells_stale > 0);
  reached.note("request: refused as busy", fanout.requests_busy > 0);
  reached.note("request: too many a second", fanout.requests_limited > 0);
  const broker::RequestCounters& requests = house_.line->request_counters();
  reached.note("request: confirmed by the CTI Server", !house_.cti.requests.empty());
  reached.note("request: outcome unknown", requests.unknown > 0);
  reached.note("request: repeated and not run again", requests.repeated > 0);
  reached.note("request: of another's token", requests.foreign_tokens > 0);
  reached.note("line: lost and in step again", house_.line->link().counters().losses > 0);
  reached.note("line: an ask waited for a dialogue", house_.line->counters().asks_parked > 0);
}

}  // namespace

/// For replay_main.cpp: what no input of the corpus came through.
std::string missed_states() { return Story::states().missed(); }

/// RINGSIDE_STATES=1: how many inputs came through each, at the end.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const auto tell = [] { std::fputs(Story::states().text().c_str(), stderr); };
  (void)Story::states();  // lives longer than what is told at exit
  if (std::getenv("RINGSIDE_STATES") != nullptr) std::atexit(tell);
  return 0;
}

/// A house is megabytes: memory that waits for a late touch too long is memory touched anew for every input.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=16"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::size_t before = bytes_held();
  Input input(data, size);
  Story story(input);
  while (!input.over()) {
    story.step();
    if (bytes_held() > before + kMemoryMax) found("more memory than the house may hold");
  }
  story.finish();
  return 0;
}
