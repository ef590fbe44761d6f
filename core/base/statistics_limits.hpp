// statistics_limits.hpp - the bounds of statistics, beside those of everything else (limits.hpp).
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>

namespace cti::limits {

// --- broker: one line ---
inline constexpr std::size_t kStatisticsPartBytesMax = 8 * kKiB;  ///< told to one session at a time
inline constexpr std::size_t kStatisticsRowsDefault = 10'000;     ///< agents and groups asked about
inline constexpr std::size_t kStatisticsWishesDefault = 250'000;  ///< of all sessions
inline constexpr std::size_t kStatisticsSessionDefault = 5'000;   ///< of one of them
inline constexpr std::size_t kStatisticsMax = 1'000'000;          ///< of each of these

static_assert(kStatisticsPartBytesMax <= kOutboxUpdatesBytesDefault / 4,
              "statistics take little of the room that updates have");
static_assert(kStatisticsSessionDefault <= kStatisticsWishesDefault);

// --- cil ---
inline constexpr std::size_t kClientStatisticsMax = 20'000;  ///< rows that are kept
inline constexpr std::size_t kClientStatisticsBytesMax = 64 * kMiB;
inline constexpr std::size_t kClientStatisticsWantedMax = 10'000;  ///< asked for again after a loss

static_assert(kClientStatisticsWantedMax <= kClientStatisticsMax);

}  // namespace cti::limits
