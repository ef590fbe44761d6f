// decode_error.hpp - what was wrong with received bytes, where, and which limit they broke.
//
// Why      every decoder of this folder (GED-188 and the session protocol) reports in the same shape, so that one log
//          line and one counter serve both.
// Shape    a plain value without allocation; text() makes the sentence for people and is called off the hot path.
// Blame    always the sender. framing_lost() tells whether the stream can go on after this frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cti::wire {

/// Each value is produced by at least one test.
enum class DecodeErrorCode : std::uint8_t {
  kFrameTooLong,      ///< MessageLength above the limit. The stream cannot be followed any further.
  kFrameTruncated,    ///< Fewer bytes than the header promises, where a whole frame was handed in.
  kUnknownMessage,    ///< The message type is not in the schema, or has no published layout.
  kFixedTooShort,     ///< The frame ends inside its fixed part.
  kFixedTooLong,      ///< Bytes are left over in a message that has no floating part.
  kFieldPastFrame,    ///< A floating field claims more bytes than the frame has.
  kStrayBytes,        ///< One to three bytes at the end that cannot be a floating field.
  kFieldTwice,        ///< A field that may stand once came again.
  kFieldLength,       ///< The field's length is not one that its type can have.
  kCountMismatch,     ///< A list has more or fewer entries than its count says.
  kCountTooLarge,     ///< A count above the documented maximum.
  kRequiredMissing,   ///< Strict: a required field is absent.
  kUnknownTag,        ///< Strict: the tag is not in the protocol.
  kTagNotForMessage,  ///< Strict: the tag does not belong to this message.
  kTagNotForVersion,  ///< Strict: the tag came with a later version, or went with an earlier one.
  kMessageNotForVersion,  ///< Strict: the message type came with a later version.
  kTextNotTerminated,     ///< Strict: a string without its one NUL at the end.
  kBadCharacter,  ///< Strict: control or non-ASCII bytes in a string, or a digit field with other characters.
  kReservedNotZero,   ///< Strict: a reserved word is not zero.
  kUnusedMaskBits,    ///< Strict: bits that nobody has defined.
  kValueOutOfRange,   ///< Strict: a number outside its enumeration or below its minimum.
  kTooMuchNamedData,  ///< Strict: named variables and arrays together above their limit.
  kValueTooLong,      ///< Strict: name or value of a named variable above its limit.
  kUnknownKey,        ///< Session protocol: a key that the schema does not have.
  kWrongType,         ///< Session protocol: the value has another type than the key's.
  kTooDeep,           ///< Session protocol: nested deeper than the limit.
  kTooManyItems,      ///< Session protocol: more items than the limit.
  kBadVersion,        ///< Session protocol: a version or magic that is not spoken here.
};

/// "field past frame" for kFieldPastFrame: the name in logs and counters. Never empty.
std::string_view name_of(DecodeErrorCode code) noexcept;

/// `field` and `message` point to static storage (schema names) or are empty: the error outlives the frame.
struct DecodeError {
  DecodeErrorCode code = DecodeErrorCode::kFrameTooLong;
  std::uint16_t tag = 0;     ///< GED-188 floating tag; 0: not about a floating field.
  std::uint32_t offset = 0;  ///< Bytes after the message header where the fault begins.
  std::uint32_t strict_status =
      0;  ///< GED-188 StatusCode that a strict server answers; 0: none applies.
  std::uint32_t message_type = 0;  ///< Message number, 0 when not known yet.
  std::uint64_t actual = 0;        ///< What was found: a length, count or value.
  std::uint64_t limit = 0;         ///< What is allowed or was expected.
  std::string_view message = {};   ///< Schema name, "AGENT_STATE_EVENT".
  std::string_view field = {};     ///< Schema name, "AgentID".

  /// True: the sender and we no longer agree where frames begin; close the connection.
  bool framing_lost() const noexcept { return code == DecodeErrorCode::kFrameTooLong; }

  /// One line for a log: what, in which message and field, at which offset, found and allowed.
  std::string text() const;
};

}  // namespace cti::wire
