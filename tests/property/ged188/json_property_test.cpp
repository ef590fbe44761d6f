// json_property_test.cpp - whatever the tool reads, it writes back byte for byte, also through its JSON.
//
// Bytes    valid messages of every type at every version, and as many with bytes changed, cut out, doubled, put in.
// Planted  no "raw" for what is no UTF-8; no "fixed_bytes": each turned this red.
#include "tests/property/ged188/every_type.hpp"
#include "tests/unit/wire/ged188/hex.hpp"
#include "tools/wire/message_json.hpp"

#include <array>
#include <numeric>

namespace cti::wire::ged188 {
namespace {

/// "" or what went wrong on the way bytes - JSON - bytes.
std::string way_back(const std::vector<std::byte>& frame, Version version, Strictness strictness) {
  const DecodedMessage message = decode_table(frame, version, strictness);
  if (!message.error && !message.leftover.empty()) return "left over without an error";
  const std::string json = tools::to_json(message);
  const auto back = tools::from_json(json, std::nullopt);
  if (!back.ok()) return "not read again: " + back.error() + "\n" + json;
  const auto again = encode_table(*back);
  if (!again.ok()) return "not written again: " + again.error() + "\n" + json;
  if (*again == frame) return {};
  return to_hex(frame) + "\n" + json + "\n" + to_hex(*again);
}

TEST(WireJson, GivesBackEveryByteOfEveryTypeAtEveryVersion) {
  std::array<Version, 18> versions;  // 8 to 25: older than known is read as 9
  std::iota(versions.begin(), versions.end(), Version{8});
  std::size_t clean = 0, warned = 0, refused = 0;
  every_type(versions, 1, [&](const MessageRule& rule, Version version, Dice& dice) {
    const auto frame = encode_table(random_message(rule, version, dice));
    ASSERT_TRUE(frame.ok()) << frame.error();
    ASSERT_EQ(way_back(*frame, version, Strictness::kStrict), "");
    for (int i = 0; i < 2; ++i) {
      const std::vector<std::byte> broken = mutated(*frame, dice);
      ASSERT_EQ(way_back(broken, version, Strictness::kLenient), "") << rule.name << " " << version;
      const DecodedMessage message = decode_table(broken, version);
      clean += !message.error && message.warnings.empty();
      warned += !message.warnings.empty();
      refused += message.error.has_value();
    }
  });
  EXPECT_GT(clean, 100U);
  EXPECT_GT(warned, 20U);
  EXPECT_GT(refused, 100U);
}

TEST(WireJson, GivesBackTheFormsOfKnownOddDrivers) {
  for (
      const char* hex : {
          "00000004 00000007 00000062",       // no InvokeID
          "00000006 00000007 00000001 000f",  // two bytes of Status
          "00000019 00000010 00001388 0011 0001 00000007 004b 004a 0001 0016 1903313200",  // no MonitorID
      }) {
    const auto frame = from_hex(hex);
    EXPECT_EQ(way_back(frame, 15, Strictness::kLenient), "") << hex;
    const DecodedMessage message = decode_table(frame, 15);
    EXPECT_FALSE(message.error) << message.error->text();
    EXPECT_EQ(message.leftover, "");
    ASSERT_EQ(message.warnings.size(), 1U);
    EXPECT_EQ(message.warnings[0].code, DecodeErrorCode::kFixedTooShort);
    EXPECT_TRUE(decode_table(frame, 15, Strictness::kStrict).error);
  }
}

}  // namespace
}  // namespace cti::wire::ged188
