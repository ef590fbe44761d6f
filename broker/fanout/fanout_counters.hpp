// fanout_counters.hpp - what a fan-out reactor has done and met. Written by its thread, read through a seqlock.
#pragma once

#include "broker/meet/latency_probe.hpp"

#include <array>
#include <cstdint>

namespace cti::broker {

struct FanoutCounters {
  // sessions
  std::uint64_t accepted = 0;
  std::uint64_t welcomed = 0;
  std::uint64_t established = 0;  ///< modes entered
  std::uint64_t ended = 0;
  std::uint64_t refused_full = 0;                ///< C18: no room, in all
  std::uint64_t refused_address = 0;             ///< C1: too many from one address
  std::uint64_t refused_memory = 0;              ///< M2: memory is short
  std::uint64_t dropped_full = 0;                ///< not even told, too many at once
  std::array<std::uint64_t, 24> closed_by_us{};  ///< by wire::CloseReason
  // what goes out
  std::uint64_t records_followed = 0;
  std::uint64_t records_pushed = 0;     ///< copied into outboxes of agent-mode sessions
  std::uint64_t records_copied = 0;     ///< copied into channel rings
  std::uint64_t records_malformed = 0;  ///< log records too short to be updates: skipped
  std::uint64_t sends = 0;
  std::uint64_t sends_short = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t resumed = 0;         ///< lines on which a session went on where it was
  std::uint64_t resume_too_old = 0;  ///< resumes that became a snapshot, for whatever reason
  std::uint64_t resume_ahead = 0;  ///< of them: the client had seen more than this server has (C15)
  std::uint64_t watch_changes = 0;  ///< times that a supervisor's session was told whom it watches
  // trouble
  std::uint64_t lapped = 0;    ///< C8, M7: sessions marked for a snapshot
  std::uint64_t cut_slow = 0;  ///< C8: sessions cut by policy, or past every bound
  std::uint64_t cut_lost = 0;  ///< sessions cut because a line could not keep an answer to them
  std::uint64_t images_lost =
      0;  ///< questions for an image of a whole line without an answer, put anew
  std::uint64_t reactor_lapped = 0;  ///< the reactor itself was too slow for a line's log
  std::uint64_t residues = 0;        ///< M7: records cut by a full socket whose rest was kept
  std::uint64_t pool_empty = 0;
  std::uint64_t forfeited = 0;      ///< sessions that did not read, cut so that others find room
  std::uint64_t out_of_memory = 0;  ///< M3: allocations that failed, each ended a session
  std::uint64_t filters_refused = 0;
  std::uint64_t tells_stale = 0;    ///< for sessions that had ended
  std::uint64_t channel_waits = 0;  ///< offers put off because a ring was still being sent
  std::uint64_t cut_stalled =
      0;  ///< C19: sessions cut because they took nothing, or not their snapshot
  std::uint64_t cut_waiting = 0;  ///< C19: sessions closed because no mode or snapshot came in time
  std::uint64_t images_waited =
      0;  ///< C19: turns in which a snapshot was wanted and the bound stood in the way
  std::uint64_t images_handed_on = 0;  ///< first snapshots given from an image made for another
  std::uint64_t pauses = 0;            ///< C20: reading from a session stopped until it reads
  std::uint64_t late_turns = 0;        ///< P11: this reactor stood still for a while
  std::uint64_t addressed = 0;         ///< frames given to the session or agent that they are for
  std::uint64_t statistics = 0;      ///< parts of statistics given to the session that they are for
  std::uint64_t addressed_lost = 0;    ///< addressed records overtaken before this reactor saw them
  // requests
  std::uint64_t requests = 0;
  std::uint64_t requests_busy = 0;     ///< the line's queue was full
  std::uint64_t requests_limited = 0;  ///< C12
  std::uint64_t requests_refused = 0;  ///< refused here for another reason
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t beats_sent = 0;
  LatencyHistogram latency;  ///< from the CTI Server's frame to the first socket that took it
  // now
  std::uint64_t sessions = 0;
  std::uint64_t monitors = 0;
  std::uint64_t agents = 0;  ///< sessions in agent mode
  std::uint64_t channels = 0;
  std::uint64_t watches = 0;  ///< edges from sessions to agents that they watch
  std::uint64_t pool_blocks = 0;
  std::uint64_t pool_blocks_highest = 0;
  std::uint64_t images_bytes = 0;
  std::uint64_t images_bytes_highest = 0;
};

}  // namespace cti::broker
