#include "broker/model/record_sink.hpp"

namespace cti::broker {

RecordSink::RecordSink(ring::EventLog& log, const Position& start, std::size_t spill_bytes_max)
    : log_(log),
      start_(start),
      spill_bytes_max_(spill_bytes_max),
      sequence_(start.sequence),
      scratch_(kRecordBytesMax),
      published_(log.next_position()) {
  CTI_CHECK(log.record_bytes_max() >= kRecordBytesMax);
}

MutableBytes RecordSink::open() {
  claimed_ = false;
  if (blocked()) return scratch_;
  MutableBytes room = log_.claim(kRecordBytesMax);
  if (room.empty()) {
    // What is not shown yet may be all that is in the way.
    publish();
    room = log_.claim(kRecordBytesMax);
    if (room.empty()) return scratch_;
  }
  claimed_ = true;
  return room;
}

bool RecordSink::close(Bytes record) {
  if (record.empty()) {
    if (claimed_) log_.abort();
    ++counters_.too_long;
    return false;
  }
  if (claimed_) {
    log_.commit(record.size(), sequence_ + 1);
  } else {
    if (spill_.size() - spill_at_ + record.size() > spill_bytes_max_) {
      ++counters_.overflows;
      overflowed_ = true;
      return false;
    }
    spill_.insert(spill_.end(), record.begin(), record.end());
    ++counters_.spilled;
  }
  ++sequence_;
  ++counters_.records;
  counters_.bytes += record.size();
  return true;
}

void RecordSink::unspill() {
  if (!blocked()) return;
  while (spill_at_ < spill_.size()) {
    const std::byte* const record = spill_.data() + spill_at_;
    const std::size_t bytes = wire::frame_length(record);
    const MutableBytes room = log_.claim(bytes);
    if (room.empty()) return;
    std::memcpy(room.data(), record, bytes);
    log_.commit(bytes, wire::frame_id(record));
    spill_at_ += bytes;
  }
  spill_.clear();
  spill_at_ = 0;
}

void RecordSink::publish() {
  if (log_.next_position() == published_) return;
  log_.publish();
  published_ = log_.next_position();
  news_ = true;
}

}  // namespace cti::broker
