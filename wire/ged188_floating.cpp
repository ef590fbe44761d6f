// ged188_floating.cpp - searching the floating part. See ged188_floating.hpp.
#include "wire/ged188_floating.hpp"

namespace cti::wire::ged188 {
namespace {

template <unsigned kHeader>
Bytes find_in(const std::byte* at, const std::byte* end, std::uint16_t tag,
              std::uint16_t other) noexcept {
  while (at != end) {
    const std::uint16_t found =
        kHeader == 2 ? std::uint16_t{load_be<std::uint8_t>(at)} : load_be<std::uint16_t>(at);
    std::size_t length = load_be<std::uint8_t>(at + kHeader - 1);
    if (kHeader == 4 && at[2] != std::byte{0}) [[unlikely]]
      length = load_be<std::uint16_t>(at + 2);
    if (found == tag || (other != 0 && found == other)) return {at + kHeader, length};
    at += kHeader + length;
  }
  return {};
}

}  // namespace

NamedText split_named(Bytes bytes) noexcept {
  const std::string_view all = as_text(bytes);
  const std::size_t name_end = all.find('\0');
  if (name_end == std::string_view::npos) return {all, {}};
  std::string_view value = all.substr(name_end + 1);
  if (!value.empty() && value.back() == '\0') value.remove_suffix(1);
  return {all.substr(0, name_end), value};
}

Bytes FloatingPart::find(std::uint16_t tag, std::uint16_t other) const noexcept {
  return header_width_ == 2 ? find_in<2>(begin_, end_, tag, other)
                            : find_in<4>(begin_, end_, tag, other);
}

std::optional<Bytes> FloatingPart::find_raw(std::uint16_t tag, std::uint16_t other) const noexcept {
  const Bytes found = find(tag, other);
  if (found.data() == nullptr) return std::nullopt;
  return found;
}

std::optional<std::string_view> FloatingPart::find_text(std::uint16_t tag,
                                                        std::uint16_t other) const noexcept {
  const Bytes found = find(tag, other);
  if (found.data() == nullptr) return std::nullopt;
  return Field{tag, 0, found}.text();
}

EntryBounds next_entry(const GroupTags& tags, const FloatingPart& part,
                       const std::byte* from) noexcept {
  EntryBounds bounds;
  std::uint32_t seen = 0;
  const FloatingPart rest(from, part.bytes().data() + part.bytes().size(), part.body(),
                          part.header_width());
  for (const Field field : rest) {
    const GroupTags::Member* member = tags.find(field.tag);
    if (member == nullptr) continue;
    const std::byte* header = field.bytes.data() - part.header_width();
    const std::uint32_t bit = 1U << member->member;
    if (!member->nested && (seen & bit) != 0) break;
    if (bounds.elements == 0) {
      bounds.begin = header;
      bounds.elements = 1;
    }
    seen |= bit;
    bounds.end = field.bytes.data() + field.bytes.size();
    if (member->width == 0 || member->nested) continue;
    const std::size_t elements = field.bytes.size() / member->width;
    if (field.bytes.size() % member->width == 0 && elements > bounds.elements) {
      bounds.elements = elements;
    }
  }
  return bounds;
}

}  // namespace cti::wire::ged188
