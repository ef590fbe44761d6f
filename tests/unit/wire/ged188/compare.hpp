// compare.hpp - one body, read by a view and by the tables: what must hold, whatever the bytes are.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/ged188_limits.hpp"

#include <string>

namespace cti::wire::ged188 {

/// Empty: all holds. Else one sentence about what does not. `frame` has its header.
///  - view and tables both accept or both refuse, with the same code and offset;
///  - an accepted message says the same through both;
///  - the tables write every whole message back byte for byte.
std::string disagreement(Bytes frame, Version version, Strictness strictness);

}  // namespace cti::wire::ged188
