// arguments_fold.hpp - the change of an object's properties by an event, in one pass over both.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "wire/arguments.hpp"

namespace cti::wire {

/// Writes `base` with the entries of `change` put in their places to `out` (64 KiB are always enough room):
/// - an entry of the change replaces the one of the same key whole, nested arrays included: what the CTI Server says of
///   ECC is the complete array;
/// - CallVariable1..10 holding a single blank becomes the empty string (that is how a client clears one);
/// - OldUniqueObjectID is about the event, not about the object: it is left out.
/// kBlockTooLong or kTooManyEntries when the result would pass the limits of a block.
Result<Bytes, SessionError> fold_arguments(const ArgumentsView& base, const ArgumentsView& change,
                                           MutableBytes out) noexcept;

/// The same done in the block itself, when that moves nothing: every entry of the change is there already, with as many
/// bytes, and the UniqueObjectID is the same. False: it is not so, nothing was changed, fold_arguments() is needed. What
/// an object is told again and again (states, masks, times) goes this way and costs half.
bool overwrite_arguments(MutableBytes block, const ArgumentsView& change) noexcept;

/// Keywords that say when or to whom something was told, not what an object is: they differ between two sides that
/// know the same, so digests leave them out.
bool is_volatile(Keyword keyword) noexcept;

/// The block without its volatile entries, written to `out` (as long as the block).
Bytes without_volatile(const ArgumentsView& view, MutableBytes out) noexcept;

}  // namespace cti::wire
