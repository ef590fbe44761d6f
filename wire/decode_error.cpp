// decode_error.cpp - the words for decode errors.
#include "wire/decode_error.hpp"

namespace cti::wire {

std::string_view name_of(DecodeErrorCode code) noexcept {
  switch (code) {
    case DecodeErrorCode::kFrameTooLong:
      return "frame too long";
    case DecodeErrorCode::kFrameTruncated:
      return "frame truncated";
    case DecodeErrorCode::kUnknownMessage:
      return "unknown message";
    case DecodeErrorCode::kFixedTooShort:
      return "fixed part too short";
    case DecodeErrorCode::kFixedTooLong:
      return "fixed part too long";
    case DecodeErrorCode::kFieldPastFrame:
      return "field past frame";
    case DecodeErrorCode::kStrayBytes:
      return "stray bytes at the end";
    case DecodeErrorCode::kFieldTwice:
      return "field twice";
    case DecodeErrorCode::kFieldLength:
      return "field length";
    case DecodeErrorCode::kCountMismatch:
      return "count mismatch";
    case DecodeErrorCode::kCountTooLarge:
      return "count too large";
    case DecodeErrorCode::kRequiredMissing:
      return "required field missing";
    case DecodeErrorCode::kUnknownTag:
      return "unknown tag";
    case DecodeErrorCode::kTagNotForMessage:
      return "tag not for this message";
    case DecodeErrorCode::kTagNotForVersion:
      return "tag not for this version";
    case DecodeErrorCode::kMessageNotForVersion:
      return "message not for this version";
    case DecodeErrorCode::kTextNotTerminated:
      return "text not terminated";
    case DecodeErrorCode::kBadCharacter:
      return "bad character";
    case DecodeErrorCode::kReservedNotZero:
      return "reserved field not zero";
    case DecodeErrorCode::kUnusedMaskBits:
      return "unused mask bits";
    case DecodeErrorCode::kValueOutOfRange:
      return "value out of range";
    case DecodeErrorCode::kTooMuchNamedData:
      return "too much named data";
    case DecodeErrorCode::kValueTooLong:
      return "value too long";
    case DecodeErrorCode::kUnknownKey:
      return "unknown key";
    case DecodeErrorCode::kWrongType:
      return "wrong type";
    case DecodeErrorCode::kTooDeep:
      return "nested too deep";
    case DecodeErrorCode::kTooManyItems:
      return "too many items";
    case DecodeErrorCode::kBadVersion:
      return "bad version";
  }
  return "unknown error";
}

std::string DecodeError::text() const {
  std::string line(name_of(code));
  if (!message.empty()) {
    line.append(" in ").append(message);
  } else if (message_type != 0) {
    line.append(" in message type ").append(std::to_string(message_type));
  }
  if (!field.empty()) line.append(", field ").append(field);
  if (tag != 0) line.append(", tag ").append(std::to_string(tag));
  line.append(", at offset ").append(std::to_string(offset));
  if (actual != 0 || limit != 0) {
    line.append(": found ").append(std::to_string(actual));
    line.append(", limit ").append(std::to_string(limit));
  }
  if (strict_status != 0)
    line.append(" (status ").append(std::to_string(strict_status)).append(")");
  return line;
}

}  // namespace cti::wire
