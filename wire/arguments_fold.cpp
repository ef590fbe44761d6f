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

bool clears_variable(const Arg& arg) noexcept {
  switch (arg.keyword()) {
    case Keyword::CallVariable1:
    case Keyword::CallVariable2:
    case Keyword::CallVariable3:
    case Keyword::CallVariable4:
    case Keyword::CallVariable5:
    case Keyword::CallVariable6:
    case Keyword::CallVariable7:
    case Keyword::CallVariable8:
    case Keyword::CallVariable9:
    case Keyword::CallVariable10:
      return arg.is_string() && arg.string() == " ";
    default:
      return false;
  }
}

/// Appends entries to a block and keeps its limits.
class Appender {
 public:
  explicit Appender(MutableBytes out) noexcept
      : out_(out.first(std::min(out.size(), limits::kArgumentsBytesMax))) {}

  void put(Bytes bytes, std::uint32_t entries_with_nested) noexcept {
    entries_ += entries_with_nested;
    if (bytes.size() > out_.size() - used_) {
      full_ = true;
      return;
    }
    std::memcpy(out_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    ++count_;
  }

  void put_change(const Arg& arg) noexcept {
    if (arg.keyword() == Keyword::OldUniqueObjectID) return;
    if (!clears_variable(arg)) return put(arg.bytes(), entries_in(arg));
    std::byte cleared[8]{};
    std::memcpy(cleared, arg.bytes().data(), 4);
    put(cleared, 1);
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
  MutableBytes out_;
  std::size_t used_ = 8;
  std::uint32_t entries_ = 0;
  std::uint16_t count_ = 0;
  bool full_ = false;
};

}  // namespace

Result<Bytes, SessionError> fold_arguments(const ArgumentsView& base, const ArgumentsView& change,
                                           MutableBytes out) noexcept {
  if (out.size() < 8) return Err{SessionError{SessionFault::kBufferFull, 0, 8}};
  Appender appender(out);
  auto old = base.begin();
  auto fresh = change.begin();
  while (old != base.end() && fresh != change.end()) {
    const int order = (*old).compare(*fresh);
    if (order < 0) {
      appender.put((*old).bytes(), entries_in(*old));
      ++old;
    } else {
      appender.put_change(*fresh);
      ++fresh;
      if (order == 0) ++old;
    }
  }
  for (; old != base.end(); ++old) appender.put((*old).bytes(), entries_in(*old));
  for (; fresh != change.end(); ++fresh) appender.put_change(*fresh);
  return appender.finish();
}

bool overwrite_arguments(MutableBytes block, const ArgumentsView& change) noexcept {
  constexpr std::uint32_t kEntriesMax = 64;  // of the change; events have some thirty
  std::uint32_t places[kEntriesMax];
  if (change.size() > kEntriesMax) return false;
  const ArgumentsView base = ArgumentsView::trusted(block);
  auto old = base.begin();
  std::uint32_t count = 0;
  for (const Arg fresh : change) {
    while (old != base.end() && (*old).compare(fresh) < 0) ++old;
    if (old == base.end() || (*old).compare(fresh) != 0) return false;
    const Bytes bytes = (*old).bytes();
    if (bytes.size() != fresh.bytes().size()) return false;
    if (clears_variable(fresh) || entries_in(fresh) != entries_in(*old)) return false;
    places[count++] = static_cast<std::uint32_t>(bytes.data() - block.data());
  }
  count = 0;
  for (const Arg fresh : change) {
    const Bytes bytes = fresh.bytes();
    std::memcpy(block.data() + places[count++], bytes.data(), bytes.size());
  }
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
    if (!is_volatile(arg.keyword())) appender.put(arg.bytes(), entries_in(arg));
  }
  return *appender.finish();  // not longer than the block it came from
}

}  // namespace cti::wire
