// statistics_keys.hpp - keys of requests for statistics that CTI OS has no keyword for.
#pragma once

#include <string_view>

namespace cti::wire::statistics {

/// The session is told no more often; milliseconds. The last that is said counts for all that it is told.
inline constexpr std::string_view kIntervalMs = "StatisticsIntervalMs";
/// UniqueObjectIDs, each a key with TRUE. Of these, what is not known, or not to be seen, is left out without a word: a client
/// that has come over from another server names what it had there.
inline constexpr std::string_view kObjects = "Objects";

}  // namespace cti::wire::statistics
