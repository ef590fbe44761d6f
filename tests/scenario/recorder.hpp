// recorder.hpp - every event of a session, in the order received, and waiting for the one that a test expects.
//
// Shape    the event thread appends; the test reads forward from its mark. wait() moves the mark behind what it found, so
//          that a sequence of waits checks an order.
// Threads  OnEvent: the session's event thread. All else: the test.
#pragma once

#include "cil/cil.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cti::scenario {

/// How long a test waits for what must come; generous, because machines are shared. Nothing is ever judged by it.
inline constexpr std::chrono::seconds kPatience{30};
/// How long a test watches that nothing comes.
inline constexpr std::chrono::milliseconds kQuiet{400};

struct Seen {
  int id = 0;
  Arguments args;
  int integer(const char* key) const;       ///< -1 when absent
  std::string text(const char* key) const;  ///< empty when absent
  std::uint32_t mask() const;               ///< EnablementMask; 0 when absent
};

class Recorder : public IGenericEvents {
 public:
  using Matches = std::function<bool(const Seen&)>;

  void OnEvent(int iEventID, Arguments& rArgs) override;

  /// Keeps the event thread, and with it the session, in the next event with this id until release().
  void hold_at(int id);
  void release();
  /// The next event with this id (and that `matches`) after the mark, which moves behind it. Null: none came in time.
  const Seen* wait(int id, const Matches& matches = {},
                   std::chrono::milliseconds at_most = kPatience);
  /// Like wait, from the first event on, without moving the mark.
  const Seen* find(int id, const Matches& matches = {}) const;
  /// True when no such event comes within kQuiet after the mark.
  bool none(int id, const Matches& matches = {});
  /// Forgets the order so far: the mark moves to the end.
  void mark();
  std::size_t count(int id, const Matches& matches = {}) const;
  /// Where in the whole record the first such event stands; -1: nowhere.
  int place(int id, const Matches& matches = {}) const;
  int last_id() const;
  /// All names in order, for a failing test's message.
  std::string story() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Seen>> seen_;  // guarded by mutex_; a Seen never moves once it is in
  std::size_t mark_ = 0;                     // guarded by mutex_
  int hold_at_ = 0;                          // guarded by mutex_; 0: nowhere
};

/// Matches events about one object.
Recorder::Matches about(std::string unique_object_id);
/// Matches events whose `key` has this number.
Recorder::Matches where(const char* key, int value);

}  // namespace cti::scenario
