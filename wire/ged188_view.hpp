// ged188_view.hpp - what all generated message views have in common.
//
// Why      a view reads a message where it was received: fixed fields are a load and a byte swap, floating fields a
//          short walk. decode() of a generated view checks the whole message once; after that no access can fail.
// Shape    MessageView is three words: body, lengths, version. Copy it freely.
// Cost     decode: one pass over the floating headers; lists are walked once more to compare them with their counts.
// Lifetime the received bytes must outlive the view and everything it hands out.
// Lenient  refused: a fixed part that is too short, fields that run past the frame, stray bytes, a single field that
//          comes twice, numbers of a wrong width, counts that lie. Let through: unknown tags, strings without NUL or
//          over their length, undefined enumeration values and mask bits, the other printed forms of the schema's
//          doubts, and fixed parts that are longer because the sender's version is newer.
// Strict   refused besides: everything a strict CTI Server refuses, with the status that it would answer.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_floating.hpp"
#include "wire/ged188_limits.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

namespace cti::wire::ged188 {

/// What the fast check has to know of a message's tags: for each, the field's slot (a bit in a 64-bit set) and the bytes
/// that its number has. Second spellings share their field's slot.
class FieldTable {
 public:
  static constexpr std::size_t kTags = 320;         ///< all that are assigned are below
  static constexpr std::uint8_t kZeroSlot = 61;     ///< tag 0, which is no field
  static constexpr std::uint8_t kUnknownSlot = 62;  ///< tags of other messages: let through

  struct Field {
    std::uint16_t tag;
    std::uint8_t slot;
    std::uint8_t width;  ///< 0: text or raw
  };
  struct Entry {
    std::uint8_t slot = kUnknownSlot;
    std::uint8_t width = 0;
  };

  constexpr FieldTable(std::initializer_list<Field> fields) {
    entries_[0].slot = kZeroSlot;
    for (const Field& field : fields) entries_[field.tag] = {field.slot, field.width};
  }
  constexpr Entry operator[](std::size_t tag) const noexcept { return entries_[tag]; }

 private:
  std::array<Entry, kTags> entries_{};
};

/// The fixed part has `size` bytes from this version on.
struct FixedStep {
  std::uint8_t since;
  std::uint16_t size;
};

/// Bytes of the fixed part at `version`; `steps` ascend and hold at least one.
constexpr std::uint16_t fixed_size_of(std::span<const FixedStep> steps, Version version) noexcept {
  std::uint16_t size = steps.front().size;
  for (const FixedStep& step : steps.subspan(1)) {
    if (version >= step.since) size = step.size;
  }
  return size;
}

/// A list whose count must be right.
struct CountedGroup {
  const GroupTags* tags;
  const GroupTags* inside;  ///< entries that hold this list; null: the message itself
  bool count_is_fixed;
  std::uint16_t count_at;  ///< offset of the fixed count, or tag of the floating one
  std::uint16_t max;       ///< 0: bounded by the frame only
};

/// What decode() has to know about a message type. Generated, one constant per message.
struct Layout {
  std::uint32_t message;
  std::span<const FixedStep> fixed;  ///< ascending
  bool has_floating;
  bool has_variants;
  const FieldTable* fields;
  std::uint64_t single;  ///< slots that may come once
  std::uint64_t listed;  ///< slots of list fields and of floating counts
  std::span<const CountedGroup> groups;
};

class MessageView {
 public:
  Bytes body() const noexcept { return {body_, size_}; }
  Version version() const noexcept { return version_; }
  /// Bytes of the fixed part in this message.
  unsigned fixed_bytes() const noexcept { return fixed_bytes_; }
  /// Which printed form of the fixed part this is: 0 the believed one, n the n-th variant of the schema.
  unsigned variant() const noexcept { return variant_; }
  /// All floating fields in the order of the wire, for users who want one pass.
  FloatingPart floating() const noexcept {
    return {body_ + fixed_bytes_, body_ + size_, body_, header_width_};
  }

 protected:
  MessageView() = default;

  /// Checks `body` and makes this a view of it. False: refused, and explain() says why.
  [[nodiscard]] bool open(const Layout& layout, Bytes body, Version version,
                          Strictness strictness) noexcept;
  [[gnu::cold]] static DecodeError explain(const Layout& layout, Bytes body, Version version,
                                           Strictness strictness) noexcept;

  template <class T>
  T fixed(unsigned offset) const noexcept {
    return static_cast<T>(load_be<std::make_unsigned_t<T>>(body_ + offset));
  }
  bool reaches(unsigned end) const noexcept { return end <= fixed_bytes_; }
  template <class T>
  T fixed_or(unsigned offset, T null) const noexcept {
    return reaches(offset + static_cast<unsigned>(sizeof(T))) ? fixed<T>(offset) : null;
  }
  Bytes fixed_raw(unsigned offset, unsigned bytes) const noexcept {
    return {body_ + offset, bytes};
  }

 private:
  bool open_as(const Layout& layout, Bytes body, Version version, Strictness strictness) noexcept;
  bool walk_fast(const Layout& layout) const noexcept;
  bool walk_carefully(const Layout& layout, DecodeError* error) const noexcept;
  bool counts_hold(const Layout& layout, bool any_entry, DecodeError* error) const noexcept;
  bool choose_variant(const Layout& layout) noexcept;
  bool try_newer(const Layout& layout) noexcept;

  const std::byte* body_ = nullptr;
  std::uint16_t size_ = 0;
  std::uint16_t fixed_bytes_ = 0;
  std::uint8_t header_width_ = 2;
  std::uint8_t variant_ = 0;
  std::uint16_t version_ = 0;
};

}  // namespace cti::wire::ged188
