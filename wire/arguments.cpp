// arguments.cpp - reading and checking of Arguments; the writers are in arguments_writer.cpp.
#include "wire/arguments.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <charconv>

namespace cti::wire {
namespace {

alignas(8) constexpr std::byte kEmpty[8] = {std::byte{8}};

constexpr unsigned char lower(char c) noexcept {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

constexpr bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool own_key_usable(std::string_view key) noexcept {
  if (blank(key.front()) || blank(key.back())) return false;
  return std::none_of(key.begin(), key.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 3) & ~std::size_t{3}; }

/// One pass over a block and what is nested in it; recursion ends at kArgumentsDepthMax.
static_assert(limits::kArgumentsDepthMax <= 16, "a hostile block cannot make Checker recurse deep");

class Checker {
 public:
  explicit Checker(Bytes bytes) noexcept : bytes_(bytes) {}

  bool block(std::size_t begin, std::size_t bytes, std::uint32_t depth) noexcept {
    if (depth > limits::kArgumentsDepthMax) {
      return fail(SessionFault::kTooDeep, begin, limits::kArgumentsDepthMax);
    }
    if (bytes < 8) return fail(SessionFault::kBlockTruncated, begin);
    if (u32(begin) != bytes || bytes % 4 != 0) return fail(SessionFault::kBlockLengthWrong, begin);
    const std::uint32_t count = u16(begin + 4);
    if (u16(begin + 6) != 0) return fail(SessionFault::kBlockFlagsUnknown, begin + 6);
    entries_ += count;
    if (entries_ > limits::kArgumentsEntriesMax) {
      return fail(SessionFault::kTooManyEntries, begin + 4, limits::kArgumentsEntriesMax);
    }
    const std::size_t end = begin + bytes;
    CTI_CHECK(end <= bytes_.size());  // entry() has seen to it
    std::size_t at = begin + 8;
    std::size_t before = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (at == end) return fail(SessionFault::kCountWrong, begin + 4);
      const std::size_t size = entry(at, end, depth);
      if (size == 0 || !ascending(before, at)) return false;
      before = at;
      at += size;
    }
    return at == end || fail(SessionFault::kCountWrong, begin + 4);
  }

  const SessionError& error() const noexcept { return error_; }

 private:
  std::uint32_t u32(std::size_t at) const noexcept { return load_le<std::uint32_t>(&bytes_[at]); }
  std::uint16_t u16(std::size_t at) const noexcept { return load_le<std::uint16_t>(&bytes_[at]); }

  bool fail(SessionFault fault, std::size_t at, std::size_t limit = 0) noexcept {
    error_ = {fault, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(limit)};
    return false;
  }

  bool zeros(std::size_t from, std::size_t to) noexcept {
    for (; from < to; ++from) {
      if (bytes_[from] != std::byte{0}) return fail(SessionFault::kPaddingNotZero, from);
    }
    return true;
  }

  /// The size of the entry at `at`; 0 after a fault.
  std::size_t entry(std::size_t at, std::size_t end, std::uint32_t depth) noexcept {
    if (end - at < 8) return fail(SessionFault::kEntryTruncated, at), 0;
    const std::size_t key_bytes = std::to_integer<std::size_t>(bytes_[at + 3]);
    const std::size_t payload = at + 8 + padded(key_bytes);
    if (payload > end) return fail(SessionFault::kEntryTruncated, at + 3), 0;
    if (!key(at, key_bytes) || !zeros(at + 8 + key_bytes, payload)) return 0;
    const std::uint32_t value = u32(at + 4);
    switch (static_cast<ArgType>(bytes_[at + 2])) {
      case ArgType::kInt:
      case ArgType::kUInt:
        return payload - at;
      case ArgType::kShort:
        return number(at, static_cast<std::uint32_t>(static_cast<std::int16_t>(value)) == value,
                      payload);
      case ArgType::kUShort:
        return number(at, value <= 0xFFFF, payload);
      case ArgType::kBool:
        return number(at, value <= 1, payload);
      case ArgType::kString:
        if (value > limits::kStringBytesMax) {
          return fail(SessionFault::kStringTooLong, at + 4, limits::kStringBytesMax), 0;
        }
        if (padded(value) > end - payload) return fail(SessionFault::kEntryTruncated, at + 4), 0;
        return zeros(payload + value, payload + padded(value)) ? payload + padded(value) - at : 0;
      case ArgType::kArguments:
        if (value > end - payload) return fail(SessionFault::kEntryTruncated, at + 4), 0;
        return block(payload, value, depth + 1) ? payload + value - at : 0;
    }
    return fail(SessionFault::kTypeUnknown, at + 2), 0;
  }

  std::size_t number(std::size_t at, bool fits, std::size_t payload) noexcept {
    return fits ? payload - at : (fail(SessionFault::kValueOutOfRange, at + 4), 0);
  }

  bool key(std::size_t at, std::size_t key_bytes) noexcept {
    if (u16(at) != 0) return key_bytes == 0 || fail(SessionFault::kKeyBad, at + 3);
    if (key_bytes == 0) return fail(SessionFault::kKeyMissing, at);
    const std::string_view own = as_text(bytes_.subspan(at + 8, key_bytes));
    if (!own_key_usable(own)) return fail(SessionFault::kKeyBad, at + 8);
    return !keyword_from(own) || fail(SessionFault::kKeyIsKeyword, at + 8);
  }

  bool ascending(std::size_t before, std::size_t at) noexcept {
    if (before == 0) return true;  // no entry starts at 0: a block header comes first
    const int order = Arg(&bytes_[before]).compare(Arg(&bytes_[at]));
    if (order < 0) return true;
    return fail(order == 0 ? SessionFault::kKeyTwice : SessionFault::kKeyOrder, at);
  }

  Bytes bytes_;
  std::uint32_t entries_ = 0;
  SessionError error_;
};

void dump_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) {
      out += "\\x";
      out += kHex[code >> 4];
      out += kHex[code & 15];
    } else {
      out += c;
    }
  }
}

void dump_block(std::string& out, const ArgumentsView& view) {  // depth is bounded by the block
  for (const Arg arg : view) {
    if (!out.empty() && out.back() == ';') out += ' ';
    if (arg.key_name().empty()) {
      out += '#';
      out += std::to_string(static_cast<unsigned>(arg.keyword()));
    } else {
      dump_text(out, arg.key_name());
    }
    out += " = ";
    if (arg.is_arguments()) {
      out += "{ ";
      dump_block(out, arg.arguments());
      out += " }";
    } else if (arg.is_string()) {
      dump_text(out, arg.string());
    } else {
      out += std::to_string(arg.integer());
    }
    out += ';';
  }
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> number_in(std::string_view text) noexcept {
  text = trimmed(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

ArgKey::ArgKey(std::string_view text) noexcept : own_(trimmed(text)) {
  if (const auto known = keyword_from(own_)) {
    keyword_ = *known;
    own_ = {};
  }
}

ArgumentsView Arg::arguments() const noexcept {
  if (!is_arguments()) return {};
  return ArgumentsView::trusted({payload(), load_le<std::uint32_t>(at_ + 4)});
}

std::optional<std::int64_t> Arg::to_integer() const noexcept {
  if (is_integer()) return integer();
  return is_string() ? number_in(string()) : std::nullopt;
}

std::string Arg::to_text() const {
  if (is_integer()) return std::to_string(integer());
  return is_string() ? std::string(string()) : arguments().dump();
}

int Arg::compare_own(std::string_view a, std::string_view b) noexcept {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (lower(a[i]) != lower(b[i])) return int{lower(a[i])} - int{lower(b[i])};
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

ArgumentsView::ArgumentsView() noexcept : at_(kEmpty) {}

Result<ArgumentsView, SessionError> ArgumentsView::check(Bytes bytes) noexcept {
  if (bytes.size() > limits::kArgumentsBytesMax) {
    return Err{SessionError{SessionFault::kBlockTooLong, 0, limits::kArgumentsBytesMax}};
  }
  Checker checker(bytes);
  if (!checker.block(0, bytes.size(), 1)) return Err{checker.error()};
  return ArgumentsView(bytes.data());
}

std::optional<Arg> ArgumentsView::find(const ArgKey& key) const noexcept {
  const std::byte* at = at_ + 8;
  std::uint32_t left = size();
  // Keywords before the key are skipped by their numbers alone; own keys stand behind them all.
  const std::uint16_t wanted = Arg::rank_of(key.keyword());
  for (; left != 0; --left) {
    const Arg arg(at);
    if (Arg::rank_of(arg.keyword()) >= wanted) break;
    at += arg.bytes().size();
  }
  for (; left != 0; --left) {
    const Arg arg(at);
    const int order = arg.compare(key);
    if (order == 0) return arg;
    if (order > 0) return std::nullopt;
    at += arg.bytes().size();
  }
  return std::nullopt;
}

std::optional<std::int64_t> ArgumentsView::integer(const ArgKey& key) const noexcept {
  const auto arg = find(key);
  return arg ? arg->to_integer() : std::nullopt;
}

std::optional<std::string_view> ArgumentsView::string(const ArgKey& key) const noexcept {
  const auto arg = find(key);
  if (!arg || !arg->is_string()) return std::nullopt;
  return arg->string();
}

std::optional<ArgumentsView> ArgumentsView::arguments(const ArgKey& key) const noexcept {
  const auto arg = find(key);
  if (!arg || !arg->is_arguments()) return std::nullopt;
  return arg->arguments();
}

std::string ArgumentsView::dump() const {
  std::string out;
  dump_block(out, *this);
  return out;
}

bool operator==(const ArgumentsView& a, const ArgumentsView& b) noexcept {
  return std::ranges::equal(a.bytes(), b.bytes());
}

}  // namespace cti::wire
