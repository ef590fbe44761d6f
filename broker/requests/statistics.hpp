// statistics.hpp - the statistics of one line: its sessions' wishes, its questions to the CTI Server, and what sessions are told.
//
// Why      statistics are no updates: nobody resumes them, and only the newest values count. So they are no records of the
//          log, and have a path of their own; each server asks its own CTI Server.
// Shape    the book (stats/stat_book.hpp) says who wants which row, which is asked about next, and what each session has not
//          been told; here questions become messages, and rows frames.
// Told     TellKind::kStatistics: whole private events, each with the columns that have changed since the session was told
//          last; kPartBytesMax at a time, and no further part before the reactor has said that the session has taken the one
//          before (AskKind::kStatisticsTaken). Who does not read holds one part, whatever happens meanwhile.
//          Where the desktop settings name columns (Grid.AgentStatistics.columns.1.Type, and of SkillGroupStatistics), only what
//          these need is told; DisableStatsMinimization, and DisableMonitorModeStatsMinimization for monitor mode, end that.
//          A skill group's first row comes with OnSkillInfoEvent before it.
// Agents   an agent's row is asked about when something has happened to the agent (PollForAgentStatsAtEndCall), or by itself;
//          in either case not more often than configured.
// Rights   who wants a team member's row is looked at when teams, roles or presence change, and told when that ends.
// Bounds   StatLimits; kWindow questions under way; kRowsPerTurn, none while anything waits for a lane: what is told here never
//          costs a session (meet/tell_out.hpp).
// Threads  the line.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/model/name_book.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/requests/replies.hpp"
#include "broker/stats/stat_book.hpp"
#include "broker/stats/stat_columns.hpp"
#include "broker/upstream/answer.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/upstream/upstream.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {

class Statistics {
 public:
  static constexpr std::size_t kWindow = 64;
  static constexpr std::size_t kPartBytesMax = limits::kStatisticsPartBytesMax;
  static constexpr std::size_t kRowsPerTurn = 512;
  static_assert(kRowsPerTurn <= limits::kTellsPerPairDefault / 2, "answers have room beside them");

  struct Parts {
    const LineConfig& config;
    Upstream& link;
    PendingTable& pending;
    const ObjectMap& map;
    const NameBook& names;
    const RecordSink& sink;
    TellOut& tells;
  };
  explicit Statistics(const Parts& parts);

  // ---- wishes; the session has not ended ----
  StatVerdict want_agent(const SessionRef& session, const AgentEntry& agent, Nanos rate,
                         TimePoint now);
  StatVerdict want_group(const SessionRef& session, std::uint32_t peripheral, std::uint32_t number,
                         Nanos rate, TimePoint now);
  /// False: it had no such wish.
  bool leave(const SessionRef& session, std::uint64_t key) noexcept;
  /// Every wish of this kind; how many there were.
  std::size_t leave_all(const SessionRef& session, bool agents);
  /// The session, and all before it in its slot, have ended.
  void session_gone(const SessionRef& session) noexcept;

  // ---- what happens ----
  bool empty() const noexcept { return places_.empty(); }
  /// Something was said of this agent, or of one of its calls.
  void touched(std::uint64_t agent_key, TimePoint now) noexcept { book_.touch(agent_key, now); }
  void all_touched(TimePoint now) noexcept { book_.touch_all(now); }
  bool wants_touches() const noexcept { return book_.wants_touches(); }
  /// The agent's teams, role or presence has changed; anybody's may have.
  void look_at(std::uint64_t agent_key);
  void look_at_all();
  /// The session in this place has taken what it was told last.
  void taken(std::uint16_t fanout, std::uint32_t slot) noexcept;
  void answer(const Pending& pending, const Answer& answer, TimePoint now) noexcept;
  void unanswered(const Pending& pending, TimePoint now) noexcept;
  void link_up(TimePoint now) noexcept { book_.touch_all(now); }
  void link_lost(TimePoint now) noexcept;

  /// Asks what is due, when `serving`, and tells what is due.
  void turn(TimePoint now, bool serving);
  TimePoint next(bool serving) const noexcept;

  const StatCounters& counters() const noexcept { return book_.counters(); }
  const StatBook& book() const noexcept { return book_; }
  void invariants() const noexcept;

 private:
  using Place = std::pair<std::uint16_t, std::uint32_t>;  // reactor, slot
  static Place place_of(const SessionRef& session) noexcept {
    return {session.fanout, session.connection.slot};
  }
  StatVerdict want(const SessionRef& session, std::uint64_t key, const StatQuestion& what,
                   Nanos rate, TimePoint now);
  void forget_if_idle(const SessionRef& session) noexcept;
  void ask(TimePoint now);
  bool put(const StatQuestion& what, std::uint64_t key, TimePoint now, bool& room);
  void tell(TimePoint now);
  bool write(const StatBook::News& news);
  const std::vector<std::byte>& frames_of(const StatBook::News& news);
  void write_row(const StatBook::News& news, StatFrames& to);
  template <class Fill>
  void add_frame(std::vector<std::byte>& to, wire::EventId event, Fill&& fill);
  void send(std::uint64_t reader);
  bool may_see(const SessionRef& session, const AgentEntry* agent) const noexcept;
  void look_at_wishes(const SessionRef& session);
  void end_wish(const SessionRef& session, std::uint64_t key, const std::string& agent_id,
                std::uint32_t peripheral);

  const Parts parts_;
  StatBook book_;
  std::map<Place, SessionRef> places_;      // sessions with wishes
  std::map<std::uint64_t, Place> numbers_;  // of these, by session number
  std::vector<std::byte> part_;             // what the reader that is being told gets
  std::vector<std::byte> scratch_;          // a frame is written here
  std::uint64_t telling_ = 0;               // the reader that is being told
  bool monitor_ = false;                    // whether that reader is in monitor mode
  ColumnSet told_[2][2];  // [of an agent][in monitor mode]: the columns that are told
  std::size_t in_flight_ = 0;
};

}  // namespace cti::broker
