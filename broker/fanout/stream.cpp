// stream.cpp - what has gone out: moving the source on, and keeping the rest of a frame that a full socket cut.
#include "broker/fanout/stream.hpp"

#include "wire/session_frame.hpp"

namespace cti::broker {

Stream::Sent Stream::sent(const StreamParts& parts, std::uint32_t bytes) noexcept {
  CTI_CHECK(source_ != SendSource::kNone);
  CTI_CHECK(bytes <= send_bytes_);
  const bool all = bytes == send_bytes_;
  Sent outcome = all ? Sent::kAll : Sent::kShort;
  switch (source_) {
    case SendSource::kOutbox:
      outbox_.consume(parts.pool, bytes);
      break;
    case SendSource::kImage:
      parts.image.offset += bytes;
      run_ = parts.image.running();
      break;
    case SendSource::kChannel:
      if (channel_sent(parts, bytes) == Sent::kNoRoom) outcome = Sent::kNoRoom;
      break;
    case SendSource::kNone:
      break;
  }
  source_ = SendSource::kNone;
  blocked_ = !all;
  invariants(parts);
  return outcome;
}

/// How many bytes of the record that is cut after `bytes` of the range are still to follow.
std::size_t Stream::left_of(Bytes range, std::uint32_t bytes) noexcept {
  std::size_t record = 0;
  while (record < bytes) record += wire::frame_length(range.data() + record);
  CTI_CHECK(record <= range.size());
  return record - bytes;
}

/// What is being sent from a channel: held since the send was started.
Bytes Stream::held_range(const StreamParts& parts) const noexcept {
  const Channel& channel = parts.channels.at(parts.feeds[send_line_].channel());
  const ring::LogRead range =
      channel.log->view(*channel.gate, send_from_, send_from_ + send_bytes_);
  CTI_CHECK(range.status == ring::LogRead::Status::kRange);
  channel.gate->leave(send_from_);  // of this look; the send's own stays
  return range.bytes;
}

/// Moves the cursor behind what was sent. A record cut by a full socket is completed from a copy.
Stream::Sent Stream::channel_sent(const StreamParts& parts, std::uint32_t bytes) noexcept {
  Feed& feed = parts.feeds[send_line_];
  const std::size_t left = left_of_record(parts, bytes);
  bool room = true;
  if (left > 0) room = outbox_.prepend(parts.pool, held_range(parts).subspan(bytes, left));
  parts.channels.at(feed.channel()).gate->leave(send_from_);
  // A session that was lapped meanwhile has no place any more; what it was being sent is whole all the same.
  if (feed.in_channel()) feed.advance(send_from_ + bytes + left);
  return room ? Sent::kAll : Sent::kNoRoom;
}

void Stream::invariants(const StreamParts& parts) const noexcept {
  CTI_CHECK(!run_ || parts.image.image != nullptr);
  CTI_CHECK(!run_ || parts.image.running());
  CTI_CHECK(!run_ || parts.image.run_end <= parts.image.image->bytes.size());
  CTI_CHECK(send_line_ < parts.feeds.size());
  if (source_ == SendSource::kChannel) {
    CTI_CHECK(parts.feeds[send_line_].channel() != kNoChannel);
    CTI_CHECK(gate(parts).holds() > 0);
  }
  if (source_ == SendSource::kOutbox) CTI_CHECK(outbox_.bytes() >= send_bytes_);
  outbox_.invariants();
  held_.invariants();
}

}  // namespace cti::broker
