// clean_text.hpp - text from the switch made fit for clients: bounded, without controls, valid UTF-8.
//
// Why      a string field may lack its NUL, hold one inside, be longer than it may, or carry any byte. Whatever comes,
//          clients, logs and screens get printable text.
// Rule     the text ends at the first NUL and after kCleanTextBytesMax bytes. Control bytes become \xNN. Valid UTF-8
//          passes, but for a last character that a limit has cut; any other byte above 0x7F is read as Windows-1252 (what a
//          peripheral gateway on Windows sends; Latin-1 for 0xA0 and above) and becomes its UTF-8 form.
// Cost     text that needs nothing (nearly all) is not copied: one pass of eight bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cti::broker {

/// Bytes of a field that are looked at; the longest documented text has 255.
inline constexpr std::size_t kCleanTextBytesMax = 512;
static_assert(kCleanTextBytesMax > 255, "the longest documented text passes whole");

/// True when every byte is printable ASCII.
inline bool is_plain(std::string_view text) noexcept {
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  std::size_t at = 0;
  std::uint64_t odd = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + at, 8);
    // Bit 7 of a byte: it is above 0x7E, or below 0x20 (for bytes below 0x80 no carry crosses a byte).
    const std::uint64_t low = eight & ~kHigh;
    odd |= (eight | (low + kOnes) | ~(low + kOnes * 0x60)) & kHigh;
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte > 0x7E) return false;
  }
  return odd == 0;
}

/// Room for texts that had to be rewritten, for one record. When it is used up, texts are cut short.
class CleanTextRoom {
 public:
  /// `text` itself when it is plain, else a clean copy in here.
  std::string_view clean(std::string_view text) noexcept {
    if (is_plain(text)) [[likely]] {
      return text.substr(0, kCleanTextBytesMax);
    }
    return rewrite(text);
  }
  /// Before each record: the copies of the one before are gone.
  void reset() noexcept { used_ = 0; }
  /// How many texts needed rewriting so far.
  std::uint64_t rewritten() const noexcept { return rewritten_; }

 private:
  [[gnu::cold, gnu::noinline]] std::string_view rewrite(std::string_view text) noexcept;

  static constexpr std::size_t kRoom = 8192;
  static_assert(kRoom >= 4 * kCleanTextBytesMax,
                "the longest text fits, each of its bytes escaped");
  char room_[kRoom];
  std::size_t used_ = 0;
  std::uint64_t rewritten_ = 0;
};

}  // namespace cti::broker
