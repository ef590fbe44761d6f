// ged188_strict.hpp - what a strict CTI Server would refuse, and with which status code.
//
// Why      servers own the strictness: a client skips what it does not know, a server answers FAILURE_CONF.
// Shape    table-driven and slow (microseconds); off the hot path. The first fault in the order of the bytes wins.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_rules.hpp"

#include <optional>

namespace cti::wire::ged188 {

/// Checks a whole message body at `version`. Nothing: a strict server accepts it. `body` may be any bytes.
std::optional<DecodeError> check_strict(const MessageRule& message, Bytes body, Version version);

/// The GED-188 StatusCode that fits a fault of framing or format: 2, 23 or 25.
std::uint32_t status_of(DecodeErrorCode code) noexcept;

}  // namespace cti::wire::ged188
