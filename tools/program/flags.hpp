// flags.hpp - what the command lines of all programs have in common: numbers that are checked, mistakes that are told.
//
// Why      CLI11 takes "nan" for a number within any range, wraps "-1" into an unsigned one, and its messages do not say which
//          program speaks.
// Shape    validators for ->check(), and parse(): 0 or the exit code with which to end.
#pragma once

#include "tools/program/version.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

/// To standard error, each line behind the program's name.
inline void complain(std::string_view program, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    out.append(program).append(": ").append(line).append("\n");
  }
  std::fwrite(out.data(), 1, out.size(), stderr);
}

/// A finite number within the limits, both included.
inline CLI::Validator number(double least, double most) {
  const std::string limits = CLI::detail::to_string(least) + " .. " + CLI::detail::to_string(most);
  return CLI::Validator(
      [=](std::string& text) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = error == std::errc() && end == text.data() + text.size() &&
                          std::isfinite(value) && value >= least && value <= most;
        return good ? std::string() : "\"" + text + "\" is not a number " + limits;
      },
      limits);
}

/// A whole number without a sign, within the limits.
inline CLI::Validator whole(std::uint64_t least, std::uint64_t most) {
  const std::string limits = std::to_string(least) + " .. " + std::to_string(most);
  return CLI::Validator(
      [=](std::string& text) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = error == std::errc() && end == text.data() + text.size() &&
                          value >= least && value <= most;
        return good ? std::string() : "\"" + text + "\" is not a whole number " + limits;
      },
      limits);
}
inline CLI::Validator port() { return whole(0, 65'535); }

/// Parses; nothing: go on. Else the exit code: 0 after --help, 2 after a mistake, which has been told.
inline std::optional<int> parse(CLI::App& app, std::string_view program, int argc,
                                const char* const* argv) {
  if (const auto answered = answer_version(program, argc, argv)) return answered;
  app.set_version_flag("--version", version_text(program),
                       "Say which version this is and what was built in, and end; "
                       "--version=json for scripts");
  app.failure_message([program = std::string(program)](const CLI::App*, const CLI::Error& error) {
    return program + ": " + error.what() + "\n" + program + ": --help tells what may be said\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace cti::tools
