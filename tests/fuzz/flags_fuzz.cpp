// flags_fuzz.cpp - any text as ringsided's command line: taken, or refused with a word, never a crash.
//
// Arguments are separated by newlines. What is taken must be appliable, or refused with a reason.
#include "tools/ringsided/flags.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kArgumentsMax = 64;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::cout.rdbuf(nullptr);  // help and refusals by the thousand are nobody's reading
  std::cerr.rdbuf(nullptr);
  std::vector<std::string> arguments{"ringsided", ""};
  for (std::size_t i = 0; i < size && arguments.size() <= kArgumentsMax; ++i) {
    const char c = static_cast<char>(data[i]);
    if (c == '\n') {
      arguments.emplace_back();
    } else if (c != '\0') {
      arguments.back() += c;
    }
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto flags = cti::tools::parse_flags(static_cast<int>(arguments.size()), argv.data());
  if (!flags) return 0;
  cti::broker::ServerConfig config;
  const auto applied = cti::tools::apply_flags(*flags, config);
  if (!applied && applied.error().empty()) std::abort();  // refused without a reason
  return 0;
}
