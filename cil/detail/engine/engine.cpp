// engine.cpp - the turn, the life of a session from Connect to its end, and what the transport says.
#include "cil/detail/engine/engine.hpp"

#include "cil/detail/objects/convert.hpp"
#include "core/base/check.hpp"

#include <algorithm>
#include <utility>

namespace cti::cil::detail {

using wire::FrameType;

namespace {

// Ours: a property of the session, what the last connection ended with; in it the number that the server's goodbye gave.
constexpr char kSessionEnd[] = "SessionEnd";
constexpr char kCloseReason[] = "CloseReason";

}  // namespace

Engine::Engine(std::shared_ptr<SessionCore> core, std::uint64_t seed)
    : core_owner_(std::move(core)),
      core_(*core_owner_),
      transport_(core_.io(), *this, seed,
                 [weak = std::weak_ptr(core_owner_)] {
                   if (const auto alive = weak.lock()) alive->wake();
                 }),
      token_(core::mix64(seed)),
      completions_(64),
      buffer_(wire::limits::kClientFrameBytesMax) {}

Engine::~Engine() {
  Life left;
  core_.with([&](SessionCore::State& state) { left = end_life(state); });
}

std::uint32_t Engine::turn(TimePoint deadline) {
  std::uint32_t done = 0;
  done += do_work();
  const std::size_t came = core_.io().wait(completions_, std::min(deadline, next()));
  for (std::size_t i = 0; i < came; ++i) transport_.on_completion(completions_[i]);
  done += static_cast<std::uint32_t>(came);
  done += do_work();
  done += transport_.tick() ? 1 : 0;
  if (starved_ && transport_.waiting_bytes() <= kUnsentBytesMax / 2) ask_again();
  end_overdue();
  if (now() >= subscription_.deadline) {
    subscription_.deadline = kNever;
    transport_.drop(wire::CloseReason::kOutOfResources, "the mode is not established in time");
  }
  invariants();
  return done;
}

namespace {
struct GivesBack {
  TurnOwner& owner;
  ~GivesBack() { owner.give(); }
};
}  // namespace

std::optional<std::uint32_t> Engine::turn_of_caller(Millis patience, Millis most) {
  const bool at_once = owner_.take(Millis(0));
  if (!at_once && !owner_.take(patience)) return std::nullopt;
  const GivesBack back{owner_};
  return turn(at_once ? now() + most : now());  // else it has waited already
}

Millis Engine::next_of_caller() {
  constexpr Millis kMost{60'000};
  if (!owner_.take(Millis(0))) return kLookAgain;
  const GivesBack back{owner_};
  const Nanos left = std::min<Nanos>(next() - now(), kMost);
  return std::max(std::chrono::ceil<Millis>(left), Millis(0));
}

/// Connect and Disconnect first, then the queue. Handlers may ask for more meanwhile.
std::uint32_t Engine::do_work() {
  for (std::uint32_t done = 0;; ++done) {
    Work work;
    if (core_.stopped()) return done;  // a handler has deleted the session
    switch (core_.with([](SessionCore::State& state) { return state.word.begin(); })) {
      case Standing::kConnecting:
        connect();
        continue;
      case Standing::kClosing:
        disconnect();
        continue;
      default:
        break;
    }
    if (!core_.take_work(&work)) return done;
    std::visit([this](auto& each) { run(each); }, work);
  }
}

void Engine::invariants() const {
  core_.with([this](const SessionCore::State& state) {
    state.invariants();
    const Standing standing = state.word.now();
    if (const auto idle = idle_in(standing)) CTI_CHECK(*idle == transport_.idle());
    if (standing == Standing::kConnected) CTI_CHECK(transport_.up() || renewing_);
    CTI_CHECK(!renewing_ || !transport_.up());
    if (transport_.up()) {
      CTI_CHECK(standing == Standing::kConnected || standing == Standing::kDisconnectAsked ||
                standing == Standing::kAnewAsked);
    }
    std::size_t queued = 0;
    for (const Work& work : state.work) queued += std::holds_alternative<Request>(work) ? 1 : 0;
    CTI_CHECK(state.requests == pending_.size() + queued);
    CTI_CHECK(subscription_.wanted || !subscription_.established);
    CTI_CHECK(!subscription_.wanted || state.mode != eNotConnected);
    CTI_CHECK(subscription_.number <= state.mode_number);
    CTI_CHECK(subscription_.wanted || subscription_.deadline == kNever);
    CTI_CHECK(subscription_.wanted || !subscription_.asked);
    CTI_CHECK(subscription_.asked || !subscription_.established);
    CTI_CHECK(state.call_id.empty() ||
              core_.objects().known(state.call_id, wire::ObjectKind::kCall));
  });
  transport_.invariants();
  core_.objects().invariants();
  CTI_CHECK(positions_.size() <= kPeripheralsMax && unswept_.size() <= kPeripheralsMax);
  CTI_CHECK(!snapshot_ || snapshot_->records.size() <= core_.limits().snapshot_bytes_max);
  CTI_CHECK(transport_.up() || (!snapshot_ && unswept_.empty() && !subscription_.established));
}

TimePoint Engine::next() const {
  // Deadlines ascend with the request's number.
  const TimePoint request = pending_.empty() ? kNever : pending_.begin()->second.deadline;
  return std::min({transport_.next(), request, subscription_.deadline});
}

void Engine::connect() {
  if (!transport_.idle()) {  // an earlier life went on quietly: this Connect is its end
    transport_.abandon();
    forget_connection();
    Life left;
    core_.with([&](SessionCore::State& state) { left = end_life(state); });
    CTI_CHECK(left.unanswered.empty());  // they ended with the last attempt that was told
  }
  TransportConfig config = core_.with([&](SessionCore::State& state) {
    state.properties.AddItem(CTIOS_TRYINGSINCE, event_time());
    return state.config;
  });
  transport_.open(std::move(config));
}

/// The word is kClosing: nothing new gets into the queue.
void Engine::disconnect() {
  end_all(core_.with([this](SessionCore::State& state) {
    auto all = take_unanswered(state);
    state.work.clear();  // what else stood there is of a life that ends
    return all;
  }),
          "the session was disconnected");
  forget_connection();
  transport_.close();
}

void Engine::run(AgentCleared& cleared) {
  end_agent_mode();
  Arguments args;
  args.AddItem(CTIOS_UNIQUEOBJECTID, cleared.object_id);
  tell(eOnCurrentAgentReset, args);
}

/// A server takes one mode per connection: what the program sets next is set on a new one, to the same server.
void Engine::end_agent_mode() {
  end_targeted("the agent was cleared");
  Objects::Handles handles;
  Ref<CCtiOsObject> before;
  core_.with([&](SessionCore::State& state) {
    handles = core_.objects().clear();
    state.call_id.clear();  // whoever chose one meanwhile chose one of these
    state.watching = {};
    state.statistics = {};
    if (!state.agent) return;  // else the next one has been set already
    if (state.agent_id.empty()) return core_.objects().bind(*state.agent, {});
    before = core_.objects().adopt(state.agent_id, Ref<CCtiOsObject>::share(state.agent.get()));
  });
  CTI_CHECK(!before);
  const bool held = std::exchange(subscription_, {}).wanted;
  positions_.clear();
  login_.reset();
  const bool renewing = renewing_;  // an exchange that an earlier end has begun goes on
  forget_connection();
  renewing_ = renewing;
  if (!held || !transport_.up()) return;
  token_ = core::mix64(
      token_);  // the server may hear of the old connection's end later than of the new one
  renewing_ = true;
  transport_.renew();
}

void Engine::on_up(const Server& server, const wire::WelcomeView& welcome) {
  lineage_ = welcome.lineage();
  Arguments status;
  read(welcome.arguments(), &status);
  const bool renewed = std::exchange(renewing_, false);
  const bool counts = core_.with([&](SessionCore::State& state) {
    const bool still_connected = renewed && state.word.is(Standing::kConnected);
    if (!still_connected && !state.word.move(Step::kUp)) return false;
    Arguments& properties = state.properties;
    properties.AddItem(CTIOS_CURRENTSERVER, server.host);
    properties.AddItem(CTIOS_CURRENTPORT, int{server.port});
    properties.AddItem(CTIOS_CONNECTEDSINCE, event_time());
    properties.AddItem(CTIOS_TRYINGSERVER, "");
    properties.AddItem(CTIOS_CILCONNECTIONID, std::to_string(welcome.session()));
    if (const Arg* system = status.find(CTIOS_STATUSSYSTEM))
      properties.AddItem(CTIOS_STATUSSYSTEM, *system);
    return true;
  });
  if (!counts) return;
  Arguments args;
  args.AddItem(CTIOS_EVENTTIME, event_time());
  args.AddItem(CTIOS_CURRENTSERVER, server.host);
  // The mode is asked for before handlers run: what they ask for comes behind it.
  if (subscription_.wanted) subscribe();
  if (!renewed)
    tell(eOnConnection,
         args);  // the system's state follows: the server sends it behind its welcome
  reconcile(lineage_);
  send_pending();
}

/// What belongs to one connection and is worth nothing after it.
void Engine::forget_connection() {
  snapshot_.reset();  // a partial one is thrown away whole
  // Nobody has told what had gone before such a snapshot, and no resume behind it would: it has to come anew.
  for (const std::uint32_t peripheral : unswept_) positions_.erase(peripheral);
  unswept_.clear();
  subscription_.asked = false;
  subscription_.established = false;
  subscription_.deadline = kNever;
  renewing_ = false;
}

void Engine::on_loss(const Loss& loss) {
  forget_connection();
  Life left;
  if (loss.follows == Follows::kNothing) {
    if (!leave(Step::kOver, &left)) return;
  } else {
    const bool last = loss.follows == Follows::kQuietRetry;
    const bool counts = core_.with([&](SessionCore::State& state) {
      if (!state.word.move(last ? Step::kGaveUp : Step::kLost)) return false;
      if (last) left.unanswered = take_unanswered(state);
      state.properties.AddItem(CTIOS_CURRENTSERVER, "");
      state.properties.AddItem(CTIOS_TRYINGSERVER, transport_.server().host);
      state.properties.AddItem(CTIOS_TRYINGPORT, int{transport_.server().port});
      return true;
    });
    if (!counts || loss.follows == Follows::kMoreQuiet) return;
  }
  end_all(left.unanswered, "the connection was lost for good");
  Arguments args;
  args.AddItem(CTIOS_EVENTTIME, event_time());
  args.AddItem(CTIOS_FAILEDSERVER, loss.server.host);
  args.AddItem(CTIOS_REASONCODE, static_cast<short>(loss.reason));
  args.AddItem(CTIOS_ERRORMESSAGE, loss.text);
  if (loss.follows != Follows::kRetry) args.AddItem(CTIOS_FINALATTEMPT, 1);
  if (loss.close_reason != 0) args.AddItem(kCloseReason, static_cast<int>(loss.close_reason));
  note_end(args);
  tell(eOnConnectionFailure, args);
}

/// Kept as a property of the session, SessionEnd: programs ask later why the last connection ended.
void Engine::note_end(const Arguments& how) {
  core_.with([&](SessionCore::State& state) { state.properties.AddItem(kSessionEnd, how); });
}

void Engine::on_rejected(const std::string& text) {
  forget_connection();
  Life left;
  if (!leave(Step::kOver, &left)) return;
  end_all(left.unanswered, "the server rejected the connection");
  Arguments args;
  args.AddItem(CTIOS_EVENTTIME, event_time());
  args.AddItem(CTIOS_ERRORMESSAGE, text);
  args.AddItem(kCloseReason, static_cast<int>(wire::CloseReason::kVersionUnsupported));
  note_end(args);
  tell(eOnConnectionRejected, args);
}

void Engine::on_closed() {
  Life left;
  const bool left_life = leave(Step::kClosed, &left);
  CTI_CHECK(left_life && left.unanswered.empty());  // disconnect() has ended them
  Arguments how;
  how.AddItem(CTIOS_EVENTTIME, event_time());
  how.AddItem(CTIOS_ERRORMESSAGE, "Disconnect was called");
  how.AddItem(kCloseReason, static_cast<int>(wire::CloseReason::kNormal));
  note_end(how);
  Arguments none;
  tell(eOnConnectionClosed, none);
}

void Engine::on_heartbeat() {
  Arguments args;
  args.AddItem(CTIOS_EVENTTIME, event_time());
  tell(eOnHeartbeat, args);
}

void Engine::on_missing_heartbeat(std::uint32_t consecutive) {
  Arguments args;
  args.AddItem(CTIOS_EVENTTIME, event_time());
  args.AddItem(CTIOS_CONSECUTIVEMISSEDHEARTBEATS, static_cast<int>(consecutive));
  args.AddItem(CTIOS_HEARTBEATINTERVAL,
               static_cast<int>(Millis(transport_.config().heartbeat).count()));
  tell(eOnMissingHeartbeat, args);
}

bool Engine::on_frame(Bytes frame) {
  const auto type = static_cast<FrameType>(wire::frame_type(frame.data()));
  if (type != FrameType::kReply && agent_cleared()) return true;
  switch (type) {
    case FrameType::kUpdate:
      return take_update(frame);
    case FrameType::kSnapshotBegin:
    case FrameType::kSnapshotRecord:
    case FrameType::kSnapshotEnd:
      return take_snapshot(frame);
    case FrameType::kReply:
      return take_reply(frame);
    case FrameType::kPrivateEvent:
      return take_private_event(frame);
    case FrameType::kSubscribed:
      return take_subscribed(frame);
    default:
      return false;
  }
}

void Engine::tell(int event_id, Arguments& args) { core_.dispatcher().tell(event_id, args); }

bool Engine::leave(Step step, Life* left) {
  return core_.with([&](SessionCore::State& state) {
    if (!state.word.move(step)) return false;
    *left = end_life(state);
    return true;
  });
}

/// Back to the state before Connect. The lock is held.
Engine::Life Engine::end_life(SessionCore::State& state) {
  Life left;
  left.unanswered = take_unanswered(state);
  state.work.clear();
  left.handles = core_.objects().clear();
  if (state.agent) core_.objects().let_go(*state.agent);
  left.agent = std::exchange(state.agent, {});
  state.mode = eNotConnected;
  state.agent_id.clear();
  state.agent_args.Clear();
  state.call_id.clear();
  state.watching = {};
  state.statistics = {};
  state.properties.AddItem(CTIOS_CURRENTSERVER, "");
  state.properties.AddItem(CTIOS_TRYINGSERVER, "");
  subscription_ = {};
  positions_.clear();
  forget_connection();
  login_.reset();
  transport_.limit_retries({});
  return left;
}

int Engine::event_time() const {
  constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
  const std::int64_t ms = core_.io().wall().since_epoch_ms % kDay;
  return static_cast<int>(ms < 0 ? ms + kDay : ms);
}

/// The program has cleared the agent, and run(AgentCleared&) comes: nothing of it counts any more.
bool Engine::agent_cleared() const {
  return subscription_.wanted && core_.with([this](const SessionCore::State& state) {
    return state.mode_number != subscription_.number;
  });
}

bool Engine::in_agent_mode() const {
  return core_.with([this](const SessionCore::State& state) {
    return state.mode == eAgentConnection && state.mode_number == subscription_.number;
  });
}

}  // namespace cti::cil::detail
