// event_log.cpp - the event log over std::atomic, compiled once for everybody.
#include "ring/event_log.hpp"

#include "ring/event_log_impl.hpp"

namespace cti::ring {

template class BasicEventLog<std::atomic>;

}  // namespace cti::ring
