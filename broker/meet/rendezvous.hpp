// rendezvous.hpp - what passes between a line (one per peripheral gateway) and the fan-out reactors.
//
// Why      updates travel in the event log, which every fan-out reactor reads; all else travels here.
// Shape    Ask: fan-out -> line, through one lane per pair (requests, thousands a second; see ask_queue.hpp).
//          Tell: line -> fan-out, through one lane per pair (replies, snapshots: private to one session; tell_lane.hpp).
// Order    a Tell names the log position that it comes after, records that wait for the log counted: the session first
//          gets every update below it. How that is kept: tell_lane.hpp, log_writer.hpp.
// Bounds   both have a fixed capacity. A full lane of Asks refuses the request at the fan-out (busy, counted); a full
//          lane of Tells makes the line keep the Tell in its own bounded backlog and, past that, cut the session (kCut,
//          counted).
#pragma once

#include "broker/meet/principal.hpp"
#include "core/io.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cti::broker {

/// One client session as the line sees it: enough to answer it, harmless when it is gone.
struct SessionRef {
  std::uint16_t fanout = 0;          ///< index of its fan-out reactor
  core::ConnectionId connection{};   ///< slot and generation there
  std::uint64_t session_number = 0;  ///< CILConnectionID; never reused while the server lives
  Principal who;                     ///< what it may ask for, see rights.hpp
};

/// Where a log stood. Equal lineage and epoch make sequences comparable.
struct Position {
  std::uint64_t lineage = 0;
  std::uint32_t epoch = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// The object map of one line, serialised as snapshot records at one position. Shared by all sessions that need it.
struct SnapshotImage {
  Position position;               ///< the last record that the image contains
  std::uint64_t log_position = 0;  ///< byte position in the line's log from which to go on
  std::uint32_t peripheral_id = 0;
  std::uint32_t records = 0;
  std::vector<std::byte> bytes;  ///< whole kSnapshotRecord frames, one after the other
};

enum class AskKind : std::uint8_t {
  kRequest,    ///< a client's request; answered by exactly one kReply
  kAgentMode,  ///< make sure that the agent is known and fresh, then kAgentMode with an image
  kSnapshot,   ///< an image, for monitor mode, a lapped session or a resume that is too old
  kSessionGone,  ///< this session, and all before it in its slot, have ended: their requests go unanswered
  kStatisticsTaken,  ///< whoever sits in this slot has taken the statistics that it was told last
};

struct Ask {
  AskKind kind = AskKind::kRequest;
  SessionRef from;
  std::uint64_t request_id = 0;  ///< the client's; echoed in the reply
  std::uint64_t token =
      0;  ///< the client's identity across reconnects: (token, request_id) runs at most once
  std::uint32_t request = 0;         ///< wire::RequestId
  std::vector<std::byte> arguments;  ///< checked Arguments bytes
};

enum class TellKind : std::uint8_t {
  kReply,         ///< `frames` holds one kReply frame
  kPrivateEvent,  ///< `frames` holds kPrivateEvent frames; `agent_key`: only in this agent's mode, 0: in any
  kAgentMode,  ///< the answer to AskKind::kAgentMode: `agent_key` and `image`, or a refusal in `frames`
  kSnapshot,  ///< the answer to AskKind::kSnapshot: `image`
  kWatch,     ///< whom a supervisor's session watches has changed: `edges`, and `image` of all it sees
  kStatistics,  ///< `frames` holds kPrivateEvent frames; when they are taken the line is told: kStatisticsTaken
  kCut,       ///< an answer to this session has found no room and is lost: the session must end
};

/// A session is to be given the records of another agent: those with one of these topics; 0: none any more.
struct WatchEdge {
  std::uint64_t agent_key = 0;
  std::uint32_t topics = 0;
};

struct Tell {
  TellKind kind = TellKind::kReply;
  SessionRef to;
  std::uint64_t after_log_position =
      0;  ///< deliver when the session has been given the log up to here
  std::uint64_t request_id = 0;
  std::uint64_t agent_key = 0;
  bool refused = false;
  std::vector<std::byte> frames;
  std::shared_ptr<const SnapshotImage> image;
  std::vector<WatchEdge> edges;  ///< kWatch: what has changed; kAgentMode: all that the session watches

  /// What ends a session that something could not be told.
  static Tell cut(const SessionRef& to) { return {.kind = TellKind::kCut, .to = to}; }
};

}  // namespace cti::broker
