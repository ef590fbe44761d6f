// secrets.hpp - passwords are not for whoever reads a decoded capture: they are shown as asterisks unless asked for.
#pragma once

#include "wire/ged188_table.hpp"

namespace cti::tools {

/// Each password becomes eight asterisks, and so does what belongs to no field of a message that may carry one.
void mask_passwords(wire::ged188::DecodedMessage& message);

}  // namespace cti::tools
