// sim_house.cpp - CTI Server, server and clients in one thread on a simulated network.
#include "tests/sim/sim_house.hpp"

#include "wire/event_id.hpp"
#include "wire/keyword.hpp"

#include <cstdlib>

namespace cti::sim {

using namespace cti::cil;  // NOLINT: the client library's names are meant to be used bare

namespace {

/// Events that end a request, each exactly one.
bool ends_request(int event) {
  switch (event) {
    case eSetAgentStateConf:
    case eMakeCallConf:
    case eAnswerCallConf:
    case eHoldCallConf:
    case eRetrieveCallConf:
    case eClearConnectionConf:
    case eSetCallDataConf:
    case eControlFailureConf:
      return true;
    default:
      return false;
  }
}

bool is_call_event(const std::string& object_id) { return object_id.starts_with("call."); }

broker::LineConfig line_config() {
  broker::LineConfig config;
  config.link.sides = {{kCtiServer, 42027}, {kCtiServer, 43027}};
  config.link.stable_after = Nanos{0};
  config.link.pauses = {Millis{100}, Millis{500}, Seconds{1}};
  config.link.open_timeout = Seconds{5};
  config.agents_max = 64;
  config.calls_max = 512;
  config.pending_max = 512;
  config.once_max = 1024;
  return config;
}

broker::FanoutConfig fanout_config(Turns turns) {
  broker::FanoutConfig config;
  if (turns == Turns::kShared) config.connections_beside = broker::SharedTurn::kLineConnections;
  config.sessions_max = 32;
  config.outbox_pool_bytes = std::size_t{4} << 20;
  config.channels_max = 8;
  config.channel_bytes = std::size_t{1} << 19;
  config.heartbeat_interval = Seconds{5};
  config.heartbeat_retries = 2;
  return config;
}

simulator::ServerSettings cti_settings(std::uint64_t seed) {
  simulator::ServerSettings settings;
  settings.side_a = {kCtiServer, 42027};
  settings.side_b = {kCtiServer, 43027};
  settings.seed = seed;
  return settings;
}

}  // namespace

SimClient::SimClient(core::SimWorld& world, const std::string& host, std::uint64_t seed)
    : world_(world), host_(host) {
  SessionOptions options;
  options.own_thread = false;
  options.seed = seed;
  options.io = world.network().make_io(host);
  session_ = std::make_unique<CCtiOsSession>(std::move(options));
  session_->AddEventListener(this, eAllInOneList);
  actor_ = world.add(host, [this](TimePoint) { return session_->process(60'000); });
}

SimClient::~SimClient() {
  world_.remove(actor_);
  session_.reset();
}

void SimClient::connect() {
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, kServer);
  args.AddItem(CTIOS_PORTA, static_cast<int>(kClientPort));
  EXPECT_EQ(session_->Connect(args), CIL_OK);
}

void SimClient::be_agent(const std::string& id) {
  agent_ = Ref<CAgent>(new CAgent);
  agent_->SetValue(CTIOS_AGENTID, id);
  agent_->SetValue(CTIOS_PERIPHERALID, 5000);
  EXPECT_EQ(session_->SetAgent(*agent_), CIL_OK);
}

void SimClient::be_monitor() { EXPECT_EQ(session_->SetMessageFilter("UniqueObjectID=*"), CIL_OK); }

void SimClient::request(const std::function<int()>& send) {
  if (send() == CIL_OK) ++queued;
}

std::vector<std::string> SimClient::calls() const { return {living_.begin(), living_.end()}; }

void SimClient::OnEvent(int iEventID, Arguments& rArgs) {
  ++events;
  if (iEventID != eOnHeartbeat && iEventID != eOnMissingHeartbeat) ++news;
  if (std::getenv("RINGSIDE_TRACE") != nullptr) {
    const auto name = wire::name_of(static_cast<wire::EventId>(iEventID));
    std::printf("%10.3f %s %.*s {%s}\n",
                static_cast<double>(world_.network().now().since_start.count()) / 1e9,
                host_.c_str(), static_cast<int>(name.size()), name.data(),
                rArgs.DumpArgs().c_str());
  }
  if (iEventID == eOnConnection) connected = true;
  if (iEventID == eOnConnectionFailure) connected = mode = false;
  if (iEventID == eSetAgentModeEvent || iEventID == eOnMonitorModeEstablished) mode = true;
  if (iEventID == eCTIOSFailureEvent && !mode && rArgs.IsValid(CTIOS_ERRORMESSAGE) &&
      !rArgs.IsValid(CTIOS_SYSTEMEVENTID)) {
    wants_mode =
        false;  // the mode was refused, as while the CTI Server is away: a program asks again
  }
  if (ends_request(iEventID)) ++ended;
  if (iEventID == eCallBeginEvent) ++calls_begun;
  if (iEventID == eCallEndEvent) ++calls_ended;
  std::string id;
  if (rArgs.GetValueString(CTIOS_UNIQUEOBJECTID, &id) && is_call_event(id)) follow(iEventID, id);
}

void SimClient::follow(int event, const std::string& id) {
  const auto complain = [&](const char* what) {
    complaints.push_back(std::string(wire::name_of(static_cast<wire::EventId>(event))) + " of " +
                         id + ": " + what);
  };
  if (ends_request(event) || event == eOnCurrentCallChanged || event == eButtonEnablementMaskChange)
    return;  // about a request or made here, not an event of the call
  if (event == eCallBeginEvent) {
    // Not answered and diverted, a call may be offered to the same device again: a new life under the same name.
    if (!living_.insert(id).second) complain("begins twice");
  } else if (event == eSnapshotCallConf) {
    living_.insert(id);
  } else if (event == eCallEndEvent) {
    if (living_.erase(id) == 0) complain("ends without a begin, or twice");
  } else if (living_.count(id) == 0) {
    complain("comes before the begin or after the end");
  }
}

SimHouse::SimHouse(std::uint64_t seed, const core::SimFaults& faults, Turns turns)
    : network(seed, faults),
      world(network, seed),
      fanout_config_(fanout_config(turns)),
      cti_io_(network.make_io(kCtiServer)),
      fanout_io_(network.make_io(kServer, broker::FanoutReactor::io_limits(fanout_config_))),
      own_line_io_(turns == Turns::kShared ? nullptr : network.make_io(kServer)),
      line_io_(own_line_io_ != nullptr ? *own_line_io_ : *fanout_io_),
      log_(std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 1})).value()),
      admission_(fanout_config_.sessions_max, fanout_config_.sessions_per_address_max) {
  line_shared_ = std::make_unique<broker::LineShared>(std::uint16_t{0}, *log_,
                                                      broker::Position{seed, 1, 0}, 1, limits_);
  fanout_shared_ = std::make_unique<broker::FanoutShared>(std::uint16_t{0}, 1, limits_);
  line_shared_->io = &line_io_;
  fanout_shared_->io = fanout_io_.get();
  cti_server_ = std::move(simulator::Server::make(*cti_io_, cti_settings(seed),
                                                  simulator::default_settings()))
                    .value();
  fanout_ = std::make_unique<broker::FanoutReactor>(fanout_config_, *fanout_io_, *fanout_shared_,
                                                    std::vector{line_shared_.get()}, admission_,
                                                    broker::Say{});
  EXPECT_TRUE(fanout_->listen({kServer, kClientPort}).ok());
  line_ = std::make_unique<broker::Line>(line_config(), *line_shared_,
                                         std::vector{fanout_shared_.get()}, line_io_, limits_,
                                         core::Random(seed));
  world.add(kCtiServer, [this](TimePoint deadline) { return cti_server_->turn(deadline); });
  const auto line_turn = [this](TimePoint deadline) { return line_->turn(deadline); };
  const auto fanout_turn = [this](TimePoint deadline) { return fanout_->turn(deadline); };
  switch (turns) {
    case Turns::kWhole:
      world.add(kServer, line_turn);
      world.add(kServer, fanout_turn);
      break;
    case Turns::kShared:
      both_ = std::make_unique<broker::SharedTurn>(*fanout_io_, *line_, *fanout_, *log_,
                                                   fanout_config_);
      world.add(kServer, [this](TimePoint deadline) { return both_->turn(deadline); });
      break;
    case Turns::kInterrupted:
      threads_ = {world.add_thread(kServer, line_turn), world.add_thread(kServer, fanout_turn)};
      world.on_quiet([this] { slept_through_ += world.sleepers_with_work(); });
      break;
  }
  line_->start();
}

SimHouse::~SimHouse() {
  for (const core::SimWorld::ActorId thread : threads_) world.remove(thread);
}

bool SimHouse::until(const std::function<bool()>& condition, Nanos limit) {
  return world.run_until(condition, network.now() + limit);
}

std::string difference(const broker::ObjectMap& map, CCtiOsSession& session,
                       const std::set<std::string>& agents) {
  const wire::ObjectTable& table = map.properties();
  std::string found;
  std::set<std::string> calls;
  const auto compare = [&](wire::ObjectHandle handle) {
    const std::string id(table.unique_object_id(handle));
    CCtiOsObject* object = nullptr;
    if (!session.GetObjectFromObjectID(id, &object)) {
      found += id + " is not known to the client\n";
      return;
    }
    for (const wire::Arg arg : table.properties(handle)) {
      if (arg.is_arguments()) continue;
      std::string there;
      const std::string key(arg.key_name());
      if (!object->GetValueString(key, &there) || there != arg.to_text()) {
        found += id + " " + key + ": server '" + arg.to_text() + "', client '" + there + "'\n";
      }
    }
    object->Release();
  };
  table.for_each(wire::ObjectKind::kCall, [&](wire::ObjectHandle handle) {
    calls.emplace(table.unique_object_id(handle));
    compare(handle);
  });
  table.for_each(wire::ObjectKind::kAgent, [&](wire::ObjectHandle handle) {
    if (agents.empty() || agents.count(std::string(table.unique_object_id(handle))) != 0)
      compare(handle);
  });
  Arguments& known = session.GetAllCalls();
  for (int i = 1; i <= known.NumElements(); ++i) {
    const std::string id = known.GetElementKey(i);
    if (calls.count(id) == 0) found += id + " is known to the client only\n";
  }
  known.Release();
  return found;
}

}  // namespace cti::sim
