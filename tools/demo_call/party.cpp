// party.cpp - one client of the demo: its events as lines, and waiting for one of them.
#include "tools/demo_call/party.hpp"

#include "wire/event_id.hpp"

#include <cstdio>
#include <ctime>

namespace cti::tools {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr int kPeripheral = 5000;

struct Button {
  std::uint32_t bit;
  const char* name;
};
constexpr Button kButtons[] = {
    {ENABLE_LOGIN, "Login"},
    {ENABLE_LOGOUT | ENABLE_LOGOUT_WITH_REASON, "Logout"},
    {ENABLE_READY, "Ready"},
    {ENABLE_NOTREADY | ENABLE_NOTREADY_WITH_REASON, "NotReady"},
    {ENABLE_WORKREADY, "WorkReady"},
    {ENABLE_WORKNOTREADY, "WorkNotReady"},
    {ENABLE_MAKECALL, "MakeCall"},
    {ENABLE_ANSWER, "Answer"},
    {ENABLE_RELEASE, "Release"},
    {ENABLE_HOLD, "Hold"},
    {ENABLE_RETRIEVE, "Retrieve"},
    {ENABLE_TRANSFER_INIT, "Transfer"},
    {ENABLE_TRANSFER_COMPLETE, "CompleteTransfer"},
    {ENABLE_CONFERENCE_INIT, "Conference"},
    {ENABLE_CONFERENCE_COMPLETE, "CompleteConference"},
    {ENABLE_ALTERNATE, "Alternate"},
    {ENABLE_RECONNECT, "Reconnect"},
};

std::string time_stamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03ld", parts.tm_hour, parts.tm_min,
                parts.tm_sec, now.tv_nsec / 1'000'000);
  return text;
}

const char* agent_state(int state) {
  constexpr const char* kNames[] = {"Login",    "Logout",       "NotReady",  "Ready",
                                    "Talking",  "WorkNotReady", "WorkReady", "BusyOther",
                                    "Reserved", "Unknown",      "Hold"};
  return state >= 0 && state <= 10 ? kNames[state] : "?";
}

const char* call_status(int status) {
  constexpr const char* kNames[] = {"null", "initiated", "alerting", "connected",
                                    "held", "queued",    "failed"};
  return status >= 0 && status <= 6 ? kNames[status] : "?";
}

/// What a person wants to see of an event, in a few words.
std::string in_words(const Arguments& args) {
  std::string words;
  const auto say = [&](const char* key, const char* label) {
    std::string value;
    if (args.GetValueString(key, &value) && !value.empty())
      words += std::string(" ") + label + value;
  };
  say(CTIOS_UNIQUEOBJECTID, "");
  int number = 0;
  if (args.GetValueInt(CTIOS_AGENTSTATE, &number)) words += std::string(" ") + agent_state(number);
  if (args.GetValueInt(CTIOS_CALLSTATUS, &number)) words += std::string(" ") + call_status(number);
  say(CTIOS_ANI, "ANI=");
  say(CTIOS_CALLVARIABLE1, "CallVariable1=");
  say(CTIOS_ERRORMESSAGE, "");
  return words;
}

/// Events that the demo does not print: they would only push the call off the screen.
bool is_noise(int event) {
  return event == eOnHeartbeat || event == eButtonEnablementMaskChange ||
         event == eOnCurrentCallChanged || event == eRTPStartedEvent || event == eRTPStoppedEvent;
}

}  // namespace

std::string buttons(std::uint32_t mask) {
  std::string names;
  for (const Button& button : kButtons) {
    if ((mask & button.bit) != 0) names += (names.empty() ? "" : " ") + std::string(button.name);
  }
  return names;
}

Party::Party(std::string name) : name_(std::move(name)) {
  session.AddEventListener(this, eAllInOneList);
}

Party::~Party() {
  Arguments forced;
  forced.AddItem("ForcedDisconnect", true);
  if (session.Disconnect(forced) == CIL_OK) wait(eOnConnectionClosed);
  if (agent_ != nullptr) agent_->Release();
}

void Party::OnEvent(int iEventID, Arguments& rArgs) {
  const std::string words = in_words(rArgs);
  if (!is_noise(iEventID) && !(iEventID == eCTIOSFailureEvent && words.empty())) {
    unsigned int mask = 0;
    int number = 0;
    if (!rArgs.GetValueUInt(CTIOS_ENABLEMENTMASK, &mask) &&
        rArgs.GetValueInt(CTIOS_ENABLEMENTMASK, &number)) {
      mask = static_cast<unsigned int>(number);
    }
    const std::string on = buttons(mask);
    const std::string_view event = wire::callback_name(static_cast<wire::EventId>(iEventID));
    std::printf("%s  %-13s %-26.*s%s%s%s%s\n", time_stamp().c_str(), name_.c_str(),
                static_cast<int>(event.size()), event.data(), words.c_str(),
                on.empty() ? "" : "  [", on.c_str(), on.empty() ? "" : "]");
    std::fflush(stdout);
  }
  const std::lock_guard lock(mutex_);
  waiting_.push_back({iEventID, rArgs, std::chrono::steady_clock::now()});
  if (waiting_.size() > 10'000) waiting_.erase(waiting_.begin(), waiting_.begin() + 5'000);
  changed_.notify_all();
}

bool Party::wait(int event, const std::function<bool(const Arguments&)>& matches,
                 std::string* object_id, std::chrono::steady_clock::time_point* came) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::unique_lock lock(mutex_);
  while (true) {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].id != event || (matches && !matches(waiting_[i].args))) continue;
      if (object_id != nullptr) waiting_[i].args.GetValueString(CTIOS_UNIQUEOBJECTID, object_id);
      if (came != nullptr) *came = waiting_[i].at;
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return true;
    }
    if (changed_.wait_until(lock, until) == std::cv_status::timeout) {
      return missed(std::string(wire::callback_name(static_cast<wire::EventId>(event))) +
                    " did not come");
    }
  }
}

bool Party::missed(std::string what) {
  why_ = name_ + ": " + std::move(what);
  return false;
}

bool Party::connect(int port_a, int port_b) {
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, "127.0.0.1");
  args.AddItem(CTIOS_PORTA, port_a);
  args.AddItem(CTIOS_CTIOSB, "127.0.0.1");
  args.AddItem(CTIOS_PORTB, port_b);
  if (session.Connect(args) != CIL_OK) return missed("Connect was refused");
  return wait(eOnConnection);
}

bool Party::agent_mode(const std::string& agent_id) {
  agent_id_ = agent_id;
  agent_ = new CAgent;
  agent_->SetValue(CTIOS_AGENTID, agent_id);
  agent_->SetValue(CTIOS_PERIPHERALID, kPeripheral);
  if (session.SetAgent(*agent_) != CIL_OK) return missed("SetAgent was refused");
  return wait(eSetAgentModeEvent);
}

bool Party::login(const std::string& instrument) {
  Arguments args;
  args.AddItem(CTIOS_AGENTID, agent_id_);
  args.AddItem(CTIOS_PERIPHERALID, kPeripheral);
  args.AddItem(CTIOS_AGENTINSTRUMENT, instrument);
  args.AddItem(CTIOS_AGENTPASSWORD,
               agent_id_);  // the simulator's rule: the password is the agent id
  if (agent_->Login(args) != CIL_OK) return missed("Login was refused");
  return wait(eAgentStateEvent, [](const Arguments& seen) {
    int state = -1;
    return seen.GetValueInt(CTIOS_AGENTSTATE, &state) && state == eNotReady;
  });
}

bool Party::go(AgentState state) {
  Arguments args;
  args.AddItem(CTIOS_AGENTSTATE, static_cast<int>(state));
  if (agent_->SetAgentState(args) != CIL_OK) return missed("SetAgentState was refused");
  return wait(eAgentStateEvent, [state](const Arguments& seen) {
    int now = -1;
    return seen.GetValueInt(CTIOS_AGENTSTATE, &now) && now == static_cast<int>(state);
  });
}

bool Party::monitor(const std::string& filter) {
  if (session.SetMessageFilter(filter) != CIL_OK) return missed("SetMessageFilter was refused");
  return wait(eOnMonitorModeEstablished);
}

int Party::port() const {
  int port = 0;
  session.GetValueInt(CTIOS_CURRENTPORT, &port);
  return port;
}

std::optional<std::chrono::milliseconds> Party::back_after(
    std::chrono::steady_clock::time_point since) {
  std::chrono::steady_clock::time_point came;
  if (!wait(agent_ != nullptr ? eSetAgentModeEvent : eOnMonitorModeEstablished, {}, nullptr, &came))
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(came - since);
}

bool Party::properties(const std::string& object_id, Arguments* all) {
  CCtiOsObject* object = nullptr;
  if (!session.GetObjectFromObjectID(object_id, &object)) return missed("no " + object_id);
  object->GetAllProperties(*all);
  object->Release();
  return true;
}

bool Party::on_call(const std::string& object_id, const std::function<int(CCall&)>& act) {
  CCtiOsObject* object = nullptr;
  if (!session.GetObjectFromObjectID(object_id, &object)) return missed("no call " + object_id);
  const int code = act(dynamic_cast<CCall&>(*object));
  object->Release();
  return code == CIL_OK ||
         missed("the request on " + object_id + " was refused: " + std::to_string(code));
}

}  // namespace cti::tools
