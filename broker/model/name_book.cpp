// name_book.cpp - noting and finding; a set of four places is walked.
#include "broker/model/name_book.hpp"

#include "broker/model/clean_text.hpp"
#include "core/base/check.hpp"
#include "wire/object_key.hpp"

#include <cstring>

namespace cti::broker {

namespace {

/// A plain name may still be one that was escaped.
bool is_its_own(std::string_view clean) noexcept {
  return is_plain(clean) && clean.find("\\x") == clean.npos;
}

}  // namespace

void NameBook::note(std::string_view clean, std::string_view raw) noexcept {
  raw = raw.substr(0, raw.find('\0'));
  if (clean.empty() || raw.empty() || raw.size() > kRawBytesMax) return;
  const std::uint64_t key = wire::object_key(clean);
  Entry* const set = entries_.data() + (key & (kSets - 1)) * kWays;
  Entry* place = nullptr;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (set[way].key == key) place = set + way;
  }
  if (place == nullptr) {
    std::uint8_t& next = next_[key & (kSets - 1)];
    place = set + next;
    next = static_cast<std::uint8_t>((next + 1) % kWays);
  }
  place->key = key;
  place->size = static_cast<std::uint8_t>(raw.size());
  std::memcpy(place->raw, raw.data(), raw.size());
  CTI_CHECK(raw_of(clean) == raw || is_its_own(clean));
}

std::string NameBook::learn(std::string_view raw) {
  if (is_plain(raw)) return std::string(raw);
  CleanTextRoom room;
  const std::string_view clean = room.clean(raw);
  note(clean, raw);
  return std::string(clean);
}

std::optional<std::string_view> NameBook::raw_of(std::string_view clean) const noexcept {
  if (is_its_own(clean)) return clean;
  const std::uint64_t key = wire::object_key(clean);
  const Entry* const set = entries_.data() + (key & (kSets - 1)) * kWays;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (set[way].key == key) return std::string_view(set[way].raw, set[way].size);
  }
  return std::nullopt;
}

}  // namespace cti::broker
