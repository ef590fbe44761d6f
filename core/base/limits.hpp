// limits.hpp - every bound of the system in one place: the numbers, the sums they make, and what must hold between them.
//
// Why      a bound that is right by itself can be wrong beside another (a channel smaller than one frame wedges a reactor).
//          Here they stand side by side, so that the compiler can compare those that are fixed; those that can be
//          configured have their defaults and floors here, and one check each where they are used (Io: IoLimits::wrong;
//          the server: broker/server_config: one function that the TOML file and a program's own config both pass).
// Names    k...Max: never passed, not configurable. k...Default: what runs without any file. k...Min: the least that works.
// Shape    numbers only: no state, no code beside sums. Who uses a number says in its own header what happens at it.
#pragma once

#include "core/base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace cti::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// --- core: one Io -------------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kListenersMax = 16;           ///< of one Io
inline constexpr std::uint32_t kConnectionsMax = 1U << 20U;  ///< of one Io
inline constexpr std::uint32_t kConnectionsDefault = 1024;
inline constexpr std::uint32_t kReceiveBuffersMax =
    32'768;  ///< what a ring of provided buffers can number
inline constexpr std::uint32_t kReceiveBuffersDefault = 256;
inline constexpr std::uint32_t kReceiveBufferBytesMin = 64;
inline constexpr std::uint32_t kReceiveBufferBytesMax = 1U << 20U;
inline constexpr std::uint32_t kReceiveBufferBytesDefault = 16 * 1024;
inline constexpr std::uint32_t kCompletionsPerTurnMax = 65'536;
inline constexpr std::uint32_t kCompletionsPerTurnDefault = 256;
inline constexpr std::size_t kOneSendBytesMax = std::size_t{1}
                                                << 30U;  ///< asked of the kernel at once
inline constexpr std::uint32_t kAcceptsPerTurn = 64;     ///< of one listener
inline constexpr std::uint32_t kLingersPerTurn = 256;    ///< lingering connections given up
inline constexpr Nanos kLingerDefault = Seconds{1};
inline constexpr Nanos kAcceptPauseMin =
    Millis{10};  ///< out of descriptors (M1): the first pause, then doubled
inline constexpr Nanos kAcceptPauseMax = Seconds{1};

static_assert(kConnectionsMax < (1U << 24U), "io_uring's tags have 24 bits for a slot");
static_assert(kConnectionsDefault <= kConnectionsMax);
static_assert(kReceiveBuffersDefault <= kReceiveBuffersMax);
static_assert((kReceiveBuffersMax & (kReceiveBuffersMax - 1)) == 0,
              "buffers come in powers of two");
static_assert(kReceiveBufferBytesMin <= kReceiveBufferBytesDefault &&
              kReceiveBufferBytesDefault <= kReceiveBufferBytesMax);
static_assert(kCompletionsPerTurnDefault <= kCompletionsPerTurnMax);
static_assert(kAcceptsPerTurn <= kCompletionsPerTurnDefault, "one listener leaves room for others");
static_assert(kAcceptPauseMin < kAcceptPauseMax);

/// Memory of one Io's receive buffers at the defaults.
inline constexpr std::size_t kReceiveMemoryDefault =
    std::size_t{kReceiveBuffersDefault} * kReceiveBufferBytesDefault;
static_assert(kReceiveMemoryDefault == 4 * kMiB);

// --- core: the log ------------------------------------------------------------------------------------------------

inline constexpr std::size_t kLogLineBytesMax = 2048;  ///< a longer message is cut, and says so
inline constexpr std::size_t kLogQueueLinesDefault = 8192;  ///< lines that may wait for the writer
inline constexpr Nanos kLogEndMax =
    Millis{500};  ///< at the end of the program the writer gets this long for the rest

/// Memory of the log's queue at most: what waits while nobody reads standard error (M13).
inline constexpr std::size_t kLogQueueBytesMax = 4 * kMiB;
static_assert(kLogQueueBytesMax >= 64 * kLogLineBytesMax, "a burst of the longest lines fits");

// --- core: turns --------------------------------------------------------------------------------------------------

inline constexpr Nanos kWatchdogDefault =
    Seconds{5};  ///< a thread that stands still for so long ends the process (P10)
inline constexpr Nanos kWatchdogMin = Seconds{1};
inline constexpr Nanos kLateTurn =
    Seconds{1};  ///< a turn that comes so much too late: we were stopped (P11)
static_assert(kWatchdogMin <= kWatchdogDefault);
static_assert(kLateTurn <= kWatchdogMin, "what the watchdog forgives, deadlines forgive too");

}  // namespace cti::limits
