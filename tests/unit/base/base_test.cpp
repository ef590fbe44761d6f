// base_test.cpp - the ground under everything: Result, Bytes, TimePoint.
#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace cti {
namespace {

Result<int, std::string> parse_digit(char c) {
  if (c < '0' || c > '9') return Err{std::string("not a digit: ") + c};
  return c - '0';
}

TEST(Result, HoldsAValueOrAnErrorNeverBoth) {
  EXPECT_TRUE(parse_digit('7').ok());
  EXPECT_EQ(parse_digit('7').value(), 7);
  EXPECT_FALSE(parse_digit('x').ok());
  EXPECT_EQ(parse_digit('x').error(), "not a digit: x");
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>, std::string> result = std::make_unique<int>(5);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 5);
}

TEST(Result, OfVoidIsGoodByDefault) {
  Result<void, int> good;
  Result<void, int> bad = Err{3};
  EXPECT_TRUE(good.ok());
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error(), 3);
}

TEST(ResultDeathTest, ReadingTheWrongSideStopsTheProcess) {
  EXPECT_DEATH((void)parse_digit('x').value(), "invariant broken");
  EXPECT_DEATH((void)parse_digit('7').error(), "invariant broken");
}

TEST(Bytes, LoadsAndStoresAtOddAddresses) {
  std::array<std::byte, 16> buffer{};
  store_be<std::uint32_t>(&buffer[1], 0x01020304u);
  EXPECT_EQ(buffer[1], std::byte{1});
  EXPECT_EQ(buffer[4], std::byte{4});
  EXPECT_EQ(load_be<std::uint32_t>(&buffer[1]), 0x01020304u);
  store_le<std::uint64_t>(&buffer[3], 0x1122334455667788ull);
  EXPECT_EQ(load_le<std::uint64_t>(&buffer[3]), 0x1122334455667788ull);
  EXPECT_EQ(load_be<std::uint64_t>(&buffer[3]), 0x8877665544332211ull);
}

TEST(TimePoint, OnlyDifferencesMeanAnything) {
  const TimePoint begin{Nanos(100)};
  EXPECT_EQ((begin + Seconds(2)) - begin, Seconds(2));
  EXPECT_LT(begin + Seconds(1), kNever);
}

}  // namespace
}  // namespace cti
