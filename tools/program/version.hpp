// version.hpp - what every program answers to --version: which version and commit, and what was built in.
//
// Why      a bug report needs it, and scripts need it as JSON; five programs must not tell it in five ways.
// Shape    `program --version` for people, `program --version=json` (or `--version --json`) for scripts. It is the first
//          argument, so that a subcommand may have a --version of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

/// "0.1.0", and the commit it was built from.
const char* version_number() noexcept;
const char* version_commit() noexcept;

/// A line, and the lines of what was built in.
std::string version_text(std::string_view program);
/// One object in one line.
std::string version_json(std::string_view program);

/// Answers on standard output when the first argument asks for the version; the exit code then.
std::optional<int> answer_version(std::string_view program, int argc, const char* const* argv);

}  // namespace cti::tools
