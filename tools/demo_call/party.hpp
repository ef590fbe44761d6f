// party.hpp - one client of the demo: a session whose events are printed as they come, and can be waited for.
//
// Threads  OnEvent runs on the session's event thread, all else on the demo's.
#pragma once

#include "cil/cil.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace cti::tools {

/// "Answer Release Hold": the buttons that are on in an EnablementMask.
std::string buttons(std::uint32_t mask);

class Party : public IGenericEvents {
 public:
  /// `name` stands in front of every line that it prints.
  explicit Party(std::string name);
  ~Party() override;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  /// Each step says false when it did not come to its end in time; why() says what was missed.
  bool connect(int port);
  bool agent_mode(const std::string& agent_id);
  bool login(const std::string& instrument);
  bool go(AgentState state);
  bool monitor(const std::string& filter);
  /// Waits for the next event of this kind; its UniqueObjectID goes to `object_id` when asked for.
  bool wait(int event, const std::function<bool(const Arguments&)>& matches = {},
            std::string* object_id = nullptr);
  /// Runs `act` on the call of that id.
  bool on_call(const std::string& object_id, const std::function<int(CCall&)>& act);

  void OnEvent(int iEventID, Arguments& rArgs) override;
  const std::string& why() const { return why_; }

  CCtiOsSession session;

 private:
  struct Seen {
    int id;
    Arguments args;
  };
  bool missed(std::string what);

  const std::string name_;
  CAgent* agent_ = nullptr;
  std::string agent_id_;
  std::string why_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen> waiting_;  // not yet looked at; guarded by mutex_
};

}  // namespace cti::tools
