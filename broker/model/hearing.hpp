// hearing.hpp - which objects the CTI Server has spoken of since when.
//
// Why      an answer tells how things stood when it was made. When an event about the same object came after the question,
//          nobody knows which of the two is newer: such an answer is no news, the question is put again.
// Shape    frames from the CTI Server are counted; each object's key has a place with the number of the last frame about it.
//          What an own record says (masks, artificial events) is not heard and leaves no mark.
// Bounds   a fixed number of places. Two keys that share one make an answer look old that is not: it is asked for again.
// Cost     a store per event; no allocation. Threads  the line.
#pragma once

#include "core/base/check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace cti::broker {

class Hearing {
 public:
  static constexpr std::size_t kPlaces = std::size_t{1} << 13;
  static_assert((kPlaces & (kPlaces - 1)) == 0, "a key's place is cut out of it");
  /// A frame that nothing comes after: an answer taken as it comes.
  static constexpr std::uint64_t kAsItComes = UINT64_MAX;

  /// One more frame has come; what is noted from here on was said in it.
  std::uint64_t arrive() noexcept { return at_ = ++arrived_; }
  /// How many have come: what a question was asked after.
  std::uint64_t arrived() const noexcept { return arrived_; }
  /// What is noted from here on was said in an earlier frame that was kept back.
  void go_back_to(std::uint64_t frame) noexcept {
    CTI_CHECK(frame != 0 && frame <= arrived_);
    at_ = frame;
  }
  /// Back to the present.
  void go_on() noexcept { at_ = arrived_; }

  void note(std::uint64_t key) noexcept { places_[key & (kPlaces - 1)] = at_; }
  /// Whether something may have been said of the object after that frame.
  bool since(std::uint64_t key, std::uint64_t frame) const noexcept {
    return places_[key & (kPlaces - 1)] > frame;
  }

 private:
  std::uint64_t arrived_ = 0;
  std::uint64_t at_ = 0;
  std::array<std::uint64_t, kPlaces> places_{};
};

}  // namespace cti::broker
