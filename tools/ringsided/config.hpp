// config.hpp - ServerConfig from a TOML file and back.
//
// Shape    the file speaks in seconds and "host:port"; FileSettings holds what it says, ServerConfig what that means.
// Errors   all mistakes at once, each with file, line, column, key and what is allowed.
#pragma once

#include "broker/server_config.hpp"
#include "core/base/result.hpp"
#include "core/config.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::tools {

/// "127.0.0.1:42028", "[::1]:42028", "42028", ":42028"; the host defaults to `host`. Nothing: it is none of these.
std::optional<core::Endpoint> parse_endpoint(std::string_view text, std::string_view host);

/// The same several times, with commas between: 1 .. 8. Nothing: one of them is none.
std::optional<std::vector<core::Endpoint>> parse_endpoints(std::string_view text,
                                                           std::string_view host);
/// The address of a CTI Server: the host may be a name, the port is not 0.
std::optional<core::Endpoint> parse_place(std::string_view text);

/// A configuration as what it means, as its keys, and as a file that would say it.
struct LoadedConfig {
  broker::ServerConfig server;
  std::map<std::string, core::ConfigValue> values;  ///< secrets too: to be compared, not shown
  std::string text;                                 ///< passwords are left out
};

/// What lies over the file: the flags. Says what is wrong with them.
using Overlay = std::function<Result<void, std::string>(broker::ServerConfig&)>;

/// The defaults, with what the file says over them (`file` may be empty), with what `overlay` says over that; else the list of
/// mistakes, one line each.
Result<LoadedConfig, std::string> load_config(const std::string& file, const Overlay& overlay);

/// What a text makes of the defaults; `name` stands for the file in the mistakes.
Result<std::string, std::string> print_config_text(std::string_view text, const std::string& name);

}  // namespace cti::tools
