// retries.hpp - how long to wait before the next attempt, from what came to nothing before; no clock, no socket.
//
// Why      two things are in vain: an attempt that is not welcomed, and a life that ends as soon as it has begun (a server
//          that is overloaded welcomes and closes). Both make the pauses grow, so that no server is hammered. Only attempts
//          count towards the last one: a server that welcomes is there.
// Shape    at once to another server, then kPauses, growing, a quarter of each drawn on top: five retries of the only
//          server last 18 s, a restart is shorter. Where there are two, each is tried again later than 6 s. A short life is
//          held against its own server only, from when it ended: that the other one has died young delays nobody.
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
  void reset() noexcept { *this = Retries(); }
  void attempt_failed() noexcept { failed_ += failed_ < kCountMax ? 1 : 0; }
  /// A connection to `server` (0 or 1) has ended.
  void life_ended(unsigned server, TimePoint now, Nanos lasted) noexcept {
    failed_ = 0;
    Lives& lives = lives_[server];
    lives.ended = now;
    if (lasted >= kLifeShort) lives.in_vain = 0;
    else lives.in_vain += lives.in_vain < kCountMax ? 1 : 0;
  }
  /// Attempts since the last welcome.
  std::uint32_t failed() const noexcept { return failed_; }

  /// Before the next attempt, which goes to `server`; `to_another`: not the one that was lost or tried last.
  Nanos pause(unsigned server, bool to_another, TimePoint now,
              core::Random& random) const noexcept {
    const Lives& lives = lives_[server];
    const std::uint32_t in_vain = failed_ + lives.in_vain;
    if (in_vain == 0 || (failed_ == 1 && lives.in_vain == 0 && to_another)) return Nanos{0};
    const Nanos least = kPauses[std::min<std::size_t>(in_vain, kPauses.size()) - 1];
    const Nanos pause = least + Nanos(static_cast<std::int64_t>(random.below(
                                    static_cast<std::uint64_t>(least.count() / 4) + 1)));
    if (failed_ > 0) return pause;
    return std::max(Nanos{0}, lives.ended + pause - now);
  }

 private:
  struct Lives {
    TimePoint ended{};
    std::uint32_t in_vain = 0;  // short ones in a row
  };
  static constexpr std::uint32_t kCountMax = 1'000'000;
  std::uint32_t failed_ = 0;
  std::array<Lives, 2> lives_;
};

}  // namespace cti::cil::detail
