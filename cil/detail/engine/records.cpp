// records.cpp - update records and snapshots become objects and events; the current call and its buttons.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/objects/convert.hpp"

#include <algorithm>
#include <utility>

namespace cti::cil::detail {

using wire::FrameType;
using wire::ObjectKind;

bool Engine::take_update(Bytes frame) {
  const auto update = wire::UpdateView::check(frame);
  if (!update) return false;
  // Nothing of a peripheral comes inside its snapshot, else the snapshot's end would bring back what was before.
  if (snapshot_ && snapshot_->peripheral_id == update->peripheral_id()) return false;
  const wire::Position now = update->position();
  if (wire::Position* seen = position_of(update->peripheral_id())) {
    if (seen->lineage == now.lineage && seen->epoch == now.epoch &&
        now.sequence <= seen->sequence) {
      ++counters_.doubles;  // a resume that overlaps
      return true;
    }
    *seen = now;
  }
  ++counters_.updates;
  apply_record(*update, As::kLive);
  return true;
}

/// Where the records of a peripheral are kept account of. Null beyond kPeripheralsMax: after a loss such a one is not
/// resumed, its snapshot comes anew.
wire::Position* Engine::position_of(std::uint32_t peripheral_id) {
  const auto found = positions_.find(peripheral_id);
  if (found != positions_.end()) return &found->second;
  if (positions_.size() >= kPeripheralsMax) {
    ++counters_.positions_refused;
    return nullptr;
  }
  return &positions_[peripheral_id];
}

bool Engine::take_snapshot(Bytes frame) {
  switch (static_cast<FrameType>(wire::frame_type(frame.data()))) {
    case FrameType::kSnapshotBegin: {
      const auto begin = wire::SnapshotBeginView::check(frame);
      if (!begin) return false;
      const bool again = begin->reason() == wire::SnapshotReason::kWatch;
      snapshot_ = Snapshot{begin->peripheral_id(), {}, again ? As::kAgain : As::kTold};
      return true;
    }
    case FrameType::kSnapshotRecord: {
      if (!snapshot_ || !wire::UpdateView::check(frame)) return false;
      auto& records = snapshot_->records;
      const std::size_t most = core_.limits().snapshot_bytes_max;
      if (records.size() + frame.size() > most) {
        transport_.drop(wire::CloseReason::kOutOfResources,
                        "a snapshot above the limit of " + std::to_string(most) + " bytes");
        return true;
      }
      records.insert(records.end(), frame.begin(), frame.end());
      return true;
    }
    default: {
      const auto end = wire::SnapshotEndView::check(frame);
      if (!end || !snapshot_ || snapshot_->peripheral_id != end->peripheral_id()) return false;
      end_snapshot(*end);
      return true;
    }
  }
}

/// The snapshot is whole: it replaces what was known.
void Engine::end_snapshot(const wire::SnapshotEndView& end) {
  const std::uint32_t peripheral = end.peripheral_id();
  const wire::Position position = end.position();
  const std::vector<std::byte> bytes = std::move(snapshot_->records);
  const As as = snapshot_->as;
  snapshot_.reset();
  ++counters_.snapshots;
  subscription_.snapshot_seen = true;
  core_.objects().begin_snapshot(peripheral);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto record = wire::UpdateView::trusted(Bytes(bytes).subspan(at));
    at += record.bytes().size();
    if (agent_cleared()) return;  // by a handler: the objects go with it
    apply_record(record, as);
  }
  if (wire::Position* seen = position_of(peripheral)) *seen = position;
  // Until the mode stands the server brings what has happened since the snapshot was taken: that counts too.
  const bool noted = std::find(unswept_.begin(), unswept_.end(), peripheral) != unswept_.end();
  if (subscription_.established || (!noted && unswept_.size() >= kPeripheralsMax)) {
    sweep(peripheral);
  } else if (!noted) {
    unswept_.push_back(peripheral);
  }
}

/// What neither the snapshot nor what came behind it has mentioned has ended while nobody looked.
void Engine::sweep(std::uint32_t peripheral_id) {
  for (const Unheard& each : core_.objects().end_snapshot(peripheral_id)) {
    const bool told = wire::kind_of(each.id) == ObjectKind::kCall && !agent_cleared();
    if (each.monitored && told) end_monitored(each.id);
    end_object(each.id, told && !each.monitored);
  }
}

void Engine::apply_record(const wire::UpdateView& update, As as) {
  if (is_monitored(update)) return apply_monitored(update, as);
  Arguments args;
  read(update.arguments(), &args);
  std::string id;
  args.GetValueString(CTIOS_UNIQUEOBJECTID, &id);
  const bool ends = (update.topics() & wire::topic::kEnds) != 0;
  // What was monitored until now is the session's own from here on.
  const std::string watched = core_.objects().monitored(update);
  const bool crosses = !watched.empty();
  if (wire::kind_of(watched) == ObjectKind::kCall) end_monitored(watched);
  if (agent_cleared()) return;
  const Folded folded =
      core_.objects().apply(crosses ? marked(update, false) : update, as == As::kAgain);
  follow_name(folded);
  const auto event = static_cast<int>(update.event_id());
  if (as == As::kAgain && !crosses) {  // it has been told; the buttons may be others all the same
    if (folded.changed) follow_call(folded.id, event, args, folded.ended);
    if (folded.ended) end_object(folded.id, false);
    return;
  }
  if (event == eCTIOSFailureEvent) note_system_event(args);
  // Before the mode stands it is history: a snapshot in its place would not have said it.
  if (event == eAgentStateEvent && as == As::kLive && subscription_.established) {
    int state = eUnknown;
    args.GetValueInt(CTIOS_AGENTSTATE, &state);
    const bool left = core_.with([&](SessionCore::State& shared) {
      if (shared.agent_id != id || state != eLogout) return false;
      shared.watching = {};  // who logs out watches nobody any more
      return true;
    });
    if (left) login_.reset(), members_.clear();  // logged out on purpose: no AutoLogin later
  }
  if (event != eUnknownEvent) tell(event, args);
  follow_call(id, event, args, ends);
  if (folded.ended) end_object(folded.id, false);
}

/// The object has another name now: so has it where it is named.
void Engine::follow_name(const Folded& folded) {
  if (folded.from.empty()) return;
  core_.with([&](SessionCore::State& state) {
    for (std::string* const name :
         {&state.call_id, &state.agent_id, &state.watching.agent, &state.watching.call}) {
      if (*name == folded.from) *name = folded.id;
    }
    for (Work& work : state.work) {
      auto* chosen = std::get_if<CallChosen>(&work);
      if (chosen && chosen->object_id == folded.from) chosen->object_id = folded.id;
    }
  });
}

/// After the object's last event; `tell_end` when nobody else tells it.
void Engine::end_object(const std::string& object_id, bool tell_end) {
  if (tell_end) {
    Arguments args;
    args.AddItem(CTIOS_UNIQUEOBJECTID, object_id);
    args.AddItem(CTIOS_CALLSTATUS, short{LCS_NULL});
    tell(eCallEndEvent, args);
  }
  core_.objects().remove(object_id);
  forget_monitored_call(object_id);
  leave_call(object_id);
}

/// A call that is over for the session is not its current one any more.
void Engine::leave_call(const std::string& object_id) {
  const bool was_current = core_.with([&](SessionCore::State& state) {
    if (state.call_id != object_id) return false;
    state.call_id.clear();
    return true;
  });
  if (!in_agent_mode() || wire::kind_of(object_id) != ObjectKind::kCall) return;
  const std::string current =
      core_.with([](const SessionCore::State& state) { return state.call_id; });
  const std::vector<std::string> left = core_.objects().own_calls(2);
  if (current.empty() && left.size() == 1) return choose_call(left.front());
  if (was_current) {  // more than one left: the program must choose; until then the agent's buttons count
    tell_buttons(core_.with([](const SessionCore::State& state) { return state.agent_id; }),
                 eCallEndEvent, {});
  }
}

/// The only call becomes current by itself; events of the current call or agent move the buttons.
void Engine::follow_call(const std::string& object_id, int event_id, const Arguments& args,
                         bool ends) {
  if (!in_agent_mode() || object_id.empty()) return;
  int supervisor = 0;
  if (args.GetValueInt(CTIOS_SUPERVISORBTNENABLEMENTMASK, &supervisor)) {
    Arguments told;
    told.AddItem(CTIOS_SUPERVISORBTNENABLEMENTMASK, supervisor);
    tell(eSupervisorButtonChange, told);
  }
  bool monitored = false;
  args.GetValueBool(CTIOS_MONITORED, &monitored);
  if (monitored) return;
  const auto [current, agent] = core_.with(
      [](const SessionCore::State& state) { return std::pair(state.call_id, state.agent_id); });
  if (!ends && current.empty() && wire::kind_of(object_id) == ObjectKind::kCall) {
    const std::vector<std::string> calls = core_.objects().own_calls(2);
    if (calls.size() == 1 && calls.front() == object_id) return choose_call(object_id);
  }
  unsigned int mask = 0;
  if ((object_id == current || object_id == agent) &&
      args.GetValueUInt(CTIOS_ENABLEMENTMASK, &mask)) {
    tell_buttons(object_id, event_id, mask);
  }
}

void Engine::choose_call(const std::string& object_id) {
  const bool ours = core_.with([&](SessionCore::State& state) {
    if (state.mode_number != subscription_.number) return false;  // cleared meanwhile
    state.call_id = object_id;
    return true;
  });
  if (ours) call_chosen(object_id);
}

/// The program has chosen, and each choice is told. By now the call may be over, or the agent cleared.
void Engine::run(CallChosen& chosen) {
  const bool is_there = core_.objects().known(chosen.object_id, ObjectKind::kCall);
  if (is_there && in_agent_mode()) call_chosen(chosen.object_id);
}

void Engine::call_chosen(const std::string& object_id) {
  Arguments args;
  args.AddItem(CTIOS_UNIQUEOBJECTID, object_id);
  tell(eOnCurrentCallChanged, args);
  tell_buttons(object_id, eOnCurrentCallChanged, {});
}

/// The buttons that are on. The mask of an agent's or a call's record is that of the agent with one call: from the record
/// just told come the buttons of the agent, from the current call's own record those of the call.
void Engine::tell_buttons(const std::string& object_id, int event_id,
                          std::optional<unsigned int> mask) {
  if (!in_agent_mode()) return;  // a handler of what was told before has cleared the agent
  static constexpr unsigned int kOfCall =
      ENABLE_ANSWER | ENABLE_RELEASE | ENABLE_HOLD | ENABLE_RETRIEVE | ENABLE_TRANSFER_INIT |
      ENABLE_TRANSFER_COMPLETE | ENABLE_SINGLE_STEP_TRANSFER | ENABLE_CONFERENCE_INIT |
      ENABLE_CONFERENCE_COMPLETE | ENABLE_SINGLE_STEP_CONFERENCE | ENABLE_ALTERNATE |
      ENABLE_RECONNECT;
  const auto [call, agent] = core_.with(
      [](const SessionCore::State& state) { return std::pair(state.call_id, state.agent_id); });
  const auto mask_of = [&](const std::string& id) -> std::optional<unsigned int> {
    Arg value;
    unsigned int found = 0;
    if (!core_.objects().property(id, ekwEnablementMask, &value) || !value.GetValueUInt(&found))
      return {};
    return found;
  };
  const auto of_call = mask_of(call);
  const unsigned int latest = mask ? *mask : of_call ? *of_call : mask_of(agent).value_or(0);
  unsigned int merged = latest;
  if (call.empty()) merged = latest & ~kOfCall;
  if (of_call) merged = (latest & ~kOfCall) | (*of_call & kOfCall);
  if (merged != DISABLE_ALL) merged &= ~unsigned{DISABLE_ALL};  // it means that no other bit is set
  Arguments args;
  args.AddItem(CTIOS_ENABLEMENTMASK, static_cast<int>(merged));
  args.AddItem(CTIOS_UNIQUEOBJECTID, object_id);
  args.AddItem(CTIOS_MESSAGEID, event_id);
  tell(eButtonEnablementMaskChange, args);
}

}  // namespace cti::cil::detail
