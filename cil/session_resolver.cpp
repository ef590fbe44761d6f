// session_resolver.cpp - the sessions of the process by name.
#include "cil/session_resolver.hpp"

#include "core/base/limits.hpp"

#include <map>
#include <mutex>

namespace cti::cil {
namespace {

constexpr std::size_t kSessionsMax = limits::kClientSessionsMax;  // a thread and a poller each

}  // namespace

CCtiOsSession* SessionResolver::GetSession(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, Ref<CCtiOsSession>> sessions;
  const std::lock_guard lock(mutex);
  if (sessions.size() >= kSessionsMax && !sessions.contains(name)) return nullptr;
  auto& session = sessions[name];
  if (!session) session = Ref<CCtiOsSession>(new CCtiOsSession);
  session->AddRef();
  return session.get();
}

}  // namespace cti::cil
