// watch_buttons.cpp - the buttons of supervisors who watch one agent: what they follow from, and when they are told.
#include "broker/requests/watches.hpp"
#include "core/base/check.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/object_key.hpp"

#include <new>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

namespace {

using wire::ged188::CallType;
static_assert(static_cast<int>(CallType::kSupervisorMonitor) == kMonitorCallType &&
              static_cast<int>(CallType::kSupervisorWhisper) == kMonitorCallType + 1 &&
              static_cast<int>(CallType::kSupervisorBargein) == kMonitorCallType + 2 &&
              static_cast<int>(CallType::kSupervisorIntercept) == kMonitorCallType + 3);

bool is_there(const CallEntry& call) noexcept {
  return call.status != ctios::LCS_NULL && call.status != ctios::LCS_NONE;
}

/// The call that the buttons are about: the one that was chosen while it is there, else the one the agent talks on, else any.
const CallEntry* call_of(const ObjectMap& map, const AgentEntry& agent, const std::string& chosen) {
  const CallEntry* found = nullptr;
  const std::uint64_t key = chosen.empty() ? 0 : wire::object_key(chosen);
  bool is_chosen = false;
  map.calls_of(agent, [&](const CallEntry& call) {
    if (!is_there(call) || is_chosen) return;
    is_chosen = call.key == key;
    if (is_chosen || found == nullptr || call.status == ctios::LCS_CONNECT) found = &call;
  });
  return found;
}

}  // namespace

/// Places for the new ones have been made.
void Watches::set_focus(Row& row, std::uint64_t focus) noexcept {
  if (focus == row.focus) return;
  if (focus != 0) {
    ++focus_.find(focus)->second;
    ++focus_.find(row.agent_key)->second;
  }
  if (row.focus != 0) {
    drop_focus(row.focus);
    drop_focus(row.agent_key);
  }
  row.focus = focus;
  row.mask = kNotTold;
}

void Watches::drop_focus(std::uint64_t agent_key) noexcept {
  const auto found = focus_.find(agent_key);
  CTI_CHECK(found != focus_.end() && found->second > 0);
  if (--found->second == 0) focus_.erase(found);
}

SupervisorView Watches::view_of(const SessionRef& session) const {
  const Row* const row = find(session);
  return row == nullptr ? SupervisorView{} : view_of(*row);
}

SupervisorView Watches::view_of(const Row& row) const {
  SupervisorView view;
  const AgentEntry* const me = map_.agent(row.agent_key);
  const AgentEntry* const agent = map_.agent(row.focus);
  if (me == nullptr || agent == nullptr) return view;
  view.supervisor = me;
  view.agent = agent;
  SupervisorSituation& now = view.now;
  now.logged_in = me->logged_in();
  now.agent = static_cast<ctios::AgentState>(agent->state);
  if (const CallEntry* const call = call_of(map_, *agent, row.wish.call)) {
    view.call = call;
    now.has_call = true;
    now.call = static_cast<ctios::LocalConnectionState>(call->status);
  }
  map_.calls_of(*me, [&](const CallEntry& call) {
    if (!is_there(call)) return;
    const SupervisorPart part = part_of(call.type);
    view.own = &call;
    if (part == SupervisorPart::kNone) {
      now.other_call = true;
    } else {
      now.part = part;
    }
  });
  CTI_CHECK(now.has_call == (view.call != nullptr));
  return view;
}

void Watches::look_at_buttons(std::uint64_t agent_key) {
  if (!focus_.contains(agent_key)) return;
  const bool was = std::exchange(stale_, true);  // until all of it is done
  for (auto& [number, row] : rows_) {
    if (row.focus == 0 || (row.focus != agent_key && row.agent_key != agent_key)) continue;
    tell_buttons(row);
  }
  stale_ = was;
}

void Watches::look_at_all_buttons() {
  const bool was = std::exchange(stale_, true);
  for (auto& [number, row] : rows_) {
    if (row.focus != 0) tell_buttons(row);
  }
  stale_ = was;
}

void Watches::tell_buttons(const SessionRef& session) noexcept {
  Row* const row = find(session);
  if (row == nullptr || row->focus == 0) return;
  row->mask = kNotTold;
  try {
    tell_buttons(*row);
  } catch (const std::bad_alloc&) {
    stale_ = true;
  }
}

void Watches::tell_buttons(Row& row) {
  const std::uint32_t mask = supervisor_buttons(view_of(row).now).mask;
  CTI_CHECK(mask != kNotTold);
  if (mask == row.mask) return;
  tell(row, 0,
       make_private({.event_id = EventId::eSupervisorButtonChange},
                    [&](wire::ArgumentsWriter& writer) {
                      writer.add_int(Keyword::SupervisorBtnEnablementMask,
                                     static_cast<std::int32_t>(mask));
                    }));
  row.mask = mask;
}

}  // namespace cti::broker
