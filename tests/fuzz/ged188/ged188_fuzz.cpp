// ged188_fuzz.cpp - any bytes as a CTI Server stream: cut into frames, read by views and tables, compared.
//
// Input    version index, strictness, size of the pieces in which the rest arrives, then the stream.
// Run      tools/test --fuzz SECONDS (clang). Without clang the committed corpus is replayed by `meson test`.
#include "tests/unit/wire/ged188/compare.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace {

using namespace cti;
using namespace cti::wire::ged188;

constexpr Version kVersions[] = {9, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26};

void check(Bytes stream, Version version, Strictness strictness, std::size_t piece) {
  FrameCutter cutter;
  while (!stream.empty()) {
    const Bytes chunk = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(chunk.size());
    const auto result = cutter.feed(chunk, [&](const Frame& frame) {
      const std::string wrong = disagreement(frame.whole, version, strictness);
      if (wrong.empty()) return;
      std::fprintf(stderr, "%s\n", wrong.c_str());
      std::abort();
    });
    if (!result) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const Bytes stream = std::as_bytes(std::span(data, size)).subspan(3);
  const Strictness strictness = data[1] % 2 == 0 ? Strictness::kLenient : Strictness::kStrict;
  check(stream, kVersions[data[0] % std::size(kVersions)], strictness,
        data[2] == 0 ? 65'536 : data[2]);
  return 0;
}
