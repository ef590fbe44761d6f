// planted.cpp - undefined behaviour on purpose, and nothing else: a build whose sanitizer only reports it finds nothing, ever.
//
// Why      clang goes on after a finding of UBSan unless it is told not to, and a fuzz run or a test run then passes. This
//          program must fail in every build with -fsanitize=undefined: as a test (it should fail), and in tests/fuzz/run
//          before any target runs, as a libFuzzer target with one input.
#include <cstdint>
#include <limits>

int planted_sum =
    std::numeric_limits<int>::max();  // seen from outside: nobody may leave the sum out

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t size) {
  planted_sum += static_cast<int>(size % 7 + 1);  // signed overflow
  return 0;
}
