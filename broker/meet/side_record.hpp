// side_record.hpp - what is said beside the updates: to one agent or session (addressed), or to the peer only (internal).
//
// Why      updates are what clients count: a number in the sequence that is nobody's business would be a gap for all, and a
//          session that may see everything is sent the log's own bytes. So what is no update lies in a log of its own, and
//          the clients' log stays pure.
// Order    each record says which position of the clients' log it comes after; whoever follows both logs takes it when it
//          has followed the first one to there. Among themselves they are in order.
// Record   a prefix (length, kind), where it belongs, to whom, and a frame: for an addressed one what the addressee is sent,
//          for an internal one what only the peer understands. Little-endian, 8-byte aligned, as in the clients' log.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace cti::broker {

enum class SideKind : std::uint16_t {
  kToAgent = 1,    ///< every session bound to the agent of this key
  kToSession = 2,  ///< one session
  kInternal = 3,   ///< no session, however much it may see
  kToAgents = 4,   ///< every session in agent mode but those bound to the agent of this key
};

/// To whom. `agent_key` for kToAgent and, of whom it is not for, kToAgents, `session` for kToSession, neither for kInternal.
struct SideHeader {
  SideKind kind = SideKind::kInternal;
  std::uint64_t after_log_position = 0;  ///< of the clients' log
  std::uint64_t agent_key = 0;
  SessionRef session;
};

struct SideRecord {
  static constexpr std::size_t kHeaderBytes = 48;
  static constexpr std::size_t kFrameBytesMax = limits::kSideFrameBytesMax;
  static constexpr std::size_t kBytesMax = kHeaderBytes + kFrameBytesMax;

  SideHeader header;
  Bytes frame;  ///< in the record's own bytes

  /// Writes one into `room`, which is kBytesMax long or longer; nothing when the frame is too long, or no multiple of 8.
  static Bytes write(MutableBytes room, const SideHeader& header, Bytes frame) noexcept {
    CTI_CHECK(room.size() >= kHeaderBytes);
    const std::size_t bytes = kHeaderBytes + frame.size();
    if (frame.size() > kFrameBytesMax || frame.size() % 8 != 0 || bytes > room.size()) return {};
    std::byte* const at = room.data();
    store_le<std::uint32_t>(at, static_cast<std::uint32_t>(bytes));
    store_le<std::uint16_t>(at + 4, static_cast<std::uint16_t>(header.kind));
    store_le<std::uint16_t>(at + 6, header.session.fanout);
    store_le<std::uint64_t>(at + 8, header.after_log_position);
    store_le<std::uint64_t>(at + 16, header.agent_key);
    store_le<std::uint64_t>(at + 24, header.session.session_number);
    store_le<std::uint32_t>(at + 32, header.session.connection.slot);
    store_le<std::uint32_t>(at + 36, header.session.connection.generation);
    store_le<std::uint64_t>(at + 40, 0);
    if (!frame.empty()) std::memcpy(at + kHeaderBytes, frame.data(), frame.size());
    return room.first(bytes);
  }

  /// A record of this server's own log: what is wrong with it is our bug.
  static SideRecord read(Bytes record) noexcept {
    CTI_CHECK(record.size() >= kHeaderBytes);
    const std::byte* const at = record.data();
    CTI_CHECK(load_le<std::uint32_t>(at) == record.size());
    SideRecord made;
    made.header.kind = static_cast<SideKind>(load_le<std::uint16_t>(at + 4));
    made.header.session.fanout = load_le<std::uint16_t>(at + 6);
    made.header.after_log_position = load_le<std::uint64_t>(at + 8);
    made.header.agent_key = load_le<std::uint64_t>(at + 16);
    made.header.session.session_number = load_le<std::uint64_t>(at + 24);
    made.header.session.connection.slot = load_le<std::uint32_t>(at + 32);
    made.header.session.connection.generation = load_le<std::uint32_t>(at + 36);
    made.frame = record.subspan(kHeaderBytes);
    return made;
  }
};
static_assert(SideRecord::kBytesMax == limits::kSideRecordBytesMax);
static_assert(SideRecord::kHeaderBytes % 8 == 0 && SideRecord::kBytesMax % 8 == 0);

}  // namespace cti::broker
