// listener_arg.hpp - an Arg that holds a listener, for the AddEventListener and RemoveEventListener that take an array:
//
//     Arguments args;
//     args.AddItem("Listener", ListenerArg(&recorder));
//     args.AddItem("ListID", eCallList);
//     session.AddEventListener(args);
//
// The listener is not counted: it belongs to the program, and must be removed before it goes. In an array that is sent to a
// server it is nothing: a NULL value, left out.
#pragma once

#include "cil/arguments.hpp"
#include "cil/events.hpp"

namespace cti::cil {

class ListenerArg : public Arg {
 public:
  explicit ListenerArg(IGenericEvents* listener) noexcept : listener_(listener) {}

  Arg& Clone() const override { return *new ListenerArg(*this); }
  IGenericEvents* GetListener() const noexcept { return listener_; }

 private:
  IGenericEvents* listener_;
};

}  // namespace cti::cil
