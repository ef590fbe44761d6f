// record_sink.cpp - what becomes of a record that has been written: kept, put into the spill, or dropped and counted.
#include "broker/model/record_sink.hpp"

namespace cti::broker {

RecordSink::RecordSink(ring::EventLog& log, const Position& start, std::size_t spill_bytes_max)
    : start_(start), writer_(log, start.sequence, kRecordBytesMax, spill_bytes_max) {}

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

}  // namespace cti::broker
