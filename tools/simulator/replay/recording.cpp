// recording.cpp - a capture as one conversation; and bytes as they pass, written as a capture.
#include "tools/simulator/replay/recording.hpp"

#include "tools/wire/source.hpp"

#include <algorithm>
#include <map>

namespace cti::simulator {
namespace {

constexpr std::size_t kSegmentBytesMax = 32 * 1024;

/// "a > b" as captures have it: the connection, and whether the client speaks.
struct Way {
  std::string connection;
  bool from_client = false;
};

Way way_of(const std::string& where, const std::vector<std::uint16_t>& ports) {
  const std::size_t arrow = where.find(" > ");
  if (arrow == std::string::npos) return {};
  const std::string from = where.substr(0, arrow), to = where.substr(arrow + 3);
  const bool to_server = std::ranges::any_of(
      ports, [&](std::uint16_t port) { return to.ends_with(":" + std::to_string(port)); });
  return {to_server ? from + " " + to : to + " " + from, to_server};
}

void put(std::string& to, std::uint64_t value, unsigned bytes, bool big) {
  for (unsigned i = 0; i < bytes; ++i) {
    const unsigned shift = 8 * (big ? bytes - 1 - i : i);
    to.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

}  // namespace

Result<Recording, std::string> read_recording(std::istream& in, const RecordingOptions& options) {
  std::vector<Recording> connections;
  std::map<std::string, std::size_t> known;
  Recording problems;
  std::int64_t first_ns = 0, now_ns = 0;
  std::size_t count = 0;
  tools::SourceOptions source;
  source.ports = options.ports;
  source.version = options.version;
  source.on_time = [&](std::int64_t time_ns) {
    if (first_ns == 0) first_ns = time_ns;
    now_ns = std::max(now_ns, time_ns - first_ns);
  };
  const auto keep = [&](const ged::DecodedMessage& message, const std::string& where) {
    if (++count > kRecordedMax) return;
    Way way = way_of(where, options.ports);
    if (way.connection.empty()) {
      way.from_client =
          message.rule != nullptr && message.rule->direction == ged::Direction::kFromClient;
    }
    const auto [at, fresh] = known.emplace(way.connection, connections.size());
    if (fresh) connections.push_back({{}, way.connection, {}});
    connections[at->second].messages.push_back({way.from_client, Nanos(now_ns), message, where});
  };
  tools::read_messages(in, source, keep,
                       [&](const std::string& problem) { problems.problems.push_back(problem); });
  if (count > kRecordedMax) return Err{std::string("more than 200000 messages")};
  if (connections.empty()) {
    return Err{problems.problems.empty() ? std::string("no messages in it")
                                         : problems.problems.front()};
  }
  std::size_t chosen = options.connection;
  if (chosen > connections.size())
    return Err{"it has " + std::to_string(connections.size()) + " connections, not " +
               std::to_string(chosen)};
  if (chosen == 0) {
    const auto opens = std::ranges::find_if(connections, [](const Recording& each) {
      return std::ranges::any_of(each.messages,
                                 [](const auto& m) { return m.message.name == "OPEN_REQ"; });
    });
    chosen =
        opens == connections.end() ? 1 : static_cast<std::size_t>(opens - connections.begin()) + 1;
  }
  Recording made = std::move(connections[chosen - 1]);
  made.problems = std::move(problems.problems);
  const Nanos start = made.messages.front().at;
  for (RecordedMessage& message : made.messages) message.at -= start;
  return made;
}

PcapWriter::PcapWriter(std::ostream& out, std::uint16_t server_port)
    : out_(out), server_port_(server_port) {
  std::string header;
  put(header, 0xA1B2C3D4, 4, false);
  put(header, 2, 2, false);
  put(header, 4, 2, false);
  put(header, 0, 8, false);
  put(header, 262'144, 4, false);
  put(header, 1, 4, false);  // Ethernet
  out_ << header;
}

std::uint32_t PcapWriter::connection(WallMillis at, Nanos fraction) {
  Ends ends;
  ends.port = static_cast<std::uint16_t>(10'000 + connections_.size() % 30'000);
  connections_.push_back(ends);
  segment(connections_.back(), true, true, {}, at, fraction);
  segment(connections_.back(), false, true, {}, at, fraction);
  return static_cast<std::uint32_t>(connections_.size() - 1);
}

bool PcapWriter::bytes(std::uint32_t connection, bool from_client, Bytes bytes, WallMillis at,
                       Nanos fraction) {
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kSegmentBytesMax));
    segment(connections_[connection], from_client, false, piece, at, fraction);
    bytes = bytes.subspan(piece.size());
  }
  return out_.good();
}

void PcapWriter::segment(Ends& ends, bool from_client, bool syn, Bytes payload, WallMillis at,
                         Nanos fraction) {
  std::uint32_t& sequence = ends.sequence[from_client ? 0 : 1];
  std::string frame(12, '\0');
  put(frame, 0x0800, 2, true);
  put(frame, 0x45, 1, true);
  put(frame, 0, 1, true);
  put(frame, 40 + payload.size(), 2, true);
  put(frame, 0x4000, 4, true);  // identification, do not fragment
  put(frame, 64, 1, true);
  put(frame, 6, 1, true);
  put(frame, 0, 2, true);
  put(frame, 0x7F00'0001, 4, true);
  put(frame, 0x7F00'0001, 4, true);
  put(frame, from_client ? ends.port : server_port_, 2, true);
  put(frame, from_client ? server_port_ : ends.port, 2, true);
  put(frame, syn ? sequence - 1 : sequence, 4, true);
  put(frame, syn ? 0 : ends.sequence[from_client ? 1 : 0], 4, true);
  put(frame, 0x50, 1, true);
  put(frame, syn ? 0x02 : 0x18, 1, true);
  put(frame, 65'535, 2, true);
  put(frame, 0, 4, true);
  frame.append(as_text(payload));
  sequence += static_cast<std::uint32_t>(payload.size());
  std::string header;
  put(header, static_cast<std::uint64_t>(at.since_epoch_ms / 1000), 4, false);
  const auto micros =
      static_cast<std::uint64_t>(at.since_epoch_ms % 1000 * 1000 + fraction.count() / 1000);
  put(header, micros, 4, false);
  put(header, frame.size(), 4, false);
  put(header, frame.size(), 4, false);
  out_ << header << frame;
}

}  // namespace cti::simulator
