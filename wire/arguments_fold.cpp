// arguments_fold.cpp - merging two sorted blocks.
#include "wire/arguments_fold.hpp"

#include <algorithm>
#include <cstring>

namespace cti::wire {
namespace {

std::uint32_t nested_in(const ArgumentsView& view) noexcept {  // depth is bounded by the block
  std::uint32_t count = view.size();
  for (const Arg inner : view) {
    if (inner.is_arguments()) count += nested_in(inner.arguments());
  }
  return count;
}

std::uint32_t entries_in(const Arg& arg) noexcept {
  return arg.is_arguments() ? 1 + nested_in(arg.arguments()) : 1;
}

bool is_call_variable(Keyword keyword) noexcept {
  static_assert(static_cast<int>(Keyword::CallVariable9) -
                    static_cast<int>(Keyword::CallVariable1) ==
                9);  // 1, 10, 2, 3, ... 9
  return keyword >= Keyword::CallVariable1 && keyword <= Keyword::CallVariable9;
}

/// A blank in a call variable: it is to be empty.
bool clears_variable(const Arg& arg) noexcept {
  constexpr std::uint64_t kOneByte = 1;
  if (arg.head() >> 32 != kOneByte) return false;
  return arg.is_string() && arg.string() == " " && is_call_variable(arg.keyword());
}

/// Entries that are walked through, in place.
struct Cursor {
  const std::byte* at;
  std::uint32_t left;

  explicit Cursor(const ArgumentsView& view) noexcept
      : at(view.bytes().data() + 8), left(view.size()) {}
  Arg arg() const noexcept { return Arg(at); }
  void next() noexcept {
    at += arg().bytes().size();
    --left;
  }
};

[[gnu::noinline]] int compare_own(const Arg& a, const Arg& b) noexcept { return a.compare(b); }

/// How an entry stands to another: by keyword most of the time.
inline int compare(const Arg& a, const Arg& b) noexcept {
  const int rank = Arg::rank_of(a.keyword()), other = Arg::rank_of(b.keyword());
  if (rank != other || a.keyword() != Keyword::kOwnKey) [[likely]] {
    return rank - other;
  }
  return compare_own(a, b);
}

/// Appends entries to a block and keeps its limits.
class Appender {
 public:
  explicit Appender(MutableBytes out) noexcept
      : out_(out.first(std::min(out.size(), limits::kArgumentsBytesMax))) {}

  /// Walks on while the entries are below `fresh` (to the end when null), and copies them all at once.
  void put_below(Cursor& old, const Arg* fresh) noexcept {
    const std::byte* const begin = old.at;
    for (; old.left != 0 && (fresh == nullptr || compare(old.arg(), *fresh) < 0); old.next()) {
      entries_ += entries_in(old.arg());
      ++count_;
    }
    append(begin, old.at);
  }
  void put(const Arg& arg) noexcept {
    const Bytes bytes = arg.bytes();
    entries_ += entries_in(arg);
    ++count_;
    append(bytes.data(), bytes.data() + bytes.size());
  }
  void put_change(const Arg& arg) noexcept {
    if (arg.keyword() == Keyword::OldUniqueObjectID) return;
    if (!clears_variable(arg)) return put(arg);
    std::byte cleared[8]{};
    std::memcpy(cleared, arg.bytes().data(), 4);
    put(Arg(cleared));
  }

  Result<Bytes, SessionError> finish() noexcept {
    if (full_) {
      return Err{SessionError{SessionFault::kBlockTooLong, 0, limits::kArgumentsBytesMax}};
    }
    if (entries_ > limits::kArgumentsEntriesMax) {
      return Err{SessionError{SessionFault::kTooManyEntries, 0, limits::kArgumentsEntriesMax}};
    }
    store_le(out_.data(), static_cast<std::uint32_t>(used_));
    store_le(out_.data() + 4, std::uint32_t{count_});  // count, and flags 0 above it
    return Bytes(out_.first(used_));
  }

 private:
  void append(const std::byte* begin, const std::byte* end) noexcept {
    const auto bytes = static_cast<std::size_t>(end - begin);
    if (bytes > out_.size() - used_) {
      full_ = true;
      return;
    }
    copy_short(out_.data() + used_, begin, bytes);
    used_ += bytes;
    CTI_CHECK(used_ <= out_.size());
  }

  MutableBytes out_;
  std::size_t used_ = 8;
  std::uint32_t entries_ = 0;
  std::uint16_t count_ = 0;
  bool full_ = false;
};

/// Whether an entry can take the place of the one that has its key, byte for byte.
bool fits_over(const Arg& old, const Arg& fresh) noexcept {
  if (clears_variable(fresh)) return false;
  const Bytes was = old.bytes(), is = fresh.bytes();
  if (was.size() != is.size()) return false;
  // The name of an object does not change in passing.
  if (fresh.keyword() == Keyword::UniqueObjectID) return std::ranges::equal(was, is);
  return entries_in(fresh) == entries_in(old);
}

/// The same for what nearly all entries are: a number that was a number of this type before.
inline bool same_number(const Arg& old, const Arg& fresh) noexcept {
  constexpr std::uint64_t kKeyAndType = 0xFFFFFFFF;
  return ((old.head() ^ fresh.head()) & kKeyAndType) == 0 && fresh.is_integer();
}

/// Entries that stand together in a change and in the block that it changes.
struct Run {
  std::byte* to;
  const std::byte* from;
  std::size_t bytes;
};

}  // namespace

Result<Bytes, SessionError> fold_arguments(const ArgumentsView& base, const ArgumentsView& change,
                                           MutableBytes out) noexcept {
  if (out.size() < 8) return Err{SessionError{SessionFault::kBufferFull, 0, 8}};
  Appender appender(out);
  Cursor old(base);
  for (Cursor fresh(change); fresh.left != 0; fresh.next()) {
    const Arg arg = fresh.arg();
    appender.put_below(old, &arg);
    appender.put_change(arg);
    if (old.left != 0 && compare(old.arg(), arg) == 0) old.next();
  }
  appender.put_below(old, nullptr);
  return appender.finish();
}

bool overwrite_arguments(MutableBytes block, const ArgumentsView& change) noexcept {
  constexpr std::size_t kRunsMax = 32;
  Run runs[kRunsMax];
  std::size_t count = 0;
  Cursor old(ArgumentsView::trusted(block));
  for (Cursor fresh(change); fresh.left != 0;) {
    while (old.left != 0 && compare(old.arg(), fresh.arg()) < 0) old.next();
    if (old.left == 0 || compare(old.arg(), fresh.arg()) != 0 || count == kRunsMax) return false;
    Run& run = runs[count++];
    run = {block.data() + (old.at - block.data()), fresh.at, 0};
    do {
      if (!same_number(old.arg(), fresh.arg()) && !fits_over(old.arg(), fresh.arg())) return false;
      fresh.next();
      old.next();
    } while (fresh.left != 0 && old.left != 0 && old.arg().keyword() == fresh.arg().keyword() &&
             fresh.arg().keyword() != Keyword::kOwnKey);
    run.bytes = static_cast<std::size_t>(fresh.at - run.from);
  }
  for (std::size_t i = 0; i < count; ++i) copy_short(runs[i].to, runs[i].from, runs[i].bytes);
  return true;
}

bool is_volatile(Keyword keyword) noexcept {
  switch (keyword) {
    case Keyword::EventTime:
    case Keyword::StateDuration:
    case Keyword::InvokeID:
    case Keyword::MonitorID:
    case Keyword::MessageID:
    case Keyword::CILConnectionID:
    case Keyword::ClientAgentTemporaryID:
      return true;
    default:
      return false;
  }
}

Bytes without_volatile(const ArgumentsView& view, MutableBytes out) noexcept {
  Appender appender(out);
  for (const Arg arg : view) {
    if (!is_volatile(arg.keyword())) appender.put(arg);
  }
  return *appender.finish();  // not longer than the block it came from
}

}  // namespace cti::wire
