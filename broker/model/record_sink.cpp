// record_sink.cpp - what becomes of a record that has been written: kept, put into the spill, or dropped and counted.
#include "broker/model/record_sink.hpp"

namespace cti::broker {

RecordSink::RecordSink(ring::EventLog& log, const Position& start, std::size_t spill_bytes_max,
                       ring::EventLog* side, std::size_t side_spill_bytes_max,
                       std::uint32_t log_id)
    : start_(start),
      log_id_(log_id),
      writer_(log, start.sequence, kRecordBytesMax, spill_bytes_max) {
  if (side != nullptr) side_.emplace(*side, 0, SideRecord::kBytesMax, side_spill_bytes_max);
}

bool RecordSink::close(Bytes record) noexcept {
  if (record.empty()) {
    writer_.abort();
    ++counters_.too_long;
    return false;
  }
  if (!writer_.close(record)) {
    ++counters_.overflows;
    overflowed_ = true;
    return false;
  }
  if (writer_.blocked()) ++counters_.spilled;
  ++counters_.records;
  counters_.bytes += record.size();
  return true;
}

bool RecordSink::write_side(SideHeader header, Bytes frame) noexcept {
  CTI_CHECK(side_.has_value());
  header.after_log_position = log_position();
  const Bytes record = SideRecord::write(side_->open(SideRecord::kBytesMax), header, frame);
  const bool kept = !record.empty() && side_->close(record);
  if (!kept) side_->abort();
  ++(kept ? counters_.side : counters_.side_lost);
  return kept;
}

}  // namespace cti::broker
