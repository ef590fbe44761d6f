// record_sink.hpp - where translated events become records: claimed in the log, numbered, committed once.
//
// Why      a record is written once, in place, in the bytes that clients get.
// Shape    write() claims room, lets the caller fill the Arguments, and commits. publish() shows a turn's records.
// Blocked  when a reader's gate holds the log (a send in flight, see ring/log_gate.hpp), records go into a spill buffer
//          in order, and into the log as soon as it takes them. The owner stops reading upstream meanwhile.
// Kinds    an update is for whoever's filter lets it through, and takes the next number of the sequence that clients count.
//          What is for one agent or session (to_agent, to_session), or for the peer alone (internal), takes none, and goes
//          into a log of its own that says behind which updates it belongs (side_record.hpp).
// Bounds   kRecordBytesMax per record; a longer one is dropped and counted. The spill has a fixed size; when it is full
//          records are lost, counted, and overflowed() tells: the owner must start anew from a snapshot.
// Threads  the line: the log's only writer.
// Cost     no allocation.
#pragma once

#include "broker/meet/log_writer.hpp"
#include "broker/meet/rendezvous.hpp"
#include "broker/meet/side_record.hpp"
#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "ring/event_log.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cti::broker {

/// What a record says besides its Arguments.
struct RecordInfo {
  wire::EventId event = wire::EventId::eUnknownEvent;
  std::uint32_t topics = 0;
  std::uint64_t object_key = 0;
  std::uint64_t agent_key = 0;
  std::uint32_t peripheral_id = 0;
  std::uint16_t flags = 0;
  bool answer = false;  ///< to a question about the agent: there is nothing else to ask about
};

struct SinkCounters {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t too_long = 0;   ///< records above kRecordBytesMax, dropped
  std::uint64_t spilled = 0;    ///< records that had to wait for the log
  std::uint64_t overflows = 0;  ///< records lost because the spill was full too
  std::uint64_t side = 0;       ///< addressed and internal records
  std::uint64_t side_lost = 0;  ///< of those, refused: too long, or no room
};

class RecordSink {
 public:
  static constexpr std::size_t kRecordBytesMax = limits::kRecordBytesMax;

  /// The log's records_bytes_max must reach kRecordBytesMax. The first record gets start.sequence + 1.
  /// `side`: the log of what is no update; nullptr: there is none. `log_id` is the peripheral that stands for the log in
  /// every record's position, whichever peripheral of the line the record is about: a snapshot of the log replaces what
  /// is known of all of them. 0: that of the record.
  RecordSink(ring::EventLog& log, const Position& start, std::size_t spill_bytes_max,
             ring::EventLog* side = nullptr, std::size_t side_spill_bytes_max = 0,
             std::uint32_t log_id = 0);

  /// Writes one record; fill(ArgumentsWriter&) puts its Arguments in. The view is good until the next write. Nothing:
  /// the record was dropped, and counted.
  template <class Fill>
  std::optional<wire::UpdateView> write(const RecordInfo& info, Fill&& fill);

  /// `frame`, whole and ready to be sent, for every session of the agent with this key; for one session; for all agents'
  /// sessions but those of one; for the peer. Each
  /// comes behind every update written so far. False: there was no room for it, or it is too long; counted.
  [[nodiscard]] bool to_agent(std::uint64_t agent_key, Bytes frame) noexcept {
    return write_side({.kind = SideKind::kToAgent, .agent_key = agent_key}, frame);
  }
  [[nodiscard]] bool to_session(const SessionRef& session, Bytes frame) noexcept {
    return write_side({.kind = SideKind::kToSession, .session = session}, frame);
  }
  [[nodiscard]] bool to_agents_but(std::uint64_t agent_key, Bytes frame) noexcept {
    return write_side({.kind = SideKind::kToAgents, .agent_key = agent_key}, frame);
  }
  [[nodiscard]] bool internal(Bytes frame) noexcept {
    return write_side({.kind = SideKind::kInternal}, frame);
  }

  /// Shows everything written so far to the readers; updates first, what comes behind them second.
  void publish() noexcept {
    writer_.publish();
    if (side_) side_->publish();
  }
  /// Something was published since the last call: the readers want to be woken.
  bool take_news() noexcept {
    const bool side = side_ && side_->take_news();
    return writer_.take_news() || side;
  }
  /// Moves spilled records into the logs as far as they take them.
  void unspill() noexcept {
    writer_.unspill();
    if (side_) side_->unspill();
  }
  bool blocked() const noexcept { return writer_.blocked(); }
  /// Records have been lost. Cleared by the call.
  bool take_overflowed() noexcept { return std::exchange(overflowed_, false); }

  /// Of the last record written.
  std::uint64_t sequence() const noexcept { return writer_.sequence(); }
  Position position() const noexcept { return {start_.lineage, start_.epoch, sequence()}; }
  /// Byte position in the log behind the last record written, those counted that wait for the log: what is said to come
  /// after it comes after everything that the map holds.
  ring::Position log_position() const noexcept { return writer_.end(); }
  const SinkCounters& counters() const noexcept { return counters_; }

 private:
  bool close(Bytes record) noexcept;
  bool write_side(SideHeader header, Bytes frame) noexcept;

  const Position start_;
  const std::uint32_t log_id_;
  LogWriter writer_;
  std::optional<LogWriter> side_;
  bool overflowed_ = false;
  SinkCounters counters_;
};

template <class Fill>
std::optional<wire::UpdateView> RecordSink::write(const RecordInfo& info, Fill&& fill) {
  const std::uint32_t whose = log_id_ != 0 ? log_id_ : info.peripheral_id;
  wire::UpdateWriter writer(writer_.open(kRecordBytesMax), {.id = sequence() + 1,
                                                            .flags = info.flags,
                                                            .lineage = start_.lineage,
                                                            .epoch = start_.epoch,
                                                            .peripheral_id = whose,
                                                            .object_key = info.object_key,
                                                            .agent_key = info.agent_key,
                                                            .event_id = info.event,
                                                            .topics = info.topics});
  fill(writer.arguments());
  const Bytes record = writer.finish();
  if (!close(record)) return std::nullopt;
  return wire::UpdateView::trusted(record);
}

}  // namespace cti::broker
