// bad_input_test.cpp - faults of a CTI Server that is buggy, hostile or just old (U3 to U6, U15, U16), in both widths.
#include "tests/unit/wire/ged188/body.hpp"
#include "tests/unit/wire/ged188/compare.hpp"
#include "tests/unit/wire/ged188/hex.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188_oddities.hpp"
#include "wire/ged188_table.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace cti::wire::ged188 {
namespace {

using std::string_view_literals::operator""sv;

class BadInput : public testing::TestWithParam<Version> {
 protected:
  Version version() const { return GetParam(); }
  /// An AGENT_STATE_EVENT without floating fields, none of them counted.
  Body agent_state() const {
    Body body(version());
    body.zeros(version() >= 19 ? 62 : version() >= 13 ? 58 : 56);
    return body;
  }
  unsigned header() const { return floating_header_width(version()); }

  template <class View>
  void expect_refused(const Body& body, DecodeErrorCode code, std::size_t offset,
                      std::string_view field = {}) {
    // A copy of exactly this size: a read behind it is seen by the address sanitizer.
    const auto exact = std::make_unique<std::byte[]>(body.size());
    std::copy(body.bytes().begin(), body.bytes().end(), exact.get());
    const auto view = View::decode(Bytes(exact.get(), body.size()), version());
    ASSERT_FALSE(view.ok());
    EXPECT_EQ(view.error().code, code) << view.error().text();
    EXPECT_EQ(view.error().offset, offset) << view.error().text();
    EXPECT_EQ(view.error().field, field);
    EXPECT_EQ(view.error().message, View::kName);
    EXPECT_FALSE(view.error().framing_lost()) << "framing goes on after a refused frame";
    EXPECT_NE(view.error().text().find(name_of(code)), std::string::npos);
    EXPECT_EQ(disagreement(body.frame(static_cast<std::uint32_t>(View::kType)), version(),
                           Strictness::kLenient),
              "");
  }
};

TEST_P(BadInput, U3_FieldPastFrameIsRefused) {
  Body body = agent_state();
  const std::size_t offset = body.size();
  expect_refused<AgentStateEventView>(body.lying_field(5, 6, "1001\0"sv),
                                      DecodeErrorCode::kFieldPastFrame, offset, "AgentID");
  Body far = agent_state();
  expect_refused<AgentStateEventView>(far.lying_field(5, 0xFF, "x"),
                                      DecodeErrorCode::kFieldPastFrame, offset, "AgentID");
}

TEST_P(BadInput, U3_StrayBytesAtTheEndAreRefused) {
  for (unsigned stray = 1; stray < header(); ++stray) {
    Body body = agent_state();
    body.field(5, "1001\0"sv);
    const std::size_t offset = body.size();
    expect_refused<AgentStateEventView>(body.number(1, stray), DecodeErrorCode::kStrayBytes,
                                        offset);
  }
}

TEST_P(BadInput, U3_TagZeroIsNoField) {
  Body body = agent_state().field(5, "1001\0"sv);
  const std::size_t offset = body.size();
  expect_refused<AgentStateEventView>(body.zeros(header()), DecodeErrorCode::kStrayBytes, offset);
}

TEST_P(BadInput, U3_SingleFieldTwiceIsRefused) {
  Body body = agent_state().field(5, "1001\0"sv);
  const std::size_t offset = body.size();
  expect_refused<AgentStateEventView>(body.field(5, "1001\0"sv), DecodeErrorCode::kFieldTwice,
                                      offset, "AgentID");
}

TEST_P(BadInput, U3_SingleFieldUnderBothItsTagsIsRefused) {
  Body body = agent_state().field(5, "1001\0"sv);
  const std::size_t offset = body.size();
  expect_refused<AgentStateEventView>(body.field(194, "1001\0"sv), DecodeErrorCode::kFieldTwice,
                                      offset, "AgentID");
}

TEST_P(BadInput, U4_FixedPartTooShortIsRefusedAtEveryLength) {
  const std::size_t whole = agent_state().size();
  for (std::size_t bytes = 0; bytes < whole; ++bytes) {
    Body body(version());
    body.zeros(bytes);
    expect_refused<AgentStateEventView>(body, DecodeErrorCode::kFixedTooShort, bytes);
  }
}

TEST_P(BadInput, U4_FixedPartTooLongIsRefused) {
  for (std::size_t more = 1; more < 9; ++more) {
    Body body(version());
    body.zeros(4 + more);
    expect_refused<HeartbeatConfView>(body, DecodeErrorCode::kFixedTooLong, 4);
  }
}

TEST_P(BadInput, U4_NumberOfAnotherWidthIsRefused) {
  Body body = agent_state();
  const std::size_t offset = body.size();
  expect_refused<AgentStateEventView>(body.number_field(123, 3, 4), DecodeErrorCode::kFieldLength,
                                      offset, "NextAgentState");
}

TEST_P(BadInput, U4_BodyAboveTheLimitIsRefused) {
  Body body(version());
  body.zeros(limits::kBodyBytesMax + 1);
  const auto view = AgentStateEventView::decode(body.bytes(), version());
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.error().code, DecodeErrorCode::kFrameTooLong);
}

TEST_P(BadInput, U5_UnknownTagsAreSkipped) {
  Body body = agent_state().field(250, "abc").field(5, "1001\0"sv).field(250, "").field(99, "x");
  const auto view = AgentStateEventView::decode(body.bytes(), version());
  ASSERT_TRUE(view.ok()) << view.error().text();
  EXPECT_EQ(view->agent_id(), "1001");
  std::vector<std::uint16_t> tags;
  for (const Field field : view->floating()) tags.push_back(field.tag);
  EXPECT_EQ(tags, (std::vector<std::uint16_t>{250, 5, 250, 99}));
  const DecodedMessage table = decode_table(body.frame(30), version());
  EXPECT_FALSE(table.error);
  EXPECT_EQ(table.floating[0].name, "tag_250");
}

TEST_P(BadInput, U5_UnknownMessageTypesAreNamedAndPassedOn) {
  Body body(version());
  const DecodedMessage unknown = decode_table(body.number(0x01020304, 4).frame(66), version());
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->code, DecodeErrorCode::kUnknownMessage);
  EXPECT_EQ(unknown.name, "type_66");
  EXPECT_EQ(unknown.leftover, "\1\2\3\4");
  const DecodedMessage name_only = decode_table(body.frame(151), version());
  EXPECT_FALSE(name_only.error);
  EXPECT_EQ(name_only.name, "MEDIA_LOGIN_REQ");
  EXPECT_EQ(name_only.leftover, "\1\2\3\4");
}

TEST_P(BadInput, U6_StringsOfAnyShapeStayInsideTheirField) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1001\0"sv, "1001"},
      {"1001"sv, "1001"},
      {""sv, ""},
      {"\0"sv, ""},
      {"a\0b\0"sv, "a\0b"sv},
      {"\x01\xFF\0"sv, "\x01\xFF"},
      {"123456789012345\0"sv, "123456789012345"}};
  for (const auto& [bytes, text] : cases) {
    Body body = agent_state().field(5, bytes).field(4, "2001\0"sv);
    const auto view = AgentStateEventView::decode(body.bytes(), version());
    ASSERT_TRUE(view.ok()) << view.error().text();
    EXPECT_EQ(view->agent_id(), text);
    EXPECT_EQ(view->agent_extension(), "2001");
    EXPECT_EQ(disagreement(body.frame(30), version(), Strictness::kLenient), "");
  }
}

TEST_P(BadInput, U6_NamedDataOfAnyShapeStaysInsideItsField) {
  struct Case {
    std::string_view bytes, name, value;
  };
  const Case cases[] = {{"n\0v\0"sv, "n", "v"}, {"n\0v"sv, "n", "v"}, {"n\0"sv, "n", ""},
                        {"n"sv, "n", ""},       {""sv, "", ""},       {"\0\0"sv, "", ""}};
  for (const Case& c : cases) {
    Body body(version());
    body.zeros(54).at(50, 1, 2).field(82, c.bytes);
    const auto view = CallDeliveredEventView::decode(body.bytes(), version());
    ASSERT_TRUE(view.ok()) << view.error().text();
    for (const auto variable : view->named_variables()) {
      EXPECT_EQ(variable.name(), c.name);
      EXPECT_EQ(variable.value(), c.value);
    }
    Body array(version());
    array.zeros(54).at(52, 1, 2).field(83, c.bytes);
    EXPECT_EQ(disagreement(array.frame(9), version(), Strictness::kLenient), "");
  }
}

class LyingCounts : public BadInput {
 protected:
  /// CALL_CONFERENCED_EVENT that says `count` parties and has `entries`.
  Body conference(unsigned count, unsigned entries) const {
    Body body(version());
    body.zeros(46).at(30, count, 2);
    for (unsigned i = 0; i < entries; ++i)
      body.number_field(39, i, 4).number_field(40, 0, 2).field(41, "1\0"sv);
    return body;
  }
};

TEST_P(LyingCounts, U15_AListWithMoreEntriesThanItsCountIsRefused) {
  expect_refused<CallConferencedEventView>(conference(1, 2), DecodeErrorCode::kCountMismatch, 30,
                                           "NumParties");
  expect_refused<CallConferencedEventView>(conference(0, 2), DecodeErrorCode::kCountMismatch, 30,
                                           "NumParties");
  expect_refused<CallConferencedEventView>(conference(17, 17), DecodeErrorCode::kCountTooLarge, 30,
                                           "NumParties");
  EXPECT_TRUE(CallConferencedEventView::decode(conference(16, 16).bytes(), version()).ok());
}

TEST_P(LyingCounts, U15_OfACountTooHighWhatCameIsTakenAndCounted) {
  for (const auto& [count, entries] :
       {std::pair{3U, 2U}, {3U, 0U}, {65535U, 2U}, {17U, 16U}, {1U, 0U}}) {
    (void)take_oddities();
    const Body body = conference(count, entries);
    const auto view = CallConferencedEventView::decode(body.bytes(), version());
    ASSERT_TRUE(view.ok()) << count << " of " << entries;
    std::size_t came = 0;
    for ([[maybe_unused]] const auto party : view->parties()) ++came;
    EXPECT_EQ(came, entries);
    EXPECT_EQ(take_oddities().counts_too_high, 1U);
    EXPECT_EQ(disagreement(body.frame(static_cast<std::uint32_t>(CallConferencedEventView::kType)),
                           version(), Strictness::kLenient),
              "");
  }
  (void)take_oddities();
  EXPECT_TRUE(CallConferencedEventView::decode(conference(2, 2).bytes(), version()).ok());
  EXPECT_FALSE(take_oddities().any());
}

TEST_P(LyingCounts, U15_ALyingCountInsideARecordIsOneToo) {
  Body body(version());
  body.number(1, 2).number_field(183, 0, 2).field(190, "a\0"sv);
  const std::size_t offset = body.size();
  body.number_field(191, 1, 2).number_field(62, 1, 4).number_field(64, 1, 2).number_field(62, 2, 4);
  expect_refused<ConfigAgentEventView>(body, DecodeErrorCode::kCountMismatch, offset, "NumSkills");
}

INSTANTIATE_TEST_SUITE_P(BothWidths, BadInput, testing::Values(9, 15, 19, 20, 25));
INSTANTIATE_TEST_SUITE_P(BothWidths, LyingCounts, testing::Values(9, 15, 19, 20, 25));

TEST(HeaderWidth, U16_BelongsToTheConnectionNotToTheMessage) {
  std::array<std::byte, 200> narrow_buffer, wide_buffer;
  const auto narrow = AgentStateEventEncoder(narrow_buffer, 15, {}).agent_id("1001").finish();
  const auto wide = AgentStateEventEncoder(wide_buffer, 20, {}).agent_id("1001").finish();
  ASSERT_TRUE(narrow.ok() && wide.ok());
  EXPECT_EQ(AgentStateEventView::decode(narrow->subspan(8), 15)->agent_id(), "1001");
  EXPECT_EQ(AgentStateEventView::decode(wide->subspan(8), 20)->agent_id(), "1001");
  EXPECT_FALSE(AgentStateEventView::decode(narrow->subspan(8), 20).ok());
  EXPECT_FALSE(AgentStateEventView::decode(wide->subspan(8), 15).ok());
}

TEST(TableDecoder, ABrokenHeaderIsAnErrorWithItsLimit) {
  const auto too_short = decode_table(from_hex("00 00 00 04 00 00"), 15);
  ASSERT_TRUE(too_short.error);
  EXPECT_EQ(too_short.error->code, DecodeErrorCode::kFrameTruncated);
  const auto cut = decode_table(from_hex("00000008 00000005 00000007"), 15);
  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->code, DecodeErrorCode::kFrameTruncated);
  EXPECT_EQ(cut.error->limit, 8U);
  const auto huge = decode_table(from_hex("ffffffff 00000005 00000007"), 15);
  ASSERT_TRUE(huge.error);
  EXPECT_EQ(huge.error->code, DecodeErrorCode::kFrameTooLong);
}

}  // namespace
}  // namespace cti::wire::ged188
