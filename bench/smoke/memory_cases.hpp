// memory_cases.hpp - the parts of the pipeline without a socket, each beside the least that touching its bytes can cost.
#pragma once

#include <cstddef>

namespace cti::bench {

/// Things per second of CPU time, and how many the peer does in the same run. Each is the median of five.
struct Rates {
  double ours = 0;
  double floor = 0;
  std::size_t bytes = 0;         ///< of one thing that goes in
  std::size_t record_bytes = 0;  ///< of the record that it becomes; 0: none
};

/// CALL_DELIVERED_EVENTs cut from a stream, checked, every field read. Floor: the sum of the same bytes, by words.
Rates decode_frames(double seconds);
/// Records of 256 bytes written to the event log, published per 64, read by one cursor. Floor: memcpy of the record.
Rates log_records(double seconds);
/// AGENT_STATE_EVENTs as bytes of the CTI Server to records in the log, the object map kept. Floor: memcpy of frame and
/// record.
Rates pipeline_events(double seconds);

}  // namespace cti::bench
