// ged188_view.hpp - what all generated message views have in common.
//
// Why      a view reads a message where it was received: fixed fields are a load and a byte swap, floating fields a
//          short walk. decode() of a generated view checks the whole message once; after that no access can fail.
// Shape    MessageView is four words: body, lengths, version, which fields are there. Copy it freely.
// Cost     decode: one pass over the floating headers; lists are walked once more to compare them with their counts. An
//          accessor of a floating field walks to it, or says at once that it is not there. decode_each() hands every
//          field to the caller in the pass that checks it: for who wants all of them.
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
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
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
    static_assert(kUnknownSlot < 64 && kZeroSlot < kUnknownSlot, "slots are bits of 64");
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

/// What decode_each() of a generated view tells the fields to. begin() comes before the first field, and again when the
/// reading starts anew with another form of the fixed part: forget what field() has been told. When the message is
/// refused in the end, all of it was for nothing.
///   struct Sum { void begin(); void field(std::uint16_t tag, Bytes bytes); };
template <class T>
concept FieldSink = requires(T& sink, std::uint16_t tag, Bytes bytes) {
  sink.begin();
  sink.field(tag, bytes);
};

/// What one fast pass over the floating headers found out.
struct Sight {
  bool in_order = false;   ///< the fields fill the frame exactly, and nothing about them is unusual
  std::uint64_t seen = 0;  ///< by slot
};

/// The fast pass over headers of `kHeader` bytes, each field checked and handed on. Bounds, widths, fields that come twice
/// and the zero tag are looked at here; counts are not.
template <unsigned kHeader, class Sink>
Sight look(const std::byte* at, const std::byte* end, const FieldTable& fields,
           std::uint64_t single, Sink& sink) noexcept {
  std::uint64_t seen = 0, twice = 0;
  while (end - at >= static_cast<std::ptrdiff_t>(kHeader)) {
    const std::size_t tag = kHeader == 2 ? load_be<std::uint8_t>(at) : load_be<std::uint16_t>(at);
    std::size_t length = load_be<std::uint8_t>(at + kHeader - 1);
    // Hardly a field has more than 255 bytes: the next header's address had better not wait for a byte swap.
    if (kHeader == 4 && at[2] != std::byte{0}) [[unlikely]]
      length = load_be<std::uint16_t>(at + 2);
    const std::byte* content = at + kHeader;
    if (length > static_cast<std::size_t>(end - content)) return {};
    at = content + length;
    sink.field(static_cast<std::uint16_t>(tag), Bytes(content, length));
    if (kHeader == 4 && tag >= FieldTable::kTags) continue;
    const FieldTable::Entry field = fields[tag];
    if (field.width != 0 && field.width != length) return {};
    const std::uint64_t bit = std::uint64_t{1} << field.slot;
    twice |= seen & bit;
    seen |= bit;
  }
  constexpr std::uint64_t kZeroTag = std::uint64_t{1} << FieldTable::kZeroSlot;
  return {at == end && (twice & single) == 0 && (seen & kZeroTag) == 0, seen};
}

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
  /// The same, leniently, with every floating field told to `sink`.
  template <FieldSink Sink>
  [[nodiscard]] bool open_each(const Layout& layout, Bytes body, Version version,
                               Sink& sink) noexcept {
    sink.begin();
    if (begin_fast(layout, body, version)) {
      const std::byte* begin = body_ + fixed_bytes_;
      const std::byte* end = body_ + size_;
      const Sight sight = header_width_ == 2
                              ? look<2>(begin, end, *layout.fields, layout.single, sink)
                              : look<4>(begin, end, *layout.fields, layout.single, sink);
      if (sight.in_order && end_fast(layout, sight)) return true;
    }
    sink.begin();
    if (!open(layout, body, version, Strictness::kLenient)) return false;
    floating().for_each([&sink](std::uint16_t tag, Bytes bytes) { sink.field(tag, bytes); });
    return true;
  }
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
  /// Single floating fields by their slot in the message's FieldTable and their tags.
  std::optional<Bytes> find_raw(unsigned slot, std::uint16_t tag,
                                std::uint16_t other = 0) const noexcept {
    if (!has(slot)) return std::nullopt;
    return floating().find_raw(tag, other);
  }
  std::optional<std::string_view> find_text(unsigned slot, std::uint16_t tag,
                                            std::uint16_t other = 0) const noexcept {
    if (!has(slot)) return std::nullopt;
    return floating().find_text(tag, other);
  }
  template <class T>
  std::optional<T> find_number(unsigned slot, std::uint16_t tag,
                               std::uint16_t other = 0) const noexcept {
    if (!has(slot)) return std::nullopt;
    return floating().find_number<T>(tag, other);
  }

 private:
  bool has(unsigned slot) const noexcept { return (seen_ >> slot & 1) != 0; }
  /// Sets the lengths. False: this is nothing for the fast pass.
  bool begin_fast(const Layout& layout, Bytes body, Version version) noexcept;
  bool end_fast(const Layout& layout, const Sight& sight) noexcept;
  void set(const Layout& layout, Bytes body, Version version) noexcept;
  bool open_as(const Layout& layout, Bytes body, Version version, Strictness strictness) noexcept;
  bool walk_fast(const Layout& layout) noexcept;
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
  std::uint64_t seen_ =
      ~std::uint64_t{0};  ///< slots that may be there; all, unless the fast pass was sure
};

}  // namespace cti::wire::ged188
