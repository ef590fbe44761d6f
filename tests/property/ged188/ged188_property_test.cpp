// ged188_property_test.cpp - random and broken messages of every type and version, read and written in two ways.
//
// Replay   RINGSIDE_SEED=<number> <this program>; a failure prints the seed and the frame.
#include "tests/property/ged188/every_type.hpp"
#include "tests/unit/wire/ged188/compare.hpp"
#include "visit.hpp"
#include "wire/ged188_strict.hpp"

#include <gtest/gtest.h>

#include <array>

namespace cti::wire::ged188 {
namespace {

constexpr Version kVersions[] = {9, 10, 13, 14, 15, 16, 19, 20, 21, 22, 23, 24, 25};

template <class Check>
void for_every_type_and_version(Check&& check) {
  every_type(kVersions, 3, check);
}

TEST(Ged188, WhatIsEncodedIsDecodedInEveryTypeAndVersion) {
  std::size_t accepted_strictly = 0;
  for_every_type_and_version([&](const MessageRule& rule, Version version, Dice& dice) {
    const DecodedMessage message = random_message(rule, version, dice);
    const auto frame = encode_table(message);
    ASSERT_TRUE(frame.ok()) << frame.error();
    const Strictness strictness =
        rule.since <= version ? Strictness::kStrict : Strictness::kLenient;
    ASSERT_EQ(disagreement(*frame, version, strictness), "");
    std::array<std::byte, limits::kMessageBytesMax> buffer;
    const Bytes body = Bytes(*frame).subspan(limits::kHeaderBytes);
    const Visit seen = visit(rule.number, body, version, strictness, buffer);
    ASSERT_TRUE(seen.ok) << seen.error.text();
    if (rule.since > version) {
      ASSERT_FALSE(seen.rewritten.ok());
      ASSERT_EQ(seen.rewritten.error().code, EncodeErrorCode::kMessageNotForVersion);
      return;
    }
    ASSERT_TRUE(seen.rewritten.ok())
        << rule.name << " version " << version << ": " << seen.rewritten.error().text();
    ASSERT_EQ(as_text(*seen.rewritten), as_text(Bytes(*frame)))
        << rule.name << " version " << version;
    ASSERT_TRUE(seen.strictly) << rule.name << " version " << version;
    accepted_strictly += strictness == Strictness::kStrict;
    const DecodedMessage back = decode_table(*frame, version);
    ASSERT_EQ(back.fixed.size(), message.fixed.size());
    ASSERT_EQ(back.floating.size(), message.floating.size());
    for (std::size_t i = 0; i < message.fixed.size(); ++i) {
      ASSERT_EQ(back.fixed[i].value, message.fixed[i].value)
          << rule.name << " " << message.fixed[i].name;
    }
    for (std::size_t i = 0; i < message.floating.size(); ++i) {
      ASSERT_EQ(back.floating[i].name, message.floating[i].name) << rule.name;
      ASSERT_EQ(back.floating[i].value, message.floating[i].value)
          << rule.name << " " << message.floating[i].name;
    }
  });
  EXPECT_GT(accepted_strictly, 1'000U);
}

// Whatever an encoder is fed with, a strict server has nothing to say about what it writes but for numbers that nobody
// has defined, and for bytes that are no ASCII.
TEST(Ged188, WhatAnEncoderWritesIsRefusedForNumbersOnly) {
  std::size_t written = 0, accepted = 0;
  for_every_type_and_version([&](const MessageRule& rule, Version version, Dice& dice) {
    const auto frame = encode_table(random_message(rule, version, dice));
    ASSERT_TRUE(frame.ok()) << frame.error();
    const std::vector<std::byte> broken = mutated(*frame, dice);
    std::array<std::byte, limits::kMessageBytesMax> buffer;
    const Visit seen = visit(rule.number, Bytes(broken).subspan(limits::kHeaderBytes), version,
                             Strictness::kLenient, buffer);
    if (!seen.ok || !seen.rewritten.ok()) return;
    ++written;
    const auto refused = check_strict(rule, seen.rewritten->subspan(limits::kHeaderBytes), version);
    accepted += !refused.has_value();
    ASSERT_EQ(seen.strictly, !refused.has_value());
    if (!refused) return;
    const bool number = refused->code == DecodeErrorCode::kValueOutOfRange ||
                        refused->code == DecodeErrorCode::kUnusedMaskBits;
    const bool letter = refused->code == DecodeErrorCode::kBadCharacter && refused->actual > 127;
    ASSERT_TRUE(number || letter) << refused->text() << " version " << version;
  });
  EXPECT_GT(accepted, 500U);
  EXPECT_GT(written, accepted);
}

TEST(Ged188, ViewsAndTablesAgreeOnBrokenBytes) {
  std::size_t refused = 0, total = 0;
  for_every_type_and_version([&](const MessageRule& rule, Version version, Dice& dice) {
    for (int i = 0; i < 4; ++i) {
      const auto frame = encode_table(random_message(rule, version, dice));
      ASSERT_TRUE(frame.ok()) << frame.error();
      const std::vector<std::byte> broken = mutated(*frame, dice);
      const Strictness strictness = i % 2 == 0 ? Strictness::kLenient : Strictness::kStrict;
      ASSERT_EQ(disagreement(broken, version, strictness), "");
      refused += decode_table(broken, version, strictness).error.has_value();
      ++total;
    }
  });
  EXPECT_GT(refused, total / 10);  // the edits do harm ...
  EXPECT_LT(refused, total);       // ... but not always
}

}  // namespace
}  // namespace cti::wire::ged188
