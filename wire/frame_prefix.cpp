// frame_prefix.cpp - checking and finishing of session frames.
#include "wire/frame_prefix.hpp"

#include "core/base/check.hpp"

#include <cstring>

namespace cti::wire {
namespace {

Err<SessionError> bad(SessionFault fault, std::size_t offset, std::size_t limit = 0) noexcept {
  return Err{
      SessionError{fault, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(limit)}};
}

/// Where the Arguments may be written: up to the last multiple of 8, so that the padding fits too. A frame without
/// Arguments hands over its fixed part, which is never written through, so that ok() says whether that fits.
MutableBytes room(MutableBytes buffer, std::size_t head, bool head_fits,
                  bool has_arguments) noexcept {
  if (!head_fits) return {};
  if (!has_arguments) return buffer.first(head);
  const std::size_t usable = buffer.size() & ~std::size_t{7};
  return usable > head ? buffer.subspan(head, usable - head) : MutableBytes{};
}

}  // namespace

Position load_position(const std::byte* at) noexcept {
  return {load_le<std::uint64_t>(at), load_le<std::uint32_t>(at + 8),
          load_le<std::uint32_t>(at + 12), load_le<std::uint64_t>(at + 16)};
}

void store_position(std::byte* at, const Position& position) noexcept {
  store_le(at, position.lineage);
  store_le(at + 8, position.epoch);
  store_le(at + 12, position.peripheral_id);
  store_le(at + 16, position.sequence);
}

std::uint32_t arguments_offset(const std::byte* frame, const FrameShape& shape) noexcept {
  if (shape.count_at == 0) return shape.fixed;
  const std::uint32_t count = load_le<std::uint16_t>(frame + shape.count_at);
  return shape.fixed + count * static_cast<std::uint32_t>(kPositionBytes);
}

Result<std::uint32_t, SessionError> check_frame(Bytes frame, const FrameShape& shape) noexcept {
  if (frame.size() < kPrefixBytes) return bad(SessionFault::kFrameTruncated, 0);
  if (frame.size() > limits::kFrameBytesMax) {
    return bad(SessionFault::kFrameTooLong, 0, limits::kFrameBytesMax);
  }
  if (frame_length(frame.data()) != frame.size() || frame.size() % 8 != 0) {
    return bad(SessionFault::kFrameLengthWrong, 0);
  }
  const std::uint16_t type = frame_type(frame.data());
  if (type != shape.type && (type != shape.also || shape.also == 0)) {
    return bad(SessionFault::kFrameTypeUnexpected, 4);
  }
  if (frame.size() < shape.fixed) return bad(SessionFault::kFrameTruncated, frame.size());
  if (shape.count_at != 0 &&
      load_le<std::uint16_t>(&frame[shape.count_at]) > limits::kPositionsMax) {
    return bad(SessionFault::kListTooLong, shape.count_at, limits::kPositionsMax);
  }
  const std::uint32_t begin = arguments_offset(frame.data(), shape);
  if (begin > frame.size()) return bad(SessionFault::kFrameTruncated, frame.size());
  std::size_t end = begin;
  if (shape.has_arguments) {
    if (frame.size() - begin < 8) return bad(SessionFault::kBlockTruncated, begin);
    const std::uint32_t bytes = load_le<std::uint32_t>(&frame[begin]);
    if (bytes > frame.size() - begin) return bad(SessionFault::kBlockLengthWrong, begin);
    const auto checked = ArgumentsView::check(frame.subspan(begin, bytes));
    if (!checked) {
      const SessionError& inner = checked.error();
      return bad(inner.fault, begin + inner.offset, inner.limit);
    }
    end = begin + bytes;
  }
  if (frame.size() - end >= 8) return bad(SessionFault::kFrameTail, end);
  for (; end < frame.size(); ++end) {
    if (frame[end] != std::byte{0}) return bad(SessionFault::kFrameTail, end);
  }
  return begin;
}

FrameWriter::FrameWriter(MutableBytes buffer, const FrameShape& shape,
                         std::uint32_t list_bytes) noexcept
    : start_(buffer.size() >= std::size_t{shape.fixed} + list_bytes ? buffer.data() : nullptr),
      head_(shape.fixed + list_bytes),
      has_arguments_(shape.has_arguments),
      arguments_(room(buffer, head_, start_ != nullptr, shape.has_arguments)) {
  if (!start_) return;
  // A few words: a call of memset costs more than it does.
  std::size_t at = 0;
  for (; at + 8 <= head_; at += 8) store_le(start_ + at, std::uint64_t{0});
  CTI_CHECK(head_ >= kPrefixBytes);
  std::memset(start_ + at, 0, head_ - at);
  store_le(start_ + 4, shape.type);
}

Bytes FrameWriter::finish_frame() noexcept {
  if (!ok()) return {};
  std::size_t bytes = head_;
  if (has_arguments_) bytes += arguments_.finish().size();
  const std::size_t whole =
      (bytes + 7) & ~std::size_t{7};  // the writer's room was cut to a multiple of 8
  CTI_CHECK(whole >= kPrefixBytes);
  CTI_CHECK(whole <= limits::kFrameBytesMax);
  if (whole != bytes) std::memset(start_ + bytes, 0, whole - bytes);
  store_le(start_, static_cast<std::uint32_t>(whole));
  return {start_, whole};
}

}  // namespace cti::wire
