// tolerance.hpp - what a lenient server lets a client get away with, beyond what the views let through anyway.
//
// Why      clients in the field count their own header into MessageLength, or pad a message with zeros: behind the last field
//          comes something that is no field. A strict server answers status 2 or 26; a lenient one leaves it out.
// Shape    pure: bytes in, the sound front part of the same bytes out.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/ged188_limits.hpp"

#include <cstdint>

namespace cti::simulator {

/// `body` up to the last whole floating field; messages without a floating part up to the end of their fixed part.
/// The same bytes when nothing is to be left out, or when the message is not known.
Bytes without_tail(std::uint32_t message_type, Bytes body, wire::ged188::Version version);

}  // namespace cti::simulator
