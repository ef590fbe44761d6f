// session_beat.hpp - how a client asks a server to be heard from, and what the server then sends.
//
// Why      a heartbeat after silence finds a hung server late: what is silent may only have nothing to say. A server that
//          beats is never silent for longer than it has promised (core/flow.hpp judges it).
// Shape    BeatMs in the arguments of Hello: the interval that the client wishes, in milliseconds. BeatMs in those of
//          Welcome: the interval that the server promises; none: it sends no beats. A beat is a HeartbeatConf with the id 0,
//          which is no question's. Nobody answers it.
#pragma once

#include "core/base/time.hpp"

#include <cstdint>
#include <string_view>

namespace cti::wire {

inline constexpr std::string_view kBeatKey = "BeatMs";
inline constexpr std::uint64_t kBeatId = 0;
inline constexpr Millis kBeatLeast{100};
inline constexpr Millis kBeatMost{2'000};

}  // namespace cti::wire
