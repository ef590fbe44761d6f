#include "cil/session_resolver.hpp"

#include <map>
#include <mutex>

namespace cti::cil {

CCtiOsSession* SessionResolver::GetSession(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, Ref<CCtiOsSession>> sessions;
  const std::lock_guard lock(mutex);
  auto& session = sessions[name];
  if (!session) session = Ref<CCtiOsSession>(new CCtiOsSession);
  session->AddRef();
  return session.get();
}

}  // namespace cti::cil
