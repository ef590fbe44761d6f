// source.cpp - telling the kinds of input apart, and bringing TCP segments into order. See source.hpp.
#include "tools/wire/source.hpp"

#include "tools/wire/hex.hpp"
#include "tools/wire/lines.hpp"
#include "tools/wire/pcap.hpp"
#include "tools/wire/stream.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>

namespace cti::tools {
namespace {

using namespace wire::ged188;

constexpr std::size_t kPendingBytesMax = 1024 * 1024;
constexpr std::size_t kPendingSegmentsMax = 1024;
constexpr std::size_t kPendingBytesMaxInAll = 64 * 1024 * 1024;
constexpr std::size_t kConversationsMax = 4096;
constexpr std::size_t kLookBytes = 4096;

/// One direction: segments in any order in, a stream out. `held` is shared: the bytes that all directions keep.
class Direction {
 public:
  Direction(Conversation& conversation, const SourceOptions& options, const OnMessage& on_message,
            std::string where, std::size_t& held)
      : where_(where), stream_(conversation, options, on_message, std::move(where)), held_(held) {}

  /// Empty: all well; else what was given up.
  std::string add(const Segment& segment) {
    if (segment.syn && started_ && segment.sequence + 1 != first_) restart();
    if (segment.syn || !started_) {  // else the capture began in mid-connection
      if (!started_) first_ = next_ = segment.sequence + (segment.syn ? 1U : 0U);
      started_ = true;
    }
    if (segment.payload.empty() || segment.syn || lost_) return {};
    keep(segment);
    drain();
    const bool too_much = bytes_ > kPendingBytesMax || pending_.size() > kPendingSegmentsMax ||
                          held_ > kPendingBytesMaxInAll;
    if (!too_much) return {};
    lost_ = true;
    drop();
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
  /// The same two ports once more: what the old connection left unfinished is shown, and all begins anew.
  void restart() {
    stream_.finish();
    stream_.restart();
    drop();
    started_ = lost_ = false;
  }
  void keep(const Segment& segment) {
    std::string& slot = pending_[segment.sequence];
    if (slot.size() >= segment.payload.size()) return;
    bytes_ += segment.payload.size() - slot.size();
    held_ += segment.payload.size() - slot.size();
    slot.assign(as_text(segment.payload));
  }
  std::string take(std::map<std::uint32_t, std::string>::iterator at) {
    std::string segment = std::move(at->second);
    bytes_ -= segment.size();
    held_ -= segment.size();
    pending_.erase(at);
    return segment;
  }
  void drop() {
    while (!pending_.empty()) take(pending_.begin());
  }
  void drain() {
    for (auto at = pending_.begin(); at != pending_.end();) {
      const auto ahead = static_cast<std::int32_t>(at->first - next_);  // sequence numbers wrap
      if (ahead > 0) {
        ++at;
        continue;
      }
      const auto known = static_cast<std::size_t>(-static_cast<std::int64_t>(ahead));
      const std::string segment = take(at);
      if (segment.size() > known) {
        next_ += static_cast<std::uint32_t>(segment.size() - known);
        stream_.feed(as_bytes(std::string_view(segment).substr(known)));
      }
      at = pending_.begin();
    }
  }

  std::string where_;
  Stream stream_;
  std::size_t& held_;
  std::map<std::uint32_t, std::string> pending_;
  std::size_t bytes_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t next_ = 0;
  bool started_ = false;
  bool lost_ = false;
};

/// Segments on ports that nobody asked for: how many, and on which ports most.
class Skipped {
 public:
  void add(const Segment& segment) {
    if (segment.payload.empty()) return;
    ++segments_;
    for (const std::uint16_t port : {segment.from_port, segment.to_port}) ++by_port_[port];
  }
  std::string text() const {
    std::vector<std::pair<std::uint64_t, std::uint16_t>> most;
    for (const auto& [port, count] : by_port_) most.emplace_back(count, port);
    std::ranges::sort(most, std::greater());
    most.resize(std::min<std::size_t>(most.size(), 4));
    std::string out = std::to_string(segments_) + " TCP segments on other ports were skipped (";
    for (const auto& [count, port] : most)
      out += (out.ends_with('(') ? "" : ", ") + std::to_string(port) + ": " + std::to_string(count);
    return out + "); --port PORT takes those of another server";
  }
  bool any() const noexcept { return segments_ > 0; }

 private:
  std::uint64_t segments_ = 0;
  std::map<std::uint16_t, std::uint64_t> by_port_;  // as many as there are ports
};

struct Connection {
  Conversation conversation;
  std::unique_ptr<Direction> from_client, from_server;
};

void read_pcap(std::istream& in, const SourceOptions& options, const OnMessage& on_message,
               const OnProblem& on_problem) {
  std::map<std::string, Connection> connections;
  std::size_t held = 0;
  const auto is_server = [&](std::uint16_t port) {
    return std::find(options.ports.begin(), options.ports.end(), port) != options.ports.end();
  };
  const auto report = [&](const std::string& problem) {
    if (!problem.empty()) on_problem(problem);
  };
  bool crowded = false;
  Skipped skipped;
  const auto on_segment = [&](const Segment& segment) {
    const bool to_server = is_server(segment.to_port);
    if (!to_server && !is_server(segment.from_port)) return skipped.add(segment);
    const std::string& client = to_server ? segment.from : segment.to;
    const std::string& server = to_server ? segment.to : segment.from;
    const std::string key = client + " " + server;
    if (connections.size() >= kConversationsMax && !connections.contains(key)) {
      if (!crowded) on_problem("more than 4096 connections: further ones are left out");
      crowded = true;
      return;
    }
    Connection& connection = connections[key];
    if (!connection.from_client) {
      connection.conversation.version = options.version.value_or(kNewestVersion);
      connection.from_client = std::make_unique<Direction>(
          connection.conversation, options, on_message, client + " > " + server, held);
      connection.from_server = std::make_unique<Direction>(
          connection.conversation, options, on_message, server + " > " + client, held);
    }
    if (options.on_time) options.on_time(segment.time_ns);
    report((to_server ? connection.from_client : connection.from_server)->add(segment));
  };
  const std::string wrong = read_capture(in, on_segment);
  for (auto& [key, connection] : connections) {
    report(connection.from_client->finish());
    report(connection.from_server->finish());
  }
  if (!wrong.empty()) on_problem("the capture is broken: " + wrong);
  if (skipped.any() && options.on_skipped) options.on_skipped(skipped.text());
}

void read_raw(std::istream& in, const SourceOptions& options, const OnMessage& on_message,
              const OnProblem& on_problem) {
  Conversation conversation{options.version.value_or(kNewestVersion)};
  Stream stream(conversation, options, on_message, "stream");
  std::array<char, 65'536> buffer;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (!stream.feed(as_bytes(bytes))) {
      return on_problem(
          "a length that no message has: the rest of the stream cannot be cut into messages");
    }
  }
  stream.finish();
}

/// Hex lines, each a stream; the lines of a dump make one stream together.
class HexReader {
 public:
  HexReader(const SourceOptions& options, const OnMessage& on_message, const OnProblem& on_problem)
      : options_(options),
        on_message_(on_message),
        on_problem_(on_problem),
        conversation_{options.version.value_or(kNewestVersion)} {}

  void add(std::string_view text, const std::string& where) {
    const auto dump = from_dump(text, dump_ ? position_ : 0);
    if (dump) return add_dump(*dump, where);
    finish();
    const auto bytes = from_hex(text);
    if (!bytes) return on_problem_(where + ": not hex digits in pairs");
    Stream stream(conversation_, options_, on_message_, where);
    if (stream.feed(as_bytes(*bytes))) stream.finish();
  }
  void finish() {
    if (dump_) dump_->finish();
    dump_.reset();
  }

 private:
  void add_dump(const DumpLine& line, const std::string& where) {
    if (!dump_ || line.offset != position_) {
      finish();
      dump_ = std::make_unique<Stream>(conversation_, options_, on_message_, where);
      position_ = 0;
    }
    position_ += line.bytes.size();
    dump_->feed(as_bytes(line.bytes));
  }

  const SourceOptions& options_;
  const OnMessage& on_message_;
  const OnProblem& on_problem_;
  Conversation conversation_;
  std::unique_ptr<Stream> dump_;
  std::size_t position_ = 0;
};

void read_hex(std::istream& in, const SourceOptions& options, const OnMessage& on_message,
              const OnProblem& on_problem) {
  HexReader reader(options, on_message, on_problem);
  LineReader lines(in);
  for (std::string line; lines.next(line);) {
    if (lines.too_long()) {
      on_problem(lines.where() + ": longer than 1 MiB");
      continue;
    }
    const std::string_view text = std::string_view(line).substr(0, line.find('#'));
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) reader.add(text, lines.where());
  }
  reader.finish();
}

/// No byte that a line of ASCII cannot have, but in comments. A frame begins with its length, whose first byte is zero.
bool is_text(std::string_view head) {
  bool comment = false;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    const bool printable = (byte >= 0x20 && byte < 0x7F) || (byte >= '\t' && byte <= '\r');
    if (!printable && !(comment && byte >= 0x80)) return false;
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

void read_messages(std::istream& in, const SourceOptions& options, const OnMessage& on_message,
                   const OnProblem& on_problem) {
  std::string head(kLookBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // some editors put it before text
  if (head.starts_with(kMark)) head.erase(0, kMark.size());
  const bool capture = is_capture(as_bytes(std::string_view(head).substr(0, 4)));
  const bool text = is_text(head);
  Rewound buffer(std::move(head), in);
  std::istream rewound(&buffer);
  if (capture) return read_pcap(rewound, options, on_message, on_problem);
  if (text) return read_hex(rewound, options, on_message, on_problem);
  read_raw(rewound, options, on_message, on_problem);
}

}  // namespace cti::tools
