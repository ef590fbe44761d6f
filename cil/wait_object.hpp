// wait_object.hpp - CWaitObject: lets a thread that is not the event thread wait for one of several events.
//
// Mask     keys Event1 .. EventN hold event numbers.
// Memory   events that came between two waits are remembered in their order, the first 1,024 of them: each of the next waits
//          takes one and returns at once. A new mask forgets them.
// Refused  inside an event handler: it would wait for itself. Returns WAIT_FAILED, nothing blocks.
// Loop     in a session without an own event thread the wait runs the session's loop itself, unless another thread does: one
//          at a time, and handlers run on whichever that is.
#pragma once

#include "cil/arguments.hpp"

#include <memory>
#include <string>

namespace cti::cil {

namespace detail {
struct Waiter;
class SessionCore;
}  // namespace detail

class CWaitObject : public Counted {
 public:
  /// The event numbers, comma separated.
  std::string DumpEventMask() const;
  bool GetMask(Arguments* pMask) const;
  bool SetMask(const Arguments& args);
  bool InMask(int iEventId) const;
  /// The event that ended the last wait; eUnknownEvent when none did.
  int GetTriggerEvent() const;
  /// EVENT_SIGNALED, EVENT_WAIT_TIMEDOUT or WAIT_FAILED. Negative: no time limit.
  WaitResult WaitOnMultipleEvents(int Milliseconds = -1);

 protected:
  friend class detail::SessionCore;
  explicit CWaitObject(std::weak_ptr<detail::SessionCore> core);
  ~CWaitObject() override;

 private:
  std::weak_ptr<detail::SessionCore> core_;
  std::shared_ptr<detail::Waiter> waiter_;
};

}  // namespace cti::cil
