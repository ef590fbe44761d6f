// session_objects.cpp - the session's collections, current agent and call, properties and listeners.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/engine/session_core.hpp"
#include "cil/listener_arg.hpp"
#include "cil/session.hpp"

#include <utility>

namespace cti::cil {

using detail::SessionCore;
using detail::Standing;

bool CCtiOsSession::lookup(const Key& key, Arg* value) const {
  Arguments all;
  collect(&all);
  const Arg* found = all.find(key);
  if (found) *value = *found;
  return found != nullptr;
}

void CCtiOsSession::collect(Arguments* all) const {
  CCtiOsObject::collect(all);
  core_->with([&](const SessionCore::State& state) {
    all->merge(state.properties);
    const bool connected = state.word.is(Standing::kConnected);
    all->AddItem(CTIOS_CONNECTIONMODE, static_cast<int>(connected ? state.mode : eNotConnected));
    if (state.agent && !state.agent_id.empty()) all->AddItem(CTIOS_CURRENTAGENT, state.agent_id);
    if (!state.call_id.empty()) all->AddItem(CTIOS_CURRENTCALL, state.call_id);
    if (state.watching.may_be_monitored) all->AddItem(CTIOS_SILENTMONITORFORCEMONITOREDMODE, 1);
    all->AddItem(CTIOS_LASTERROR, GetLastError());
  });
}

CAgent* CCtiOsSession::GetCurrentAgent() const {
  return core_->with([](const SessionCore::State& state) {
    if (state.agent) state.agent->AddRef();
    return state.agent.get();
  });
}

CCall* CCtiOsSession::GetCurrentCall() const {
  const std::string id = core_->with([](const SessionCore::State& state) { return state.call_id; });
  return core_->objects().find_as<CCall>(id);
}

int CCtiOsSession::SetCurrentCall(CCall& call) { return SetCurrentCall(&call); }

int CCtiOsSession::SetCurrentCall(CCall* call) {
  std::string id;
  if (!call || !call->GetValueString(ekwUniqueObjectID, &id))
    return ReportError(E_CTIOS_INVALID_CALL);
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    // Looked up under this lock: the event thread forgets a current call under it once the call is not known any more.
    if (!core_->objects().known(id, wire::ObjectKind::kCall)) return E_CTIOS_INVALID_CALL;
    if (state.mode != eAgentConnection) return E_CTIOS_MODE_CONFLICT;
    if (!state.agent) return E_CTIOS_INVALID_CALL;  // cleared, and its calls with it
    if (state.call_id == id) return E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION;
    if (!state.room()) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
    state.call_id = id;
    state.work.push_back(detail::CallChosen{id});
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

Arguments& CCtiOsSession::all_of(wire::ObjectKind kind) const {
  Arguments& all = Arguments::CreateInstance();
  for (const std::string& id : core_->objects().list(kind)) {
    const Ref<CCtiOsObject> object(core_->objects().find(id));
    if (object) all.AddItem(id, CilRefArg(object.get()));
  }
  return all;
}
Arguments& CCtiOsSession::GetAllAgents() const { return all_of(wire::ObjectKind::kAgent); }
Arguments& CCtiOsSession::GetAllCalls() const { return all_of(wire::ObjectKind::kCall); }
Arguments& CCtiOsSession::GetAllSkillGroups() const {
  return all_of(wire::ObjectKind::kSkillGroup);
}

bool CCtiOsSession::GetObjectFromObjectID(const std::string& uniqueObjectID,
                                          CCtiOsObject** object) const {
  if (!object) return false;
  CCtiOsObject* found = core_->objects().find(uniqueObjectID);
  if (found) *object = found;
  return found != nullptr;
}

int CCtiOsSession::GetSystemStatus() const {
  const Arguments properties =
      core_->with([](const SessionCore::State& state) { return state.properties; });
  const Arg* found = properties.find(CTIOS_STATUSSYSTEM);
  const Arguments* system = found ? found->nested() : nullptr;
  if (!system) return 0;
  int status = 0;
  bool online = true;
  if (system->GetValueBool(CTIOS_STATUSCTISERVER, &online) && !online)
    status |= PGS_CTI_SERVER_OFFLINE;
  if (system->GetValueBool(CTIOS_STATUSCENTRALCONTROLLER, &online) && !online)
    status |= PGS_CC_DOWN;
  const Arg* peripherals = system->find(CTIOS_STATUSPERIPHERALS);
  const Arguments* each = peripherals ? peripherals->nested() : nullptr;
  for (int i = 1; each && i <= each->NumElements(); ++i) {
    if (each->at(i)->GetValueBool(&online) && !online) status |= PGS_PERIPHERAL_OFFLINE;
  }
  return status;
}

bool CCtiOsSession::IsAgent() const {
  const Ref<CAgent> agent(GetCurrentAgent());
  return agent && agent->IsAgent();
}
bool CCtiOsSession::IsSupervisor() const {
  const Ref<CAgent> agent(GetCurrentAgent());
  return agent && agent->IsSupervisor();
}
bool CCtiOsSession::IsCCMSilentMonitor() const {
  int based = 0;
  return GetValueInt(CTIOS_CCMBASEDSILENTMONITOR, &based) && based != 0;
}

std::uint64_t CCtiOsSession::HandlerExceptions() const {
  return core_->dispatcher().handlers_thrown();
}

CWaitObject* CCtiOsSession::CreateWaitObject(const Arguments& args) {
  return core_->make_wait_object(args);
}
void CCtiOsSession::DestroyWaitObject(CWaitObject* wait_object) {
  if (wait_object) wait_object->Release();
}

CSilentMonitorManager* CCtiOsSession::CreateSilentMonitorManager(const Arguments&) {
  ReportError(E_CTIOS_METHOD_NO_IMPLEMENTED);
  return nullptr;
}
int CCtiOsSession::DestroySilentMonitorManager(CSilentMonitorManager*) {
  return ReportError(E_CTIOS_METHOD_NO_IMPLEMENTED);
}
CSilentMonitorManager* CCtiOsSession::GetCurrentSilentMonitor() const { return nullptr; }
int CCtiOsSession::SetCurrentSilentMonitor(CSilentMonitorManager*) {
  return ReportError(E_CTIOS_METHOD_NO_IMPLEMENTED);
}

namespace {
int code(bool done) { return done ? int{CIL_OK} : int{E_CTIOS_INVALID_ARGUMENT}; }

/// Listener and ListID of an array. CIL_OK, or what is wrong with them.
int listener_in(const Arguments& args, IGenericEvents** listener, int* list) {
  const Arg* const held = args.find("Listener");
  if (held == nullptr || !args.IsValid("ListID")) return E_CTIOS_MISSING_ARGUMENT;
  const auto* const typed = dynamic_cast<const ListenerArg*>(held);
  if (typed == nullptr || !args.GetValueInt("ListID", list)) return E_CTIOS_INVALID_ARGUMENT;
  *listener = typed->GetListener();
  return CIL_OK;
}
}  // namespace

#define CTI_CIL_LISTENERS(name, interface, list)                        \
  int CCtiOsSession::Add##name##EventListener(interface* listener) {    \
    return code(core_->dispatcher().add(list, listener));               \
  }                                                                     \
  int CCtiOsSession::Remove##name##EventListener(interface* listener) { \
    return code(core_->dispatcher().remove(list, listener));            \
  }
#define CTI_CIL_GENERIC_LISTENERS(name, list)                                       \
  int CCtiOsSession::Add##name##EventGenericListener(IGenericEvents* listener) {    \
    return AddEventListener(listener, list);                                        \
  }                                                                                 \
  int CCtiOsSession::Remove##name##EventGenericListener(IGenericEvents* listener) { \
    return RemoveEventListener(listener, list);                                     \
  }

CTI_CIL_LISTENERS(Session, ISessionEvents, eSessionList)
CTI_CIL_LISTENERS(Call, ICallEvents, eCallList)
CTI_CIL_LISTENERS(Agent, IAgentEvents, eAgentList)
CTI_CIL_LISTENERS(SkillGroup, ISkillGroupEvents, eSkillGroupList)
CTI_CIL_LISTENERS(ButtonEnablement, IButtonEnablementEvents, eButtonEnablementList)
CTI_CIL_LISTENERS(SilentMonitor, ISilentMonitorEvents, eSilentMonitorList)
CTI_CIL_LISTENERS(MonitoredAgent, IMonitoredAgentEvents, eMonitoredAgentList)
CTI_CIL_LISTENERS(MonitoredCall, IMonitoredCallEvents, eMonitoredCallList)
CTI_CIL_LISTENERS(AllInOne, IAllInOne, eAllInOneList)
CTI_CIL_GENERIC_LISTENERS(Session, eSessionList)
CTI_CIL_GENERIC_LISTENERS(Call, eCallList)
CTI_CIL_GENERIC_LISTENERS(Agent, eAgentList)
CTI_CIL_GENERIC_LISTENERS(SkillGroup, eSkillGroupList)
CTI_CIL_GENERIC_LISTENERS(ButtonEnablement, eButtonEnablementList)
CTI_CIL_GENERIC_LISTENERS(SilentMonitor, eSilentMonitorList)
CTI_CIL_GENERIC_LISTENERS(AllInOne, eAllInOneList)

int CCtiOsSession::AddEventListener(IGenericEvents* Listener, int iListID) {
  return code(core_->dispatcher().add_generic(iListID, Listener));
}
int CCtiOsSession::RemoveEventListener(IGenericEvents* Listener, int iListID) {
  return code(core_->dispatcher().remove_generic(iListID, Listener));
}
int CCtiOsSession::AddEventListener(const Arguments& rArguments) {
  int list = 0;
  IGenericEvents* listener = nullptr;
  const int wrong = listener_in(rArguments, &listener, &list);
  const int result = wrong == CIL_OK ? AddEventListener(listener, list) : wrong;
  return result == CIL_OK ? result : ReportError(result);
}
int CCtiOsSession::RemoveEventListener(const Arguments& rArguments) {
  int list = 0;
  IGenericEvents* listener = nullptr;
  const int wrong = listener_in(rArguments, &listener, &list);
  const int result = wrong == CIL_OK ? RemoveEventListener(listener, list) : wrong;
  return result == CIL_OK ? result : ReportError(result);
}

}  // namespace cti::cil
