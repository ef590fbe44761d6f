// name_book.hpp - how the CTI Server itself spells the names that clients are given rewritten.
//
// Why      agents, devices and calls stand in the map under clean names (clean_text.hpp): valid UTF-8, no controls. A question
//          or a request must name them as the CTI Server does, or it is refused: to it K\xF6ln and K\xC3\xB6ln are two names.
//          Writing the clean name back in Windows-1252 was the other way; but cleaning is no bijection: a gateway that speaks
//          UTF-8 makes the same clean name, and \xNN may have been written so by the switch itself.
// Shape    clean name -> the bytes as they came, noted where a name is cleaned and came out otherwise than it went in, or in
//          UTF-8. A plain name is its own.
// Bounds   a fixed number of places, four for each hash; the one noted longest ago there goes. A name that is not found is
//          said as it is, and a refusal of it says nothing (raw_of).
// Threads  the line. Cost: nothing for plain names; no allocation but at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

class NameBook {
 public:
  static constexpr std::size_t kRawBytesMax = 64;  ///< the longest name that the protocol has
  static constexpr std::size_t kSets = 1024;
  static constexpr std::size_t kWays = 4;
  static_assert((kSets & (kSets - 1)) == 0, "a hash's set is cut out of it");

  NameBook() : entries_(kSets * kWays), next_(kSets) {}

  /// `clean` is what has become of `raw`.
  void note(std::string_view clean, std::string_view raw) noexcept;
  /// Cleans a name as it came, and notes it.
  std::string learn(std::string_view raw);

  /// The name as the CTI Server spells it; nothing when that is not known. Good until the next note().
  std::optional<std::string_view> raw_of(std::string_view clean) const noexcept;
  /// For those who must say something.
  std::string_view said(std::string_view clean) const noexcept {
    return raw_of(clean).value_or(clean);
  }

 private:
  struct Entry {
    std::uint64_t key = 0;  // of the clean name; 0: free
    std::uint8_t size = 0;
    char raw[kRawBytesMax];
  };
  static_assert(kRawBytesMax <= UINT8_MAX);

  std::vector<Entry> entries_;      // [set * kWays + way]
  std::vector<std::uint8_t> next_;  // [set]: the way that is taken next
};

}  // namespace cti::broker
