// arg_type.cpp - names of the value types.
#include "wire/arg_type.hpp"

namespace cti::wire {

std::string_view name_of(ArgType type) noexcept {
  switch (type) {
    case ArgType::kInt:
      return "INT";
    case ArgType::kUInt:
      return "UINT";
    case ArgType::kShort:
      return "SHORT";
    case ArgType::kUShort:
      return "USHORT";
    case ArgType::kBool:
      return "BOOL";
    case ArgType::kString:
      return "STRING";
    case ArgType::kArguments:
      return "ARGUMENTS";
  }
  return "?";
}

}  // namespace cti::wire
