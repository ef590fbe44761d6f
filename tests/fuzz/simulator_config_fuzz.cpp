// simulator_config_fuzz.cpp - any bytes as the settings file of ringside-sim: its real schema, with all its cross-checks.
#include "tests/fuzz/found.hpp"
#include "tools/simulator/settings_file.hpp"

#include <cstdint>

namespace {

cti::Result<std::string, std::string> print(std::string_view text) {
  const auto read = cti::simulator::read_settings_text(text, "simulator.toml");
  if (!read.ok()) return cti::Err{read.error().text()};
  return cti::simulator::print_settings(*read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cti::fuzz::prints_as_it_reads(print, {reinterpret_cast<const char*>(data), size});
  return 0;
}
