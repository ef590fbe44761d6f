// scenario_player.cpp - the step in hand: begun, waited for, failed or done; clients and their messages.
#include "tools/simulator/scenario/scenario_player.hpp"

#include "tools/simulator/text/shown.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace cti::simulator {
namespace {

constexpr std::uint32_t kStepsPerTurn = 100;

/// FNV-1a: a fingerprint that no library changes under us.
void mix(std::uint64_t& hash, Bytes bytes) {
  for (const std::byte b : bytes) {
    hash ^= std::to_integer<std::uint64_t>(b);
    hash *= 0x100000001b3U;
  }
}

void preset(std::vector<FieldTest>& fields, const char* name, const std::string& value) {
  if (std::ranges::any_of(fields, [&](const FieldTest& f) { return f.field == name; })) return;
  FieldTest test;
  test.field = name;
  test.value = value;
  fields.push_back(std::move(test));
}

}  // namespace

ScenarioPlayer::ScenarioPlayer(core::Io& io, Server& server, const Scenario& scenario,
                               PlayOptions options)
    : io_(io),
      server_(server),
      scenario_(scenario),
      options_(std::move(options)),
      completions_(256) {
  report_.bytes_hash = 0xcbf29ce484222325U;
  if (options_.version >= scenario.since && options_.version <= scenario.until) return;
  report_.text = "not for version " + std::to_string(options_.version);
  finish(ScenarioReport::Result::kSkipped);
}

std::uint32_t ScenarioPlayer::turn(TimePoint deadline) {
  const std::size_t count = io_.wait(completions_, deadline);
  for (std::size_t i = 0; i < count; ++i) handle(completions_[i]);
  std::uint32_t work = static_cast<std::uint32_t>(count);
  for (std::uint32_t steps = 0; steps < kStepsPerTurn && !done(); ++steps) {
    if (!begun_) begin();
    if (done()) break;
    const Poll state = poll();
    if (state == Poll::kWaiting) break;
    ++work;
    if (state == Poll::kFailed) break;
    begun_ = false;
    ++at_;
    ++report_.steps;
  }
  for (auto& [name, client] : clients_) {
    if (client.in_flight) continue;
    flush(client);
    work += client.in_flight;
  }
  return work;
}

TimePoint ScenarioPlayer::next_deadline() const {
  if (done()) return kNever;
  if (!begun_) return io_.now();
  const double ahead = std::ceil(static_cast<double>((deadline_ - now()).count()) / options_.speed);
  return io_.now() + Nanos(std::max<std::int64_t>(0, static_cast<std::int64_t>(ahead)));
}

void ScenarioPlayer::begin() {
  if (at_ == 0 && report_.left_out == 0) started_ = server_.model().now();
  while (at_ < scenario_.steps.size() && (scenario_.steps[at_].since > options_.version ||
                                          scenario_.steps[at_].until < options_.version)) {
    ++at_;
    ++report_.left_out;
  }
  if (at_ == scenario_.steps.size()) return finish(ScenarioReport::Result::kPassed);
  begun_ = true;
  const Step& step = scenario_.steps[at_];
  if (options_.on_line) options_.on_line(now(), step.text);
  found_.clear();
  invoke_ = 0;
  mark_ = 0;
  Nanos within{0};
  if (const auto* open = std::get_if<OpenStep>(&step.what)) within = open->within;
  if (const auto* ask = std::get_if<AskStep>(&step.what)) within = ask->within;
  if (const auto* state = std::get_if<StateStep>(&step.what)) within = state->within;
  if (const auto* expect = std::get_if<ExpectStep>(&step.what)) {
    within = expect->within;
    found_.assign(expect->messages.size(), SIZE_MAX);
    mark_ = clients_[expect->client].inbox.size();
  }
  deadline_ = now() + within;
  const auto* wait = std::get_if<WaitStep>(&step.what);
  if (wait != nullptr) deadline_ = wait->until ? wait->time : now() + wait->time;
}

ScenarioPlayer::Poll ScenarioPlayer::poll() {
  const Poll state =
      std::visit([this](const auto& step) { return poll_step(step); }, scenario_.steps[at_].what);
  return done() ? Poll::kFailed : state;
}

void ScenarioPlayer::finish(ScenarioReport::Result result) {
  report_.result = result;
  report_.took = result == ScenarioReport::Result::kSkipped ? Nanos{0} : now();
  for (auto& [name, client] : clients_) {
    if (!client.closed) io_.close(client.connection, core::CloseHow::kOrderly);
  }
}

void ScenarioPlayer::fail(const std::string& why) {
  if (done()) return;
  const std::size_t at = std::min(at_, scenario_.steps.size() - 1);
  const Step& step = scenario_.steps[at];
  char when[32];
  std::snprintf(when, sizeof when, "%.3f s", static_cast<double>(now().count()) / 1e9);
  report_.text = scenario_.file + ":" + std::to_string(step.line) + ": " + step.text +
                 "\n  failed at " + when + ": " + shown(why, LineFeeds::kLines) + "\n";
  finish(ScenarioReport::Result::kFailed);
}

// -- clients ---------------------------------------------------------------------------------------------------------

void ScenarioPlayer::handle(const core::Completion& completion) {
  const auto found = std::ranges::find_if(clients_, [&](const auto& entry) {
    return entry.second.connection == completion.connection;
  });
  if (found == clients_.end()) return;
  Client& client = found->second;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      client.connected = true;
      break;
    case core::IoEvent::kReceived:
      received(client, completion.bytes);
      break;
    case core::IoEvent::kSent:
      client.in_flight = false;
      client.sent += completion.sent;
      client.full = client.sent < client.sending.size();
      break;
    case core::IoEvent::kWritable:
      client.full = false;
      break;
    case core::IoEvent::kClosed:
      client.closed = true;
      client.connected = client.in_flight = false;
      break;
    default:
      break;
  }
}

void ScenarioPlayer::received(Client& client, Bytes bytes) {
  mix(report_.bytes_hash, bytes);
  const auto outcome = client.cutter.feed(bytes, [&](const ged::Frame& frame) {
    Received got{ged::decode_table(frame.whole, client.version), now(), false};
    client.inbox.push_back(std::move(got));
    ++report_.messages;
  });
  if (!outcome.ok()) {
    // Only faults on demand do this: the stream is over for the client, as it would be for a real one.
    Received broken;
    broken.message.name = "(a length that no message has)";
    broken.at = now();
    client.inbox.push_back(std::move(broken));
    client.closed = true;
    client.connected = false;
    io_.close(client.connection, core::CloseHow::kReset);
  }
  if (client.inbox.size() > kInboxMax) fail("a client has been sent more than 200000 messages");
}

void ScenarioPlayer::flush(Client& client) {
  if (!client.connected || client.in_flight || client.full) return;
  if (client.sent == client.sending.size()) {
    client.sending = std::exchange(client.out, {});
    client.sent = 0;
  }
  if (client.sending.empty()) return;
  client.in_flight = true;
  io_.send(client.connection, Bytes(client.sending).subspan(client.sent));
}

ScenarioPlayer::Client* ScenarioPlayer::open_client(const std::string& name) {
  Client& client = clients_[name];
  if (!client.closed) return &client;
  fail("the connection of " + name + " is closed");
  return nullptr;
}

bool ScenarioPlayer::send(Client& client, const MessageText& request, std::uint32_t invoke_id) {
  const auto bytes = build_message(request, client.version,
                                   {invoke_id, scenario_.gateway.peripheral_id}, remembered_);
  if (!bytes) {
    fail(bytes.error());
    return false;
  }
  client.out.insert(client.out.end(), bytes->begin(), bytes->end());
  return true;
}

ScenarioPlayer::Poll ScenarioPlayer::answered(Client& client, const MessageText& answer) {
  for (std::size_t i = mark_; i < client.inbox.size(); ++i) {
    Received& got = client.inbox[i];
    const auto& fixed = got.message.fixed;
    const auto id = std::ranges::find(fixed, "InvokeID", &ged::DecodedField::name);
    if (got.used || id == fixed.end() || id->value.number != invoke_) continue;
    const std::string wrong = mismatch(got.message, answer.fields, remembered_);
    if (got.message.name != answer.rule->name || !wrong.empty()) {
      fail("the answer was " + brief(got.message) + (wrong.empty() ? "" : ": " + wrong));
      return Poll::kFailed;
    }
    got.used = true;
    ++report_.checks;
    return Poll::kDone;
  }
  if (client.closed) fail("the connection was closed before " + std::string(answer.rule->name));
  if (late()) fail("no answer; " + seen_since(client, mark_, nullptr));
  return Poll::kWaiting;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const OpenStep& step) {
  if (invoke_ == 0) {
    Client& client = clients_[step.client];
    if (client.connected && !client.closed) io_.close(client.connection, core::CloseHow::kOrderly);
    client = Client{};
    client.version = step.version != 0 ? step.version : options_.version;
    client.connection = io_.connect({options_.host, server_.port(step.side), false});
    invoke_ = client.next_invoke++;
    MessageText open{ged::find_message("OPEN_REQ"), step.fields};
    preset(open.fields, "VersionNumber", std::to_string(client.version));
    preset(open.fields, "IdleTimeout", "0xFFFFFFFF");
    preset(open.fields, "ServicesRequested", std::to_string(step.services));
    preset(open.fields, "CallMsgMask", "0xFFFFFFFF");
    preset(open.fields, "AgentStateMask", "0x3FFF");
    preset(open.fields, "ConfigMsgMask", "0x3FF");
    preset(open.fields, "ClientID", "scenario-" + step.client);
    preset(open.fields, "ClientPassword", "");
    if (!send(client, open, invoke_)) return Poll::kFailed;
  }
  return answered(clients_[step.client], step.answer);
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const AskStep& step) {
  Client& client = clients_[step.client];
  if (invoke_ == 0) {
    if (open_client(step.client) == nullptr) return Poll::kFailed;
    invoke_ = client.next_invoke++;
    mark_ = client.inbox.size();
    if (!send(client, step.request, invoke_)) return Poll::kFailed;
    if (!step.answer) return Poll::kDone;
  }
  return answered(client, *step.answer);
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const RawStep& step) {
  Client* client = open_client(step.client);
  if (client == nullptr) return Poll::kFailed;
  client->out.insert(client->out.end(), step.bytes.begin(), step.bytes.end());
  return Poll::kDone;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const ConnectionStep& step) {
  Client* client = open_client(step.client);
  if (client == nullptr) return Poll::kFailed;
  switch (step.what) {
    case ConnectionStep::What::kClose:
      io_.close(client->connection, core::CloseHow::kOrderly);
      break;
    case ConnectionStep::What::kReset:
      io_.close(client->connection, core::CloseHow::kReset);
      break;
    case ConnectionStep::What::kStopReading:
      io_.set_receiving(client->connection, false);
      break;
    case ConnectionStep::What::kRead:
      io_.set_receiving(client->connection, true);
      break;
  }
  return Poll::kDone;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const DoStep& step) {
  const std::string answer = server_.command(step.command);
  if (answer.starts_with("ok") != step.fails) return Poll::kDone;
  fail("the command was answered: " + answer);
  return Poll::kFailed;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const WaitStep&) {
  return late() ? Poll::kDone : Poll::kWaiting;
}

}  // namespace cti::simulator
