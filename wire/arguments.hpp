// arguments.hpp - Arguments: the key-value arrays of CTI OS as bytes that are read in place.
//
// Why      the same bytes stand in the event log, on the socket and in the client library; nobody re-encodes them.
// Shape    ArgumentsView reads, ArgumentsWriter writes into a given buffer, Arguments owns and grows.
//          Block: u32 bytes (whole, with these 8), u16 count, u16 flags 0; then the entries, each
//            u16 keyword (0: own key) | u8 type | u8 key bytes | u32 value or length | own key, padded to 4
//            | string or nested block, padded to 4.                                       All little-endian.
//          Canonical: keywords ascending by id, then own keys ascending by their ASCII-lowercased bytes; every key
//          once; an own key that spells a keyword (any case, trimmed) is written as the keyword; padding is zero. Two
//          blocks with equal content and spelling are equal byte for byte.
// Bounds   wire/session_limits.hpp.
// Errors   SessionError: what, byte offset, limit. Foreign bytes go through check(); nothing else here looks twice.
// Threads  none of it is shared; a view is good as long as the bytes it looks at.
// Source   CTI OS developer guide, chapter on helper classes: keys ignore case, outer blanks are trimmed, setting an
//          existing key replaces it, values may be nested, numbers and text convert into each other.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/result.hpp"
#include "wire/arg_type.hpp"
#include "wire/keyword.hpp"
#include "wire/session_error.hpp"
#include "wire/session_limits.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::wire {

class ArgumentsView;
class Arguments;

/// Without the blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text) noexcept;

/// The whole text as a number (outer blanks and a sign allowed); nothing when it is not one or does not fit 64 bits.
std::optional<std::int64_t> number_in(std::string_view text) noexcept;

/// A key as the caller has it: a keyword, or text, which becomes the keyword that it spells. Borrows the text.
class ArgKey {
 public:
  constexpr ArgKey(Keyword keyword) noexcept : keyword_(keyword) {}
  ArgKey(std::string_view text) noexcept;
  ArgKey(const char* text) noexcept : ArgKey(std::string_view(text)) {}
  ArgKey(const std::string& text) noexcept : ArgKey(std::string_view(text)) {}

  constexpr Keyword keyword() const noexcept { return keyword_; }
  /// Trimmed; empty when the key is a keyword.
  constexpr std::string_view own() const noexcept { return own_; }

 private:
  Keyword keyword_ = Keyword::kOwnKey;
  std::string_view own_;
};

/// One entry, read in place.
class Arg {
 public:
  explicit Arg(const std::byte* at) noexcept : at_(at) {}

  Keyword keyword() const noexcept { return static_cast<Keyword>(load_le<std::uint16_t>(at_)); }
  ArgType type() const noexcept { return static_cast<ArgType>(at_[2]); }
  /// Empty when the key is a keyword.
  std::string_view own_key() const noexcept {
    return {reinterpret_cast<const char*>(at_ + 8), std::to_integer<std::size_t>(at_[3])};
  }
  /// The keyword's name or the own key; empty for a keyword of a later version.
  std::string_view key_name() const noexcept {
    return keyword() == Keyword::kOwnKey ? own_key() : name_of(keyword());
  }

  bool is_integer() const noexcept { return type() < ArgType::kString; }
  bool is_string() const noexcept { return type() == ArgType::kString; }
  bool is_arguments() const noexcept { return type() == ArgType::kArguments; }
  /// 0 unless is_integer().
  std::int64_t integer() const noexcept {
    if (!is_integer()) return 0;
    const auto raw = load_le<std::uint32_t>(at_ + 4);
    const bool is_signed = type() == ArgType::kInt || type() == ArgType::kShort;
    return is_signed ? std::int64_t{static_cast<std::int32_t>(raw)} : std::int64_t{raw};
  }
  /// Empty unless is_string().
  std::string_view string() const noexcept {
    if (!is_string()) return {};
    return {reinterpret_cast<const char*>(payload()), load_le<std::uint32_t>(at_ + 4)};
  }
  /// The empty array unless is_arguments().
  ArgumentsView arguments() const noexcept;

  /// The value as a number: text that is a number counts. Nothing for other text and for arrays.
  std::optional<std::int64_t> to_integer() const noexcept;
  /// The value as text; an array as its dump.
  std::string to_text() const;

  /// The first eight bytes: keyword, type, key bytes, value or length.
  std::uint64_t head() const noexcept { return load_le<std::uint64_t>(at_); }
  /// Bytes of the entry that begins with `head`, padding included.
  static constexpr std::size_t bytes_of(std::uint64_t head) noexcept {
    constexpr std::uint64_t kKeyBytes = 0xFF000000;
    const bool number = static_cast<ArgType>(head >> 16) < ArgType::kString;
    if (number && (head & kKeyBytes) == 0) return 8;
    const std::size_t value = number ? 0 : static_cast<std::size_t>(head >> 32);
    const auto key = static_cast<std::size_t>((head & kKeyBytes) >> 24);
    return 8 + ((key + 3) & ~std::size_t{3}) + ((value + 3) & ~std::size_t{3});
  }
  /// The entry's bytes, padding included.
  Bytes bytes() const noexcept { return {at_, bytes_of(head())}; }
  /// Below, equal or above zero, by the canonical order: keywords by number, own keys behind them.
  int compare(const ArgKey& key) const noexcept {
    return compare(keyword(), own_key(), key.keyword(), key.own());
  }
  int compare(const Arg& other) const noexcept {
    return compare(keyword(), own_key(), other.keyword(), other.own_key());
  }

  /// How a keyword stands in the canonical order. Own keys stand behind them all, among themselves by their text.
  static constexpr std::uint16_t rank_of(Keyword keyword) noexcept {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(keyword) - 1);
  }

 private:
  static int compare(Keyword a, std::string_view own_a, Keyword b,
                     std::string_view own_b) noexcept {
    if (a != b) return rank_of(a) - rank_of(b);
    return a == Keyword::kOwnKey ? compare_own(own_a, own_b) : 0;
  }
  static int compare_own(std::string_view a, std::string_view b) noexcept;
  const std::byte* payload() const noexcept {
    return at_ + 8 + ((std::to_integer<std::size_t>(at_[3]) + 3) & ~std::size_t{3});
  }
  const std::byte* at_;
};

/// A block, read in place. Costs a pointer to copy.
class ArgumentsView {
 public:
  class Iterator {
   public:
    using value_type = Arg;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const std::byte* at, std::uint32_t left) noexcept : at_(at), left_(left) {}
    Arg operator*() const noexcept { return Arg(at_); }
    Iterator& operator++() noexcept {
      at_ += Arg(at_).bytes().size();
      --left_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.left_ == b.left_;
    }

   private:
    const std::byte* at_ = nullptr;
    std::uint32_t left_ = 0;
  };

  /// The empty array.
  ArgumentsView() noexcept;

  /// For foreign bytes: `bytes` must be exactly one canonical block, in every detail and down to the last nested one.
  static Result<ArgumentsView, SessionError> check(Bytes bytes) noexcept;
  static Result<ArgumentsView, SessionError> check(std::vector<std::byte>&&) =
      delete;  // would dangle
  /// For bytes that have been checked or that we wrote. `bytes` may be longer than the block.
  static ArgumentsView trusted(Bytes bytes) noexcept { return ArgumentsView(bytes.data()); }

  /// Entries of this block, nested ones not counted.
  std::uint32_t size() const noexcept { return load_le<std::uint16_t>(at_ + 4); }
  bool empty() const noexcept { return size() == 0; }
  Iterator begin() const noexcept { return {at_ + 8, size()}; }
  Iterator end() const noexcept { return {nullptr, 0}; }
  Bytes bytes() const noexcept { return {at_, load_le<std::uint32_t>(at_)}; }

  /// Walks the entries up to the key: a few nanoseconds for an event of usual size.
  std::optional<Arg> find(const ArgKey& key) const noexcept;
  /// Numbers, and text that is a number.
  std::optional<std::int64_t> integer(const ArgKey& key) const noexcept;
  /// Text only; numbers need Arg::to_text.
  std::optional<std::string_view> string(const ArgKey& key) const noexcept;
  std::optional<ArgumentsView> arguments(const ArgKey& key) const noexcept;

  /// "key1 = value1; key2 = value2;" as DumpProperties prints; arrays in braces, control characters escaped.
  std::string dump() const;

  friend bool operator==(const ArgumentsView& a, const ArgumentsView& b) noexcept;

 private:
  explicit ArgumentsView(const std::byte* at) noexcept : at_(at) {}
  const std::byte* at_;
};

/// Writes one block into a buffer of the caller. Keys may come in any order, ascending is fastest; the last value of a
/// key wins. The first error sticks: later calls do nothing, finish() gives nothing.
class ArgumentsWriter {
 public:
  explicit ArgumentsWriter(MutableBytes buffer) noexcept;
  /// Goes on with a block of `bytes` bytes that stands at the start of the buffer.
  ArgumentsWriter(MutableBytes buffer, std::size_t bytes) noexcept;

  void add_int(const ArgKey& key, std::int32_t value) noexcept;
  void add_uint(const ArgKey& key, std::uint32_t value) noexcept;
  void add_short(const ArgKey& key, std::int16_t value) noexcept;
  void add_ushort(const ArgKey& key, std::uint16_t value) noexcept;
  void add_bool(const ArgKey& key, bool value) noexcept;
  void add_string(const ArgKey& key, std::string_view value) noexcept;
  void add_arguments(const ArgKey& key, const ArgumentsView& value) noexcept;
  /// The entry as it is, key and all.
  void add(const Arg& entry) noexcept;
  /// Every entry of `all`.
  void add_all(const ArgumentsView& all) noexcept;
  /// What is added until end_nested() goes into an array below this key.
  void begin_nested(const ArgKey& key) noexcept;
  void end_nested() noexcept;
  void erase(const ArgKey& key) noexcept;

  bool ok() const noexcept { return error_.fault == SessionFault{}; }
  /// Meaningful unless ok().
  const SessionError& error() const noexcept { return error_; }
  /// The finished block, at the start of the buffer; empty bytes after an error. Open arrays are ended.
  Bytes finish() noexcept;

 private:
  friend class AscendingRun;
  struct Level {          // not cleared: eight of them, and a record needs one
    std::uint32_t begin;  ///< of the block
    std::uint32_t end;    ///< behind its last entry
    std::uint32_t last;   ///< its last entry; 0 when it has none
    std::uint32_t count;
    std::uint32_t entry;  ///< the entry that holds it; unused for the outermost
  };
  void add_value(const ArgKey& key, ArgType type, std::uint32_t value, Bytes payload) noexcept;
  std::uint32_t place(const ArgKey& key, std::uint32_t bytes) noexcept;
  std::uint32_t seek(const Level& level, const ArgKey& key, bool& found) const noexcept;
  void resize(std::uint32_t at, std::uint32_t from, std::uint32_t to) noexcept;
  bool refuse(SessionFault fault, std::size_t limit = 0) noexcept;
  bool usable(const ArgKey& key) noexcept;
  void close_level() noexcept;

  std::byte* buffer_;
  std::uint32_t capacity_;
  std::uint32_t used_ = 8;
  std::uint32_t entries_ = 0;  ///< over all levels
  std::uint32_t depth_ = 0;    ///< index of the innermost open level
  Level levels_[limits::kArgumentsDepthMax];
  SessionError error_;
};

static_assert(ArgType::kBool < ArgType::kString && ArgType::kString < ArgType::kArguments,
              "Arg::is_integer and bytes_of tell numbers by their order");
static_assert(limits::kKeyBytesMax <= 0xFF, "an entry has one byte for the length of its key");
static_assert(limits::kArgumentsEntriesMax <= 0xFFFF, "a block has two bytes for its count");
static_assert(8 + limits::kStringBytesMax + 3 + 8 <= limits::kArgumentsBytesMax,
              "the longest string fits a block");

/// The fast half of the writer, for records: entries whose keywords ascend, behind all that the writer has in its
/// outermost array. Nothing is searched or moved, an entry is a store. The writer must be left alone while a run lives;
/// its errors are the writer's.
class AscendingRun {
 public:
  explicit AscendingRun(ArgumentsWriter& writer) noexcept : writer_(writer) { take(); }
  ~AscendingRun() { give_back(); }
  AscendingRun(const AscendingRun&) = delete;
  AscendingRun& operator=(const AscendingRun&) = delete;

  /// The first eight bytes of an entry; its value is the number, or the length of the text.
  static constexpr std::uint64_t head(Keyword keyword, ArgType type, std::uint32_t value) noexcept {
    return static_cast<std::uint64_t>(keyword) | static_cast<std::uint64_t>(type) << 16 |
           std::uint64_t{value} << 32;
  }
  void add_number(std::uint64_t head) noexcept {
    if (end_ - at_ < 8) return full();
    entry(head);
    at_ += 8;
  }
  void add_text(std::uint64_t head, const std::byte* text) noexcept {
    const auto size = static_cast<std::size_t>(head >> 32);
    if (size > limits::kStringBytesMax) return too_long();
    const std::size_t bytes = 8 + ((size + 3) & ~std::size_t{3});
    if (static_cast<std::size_t>(end_ - at_) < bytes) return full();
    store_le(at_ + bytes - 4, std::uint32_t{0});  // the padding, before what it pads
    entry(head);
    copy_short(at_ + 8, text, size);
    at_ += bytes;
  }
  /// An array below the keyword: fill(ArgumentsWriter&) writes it.
  template <class Fill>
  void add_nested(Keyword keyword, Fill&& fill) noexcept {
    give_back();
    writer_.begin_nested(keyword);
    fill(writer_);
    writer_.end_nested();
    take();
  }

 private:
  void entry(std::uint64_t head) noexcept {
    store_le(at_, head);
    last_ = at_;
    ++count_;
  }
  void take() noexcept;
  void give_back() noexcept;
  [[gnu::cold]] void full() noexcept;
  [[gnu::cold]] void too_long() noexcept;

  ArgumentsWriter& writer_;
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
  std::byte* last_ = nullptr;
  std::uint32_t count_ = 0;
};

inline void AscendingRun::take() noexcept {
  at_ = writer_.buffer_ + writer_.used_;
  end_ = writer_.ok() ? writer_.buffer_ + writer_.capacity_ : at_;
  last_ = nullptr;
  count_ = 0;
}

inline void AscendingRun::give_back() noexcept {
  if (count_ == 0) return;
  CTI_CHECK(writer_.depth_ == 0);  // a run writes into the outermost array
  CTI_CHECK(at_ <= writer_.buffer_ + writer_.capacity_);
  ArgumentsWriter::Level& level = writer_.levels_[0];
  writer_.used_ = level.end = static_cast<std::uint32_t>(at_ - writer_.buffer_);
  level.last = static_cast<std::uint32_t>(last_ - writer_.buffer_);
  level.count += count_;
  writer_.entries_ += count_;
  if (writer_.entries_ > limits::kArgumentsEntriesMax) {
    writer_.refuse(SessionFault::kTooManyEntries, limits::kArgumentsEntriesMax);
  }
}

/// Owning Arguments for the cold paths and the client library. A value: copies are independent.
class Arguments {
 public:
  Arguments();
  /// A copy of the block.
  explicit Arguments(const ArgumentsView& view);

  /// Set a key, replacing what it had. False: a limit was reached or the key is unusable, nothing changed. The CTI OS
  /// type follows the C++ type; a 64-bit integer becomes INT when it fits, else UINT when it fits, else false.
  bool set(const ArgKey& key, std::string_view value);
  bool set(const ArgKey& key, const std::string& value) {
    return set(key, std::string_view(value));
  }
  bool set(const ArgKey& key, const char* value) { return set(key, std::string_view(value)); }
  bool set(const ArgKey& key, const ArgumentsView& value);
  bool set(const ArgKey& key, const Arguments& value) { return set(key, value.view()); }
  template <std::integral T>
  bool set(const ArgKey& key, T value) {
    if constexpr (std::same_as<T, bool>) {
      return set_number(key, ArgType::kBool, value ? 1U : 0U);
    } else if constexpr (sizeof(T) == 2) {
      return set_number(key, std::signed_integral<T> ? ArgType::kShort : ArgType::kUShort,
                        static_cast<std::uint32_t>(value));
    } else if constexpr (sizeof(T) <= 4) {
      return set_number(key, std::signed_integral<T> ? ArgType::kInt : ArgType::kUInt,
                        static_cast<std::uint32_t>(value));
    } else {
      return set_wide(key, static_cast<std::int64_t>(value),
                      std::signed_integral<T> || value <= T{INT64_MAX});
    }
  }
  /// The entry of another array, key and type as they are.
  bool set(const Arg& entry);
  /// False: there was none.
  bool erase(const ArgKey& key);
  void clear();

  ArgumentsView view() const noexcept { return ArgumentsView::trusted(bytes()); }
  operator ArgumentsView() const noexcept { return view(); }
  Bytes bytes() const noexcept { return Bytes(storage_).first(used_); }
  std::uint32_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return size() == 0; }
  ArgumentsView::Iterator begin() const noexcept { return view().begin(); }
  ArgumentsView::Iterator end() const noexcept { return view().end(); }

  std::optional<Arg> find(const ArgKey& key) const noexcept { return view().find(key); }
  std::optional<std::int64_t> integer(const ArgKey& key) const noexcept {
    return view().integer(key);
  }
  std::optional<std::string_view> string(const ArgKey& key) const noexcept {
    return view().string(key);
  }
  std::optional<ArgumentsView> arguments(const ArgKey& key) const noexcept {
    return view().arguments(key);
  }
  /// Text, and numbers as text.
  std::optional<std::string> text(const ArgKey& key) const;
  std::string dump() const { return view().dump(); }

  friend bool operator==(const Arguments& a, const Arguments& b) noexcept {
    return a.view() == b.view();
  }

 private:
  bool set_number(const ArgKey& key, ArgType type, std::uint32_t value);
  bool set_wide(const ArgKey& key, std::int64_t value, bool fits);
  template <class Change>
  bool change(std::size_t room, Change&& apply);

  std::vector<std::byte> storage_;  ///< capacity; the block is the first used_ bytes
  std::size_t used_ = 0;
};

}  // namespace cti::wire
