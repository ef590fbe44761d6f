// encoder_test.cpp - encoders write frames that a strict peer accepts, or say what is wrong.
#include "tests/unit/wire/ged188/hex.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/session.hpp"

#include <gtest/gtest.h>

#include <array>

namespace cti::wire::ged188 {
namespace {

class Ged188Encoder : public testing::Test {
 protected:
  std::array<std::byte, limits::kMessageBytesMax> buffer_;
};

void expect_error(const Result<Bytes, EncodeError>& result, EncodeErrorCode code,
                  std::string_view field) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code);
  EXPECT_EQ(result.error().field, field);
  EXPECT_NE(result.error().text().find(name_of(code)), std::string::npos);
}

TEST_F(Ged188Encoder, WritesTheWholeFrameWithItsHeader) {
  auto frame = HeartbeatReqEncoder(buffer_, 15, {.invoke_id = 7}).finish();
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(to_hex(*frame), "000000040000000500000007");
}

TEST_F(Ged188Encoder, WritesHeadersInTheWidthOfTheVersion) {
  const OpenReqFixed fixed{.invoke_id = 1, .version_number = 19, .idle_timeout = 120};
  auto narrow = OpenReqEncoder(buffer_, 19, fixed).client_id("a").client_password({}).finish();
  ASSERT_TRUE(narrow.ok());
  EXPECT_EQ(to_hex(narrow->subspan(8 + 44)), "010261000200");
  auto wide = OpenReqEncoder(buffer_, 20, fixed).client_id("a").client_password({}).finish();
  ASSERT_TRUE(wide.ok());
  EXPECT_EQ(to_hex(wide->subspan(8 + 44)), "00010002610000020000");
}

TEST_F(Ged188Encoder, FixedPartsAreAsLongAsTheVersionHasThem) {
  for (const auto& [version, bytes] :
       {std::pair{9U, 56U}, {12U, 56U}, {13U, 58U}, {18U, 58U}, {19U, 62U}, {25U, 62U}}) {
    auto frame = AgentStateEventEncoder(buffer_, version, {.department_id = 5}).finish();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame->size(), limits::kHeaderBytes + bytes) << "version " << version;
  }
}

TEST_F(Ged188Encoder, LeavesOutWhatTheVersionDoesNotHave) {
  auto old = AgentStateEventEncoder(buffer_, 12, {}).duration(5).finish();
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(AgentStateEventView::decode(old->subspan(8), 12)->duration(), std::nullopt);
  auto later = AgentStateEventEncoder(buffer_, 13, {}).duration(5).finish();
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(AgentStateEventView::decode(later->subspan(8), 13)->duration(), 5U);
  const ClearConnectionReqFixed fixed{.invoke_id = 1};
  auto newest = ClearConnectionReqEncoder(buffer_, 25, fixed).ctioscil_client_id("x").finish();
  ASSERT_TRUE(newest.ok());
  EXPECT_TRUE(ClearConnectionReqView::decode(newest->subspan(8), 25)->floating().empty());
}

TEST_F(Ged188Encoder, NothingSetSaysNoneWhereTheProtocolHasAWordForIt) {
  auto frame = CallDeliveredEventEncoder(buffer_, 15, {}).finish();
  ASSERT_TRUE(frame.ok());
  const auto view = CallDeliveredEventView::decode(frame->subspan(8), 15, Strictness::kStrict);
  ASSERT_TRUE(view.ok()) << view.error().text();
  EXPECT_EQ(view->connection_call_id(), 0xFFFFFFFFU);
  EXPECT_EQ(view->line_handle(), 0xFFFFU);
  EXPECT_EQ(view->event_cause(), 0xFFFFU);
  EXPECT_EQ(view->monitor_id(), 0U);
}

TEST_F(Ged188Encoder, CountsListsByItself) {
  CallConferencedEventEncoder encoder(buffer_, 15, {});
  for (std::uint32_t i = 0; i < 3; ++i) {
    encoder.add_party({.connected_party_call_id = i,
                       .connected_party_device_id_type = std::uint16_t{0},
                       .connected_party_device_id = "2001"});
  }
  auto frame = encoder.finish();
  ASSERT_TRUE(frame.ok());
  const auto view = CallConferencedEventView::decode(frame->subspan(8), 15);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->num_parties(), 3);
  std::uint32_t next = 0;
  for (const auto party : view->parties()) {
    EXPECT_EQ(party.connected_party_call_id(), next++);
    EXPECT_EQ(party.connected_party_device_id(), "2001");
  }
  EXPECT_EQ(next, 3U);
}

TEST_F(Ged188Encoder, CountsListsInsideRecords) {
  auto frame =
      ConfigAgentEventEncoder(buffer_, 21)
          .add_record({.record_type = std::uint16_t{0}, .login_id = "jdoe"})
          .add_skill({.flt_skill_group_number = 4, .flt_skill_group_priority = std::uint16_t{1}})
          .add_skill({.flt_skill_group_number = 5})
          .add_mrd({.flt_agent_mrdid = 1})
          .add_record({.record_type = std::uint16_t{2}, .login_id = "gone"})
          .finish();
  ASSERT_TRUE(frame.ok());
  const auto view = ConfigAgentEventView::decode(frame->subspan(8), 21, Strictness::kStrict);
  ASSERT_TRUE(view.ok()) << view.error().text();
  std::string seen;
  for (const auto record : view->records()) {
    seen += std::string(*record.login_id()) + ":" + std::to_string(*record.num_skills());
    for (const auto skill : record.skills())
      seen += " s" + std::to_string(*skill.flt_skill_group_number());
    for (const auto mrd : record.mrds()) seen += " m" + std::to_string(*mrd.flt_agent_mrdid());
    seen += "; ";
  }
  EXPECT_EQ(seen, "jdoe:2 s4 s5 m1; gone:0; ");
}

TEST_F(Ged188Encoder, NamedDataIsWrittenAndRead) {
  auto frame = BeginCallEventEncoder(buffer_, 15, {.connection_call_id = 9})
                   .connection_device_id("d")
                   .add_named_variable("user.case", "C-9")
                   .add_named_array(3, "user.list", "")
                   .finish();
  ASSERT_TRUE(frame.ok());
  const auto view = BeginCallEventView::decode(frame->subspan(8), 15);
  ASSERT_TRUE(view.ok());
  for (const auto variable : view->named_variables()) {
    EXPECT_EQ(variable.name(), "user.case");
    EXPECT_EQ(variable.value(), "C-9");
  }
  for (const auto element : view->named_arrays()) {
    EXPECT_EQ(element.index(), 3);
    EXPECT_EQ(element.name(), "user.list");
    EXPECT_EQ(element.value(), "");
  }
  EXPECT_EQ(view->num_named_variables() + view->num_named_arrays(), 2);
}

TEST_F(Ged188Encoder, RefusesWhatIsTooLong) {
  const std::string eleven(11, 'x'), twelve(12, 'x');
  EXPECT_TRUE(AgentStateEventEncoder(buffer_, 15, {}).agent_id(eleven).finish().ok());
  expect_error(AgentStateEventEncoder(buffer_, 15, {}).agent_id(twelve).finish(),
               EncodeErrorCode::kFieldTooLong, "AgentID");
  const std::string name(33, 'n'), value(211, 'v');
  expect_error(BeginCallEventEncoder(buffer_, 15, {}).add_named_variable(name, "").finish(),
               EncodeErrorCode::kFieldTooLong, "NamedVariable");
  expect_error(BeginCallEventEncoder(buffer_, 15, {}).add_named_array(1, "n", value).finish(),
               EncodeErrorCode::kFieldTooLong, "NamedArray");
}

TEST_F(Ged188Encoder, RefusesTextWithANulInside) {
  using namespace std::string_view_literals;
  expect_error(AgentStateEventEncoder(buffer_, 15, {}).agent_id("1\0002"sv).finish(),
               EncodeErrorCode::kTextHasNul, "AgentID");
  expect_error(BeginCallEventEncoder(buffer_, 15, {}).add_named_variable("a\0b"sv, "").finish(),
               EncodeErrorCode::kTextHasNul, "NamedVariable");
}

TEST_F(Ged188Encoder, RefusesControlBytesWhereverTheyStand) {
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const char c : {'\x01', '\n', '\x1F', '\x7F'}) {
        std::string text(length, 'x');
        text[at] = c;
        auto frame = CallDeliveredEventEncoder(buffer_, 25, {}).call_variable1(text).finish();
        expect_error(frame, EncodeErrorCode::kBadCharacter, "CallVariable1");
        EXPECT_EQ(frame.error().actual, static_cast<unsigned char>(c));
        EXPECT_EQ(frame.error().limit, at);
        expect_error(
            CallDeliveredEventEncoder(buffer_, 25, {}).add_named_variable(text, "v").finish(),
            EncodeErrorCode::kBadCharacter, "NamedVariable");
        expect_error(
            CallDeliveredEventEncoder(buffer_, 25, {}).add_named_array(0, "n", text).finish(),
            EncodeErrorCode::kBadCharacter, "NamedArray");
      }
      std::string other(length, ' ');
      other[at] = '\x80';  // every byte from here on is somebody's letter
      EXPECT_TRUE(CallDeliveredEventEncoder(buffer_, 25, {}).call_variable1(other).finish().ok());
      other[at] = '~';
      EXPECT_TRUE(CallDeliveredEventEncoder(buffer_, 25, {}).call_variable1(other).finish().ok());
    }
  }
}

TEST_F(Ged188Encoder, RefusesLettersAmongDigits) {
  EXPECT_TRUE(
      CallDeliveredEventEncoder(buffer_, 25, {}).caller_entered_digits("0189*#").finish().ok());
  expect_error(CallDeliveredEventEncoder(buffer_, 25, {}).caller_entered_digits("12a").finish(),
               EncodeErrorCode::kBadCharacter, "CallerEnteredDigits");
  expect_error(CallDeliveredEventEncoder(buffer_, 25, {})
                   .caller_entered_digits(std::string_view("1\0002", 3))
                   .finish(),
               EncodeErrorCode::kTextHasNul, "CallerEnteredDigits");
}

TEST_F(Ged188Encoder, RefusesAMessageOfALaterVersion) {
  expect_error(StandbyActiveEventMsgEncoder(buffer_, 23).finish(),
               EncodeErrorCode::kMessageNotForVersion, "");
  EXPECT_TRUE(StandbyActiveEventMsgEncoder(buffer_, 24).finish().ok());
}

TEST_F(Ged188Encoder, WritesVersionsBelow9As9) {
  const AgentStateEventFixed fixed{.department_id = 5};
  const auto nine = AgentStateEventEncoder(buffer_, 9, fixed).agent_id("1").duration(5).finish();
  ASSERT_TRUE(nine.ok());
  const std::string expected = to_hex(*nine);
  for (Version version = 0; version < 9; ++version) {
    const auto frame =
        AgentStateEventEncoder(buffer_, version, fixed).agent_id("1").duration(5).finish();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(to_hex(*frame), expected);
  }
}

TEST_F(Ged188Encoder, NothingIsCutWhatTheNarrowHeaderCannotSayIsRefused) {
  const std::string raw(256, 'x');
  auto frame =
      OpenReqEncoder(buffer_, 19, {}).client_id("a").client_password(as_bytes(raw)).finish();
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, EncodeErrorCode::kFieldTooLong);
}

TEST_F(Ged188Encoder, FinishStrictRefusesWhatAStrictServerRefuses) {
  OpenReqFixed fixed{.invoke_id = 1, .version_number = 25, .idle_timeout = 120};
  const auto open = [&](std::string_view name) {
    return OpenReqEncoder(buffer_, 25, fixed).client_id(name).client_password({}).finish_strict();
  };
  EXPECT_TRUE(open("a").ok());
  expect_error(open("caf\xC3\xA9"), EncodeErrorCode::kRefused, "ClientID");
  EXPECT_EQ(open("caf\xC3\xA9").error().status, 62U);
  fixed.services_requested = 0x4000'0000;  // nobody has seen this bit
  expect_error(open("a"), EncodeErrorCode::kRefused, "ServicesRequested");
  EXPECT_EQ(open("a").error().status, 19U);
  EXPECT_NE(open("a").error().text().find("status 19"), std::string::npos);
  fixed.services_requested = 0;
  fixed.idle_timeout = 19;
  EXPECT_EQ(open("a").error().status, 18U);
  expect_error(OpenReqEncoder(buffer_, 25, fixed).client_id("a").finish_strict(),
               EncodeErrorCode::kRequiredMissing, "ClientPassword");
}

TEST_F(Ged188Encoder, RefusesASingleFieldTwice) {
  expect_error(AgentStateEventEncoder(buffer_, 15, {}).agent_id("1").agent_id("1").finish(),
               EncodeErrorCode::kFieldTwice, "AgentID");
}

TEST_F(Ged188Encoder, RefusesMoreEntriesThanTheListMayHave) {
  CallConferencedEventEncoder encoder(buffer_, 15, {});
  for (std::uint32_t i = 0; i < 17; ++i) encoder.add_party({.connected_party_call_id = i});
  expect_error(encoder.finish(), EncodeErrorCode::kTooManyEntries, "NumParties");
}

TEST_F(Ged188Encoder, RefusesAnEntryWithoutItsFirstFieldOrItsRecord) {
  expect_error(CallConferencedEventEncoder(buffer_, 15, {})
                   .add_party({.connected_party_device_id = "1"})
                   .finish(),
               EncodeErrorCode::kEntryIncomplete, "NumParties");
  expect_error(
      ConfigAgentEventEncoder(buffer_, 21).add_skill({.flt_skill_group_number = 1}).finish(),
      EncodeErrorCode::kEntryIncomplete, "NumSkills");
}

TEST_F(Ged188Encoder, RefusesTooMuchNamedData) {
  BeginCallEventEncoder encoder(buffer_, 15, {});
  const std::string value(200, 'v');
  for (int i = 0; i < 10; ++i) encoder.add_named_variable("name", value);  // names are not counted
  auto full = encoder;
  EXPECT_TRUE(full.finish().ok());
  expect_error(encoder.add_named_variable("", "v").finish(), EncodeErrorCode::kTooMuchNamedData,
               "NamedVariable");
}

TEST_F(Ged188Encoder, RefusesToFinishWithoutARequiredField) {
  expect_error(OpenReqEncoder(buffer_, 15, {}).client_id("a").finish(),
               EncodeErrorCode::kRequiredMissing, "ClientPassword");
}

TEST_F(Ged188Encoder, StopsAtTheEndOfTheBuffer) {
  std::array<std::byte, 20> small;
  expect_error(AgentStateEventEncoder(small, 15, {}).agent_id("1").finish(),
               EncodeErrorCode::kBufferTooSmall, "fixed part");
  std::array<std::byte, 8 + 58 + 4> tight;
  EXPECT_TRUE(AgentStateEventEncoder(tight, 15, {}).agent_id("1").finish().ok());
  expect_error(AgentStateEventEncoder(tight, 15, {}).agent_id("1").agent_extension("2").finish(),
               EncodeErrorCode::kBufferTooSmall, "AgentExtension");
}

TEST_F(Ged188Encoder, RefusesAFrameAboveTheProtocolsLimit) {
  const std::string text(254, 'x');
  ConfigAgentEventEncoder encoder(buffer_, 20);
  for (int i = 0; i < 10; ++i) {
    encoder.add_record({.record_type = std::uint16_t{0}, .login_name = text});
    for (std::uint32_t k = 0; k < 100; ++k) {
      encoder.add_skill(
          {.flt_skill_group_number = k, .flt_skill_group_priority = std::uint16_t{0}});
    }
  }
  const auto frame = encoder.finish();
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, EncodeErrorCode::kFrameTooLong);
  EXPECT_EQ(frame.error().limit, limits::kMessageBytesMax);
}

TEST_F(Ged188Encoder, KeepsTheFirstError) {
  expect_error(AgentStateEventEncoder(buffer_, 15, {})
                   .agent_id(std::string(20, 'x'))
                   .agent_extension(std::string(20, 'x'))
                   .finish(),
               EncodeErrorCode::kFieldTooLong, "AgentID");
}

}  // namespace
}  // namespace cti::wire::ged188
