// arg_type.hpp - the types that a value in an Arguments array can have.
//
// Source  CTI OS developer guide, ArgDataType: the names are printed there, the numbers are ours and fixed, because
//         they stand in every log record and session frame (wire/SESSION_PROTOCOL.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::wire {

enum class ArgType : std::uint8_t {
  kInt = 1,        ///< 32 bits, signed
  kUInt = 2,       ///< 32 bits, unsigned
  kShort = 3,      ///< 16 bits, signed
  kUShort = 4,     ///< 16 bits, unsigned
  kBool = 5,       ///< 0 or 1
  kString = 6,     ///< bytes with a length, no terminator; Latin-1 or UTF-8 as the source sent them
  kArguments = 7,  ///< a nested Arguments array
};

/// One bit per ArgType; 0 means that no source states a type for the keyword.
using ArgTypeMask = std::uint8_t;
constexpr ArgTypeMask mask_of(ArgType type) noexcept {
  return static_cast<ArgTypeMask>(1U << static_cast<unsigned>(type));
}

static_assert(mask_of(ArgType::kArguments) != 0, "every type has a bit of the mask");

/// "INT", "STRING", ... as the CTI OS documents write them; "?" for a number that is none of them.
std::string_view name_of(ArgType type) noexcept;

}  // namespace cti::wire
