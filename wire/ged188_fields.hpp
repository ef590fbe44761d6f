// ged188_fields.hpp - the slow, obvious reading of a message body: a list of fields, each with its rule.
//
// Why      strict checking, the tools and the tests want every field by itself; and a second reading that shares no
//          code with the views shows whether the views are right.
// Shape    vectors and tables; allocates. Off the hot path.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_rules.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cti::wire::ged188 {

/// A floating field as it stands in the body. `rule` is null when the message has no such tag.
struct RawField {
  std::uint16_t tag = 0;
  std::uint32_t offset = 0;  ///< of its header, from the start of the body
  Bytes bytes;
  const FloatRule* rule = nullptr;
};

/// The floating part taken apart. `error` says why the rest from `stopped_at` on is no field.
struct RawFields {
  std::vector<RawField> fields;
  std::uint32_t stopped_at = 0;
  std::optional<DecodeError> error;
};

/// An error that names the message.
DecodeError fault(const MessageRule& message, DecodeErrorCode code, std::size_t offset);

/// Bytes of the fixed part in its believed form: the sum of the fields that `version` has.
std::uint16_t fixed_size_at(const MessageRule& message, Version version) noexcept;

/// Takes body[from..] apart. Bounds are all that is checked here.
RawFields split_fields(const MessageRule& message, Bytes body, std::size_t from, Version version,
                       bool lenient);

/// Every single field that came twice, and every number of a width that it cannot have, in the order of the wire.
std::vector<DecodeError> check_fields(const MessageRule& message,
                                      const std::vector<RawField>& fields);

/// The entries of one list: a field that the entry has already begins the next one. Fields of lists inside an entry go
/// with it and never begin one.
std::vector<std::vector<RawField>> split_entries(const MessageRule& message, std::uint8_t group,
                                                 const std::vector<RawField>& fields);

/// Every list whose count is not right, in the order of the schema. `fixed_bytes` of the body are the fixed part.
/// `too_high` becomes false when one of them is wrong otherwise than by being above what came.
std::vector<DecodeError> check_lists(const MessageRule& message, Bytes body,
                                     std::size_t fixed_bytes, const std::vector<RawField>& fields,
                                     bool* too_high = nullptr);

}  // namespace cti::wire::ged188
