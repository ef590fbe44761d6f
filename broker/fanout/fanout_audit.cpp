// fanout_audit.cpp - what the log is told of sessions: where each came from, what it became, why it ended; and of trouble.
//
// Bounds   lines about sessions: kAuditBurst at once, kAuditPerSecond in the long run; what goes beyond is counted and told
//          with the next one. Warnings about closed sessions: one a second and reason.
// Memory   a line that finds none is not said.
#include "broker/fanout/fanout.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace cti::broker {

namespace log = core::log;
using log::Level;

namespace {

std::string_view mode_name(SessionMode mode) {
  switch (mode) {
    case SessionMode::kAgent:
      return "agent";
    case SessionMode::kMonitor:
      return "monitor";
    case SessionMode::kEverything:
      return "everything";
    case SessionMode::kNone:
      break;
  }
  return "none";
}

std::string place(const core::Endpoint& peer) {
  const bool v6 = peer.host.find(':') != std::string::npos;
  return log::text(v6 ? "[" : "", peer.host, v6 ? "]:" : ":", peer.port);
}

}  // namespace

void FanoutReactor::note(std::string_view text) noexcept {
  try {
    if (say_) say_({.text = text, .level = Level::kWarning, .kind = text.substr(0, 40)});
  } catch (const std::bad_alloc&) {
    ++counters_.out_of_memory;
  }
}

/// One line per reason and second at most; what was left out is counted and told with the next one.
void FanoutReactor::note_session(std::uint32_t slot, wire::CloseReason reason,
                                 std::string_view text, std::uint32_t limit) noexcept {
  if (!say_) return;
  const auto kind = std::min<std::size_t>(static_cast<std::size_t>(reason), noted_at_.size() - 1);
  if (now_ < noted_at_[kind]) {
    ++unnoted_[kind];
    return;
  }
  noted_at_[kind] = now_ + Seconds{1};
  try {
    const SessionDetail& detail = *sessions_[slot].detail;
    std::string line =
        log::text("session ", sessions_[slot].number, " of ", place(io_.peer(detail.connection)));
    if (!detail.client.empty()) line += " (\"" + detail.client + "\")";
    line += " closed, " + std::string(wire::name_of(reason)) + ": " + log::escaped(text, 256);
    if (limit > 0) line += "; limit " + std::to_string(limit);
    if (unnoted_[kind] > 0)
      line += "; " + std::to_string(unnoted_[kind]) + " more since the last line";
    const bool ours =
        reason == wire::CloseReason::kServerStopping || reason == wire::CloseReason::kNormal;
    const log::Fields fields = fields_of(slot);
    say_({.text = line, .level = ours ? Level::kInfo : Level::kWarning, .about = fields});
    unnoted_[kind] = 0;
  } catch (const std::bad_alloc&) {
    ++unnoted_[kind];  // told with the next line
  }
}

log::Fields FanoutReactor::fields_of(std::uint32_t slot) const {
  const SessionDetail& detail = *sessions_[slot].detail;
  log::Fields fields;
  if (sessions_[slot].number != 0)
    fields.push_back({"session", std::to_string(sessions_[slot].number)});
  const core::Endpoint peer = io_.peer(detail.connection);
  if (peer.port != 0) fields.push_back({"peer", place(peer)});
  if (!detail.client.empty()) fields.push_back({"client", detail.client});
  if (detail.mode != SessionMode::kNone)
    fields.push_back({"mode", std::string(mode_name(detail.mode))});
  if (!detail.agent_id.empty()) fields.push_back({"agent", detail.agent_id});
  return fields;
}

/// One more line about a session: whether it may be written.
bool FanoutReactor::may_audit() noexcept {
  if (!say_ || !log::enabled(Level::kInfo)) return false;
  constexpr Nanos kEach = Nanos(Seconds{1}) / kAuditPerSecond;
  const std::int64_t earned = (now_ - audit_at_) / kEach;
  if (earned > 0) {
    audit_lines_ = static_cast<std::uint32_t>(
        std::min<std::int64_t>(kAuditBurst, std::int64_t{audit_lines_} + earned));
    audit_at_ = audit_at_ + kEach * earned;
  }
  if (audit_lines_ == 0) {
    ++audit_left_out_;
    return false;
  }
  --audit_lines_;
  return true;
}

void FanoutReactor::audit(std::uint32_t slot, std::string_view text) noexcept {
  if (!may_audit()) return;
  try {
    log::Fields fields = fields_of(slot);
    if (audit_left_out_ > 0) fields.push_back({"left_out", std::to_string(audit_left_out_)});
    say_({.text = text, .about = fields});
    audit_left_out_ = 0;
  } catch (const std::bad_alloc&) {
    ++audit_left_out_;
  }
}

/// Refused here, before any line has seen it.
void FanoutReactor::note_refused(std::uint32_t slot, const wire::RequestView& request,
                                 std::int32_t failure, std::string_view text) noexcept {
  if (!say_ || !log::enabled(Level::kInfo)) return;
  try {
    const std::uint64_t number = sessions_[slot].number;
    const std::string line =
        log::text(wire::name_of(request.request()), " refused, ", failure, ": ", text);
    const std::string kind = log::text("requests refused to session ", number);
    log::Fields fields = fields_of(slot);
    fields.push_back({"request_id", std::to_string(request.id())});
    say_({.text = line, .kind = kind, .about = fields});
  } catch (const std::bad_alloc&) {
    ++counters_.out_of_memory;
  }
}

/// `error`: what the connection ended with. Who never said Hello has no number, and no end worth a line of its own.
void FanoutReactor::audit_end(std::uint32_t slot, std::int32_t error) noexcept {
  const SessionDetail& detail = *sessions_[slot].detail;
  if (sessions_[slot].number == 0 || !say_ || !log::enabled(Level::kInfo)) return;
  try {
    const auto closed = static_cast<std::uint32_t>(detail.ended);
    const std::string why =
        closed != 0   ? "closed by the server, " + std::string(wire::name_of(detail.ended))
        : detail.left ? "the client has said goodbye"
        : error != 0  ? "the connection broke: " + std::string(std::strerror(error))
        : detail.cut  ? "cut by the server: it did not take what it was sent"
                      : "the client has closed the connection";
    const auto lived = std::chrono::duration_cast<Millis>(now_ - detail.opened).count();
    audit(slot, log::text("session has ended: ", why, "; lived ", lived, " ms, ", detail.requests,
                          " requests, ", detail.refused, " refused"));
  } catch (const std::bad_alloc&) {
    ++audit_left_out_;
  }
}

/// The Io stops accepting for a moment when the system refuses a descriptor (M1): said when it begins, and when it is over.
void FanoutReactor::look_at_accepting() noexcept {
  const std::uint64_t pauses = io_.counters().accept_pauses;
  if (pauses == accept_pauses_seen_) {
    if (!accept_troubled_ || now_ - accept_pause_at_ < kAcceptCalm) return;
    accept_troubled_ = false;
    if (!say_) return;
    try {
      const std::string text = log::text("accepting goes on, ", open_sessions_, " connections");
      return say_({.text = text, .kind = "accepting goes on"});
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  accept_pauses_seen_ = pauses;
  accept_pause_at_ = now_;
  if (accept_troubled_) return;
  accept_troubled_ = true;
  if (!say_) return;
  try {
    const std::string text = log::text(
        "accepting pauses: the system has no descriptor or memory for one more connection (",
        open_sessions_, " are open here); see RLIMIT_NOFILE, LimitNOFILE= of the unit");
    say_({.text = text, .level = Level::kWarning, .kind = "accepting pauses"});
  } catch (const std::bad_alloc&) {
    return;
  }
}

// ---- for the trace ----

/// Sends that began before the trace did are not seen by it: nobody has kept where their bytes are.
void FanoutReactor::begin_or_end_trace() noexcept {
  tracing_ = !tracing_;
  for (Session& session : sessions_) {
    if (session.detail != nullptr) session.detail->sending = {};
  }
}

void FanoutReactor::trace_sent(std::uint32_t slot, std::uint32_t bytes) noexcept {
  const Bytes sending = std::exchange(sessions_[slot].detail->sending, {});
  CTI_CHECK(sending.empty() || bytes <= sending.size());
  if (!sending.empty()) trace(slot, TraceKind::kToClient, sending.first(bytes));
}

void FanoutReactor::trace(std::uint32_t slot, TraceKind kind, Bytes bytes) noexcept {
  const SessionDetail& detail = *sessions_[slot].detail;
  const std::uint64_t number = sessions_[slot].number;
  // Who has no number yet has bytes all the same, and they are nobody else's.
  constexpr std::uint64_t kUnnumbered = std::uint64_t{1} << 63;
  const core::ConnectionId connection{slot, sessions_[slot].generation};
  shared_.trace.put({.wall = io_.wall(),
                     .kind = kind,
                     .session = number != 0 ? number : kUnnumbered | connection.packed(),
                     .address = detail.address,
                     .agent_key = detail.agent_key},
                    bytes);
}

}  // namespace cti::broker
