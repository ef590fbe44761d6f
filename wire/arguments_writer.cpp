// arguments_writer.cpp - ArgumentsWriter and the owning Arguments.
//
// The block is kept sorted while it grows: an ascending key is appended, any other is searched for and the bytes behind
// its place are moved. An event has some thirty entries in a few hundred bytes, so the moves cost less than sorting at
// the end would, and a key that is set twice is noticed at once.
#include "core/base/check.hpp"
#include "wire/arguments.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace cti::wire {
namespace {

constexpr std::uint32_t padded(std::size_t bytes) noexcept {
  return static_cast<std::uint32_t>((bytes + 3) & ~std::size_t{3});
}

std::uint32_t entries_in(const Arg& arg) noexcept {  // depth is bounded by the block
  std::uint32_t count = 1;
  if (arg.is_arguments()) {
    for (const Arg inner : arg.arguments()) count += entries_in(inner);
  }
  return count;
}

std::uint32_t depth_of(const ArgumentsView& view) noexcept {
  std::uint32_t deepest = 0;
  for (const Arg arg : view) {
    if (arg.is_arguments()) deepest = std::max(deepest, depth_of(arg.arguments()));
  }
  return deepest + 1;
}

}  // namespace

ArgumentsWriter::ArgumentsWriter(MutableBytes buffer) noexcept : ArgumentsWriter(buffer, 0) {}

ArgumentsWriter::ArgumentsWriter(MutableBytes buffer, std::size_t bytes) noexcept
    : buffer_(buffer.data()),
      capacity_(static_cast<std::uint32_t>(std::min(buffer.size(), limits::kArgumentsBytesMax))) {
  Level& level = levels_[0];
  level = {0, 8, 0, 0, 0};
  if (capacity_ < 8) {
    refuse(SessionFault::kBufferFull, capacity_);
    return;
  }
  if (bytes == 0) return;
  CTI_CHECK(bytes >= 8 && bytes <= capacity_);
  for (const Arg arg : ArgumentsView::trusted(buffer.first(bytes))) {
    level.last = static_cast<std::uint32_t>(arg.bytes().data() - buffer_);
    ++level.count;
    entries_ += entries_in(arg);
  }
  level.end = used_ = static_cast<std::uint32_t>(bytes);
}

bool ArgumentsWriter::refuse(SessionFault fault, std::size_t limit) noexcept {
  if (ok()) error_ = {fault, used_, static_cast<std::uint32_t>(limit)};
  return false;
}

bool ArgumentsWriter::usable(const ArgKey& key) noexcept {
  if (key.keyword() != Keyword::kOwnKey) return true;
  if (key.own().empty()) return refuse(SessionFault::kKeyMissing);
  if (key.own().size() > limits::kKeyBytesMax) {
    return refuse(SessionFault::kKeyTooLong, limits::kKeyBytesMax);
  }
  const bool printable = std::none_of(key.own().begin(), key.own().end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return printable || refuse(SessionFault::kKeyBad);
}

/// The place of the key in the level: of its entry when found, else where its entry belongs.
std::uint32_t ArgumentsWriter::seek(const Level& level, const ArgKey& key,
                                    bool& found) const noexcept {
  found = false;
  if (level.count == 0 || Arg(buffer_ + level.last).compare(key) < 0) return level.end;
  std::uint32_t at = level.begin + 8;
  for (;;) {  // ends: the last entry is not below the key
    const Arg arg(buffer_ + at);
    const int order = arg.compare(key);
    if (order >= 0) {
      found = order == 0;
      return at;
    }
    at += static_cast<std::uint32_t>(arg.bytes().size());
  }
}

/// The `from` bytes at `at` become `to` bytes; everything behind moves along. The caller has checked the capacity.
void ArgumentsWriter::resize(std::uint32_t at, std::uint32_t from, std::uint32_t to) noexcept {
  if (from == to) return;
  std::memmove(buffer_ + at + to, buffer_ + at + from, used_ - at - from);
  used_ = used_ + to - from;
  for (std::uint32_t i = 0; i <= depth_; ++i) {
    Level& level = levels_[i];
    level.end = level.end + to - from;
    if (level.last >= at + from && level.last != 0) level.last = level.last + to - from;
  }
}

/// Room of `bytes` for the key's entry, in its place; 0 when there is none.
std::uint32_t ArgumentsWriter::place(const ArgKey& key, std::uint32_t bytes) noexcept {
  Level& level = levels_[depth_];
  bool found = false;
  const std::uint32_t at = seek(level, key, found);
  const auto old = found ? static_cast<std::uint32_t>(Arg(buffer_ + at).bytes().size()) : 0U;
  if (bytes > capacity_ - used_ + old) return refuse(SessionFault::kBufferFull, capacity_), 0;
  if (found) {
    entries_ -= entries_in(Arg(buffer_ + at));
  } else {
    ++level.count;
  }
  const bool appended = at == level.end;
  CTI_CHECK(at >= level.begin + 8 && at <= level.end);
  resize(at, old, bytes);
  CTI_CHECK(used_ <= capacity_);
  if (appended) level.last = at;
  return at;
}

void ArgumentsWriter::add_value(const ArgKey& key, ArgType type, std::uint32_t value,
                                Bytes payload) noexcept {
  if (!ok() || !usable(key)) return;
  const std::uint32_t key_bytes = static_cast<std::uint32_t>(key.own().size());
  const std::uint32_t head = 8 + padded(key_bytes);
  if (entries_ >= limits::kArgumentsEntriesMax) {
    refuse(SessionFault::kTooManyEntries, limits::kArgumentsEntriesMax);
    return;
  }
  const std::uint32_t at = place(key, head + padded(payload.size()));
  if (at == 0) return;
  ++entries_;
  std::byte* entry = buffer_ + at;
  store_le(entry, static_cast<std::uint16_t>(key.keyword()));
  entry[2] = static_cast<std::byte>(type);
  entry[3] = static_cast<std::byte>(key_bytes);
  store_le(entry + 4, value);
  if (key_bytes != 0) {
    store_le(entry + head - 4, std::uint32_t{0});  // the padding, before what it pads
    std::memcpy(entry + 8, key.own().data(), key_bytes);
  }
  if (payload.empty()) return;
  store_le(entry + head + padded(payload.size()) - 4, std::uint32_t{0});
  std::memcpy(entry + head, payload.data(), payload.size());
}

void ArgumentsWriter::add_int(const ArgKey& key, std::int32_t value) noexcept {
  add_value(key, ArgType::kInt, static_cast<std::uint32_t>(value), {});
}
void ArgumentsWriter::add_uint(const ArgKey& key, std::uint32_t value) noexcept {
  add_value(key, ArgType::kUInt, value, {});
}
void ArgumentsWriter::add_short(const ArgKey& key, std::int16_t value) noexcept {
  add_value(key, ArgType::kShort, static_cast<std::uint32_t>(value), {});
}
void ArgumentsWriter::add_ushort(const ArgKey& key, std::uint16_t value) noexcept {
  add_value(key, ArgType::kUShort, value, {});
}
void ArgumentsWriter::add_bool(const ArgKey& key, bool value) noexcept {
  add_value(key, ArgType::kBool, value ? 1 : 0, {});
}

void ArgumentsWriter::add_string(const ArgKey& key, std::string_view value) noexcept {
  if (value.size() > limits::kStringBytesMax) {
    refuse(SessionFault::kStringTooLong, limits::kStringBytesMax);
    return;
  }
  add_value(key, ArgType::kString, static_cast<std::uint32_t>(value.size()), as_bytes(value));
}

void ArgumentsWriter::add_arguments(const ArgKey& key, const ArgumentsView& value) noexcept {
  std::uint32_t inner = 0;
  for (const Arg arg : value) inner += entries_in(arg);
  if (depth_ + 1 + depth_of(value) > limits::kArgumentsDepthMax) {
    refuse(SessionFault::kTooDeep, limits::kArgumentsDepthMax);
    return;
  }
  if (entries_ + inner >= limits::kArgumentsEntriesMax) {
    refuse(SessionFault::kTooManyEntries, limits::kArgumentsEntriesMax);
    return;
  }
  const Bytes bytes = value.bytes();
  add_value(key, ArgType::kArguments, static_cast<std::uint32_t>(bytes.size()), bytes);
  if (ok()) entries_ += inner;
}

void ArgumentsWriter::add(const Arg& entry) noexcept {
  const ArgKey key =
      entry.keyword() == Keyword::kOwnKey ? ArgKey(entry.own_key()) : ArgKey(entry.keyword());
  if (entry.is_arguments()) {
    add_arguments(key, entry.arguments());
  } else if (entry.is_string()) {
    add_string(key, entry.string());
  } else {
    add_value(key, entry.type(), static_cast<std::uint32_t>(entry.integer()), {});
  }
}

void ArgumentsWriter::add_all(const ArgumentsView& all) noexcept {
  for (const Arg entry : all) add(entry);
}

void ArgumentsWriter::begin_nested(const ArgKey& key) noexcept {
  if (depth_ + 1 >= limits::kArgumentsDepthMax) {
    refuse(SessionFault::kTooDeep, limits::kArgumentsDepthMax);
    return;
  }
  add_value(key, ArgType::kArguments, 8, ArgumentsView().bytes());
  if (!ok()) return;
  bool found = false;
  const std::uint32_t entry = seek(levels_[depth_], key, found);
  const std::uint32_t begin = entry + 8 + padded(key.own().size());
  levels_[++depth_] = {begin, begin + 8, 0, 0, entry};
}

void ArgumentsWriter::close_level() noexcept {
  const Level& level = levels_[depth_];
  CTI_CHECK(level.begin + 8 <= level.end);
  CTI_CHECK(level.end <= used_);
  CTI_CHECK((level.count == 0) == (level.end == level.begin + 8));
  store_le(buffer_ + level.begin, level.end - level.begin);
  store_le(buffer_ + level.begin + 4, static_cast<std::uint16_t>(level.count));
  store_le(buffer_ + level.begin + 6, std::uint16_t{0});
  if (depth_ != 0) store_le(buffer_ + level.entry + 4, level.end - level.begin);
}

void ArgumentsWriter::end_nested() noexcept {
  if (!ok()) return;
  CTI_CHECK(depth_ > 0);
  close_level();
  --depth_;
}

void ArgumentsWriter::erase(const ArgKey& key) noexcept {
  if (!ok()) return;
  Level& level = levels_[depth_];
  bool found = false;
  const std::uint32_t at = seek(level, key, found);
  if (!found) return;
  const Arg arg(buffer_ + at);
  CTI_CHECK(level.count > 0);
  CTI_CHECK(entries_ >= entries_in(arg));
  entries_ -= entries_in(arg);
  --level.count;
  const bool was_last = at == level.last;
  resize(at, static_cast<std::uint32_t>(arg.bytes().size()), 0);
  if (!was_last) return;
  level.last = 0;
  for (std::uint32_t next = level.begin + 8; next < level.end;) {
    level.last = next;
    next += static_cast<std::uint32_t>(Arg(buffer_ + next).bytes().size());
  }
}

Bytes ArgumentsWriter::finish() noexcept {
  if (!ok()) return {};
  while (depth_ > 0) end_nested();
  close_level();
  return {buffer_, used_};
}

void AscendingRun::full() noexcept {
  writer_.refuse(SessionFault::kBufferFull, writer_.capacity_);
  end_ = at_;
}

void AscendingRun::too_long() noexcept {
  writer_.refuse(SessionFault::kStringTooLong, limits::kStringBytesMax);
  end_ = at_;
}

Arguments::Arguments() : Arguments(ArgumentsView()) {}

Arguments::Arguments(const ArgumentsView& view)
    : storage_(view.bytes().begin(), view.bytes().end()), used_(storage_.size()) {}

template <class Change>
bool Arguments::change(std::size_t room, Change&& apply) {
  const std::size_t wanted = std::min(used_ + room, limits::kArgumentsBytesMax);
  if (wanted > storage_.size()) {
    storage_.resize(std::min(std::max(wanted, 2 * storage_.size()), limits::kArgumentsBytesMax));
  }
  ArgumentsWriter writer(storage_, used_);
  apply(writer);
  if (!writer.ok()) return false;  // a refused add leaves the block as it was
  used_ = writer.finish().size();
  CTI_CHECK(used_ <= storage_.size());
  return true;
}

bool Arguments::set_number(const ArgKey& key, ArgType type, std::uint32_t value) {
  return change(8 + padded(key.own().size()), [&](ArgumentsWriter& writer) {
    switch (type) {
      case ArgType::kInt:
        return writer.add_int(key, static_cast<std::int32_t>(value));
      case ArgType::kUInt:
        return writer.add_uint(key, value);
      case ArgType::kShort:
        return writer.add_short(key, static_cast<std::int16_t>(value));
      case ArgType::kUShort:
        return writer.add_ushort(key, static_cast<std::uint16_t>(value));
      default:
        return writer.add_bool(key, value != 0);
    }
  });
}

bool Arguments::set_wide(const ArgKey& key, std::int64_t value, bool fits) {
  if (!fits || value < INT32_MIN || value > std::int64_t{UINT32_MAX}) return false;
  return set_number(key, value <= INT32_MAX ? ArgType::kInt : ArgType::kUInt,
                    static_cast<std::uint32_t>(value));
}

bool Arguments::set(const ArgKey& key, std::string_view value) {
  std::string copy;  // the text may stand in this very block
  const auto* text = reinterpret_cast<const std::byte*>(value.data());
  if (text >= storage_.data() && text < storage_.data() + storage_.size()) value = copy = value;
  return change(8 + padded(key.own().size()) + padded(value.size()),
                [&](ArgumentsWriter& writer) { writer.add_string(key, value); });
}

bool Arguments::set(const ArgKey& key, const ArgumentsView& value) {
  const Arguments copy(value);  // the view may look into this very block
  return change(8 + padded(key.own().size()) + copy.used_,
                [&](ArgumentsWriter& writer) { writer.add_arguments(key, copy.view()); });
}

bool Arguments::set(const Arg& entry) {
  const std::vector<std::byte> copy(entry.bytes().begin(), entry.bytes().end());
  return change(copy.size(), [&](ArgumentsWriter& writer) { writer.add(Arg(copy.data())); });
}

bool Arguments::erase(const ArgKey& key) {
  const std::size_t before = used_;
  return change(0, [&](ArgumentsWriter& writer) { writer.erase(key); }) && used_ != before;
}

void Arguments::clear() { *this = Arguments(); }

std::optional<std::string> Arguments::text(const ArgKey& key) const {
  const auto arg = find(key);
  if (!arg || arg->is_arguments()) return std::nullopt;
  return arg->to_text();
}

}  // namespace cti::wire
