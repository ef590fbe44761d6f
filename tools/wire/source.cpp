// source.cpp - telling the kinds of input apart, and bringing TCP segments into order. See source.hpp.
#include "tools/wire/source.hpp"

#include "tools/wire/hex.hpp"
#include "tools/wire/pcap.hpp"
#include "tools/wire/stream.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace cti::tools {
namespace {

using namespace wire::ged188;

constexpr std::size_t kLineBytesMax = 1024 * 1024;
constexpr std::size_t kPendingBytesMax = 1024 * 1024;
constexpr std::size_t kConversationsMax = 4096;
constexpr std::size_t kLookBytes = 4096;

/// One direction: segments in any order in, a stream out.
class Direction {
 public:
  Direction(Conversation& conversation, const SourceOptions& options, const OnMessage& on_message,
            std::string where)
      : where_(where), stream_(conversation, options, on_message, std::move(where)) {}

  /// Empty: all well; else what was given up.
  std::string add(const Segment& segment) {
    if (segment.syn) {
      next_ = segment.sequence + 1;
      started_ = true;
      return {};
    }
    if (!started_) next_ = segment.sequence;  // the capture began in mid-connection
    started_ = true;
    if (segment.payload.empty() || lost_) return {};
    pending_bytes_ += segment.payload.size();
    std::string& slot = pending_[segment.sequence];
    if (slot.size() < segment.payload.size()) slot.assign(as_text(segment.payload));
    drain();
    if (pending_bytes_ <= kPendingBytesMax) return {};
    lost_ = true;
    pending_.clear();
    return where_ +
           ": segments are missing from the capture, the rest of this direction is left out";
  }
  std::string finish() {
    const bool gap = !pending_.empty();
    stream_.finish();
    if (!gap || lost_) return {};
    return where_ + ": segments are missing from the capture";
  }

 private:
  void drain() {
    for (auto at = pending_.begin(); at != pending_.end();) {
      const auto ahead = static_cast<std::int32_t>(at->first - next_);  // sequence numbers wrap
      if (ahead > 0) {
        ++at;
        continue;
      }
      const auto known = static_cast<std::size_t>(-static_cast<std::int64_t>(ahead));
      const std::string segment = std::move(at->second);
      pending_.erase(at);
      pending_bytes_ = 0;
      for (const auto& [sequence, bytes] : pending_) pending_bytes_ += bytes.size();
      if (segment.size() > known) {
        next_ += static_cast<std::uint32_t>(segment.size() - known);
        stream_.feed(as_bytes(std::string_view(segment).substr(known)));
      }
      at = pending_.begin();
    }
  }

  std::string where_;
  Stream stream_;
  std::map<std::uint32_t, std::string> pending_;
  std::size_t pending_bytes_ = 0;
  std::uint32_t next_ = 0;
  bool started_ = false;
  bool lost_ = false;
};

struct Connection {
  Conversation conversation;
  std::unique_ptr<Direction> from_client, from_server;
};

std::vector<std::string> read_pcap(std::istream& in, const SourceOptions& options,
                                   const OnMessage& on_message) {
  std::vector<std::string> problems;
  std::map<std::string, Connection> connections;
  const auto is_server = [&](std::uint16_t port) {
    return std::find(options.ports.begin(), options.ports.end(), port) != options.ports.end();
  };
  const auto on_segment = [&](const Segment& segment) {
    const bool to_server = is_server(segment.to_port);
    if (!to_server && !is_server(segment.from_port)) return;
    const std::string& client = to_server ? segment.from : segment.to;
    const std::string& server = to_server ? segment.to : segment.from;
    if (connections.size() >= kConversationsMax && !connections.contains(client + server)) return;
    Connection& connection = connections[client + server];
    if (!connection.from_client) {
      connection.conversation.version = options.version.value_or(kNewestVersion);
      connection.from_client = std::make_unique<Direction>(connection.conversation, options,
                                                           on_message, client + " > " + server);
      connection.from_server = std::make_unique<Direction>(connection.conversation, options,
                                                           on_message, server + " > " + client);
      if (connections.size() == kConversationsMax)
        problems.push_back("more than 4096 connections: further ones are left out");
    }
    std::string problem =
        (to_server ? connection.from_client : connection.from_server)->add(segment);
    if (!problem.empty()) problems.push_back(std::move(problem));
  };
  std::string wrong = read_capture(in, on_segment);
  for (auto& [key, connection] : connections) {
    for (Direction* direction : {connection.from_client.get(), connection.from_server.get()}) {
      std::string problem = direction->finish();
      if (!problem.empty()) problems.push_back(std::move(problem));
    }
  }
  if (!wrong.empty()) problems.push_back("the capture is broken: " + wrong);
  return problems;
}

std::vector<std::string> read_raw(std::istream& in, const SourceOptions& options,
                                  const OnMessage& on_message) {
  Conversation conversation{options.version.value_or(kNewestVersion)};
  Stream stream(conversation, options, on_message, "stream");
  std::array<char, 65'536> buffer;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (!stream.feed(as_bytes(bytes)))
      return {"a length that no message has: the rest of the stream cannot be cut into messages"};
  }
  stream.finish();
  return {};
}

std::vector<std::string> read_hex(std::istream& in, const SourceOptions& options,
                                  const OnMessage& on_message) {
  std::vector<std::string> problems;
  Conversation conversation{options.version.value_or(kNewestVersion)};
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const std::string where = "line " + std::to_string(number);
    const std::string text = line.substr(0, line.find('#'));
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto bytes = line.size() <= kLineBytesMax ? from_hex(text) : std::nullopt;
    if (!bytes) {
      problems.push_back(where + (line.size() > kLineBytesMax ? ": longer than 1 MiB"
                                                              : ": not hex digits in pairs"));
      continue;
    }
    Stream stream(conversation, options, on_message, where);
    if (stream.feed(as_bytes(*bytes))) stream.finish();
  }
  return problems;
}

/// Hex text has nothing but digits, blanks and comments.
bool is_hex(std::string_view head) {
  bool comment = false;
  for (const char c : head) {
    if (c == '\n') comment = false;
    if (c == '#') comment = true;
    if (comment) continue;
    const bool digit = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
    if (!digit && c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ':') return false;
  }
  return true;
}

/// The bytes looked at already, then the rest of the stream.
class Rewound : public std::streambuf {
 public:
  Rewound(std::string head, std::istream& rest) : head_(std::move(head)), rest_(rest) {
    setg(head_.data(), head_.data(), head_.data() + head_.size());
  }

 protected:
  int_type underflow() override {
    head_.resize(65'536);
    rest_.read(head_.data(), static_cast<std::streamsize>(head_.size()));
    const auto got = static_cast<std::size_t>(rest_.gcount());
    if (got == 0) return traits_type::eof();
    setg(head_.data(), head_.data(), head_.data() + got);
    return traits_type::to_int_type(head_[0]);
  }

 private:
  std::string head_;
  std::istream& rest_;
};

}  // namespace

std::vector<std::string> read_messages(std::istream& in, const SourceOptions& options,
                                       const OnMessage& on_message) {
  std::string head(kLookBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  const bool capture = is_capture(as_bytes(std::string_view(head).substr(0, 4)));
  const bool hex = is_hex(head);
  Rewound buffer(std::move(head), in);
  std::istream rewound(&buffer);
  if (capture) return read_pcap(rewound, options, on_message);
  return hex ? read_hex(rewound, options, on_message) : read_raw(rewound, options, on_message);
}

}  // namespace cti::tools
