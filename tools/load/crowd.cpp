// Sessions: how they open, send, work and end. What they read: crowd_frames.cpp.
#include "tools/load/crowd.hpp"

#include "tools/load/clock.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <cstdio>
#include <cstring>

namespace cti::load {

namespace ctios = wire::ctios;
using wire::Keyword;
using wire::RequestId;

namespace {

constexpr std::uint32_t kNoSession = UINT32_MAX;
constexpr std::uint32_t kTimersPerTurn = 1024;

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(value));
  return text;
}

RequestId request_of(Wish wish) {
  switch (wish) {
    case Wish::kLogin:
      return RequestId::eLoginRequest;
    case Wish::kAnswer:
      return RequestId::eAnswerCallRequest;
    case Wish::kRelease:
      return RequestId::eClearConnectionRequest;
    case Wish::kTeam:
      return RequestId::eStartMonitoringAllAgentTeamsRequest;
    case Wish::kWatchMember:
      return RequestId::eStartMonitoringAgentRequest;
    case Wish::kBargeIn:
    case Wish::kLeave:
      return RequestId::eSuperviseCallRequest;
    default:
      return RequestId::eSetAgentStateRequest;
  }
}

}  // namespace

Crowd::Crowd(core::Io& io, const CrowdSettings& settings, Recorder& recorder)
    : io_(io),
      settings_(settings),
      recorder_(recorder),
      random_(core::mix64(settings.seed ^ 0xC4073)),
      // A robot waits for one thing at a time; what it no longer waits for stays armed until its time has come.
      timers_(8 * (settings.agents + settings.supervisors) + 64, io.now()),
      nonce_("rl." + hex(random_.next()) + "."),
      token_base_(core::mix64(core::system_seed()) << 20) {
  const std::uint32_t people = settings.supervisors + settings.agents;
  sessions_.reserve(1 + settings.monitors + people);
  sessions_.emplace_back(Kind::kWitness);
  for (std::uint32_t i = 0; i < settings.monitors; ++i) sessions_.emplace_back(Kind::kMonitor);
  groups_.resize(std::max<std::uint32_t>(1, settings.groups));
  overseers_.resize(settings.supervisors);
  workers_.reserve(people);
  for (std::uint32_t i = 0; i < people; ++i) {
    const bool supervisor = i < settings.supervisors;
    const Robot::Duty duty = supervisor        ? Robot::Duty::kStands
                             : settings_.calls ? Robot::Duty::kCalls
                                               : Robot::Duty::kStates;
    Worker worker{Robot(duty), sessions(), static_cast<std::uint32_t>(i % groups_.size())};
    sessions_.emplace_back(supervisor ? Kind::kSupervisor : Kind::kAgent);
    sessions_.back().robot = i;
    workers_.push_back(std::move(worker));
    workers_.back().key = wire::object_key("agent." + std::to_string(settings.peripheral) + "." +
                                           agent_id(sessions_.back()));
    worker_of_.emplace(workers_.back().key, i);
  }
  session_of_.assign(sessions_.size() + 64, kNoSession);
}

std::string Crowd::agent_id(const Session& session) const {
  return std::to_string(settings_.first_agent + session.robot);
}

std::string Crowd::object_id(std::uint32_t worker) const {
  return "agent." + std::to_string(settings_.peripheral) + "." +
         std::to_string(settings_.first_agent + worker);
}

// --- opening -----------------------------------------------------------------------------------------------------

bool Crowd::open_more() {
  // The witness first, and alone: it must see whatever the others see.
  if (sessions_[0].stage == Stage::kIdle) start(opened_++);
  if (!sessions_[0].settled) return false;
  while (opened_ < sessions() && opened_ - settled_ < kOpeningMax) start(opened_++);
  return settled_ == sessions();
}

void Crowd::start(std::uint32_t index) {
  Session& session = sessions_[index];
  session.stage = Stage::kOpening;
  session.connection = io_.connect(settings_.server);
  if (!session.connection) return ended(session, ENFILE);
  const std::uint32_t slot = session.connection.slot;
  if (slot >= session_of_.size()) session_of_.resize(slot + 1024, kNoSession);
  session_of_[slot] = index;
}

void Crowd::greet(Session& session) {
  wire::HelloWriter hello(room_, {.version_min = wire::kSessionVersion,
                                  .version_max = wire::kSessionVersion,
                                  .role = wire::Role::kClient});
  hello.arguments().add_string("ClientID", "ringside-load");
  append(session, hello.finish());
  const bool monitor = session.kind == Kind::kWitness || session.kind == Kind::kMonitor;
  wire::SubscribeWriter wish(
      room_,
      {.id = ++session.last_id,
       .mode = monitor ? wire::SubscribeMode::kMonitor : wire::SubscribeMode::kAgent},
      {});
  if (monitor) {
    wish.arguments().add_string(Keyword::MessageFilter, "MessageID=*");
    wish.arguments().add_int(Keyword::MonitorSessionSnapshotMode, 1);
  } else {
    wish.arguments().add_string(Keyword::AgentID, agent_id(session));
    wish.arguments().add_uint(Keyword::PeripheralID, settings_.peripheral);
  }
  append(session, wish.finish());
}

/// The session is in its mode.
void Crowd::stands(Session& session) {
  if (session.stage != Stage::kOpening) return;
  session.stage = Stage::kStanding;
  session.entered = true;
  ++counters_.standing;
  const bool works = session.kind == Kind::kAgent || session.kind == Kind::kSupervisor;
  if (!works) return settle(session);
  apply(session, workers_[session.robot].robot.begin(), io_.now());
}

/// The session has come to where it should be, or never will.
void Crowd::settle(Session& session) {
  if (session.settled) return;
  session.settled = true;
  ++settled_;
}

void Crowd::say_goodbye() {
  for (Session& session : sessions_) {
    if (session.stage != Stage::kStanding) continue;
    session.stage = Stage::kEnded;
    wire::CloseWriter bye(room_, {.reason = wire::CloseReason::kNormal});
    append(session, bye.finish());
    io_.close(session.connection, core::CloseHow::kOrderly);
  }
}

// --- bytes -------------------------------------------------------------------------------------------------------

void Crowd::append(Session& session, Bytes frame) {
  // A server that does not read a mebibyte of requests is the end of the session, as a desktop would see it.
  if (!session.out.append(frame)) return io_.close(session.connection, core::CloseHow::kReset);
  flush(session);
}

void Crowd::flush(Session& session) { session.out.pump(io_, session.connection); }

bool Crowd::on_completion(const core::Completion& completion) {
  const std::uint32_t slot = completion.connection.slot;
  if (slot >= session_of_.size() || session_of_[slot] == kNoSession) return false;
  Session& session = sessions_[session_of_[slot]];
  if (session.connection != completion.connection) return false;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      greet(session);
      break;
    case core::IoEvent::kReceived: {
      const auto fed = session.cutter.feed(completion.bytes, [&](Bytes frame) {
        on_frame(session, frame);
        return session.stage != Stage::kEnded;
      });
      if (!fed.ok() && session.stage != Stage::kEnded) malformed(session);
      break;
    }
    case core::IoEvent::kSent:
      session.out.on_sent(completion.sent);
      flush(session);
      break;
    case core::IoEvent::kWritable:
      session.out.on_writable();
      flush(session);
      break;
    case core::IoEvent::kClosed:
      session_of_[slot] = kNoSession;
      session.out.reset();
      ended(session, completion.error);
      break;
    default:
      break;
  }
  return true;
}

void Crowd::ended(Session& session, std::int32_t error) {
  if (session.stage == Stage::kEnded) return;
  if (session.stage == Stage::kStanding) --counters_.standing;
  session.stage = Stage::kEnded;
  ++counters_.ended;
  if (first_ending_.empty()) {
    first_ending_ = error == 0 ? "the server ended the connection"
                               : std::string("connection: ") + std::strerror(error);
  }
  if (session.kind == Kind::kAgent) {
    Worker& worker = workers_[session.robot];
    if (worker.robot.phase() == Robot::Phase::kReady && groups_[worker.group].free > 0)
      --groups_[worker.group].free;
  }
  settle(session);
}

void Crowd::malformed(Session& session) {
  ++counters_.malformed;
  if (first_ending_.empty()) first_ending_ = "bytes that are not the session protocol";
  io_.close(session.connection, core::CloseHow::kReset);
}

// --- work --------------------------------------------------------------------------------------------------------

void Crowd::apply(Session& session, const Orders& orders, TimePoint now) {
  for (std::size_t i = 0; i < orders.count; ++i) {
    const Order& order = orders.list[i];
    if (order.kind == Order::Kind::kAsk) {
      order.wish == Wish::kSupervise ? supervise(session, now) : ask(session, order.wish, now);
      continue;
    }
    // On a whole tick, so that the wheel itself does not make it late.
    const std::int64_t ticks = (now + order.in).since_start / core::TimerWheel::kTick + 1;
    Worker& worker = workers_[session.robot];
    const std::uint64_t stamp = worker.robot.stamp();
    const std::uint64_t cookie = (std::uint64_t{session.robot} << 32) |
                                 (stamp << 2 & 0xFFFF'FFFFU) |
                                 static_cast<std::uint64_t>(order.due);
    worker.due = {core::TimerWheel::kTick * ticks};
    if (!timers_.arm(worker.due, cookie)) ++counters_.forgotten;
  }
}

std::uint32_t Crowd::on_time(TimePoint now) {
  return timers_.fire(now, kTimersPerTurn, [&](std::uint64_t cookie) {
    Worker& worker = workers_[static_cast<std::uint32_t>(cookie >> 32)];
    Session& session = sessions_[worker.session];
    if (session.stage != Stage::kStanding) return;
    const std::uint32_t stamp = worker.robot.stamp();
    if ((static_cast<std::uint32_t>(cookie) >> 2) != (stamp & 0x3FFF'FFFFU)) return;
    // Intended for its own moment, however late this turn is.
    apply(session, worker.robot.on_due(Due(cookie & 3U), stamp, settings_.habits), worker.due);
  });
}

void Crowd::ask(Session& session, Wish wish, TimePoint intended) {
  if (session.stage != Stage::kStanding) return;
  const Worker& worker = workers_[session.robot];
  wire::RequestWriter request(room_, {.id = ++session.last_id,
                                      .request = request_of(wish),
                                      .token = token_base_ + worker.session});
  wire::ArgumentsWriter& args = request.arguments();
  const std::string agent = agent_id(session);
  const bool of_member = wish == Wish::kMemberReady || wish == Wish::kMemberNotReady;
  const std::string object =
      object_id(of_member ? overseers_[session.robot].asked_for : session.robot);
  const bool call = wish == Wish::kAnswer || wish == Wish::kRelease;
  args.add_string(Keyword::UniqueObjectID, call ? worker.robot.call() : object);
  switch (wish) {
    case Wish::kLogin:
      args.add_string(Keyword::AgentID, agent);
      args.add_uint(Keyword::PeripheralID, settings_.peripheral);
      args.add_string(Keyword::AgentInstrument,
                      std::to_string(settings_.first_instrument + session.robot));
      args.add_string(Keyword::AgentPassword, agent);
      break;
    case Wish::kReady:
      args.add_int(Keyword::AgentState, ctios::eAvailable);
      break;
    case Wish::kNotReady:
      args.add_int(Keyword::AgentState, ctios::eNotReady);
      break;
    case Wish::kWrapup:
      args.add_int(Keyword::AgentState, ctios::eWorkReady);
      break;
    default:
      if (wish > Wish::kSupervise) write_supervising(args, session, wish);
      break;
  }
  session.asked.push_back({session.last_id, wish, intended});
  append(session, request.finish());
  recorder_.late(intended, clock_now());
}

std::optional<Crowd::Place> Crowd::place_call(TimePoint intended) {
  for (std::size_t tried = 0; tried < groups_.size(); ++tried) {
    Group& group = groups_[next_group_];
    const auto number = static_cast<std::uint32_t>(next_group_);
    next_group_ = static_cast<std::uint32_t>((next_group_ + 1) % groups_.size());
    if (group.free <= group.promised) continue;
    ++group.promised;
    calls_.push_back({intended, number, false});
    return Place{settings_.first_group + number, nonce_ + std::to_string(calls_.size() - 1)};
  }
  return std::nullopt;
}

bool Crowd::change_a_state(TimePoint intended) {
  for (std::size_t tried = 0; tried < workers_.size(); ++tried) {
    Worker& worker = workers_[next_worker_];
    next_worker_ = static_cast<std::uint32_t>((next_worker_ + 1) % workers_.size());
    Session& session = sessions_[worker.session];
    const Robot::Phase phase = worker.robot.phase();
    const bool idle = phase == Robot::Phase::kNotReady || phase == Robot::Phase::kReady;
    if (worker.robot.duty() != Robot::Duty::kStates || !idle || !session.asked.empty() ||
        worker.changing || session.stage != Stage::kStanding) {
      continue;
    }
    worker.change = intended;
    worker.changing = true;
    ask(session, phase == Robot::Phase::kReady ? Wish::kNotReady : Wish::kReady, intended);
    return true;
  }
  return false;
}

// --- checks ------------------------------------------------------------------------------------------------------

bool Crowd::quiet(Nanos silence) const {
  if (io_.now() - last_record_ < silence) return false;
  for (const Worker& worker : workers_) {
    const Session& session = sessions_[worker.session];
    if (session.stage != Stage::kStanding) continue;
    const Robot::Phase phase = worker.robot.phase();
    const bool busy = phase == Robot::Phase::kOffered || phase == Robot::Phase::kTalking ||
                      phase == Robot::Phase::kAfter || phase == Robot::Phase::kWrapup;
    if (busy || !session.asked.empty()) return false;
  }
  return true;
}

void Crowd::watch() {
  const std::uint64_t from = sessions_[0].positions.last();
  for (Session& session : sessions_) session.positions.watch(from, UINT64_MAX);
  for (Worker& worker : workers_) worker.wanted = {};
  system_ = {};
  tally_to_ = UINT64_MAX;
}

void Crowd::close_tallies(std::uint64_t ahead) {
  const PositionCheck& seen = sessions_[0].positions;
  tally_to_ = seen.last() + ahead;
  for (Session& session : sessions_) session.positions.watch(seen.from(), tally_to_);
}

bool Crowd::witness_beyond_tallies() const { return sessions_[0].positions.last() >= tally_to_; }

PositionFaults Crowd::compare_tallies(std::uint64_t* compared) const {
  PositionFaults faults;
  *compared = 0;
  if (!sessions_[0].positions.comparable() || sessions_[0].stage == Stage::kEnded) return faults;
  for (const Worker& worker : workers_) {
    const Session& session = sessions_[worker.session];
    const bool whole = session.kind == Kind::kAgent && session.stage == Stage::kStanding &&
                       session.positions.comparable();
    if (!whole) continue;
    ++*compared;
    faults += compare(worker.wanted + system_, session.positions.tally());
  }
  return faults;
}

PositionFaults Crowd::faults() const {
  PositionFaults faults;
  for (const Session& session : sessions_) faults += session.positions.faults();
  return faults;
}

void Crowd::settle_accounts() {
  for (const Call& call : calls_) {
    StepMeasure* step = call.seen ? nullptr : recorder_.at(call.intended);
    if (step != nullptr) ++step->unseen;
  }
  for (const Session& session : sessions_) {
    for (const Asked& asked : session.asked) {
      StepMeasure* step = recorder_.at(asked.intended);
      if (step != nullptr) ++step->unknown;
    }
  }
}

}  // namespace cti::load
