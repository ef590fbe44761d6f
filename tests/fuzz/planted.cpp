// planted.cpp - undefined behaviour on purpose, and nothing else: a build whose sanitizer only reports it finds nothing, ever.
//
// Why      clang goes on after a finding of UBSan unless it is told not to, and a fuzz run or a test run then passes. This
//          program must fail in every build with -fsanitize=undefined: as a test (it should fail), and in tests/fuzz/run
//          before any target runs, as a libFuzzer target with one input.
#include <cstdint>
#include <cstdlib>
#include <limits>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t size) {
  int sum = std::numeric_limits<int>::max();
  sum += static_cast<int>(size % 7 + 1);  // signed overflow
  return sum == 42 ? 0 : 0;
}
