#include "ring/event_log.hpp"

#include "ring/event_log_impl.hpp"

namespace cti::ring {

template class BasicEventLog<std::atomic>;

}  // namespace cti::ring
