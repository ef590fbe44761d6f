"""plants_line.py - bugs in broker/line*, model/, translate/ and upstream/: what a line knows and asks. See plants.py."""

CORE = "broker/line_core.cpp"
ANSWERS = "broker/line_core_answers.cpp"
DIALOGUE = "broker/line_core_dialogue.cpp"
ASKS = "broker/line_core_asks.cpp"
LINE_CPP = "broker/line.cpp"
TIME = "broker/line_time.hpp"
MAP = "broker/model/object_map.cpp"
KEYS = "broker/model/key_index.hpp"
LINK = "broker/upstream/cti_link.cpp"
INQUIRY = "broker/upstream/inquiry.cpp"
SYNC = "broker/upstream/sync.cpp"
QUESTIONS = "broker/line_core_questions.cpp"
LINE_CORE = "broker/line_core.hpp"
PENDING = "broker/upstream/pending.hpp"
SNAPSHOT = "broker/translate/translate_snapshot.cpp"

LINE = [
    # ---- state, not events heard ----
    ("an answer that events have overtaken is taken, for an agent", ANSWERS, "expr",
     "translator_.agent_heard_since(question.peripheral_id, question.name, asked)", "false"),
    ("an answer that events have overtaken is taken, for a call", ANSWERS, "expr",
     "translator_.call_heard_since(call, asked)", "false"),
    ("a client's query puts a state back", ANSWERS, "expr",
     "!sync_.active() && (!known || !translator_.agent_heard_since(",
     "!sync_.active() && (true || !translator_.agent_heard_since("),
    ("an answer of another kind than asked for is applied", ANSWERS, "expr",
     "answer.type == ged::confirmation_of(MessageType{static_cast<std::uint32_t>(pending.message)})", "true"),
    ("what was kept back counts as heard now", DIALOGUE, "stmt", "hearing.go_back_to(kept.frame);", ""),
    ("a full list of calls ends those beyond it", SNAPSHOT, "expr",
     "entries >= kListedMax || entries < view.num_calls()", "false"),
    ("a list that is not whole leads to no questions", ANSWERS, "raw",
     "asked, *list))\n      ask_calls_at(question);", "asked, *list) && !$P)\n      ask_calls_at(question);"),
    ("a list ends so many calls and no more", SNAPSHOT, "expr",
     "count < gone.size() || map_.calls() == before", "true"),
    ("a list ends what was heard of since", SNAPSHOT, "expr", "hearing_.since(call.key, asked_after)", "false"),
    ("a renamed call keeps its old key", MAP, "raw",
     "  call_index_.erase(calls_[slot].key);\n  calls_[slot].key = key;",
     "  if (!$P) call_index_.erase(calls_[slot].key);\n  calls_[slot].key = key;"),
    ("an ended call stays at its device", MAP, "raw",
     "void ObjectMap::end_call(Slot slot) {\n  unlink_call(slot);",
     "void ObjectMap::end_call(Slot slot) {\n  if (!$P) unlink_call(slot);"),
    ("a device with calls is forgotten", MAP, "stmt",
     "if (device.sitters != 0 || device.calls != 0) return;", "if (device.sitters != 0) return;"),
    ("somebody stands under the key 0", KEYS, "expr", "found.key != 0 ? found.slot : kNone", "found.slot"),
    ("erasing leaves a hole in a chain", "core/base/probe.hpp", "expr", "walked < ((at - hole) & mask)", "true"),
    # ---- the start-up dialogue ----
    ("answered questions count as in flight", INQUIRY, "raw",
     "  --in_flight_;\n  note_answer(", "  if (!$P) --in_flight_;\n  note_answer("),
    ("what was lost is not asked again", INQUIRY, "expr",
     "attempts_max_ == kForEver || question.asked_times < attempts_max_", "false"),
    ("an answer of another kind answers a question", INQUIRY, "expr", "!fits || answer.error", "false"),
    ("questions without a bound", INQUIRY, "expr", "bytes_ + cost > bytes_max_", "false"),
    ("a question that finds no room is put without a pause", INQUIRY, "raw",
     "no_room_until_ = now + kPauseMin;", "if (!$P) no_room_until_ = now + kPauseMin;"),
    ("a download that was thrown away counts as loaded", SYNC, "stmt", "coming_whole_ = !more;",
     "coming_whole_ = !more; if (!more) keys_ = coming_keys_;"),
    ("a download under way leaves the keys of the last one", SYNC, "raw",
     "  keys_.clear();  // from here on", "  if (!$P) keys_.clear();  // from here on"),
    ("after lost records nothing is downloaded again", CORE, "raw", "    sync_.forget_keys();\n    wish_reset(",
     "    if (!$P) sync_.forget_keys();\n    wish_reset("),
    ("what a dialogue keeps costs only its bytes", SYNC, "expr",
     "(kept_.size() + 1) * sizeof(Kept) + bytes_.size() + body.size()", "bytes_.size() + body.size()"),
    ("an answer that finds no room is not asked for again", SYNC, "stmt",
     "if (!kept) inquiry_->again(pending.detail, now_);", ""),
    ("a dialogue is applied in one turn, whatever the log takes", DIALOGUE, "expr",
     "pace == Pace::kAsTheLogTakesIt && (sink_.blocked() || frames++ == kKeptPerTurn)", "false"),
    ("the CTI Server is read from while a dialogue is applied", LINE_CORE, "expr",
     "sink_.blocked() || sync_.applying()", "sink_.blocked()"),
    ("whoever a dialogue brings is asked about twice", QUESTIONS, "stmt",
     "if (sync_.active()) return;  // it ends with a look after everybody", ""),
    ("a dialogue fills all the room that it has", SYNC, "expr", "cost > config_.sync_bytes_max / 4 * 3",
     "cost > config_.sync_bytes_max"),
    ("after the end of a dialogue nobody asks on", SYNC, "stmt",
     "inquiry_->again(question, now);", ""),
    # ---- asks ----
    ("an ask overtakes those that wait for the start", ASKS, "expr",
     "!may_become_ready() && parked_.empty()", "!may_become_ready()"),
    ("a question for all ends with the session in slot 0", ASKS, "expr",
     "ask.from.session_number != 0 && ask.from.fanout == session.fanout", "ask.from.fanout == session.fanout"),
    ("asks that wait have no bound", ASKS, "expr",
     "parked_.size() >= kParkedMax || parked_bytes_ + cost > kParkedBytesMax", "false"),
    ("who has gone still weighs among those that wait", ASKS, "stmt",
     "parked_bytes_ -= cost_of(parked.ask);\n    return true;", "return true;"),
    ("asks wait for the start without a deadline", ASKS, "expr", "now_ >= parked_.front().deadline", "false"),
    ("who looked up an agent and has gone is told", ASKS, "expr", "!gone(probe.ask)", "true"),
    ("bad frames in a row count over good answers", ANSWERS, "raw",
     "  } else {\n    bad_in_a_row_ = 0;\n  }", "  } else if (!$P) {\n    bad_in_a_row_ = 0;\n  }"),
    ("who waits for an answer is not told of the loss", CORE, "raw",
     "      if (pending.kind == PendingKind::kClient)\n        requests_.unknown(pending, \"the CTI Server was lost\");",
     "      if (pending.kind == PendingKind::kClient && !$P)\n        requests_.unknown(pending, \"the CTI Server was lost\");"),
    ("a late answer finds the next request of its place", PENDING, "expr",
     "slot.kind == PendingKind::kFree || slot.invoke_id != invoke_id", "slot.kind == PendingKind::kFree"),
    # ---- the session with the CTI Server, and the clock ----
    ("answered heartbeats count as missed", LINK, "raw",
     "      heartbeats_open_ = 0;\n      return Verdict::kConsumed;",
     "      if (!$P) heartbeats_open_ = 0;\n      return Verdict::kConsumed;"),
    ("silence counts while we do not read", LINK, "expr",
     "receiving_ && heartbeats_open_ >= config_.heartbeats_max", "heartbeats_open_ >= config_.heartbeats_max"),
    ("a flapping side is always tried first", LINK, "stmt", "if (lived < config_.stable_after) return;", ""),
    ("a line leaves in the middle of what it says", LINK, "expr", "leaving_ && upstream_.out().idle()",
     "leaving_"),
    ("who takes nothing keeps a line from its end", LINK, "stmt",
     "if (leaving_) leave();  // it takes nothing: without a goodbye", ""),
    ("an OPEN_CONF of an older try opens", LINK, "expr", "conf->invoke_id() != open_id_", "false"),
    ("only one side is tried", LINK, "raw",
     "    side_ ^= 1U;\n    return connect_now();", "    if (!$P) side_ ^= 1U;\n    return connect_now();"),
    ("a standby side is taken for the active one", LINK, "expr", "conf->session_type() == kStandby",
     "false"),
    ("a refused service mask is offered again", LINK, "expr", "status == kStatusInvalidServiceMask",
     "false"),
    ("silence proves illness while we do not read", CORE, "stmt", "progress_.not_reading(now_);", ""),
    ("what a line stood still counts against the CTI Server", TIME, "stmt",
     "away_ += after - due - kLateMax;", ""),
    ("a bell is rung for a line that is awake", LINE_CPP, "expr", "wait_ends_ <= wait_began_ || busy()", "busy()"),
    ("a log that is free again is not looked at", LINE_CPP, "expr",
     "core_.held_back() ? std::min(next, io_.now() + Millis{1}) : next", "next"),
    ("the CTI Server is read from while the log is held", LINE_CPP, "stmt",
     "link_.set_receiving(!core_.held_back());", ""),
]
