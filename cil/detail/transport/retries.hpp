// retries.hpp - how long to wait before the next attempt, from what came to nothing before; no clock, no socket.
//
// Why      two things are in vain: an attempt that is not welcomed, and a life that ends as soon as it has begun (a server
//          that is overloaded welcomes and closes). Both make the pauses grow, so that no server is hammered. Only attempts
//          count towards the last one: a server that welcomes is there.
// Shape    at once to another server, then kPauses, growing, a quarter of each drawn on top: five retries of the only
//          server last 18 s, a restart is shorter. Where there are two, each is tried again later than 6 s.
// Threads  none of its own.
#pragma once

#include "core/base/time.hpp"
#include "core/random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cti::cil::detail {

/// After the first, the second ... failure in a row; the last one for all further ones.
inline constexpr std::array<Seconds, 4> kPauses{Seconds(1), Seconds(2), Seconds(5), Seconds(10)};
/// A life that ends sooner was in vain.
inline constexpr Seconds kLifeShort{5};

class Retries {
 public:
  void reset() noexcept { failed_ = short_lives_ = 0; }
  void attempt_failed() noexcept { failed_ += failed_ < kCountMax ? 1 : 0; }
  void life_ended(Nanos lasted) noexcept {
    failed_ = 0;
    if (lasted >= kLifeShort) short_lives_ = 0;
    else short_lives_ += short_lives_ < kCountMax ? 1 : 0;
  }
  /// Attempts since the last welcome.
  std::uint32_t failed() const noexcept { return failed_; }

  /// Before the next attempt, which goes to another server than the last one, or to the same.
  Nanos pause(bool to_another, core::Random& random) const noexcept {
    const std::uint32_t in_vain = failed_ + short_lives_;
    if (in_vain == 0 || (in_vain == 1 && to_another)) return Nanos{0};
    const Nanos least = kPauses[std::min<std::size_t>(in_vain, kPauses.size()) - 1];
    return least + Nanos(static_cast<std::int64_t>(
                       random.below(static_cast<std::uint64_t>(least.count() / 4) + 1)));
  }

 private:
  static constexpr std::uint32_t kCountMax = 1'000'000;
  std::uint32_t failed_ = 0;
  std::uint32_t short_lives_ = 0;
};

}  // namespace cti::cil::detail
