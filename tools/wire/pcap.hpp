// pcap.hpp - TCP segments out of a capture file.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <functional>
#include <istream>
#include <string>

namespace cti::tools {

/// A segment as captured. Valid during the callback.
struct Segment {
  std::string from;  ///< "10.0.0.1:5001", "[fe80::1]:5001"
  std::string to;
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint32_t sequence = 0;
  bool syn = false;
  std::int64_t time_ns = 0;  ///< as captured, since 1970; 0: the file does not say
  Bytes payload;
};

/// Reads a pcap or pcapng file (both byte orders) to its end or its first fault. Packets that are no TCP are skipped.
/// Empty: read to the end; else what is wrong, and where.
std::string read_capture(std::istream& in, const std::function<void(const Segment&)>& on_segment);

/// Whether a file that begins with these four bytes is a capture.
bool is_capture(Bytes first_four);

}  // namespace cti::tools
