// requests.hpp - what clients ask for: checked here, sent upstream, answered exactly once.
//
// Life     run() checks arguments, rights and state. What fails is refused at once; what the line can answer itself is
//          answered at once; the rest goes to the CTI Server under an InvokeID of its own and ends with the first of:
//          the confirmation, the refusal, the deadline, the loss of the link. The last two say "outcome unknown".
// Rights   the table in meet/rights.hpp says who may ask for what about whose things; here it is found out how the target
//          stands to the asker (relation_to), and allow() asks the table.
// Refusals eControlFailureConf: MessageType (which request), FailureCode, ErrorMessage. FailureCode is a ctios FailureCode
//          where the broker refuses (eInvalidPriviledge, eRequiredArgMissing, eInvalidObjectState, ...), a CTIServerStatus
//          for data that is too long, and the CTI Server's own number where that refuses.
// Once     (token, request_id) runs at most once, and is its session's, see once_table.hpp.
// Bounds   LineConfig::pending_max upstream, session_open_max of them one session's; past either: refused as busy.
// Files    requests.cpp: the life of a request and its answers. request_checks.cpp: what must be true before.
//          request_specs.cpp: the table of requests. request_agent.cpp, request_call.cpp, request_record.cpp: what each sends.
//          request_team.cpp: who watches whom, kept in watches.hpp. request_explain.cpp: why a button is grey.
//          request_statistics.cpp: who wants which statistics, kept in statistics.hpp.
//          request_audit.cpp: what the log is told of them.
// Threads  the line.
#pragma once

#include "broker/meet/chat_level.hpp"
#include "broker/meet/line_config.hpp"
#include "broker/meet/line_status.hpp"
#include "broker/meet/rights.hpp"
#include "broker/meet/said.hpp"
#include "broker/model/explain.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/requests/once_table.hpp"
#include "broker/requests/replies.hpp"
#include "broker/requests/request_args.hpp"
#include "broker/requests/session_ledger.hpp"
#include "broker/requests/statistics.hpp"
#include "broker/requests/watches.hpp"
#include "broker/translate/translator.hpp"
#include "broker/upstream/answer.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/upstream/upstream.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/event_id.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188_encode.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

struct RequestCounters {
  std::uint64_t asked = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t refused = 0;         ///< by the broker or the switch
  std::uint64_t refused_rights = 0;  ///< of them: not allowed to this session
  std::uint64_t refused_down = 0;    ///< of them: the CTI Server or the peripheral was offline
  std::uint64_t unknown = 0;         ///< outcome unknown
  std::uint64_t repeated = 0;        ///< asked again, not run again
  std::uint64_t foreign_tokens = 0;  ///< asked with a token, or for an answer, of another session
  std::uint64_t busy_sessions = 0;   ///< refused: too many open of one session
  std::uint64_t late_answers = 0;    ///< answers that no request waited for any more
};

class Requests {
 public:
  struct Parts {
    const LineConfig& config;
    Upstream& link;
    PendingTable& pending;
    const ObjectMap& map;
    Translator& translator;
    RecordSink& sink;
    TellOut& tells;
    Watches& watches;
    Statistics& statistics;
    const LineStatus& status;
    const Say& say;
  };
  explicit Requests(const Parts& parts);

  void run(const Ask& ask, TimePoint now);
  /// The session, and all before it in its slot, have ended: their successors may take over what they asked.
  void session_gone(const SessionRef& session) noexcept;
  bool has_ended(const SessionRef& session) const noexcept { return sessions_.ended(session); }
  /// Refuses without looking at it: the queue of requests that wait for the start-up dialogue is full, or it took too
  /// long.
  void refuse(const Ask& ask, std::string text);

  /// The answer to a kClient request, of any message type. The entry has been taken out of the table.
  void answer(const Pending& pending, const Answer& answer);
  /// Its deadline has passed, or the link is lost.
  void unknown(const Pending& pending, std::string_view why);
  void note_late_answer() noexcept { ++counters_.late_answers; }

  /// After a login that was confirmed: what is the agent now? An entry of its own in the table of what is pending.
  void ask_after_login(const Pending& login, TimePoint now);
  static bool asked_after_login(const Pending& pending) noexcept {
    return pending.kind == PendingKind::kRefresh && pending.from.session_number != 0;
  }
  /// OnQueryAgentStateConf to the session that logged in: what the map knows, whether an answer has come or not.
  void tell_after_login(const Pending& asked);

  const RequestCounters& counters() const noexcept { return counters_; }

 private:
  /// A request while it is looked at.
  struct Job {
    const Ask& ask;
    wire::ArgumentsView args;
    wire::RequestId request;
    TimePoint now;
    const AgentEntry* me = nullptr;   // the session's agent; nullptr in monitor mode
    Role role = Role::kGuest;         // what the asker is now
    const CallEntry* call = nullptr;  // the target, when the request is about a call
  };
  using Verdict = std::optional<Refusal>;  // nothing: answered, or on its way
  using Handler = Verdict (Requests::*)(Job&);
  struct Spec {
    std::span<const ArgRule> rules;
    Handler handler = nullptr;
    bool call = false;         // the target must be a call of the own device
    std::uint32_t states = 0;  // bits of LocalConnectionState that the call may be in; 0: any
    bool local = false;        // needs no CTI Server, and only reads
    bool here = false;         // needs no CTI Server, but changes what the line keeps: run once
  };
  /// A skill group, as requests name it.
  struct GroupName {
    std::uint32_t peripheral = 0;
    std::uint32_t number = 0;
  };
  static constexpr Spec kept(std::span<const ArgRule> rules, Handler handler) {
    return {rules, handler, false, 0, false, true};
  }
  static const Spec* spec_of(wire::RequestId request);
  Verdict check(Job& job, const Spec& spec);
  Verdict check_call(Job& job, const Spec& spec);
  Verdict check_upstream(const Job& job);
  Verdict check_own_agent(const Job& job);
  Verdict allow(const Job& job, Relation relation, std::string_view target, std::string_view whose,
                std::string text);
  static Relation relation_to(const Job& job, const AgentEntry* owner) noexcept;
  static std::string why_never(const Job& job);
  Verdict check_offered(const Job& job) const;
  static std::string name_of_request(std::uint32_t request);
  bool is_new(const Ask& ask);
  void answered_with_the_first(const Ask& ask);
  void tell_unknown(const Ask& ask, std::string_view why);

  // request_agent.cpp
  Verdict set_agent_state(Job& job);
  Verdict login(Job& job);
  Verdict identify(Job& job);
  Verdict logout(Job& job);
  Verdict query_agent(Job& job);
  Verdict desk_settings(Job& job);
  Verdict desktop_settings(Job& job);
  Verdict snapshot_device(Job& job);
  struct StateChange {
    const AgentEntry* agent = nullptr;
    std::uint16_t state = 0;
    std::uint16_t work_mode = 0;
    std::string instrument;
    std::string supervisor;
  };
  Verdict send_state(Job& job, const StateChange& change);
  void note_asker(const Job& job, const StateChange& change);
  // request_team.cpp
  Verdict check_supervisor(const Job& job);
  Verdict put_wish(const Job& job, const WatchWish& wish);
  Verdict watching(const Job& job, wire::EventId event, std::uint32_t team);
  Verdict team_list(Job& job);
  Verdict watch_all_teams(Job& job);
  Verdict watch_team(Job& job);
  Verdict watch_agent(Job& job);
  Verdict watch_call(Job& job);
  Verdict monitored_mode(Job& job);
  Verdict supervise_call(Job& job);
  // request_help.cpp
  Verdict check_there(const Job& job);
  Verdict call_for_help(Job& job);
  Verdict bad_line(Job& job);
  Verdict greeting(Job& job);
  // request_explain.cpp
  Verdict explain_button(Job& job);
  std::optional<ButtonWords> explained(const Job& job, const AgentEntry* owner,
                                       const CallEntry* call, std::uint32_t bit) const;
  Verdict explain_supervisor_button(const Job& job, const AgentEntry* owner, const CallEntry* call,
                                    std::string_view id, std::uint32_t bit);
  void tell_words(const Job& job, std::string_view id, const ButtonWords& words,
                  wire::Keyword mask);
  // request_chat.cpp
  Verdict chat(Job& job);
  Verdict chat_receivers(const Job& job, ChatLevel may, std::vector<const AgentEntry*>& to);
  // request_statistics.cpp
  Verdict agent_statistics(Job& job);
  Verdict group_statistics(Job& job);
  Verdict named_agents(const Job& job, std::vector<const AgentEntry*>& to);
  Verdict named_groups(const Job& job, std::vector<GroupName>& to);
  Verdict groups_of_own(const Job& job, std::vector<GroupName>& to) const;
  Verdict check_group(const GroupName& group) const;
  template <class Each, class Want>
  Verdict enable_all(const Job& job, const std::vector<Each>& all, Want&& want);
  Verdict accepted(const Job& job);
  // request_call.cpp
  Verdict make_call(Job& job);
  Verdict one_call(Job& job);
  Verdict set_call_data(Job& job);
  Verdict send_dtmf(Job& job);
  Verdict consult(Job& job);
  Verdict two_calls(Job& job);
  Verdict single_step(Job& job);
  Verdict snapshot_call(Job& job);
  // request_record.cpp
  Verdict record(Job& job);
  Verdict check_recording(const Job& job) const;
  bool recording_asked(std::uint64_t call_key) const noexcept;
  void recording_answered(const Pending& pending) noexcept;

  /// Sends a message upstream on behalf of the job; encode(room, invoke_id) writes it. `target` is the id that the
  /// answer will name.
  template <class Encode>
  Verdict send(Job& job, wire::ged188::MessageType message, std::string_view target,
               std::uint32_t detail, Encode&& encode);

  void end(const Pending& pending, const SessionRef& to, std::vector<std::byte> frame);
  void reply(const Ask& ask, std::vector<std::byte> frame);
  void answer_at_once(const Ask& ask, std::vector<std::byte> frame);
  static Pending about(const Ask& ask);
  void push(const SessionRef& to, std::uint64_t request_id, TellKind kind,
            std::vector<std::byte> frame);
  void deliver(const SessionRef& to, std::uint64_t request_id, TellKind kind,
               std::vector<std::byte> frame);
  void refuse(const Ask& ask, const Refusal& refusal);
  void fail(const Pending& pending, const Refusal& refusal, wire::Outcome outcome);
  void confirm(const Pending& pending, const Answer& answer);
  std::vector<std::byte> failure_frame(const Pending& about, const Refusal& refusal,
                                       wire::Outcome outcome) const;
  std::vector<std::byte> confirmation_frame(const Pending& pending, const Answer& answer);
  bool write_snapshot(wire::ArgumentsWriter& writer, const Pending& pending,
                      const Answer& answer) const;

  // request_audit.cpp
  void say_refused(const SessionRef& from, const Pending& about, const Refusal& refusal,
                   wire::Outcome outcome) const;
  void say_debug(std::string_view what, const SessionRef& from, const Pending& about) const;

  static Refusal encode_refusal(const wire::ged188::EncodeError& error);
  /// An agent's, a device's or a call's name as the CTI Server spells it. For this request only.
  std::string_view said(std::string_view clean) const noexcept {
    return parts_.translator.names().said(clean);
  }

  Parts parts_;
  SessionLedger sessions_;
  OnceTable once_;
  /// So many wrong passwords, and a session must connect anew: who guesses is slowed down.
  static constexpr std::uint32_t kWrongPasswordsMax = 3;

  const wire::Arguments desktop_settings_;
  std::vector<std::uint64_t> recordings_asked_;  // calls whose recording is asked for and not answered; pending_max
  RequestCounters counters_;
};

template <class Encode>
Requests::Verdict Requests::send(Job& job, wire::ged188::MessageType message,
                                 std::string_view target, std::uint32_t detail, Encode&& encode) {
  const SessionRef& from = job.ask.from;
  if (sessions_.of(from).open >= parts_.config.session_open_max) {
    ++counters_.busy_sessions;
    return Refusal{wire::ctios::eServiceNotSupported, 0,
                   "busy: " + std::to_string(parts_.config.session_open_max) +
                       " requests of this session are not answered yet"};
  }
  const MutableBytes room = parts_.link.claim();
  if (room.empty())
    return Refusal{wire::ctios::eServiceNotSupported, 0, "busy: too much waits to be sent"};
  Pending entry;
  entry.kind = PendingKind::kClient;
  entry.object_key = parts_.translator.hearing().arrived();  // what it was asked after
  entry.message = static_cast<std::uint16_t>(message);
  entry.request = job.ask.request;
  entry.peripheral_id = parts_.config.peripherals.front();
  entry.from = from;
  entry.request_id = job.ask.request_id;
  entry.token = job.ask.token;
  entry.agent_key = from.who.agent_key;
  entry.object_id.assign(target);
  entry.detail = detail;
  entry.deadline = job.now + parts_.config.request_timeout;
  Pending* const kept = parts_.pending.add(entry);
  if (kept == nullptr)
    return Refusal{wire::ctios::eServiceNotSupported, 0, "busy: too many requests wait"};
  CTI_CHECK(kept->invoke_id != 0 && kept->from.session_number == from.session_number);
  const auto frame = encode(room, kept->invoke_id);
  if (!frame.ok()) {
    parts_.pending.remove(*kept);
    return encode_refusal(frame.error());
  }
  CTI_CHECK(frame->size() <= room.size());
  say_debug("sent to the CTI Server: ", from, *kept);
  sessions_.opened(from);
  CTI_CHECK(sessions_.of(from).open <= parts_.config.session_open_max);
  parts_.link.commit(frame->size());
  return std::nullopt;
}

}  // namespace cti::broker
