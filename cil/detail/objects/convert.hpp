// convert.hpp - between the program's Arguments and the bytes that travel (wire/arguments.hpp).
#pragma once

#include "cil/arguments.hpp"
#include "wire/arguments.hpp"

namespace cti::cil::detail {

/// Adds every item. Errors stick in the writer: too deep, too many, too long.
void write(const Arguments& from, wire::ArgumentsWriter& to);
/// Adds every entry of checked bytes.
void read(const wire::ArgumentsView& from, Arguments* to);
void read(const wire::Arg& from, Arg* to);

}  // namespace cti::cil::detail
