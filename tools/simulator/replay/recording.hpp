// recording.hpp - what a client and a CTI Server said to each other once: read from a capture, or written while it happens.
//
// Shape    a Recording is one connection's messages in the order of the capture, each with its direction and its time. It is
//          read from all that ringside-wire reads. Hex lines and raw bytes have neither: the direction then follows from the
//          kind of message, and all times are 0.
//          PcapWriter is the other way: bytes as they pass become a pcap file that ringside-wire, Wireshark and replay read.
// Bounds   kRecordedMax messages: each takes some kilobytes once it is decoded.
// Threads  one owner.
#pragma once

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "wire/ged188_table.hpp"

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace cti::simulator {

namespace ged = wire::ged188;

inline constexpr std::size_t kRecordedMax = 200'000;

struct RecordedMessage {
  bool from_client = false;
  Nanos at{0};  ///< since the first message
  ged::DecodedMessage message;
  std::string where;  ///< in the file
};

struct Recording {
  std::vector<RecordedMessage> messages;
  std::string connection;  ///< "10.0.0.1:5001 10.0.0.2:42027", or empty
  std::vector<std::string>
      problems;  ///< of the file, one sentence each; what could be read is there nevertheless
};

struct RecordingOptions {
  std::vector<std::uint16_t> ports{42027, 43027};  ///< of the server in a capture
  std::optional<ged::Version> version;             ///< where no OPEN_REQ says it
  std::size_t connection =
      0;  ///< which one of a capture, from 1; 0: the first that opens a session
};

/// The error is one sentence.
Result<Recording, std::string> read_recording(std::istream& in, const RecordingOptions& options);

/// Writes Ethernet, IPv4 and TCP headers that never were, around bytes that were. Both ends are 127.0.0.1; the server has
/// its port, each connection a port of its own.
class PcapWriter {
 public:
  /// `out` must outlive the writer.
  PcapWriter(std::ostream& out, std::uint16_t server_port);
  /// Begins a connection; gives the number under which its bytes are added.
  std::uint32_t connection(WallMillis at, Nanos fraction);
  /// False: the stream is broken (the disk is full).
  bool bytes(std::uint32_t connection, bool from_client, Bytes bytes, WallMillis at,
             Nanos fraction);

 private:
  struct Ends {
    std::uint16_t port = 0;
    std::uint32_t sequence[2] = {1, 1};  ///< of the client, of the server
  };
  void segment(Ends& ends, bool from_client, bool syn, Bytes payload, WallMillis at,
               Nanos fraction);

  std::ostream& out_;
  std::uint16_t server_port_;
  std::vector<Ends> connections_;
};

}  // namespace cti::simulator
