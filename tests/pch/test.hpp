// test.hpp - what every test reads before its first line, parsed once for each larger test program instead of once a file.
// Tests include what they use all the same.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
