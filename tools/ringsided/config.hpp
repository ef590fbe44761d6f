// config.hpp - ServerConfig from a TOML file and back.
//
// Shape    the file speaks in seconds and "host:port"; FileSettings holds what it says, ServerConfig what that means.
// Errors   all mistakes at once, each with file, line, column, key and what is allowed.
#pragma once

#include "broker/server_config.hpp"
#include "core/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

/// "127.0.0.1:42028", "[::1]:42028", "42028", ":42028"; the host defaults to `host`. Nothing: it is none of these.
std::optional<core::Endpoint> parse_endpoint(std::string_view text, std::string_view host);

/// The defaults with what the file says over them; else the list of mistakes, one line each.
Result<broker::ServerConfig, std::string> load_config(const std::string& file);

/// The whole configuration, defaults or file, as a TOML file that load_config would read back the same. Passwords are
/// left out. `file` may be empty.
Result<std::string, std::string> print_config(const std::string& file);
/// The same of a text; `name` stands for the file in the mistakes.
Result<std::string, std::string> print_config_text(std::string_view text, const std::string& name);

}  // namespace cti::tools
