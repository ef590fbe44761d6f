"""plants_rest.py - bugs in core/ and cil/. See plants.py."""

WHEEL = "core/timer_wheel.cpp"
CLOCK = "core/own_clock.hpp"
WATCHDOG = "core/watchdog.cpp"
KERNEL_IO = "core/kernel_io.cpp"
LOG_FILE = "core/log_file.cpp"
LOG_SERVICE = "core/log_service.cpp"
RECORDS = "cil/detail/engine/records.cpp"
MODES = "cil/detail/engine/modes.cpp"
ENGINE = "cil/detail/engine/engine.cpp"
DISPATCHER = "cil/detail/engine/dispatcher.cpp"
OBJECTS = "cil/detail/objects/objects.cpp"
REQUESTS = "cil/detail/engine/requests.cpp"
SESSION = "cil/detail/engine/session_core.cpp"
TRANSPORT = "cil/detail/transport/transport.cpp"

REST = [
    ("timers fire up to a tick early", WHEEL, "expr", "whole ? down : down + 1", "down"),
    ("a cancelled timer's id names the next one", WHEEL, "stmt",
     "node.generation = node.generation == UINT32_MAX ? 1 : node.generation + 1;", ""),
    ("the finer slot first", WHEEL, "expr", "best.level < 0 || tick < best.tick",
     "best.level < 0 || tick <= best.tick"),
    ("an emptied slot stays marked", WHEEL, "stmt",
     "occupied_[node.slot / kSlots] &= ~(std::uint64_t{1} << (node.slot % kSlots));", ""),
    ("own time runs before what had arrived is read", CLOCK, "expr",
     "!received || real >= catching_up_until_", "true"),
    ("a stop of the process is time", CLOCK, "stmt", "skipped_ += own - now_;", "now_ = own;"),
    ("the watchdog's own lateness counts against threads", WATCHDOG, "expr", "thread->since + late",
     "thread->since"),
    ("a thread that has ended is missed", WATCHDOG, "expr",
     "ended || !looked_ || verdict.forgiven || turns != thread->seen",
     "!looked_ || verdict.forgiven || turns != thread->seen"),
    ("a thread that sleeps is not woken by the watchdog", WATCHDOG, "stmt",
     "if (!ended && turns == thread->seen) thread->wake();", ""),
    ("lingering connections are forgotten while asleep", KERNEL_IO, "expr",
     "std::min({deadline, accept_again_, lingering_.next()})", "std::min(deadline, accept_again_)"),
    ("accepting that was paused is not begun again", KERNEL_IO, "expr",
     "std::min({deadline, accept_again_, lingering_.next()})", "std::min(deadline, lingering_.next())"),
    ("a log file that is not ours any more is moved away", LOG_FILE, "expr",
     "there ? !same_file(is, output_.descriptor()) : errno == ENOENT", "false"),
    ("a writer waits for room where the file was", LOG_SERVICE, "expr",
     "moved || (ending && monotonic_now() >= end_by)", "ending && monotonic_now() >= end_by"),
    # ---- client library ----
    ("records told twice after a resume", RECORDS, "expr",
     "seen->lineage == now.lineage && seen->epoch == now.epoch &&\n        now.sequence <= seen->sequence",
     "false"),
    ("an update inside a snapshot is taken", RECORDS, "stmt",
     "if (snapshot_ && snapshot_->peripheral_id == update->peripheral_id()) return false;", ""),
    ("the only call left is not chosen", RECORDS, "expr", "current.empty() && left.size() == 1", "false"),
    ("no login by itself after a logout", RECORDS, "expr", "shared.agent_id != id || state != eLogout", "true"),
    ("call buttons without a call", RECORDS, "stmt", "if (call.empty()) merged = latest & ~kOfCall;",
     ""),
    ("a snapshot without a bound", RECORDS, "expr", "records.size() + frame.size() > most", "false"),
    ("requests sent again to another lineage", REQUESTS, "expr",
     "pending.sent && pending.lineage != lineage", "false"),
    ("a reply answers a request that was not sent", REQUESTS, "expr",
     "found == pending_.end() || !found->second.sent", "found == pending_.end()"),
    ("a request overtakes those that wait for room", REQUESTS, "expr", "may_send() && !starved_", "may_send()"),
    ("an ended request still counts", REQUESTS, "raw",
     "  pending_.erase(found);\n  finished(request);", "  pending_.erase(found);\n  if (!$P) finished(request);"),
    ("a new mode goes on where a refused one was", MODES, "raw",
     "  positions_.clear();  // of another mode", "  if (!$P) positions_.clear();  // of another mode"),
    ("a mode that was set anew meanwhile is asked for", MODES, "stmt",
     "if (!newest) return;  // refused, or set anew, meanwhile", ""),
    ("a mode that names something else than an agent is believed", MODES, "raw",
     "if (!agent_id.empty() && wire::kind_of(agent_id) != wire::ObjectKind::kAgent) return false;",
     "if (!$P && !agent_id.empty() && wire::kind_of(agent_id) != wire::ObjectKind::kAgent) return false;"),
    ("a snapshot that was never swept is gone on from", ENGINE, "stmt",
     "for (const std::uint32_t peripheral : unswept_) positions_.erase(peripheral);", ""),
    ("a chosen call is the current one for ever", ENGINE, "raw",
     "    state.call_id.clear();  // whoever chose", "    if (!$P) state.call_id.clear();  // whoever chose"),
    ("a call is told as chosen that is over", RECORDS, "stmt",
     "if (is_there && in_agent_mode()) call_chosen(chosen.object_id);", "call_chosen(chosen.object_id);"),
    ("a mode that was cleared names the agent of the next", MODES, "stmt",
     "if (state.mode_number != subscription_.number) return false;", ""),
    ("a mode that found no room is not asked for again", REQUESTS, "expr",
     "transport_.up() && subscription_.wanted && !subscription_.asked", "false"),
    ("requests of a nameless agent outlive its mode", REQUESTS, "expr",
     "!at->second.request.of_mode", "at->second.request.target.empty()"),
    ("a logout before the mode stands ends AutoLogin", RECORDS, "expr",
     "event == eAgentStateEvent && as == As::kLive && subscription_.established",
     "event == eAgentStateEvent && as == As::kLive"),
    ("who comes while an event is told hears it too", DISPATCHER, "expr",
     "i < list.generic.there", "i < list.generic.all.size()"),
    ("a merged call forgets what was known", OBJECTS, "stmt",
     "return object->detach(all);  // the one that has the name goes on, this one has become part of it",
     "return;"),
    ("work is begun after a Disconnect", SESSION, "expr",
     "word.is(Standing::kDisconnectAsked) || word.is(Standing::kAnewAsked)", "word.is(Standing::kAnewAsked)"),
    ("a server that answers heartbeats counts as silent", TRANSPORT, "raw",
     "  unanswered_ = 0;\n  frame_due_ = kNever;  // what comes behind",
     "  if (!$P) unanswered_ = 0;\n  frame_due_ = kNever;  // what comes behind"),
    ("a frame that does not end is waited for", TRANSPORT, "expr", "up() && now >= frame_due_", "false"),
    ("answers to heartbeats pile up", TRANSPORT, "expr",
     "control_bytes_ + frame.size() > kControlBytesMax", "false"),
    ("the other server is never tried", TRANSPORT, "raw",
     "  side_ ^= 1U;\n  phase_ = Phase::kWaiting;",
     "  if (!$P) side_ ^= 1U;\n  phase_ = Phase::kWaiting;"),
    ("unsent bytes of the old connection go to the new one", TRANSPORT, "raw",
     "  out_.reset();\n  connection_ = {};", "  if (!$P) out_.reset();\n  connection_ = {};"),
]
