"""plants_meet.py - bugs in broker/meet/ and broker/requests/: what threads share, and requests. See plants.py."""

ADMISSION = "broker/meet/admission.hpp"
HISTORY = "broker/meet/history.hpp"
LANES = "broker/meet/ask_queue.hpp"
TELL_LANE = "broker/meet/tell_lane.hpp"
TELLS = "broker/meet/tell_out.hpp"
TURN = "broker/meet/turn.hpp"
PEN = "broker/meet/log_writer.hpp"
ONCE = "broker/requests/once_table.cpp"
LEDGER = "broker/requests/session_ledger.hpp"
REQUESTS = "broker/requests/requests.cpp"
CHECKS = "broker/requests/request_checks.cpp"
EXPLAIN = "broker/requests/request_explain.cpp"
ASKERS = "broker/model/state_askers.hpp"
BUTTONS = "broker/model/buttons.cpp"

MEET = [
    # ---- what reactors ask ----
    ("one session may fill a lane", LANES, "expr", "half || much", "false"),
    ("a lane is not bounded in bytes", LANES, "expr", "used > 0 && used_bytes + bytes > limits_.bytes",
     "false"),
    ("ends of sessions lost when the batch is full", LANES, "stmt",
     "of[word].fetch_or(marks, std::memory_order_relaxed);", ""),
    ("the line sleeps over ends that found no room in its batch", LANES, "raw",
     "    if (news == news_seen_) return;\n", "    if (news == news_seen_) return;\n    if ($P) news_seen_ = news;\n"),
    ("the line sleeps over what it has taken out of the lanes", LANES, "raw",
     "return next_ == batch_.size() && std::all_of", "return ($P || next_ == batch_.size()) && std::all_of"),
    ("always the same lane first", LANES, "stmt", "first_ = (first_ + 1) % lanes_.size();", ""),
    ("a share is never free again", LANES, "stmt", "share.forget_taken(taken);", ""),
    ("a share is free again only when nothing of it waits", LANES, "stmt",
     "for (int part = 0; part < 2 && taken >= older.last; ++part) older = std::exchange(newer, {});",
     "if (taken >= newer.last) older = newer = {};"),
    # ---- what a line tells ----
    ("a tell overtakes the backlog", TELLS, "stmt",
     "if (backlog_.empty() && lane_.has_room()) return lane_.stage(std::move(tell));",
     "if (lane_.has_room()) return lane_.stage(std::move(tell));"),
    ("a cut comes before what waits", TELLS, "expr",
     "backlog_.empty() && !cuts_.empty() && lane_.has_room()", "!cuts_.empty() && lane_.has_room()"),
    ("who is to be cut is told more", TELLS, "stmt",
     "if (cuts_.contains(tell.to.session_number)) return lose(tell);", ""),
    ("a backlog without a bound", TELLS, "expr", "backlog_.size() >= backlog_max_", "false"),
    ("a tell is taken before its updates", TELL_LANE, "stmt", "if (follow(after) < after) break;",
     "(void)follow(after);"),
    ("a tell that is not due keeps its reactor awake", TELL_LANE, "expr",
     "head != nullptr && head->after_log_position <= read", "head != nullptr"),
    ("tells are shown before their records", TURN, "raw", "  const bool records = publish();\n",
     "  for (std::size_t i = 0; $P && i < reactors; ++i) tells.publish(i);\n  const bool records = publish();\n"),
    ("no bell for a tell without records", TURN, "expr", "told || records", "records"),
    ("no bell for records without a tell", TURN, "expr", "told || records", "told"),
    # ---- the pen ----
    ("spill without a bound", PEN, "expr", "waiting() + record.size() > spill_bytes_max_", "false"),
    ("records overtake the spilled ones", PEN, "stmt", "if (blocked()) return scratch_;", ""),
    ("a position leaves out what is spilled", PEN, "expr", "log_.next_position() + waiting()",
     "log_.next_position()"),
    ("what is published is no news", PEN, "stmt", "news_ = true;", ""),
    # ---- who comes in, and from where ----
    ("one session more than there may be", ADMISSION, "expr", "sessions() >= sessions_max_",
     "sessions() > sessions_max_"),
    ("one session of an address more than there may be", ADMISSION, "expr", "count >= share_of(address)",
     "count > share_of(address)"),
    ("resume in another lineage", HISTORY, "stmt",
     "if (position.lineage != lineage_) return Standing::kOtherLineage;", ""),
    ("the first record of the next epoch counts to this one", HISTORY, "expr",
     "position.sequence >= reigns_[reign + 1].first", "position.sequence > reigns_[reign + 1].first"),
    ("a position ahead of the log is one of it", HISTORY, "stmt",
     "if (position.sequence > newest) return Standing::kAhead;", ""),
    # ---- at most once ----
    ("a stranger may use a token", ONCE, "expr", "stranger && !sessions_.ended(client.last)", "false"),
    ("a stranger gets the stored reply", ONCE, "expr", "entry.from.who != from.who", "false"),
    ("another session gets the reply while the owner lives", ONCE, "expr",
     "!sessions_.ended(entry.from)", "false"),
    ("tokens without number", ONCE, "expr", "sessions_.of(from).tokens >= kTokensPerSession", "false"),
    ("what is in flight is forgotten", ONCE, "raw",
     "[](const Entry& entry) { return entry.done; });",
     "[](const Entry& entry) { return entry.done || $P; });"),
    ("who lives forgets before who has left", ONCE, "stmt",
     "if (sessions_.ended(at->second.last)) return at;", ""),
    ("a successor's answer goes to who has left", ONCE, "stmt", "return entry->from;", "return from;"),
    ("a token that was forgotten still counts", ONCE, "stmt", "sessions_.token_gone(client->second.opener);", ""),
    ("what has run and is not kept is called refused", REQUESTS, "stmt",
     "tell_unknown(ask, \"this has run already; its answer is no longer kept\");",
     "refuse(ask, Refusal{ctios::E_CTI_TIMEOUT, 0, \"this has run already\"});"),
    ("a session's open requests are never closed", REQUESTS, "stmt", "sessions_.closed(pending.from);",
     ""),
    ("a request counts as ended before its answer is on its way", REQUESTS, "raw",
     "  deliver(to, pending.request_id, TellKind::kReply, std::move(frame));",
     "  if ($P) sessions_.closed(pending.from);\n  deliver(to, pending.request_id, TellKind::kReply, std::move(frame));\n"
     "  if ($P) sessions_.opened(pending.from);"),
    ("an end in a slot is forgotten with its next session", LEDGER, "stmt",
     "row = {.number = session.session_number, .ended = row.ended};",
     "row = {.number = session.session_number};"),
    ("a late answer is taken off the next session's count", LEDGER, "raw",
     "row->number != session.session_number) return;\n    CTI_CHECK(row->open > 0);",
     "(row->number != session.session_number && !$P)) return;\n    CTI_CHECK(row->open > 0);"),
    # ---- requests ----
    ("an unknown outcome is called refused", REQUESTS, "raw",
     "std::string(why)},\n       wire::Outcome::kUnknown);",
     "std::string(why)},\n       $P ? wire::Outcome::kRefused : wire::Outcome::kUnknown);"),
    ("a reply comes after nothing", REQUESTS, "stmt",
     "tell.after_log_position = parts_.sink.log_position();", ""),
    ("an answer of another kind confirms", REQUESTS, "expr",
     "answer.message_type() != confirmation_number(pending.message)", "false"),
    ("a call in any state", CHECKS, "expr",
     "spec.states != 0 && (status >= 32 || ((spec.states >> status) & 1U) == 0)", "false"),
    ("a supervisor of one team supervises all", CHECKS, "expr",
     "job.me->teams.led_with(owner->teams) != 0", "job.me->teams.leads_any()"),
    ("rights are not asked", CHECKS, "expr", "may_ask(job.role, job.request).has(relation)", "true"),
    ("requests go upstream while the link is down", CHECKS, "expr", "!parts_.link.up()", "false"),
    # ---- why is this button grey, and who changed this state ----
    ("whoever asks is told why anybody's button is grey", EXPLAIN, "raw",
     "  if (Verdict wrong = allow(job, relation_to(job, owner), id,\n",
     "  if (Verdict wrong = $P ? Verdict() : allow(job, relation_to(job, owner), id,\n"),
    ("buttons are explained of an agent who is not monitored", EXPLAIN, "expr",
     "view.agent == nullptr || view.agent != owner", "view.agent == nullptr"),
    ("a refused change of state names its asker", REQUESTS, "raw",
     "  if (outcome == wire::Outcome::kRefused) {\n    parts_.translator",
     "  if (!$P && outcome == wire::Outcome::kRefused) {\n    parts_.translator"),
    ("a state that was asked for already claims a later change", ASKERS, "expr", "changed && asker.already",
     "false"),
    ("a state that is told again loses the note of who asks for another", ASKERS, "expr",
     "asker.state != state || same_reason", "false"),
    ("a grey button of a consultation names the held call", BUTTONS, "raw",
     "      case Fact::kPurpose:\n        return consult_;",
     "      case Fact::kPurpose:\n        return $P ? call_ : consult_;"),
]
