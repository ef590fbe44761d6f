// client_session.hpp - one CIL session as its fan-out reactor holds it.
//
// Shape    Session is what every send and every delivered record touches: one cache line. Feed says, per line, how far
//          the session has been given that line's updates. SessionDetail is everything rare, allocated on accept.
// Threads  one: the reactor. No session is ever seen by another thread; others know a SessionRef.
// Stream   what a client receives is frames, one after the other, taken from three sources: the outbox (its own frames),
//          a channel (a range of ring bytes that many share) and a snapshot image (shared too). A source is left only
//          at the end of a frame; the rest of a ring record that a full socket cut is moved into the outbox at once.
#pragma once

#include "broker/fanout/outbox.hpp"
#include "broker/meet/ask_queue.hpp"
#include "broker/meet/rendezvous.hpp"
#include "core/base/cacheline.hpp"
#include "core/io.hpp"
#include "core/timer_wheel.hpp"
#include "wire/session_cutter.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cti::broker {

enum class SessionState : std::uint8_t {
  kFree,         ///< the slot is unused
  kOpening,      ///< accepted; Hello awaited
  kWelcomed,     ///< no mode yet
  kSubscribing,  ///< kSubscribe accepted; not every line has delivered its state yet
  kEstablished,  ///< agent or monitor mode
  kClosing,      ///< kClose queued; nothing is read any more
  kClosed,       ///< io.close called; kClosed awaited
};

enum class SessionMode : std::uint8_t { kNone, kAgent, kMonitor, kEverything };

/// How a session stands towards one line.
enum class FeedState : std::uint8_t {
  kOff,         ///< gets nothing from this line
  kNeedImage,   ///< a snapshot is due; not asked for yet
  kAwaitImage,  ///< asked
  kImage,       ///< being sent
  kCatchUp,  ///< `cursor` is a position in the line's log; filtered records go through the outbox
  kLive,     ///< agent mode: records are pushed; else `cursor` is a position in its channel
};

struct Feed {
  std::uint64_t cursor = 0;
  std::uint32_t member = 0;        ///< kLive in a channel: its place among the members
  std::uint16_t channel = 0xFFFF;  ///< index; kNoChannel: none
  FeedState state = FeedState::kOff;
  std::uint8_t reason = 0;  ///< of the snapshot that is due: wire::SnapshotReason
};
inline constexpr std::uint16_t kNoChannel = 0xFFFF;
inline constexpr std::size_t kAgentIdBytesMax = 64;  ///< AgentID or LoginName in a kSubscribe
static_assert(sizeof(Feed) == 16);

/// What the send in flight reads from.
enum class SendSource : std::uint8_t { kNone, kOutbox, kChannel, kImage };

/// What is rare about a session, and the frame of it that is not complete yet.
struct SessionDetail {
  static constexpr std::size_t kRetainBytes = 256;  ///< of input buffer between frames

  core::ConnectionId connection;
  std::uint64_t address = 0;
  TimePoint opened{};
  TimePoint last_heard{};  ///< when the last whole frame came
  TimePoint
      frame_since{};  ///< when the frame now incomplete began; meaningful while cutter.pending() > 0
  TimePoint closing_since{};
  TimePoint asked_at{};  ///< when a line was last asked for an image
  core::TimerId timer;
  TimePoint timer_at = kNever;
  TimePoint tokens_at{};
  std::uint32_t tokens = 0;
  std::vector<AskShare> shares;       ///< [line] of its requests, what waits there
  std::uint32_t heartbeats_sent = 0;  ///< since something was last heard
  std::uint16_t role = 0;
  SessionMode mode = SessionMode::kNone;
  bool counted_monitor = false;
  bool told_gone = false;  ///< the lines have been told that the session has ended
  bool admitted = false;   ///< counted by the Admission

  wire::SessionFrameCutter cutter{wire::limits::kHelloBytesMax, kRetainBytes};

  std::string client;              ///< what it calls itself, escaped and cut: for log lines
  std::uint64_t subscribe_id = 0;  ///< of the kSubscribe now being answered
  std::uint64_t agent_key = 0;
  std::uint16_t agent_line = 0;
  std::string agent_id;  ///< UniqueObjectID

  // The snapshot being sent.
  std::shared_ptr<const SnapshotImage> image;
  std::uint32_t image_offset = 0;   ///< sent, or copied, up to here
  std::uint32_t image_run_end = 0;  ///< end of the run being sent from the image itself
  std::uint32_t image_records = 0;
  std::uint16_t image_line = 0;

  bool image_pending = false;  ///< an image has been asked for, or is being sent

  std::vector<wire::Position> resume;  ///< what the client says that it has seen
  std::uint64_t lapped = 0;            ///< how often it got a snapshot in place of updates
};

/// The hot part. Exactly one cache line.
struct alignas(kCacheLine) Session {
  SessionState state = SessionState::kFree;
  SendSource source = SendSource::kNone;  ///< kNone: nothing in flight
  bool blocked = false;                   ///< socket full: kWritable awaited
  bool pushing = false;          ///< agent mode and live: records are appended as they come
  bool queued = false;           ///< on the reactor's list of sessions to look at
  bool unsettled = false;        ///< some feed needs more than sending: see FanoutReactor::progress
  std::uint16_t send_line = 0;   ///< kChannel: which feed the send in flight reads
  std::uint32_t send_bytes = 0;  ///< of the send in flight
  std::uint32_t generation = 0;  ///< with the slot: the ConnectionId
  Outbox outbox;                 ///< 12 bytes
  std::uint32_t spare = 0;
  std::uint64_t send_from = 0;  ///< kChannel: where the send in flight begins; held at the gate
  std::uint64_t number = 0;     ///< CILConnectionID
  std::unique_ptr<SessionDetail> detail;

  bool can_send() const noexcept { return source == SendSource::kNone && !blocked; }
};
static_assert(sizeof(Session) == kCacheLine);

}  // namespace cti::broker
