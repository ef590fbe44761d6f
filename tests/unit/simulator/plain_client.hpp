// plain_client.hpp - a GED-188 client that knows the protocol's tables and nothing of the simulator's encoders.
//
// Shape    messages are made and read by field name through wire/ged188_table. Every frame that comes is decoded strictly:
//          a message that a strict peer would refuse fails the test.
#pragma once

#include "core/sim_io.hpp"
#include "tools/simulator/server/server.hpp"
#include "wire/ged188_table.hpp"
#include "wire/mhdr.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cti::simulator {

namespace ged = wire::ged188;

struct Named {
  std::string name, value;
  int index = -1;
};
using Value = std::variant<std::int64_t, std::string, Named>;
using Fields = std::vector<std::pair<std::string, Value>>;
using Message = ged::DecodedMessage;

/// The number in a field, or -1 when the message has none of that name.
inline std::int64_t number(const Message& message, const std::string& field) {
  for (const auto* part : {&message.fixed, &message.floating}) {
    for (const ged::DecodedField& f : *part) {
      if (f.name == field) return f.value.number;
    }
  }
  return -1;
}
inline std::string text(const Message& message, const std::string& field) {
  for (const ged::DecodedField& f : message.floating) {
    if (f.name == field) return f.value.text;
  }
  return "(none)";
}
inline std::vector<std::string> texts(const Message& message, const std::string& field) {
  std::vector<std::string> found;
  for (const ged::DecodedField& f : message.floating) {
    if (f.name == field) found.push_back(f.value.text);
  }
  return found;
}

/// Writes a message from its field names; fields go to the fixed or the floating part by the schema.
std::vector<std::byte> make_message(const std::string& name, ged::Version version,
                                    const Fields& fields);

class PlainClient {
 public:
  PlainClient(core::SimNetwork& network, const std::string& host, ged::Version version)
      : io_(network.make_io(host)), version_(version), completions_(64) {}

  void connect(std::uint16_t port) { connection_ = io_->connect({"10.0.0.1", port}); }
  void send(const std::string& name, const Fields& fields) {
    send_bytes(make_message(name, version_, fields));
  }
  void send_bytes(std::vector<std::byte> bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    flush();
  }
  void stop_reading() { io_->set_receiving(connection_, false); }
  std::uint32_t turn();

  /// The names of what has come, in order; with `only` those that start with it.
  std::vector<std::string> names(const std::string& only = {}) const;
  /// The last message of this name. Fails the test when there is none.
  const Message& last(const std::string& name) const;
  bool has(const std::string& name) const;
  void clear() { inbox.clear(); }
  ged::Version version() const { return version_; }

  std::vector<Message> inbox;
  bool connected = false, closed = false, strict = true;
  std::int32_t close_error = 0;

 private:
  void flush() {
    if (!connected || in_flight_ || out_.empty()) return;
    in_flight_ = true;
    sending_ = std::exchange(out_, {});
    io_->send(connection_, sending_);
  }

  std::unique_ptr<core::Io> io_;
  ged::Version version_;
  core::ConnectionId connection_;
  ged::FrameCutter cutter_;
  std::vector<core::Completion> completions_;
  std::vector<std::byte> out_, sending_;
  bool in_flight_ = false;
};

/// A server, its clients, and the virtual clock between them.
class PlainWorld {
 public:
  explicit PlainWorld(ServerSettings settings = {}, Settings gateway = default_settings(),
                      std::uint64_t seed = 1, const core::SimFaults& faults = {});

  PlainClient& client(ged::Version version);
  /// Connected and opened with these services; the start-up messages are in its inbox.
  PlainClient& session(ged::Version version, std::uint32_t services, const Fields& more = {},
                       Side side = Side::kA);
  /// Lets everything happen for a while.
  void pass(Nanos time);
  void settle() { pass(Millis(100)); }
  std::string command(const std::string& line) { return server->command(line); }

  core::SimNetwork network;
  std::unique_ptr<core::Io> io;
  std::unique_ptr<Server> server;
  std::vector<std::unique_ptr<PlainClient>> clients;
};

}  // namespace cti::simulator
