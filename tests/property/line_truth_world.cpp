// line_truth_world.cpp - see line_truth_world.hpp.
#include "tests/property/line_truth_world.hpp"

#include "broker/model/button_names.hpp"
#include "broker/model/explain.hpp"
#include "broker/model/masks.hpp"
#include "wire/arguments_fold.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/mhdr.hpp"
#include "wire/session_frame.hpp"
#include "wire/state_digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::test {

namespace {

constexpr std::uint32_t kOpenConf = 4, kHeartbeatConf = 6;

broker::LineConfig line_config(const char* cti_host, const simulator::Scenario& scenario) {
  broker::LineConfig config;
  config.link.sides = {{cti_host, 42027}};
  if (cti_host == std::string(kCtiHost)) config.link.sides.push_back({cti_host, 43027});
  config.link.stable_after = Nanos{0};
  config.link.pauses = {Millis{10}};
  config.link.heartbeats_max = 1000;
  config.peripherals = {scenario.gateway.peripheral_id};
  for (const auto& agent : scenario.gateway.agents) config.agents.push_back(agent.id);
  config.agents_max = 256;
  config.calls_max = 1024;
  config.pending_max = 512;
  config.once_max = 512;
  config.request_timeout = Seconds{8};
  return config;
}

std::string property_name(const wire::Arg& arg) { return std::string(arg.key_name()); }

std::set<std::string> state_of(const broker::ObjectMap& map, wire::ObjectKind kind,
                               wire::ObjectHandle handle) {
  std::set<std::string> lines;
  for (const wire::Arg arg : map.properties().properties(handle)) {
    if (wire::is_volatile(arg.keyword()) || wire::told_one_way(kind, arg)) continue;
    if (arg.is_string() && arg.string().empty()) continue;
    std::string value = arg.to_text();
    if (arg.own_key().starts_with("SkillGroup[")) {
      if (const auto at = value.find("SkillGroupState"); at != value.npos) value.resize(at);
    }
    lines.insert(property_name(arg) + " = " + value + " (type " +
                 std::to_string(static_cast<int>(arg.type())) + ")");
  }
  return lines;
}

}  // namespace

BadWire::BadWire(core::SimNetwork& network, std::uint64_t seed)
    : io_(network.make_io(kWireHost)), random_(seed), network_(network) {
  if (!io_->listen({"0.0.0.0", 42027}).ok()) std::abort();
}

std::uint32_t BadWire::turn(TimePoint deadline) {
  std::vector<core::Completion> completions(64);
  const std::size_t count = io_->wait(completions, std::min(deadline, next_deadline()));
  for (std::size_t i = 0; i < count; ++i) on(completions[i]);
  auto work = static_cast<std::uint32_t>(count);
  while (!late_.empty() && late_.front().at <= network_.now()) {
    client_.out.insert(client_.out.end(), late_.front().frame.begin(), late_.front().frame.end());
    late_.pop_front();
    ++work;
  }
  flush(client_);
  flush(server_);
  return work;
}

TimePoint BadWire::next_deadline() const { return late_.empty() ? kNever : late_.front().at; }

void BadWire::cut() {
  if (client_.to) io_->close(client_.to, core::CloseHow::kReset);
  if (server_.to) io_->close(server_.to, core::CloseHow::kReset);
  client_ = server_ = {};
  input_.clear();
  swapped_.clear();
  late_.clear();
}

void BadWire::on(const core::Completion& completion) {
  const bool of_client = client_.to == completion.connection;
  Pipe& pipe = of_client ? client_ : server_;
  switch (completion.event) {
    case core::IoEvent::kAccepted:
      cut();
      client_ = {.to = completion.connection, .open = true};
      server_ = {.to = io_->connect({kCtiHost, 42027, false})};
      return;
    case core::IoEvent::kConnected:
      server_.open = true;
      return;
    case core::IoEvent::kReceived:
      if (!of_client && server_.to != completion.connection) return;
      if (!of_client) return from_server(completion.bytes);
      server_.out.insert(server_.out.end(), completion.bytes.begin(), completion.bytes.end());
      return;
    case core::IoEvent::kSent:
      if (!of_client && server_.to != completion.connection) return;
      pipe.in_flight = false;
      pipe.sent += completion.sent;
      return;
    case core::IoEvent::kClosed:
      if (of_client || server_.to == completion.connection) cut();
      return;
    default:
      return;
  }
}

void BadWire::from_server(Bytes bytes) {
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (input_.size() - at >= 8) {
    const std::size_t whole = 8 + load_be<std::uint32_t>(input_.data() + at);
    if (input_.size() - at < whole) break;
    pass(Bytes(input_).subspan(at, whole));
    at += whole;
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(at));
}

void BadWire::pass(Bytes frame) {
  const std::uint32_t type = load_be<std::uint32_t>(frame.data() + 4);
  const bool answer = wire::ged188::is_answer(wire::ged188::MessageType{type});
  const bool sacred =
      type == kOpenConf || type == kHeartbeatConf || (faults.answers_only && !answer);
  if (!sacred && random_.chance(faults.drop)) {
    ++hurt;
    return;
  }
  if (!sacred && random_.chance(faults.delay)) {
    ++hurt;
    const Nanos by = Millis{50 + static_cast<std::int64_t>(random_.below(4950))};
    late_.push_back({network_.now() + by, {frame.begin(), frame.end()}});
    std::ranges::sort(late_, {}, &Late::at);
    return;
  }
  if (!sacred && swapped_.empty() && random_.chance(faults.swap)) {
    ++hurt;
    swapped_.assign(frame.begin(), frame.end());
    late_.push_back({network_.now() + Millis{5}, {}});  // nothing may come behind it
    return;
  }
  client_.out.insert(client_.out.end(), frame.begin(), frame.end());
  client_.out.insert(client_.out.end(), swapped_.begin(), swapped_.end());
  swapped_.clear();
}

void BadWire::flush(Pipe& pipe) {
  if (&pipe == &client_ && !swapped_.empty() && late_.empty()) {
    pipe.out.insert(pipe.out.end(), swapped_.begin(), swapped_.end());
    swapped_.clear();
  }
  if (!pipe.open || pipe.in_flight) return;
  if (pipe.sent == pipe.sending.size()) {
    pipe.sending = std::exchange(pipe.out, {});
    pipe.sent = 0;
  }
  if (pipe.sending.empty()) return;
  pipe.in_flight = true;
  io_->send(pipe.to, Bytes(pipe.sending).subspan(pipe.sent));
}

LoneLine::LoneLine(core::SimWorld& world, const char* host, const char* cti_host,
                   std::uint64_t seed, const simulator::Scenario& scenario)
    : world_(world),
      io_(world.network().make_io(host)),
      fanout_io_(world.network().make_io(host)),
      log_(std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 1})).value()),
      shared_(0, *log_, {seed, 1, 0}, 1, limits_),
      fanout_(0, 1, limits_) {
  shared_.io = io_.get();
  fanout_.io = fanout_io_.get();
  line_ = std::make_unique<broker::Line>(line_config(cti_host, scenario), shared_,
                                         std::vector{&fanout_}, *io_, limits_, core::Random(seed));
  actor_ = world.add(host, [this](TimePoint deadline) { return line_->turn(deadline); });
  line_->start();
}

LoneLine::~LoneLine() {
  line_->stop();
  world_.run_for(Millis{5});
  world_.remove(actor_);
}

TruthWorld::TruthWorld(const simulator::Scenario& scenario_, std::uint64_t seed_, bool bad_wire)
    : network(seed_),
      world(network, seed_),
      scenario(scenario_),
      server_io(network.make_io(kCtiHost)),
      desk_io(network.make_io(kDeskHost)),
      seed(seed_) {
  simulator::ServerSettings settings = scenario.server;
  settings.side_a = {kCtiHost, 42027};
  settings.side_b = {kCtiHost, 43027};
  settings.seed = seed;
  server = std::move(simulator::Server::make(*server_io, settings, scenario.gateway)).value();
  world.add(kCtiHost, [this](TimePoint deadline) { return server->turn(deadline); });
  if (bad_wire) {
    wire = std::make_unique<BadWire>(network, seed);
    world.add(kWireHost, [this](TimePoint deadline) { return wire->turn(deadline); });
  }
  listener = std::make_unique<LoneLine>(world, kLineHost, bad_wire ? kWireHost : kCtiHost, seed,
                                        scenario);
  simulator::PlayOptions options;
  options.host = kCtiHost;
  options.on_line = [this](Nanos, const std::string& text) {
    at = text;
    ++steps_begun_;
  };
  player = std::make_unique<simulator::ScenarioPlayer>(*desk_io, *server, scenario, options);
  EXPECT_TRUE(until([&] { return listener->line().in_step(); }));
  world.add(kDeskHost, [this](TimePoint deadline) -> std::uint32_t {
    return may_play_ ? player->turn(deadline) : 0;
  });
}

bool TruthWorld::step() {
  if (player->done()) return false;
  const std::uint64_t before = steps_begun_;
  may_play_ = true;
  (void)until([&] { return player->done() || steps_begun_ != before; }, Seconds{3600});
  may_play_ = false;
  rest();
  return true;
}

void TruthWorld::rest(Nanos time) { world.run_for(time); }

bool TruthWorld::until(const std::function<bool()>& condition, Nanos limit) {
  return world.run_until(condition, network.now() + limit);
}

std::string TruthWorld::differences() {
  LoneLine fresh(world, kFreshHost, kCtiHost, seed + 1, scenario);
  if (!until([&] { return fresh.line().in_step() && listener->line().in_step(); })) {
    return "a line does not come into step\n";
  }
  rest();
  const broker::ObjectMap& heard = listener->line().map();
  // A call in a queue is at no station: no question leads to it, so only who heard of it knows it.
  bool queued = false;
  heard.each_call([&](const broker::CallEntry& call) {
    queued |= server->model().find_station(call.device_id.view()) == simulator::kNoIndex;
  });
  std::string found = queued ? "" : difference(heard, fresh.line().map());
  found += other_masks(heard, fresh.line().map());
  found += differences_from_truth(heard);
  found += typed_difference(heard);
  return found;
}

std::string TruthWorld::differences_from_truth(const broker::ObjectMap& map) {
  const simulator::Model& model = server->model();
  std::set<std::string> truth, known;
  for (const auto& station : model.stations()) {
    for (const simulator::CallNumber number : station.calls) {
      const simulator::Call& call = *model.find_call(number);
      for (const simulator::Connection& c : call.connections) {
        if (!c.announced || c.party.id != station.id) continue;
        truth.insert("call " + std::to_string(number) + " at " + station.id + " state " +
                     std::to_string(static_cast<int>(c.state)));
      }
    }
  }
  map.each_call([&](const broker::CallEntry& call) {
    if (model.find_station(call.device_id.view()) == simulator::kNoIndex) return;
    known.insert("call " + std::to_string(call.call_id) + " at " +
                 std::string(call.device_id.view()) + " state " + std::to_string(call.status));
  });
  for (const auto& agent : model.agents()) {
    if (agent.deleted) continue;
    truth.insert("agent " + agent.settings.id + " state " +
                 std::to_string(static_cast<int>(agent.state)));
  }
  map.each_agent([&](const broker::AgentEntry& agent) {
    if (agent.state == 9) return;
    known.insert("agent " + std::string(agent.agent_id.view()) + " state " +
                 std::to_string(agent.state));
  });
  std::string found;
  for (const std::string& line : truth) {
    if (known.count(line) == 0) found += "  truth only: " + line + "\n";
  }
  for (const std::string& line : known) {
    if (truth.count(line) == 0) found += "  map only: " + line + "\n";
  }
  return found;
}

/// What whoever asks is told of every button, as a mask.
std::uint32_t explained(const broker::ObjectMap& map, const broker::AgentEntry& agent,
                        const broker::CallEntry* call) {
  std::uint32_t on = 0;
  for (const broker::ButtonName& button : broker::button_names()) {
    const auto words = broker::explain(map, agent, call, button.bit);
    if (words && words->reason == broker::GreyReason::kOn) on |= button.bit;
  }
  return on;
}

std::string other_masks(const broker::ObjectMap& heard, const broker::ObjectMap& asked) {
  std::string found;
  const auto differ = [&](std::string_view id, std::uint32_t a, std::uint32_t b) {
    if (a == b) return;
    found += "  " + std::string(id) + " buttons heard " + std::to_string(a) + ", asked " +
             std::to_string(b) + "\n";
  };
  heard.each_agent([&](const broker::AgentEntry& a) {
    const broker::AgentEntry* const b = asked.agent(a.key);
    if (b == nullptr) return;
    differ(a.id.view(), agent_mask(heard, a, a.state), agent_mask(asked, *b, b->state));
    differ(a.id.view(), agent_mask(heard, a, a.state), explained(heard, a, nullptr));
  });
  heard.each_call([&](const broker::CallEntry& a) {
    const broker::CallEntry* const b = asked.call(a.key);
    if (b == nullptr) return;
    differ(a.id.view(), call_mask(heard, a, a.status), call_mask(asked, *b, b->status));
    if (const broker::AgentEntry* const agent = heard.agent_of(a))
      differ(a.id.view(), call_mask(heard, a, a.status), explained(heard, *agent, &a));
  });
  return found;
}

std::string typed_difference(const broker::ObjectMap& map) {
  map.invariants();
  broker::ObjectMap twin({.agents_max = 256, .calls_max = 1024});
  std::vector<std::byte> room(std::size_t{1} << 17);
  const auto tell = [&](wire::ObjectKind kind, std::uint32_t topic) {
    map.properties().for_each(kind, [&](wire::ObjectHandle handle) {
      const std::uint64_t key = map.properties().key(handle);
      const broker::CallEntry* const call = map.call(key);
      wire::UpdateWriter writer(room, {.object_key = key,
                                       .agent_key = call == nullptr ? 0 : call->told_agent,
                                       .topics = topic | wire::topic::kWhole});
      writer.arguments().add_all(map.properties().properties(handle));
      twin.apply(wire::UpdateView::trusted(writer.finish()));
    });
  };
  tell(wire::ObjectKind::kAgent, wire::topic::kAgent);
  tell(wire::ObjectKind::kCall, wire::topic::kCall);
  twin.invariants();
  std::string found;
  const auto differ = [&](bool yes, std::string_view id, const char* what) {
    if (yes) found += "  typed " + std::string(id) + ": " + what + "\n";
  };
  map.each_agent([&](const broker::AgentEntry& a) {
    const broker::AgentEntry* const b = twin.agent(a.key);
    if (b == nullptr) return differ(true, a.id.view(), "missing");
    differ(a.state != b->state || a.reason != b->reason, a.id.view(), "state");
    differ(a.team != b->team || a.teams.count != b->teams.count, a.id.view(), "teams");
    differ(a.supervisor != b->supervisor || a.named != b->named, a.id.view(), "role");
    differ(a.asked != b->asked, a.id.view(), "who asked");
    differ(a.desk_known != b->desk_known || a.desk_mask != b->desk_mask, a.id.view(), "desk");
    differ(a.mask != b->mask, a.id.view(), "mask");
    differ(!(a.instrument == b->instrument) || !(a.extension == b->extension), a.id.view(), "seat");
  });
  map.each_call([&](const broker::CallEntry& a) {
    const broker::CallEntry* const b = twin.call(a.key);
    if (b == nullptr) return differ(true, a.id.view(), "missing");
    differ(a.status != b->status || a.type != b->type, a.id.view(), "status");
    differ(a.mask != b->mask, a.id.view(), "mask");
    differ(a.outgoing() != b->outgoing() || a.answered != b->answered, a.id.view(), "direction");
    differ(a.dialed_here != b->dialed_here || a.from_here != b->from_here, a.id.view(), "numbers");
    differ(a.to_here != b->to_here || a.consult_type != b->consult_type, a.id.view(), "consult");
    differ(!(a.contact == b->contact) || !(a.device_id == b->device_id), a.id.view(), "names");
    differ(a.router_day != b->router_day || a.router_call != b->router_call, a.id.view(), "key");
  });
  return found;
}

std::string difference(const broker::ObjectMap& heard, const broker::ObjectMap& asked) {
  if (heard.properties().digest() == asked.properties().digest()) return {};
  std::string found;
  const auto compare = [&](const broker::ObjectMap& from, const broker::ObjectMap& to,
                           const char* who, bool whole) {
    for (const auto kind : {wire::ObjectKind::kAgent, wire::ObjectKind::kCall,
                            wire::ObjectKind::kSkillGroup, wire::ObjectKind::kTeam}) {
      from.properties().for_each(kind, [&](wire::ObjectHandle handle) {
        const std::string id(from.properties().unique_object_id(handle));
        const auto other = to.properties().find(from.properties().key(handle));
        if (!other) {
          found += "  " + id + ": " + who + " only\n";
          return;
        }
        if (!whole) return;
        const auto mine = state_of(from, kind, handle), theirs = state_of(to, kind, *other);
        for (const auto& line : mine) {
          if (theirs.count(line) == 0) found += "  " + id + " heard: " + line + "\n";
        }
        for (const auto& line : theirs) {
          if (mine.count(line) == 0) found += "  " + id + " asked: " + line + "\n";
        }
      });
    }
  };
  compare(heard, asked, "heard", true);
  compare(asked, heard, "asked", false);
  return found.empty() ? "  digests differ, nothing else does\n" : found;
}

}  // namespace cti::test
