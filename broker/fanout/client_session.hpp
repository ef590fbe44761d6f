// client_session.hpp - one CIL session as its fan-out reactor holds it.
//
// Shape    Session is what every send and every delivered record touches: one cache line. SessionDetail is everything
//          rare, allocated on accept. The feeds, one per line, lie beside them in the reactor.
// Threads  one: the reactor. No session is ever seen by another thread; others know a SessionRef.
// Parts    Feed (feed.hpp): how far it has been given a line. Stream (stream.hpp): what it is sent, and in which order.
#pragma once

#include "broker/fanout/stream.hpp"
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

inline constexpr std::size_t kAgentIdBytesMax = 64;  ///< AgentID or LoginName in a kSubscribe

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
  TimePoint
      asked_at{};  ///< since when it waits for a mode, or for an image: for room, then for the line
  TimePoint image_since{};    ///< since when it holds an image; meaningful while image.image
  TimePoint blocked_since{};  ///< since when its socket has been full; meaningful while it is
  TimePoint paused_since{};   ///< since when it is not read from; meaningful while paused
  TimePoint question_at{};    ///< when it was last asked whether it lives
  TimePoint beat_at = kNever;  ///< when it is told that this server lives; kNever: it does not wish so
  Nanos beat{0};               ///< how often
  core::TimerId timer;
  TimePoint timer_at = kNever;
  TimePoint tokens_at{};
  std::uint32_t tokens = 0;
  std::vector<AskShare> shares;       ///< [line] of its requests, what waits there
  std::uint32_t heartbeats_sent = 0;  ///< since something was last heard
  std::uint32_t stops_seen = 0;  ///< how often this reactor had stood still when it was last asked
  std::uint32_t in_flight = 0;   ///< requests that a line has and has not answered
  wire::Role claim = wire::Role::kClient;  ///< granted
  SessionMode mode = SessionMode::kNone;
  bool counted_monitor = false;
  bool told_gone = false;    ///< the lines have been told that the session has ended
  bool admitted = false;     ///< counted by the Admission
  bool turned_away = false;  ///< counted among those being told that there is no room
  bool was_lapped = false;   ///< since it was last live on every line
  bool was_away = false;     ///< likewise, for a snapshot of what it watches
  bool paused = false;       ///< owes us so much reading that nothing more is read from it

  wire::SessionFrameCutter cutter{wire::limits::kHelloBytesMax, kRetainBytes};

  /// Received, and not looked at before it has read more of what it is owed.
  std::vector<std::byte> unread;

  std::string client;              ///< what it calls itself, escaped and cut: for log lines
  std::uint64_t subscribe_id = 0;  ///< of the kSubscribe now being answered
  std::uint64_t agent_key = 0;
  std::uint16_t agent_line = 0;
  std::string agent_id;  ///< UniqueObjectID

  ImageRun image;              ///< the snapshot being sent
  bool image_shared = false;   ///< others may hold it too: an image of a whole line
  bool image_pending = false;  ///< an image has been asked for, or is being sent
  bool wants_image = false;    ///< one is needed, and has not come yet
  bool asked = false;          ///< the line has been asked for the mode or image that it waits for
  bool found_no_room = false;  ///< and has answered, and there was no room for the image
  bool watched_before = false; ///< it says that it watched others: what it has seen of them may be over
  std::uint64_t statistics = 0;  ///< lines (a bit each) whose statistics it holds and has not taken
  bool refresh = false;        ///< what it watches has changed, and it has not been given an image of it

  std::vector<wire::Position> resume;  ///< what the client says that it has seen
  std::uint64_t lapped = 0;            ///< how often it got a snapshot in place of updates
  std::uint64_t system_seen = 0;       ///< was_away: the records about the system that there had been by then

  Bytes sending;  ///< the send in flight, for the trace; empty while there is none
  // for the log
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  ///< of them, here or by the line
  wire::CloseReason ended{};  ///< why it was closed; no reason has the number 0: not by us
  bool left = false;          ///< it said goodbye
  bool cut = false;           ///< its connection was reset by us without a word
};

/// The hot part. Exactly one cache line.
struct alignas(kCacheLine) Session {
  SessionState state = SessionState::kFree;
  bool pushing = false;          ///< agent mode and live: records are appended as they come
  bool queued = false;           ///< on the reactor's list of sessions to look at
  bool unsettled = false;        ///< needs more than sending: see FanoutReactor::progress
  std::uint32_t generation = 0;  ///< with the slot: the ConnectionId
  Stream stream;
  std::uint64_t number = 0;  ///< CILConnectionID
  std::unique_ptr<SessionDetail> detail;
};
static_assert(sizeof(Session) == kCacheLine);

}  // namespace cti::broker
