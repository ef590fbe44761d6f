// client_report.hpp - tells the CTI Server how many clients there are (CLIENT_EVENT_REPORT_REQ), as the number changes.
//
// Why      whoever runs the CTI Server sees in its alarms which CTI OS server serves how many desktops.
// Bytes    as CTI OS: ObjectName CTIOS_NUM_CLIENTS unless configured otherwise, the number alone as text.
// Shape    looked at once a second while the session is up and in step; a report goes out when the number is another than the
//          one told last, at most one at a time. A report that is refused or lost is not repeated: the next change brings one.
// Threads  the line.
#pragma once

#include "broker/upstream/pending.hpp"
#include "broker/upstream/upstream.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cti::broker {

class ClientReport {
 public:
  /// `name`: the ObjectName; empty: nothing is told.
  ClientReport(Upstream& link, PendingTable& pending, std::string name)
      : link_(link), pending_(pending), name_(std::move(name)) {}

  /// A new session has been told nothing.
  void begin(TimePoint now) {
    told_.reset();
    next_ = now;
  }
  void look(TimePoint now, std::uint32_t clients);
  TimePoint next_deadline() const noexcept { return next_; }
  std::uint64_t sent() const noexcept { return sent_; }

 private:
  bool send(TimePoint now, std::uint32_t clients);

  Upstream& link_;
  PendingTable& pending_;
  const std::string name_;
  std::optional<std::uint32_t> told_;
  TimePoint next_{};
  std::uint64_t sent_ = 0;
};

}  // namespace cti::broker
