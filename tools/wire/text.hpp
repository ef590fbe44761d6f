// text.hpp - messages and the schema in words.
#pragma once

#include "wire/ged188_table.hpp"

#include <string>
#include <string_view>

namespace cti::tools {

bool is_utf8(std::string_view text);
std::string latin1_to_utf8(std::string_view text);
/// In quotes, control and non-ASCII bytes as \xNN: safe on any terminal.
std::string quoted(std::string_view text);

/// "AGENT_STATE_NOT_READY (2)", "0x12 CTI_SERVICE_CALL_DATA_UPDATE|CTI_SERVICE_ALL_EVENTS", or the plain number.
std::string value_text(const wire::ged188::DecodedField& field);

/// A message with every field on a line of its own; leftovers and errors with their offset.
std::string message_text(const wire::ged188::DecodedMessage& message, const std::string& where);

/// One line per message of the schema.
std::string list_text();
/// All that the schema knows of one message.
std::string rule_text(const wire::ged188::MessageRule& rule);

}  // namespace cti::tools
