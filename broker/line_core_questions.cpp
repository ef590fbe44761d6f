// line_core_questions.cpp - what a line asks for itself while it serves: about whoever has become known, and whether the CTI
// Server is still at work.
#include "broker/line_core.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/object_key.hpp"

#include <string_view>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using ged::MessageType;

namespace {

constexpr std::size_t kSmallMessageBytes = 256;

}  // namespace

// ---- who cannot be asked about ----

// The CTI Server may name somebody as no message of ours can, with control bytes. Nobody can be asked then, after a loss, and no
// request can be made: what was known may be over long since. The next event tells, and what events of this session have told.
void LineCore::give_up_unsayable() {
  Inquiry* const inquiry = sync_.inquiry();
  if (inquiry == nullptr || sync_.active() || reset_ != ResetCause::kNone) return;
  bool raised = false;
  for (const Question& question : inquiry->take_unsayable()) {
    const std::uint32_t peripheral = question.peripheral_id;
    const CallName call{peripheral, question.call_id, question.device_type, question.name};
    if (question.kind == Question::Kind::kAgent) {
      const ObjectId id = agent_object_id(peripheral, question.name);
      const AgentEntry* const agent = map_.agent(wire::object_key(id.view()));
      const bool here = agent != nullptr && agent->logged_in();
      if (here && !translator_.agent_heard_since(peripheral, question.name, heard_before_))
        translator_.agent_unknown(peripheral, question.name, ctios::eUnknown);
    } else if (question.kind == Question::Kind::kCall) {
      if (!translator_.call_heard_since(call, heard_before_)) translator_.call_gone(call);
    } else if (question.kind == Question::Kind::kDevice) {
      ask_calls_at(question);
      raised = true;
    }
  }
  if (raised) pump_sync();  // of a device once only: a question is not put twice
}

// ---- who has become known ----

/// The one place where it is asked for what no event tells, whatever record made the agent known, or logged the agent in.
void LineCore::look_after_newcomers() {
  if (sync_.active()) return;  // it ends with a look after everybody
  const bool missed = translator_.take_newcomers([this](const Translator::Newcomer& newcomer) {
    const AgentEntry* const agent = map_.agent(newcomer.key);
    if (agent != nullptr) look_after(*agent, newcomer.unasked, Asking::kAnew);
  });
  const bool calls_missed = translator_.take_made_calls([this](std::uint64_t key) {
    if (const CallEntry* const call = map_.call(key)) look_after(*call);
  });
  if (missed || calls_missed) look_after_everybody();
}

/// Who watches whom, and whose statistics may be seen, follows from teams, roles and who is there.
void LineCore::look_after_watches() {
  if (!translator_.has_members()) [[likely]]
    return;
  if (watches_.empty() && statistics_.empty()) return translator_.forget_members();
  const bool owed = std::exchange(looks_owed_, true);  // until all of it is done
  const bool missed = translator_.take_members([this](std::span<const std::uint64_t> agents) {
    watches_.look_at(agents);
    for (const std::uint64_t agent : agents) statistics_.look_at(agent);
  });
  if (missed) watches_.look_at_all(), statistics_.look_at_all();
  const bool lost = translator_.take_touched([this](std::uint64_t key) {
    watches_.look_at_buttons(key);
    statistics_.touched(key, now_);
  });
  if (lost) watches_.look_at_all_buttons(), statistics_.all_touched(now_);
  looks_owed_ = owed;
}

/// A look was cut short for want of memory: of whom is forgotten, so it is everybody's turn.
void LineCore::look_again() {
  looks_owed_ = true;
  watches_.look_at_all();
  statistics_.look_at_all();
  watches_.look_at_all_buttons();
  statistics_.all_touched(now_);
  looks_owed_ = false;
}

void LineCore::look_after_everybody() {
  translator_.forget_newcomers();
  map_.each_agent([this](const AgentEntry& agent) {
    look_after(agent, agent.state == ctios::eUnknown, Asking::kOnce);
  });
  map_.each_call([this](const CallEntry& call) { look_after(call); });
}

/// Where the agent sits, and which calls are there, stands in an answer only when no event has said it; what the desk
/// settings are, which decide about buttons, in no event at all. Without a session: the next dialogue asks about everybody.
void LineCore::look_after(const AgentEntry& agent, bool unasked, Asking how) {
  Inquiry* const inquiry = sync_.inquiry();
  if (inquiry == nullptr) return;
  const bool seated = agent.devices[0] != kNoSlot || agent.devices[1] != kNoSlot;
  const std::string_view name = agent.agent_id.view();
  const bool unseated = agent.logged_in() && !seated;
  // What was answered before the agent came says nothing now.
  if (unasked || unseated)
    inquiry->ask_agent(agent.peripheral_id, name, unseated ? Asking::kAnew : how);
  // They may have been changed while the agent, or the CTI Server, was away.
  if (agent.logged_in())
    inquiry->ask_desk_settings(agent.peripheral_id, name, agent.desk_known ? how : Asking::kAnew);
}

/// A call that some event has made: what its begin would have told stands in an answer. There may be no such call: the
/// event was late, and the call is over.
void LineCore::look_after(const CallEntry& call) {
  Inquiry* const inquiry = sync_.inquiry();
  if (inquiry == nullptr || call.begin != CallBegin::kMissed) return;
  inquiry->ask_call(call.peripheral_id, call.call_id, call.device_type, call.device_id.view(),
                    Asking::kAnew);
}

// ---- is the CTI Server still at work? ----

void LineCore::look_at_progress() {
  if (!session_open_) return;
  if (std::exchange(asked_seen_, pending_.asked()) != pending_.asked()) progress_.asked(now_);
  switch (progress_.look(now_)) {
    case Progress::Verdict::kFine:
      return;
    case Progress::Verdict::kAskSomething:
      return progress_.probed(now_, ask_something());
    case Progress::Verdict::kIll:
      return wish_reset(ResetCause::kNoProgress,
                        "is left: heartbeats were answered, but no request, and no event came");
  }
}

/// About any agent, known or not: every CTI Server answers that, one way or the other. False: there was no room for it.
bool LineCore::ask_something() {
  std::uint32_t peripheral = config_.peripherals.front();
  std::string_view name = config_.agents.empty() ? "0" : std::string_view(config_.agents.front());
  map_.each_agent([&](const AgentEntry& agent) {
    peripheral = agent.peripheral_id;
    name = agent.agent_id.view();
  });
  const MutableBytes room = upstream_.claim(kSmallMessageBytes);
  if (room.empty()) return false;
  Pending entry;
  entry.kind = PendingKind::kRefresh;
  entry.message = static_cast<std::uint16_t>(MessageType::kQueryAgentStateReq);
  entry.deadline = now_ + config_.request_timeout;
  Pending* const kept = pending_.add(entry);
  if (kept == nullptr) return false;
  const auto encode = [&](std::string_view agent) {
    return ged::QueryAgentStateReqEncoder(room, upstream_.version(),
                                          {.invoke_id = kept->invoke_id,
                                           .peripheral_id = peripheral,
                                           .mrdid = config_.voice_mrd})
        .agent_id(agent)
        .finish();
  };
  auto frame = encode(translator_.names().said(name));
  if (!frame.ok()) frame = encode("0");  // a name that cannot be written
  if (!frame.ok()) {
    pending_.remove(*kept);
    return false;
  }
  upstream_.commit(frame->size());
  ++counters_.progress_probes;
  return true;
}

}  // namespace cti::broker
