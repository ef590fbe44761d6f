// stream.hpp - the one sequence of bytes that a session receives, out of three sources.
//
// Why      a client is given frames in an order that means something: updates before the answer that they led to, a
//          snapshot before what came after it. Who may speak next is decided here and nowhere else.
// Sources  the outbox (the session's own frames, copied), a channel (a range of ring bytes that many share), a snapshot
//          image (shared too). A source is left only at the end of a frame.
// Order    1  a run of the image that has been begun
//          2  the outbox, unless its front waits for updates of a channel (Barrier)
//          3  channels, line after line, up to that barrier
//          What belongs behind updates of a line on which the session is not live yet is held back, and joins the outbox
//          when it is live, or has caught up that far: hold(), let_go(), lapped().
// Residue  the rest of a ring record that a full socket cut goes to the front of the outbox at once: by the time the
//          socket has room the ring may have moved on (M7).
// Gate     a send from a channel holds its ring from next() to sent() or end().
// Threads  one: the reactor. Cost: no allocation.
#pragma once

#include "broker/fanout/channel.hpp"
#include "broker/fanout/feed.hpp"
#include "broker/fanout/outbox.hpp"
#include "broker/meet/rendezvous.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace cti::broker {

/// What the send in flight reads from.
enum class SendSource : std::uint8_t { kNone, kOutbox, kChannel, kImage };

/// A snapshot image on its way to one session.
struct ImageRun {
  std::shared_ptr<const SnapshotImage> image;
  std::uint32_t offset = 0;   ///< sent, or copied, up to here
  std::uint32_t run_end = 0;  ///< end of the run that is sent from the image itself
  std::uint32_t records = 0;
  std::uint16_t line = 0;

  bool running() const noexcept { return offset < run_end; }
  void drop() noexcept { *this = ImageRun{.line = line}; }
};

/// What a stream draws from; the session's own part of it in `feeds` ([line]) and `image`.
struct StreamParts {
  BlockPool& pool;
  ChannelTable& channels;
  std::span<Feed> feeds;
  ImageRun& image;
};

class Stream {
 public:
  enum class Next : std::uint8_t { kNothing, kSend, kLapped };
  struct Step {
    Next next = Next::kNothing;
    std::uint16_t line = 0;  ///< kLapped: the ring of its channel there has overtaken it
    Bytes bytes;             ///< kSend: good until sent()
  };
  enum class Sent : std::uint8_t { kAll, kShort, kNoRoom };

  bool can_send() const noexcept { return source_ == SendSource::kNone && !blocked_; }
  bool blocked() const noexcept { return blocked_; }
  SendSource source() const noexcept { return source_; }
  void writable() noexcept { blocked_ = false; }

  bool outbox_empty() const noexcept { return outbox_.empty(); }
  /// Bytes that are this session's alone, those held back counted.
  std::uint32_t bytes() const noexcept { return outbox_.bytes() + held_.bytes(); }
  /// Blocks of the pool that these take: frames behind different updates share none.
  std::size_t blocks(const BlockPool& pool) const noexcept {
    return outbox_.blocks(pool) + held_.blocks(pool);
  }
  /// Of the bytes, what may leave before a snapshot does: what is held back waits for one.
  std::uint32_t outbox_bytes() const noexcept { return outbox_.bytes(); }

  /// Puts a whole frame behind what is there, or nothing. With `line`: behind the updates of it that the session has been
  /// given so far, or, when it is not live there, behind those up to `position` of the line's log.
  [[nodiscard]] bool append(const StreamParts& parts, Bytes frame) noexcept {
    return outbox_.append(parts.pool, frame);
  }
  [[nodiscard]] bool append(const StreamParts& parts, Bytes frame, std::uint16_t line,
                            std::uint64_t position) noexcept {
    const Feed& feed = parts.feeds[line];
    if (feed.on_the_way() || holds(parts, line)) [[unlikely]] {
      return held_.append(parts.pool, frame, Barrier{position, line});
    }
    return outbox_.append(parts.pool, frame, barrier_now(parts, line));
  }

  /// The feed of `line` is live, is off, or has caught up further: what waited for that joins the outbox.
  void let_go(const StreamParts& parts) noexcept {
    if (held_.empty()) return;
    held_.move_to(outbox_, parts.pool, [&](const Barrier& waits, Barrier& becomes) {
      const auto line = static_cast<std::uint16_t>(waits.line);
      const Feed& feed = parts.feeds[line];
      const bool caught_up = feed.state() == FeedState::kCatchUp && feed.cursor() >= waits.position;
      if (feed.on_the_way() && !caught_up) return false;
      becomes = barrier_now(parts, line);
      return true;
    });
  }

  /// The session is about to lose its place on `line`, followed up to `position` of its log: what it was to get behind
  /// updates that it has not been given comes behind the snapshot now.
  void lapped(const StreamParts& parts, std::uint16_t line, std::uint64_t position) noexcept {
    if (!parts.feeds[line].in_channel()) return;
    const std::uint64_t given = parts.feeds[line].cursor();
    outbox_.move_to(held_, parts.pool, [&](const Barrier& waits, Barrier& becomes) {
      if (waits.line != line || waits.position <= given) return false;
      becomes = Barrier{position, line};
      return true;
    });
  }

  /// The image may be sent as it lies from image.offset to image.run_end.
  void begin_run(const ImageRun& image) noexcept {
    CTI_CHECK(image.running());
    CTI_CHECK(outbox_.empty());
    run_ = true;
  }

  /// Decides what goes next, and counts it as in flight.
  [[nodiscard]] Step next(const StreamParts& parts, std::size_t bytes_max) noexcept {
    CTI_CHECK(can_send());
    if (run_) [[unlikely]] {
      return start(SendSource::kImage,
                   Bytes(parts.image.image->bytes)
                       .subspan(parts.image.offset, parts.image.run_end - parts.image.offset));
    }
    Barrier barrier;
    if (!outbox_.empty()) {
      barrier = outbox_.front_barrier(parts.pool);
      if (barrier.position == 0 || met(parts, barrier))
        return start(SendSource::kOutbox, outbox_.front(parts.pool));
    }
    const std::size_t lines = parts.feeds.size();
    for (std::size_t turn = 1; turn <= lines; ++turn) {
      const auto line = static_cast<std::uint16_t>((send_line_ + turn) % lines);
      if (!parts.feeds[line].in_channel()) continue;
      const Step step = next_of(parts, line, barrier, bytes_max);
      if (step.next != Next::kNothing) return step;
    }
    return {};
  }

  /// When so many bytes of the send in flight have gone out: how many of a channel's record are still to follow them.
  std::size_t left_of_record(const StreamParts& parts, std::uint32_t bytes) const noexcept {
    if (bytes == send_bytes_ || source_ != SendSource::kChannel) [[likely]]
      return 0;
    return left_of(held_range(parts), bytes);
  }
  /// `bytes` of the send in flight have gone out.
  [[nodiscard]] Sent sent(const StreamParts& parts, std::uint32_t bytes) noexcept;

  /// Gives back what a session holds that does not read. Nothing can be sent to it after that.
  void forfeit(const StreamParts& parts) noexcept {
    CTI_CHECK(blocked_ && source_ == SendSource::kNone);
    outbox_.clear(parts.pool);
    held_.clear(parts.pool);
  }

  /// The connection is gone: gives everything back.
  void end(const StreamParts& parts) noexcept {
    if (source_ == SendSource::kChannel) gate(parts).leave(send_from_);
    source_ = SendSource::kNone;
    outbox_.clear(parts.pool);
    held_.clear(parts.pool);
    run_ = false;
  }

  /// The gate that the send in flight is entered at; nullptr: none.
  const ring::LogGate* held_gate(const StreamParts& parts) const noexcept {
    return source_ == SendSource::kChannel ? &gate(parts) : nullptr;
  }
  void invariants(const StreamParts& parts) const noexcept;

 private:
  /// Behind everything that the session has been given, or could be, of this line.
  Barrier barrier_now(const StreamParts& parts, std::uint16_t line) const noexcept {
    const Feed& feed = parts.feeds[line];
    if (!feed.in_channel()) return {};
    return {parts.channels.next(parts.channels.at(feed.channel())), line};
  }
  bool holds(const StreamParts& parts, std::uint16_t line) const noexcept {
    return !held_.empty() &&
           held_.any(parts.pool, [line](const Barrier& barrier) { return barrier.line == line; });
  }
  static bool met(const StreamParts& parts, const Barrier& barrier) noexcept {
    const Feed& feed = parts.feeds[barrier.line];
    return !feed.in_channel() || feed.cursor() >= barrier.position;
  }
  ring::LogGate& gate(const StreamParts& parts) const noexcept {
    return *parts.channels.at(parts.feeds[send_line_].channel()).gate;
  }

  Step start(SendSource source, Bytes bytes) noexcept {
    source_ = source;
    send_bytes_ = static_cast<std::uint32_t>(bytes.size());
    return {Next::kSend, 0, bytes};
  }

  Step next_of(const StreamParts& parts, std::uint16_t line, const Barrier& barrier,
               std::size_t bytes_max) noexcept {
    const Feed& feed = parts.feeds[line];
    Channel& channel = parts.channels.at(feed.channel());
    ring::Position end = parts.channels.end(channel);
    if (barrier.position > 0 && barrier.line == line) end = std::min(end, barrier.position);
    const ring::Position from = feed.cursor();
    if (from >= end) return {};
    const ring::LogRead range = end - from <= bytes_max
                                    ? channel.log->view(*channel.gate, from, end)
                                    : channel.log->read(*channel.gate, from, bytes_max);
    if (range.status == ring::LogRead::Status::kLapped) return {Next::kLapped, line, {}};
    CTI_CHECK(range.to <= end);
    send_line_ = line;
    send_from_ = range.from;
    return start(SendSource::kChannel, range.bytes);
  }

  Bytes held_range(const StreamParts& parts) const noexcept;
  static std::size_t left_of(Bytes range, std::uint32_t bytes) noexcept;
  Sent channel_sent(const StreamParts& parts, std::uint32_t bytes) noexcept;

  Outbox outbox_;                 // in order; a block leaves when its barrier is met
  Outbox held_;                   // waits for the log positions in its barriers
  std::uint32_t send_bytes_ = 0;  // of the send in flight
  std::uint16_t send_line_ = 0;   // kChannel: which feed it reads
  SendSource source_ = SendSource::kNone;
  bool blocked_ : 1 = false;     // socket full: kWritable awaited
  bool run_ : 1 = false;         // a run of the image has been begun
  std::uint64_t send_from_ = 0;  // kChannel: where it begins; held at the gate
};
static_assert(sizeof(Stream) == 40);

}  // namespace cti::broker
