// source.hpp - messages from a file: hex lines, raw bytes, or a capture (pcap, pcapng).
//
// Shape    the kind is told from the first bytes: a capture by its magic number, text by having no control bytes, the rest
//          is raw. Every hex line is a stream of its own, and so is every hex dump with offsets, which runs over several
//          lines; raw bytes are one stream; a capture has a stream per direction of each TCP connection, put in order by
//          sequence number. `#` begins a comment.
// Version  an OPEN_REQ sets the version of its connection (of all that follows, for hex lines and raw bytes).
// Bounds   nothing is held but the line or packet in hand and what a stream still misses: 1 MiB in 1,024 segments per
//          direction, 64 MiB in all, 4,096 connections, 1 MiB per line, 256 KiB per packet. Beyond it the input is
//          broken, and said to be.
#pragma once

#include "wire/ged188_table.hpp"

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace cti::tools {

struct SourceOptions {
  std::optional<wire::ged188::Version>
      version;  ///< none: the newest, until an OPEN_REQ says otherwise
  wire::ged188::Strictness strictness = wire::ged188::Strictness::kLenient;
  std::vector<std::uint16_t> ports{42027, 43027};  ///< of the servers in a capture
  std::function<void(std::int64_t)>
      on_time{};  ///< captures: when the packet in hand came, before its messages (ns)
  /// Captures: told once at the end when segments with data went past on other ports than `ports`.
  std::function<void(const std::string&)> on_skipped{};
};

/// `where`: "line 3", "byte 1200", "10.0.0.1:5001 > 10.0.0.2:42027". A message without an end, or with a length that no
/// message has, comes as the last of its stream with its error.
using OnMessage =
    std::function<void(const wire::ged188::DecodedMessage&, const std::string& where)>;

/// What is wrong with the input itself, one sentence.
using OnProblem = std::function<void(const std::string&)>;

/// Reads to the end. Messages are reported to `on_message` as far as they could be found.
void read_messages(std::istream& in, const SourceOptions& options, const OnMessage& on_message,
                   const OnProblem& on_problem);

}  // namespace cti::tools
