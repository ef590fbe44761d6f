// replay_main.cpp - runs a fuzz target over the files and folders given, without libFuzzer.
//
// A target may define missed_states(): which of the states that it lists no input has come through. A folder, being the
// corpus, must come through all; a file need not.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
[[gnu::weak]] std::string missed_states();

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  bool whole = false;  // a corpus, not a single input
  const auto run = [&](const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                  std::istreambuf_iterator<char>()};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++inputs;
  };
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      run(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) run(entry.path());
    whole = true;
  }
  std::printf("%zu inputs\n", inputs);
  const std::string missed = whole && missed_states != nullptr ? missed_states() : std::string();
  if (!missed.empty()) std::printf("no input came through these states:\n%s", missed.c_str());
  return inputs == 0 || !missed.empty() ? 1 : 0;
}
