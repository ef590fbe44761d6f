// line_shared.hpp - the two small structures through which a line and the fan-out reactors touch each other.
//
// Shape    one LineShared per line (peripheral gateway), one FanoutShared per fan-out reactor. The server makes all of
//          them before any thread starts, sets the Io pointers, and destroys them after all threads have ended.
// Flow     line -> everybody   records in LineShared::log, then ring the bell of each fan-out (once per turn)
//          line -> addressee   records in LineShared::side, behind the log: what is for one agent, session or peer
//          fan-out -> line     LineShared::asks, then ring LineShared::bell
//          line -> one fan-out FanoutShared::tells[line], behind the log, then ring FanoutShared::bell
// Threads  each member says who may touch it. The bells carry no data; see ring/doorbell.hpp for why none is lost.
#pragma once

#include "broker/meet/ask_queue.hpp"
#include "broker/meet/history.hpp"
#include "broker/meet/latency_probe.hpp"
#include "broker/meet/line_status.hpp"
#include "broker/meet/rendezvous.hpp"
#include "broker/meet/side_record.hpp"
#include "broker/meet/tell_lane.hpp"
#include "broker/meet/trace_lane.hpp"
#include "core/base/limits.hpp"
#include "core/io.hpp"
#include "ring/doorbell.hpp"
#include "ring/event_log.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cti::broker {

class Admission;
using TellLane = BasicTellLane<Tell>;

/// Sizes of what passes between threads. All memory is set aside when the server starts.
struct RendezvousLimits {
  AskLimits asks;  ///< requests of one reactor waiting for one line
  std::size_t tells_per_pair =
      limits::kTellsPerPairDefault;  ///< answers waiting for one reactor from one line
  std::size_t tell_backlog_per_fanout = limits::
      kTellBacklogDefault;  ///< answers the line keeps itself when the ring is full; past it: cut
  std::size_t asks_per_turn = limits::kAsksPerTurnDefault;  ///< how many the line takes per turn
  /// Of each line: what is addressed or internal; and of that, what waits for a log that is held.
  std::size_t side_log_bytes = limits::kSideLogBytesDefault;
  std::size_t side_spill_bytes = limits::kSideSpillBytesDefault;
};

/// One line as the fan-out reactors see it.
struct LineShared {
  LineShared(std::uint16_t index_, ring::EventLog& log_, Position start_, std::size_t fanouts,
             const RendezvousLimits& limits)
      : index(index_), log(log_), start(start_), history(start_), asks(fanouts, limits.asks) {
    auto made = ring::EventLog::create({limits.side_log_bytes, static_cast<std::uint32_t>(fanouts),
                                        ring::MirroredMemory::Pages::kLazy});
    if (made.ok()) side = std::move(made).value();
  }

  const std::uint16_t index;  ///< of this line; the index into FanoutShared::tells
  ring::EventLog& log;        ///< written by the line; each reactor has cursors of its own
  const Position
      start;  ///< lineage and epoch of the log's records; the first record is start.sequence + 1
  const History history;  ///< which positions of clients name a place in the log
  std::unique_ptr<ring::EventLog>
      side;             ///< SideRecords, written by the line; null: there was no memory
  AskQueue asks;        ///< each reactor its lane
  ring::Doorbell bell;  ///< reactors ring it after pushing an Ask; wake with io->wake()
  core::Io* io =
      nullptr;  ///< the line's Io: reactors may call wake() only. Set before the threads start
  LineStatus status;  ///< written by the line, read by anybody
  LatencyProbe latency;  ///< marked by the line, read by reactors
  TraceLane trace;       ///< what the line reads and sends, while somebody wants to know
  const Admission* admission =
      nullptr;  ///< counts the clients; null: the CTI Server is not told. Set before the threads start

  void wake() noexcept {
    bell.ring_if_sleeping([this] { io->wake(); });
  }
};

/// One fan-out reactor as the lines see it.
struct FanoutShared {
  FanoutShared(std::uint16_t index_, std::size_t lines, const RendezvousLimits& limits)
      : index(index_) {
    for (std::size_t i = 0; i < lines; ++i) {
      tells.push_back(std::make_unique<TellLane>(limits.tells_per_pair));
    }
  }

  const std::uint16_t index;                     ///< of this reactor; SessionRef::fanout
  std::vector<std::unique_ptr<TellLane>> tells;  ///< [line]: from that line to this reactor
  TraceLane trace;      ///< what the reactor reads and sends, while somebody wants to know
  ring::Doorbell bell;  ///< a line rings it after a turn that wrote records or tells
  core::Io* io =
      nullptr;  ///< the reactor's Io: lines may call wake() only. Set before the threads start

  void wake() noexcept {
    bell.ring_if_sleeping([this] { io->wake(); });
  }
};

}  // namespace cti::broker
