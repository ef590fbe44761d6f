// plain_client.cpp - a GED-188 client of few lines for tests of ringside-sim.
#include "tests/unit/simulator/plain_client.hpp"

#include <algorithm>

namespace cti::simulator {

std::vector<std::byte> make_message(const std::string& name, ged::Version version,
                                    const Fields& fields) {
  Message message;
  message.rule = ged::find_message(name);
  if (message.rule == nullptr) throw std::runtime_error("no message " + name);
  message.number = message.rule->number;
  message.name = name;
  message.version = version;
  for (const auto& [field, value] : fields) {
    const auto fixed = std::ranges::find(message.rule->fixed, field, &ged::FixedRule::name);
    ged::DecodedField made;
    made.name = field;
    if (const auto* n = std::get_if<std::int64_t>(&value)) made.value.number = *n;
    if (const auto* s = std::get_if<std::string>(&value)) made.value.text = *s;
    if (const auto* v = std::get_if<Named>(&value)) {
      made.value.name = v->name;
      made.value.text = v->value;
      made.value.index = static_cast<std::uint8_t>(std::max(0, v->index));
    }
    if (fixed != message.rule->fixed.end()) {
      if (fixed->since > version) continue;
      made.type = fixed->type;
      message.fixed.push_back(made);
      continue;
    }
    const auto floating = std::ranges::find(message.rule->floating, field, &ged::FloatRule::name);
    if (floating == message.rule->floating.end())
      throw std::runtime_error(name + " has no " + field);
    made.type = floating->type;
    made.tag = floating->tag;
    message.floating.push_back(made);
  }
  auto bytes = ged::encode_table(message);
  if (!bytes) throw std::runtime_error(bytes.error());
  return std::move(bytes).value();
}

std::uint32_t PlainClient::turn() {
  const std::size_t count = io_->wait(completions_, kNever);
  for (std::size_t i = 0; i < count; ++i) {
    const core::Completion& c = completions_[i];
    if (c.event == core::IoEvent::kConnected) connected = true;
    if (c.event == core::IoEvent::kSent) in_flight_ = false;
    if (c.event == core::IoEvent::kClosed) {
      closed = true;
      connected = false;
      close_error = c.error;
    }
    if (c.event != core::IoEvent::kReceived) continue;
    const auto outcome = cutter_.feed(c.bytes, [&](const ged::Frame& frame) {
      Message message = ged::decode_table(
          frame.whole, version_, strict ? ged::Strictness::kStrict : ged::Strictness::kLenient);
      if (strict && message.error) ADD_FAILURE() << message.name << ": " << message.error->text();
      inbox.push_back(std::move(message));
    });
    if (strict && !outcome.ok()) ADD_FAILURE() << outcome.error().text();
  }
  flush();
  return static_cast<std::uint32_t>(count);
}

std::vector<std::string> PlainClient::names(const std::string& only) const {
  std::vector<std::string> found;
  for (const Message& message : inbox) {
    if (message.name.starts_with(only)) found.push_back(message.name);
  }
  return found;
}

bool PlainClient::has(const std::string& name) const {
  return std::ranges::any_of(inbox, [&](const Message& m) { return m.name == name; });
}

const Message& PlainClient::last(const std::string& name) const {
  for (auto message = inbox.rbegin(); message != inbox.rend(); ++message) {
    if (message->name == name) return *message;
  }
  std::string all;
  for (const Message& message : inbox) all += " " + message.name;
  ADD_FAILURE() << "no " << name << " among:" << all;
  static const Message kNothing;
  return kNothing;
}

PlainWorld::PlainWorld(ServerSettings settings, Settings gateway, std::uint64_t seed,
                       const core::SimFaults& faults)
    : network(seed, faults), io(network.make_io("10.0.0.1")) {
  settings.side_a = {"10.0.0.1", 42027};
  settings.side_b = {"10.0.0.1", 43027};
  server = std::move(Server::make(*io, settings, std::move(gateway)).value());
}

PlainClient& PlainWorld::client(ged::Version version) {
  const std::string host = "10.0.1." + std::to_string(clients.size() + 1);
  clients.push_back(std::make_unique<PlainClient>(network, host, version));
  return *clients.back();
}

PlainClient& PlainWorld::session(ged::Version version, std::uint32_t services, const Fields& more,
                                 Side side) {
  PlainClient& made = client(version);
  made.connect(server->port(side));
  settle();
  Fields fields = {{"InvokeID", 1},
                   {"VersionNumber", version},
                   {"IdleTimeout", 0xFFFF'FFFF},
                   {"PeripheralID", 5000},
                   {"ServicesRequested", services},
                   {"CallMsgMask", 0xFFFF'FFFF},
                   {"AgentStateMask", 0x3FFF},
                   {"ConfigMsgMask", 0x3FF},
                   {"ClientID", std::string("plain")},
                   {"ClientPassword", std::string()}};
  for (const auto& field : more) {
    const auto known =
        std::ranges::find(fields, field.first, &std::pair<std::string, Value>::first);
    if (known == fields.end()) {
      fields.push_back(field);
    } else {
      known->second = field.second;
    }
  }
  made.send("OPEN_REQ", fields);
  settle();
  return made;
}

void PlainWorld::pass(Nanos time) {
  const TimePoint end = network.now() + time;
  for (;;) {
    std::uint32_t work = server->turn(kNever);
    for (const auto& client : clients) work += client->turn();
    if (work > 0) continue;
    const TimePoint next =
        std::min({network.next_event(), network.next_deadline(), server->next_deadline()});
    if (next > end) break;
    network.run_until(std::max(next, network.now()));
  }
  network.run_until(end);
  server->turn(kNever);
  for (const auto& client : clients) client->turn();
}

}  // namespace cti::simulator
