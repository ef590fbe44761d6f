// ged188_view.cpp - checking a received message once. See ged188_view.hpp for what is refused.
//
// Shape    walk_fast accepts what is plainly in order and says "not sure" to all else; walk_carefully looks at each
//          field's rule and is the only one that refuses. So the common path has no tables and hardly a branch.
#include "wire/ged188_view.hpp"

#include "core/base/check.hpp"
#include "wire/ged188/tag.hpp"
#include "wire/ged188_oddities.hpp"
#include "wire/ged188_rules.hpp"
#include "wire/ged188_strict.hpp"

#include <algorithm>
#include <utility>

namespace cti::wire::ged188 {
namespace {

struct NoSink {
  void begin() noexcept {}
  void field(std::uint16_t, Bytes) noexcept {}
};

/// Fills the error, when somebody wants to know, and says no.
bool refuse(DecodeError* error, DecodeErrorCode code, std::size_t offset, std::uint64_t actual,
            std::uint64_t limit, std::uint16_t tag = 0, std::string_view field = {}) noexcept {
  if (error == nullptr) return false;
  error->code = code;
  error->offset = static_cast<std::uint32_t>(offset);
  error->actual = actual;
  error->limit = limit;
  error->tag = tag;
  error->field = field;
  error->strict_status = status_of(code);
  return false;
}

bool width_is_fine(const FloatRule& rule, std::size_t length) noexcept {
  const unsigned width = width_of(rule.type);
  if (width == 0 || length == width) return true;
  if (rule.any_width) return length == 1 || length == 2 || length == 4;
  return rule.split && length != 0 && length % width == 0;
}

std::string_view name_of_count(const Layout& layout, const CountedGroup& group) noexcept {
  const MessageRule* message = find_message(layout.message);
  const auto index = static_cast<std::size_t>(&group - layout.groups.data());
  return message != nullptr && index < message->groups.size() ? message->groups[index].count
                                                              : std::string_view{};
}

}  // namespace

bool MessageView::walk_carefully(const Layout& layout, DecodeError* error) const noexcept {
  const MessageRule* message = find_message(layout.message);
  if (message == nullptr) return refuse(error, DecodeErrorCode::kUnknownMessage, 0, 0, 0);
  const unsigned header = header_width_;
  CTI_CHECK(header == 2 || header == 4);
  CTI_CHECK(fixed_bytes_ <= size_);  // whoever calls has looked
  std::uint64_t seen =
      0;  // by position in message->floating: at most 64 fields, the generator checks
  std::size_t at = fixed_bytes_;
  while (size_ - at >= header) {
    const std::uint16_t tag = header == 2 ? std::uint16_t{load_be<std::uint8_t>(body_ + at)}
                                          : load_be<std::uint16_t>(body_ + at);
    const std::size_t length = header == 2 ? load_be<std::uint8_t>(body_ + at + 1)
                                           : load_be<std::uint16_t>(body_ + at + 2);
    const FloatRule* rule = find_field(*message, tag, true);
    const std::string_view name = rule != nullptr ? rule->name : std::string_view{};
    if (tag == 0) return refuse(error, DecodeErrorCode::kStrayBytes, at, size_ - at, 0);
    if (length > size_ - at - header) {
      return refuse(error, DecodeErrorCode::kFieldPastFrame, at, length, size_ - at - header, tag,
                    name);
    }
    if (rule != nullptr) {
      const auto index = static_cast<std::size_t>(rule - message->floating.data());
      CTI_CHECK(index < 64);
      const auto bit = std::uint64_t{1} << index;
      if (rule->group == kNoGroup && (seen & bit) != 0) {
        return refuse(error, DecodeErrorCode::kFieldTwice, at, 2, 1, tag, name);
      }
      seen |= bit;
      if (!width_is_fine(*rule, length)) {
        return refuse(error, DecodeErrorCode::kFieldLength, at, length, width_of(rule->type), tag,
                      name);
      }
    }
    at += header + length;
  }
  if (at != size_) return refuse(error, DecodeErrorCode::kStrayBytes, at, size_ - at, 0);
  return true;
}

namespace {

thread_local Oddities oddities;
/// A count may be above what came: never in the first reading of a message.
thread_local bool counts_may_be_high = false;

}  // namespace

Oddities take_oddities() noexcept { return std::exchange(oddities, Oddities{}); }

bool MessageView::counts_hold(const Layout& layout, bool any_entry,
                              DecodeError* error) const noexcept {
  const auto compare = [&](const CountedGroup& group, const FloatingPart& part, std::uint32_t count,
                           std::size_t offset) {
    const std::uint16_t tag = group.count_is_fixed ? std::uint16_t{0} : group.count_at;
    if (counts_may_be_high) {
      const std::size_t came = GroupRange<GroupEntry>(*group.tags, part).count();
      if (count > came && (group.max == 0 || came <= group.max)) return true;
    }
    if (group.max != 0 && count > group.max) {
      return refuse(error, DecodeErrorCode::kCountTooLarge, offset, count, group.max, tag,
                    name_of_count(layout, group));
    }
    if (!any_entry && count == 0) return true;
    const std::size_t entries = GroupRange<GroupEntry>(*group.tags, part).count();
    if (entries == count) return true;
    return refuse(error, DecodeErrorCode::kCountMismatch, offset, count, entries, tag,
                  name_of_count(layout, group));
  };
  for (const CountedGroup& group : layout.groups) {
    if (group.count_is_fixed) {
      if (!reaches(group.count_at + 2U)) continue;  // this version has no such count
      if (!compare(group, floating(), fixed<std::uint16_t>(group.count_at), group.count_at))
        return false;
      continue;
    }
    const auto compare_in = [&](const FloatingPart& part) {
      const Bytes count = part.find(group.count_at);
      if (count.size() != 2) return true;  // not counted: nothing to compare with
      return compare(group, part, load_be<std::uint16_t>(count.data()),
                     static_cast<std::size_t>(count.data() - body_) - header_width_);
    };
    if (group.inside == nullptr) {
      if (!compare_in(floating())) return false;
      continue;
    }
    for (const GroupEntry& entry : GroupRange<GroupEntry>(*group.inside, floating())) {
      if (!compare_in(entry.floating())) return false;
    }
  }
  return true;
}

bool MessageView::walk_fast(const Layout& layout) noexcept {
  const std::byte* begin = body_ + fixed_bytes_;
  const std::byte* end = body_ + size_;
  NoSink sink;
  const Sight sight = header_width_ == 2 ? look<2>(begin, end, *layout.fields, layout.single, sink)
                                         : look<4>(begin, end, *layout.fields, layout.single, sink);
  if (sight.in_order) return end_fast(layout, sight);
  return walk_carefully(layout, nullptr) && counts_hold(layout, true, nullptr);
}

bool MessageView::end_fast(const Layout& layout, const Sight& sight) noexcept {
  seen_ = sight.seen;
  if ((sight.seen & layout.listed) != 0) return counts_hold(layout, true, nullptr);
  unsigned announced = 0;
  for (const CountedGroup& group : layout.groups) {
    if (group.count_is_fixed && reaches(group.count_at + 2U))
      announced |= fixed<std::uint16_t>(group.count_at);
  }
  return announced == 0 || counts_hold(layout, false, nullptr);
}

/// The other printed forms of the fixed part (doubts D01, D02, D03, D09). True: one of them fits the whole frame.
bool MessageView::choose_variant(const Layout& layout) noexcept {
  const MessageRule* message = find_message(layout.message);
  if (message == nullptr) return false;
  const std::uint16_t believed = fixed_bytes_;
  for (std::size_t i = 0; i < message->variants.size(); ++i) {
    if (!matches(message->variants[i], body_, size_, version_)) continue;
    fixed_bytes_ = message->variants[i].fixed_size;
    variant_ = static_cast<std::uint8_t>(i + 1);
    if ((layout.has_floating || size_ == fixed_bytes_) && walk_carefully(layout, nullptr) &&
        counts_hold(layout, true, nullptr)) {
      return true;
    }
  }
  fixed_bytes_ = believed;
  variant_ = 0;
  return false;
}

/// A sender of a newer version writes a longer fixed part. True: one of the later lengths makes sense of the frame.
bool MessageView::try_newer(const Layout& layout) noexcept {
  const std::uint16_t own = fixed_bytes_;
  for (const FixedStep& step : layout.fixed) {
    if (step.size <= own || step.size > size_) continue;
    fixed_bytes_ = step.size;
    seen_ = ~std::uint64_t{0};
    if ((layout.has_floating || size_ == fixed_bytes_) && walk_carefully(layout, nullptr) &&
        counts_hold(layout, true, nullptr)) {
      return true;
    }
  }
  fixed_bytes_ = own;
  return false;
}

void MessageView::set(const Layout& layout, Bytes body, Version version) noexcept {
  CTI_CHECK(body.size() <= limits::kBodyBytesMax);
  body_ = body.data();
  size_ = static_cast<std::uint16_t>(body.size());
  version_ = static_cast<std::uint16_t>(std::min<Version>(version, 0xFFFF));
  header_width_ = static_cast<std::uint8_t>(floating_header_width(version));
  fixed_bytes_ = fixed_size_of(layout.fixed, version);
  variant_ = 0;
  seen_ = ~std::uint64_t{0};
}

bool MessageView::begin_fast(const Layout& layout, Bytes body, Version version) noexcept {
  if (body.size() > limits::kBodyBytesMax || layout.has_variants || !layout.has_floating) {
    return false;
  }
  set(layout, body, version);
  return fixed_bytes_ <= size_;
}

bool MessageView::open_as(const Layout& layout, Bytes body, Version version,
                          Strictness strictness) noexcept {
  if (body.size() > limits::kBodyBytesMax) return false;
  set(layout, body, version);
  const bool lenient = strictness == Strictness::kLenient;
  if (lenient && layout.has_variants && choose_variant(layout)) {
    // The form that the version believes in is none: somebody else's, or one that is cut.
    oddities.other_layouts += fixed_size_of(layout.fixed, version) != fixed_bytes_ ? 1 : 0;
    return true;
  }
  if (fixed_bytes_ > size_) return false;
  if (layout.has_floating ? walk_fast(layout) : size_ == fixed_bytes_) return true;
  if (!lenient) return false;
  if (try_newer(layout)) {
    ++oddities.other_layouts;
    return true;
  }
  // A count above what came: the entries that are there, which end with the frame (U15), are as good as ever.
  seen_ = ~std::uint64_t{0};
  if (!layout.has_floating || !walk_carefully(layout, nullptr)) return false;
  counts_may_be_high = true;
  const bool holds = counts_hold(layout, true, nullptr);
  counts_may_be_high = false;
  oddities.counts_too_high += holds ? 1 : 0;
  return holds;
}

bool MessageView::open(const Layout& layout, Bytes body, Version version,
                       Strictness strictness) noexcept {
  if (strictness == Strictness::kStrict) {
    const MessageRule* message = find_message(layout.message);
    if (message == nullptr || check_strict(*message, body, version)) return false;
  }
  return open_as(layout, body, version, strictness);
}

DecodeError MessageView::explain(const Layout& layout, Bytes body, Version version,
                                 Strictness strictness) noexcept {
  const MessageRule* message = find_message(layout.message);
  if (message != nullptr && strictness == Strictness::kStrict) {
    if (const auto strict = check_strict(*message, body, version)) return *strict;
  }
  DecodeError error;
  error.message_type = layout.message;
  if (message != nullptr) error.message = message->name;
  MessageView view;
  if (view.open_as(layout, body, version, strictness)) return error;
  if (body.size() > limits::kBodyBytesMax) {
    refuse(&error, DecodeErrorCode::kFrameTooLong, 0, body.size(), limits::kBodyBytesMax);
  } else if (view.fixed_bytes_ > view.size_) {
    refuse(&error, DecodeErrorCode::kFixedTooShort, view.size_, view.size_, view.fixed_bytes_);
  } else if (!layout.has_floating) {
    refuse(&error, DecodeErrorCode::kFixedTooLong, view.fixed_bytes_, view.size_,
           view.fixed_bytes_);
  } else if (view.walk_carefully(layout, &error)) {
    view.counts_hold(layout, true, &error);
  }
  return error;
}

}  // namespace cti::wire::ged188
