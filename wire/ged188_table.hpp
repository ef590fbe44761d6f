// ged188_table.hpp - decoding and encoding by the schema tables: every field by name, as a tree.
//
// Why      tools show messages, tests compare the views with a second reading, foreign clients are checked with it. The
//          views share no code with it but the schema.
// Shape    DecodedMessage owns all it holds. A message that is refused still shows what could be read: the fields up to
//          the fault, the rest as `leftover`, and the error with its offset.
// Lenient  reads what the views refuse, too, as long as every byte belongs to some field: counts that lie, single fields
//          that come twice, numbers of an odd width, fixed parts of older versions and of known odd drivers. All of it
//          is shown and marked as a warning. Who acts on messages uses the views; who looks at them, or judges what a
//          foreign library wrote, uses this.
// Exact    encode_table(decode_table(x)) = x for every x that has a whole header, also for forms that we never write
//          ourselves: a field whose value would be written differently keeps its raw bytes.
// Cost     allocates per field; microseconds per message. Off the hot path.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_rules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cti::wire::ged188 {

/// A value by its type: numbers in `number` (sign-extended for signed types); text, raw bytes and the value of named
/// data in `text`; several elements in one field in `numbers`.
struct DecodedValue {
  std::int64_t number = 0;
  std::string text;
  std::string name;        ///< named data: the variable's name
  std::uint8_t index = 0;  ///< named arrays: the element's index
  std::vector<std::int64_t> numbers;
  friend bool operator==(const DecodedValue&, const DecodedValue&) = default;
};

struct DecodedField {
  std::string name;  ///< the guide's name; "tag_NNN" when the message has no such field
  FieldType type = FieldType::kUnspec;
  std::uint16_t tag = 0;     ///< 0: a fixed field
  std::uint32_t offset = 0;  ///< from the start of the body
  DecodedValue value;
  std::optional<std::string>
      raw;  ///< the field's bytes, when `value` alone would be written differently
  const EnumRule* enumeration = nullptr;
};

struct DecodedMessage {
  std::uint32_t number = 0;
  std::string name;                   ///< "type_NNN" when the number is not known
  const MessageRule* rule = nullptr;  ///< null: not known
  Version version = 0;
  std::vector<DecodedField> fixed;
  std::vector<DecodedField> floating;  ///< in the order of the wire
  std::string leftover;                ///< bytes that belong to no field, to the end of the message
  std::uint32_t leftover_offset = 0;
  bool fixed_incomplete =
      false;  ///< the message ends inside its fixed part: what came of it is in `fixed` and `leftover`
  /// Bytes of the fixed part when it is one that `version` does not have and the names alone do not tell; else 0.
  std::uint16_t fixed_bytes = 0;
  std::optional<DecodeError>
      error;  ///< bytes are left that belong to no field, or strict: the first fault
  std::vector<DecodeError> warnings;  ///< lenient: faults of a message that could be read whole
  std::optional<DecodeError>
      refusal;  ///< what the views refuse it with: `error`, or what led to warnings; none when they read it too
};

/// Reads one frame, header included. Never fails: what is wrong is in `error`. A message that is known by number and
/// name only has its body in `leftover` and no error.
DecodedMessage decode_table(Bytes frame, Version version,
                            Strictness strictness = Strictness::kLenient);

/// Writes the frame. Fixed fields may stand in any order, missing ones are zero; the printed form is the first one that
/// has them all. Fails, in words, on a name or value that the schema has no room for, or on too many bytes.
Result<std::vector<std::byte>, std::string> encode_table(const DecodedMessage& message);

}  // namespace cti::wire::ged188
