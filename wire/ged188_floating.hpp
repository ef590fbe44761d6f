// ged188_floating.hpp - the floating part of a message, read where it lies.
//
// Why      a field is found by walking; no index is built, nothing is copied, nothing is allocated.
// Shape    FloatingPart is the byte range and the header width. A view makes one only after it has checked that every
//          field lies inside the frame, so that walking needs no further checks.
//          A repeated group is a GroupRange of entries; an entry is again a FloatingPart.
// Lists    an entry ends where one of its fields would come a second time: fields of one entry stand together, in any
//          order. Lists inside a record (the skills of an agent) are groups of the record's own entry.
// Lifetime everything borrows the received bytes.
// Source   floating fields: tag, length, data; 1+1 header bytes up to version 19, 2+2 from 20.
#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace cti::wire::ged188 {

/// One floating field. `offset` counts from the start of the message body to the field's header.
struct Field {
  std::uint16_t tag = 0;
  std::uint32_t offset = 0;
  Bytes bytes;

  /// The bytes as text without the NUL at the end. A NUL inside or a missing one at the end is left to the caller.
  std::string_view text() const noexcept {
    std::string_view all = as_text(bytes);
    if (!all.empty() && all.back() == '\0') all.remove_suffix(1);
    return all;
  }
  /// The bytes as an unsigned number of 1, 2 or 4 bytes; 0 for any other length.
  std::uint32_t number() const noexcept {
    switch (bytes.size()) {
      case 1:
        return load_be<std::uint8_t>(bytes.data());
      case 2:
        return load_be<std::uint16_t>(bytes.data());
      case 4:
        return load_be<std::uint32_t>(bytes.data());
      default:
        return 0;
    }
  }
};

/// name NUL value NUL, as tag 82 carries it. A part without its NUL ends with the field.
struct NamedText {
  std::string_view name;
  std::string_view value;
};
NamedText split_named(Bytes bytes) noexcept;

class FloatingPart {
 public:
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Field operator*() const noexcept;
    Iterator& operator++() noexcept {
      at_ += header_width_ + length();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class FloatingPart;
    Iterator(const std::byte* at, const std::byte* body, unsigned header_width) noexcept
        : at_(at), body_(body), header_width_(header_width) {}
    std::size_t length() const noexcept {
      return header_width_ == 2 ? load_be<std::uint8_t>(at_ + 1) : load_be<std::uint16_t>(at_ + 2);
    }
    const std::byte* at_ = nullptr;
    const std::byte* body_ = nullptr;
    unsigned header_width_ = 2;
  };

  FloatingPart() = default;
  /// `begin`..`end` must hold whole fields only; `body` is where offsets count from.
  FloatingPart(const std::byte* begin, const std::byte* end, const std::byte* body,
               unsigned header_width) noexcept
      : begin_(begin), end_(end), body_(body), header_width_(header_width) {}

  Iterator begin() const noexcept { return {begin_, body_, header_width_}; }
  Iterator end() const noexcept { return {end_, body_, header_width_}; }
  bool empty() const noexcept { return begin_ == end_; }
  Bytes bytes() const noexcept { return {begin_, end_}; }
  const std::byte* body() const noexcept { return body_; }
  unsigned header_width() const noexcept { return header_width_; }

  /// Calls `visit(tag, bytes)` for every field: the fastest way to touch them all.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (header_width_ == 2) {
      for (const std::byte* at = begin_; at != end_;) {
        const std::size_t length = load_be<std::uint8_t>(at + 1);
        visit(std::uint16_t{load_be<std::uint8_t>(at)}, Bytes(at + 2, length));
        at += 2 + length;
      }
    } else {
      for (const std::byte* at = begin_; at != end_;) {
        std::size_t length = load_be<std::uint8_t>(at + 3);
        if (at[2] != std::byte{0}) [[unlikely]]
          length = load_be<std::uint16_t>(at + 2);
        visit(load_be<std::uint16_t>(at), Bytes(at + 4, length));
        at += 4 + length;
      }
    }
  }

  /// First field with `tag`, or with `other` when that is not 0. data() is null when there is none.
  Bytes find(std::uint16_t tag, std::uint16_t other = 0) const noexcept;

  std::optional<Bytes> find_raw(std::uint16_t tag, std::uint16_t other = 0) const noexcept;
  std::optional<std::string_view> find_text(std::uint16_t tag,
                                            std::uint16_t other = 0) const noexcept;
  /// A number, read with the width that the field has (1, 2 or 4 bytes); other widths count as absent.
  template <class T>
  std::optional<T> find_number(std::uint16_t tag, std::uint16_t other = 0) const noexcept {
    const Bytes found = find(tag, other);
    if (found.size() != 4 && found.size() != 2 && found.size() != 1) return std::nullopt;
    return static_cast<T>(Field{tag, 0, found}.number());
  }
  /// The T at position `element` of a field that may hold several (doubts D15 and D17).
  template <class T>
  std::optional<T> find_element(std::uint16_t tag, std::uint16_t other,
                                std::size_t element) const noexcept {
    const Bytes found = find(tag, other);
    if (found.size() % sizeof(T) != 0 || found.size() / sizeof(T) <= element) return std::nullopt;
    return static_cast<T>(Field{tag, 0, found.subspan(element * sizeof(T), sizeof(T))}.number());
  }

 private:
  const std::byte* begin_ = nullptr;
  const std::byte* end_ = nullptr;
  const std::byte* body_ = nullptr;
  unsigned header_width_ = 2;
};

inline Field FloatingPart::Iterator::operator*() const noexcept {
  const std::uint16_t tag =
      header_width_ == 2 ? std::uint16_t{load_be<std::uint8_t>(at_)} : load_be<std::uint16_t>(at_);
  return {tag, static_cast<std::uint32_t>(at_ - body_), Bytes(at_ + header_width_, length())};
}

/// Which fields make up one entry of a group. Generated, one constant per group.
struct GroupTags {
  /// `member` is the position in the printed entry; two tags of one field (second spellings) share it.
  struct Member {
    std::uint16_t tag;
    std::uint8_t member;
    bool nested;         ///< belongs to a list inside the entry: may repeat without ending it
    std::uint8_t width;  ///< bytes of one element when a field may hold several, else 0
  };
  std::span<const Member> members;

  const Member* find(std::uint16_t tag) const noexcept {
    for (const Member& member : members) {
      if (member.tag == tag) return &member;
    }
    return nullptr;
  }
};

/// One entry of a list: base of the generated entry types.
class GroupEntry {
 public:
  GroupEntry() = default;
  GroupEntry(FloatingPart part, std::size_t element) noexcept : part_(part), element_(element) {}
  /// The bytes of this entry; fields that do not belong to the list may lie between.
  const FloatingPart& floating() const noexcept { return part_; }

 protected:
  FloatingPart part_;
  std::size_t element_ = 0;
};

/// Named variable (tag 82): an entry of one field.
class NamedVariableEntry : public GroupEntry {
 public:
  using GroupEntry::GroupEntry;
  std::string_view name() const noexcept { return split_named(data()).name; }
  std::string_view value() const noexcept { return split_named(data()).value; }

 private:
  Bytes data() const noexcept { return (*part_.begin()).bytes; }
};

/// One element of a named array (tag 83): an entry of one field.
class NamedArrayEntry : public GroupEntry {
 public:
  using GroupEntry::GroupEntry;
  std::uint8_t index() const noexcept {
    return data().empty() ? std::uint8_t{0} : load_be<std::uint8_t>(data().data());
  }
  std::string_view name() const noexcept { return split_named(text()).name; }
  std::string_view value() const noexcept { return split_named(text()).value; }

 private:
  Bytes data() const noexcept { return (*part_.begin()).bytes; }
  Bytes text() const noexcept { return data().empty() ? data() : data().subspan(1); }
};

/// Where the next entry lies, and how many elements its longest field holds (1 unless a field holds several).
struct EntryBounds {
  const std::byte* begin = nullptr;
  const std::byte* end = nullptr;
  std::size_t elements = 0;  ///< 0: no further entry
};
EntryBounds next_entry(const GroupTags& tags, const FloatingPart& part,
                       const std::byte* from) noexcept;

/// Entries of one group, in the order of the wire. Bounded by the bytes of the frame, not by its count field.
template <class Entry>
class GroupRange {
 public:
  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const GroupTags& tags, const FloatingPart& part) noexcept : tags_(&tags), part_(part) {
      bounds_ = next_entry(*tags_, part_, part_.bytes().data());
    }
    Entry operator*() const noexcept {
      return Entry({bounds_.begin, bounds_.end, part_.body(), part_.header_width()}, element_);
    }
    Iterator& operator++() noexcept {
      if (++element_ >= bounds_.elements) {
        element_ = 0;
        bounds_ = next_entry(*tags_, part_, bounds_.end);
      }
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept {
      return a.bounds_.elements == 0;
    }

   private:
    const GroupTags* tags_ = nullptr;
    FloatingPart part_;
    EntryBounds bounds_;
    std::size_t element_ = 0;
  };

  GroupRange(const GroupTags& tags, const FloatingPart& part) noexcept
      : tags_(&tags), part_(part) {}
  Iterator begin() const noexcept { return {*tags_, part_}; }
  std::default_sentinel_t end() const noexcept { return {}; }
  bool empty() const noexcept { return begin() == end(); }
  /// Walks the list to count it.
  std::size_t count() const noexcept {
    std::size_t entries = 0;
    for (Iterator at = begin(); at != end(); ++at) ++entries;
    return entries;
  }

 private:
  const GroupTags* tags_;
  FloatingPart part_;
};

}  // namespace cti::wire::ged188
