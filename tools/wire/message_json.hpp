// message_json.hpp - one message as one line of JSON, and back.
//
// Shape    {"message": NAME, "number": N, "version": V, "fixed": {FIELD: VALUE, ...},
//           "floating": [{"name": FIELD, "tag": T, "value": VALUE}, ...], "leftover": HEX}, and where there is reason to:
//           "error": bytes are left over, or --strict refuses; "warnings": read whole, but not as it should be; both
//           with "code", "offset", "text" and, as far as they apply, "field", "tag", "status";
//           "incomplete": true, the message ends inside its fixed part;
//           "fixed_bytes": N, its fixed part is not one of this version, and its field names do not tell.
// Values   numbers; strings for text; hex for raw bytes and unknown tags ("tag_NNN"); [name, value] and
//          [index, name, value] for named data; a list of numbers where one field holds several. Where the value alone
//          would be written differently, "raw" has the field's bytes in hex, and encode writes these.
// Exact    what decode prints, encode turns back into the same bytes, whatever they were, unless the frame's own header
//          was wrong.
#pragma once

#include "core/base/result.hpp"
#include "wire/ged188_table.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

std::string to_json(const wire::ged188::DecodedMessage& message);

/// Also takes enumerators and mask bits by name ("AGENT_STATE_LOGIN", "PGS_OPC_DOWN|PGS_CC_DOWN"), messages by name or
/// number, floating fields by name or tag. `version` stands in when the JSON has none. The error is one sentence.
Result<wire::ged188::DecodedMessage, std::string> from_json(
    std::string_view line, std::optional<wire::ged188::Version> version);

}  // namespace cti::tools
