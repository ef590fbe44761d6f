// preempt.hpp - where a thread may lose the processor to another in the simulation; nothing anywhere else.
//
// Why      turns that run to their end one after the other meet no race. On the kernel a thread is interrupted anywhere; the
//          simulation (core/sim_threads.hpp) can do it where it is called, so the points between two steps that others can
//          see say so: between the publication of a log and of what comes behind it, between a last look and the sleep.
// Cost     a load and a branch, some per turn, none per event. Gone with -Dtests=false.
// Threads  the pointer is written by a simulation, which is one thread; in a server it is null for good.
#pragma once

namespace cti {

class Preemption {
 public:
  virtual void point() noexcept = 0;

 protected:
  ~Preemption() = default;
};

inline Preemption* preemption = nullptr;  ///< while a simulated thread runs: who may interrupt it

inline void may_be_preempted() noexcept {
#ifndef CTI_NO_PREEMPTION
  if (preemption != nullptr) [[unlikely]]
    preemption->point();
#endif
}

}  // namespace cti
