// server_metrics.cpp - what threads have counted, under the names that Prometheus shows.
#include "broker/server_metrics.hpp"

#include "wire/session_frame.hpp"

#include <iterator>
#include <string>

namespace cti::broker {

namespace {

struct FanoutRow {
  const char* name;
  const char* help;
  std::uint64_t FanoutCounters::*field;
};

constexpr FanoutRow kFanoutCounters[] = {
    {"ringside_sessions_accepted_total", "Connections accepted", &FanoutCounters::accepted},
    {"ringside_sessions_welcomed_total", "Sessions that said Hello rightly",
     &FanoutCounters::welcomed},
    {"ringside_sessions_established_total", "Agent and monitor modes entered",
     &FanoutCounters::established},
    {"ringside_sessions_ended_total", "Sessions ended", &FanoutCounters::ended},
    {"ringside_sessions_refused_full_total", "Refused: no room", &FanoutCounters::refused_full},
    {"ringside_sessions_refused_address_total", "Refused: too many of one address",
     &FanoutCounters::refused_address},
    {"ringside_sessions_refused_memory_total", "Refused: memory is short",
     &FanoutCounters::refused_memory},
    {"ringside_sessions_dropped_total", "Refused without a word: too many at once",
     &FanoutCounters::dropped_full},
    {"ringside_records_followed_total", "Log records looked at", &FanoutCounters::records_followed},
    {"ringside_records_pushed_total", "Records given to agent-mode sessions",
     &FanoutCounters::records_pushed},
    {"ringside_records_copied_total", "Records copied into channels",
     &FanoutCounters::records_copied},
    {"ringside_sends_total", "Sends to clients", &FanoutCounters::sends},
    {"ringside_sends_short_total", "Sends that met a full socket", &FanoutCounters::sends_short},
    {"ringside_sent_bytes_total", "Bytes that sockets of clients took",
     &FanoutCounters::bytes_sent},
    {"ringside_snapshots_total", "Snapshots begun", &FanoutCounters::snapshots},
    {"ringside_resumed_total", "Sessions that went on where they were", &FanoutCounters::resumed},
    {"ringside_resume_too_old_total", "Positions that got a snapshot instead",
     &FanoutCounters::resume_too_old},
    {"ringside_sessions_lapped_total", "Slow sessions marked for a snapshot",
     &FanoutCounters::lapped},
    {"ringside_sessions_cut_slow_total", "Slow sessions cut", &FanoutCounters::cut_slow},
    {"ringside_sessions_cut_stalled_total", "Of them, took nothing, or not their snapshot, in time",
     &FanoutCounters::cut_stalled},
    {"ringside_sessions_cut_waiting_total",
     "Sessions closed because no mode or snapshot came for them in time",
     &FanoutCounters::cut_waiting},
    {"ringside_sessions_cut_lost_total", "Sessions cut because an answer to them found no room",
     &FanoutCounters::cut_lost},
    {"ringside_images_lost_total", "Questions for a snapshot that were not answered, and put anew",
     &FanoutCounters::images_lost},
    {"ringside_resume_ahead_total", "Positions ahead of this server",
     &FanoutCounters::resume_ahead},
    {"ringside_pauses_total", "Times a session that owed much reading was not read from",
     &FanoutCounters::pauses},
    {"ringside_late_turns_total", "Times the reactor stood still for half a second or more",
     &FanoutCounters::late_turns},
    {"ringside_snapshots_waited_total", "Turns in which snapshots waited for room",
     &FanoutCounters::images_waited},
    {"ringside_watch_changes_total", "Times a supervisor's session was told whom it watches",
     &FanoutCounters::watch_changes},
    {"ringside_addressed_total", "Frames given to the session or agent that they are for",
     &FanoutCounters::addressed},
    {"ringside_statistics_parts_total", "Parts of statistics given to the session that wants them",
     &FanoutCounters::statistics},
    {"ringside_addressed_lost_total", "Times records for single sessions were overtaken",
     &FanoutCounters::addressed_lost},
    {"ringside_reactor_lapped_total", "Times the log overtook the reactor",
     &FanoutCounters::reactor_lapped},
    {"ringside_outbox_pool_empty_total", "Times the pool of unread bytes was empty",
     &FanoutCounters::pool_empty},
    {"ringside_sessions_forfeited_total",
     "Slow sessions cut because the pool of unread bytes was empty", &FanoutCounters::forfeited},
    {"ringside_out_of_memory_total", "Allocations that failed, each ended a session",
     &FanoutCounters::out_of_memory},
    {"ringside_filters_refused_total", "Message filters refused", &FanoutCounters::filters_refused},
    {"ringside_channel_waits_total", "Records put off because a channel was full",
     &FanoutCounters::channel_waits},
    {"ringside_requests_total", "Requests of clients", &FanoutCounters::requests},
    {"ringside_requests_busy_total", "Refused: the line's queue was full",
     &FanoutCounters::requests_busy},
    {"ringside_requests_limited_total", "Refused: over the session's rate",
     &FanoutCounters::requests_limited},
    {"ringside_heartbeats_sent_total", "Heartbeat questions to silent clients",
     &FanoutCounters::heartbeats_sent},
    {"ringside_beats_sent_total", "Signs of life to clients that wish them",
     &FanoutCounters::beats_sent},
};
constexpr FanoutRow kFanoutGauges[] = {
    {"ringside_sessions", "Sessions now", &FanoutCounters::sessions},
    {"ringside_monitor_sessions", "Sessions in monitor mode now", &FanoutCounters::monitors},
    {"ringside_channels", "Distinct message filters in use", &FanoutCounters::channels},
    {"ringside_watches", "Agents that supervisors watch, each for each who does",
     &FanoutCounters::watches},
    {"ringside_outbox_blocks", "4 KiB blocks of unread bytes now", &FanoutCounters::pool_blocks},
    {"ringside_outbox_blocks_highest", "The most there ever were",
     &FanoutCounters::pool_blocks_highest},
    {"ringside_snapshot_bytes", "Bytes of snapshots that sessions are taking now",
     &FanoutCounters::images_bytes},
    {"ringside_snapshot_bytes_highest", "The most there ever were",
     &FanoutCounters::images_bytes_highest},
};
constexpr const char* kModes[] = {"agent", "monitor", "none"};

/// By ctios AgentState; what goes beyond is "other".
constexpr const char* kAgentStates[] = {"login",    "logout",         "not_ready",  "available",
                                        "talking",  "work_not_ready", "work_ready", "busy_other",
                                        "reserved", "unknown",        "hold",       "active",
                                        "paused",   "interrupted",    "not_active", "other"};
static_assert(std::size(kAgentStates) == ObjectMap::kStatesMax);

std::vector<double> latency_bounds() {
  std::vector<double> seconds;
  for (const std::uint32_t us : LatencyHistogram::kBoundsUs) seconds.push_back(us / 1e6);
  return seconds;
}

constexpr std::size_t kCloseReasons = static_cast<std::size_t>(wire::CloseReason::kAdministrator);

struct IoRow {
  const char* name;
  const char* help;
  std::uint64_t core::IoCounters::*field;
};
constexpr IoRow kIoCounters[] = {
    {"ringside_io_turns_total", "Turns of the thread", &core::IoCounters::turns},
    {"ringside_io_received_bytes_total", "Bytes received", &core::IoCounters::received_bytes},
    {"ringside_io_accept_pauses_total", "Accepting paused for lack of descriptors",
     &core::IoCounters::accept_pauses},
    {"ringside_io_buffer_shortages_total", "Receive buffers used up",
     &core::IoCounters::buffer_shortages},
    {"ringside_io_overflows_total", "Completion queue overflows", &core::IoCounters::overflows},
};

void add_io(core::CounterBlock& block, std::vector<core::Counter*>& to) {
  for (const IoRow& row : kIoCounters) to.push_back(&block.counter(row.name, row.help));
}
void show_io(const core::IoCounters& io, const std::vector<core::Counter*>& to) {
  for (std::size_t i = 0; i < std::size(kIoCounters); ++i) to[i]->set(io.*kIoCounters[i].field);
}

struct LineRow {
  const char* name;
  const char* help;
  std::uint64_t (*value)(const Line& line, const LineStatus& status);
};
constexpr LineRow kLineCounters[] = {
    {"ringside_line_frames_total", "GED-188 messages",
     [](const Line& line, const LineStatus&) { return line.counters().frames; }},
    {"ringside_line_counts_too_high_total",
     "GED-188 messages that announced more entries than came; these were taken",
     [](const Line& line, const LineStatus&) { return line.counters().counts_too_high; }},
    {"ringside_line_other_layouts_total",
     "GED-188 messages read in another layout than the session's version has",
     [](const Line& line, const LineStatus&) { return line.counters().other_layouts; }},
    {"ringside_line_bad_frames_total", "GED-188 messages refused by a decoder",
     [](const Line& line, const LineStatus&) { return line.counters().bad_frames; }},
    {"ringside_line_unknown_messages_total", "GED-188 messages that say nothing to clients",
     [](const Line& line, const LineStatus&) { return line.translator_counters().unknown_types; }},
    {"ringside_line_client_reports_total", "Client counts told to the CTI Server",
     [](const Line& line, const LineStatus&) { return line.client_reports(); }},
    {"ringside_line_records_total", "Records written to the log",
     [](const Line& line, const LineStatus&) { return line.sink_counters().records; }},
    {"ringside_line_record_bytes_total", "Bytes written to the log",
     [](const Line& line, const LineStatus&) { return line.sink_counters().bytes; }},
    {"ringside_line_log_stops_total", "Reading from the CTI Server stopped: the log was held",
     [](const Line& line, const LineStatus&) { return line.counters().log_stops; }},
    {"ringside_line_heartbeat_deaths_total", "Sessions left for unanswered heartbeats",
     [](const Line& line, const LineStatus&) { return line.link().counters().heartbeat_deaths; }},
    {"ringside_line_progress_deaths_total", "Sessions left because only heartbeats were answered",
     [](const Line& line, const LineStatus&) { return line.link().counters().progress_deaths; }},
    {"ringside_line_connects_total", "Connections to the CTI Server tried",
     [](const Line& line, const LineStatus&) { return line.link().counters().connects; }},
    {"ringside_line_connects_failed_total", "Of them, refused, unreachable or too slow",
     [](const Line& line, const LineStatus&) { return line.link().counters().connects_failed; }},
    {"ringside_line_opens_refused_total", "Sessions that the CTI Server refused to open",
     [](const Line& line, const LineStatus&) { return line.link().counters().opens_refused; }},
    {"ringside_line_opens_timed_out_total", "OPEN_REQs that nobody answered",
     [](const Line& line, const LineStatus&) { return line.link().counters().opens_timed_out; }},
    {"ringside_line_pauses_total", "Pauses after both sides had been tried in vain",
     [](const Line& line, const LineStatus&) { return line.link().counters().pauses; }},
    {"ringside_line_sessions_total", "Sessions with the CTI Server opened",
     [](const Line& line, const LineStatus&) { return line.link().counters().sessions; }},
    {"ringside_line_losses_total", "Sessions with the CTI Server that ended",
     [](const Line& line, const LineStatus&) { return line.link().counters().losses; }},
    {"ringside_line_stops_total", "Times that the line found itself to have been stopped",
     [](const Line& line, const LineStatus&) { return line.stops_survived(); }},
    {"ringside_line_no_memory_total", "Steps of the line that an allocation failed",
     [](const Line& line, const LineStatus&) { return line.counters().no_memory; }},
    {"ringside_line_requests_total", "Requests taken",
     [](const Line& line, const LineStatus&) { return line.request_counters().asked; }},
    {"ringside_line_requests_confirmed_total", "Requests confirmed",
     [](const Line& line, const LineStatus&) { return line.request_counters().confirmed; }},
    {"ringside_line_requests_refused_total", "Requests refused",
     [](const Line& line, const LineStatus&) { return line.request_counters().refused; }},
    {"ringside_line_statistics_questions_total", "Questions for rows of statistics",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().questions; }},
    {"ringside_line_statistics_answers_total", "Rows of statistics that came",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().answers; }},
    {"ringside_line_statistics_lost_total", "Questions for statistics without an answer",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().lost; }},
    {"ringside_line_statistics_refused_total", "Of them, refused by the CTI Server",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().refusals; }},
    {"ringside_line_statistics_told_total", "Rows of statistics told to sessions",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().told; }},
    {"ringside_line_statistics_conflated_total", "Changes of rows told together with later ones",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().conflated; }},
    {"ringside_line_statistics_over_limit_total", "Statistics that sessions were refused",
     [](const Line& line, const LineStatus&) { return line.statistics().counters().refused; }},
    {"ringside_line_requests_unknown_total", "Requests whose outcome stayed unknown",
     [](const Line& line, const LineStatus&) { return line.request_counters().unknown; }},
};
constexpr LineRow kLineGauges[] = {
    {"ringside_line_cti_server_online", "1 while the session with the CTI Server is open",
     [](const Line&, const LineStatus& status) {
       return std::uint64_t{status.cti_server_online()};
     }},
    {"ringside_line_central_controller_online", "1 while the CTI Server says that it is online",
     [](const Line&, const LineStatus& status) {
       return std::uint64_t{status.central_controller_online()};
     }},
    {"ringside_line_ready", "1 while the session is open and the start-up dialogue is through",
     [](const Line& line, const LineStatus&) { return std::uint64_t{line.ready()}; }},
    {"ringside_calls", "Calls known now, one for each party",
     [](const Line& line, const LineStatus&) { return std::uint64_t{line.map().calls()}; }},
    {"ringside_line_statistics_rows", "Agents and skill groups whose statistics are asked for now",
     [](const Line& line, const LineStatus&) {
       return std::uint64_t{line.statistics().book().rows()};
     }},
    {"ringside_line_statistics_wishes", "Statistics that sessions want now",
     [](const Line& line, const LineStatus&) {
       return std::uint64_t{line.statistics().book().wishes()};
     }},
    {"ringside_line_side", "0 side A, 1 side B",
     [](const Line&, const LineStatus& status) { return std::uint64_t{status.side()}; }},
};

}  // namespace

FanoutMetrics::FanoutMetrics(core::MetricsRegistry& registry, std::size_t index) {
  core::CounterBlock& block = registry.block({{"thread", "fanout-" + std::to_string(index)}});
  for (const FanoutRow& row : kFanoutCounters)
    counters_.push_back(&block.counter(row.name, row.help));
  for (const FanoutRow& row : kFanoutGauges) counters_.push_back(&block.gauge(row.name, row.help));
  for (std::size_t i = 1; i <= kCloseReasons; ++i) {
    const auto reason = std::string(wire::name_of(static_cast<wire::CloseReason>(i)));
    closes_.push_back(&block.counter("ringside_sessions_closed_total",
                                     "Sessions closed by the server, by reason",
                                     {{"reason", reason.substr(1)}}));
  }
  for (const char* mode : kModes) {
    modes_.push_back(
        &block.gauge("ringside_sessions_by_mode", "Sessions now, by mode", {{"mode", mode}}));
  }
  latency_ = block.histogram(
      "ringside_latency_seconds",
      "From reading a frame of the CTI Server to the first client's socket that took the update; "
      "sampled, at most 100 a second",
      latency_bounds(), 1e-9);
  add_io(block, io_);
}

void FanoutMetrics::show(const FanoutCounters& counters, const core::IoCounters& io) {
  std::size_t at = 0;
  for (const FanoutRow& row : kFanoutCounters) counters_[at++]->set(counters.*row.field);
  for (const FanoutRow& row : kFanoutGauges) counters_[at++]->set(counters.*row.field);
  for (std::size_t i = 0; i < closes_.size(); ++i) closes_[i]->set(counters.closed_by_us[i + 1]);
  const std::uint64_t moded = counters.agents + counters.monitors;
  modes_[0]->set(counters.agents);
  modes_[1]->set(counters.monitors);
  modes_[2]->set(counters.sessions > moded ? counters.sessions - moded : 0);
  latency_.set(counters.latency.buckets, counters.latency.sum_ns);
  show_io(io, io_);
}

LineMetrics::LineMetrics(core::MetricsRegistry& registry, std::size_t index,
                         const std::vector<std::uint32_t>& peripherals, bool own_io) {
  std::string all;
  for (const std::uint32_t id : peripherals) all += (all.empty() ? "" : "+") + std::to_string(id);
  core::CounterBlock& block = registry.block({{"peripheral", all}});
  core::CounterBlock& thread = registry.block({{"thread", "line-" + std::to_string(index)}});
  for (const std::uint32_t id : peripherals) {
    peripherals_.push_back(&thread.gauge("ringside_peripheral_online",
                                         "1 while the CTI Server says that it is online",
                                         {{"peripheral", std::to_string(id)}}));
  }
  for (const char* state : kAgentStates)
    agents_.push_back(&block.gauge("ringside_agents", "Agents known now", {{"state", state}}));
  for (const LineRow& row : kLineCounters) values_.push_back(&block.counter(row.name, row.help));
  for (const LineRow& row : kLineGauges) values_.push_back(&block.gauge(row.name, row.help));
  if (own_io) add_io(thread, io_);
}

void LineMetrics::show(const Line& line, const LineStatus& status, const core::IoCounters& io) {
  std::size_t at = 0;
  for (const LineRow& row : kLineCounters) values_[at++]->set(row.value(line, status));
  for (const LineRow& row : kLineGauges) values_[at++]->set(row.value(line, status));
  for (std::size_t i = 0; i < peripherals_.size(); ++i)
    peripherals_[i]->set(std::uint64_t{i < status.peripherals() && status.peripheral_online(i)});
  const auto& by_state = line.map().agents_by_state();
  for (std::size_t i = 0; i < agents_.size(); ++i) agents_[i]->set(by_state[i]);
  if (!io_.empty()) show_io(io, io_);
}

}  // namespace cti::broker
