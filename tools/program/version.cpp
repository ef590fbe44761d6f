// version.cpp - see version.hpp. Compiled once a commit; everything else knows only the functions.
#include "tools/program/version.hpp"

#include "tools/program/commit.hpp"
#include "wire/ged188_limits.hpp"
#include "wire/session_frame.hpp"

#include <cstdio>
#include <vector>

namespace cti::tools {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#else
  return "gcc " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#endif
}

/// What this build has that another may lack.
std::vector<std::string_view> built_in() {
  std::vector<std::string_view> parts{"epoll"};
  if (RINGSIDE_HAS_URING) parts.push_back("io_uring");
  if (RINGSIDE_HAS_METRICS) parts.push_back("metrics");
  if (RINGSIDE_HAS_JSON) parts.push_back("json");
#if defined(__SANITIZE_ADDRESS__)
  parts.push_back("address-sanitizer");
#endif
#if defined(__SANITIZE_THREAD__)
  parts.push_back("thread-sanitizer");
#endif
  return parts;
}

std::string joined(std::string_view before, std::string_view between, std::string_view after) {
  std::string text;
  for (const std::string_view part : built_in()) {
    if (!text.empty()) text += between;
    text.append(before).append(part).append(after);
  }
  return text;
}

std::string ged188() {
  return std::to_string(wire::ged188::kOldestVersion) + " to " +
         std::to_string(wire::ged188::kNewestVersion);
}

}  // namespace

const char* version_number() noexcept { return RINGSIDE_VERSION; }
const char* version_commit() noexcept { return RINGSIDE_COMMIT; }

std::string version_text(std::string_view program) {
  return std::string(program) + " " RINGSIDE_VERSION " (commit " RINGSIDE_COMMIT ")\n" +
         "session protocol " + std::to_string(wire::kSessionVersion) + ", GED-188 versions " +
         ged188() + "\nbuilt with " + compiler() +
         ", " RINGSIDE_BUILD "; in it: " + joined("", ", ", "") + "\n";
}

// Nothing in it needs escaping: numbers, and words of the build.
std::string version_json(std::string_view program) {
  return "{\"program\":\"" + std::string(program) +
         "\",\"version\":\"" RINGSIDE_VERSION "\",\"commit\":\"" RINGSIDE_COMMIT
         "\",\"session_protocol\":" +
         std::to_string(wire::kSessionVersion) +
         ",\"ged188_oldest\":" + std::to_string(wire::ged188::kOldestVersion) +
         ",\"ged188_newest\":" + std::to_string(wire::ged188::kNewestVersion) + ",\"compiler\":\"" +
         compiler() + "\",\"build\":\"" RINGSIDE_BUILD "\",\"built_in\":[" +
         joined("\"", ",", "\"") + "]}\n";
}

std::optional<int> answer_version(std::string_view program, int argc, const char* const* argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  const std::string_view second = argc > 2 ? argv[2] : "";
  if (first != "--version" && first != "--version=json") return std::nullopt;
  const bool json = first == "--version=json" || second == "--json";
  const std::string text = json ? version_json(program) : version_text(program);
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace cti::tools
