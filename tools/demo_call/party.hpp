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
#include <optional>
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
  bool connect(int port_a, int port_b);
  bool agent_mode(const std::string& agent_id);
  bool login(const std::string& instrument);
  bool go(AgentState state);
  bool monitor(const std::string& filter);
  /// Waits for the next event of this kind; its UniqueObjectID goes to `object_id` when asked for.
  bool wait(int event, const std::function<bool(const Arguments&)>& matches = {},
            std::string* object_id = nullptr,
            std::chrono::steady_clock::time_point* came = nullptr);
  /// The port of the server that the session is connected to.
  int port() const;
  /// Waits until the session has its mode again at another server: so long after `since`. Nothing: it did not come.
  std::optional<std::chrono::milliseconds> back_after(std::chrono::steady_clock::time_point since);
  /// Properties of the object as the program sees them now; false when there is none.
  bool properties(const std::string& object_id, Arguments* all);
  /// Runs `act` on the call of that id.
  bool on_call(const std::string& object_id, const std::function<int(CCall&)>& act);

  void OnEvent(int iEventID, Arguments& rArgs) override;
  const std::string& name() const { return name_; }
  const std::string& why() const { return why_; }

  CCtiOsSession session;

 private:
  struct Seen {
    int id;
    Arguments args;
    std::chrono::steady_clock::time_point at;
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
