// strict_test.cpp - each thing that a strict CTI Server refuses, with the status code that it answers.
#include "tests/unit/wire/ged188/body.hpp"
#include "tests/unit/wire/ged188/compare.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188_strict.hpp"

#include <gtest/gtest.h>

namespace cti::wire::ged188 {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

class Strict : public testing::TestWithParam<Version> {
 protected:
  Version version() const { return GetParam(); }

  /// A good OPEN_REQ, ready to be spoilt.
  Body open_req() const {
    return bare_open_req().field(1, "bridge\0"sv).field(2, "").field(3, "b-1\0"sv);
  }
  Body bare_open_req() const {
    Body body(version());
    body.zeros(44).at(4, version(), 4).at(8, 120, 4);
    return body;
  }
  /// A good CALL_DELIVERED_EVENT.
  Body delivered() const {
    Body body(version());
    body.zeros(54);
    for (const std::size_t offset : {8U, 10U, 18U, 38U, 40U, 42U, 44U, 46U, 48U})
      body.at(offset, 0xFFFF, 2);
    return body;
  }

  void expect_accepted(MessageType type, const Body& body) {
    const auto error =
        check_strict(*find_message(static_cast<std::uint32_t>(type)), body.bytes(), version());
    EXPECT_FALSE(error.has_value()) << error->text();
    EXPECT_EQ(
        disagreement(body.frame(static_cast<std::uint32_t>(type)), version(), Strictness::kStrict),
        "");
  }
  void expect_status(MessageType type, const Body& body, StatusCode status, DecodeErrorCode code,
                     std::string_view field = {}) {
    const auto error =
        check_strict(*find_message(static_cast<std::uint32_t>(type)), body.bytes(), version());
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(name_of(static_cast<StatusCode>(error->strict_status)), name_of(status))
        << error->text();
    EXPECT_EQ(name_of(error->code), name_of(code)) << error->text();
    EXPECT_EQ(error->field, field);
    EXPECT_EQ(
        disagreement(body.frame(static_cast<std::uint32_t>(type)), version(), Strictness::kStrict),
        "");
  }
};

TEST_P(Strict, AcceptsWhatIsInOrder) {
  expect_accepted(MessageType::kOpenReq, open_req());
  expect_accepted(MessageType::kCallDeliveredEvent, delivered());
}

TEST_P(Strict, Status2_MessageLengthDoesNotFitTheFixedPart) {
  expect_status(MessageType::kOpenReq, Body(version()).zeros(43), StatusCode::kInvalidMessageLength,
                DecodeErrorCode::kFixedTooShort);
  expect_status(MessageType::kHeartbeatReq, Body(version()).zeros(5),
                StatusCode::kInvalidMessageLength, DecodeErrorCode::kFixedTooLong);
  expect_status(MessageType::kOpenReq, Body(version()).zeros(limits::kBodyBytesMax + 1),
                StatusCode::kInvalidMessageLength, DecodeErrorCode::kFrameTooLong);
}

TEST_P(Strict, Status3_TagThatTheProtocolDoesNotHave) {
  expect_status(MessageType::kOpenReq, open_req().field(54, "x"), StatusCode::kInvalidFieldTag,
                DecodeErrorCode::kUnknownTag);
}

TEST_P(Strict, Status26_TagOfAnotherMessage) {
  expect_status(MessageType::kOpenReq, open_req().field(25, "d\0"sv),
                StatusCode::kInvalidTagForMsgType, DecodeErrorCode::kTagNotForMessage);
}

TEST_P(Strict, Status23_FieldTooLongOrOfAnotherWidth) {
  expect_status(MessageType::kOpenReq, open_req().field(4, "12345678901234567\0"sv),
                StatusCode::kInvalidFieldLength, DecodeErrorCode::kFieldLength, "AgentExtension");
  expect_status(MessageType::kOpenReq, open_req().number_field(97, 1, 2),
                StatusCode::kInvalidFieldLength, DecodeErrorCode::kFieldLength,
                "ApplicationPathID");
}

TEST_P(Strict, Status25_BadFormat) {
  expect_status(MessageType::kOpenReq, open_req().lying_field(4, 20, "x"),
                StatusCode::kBadMessageFormat, DecodeErrorCode::kFieldPastFrame, "AgentExtension");
  expect_status(MessageType::kOpenReq, open_req().number(4, 1), StatusCode::kBadMessageFormat,
                DecodeErrorCode::kStrayBytes);
  expect_status(MessageType::kOpenReq, open_req().field(1, "again\0"sv),
                StatusCode::kBadMessageFormat, DecodeErrorCode::kFieldTwice, "ClientID");
  expect_status(MessageType::kOpenReq, open_req().field(5, "1001"), StatusCode::kBadMessageFormat,
                DecodeErrorCode::kTextNotTerminated, "AgentID");
  expect_status(MessageType::kOpenReq, open_req().field(5, ""), StatusCode::kBadMessageFormat,
                DecodeErrorCode::kTextNotTerminated, "AgentID");
  expect_status(MessageType::kOpenReq, open_req().field(5, "1\0001\0"sv),
                StatusCode::kBadMessageFormat, DecodeErrorCode::kTextNotTerminated, "AgentID");
}

TEST_P(Strict, Status62_ControlAndNonAsciiBytesInText) {
  expect_status(MessageType::kOpenReq, open_req().field(5, "1\n\0"sv),
                StatusCode::kInvalidCharacter, DecodeErrorCode::kBadCharacter, "AgentID");
  expect_status(MessageType::kOpenReq, open_req().field(5, "\xE9\0"sv),
                StatusCode::kInvalidCharacter, DecodeErrorCode::kBadCharacter, "AgentID");
}

TEST_P(Strict, Status24_DigitsOnlyStrings) {
  expect_accepted(MessageType::kCallDeliveredEvent, delivered().field(12, "12*#\0"sv));
  expect_status(MessageType::kCallDeliveredEvent, delivered().field(12, "12a\0"sv),
                StatusCode::kInvalidDigits, DecodeErrorCode::kBadCharacter, "CallerEnteredDigits");
}

TEST_P(Strict, Status22_ReservedWordsNotZero) {
  expect_status(MessageType::kOpenReq, open_req().at(36, 1, 4), StatusCode::kInvalidReservedField,
                DecodeErrorCode::kReservedNotZero, "Reserved2");
}

TEST_P(Strict, Status19To21And95_UnusedMaskBits) {
  expect_status(MessageType::kOpenReq, open_req().at(16, 0x10000, 4),
                StatusCode::kInvalidServiceMask, DecodeErrorCode::kUnusedMaskBits,
                "ServicesRequested");
  // Known to servers, though no guide names them: a CTI OS server asks for two of them.
  expect_accepted(MessageType::kOpenReq, open_req().at(16, 0x44200, 4));
  expect_status(MessageType::kOpenReq, open_req().at(24, 0x4000, 4),
                StatusCode::kInvalidAgentStateMask, DecodeErrorCode::kUnusedMaskBits,
                "AgentStateMask");
  expect_status(MessageType::kOpenReq, open_req().at(28, 0x400, 4),
                StatusCode::kInvalidConfigMsgMask, DecodeErrorCode::kUnusedMaskBits,
                "ConfigMsgMask");
}

TEST_P(Strict, Status69And58To60_OtherMasks) {
  Body variables(version());
  expect_status(MessageType::kRegisterVariablesReq, variables.zeros(10).at(4, 0x400, 2),
                StatusCode::kInvalidCallVariableMask, DecodeErrorCode::kUnusedMaskBits,
                "CallVariableMask");
  const auto device = [&](std::size_t offset) {
    Body body(version());
    body.zeros(40).at(4, 0xFFFF, 2).at(offset, 0x80000000, 4);
    return body;
  };
  expect_status(MessageType::kQueryDeviceInfoConf, device(24),
                StatusCode::kInvalidTransferConferenceSetupMask, DecodeErrorCode::kUnusedMaskBits,
                "TransferConferenceSetup");
  expect_status(MessageType::kQueryDeviceInfoConf, device(32), StatusCode::kInvalidCallControlMask,
                DecodeErrorCode::kUnusedMaskBits, "CallControlSupported");
  expect_status(MessageType::kQueryDeviceInfoConf, device(36), StatusCode::kInvalidFeatureMask,
                DecodeErrorCode::kUnusedMaskBits, "OtherFeaturesSupported");
}

TEST_P(Strict, Status18_IdleTimeoutBelow20Seconds) {
  expect_status(MessageType::kOpenReq, open_req().at(8, 19, 4), StatusCode::kInvalidTimeout,
                DecodeErrorCode::kValueOutOfRange, "IdleTimeout");
  expect_accepted(MessageType::kOpenReq, open_req().at(8, 20, 4));
  expect_accepted(MessageType::kOpenReq, open_req().at(8, 0xFFFFFFFF, 4));
}

TEST_P(Strict, EnumerationsHaveTheirOwnStatus) {
  const std::tuple<std::size_t, StatusCode, std::string_view> cases[] = {
      {10, StatusCode::kInvalidConnectionIdType, "ConnectionDeviceIDType"},
      {18, StatusCode::kInvalidLineType, "LineType"},
      {38, StatusCode::kInvalidDeviceIdType, "AlertingDeviceType"},
      {46, StatusCode::kInvalidLclConnState, "LocalConnectionState"},
      {48, StatusCode::kInvalidEventCause, "EventCause"}};
  for (const auto& [offset, status, field] : cases) {
    expect_status(MessageType::kCallDeliveredEvent, delivered().at(offset, 999, 2), status,
                  DecodeErrorCode::kValueOutOfRange, field);
  }
  const std::tuple<std::size_t, StatusCode, std::string_view> call[] = {
      {8, StatusCode::kInvalidCallPlacementType, "CallPlacementType"},
      {10, StatusCode::kInvalidCallMannerType, "CallMannerType"},
      {14, StatusCode::kInvalidCallOption, "CallOption"},
      {16, StatusCode::kInvalidFacilityType, "FacilityType"},
      {18, StatusCode::kInvalidAnsweringMachine, "AnsweringMachine"}};
  for (const auto& [offset, status, field] : call) {
    Body body(version());
    body.zeros(version() >= 14 ? 32 : 28).at(offset, 99, 2);
    expect_status(MessageType::kMakeCallReq, body, status, DecodeErrorCode::kValueOutOfRange,
                  field);
  }
}

TEST_P(Strict, Status6_RequiredFieldMissing) {
  expect_status(MessageType::kOpenReq, bare_open_req().field(1, "a\0"sv),
                StatusCode::kRequiredDataMissing, DecodeErrorCode::kRequiredMissing,
                "ClientPassword");
}

TEST_P(Strict, Status30_39_40_77_78_CountsThatLie) {
  Body parties(version());
  parties.zeros(46).at(30, 2, 2);
  for (const std::size_t offset : {8U, 10U, 18U, 32U, 38U, 40U, 42U, 44U})
    parties.at(offset, 0xFFFF, 2);
  expect_status(MessageType::kCallConferencedEvent, parties, StatusCode::kInvalidNumParties,
                DecodeErrorCode::kCountMismatch, "NumParties");
  expect_status(MessageType::kCallDeliveredEvent, delivered().at(50, 1, 2),
                StatusCode::kInvalidNumNamedVariables, DecodeErrorCode::kCountMismatch,
                "NumNamedVariables");
  expect_status(MessageType::kCallDeliveredEvent, delivered().at(52, 1, 2),
                StatusCode::kInvalidNumNamedArrays, DecodeErrorCode::kCountMismatch,
                "NumNamedArrays");
  Body agent(version());
  agent.zeros(version() >= 19 ? 34 : 30).at(6, 21, 2);
  expect_status(MessageType::kQueryAgentStateConf, agent, StatusCode::kInvalidNumSkillGroups,
                DecodeErrorCode::kCountTooLarge, "NumSkillGroups");
  Body device(version());
  device.zeros(40).at(4, 0xFFFF, 2).at(10, 1, 2);
  expect_status(MessageType::kQueryDeviceInfoConf, device, StatusCode::kInvalidNumLines,
                DecodeErrorCode::kCountMismatch, "NumLines");
}

TEST_P(Strict, Status73And74_TooMuchNamedData) {
  const std::string value(200, 'v');
  Body many = delivered().at(50, 10, 2);
  for (int i = 0; i < 10; ++i) many.field(82, "n\0"s + value + '\0');
  expect_accepted(MessageType::kCallDeliveredEvent, many);  // 2,000 bytes: names are not counted
  many.at(50, 11, 2).field(82, "n\0v\0"s);
  expect_status(MessageType::kCallDeliveredEvent, many, StatusCode::kTooMuchData,
                DecodeErrorCode::kTooMuchNamedData);
  const std::string name(33, 'n'), longer(211, 'v');
  expect_status(MessageType::kCallDeliveredEvent,
                delivered().at(50, 1, 2).field(82, name + "\0v\0"s), StatusCode::kValueTooLong,
                DecodeErrorCode::kValueTooLong, "NamedVariable");
  expect_status(MessageType::kCallDeliveredEvent,
                delivered().at(50, 1, 2).field(82, "n\0"s + longer + '\0'),
                StatusCode::kValueTooLong, DecodeErrorCode::kValueTooLong, "NamedVariable");
  expect_status(MessageType::kCallDeliveredEvent, delivered().at(50, 1, 2).field(82, "no value"),
                StatusCode::kBadMessageFormat, DecodeErrorCode::kTextNotTerminated,
                "NamedVariable");
  expect_status(MessageType::kCallDeliveredEvent, delivered().at(52, 1, 2).field(83, ""),
                StatusCode::kInvalidFieldLength, DecodeErrorCode::kFieldLength, "NamedArray");
}

INSTANTIATE_TEST_SUITE_P(BothWidths, Strict, testing::Values(9, 15, 19, 20, 25));

class StrictVersions : public Strict {};

TEST_P(StrictVersions, Status48_MessageOfALaterVersion) {
  expect_status(MessageType::kAgentGreetingControlReq, Body(version()).zeros(10),
                StatusCode::kInvalidMsgTypeForVersion, DecodeErrorCode::kMessageNotForVersion);
}

TEST_P(StrictVersions, Status49_TagOfALaterVersion) {
  expect_status(MessageType::kCallDeliveredEvent, delivered().field(215, "1\0"sv),
                StatusCode::kInvalidTagForVersion, DecodeErrorCode::kTagNotForVersion, "ANI_II");
}

TEST_P(StrictVersions, Status19_ServiceBitOfALaterVersion) {
  expect_status(MessageType::kOpenReq, open_req().at(16, 0x02000000, 4),
                StatusCode::kInvalidServiceMask, DecodeErrorCode::kUnusedMaskBits,
                "ServicesRequested");
}

INSTANTIATE_TEST_SUITE_P(Old, StrictVersions, testing::Values(9, 10));

TEST(StrictUntil, Status49_TagThatALaterVersionWithdrew) {
  Body body(25);
  body.zeros(14).at(12, 0xFFFF, 2).field(217, "x\0"sv);
  const MessageRule& rule = *find_message("CLEAR_CONNECTION_REQ");
  const auto error = check_strict(rule, body.bytes(), 25);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->strict_status, 49U);
  EXPECT_FALSE(check_strict(rule, body.bytes(), 24).has_value());
}

TEST(StrictMask, Status20_CallMaskHasNoUnusedBits) {
  // All 32 bits are defined, so nothing is left to refuse.
  Body body(25);
  body.zeros(44).at(4, 25, 4).at(8, 120, 4).at(20, 0xFFFFFFFF, 4).field(1, "a\0"sv).field(2, "");
  EXPECT_FALSE(check_strict(*find_message("OPEN_REQ"), body.bytes(), 25).has_value());
}

}  // namespace
}  // namespace cti::wire::ged188
