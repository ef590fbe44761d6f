// ringsided_config_fuzz.cpp - any bytes as ringsided's own configuration file: its real schema, with all its cross-checks.
#include "tests/fuzz/found.hpp"
#include "tools/ringsided/config.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cti::fuzz::prints_as_it_reads(
      [](std::string_view text) { return cti::tools::print_config_text(text, "ringside.toml"); },
      {reinterpret_cast<const char*>(data), size});
  return 0;
}
