// sessions.hpp - thousands of cheap client sessions in one epoll loop: they count records, and check that none is missing.
//
// Shape    a session is a socket, the rest of a cut frame, and numbers. Of a record only its prefix is looked at: length,
//          type, sequence. The sequence must rise by one from record to record.
// Source   whatever feeds the server is served by the same loop, so that it can be held to what sessions have read.
// Threads  one.
#pragma once

#include "bench/smoke/source.hpp"
#include "core/base/bytes.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cti::bench {

class Sessions {
 public:
  /// What a session says first: empty for the floor.
  enum class Kind : std::uint8_t { kBare, kMonitor, kAgent };

  explicit Sessions(Source& source);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  /// Opens `count` sessions; back when all of them are established. Agent sessions take `agents` agents in turn.
  void open(std::uint16_t port, std::uint32_t count, Kind kind, std::uint32_t agents = 1);
  /// One round of the loop: waits up to `wait_ms`, serves the source, reads every session that has something.
  void turn(int wait_ms);
  /// Rounds until `done` says so; gives up after 30 s without it.
  void until(const std::string& what, const std::function<bool()>& done);

  std::uint32_t count() const { return static_cast<std::uint32_t>(sessions_.size()); }
  /// Records read by all sessions together, and by the one that has read the least.
  std::uint64_t records() const { return records_; }
  std::uint64_t slowest() const;
  std::uint64_t lost() const { return lost_; }          ///< sequences skipped
  std::uint64_t repeated() const { return repeated_; }  ///< doubled, or out of order
  /// Length of the last record.
  std::size_t record_bytes() const { return record_bytes_; }

 private:
  struct Session {
    int fd = -1;
    bool established = false;
    std::uint64_t last = 0;  // sequence of the last record; 0: none yet
    std::uint64_t records = 0;
    std::vector<std::byte> rest;  // of a frame that is not complete
  };

  void greet(Session& session, Kind kind, std::uint32_t agent);
  void read(Session& session);
  std::size_t walk(Session& session, Bytes bytes);
  void on_record(Session& session, Bytes frame);
  void on_other(Session& session, Bytes frame);

  Source& source_;
  int epoll_;
  std::vector<Session> sessions_;
  std::vector<std::byte> room_;
  std::uint32_t established_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t repeated_ = 0;
  std::size_t record_bytes_ = 0;
};

}  // namespace cti::bench
