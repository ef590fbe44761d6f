// known_args.hpp - what of a record's arguments the typed tables keep.
#pragma once

#include "broker/model/object_map.hpp"

namespace cti::broker {

/// Returns whether the agent is in other teams than before.
bool take_agent_args(AgentEntry& agent, const wire::ArgumentsView& args);

/// Returns whether the call's names may have changed.
bool take_call_args(CallEntry& call, const wire::ArgumentsView& args);

}  // namespace cti::broker
