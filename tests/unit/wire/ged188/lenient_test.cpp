// lenient_test.cpp - the other forms that real peers write (the schema's doubts) are read, and written back as they were.
#include "tests/unit/wire/ged188/body.hpp"
#include "tests/unit/wire/ged188/compare.hpp"
#include "tests/unit/wire/ged188/hex.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188_table.hpp"

#include <gtest/gtest.h>

namespace cti::wire::ged188 {
namespace {

using std::string_view_literals::operator""sv;

class Lenient : public testing::TestWithParam<Version> {
 protected:
  Version version() const { return GetParam(); }

  template <class View>
  View decoded(const Body& body) {
    EXPECT_EQ(disagreement(body.frame(static_cast<std::uint32_t>(View::kType)), version(),
                           Strictness::kLenient),
              "");
    auto view = View::decode(body.bytes(), version());
    if (!view) throw std::runtime_error(view.error().text());
    return *view;
  }
  template <class View>
  bool strictly_refused(const Body& body) {
    EXPECT_EQ(disagreement(body.frame(static_cast<std::uint32_t>(View::kType)), version(),
                           Strictness::kStrict),
              "");
    return !View::decode(body.bytes(), version(), Strictness::kStrict).ok();
  }
};

TEST_P(Lenient, D01_FailureConfOf8Or10Bytes) {
  Body plain(version());
  const auto by_status = decoded<FailureConfView>(plain.number(7, 4).number(12, 4));
  EXPECT_TRUE(by_status.has_status());
  EXPECT_EQ(by_status.status(), 12U);
  EXPECT_FALSE(by_status.has_failure_code());
  Body other(version());
  other.number(7, 4).number(257, 2).number(99, 4);
  const auto by_code = decoded<FailureConfView>(other);
  EXPECT_EQ(by_code.invoke_id(), 7U);
  EXPECT_FALSE(by_code.has_status());
  EXPECT_EQ(by_code.failure_code(), 257);
  EXPECT_EQ(by_code.peripheral_error_code(), 99U);
  EXPECT_TRUE(strictly_refused<FailureConfView>(other));
}

TEST_P(Lenient, D02_ConfigRequestWithAMaskInTheMiddle) {
  Body plain(version());
  plain.number(15, 4).number(5000, 4).number_field(131, 1, 4);
  const auto believed = decoded<ConfigRequestEventView>(plain);
  EXPECT_EQ(believed.peripheral_id(), 5000U);
  EXPECT_FALSE(believed.has_config_msg_mask());
  Body other(version());
  other.number(15, 4).number(31, 4).number(5000, 4);
  const auto with_mask = decoded<ConfigRequestEventView>(other);
  EXPECT_EQ(with_mask.config_information(), 15U);
  EXPECT_EQ(with_mask.config_msg_mask(), 31U);
  EXPECT_EQ(with_mask.peripheral_id(), 5000U);
  EXPECT_TRUE(strictly_refused<ConfigRequestEventView>(other));
}

TEST_P(Lenient, D03_RequestingDeviceTypeFixedOrFloating) {
  Body believed(version());
  believed.zeros(14).field(25, "d\0"sv).number_field(220, 0, 2);
  EXPECT_EQ(decoded<ClearConnectionReqView>(believed).requesting_device_id_type(), 0);
  for (const unsigned value : {0U, 70U, 79U, 0xFFFFU}) {
    Body printed(version());
    printed.zeros(14).number(value, 2).field(25, "d\0"sv);
    const auto view = decoded<ClearConnectionReqView>(printed);
    EXPECT_EQ(view.requesting_device_id_type(), value);
    EXPECT_EQ(view.connection_device_id(), "d");
  }
  EXPECT_EQ(decoded<ClearConnectionReqView>(Body(version()).zeros(14)).requesting_device_id_type(),
            std::nullopt);
}

TEST_P(Lenient, D10_SignatureOfAgentStatesUnderEitherTag) {
  Body body(version());
  body.zeros(version() >= 19 ? 62 : version() >= 13 ? 58 : 56).field(23, "sig\0"sv);
  EXPECT_EQ(decoded<AgentStateEventView>(body).cti_client_signature(), "sig");
  EXPECT_TRUE(strictly_refused<AgentStateEventView>(body));
}

TEST_P(Lenient, D25_AgentIdUnderEitherTag) {
  Body body(version());
  const std::string long_id(100, '7');
  body.zeros(version() >= 19 ? 62 : version() >= 13 ? 58 : 56).field(194, long_id + '\0');
  EXPECT_EQ(decoded<AgentStateEventView>(body).agent_id(), long_id);
}

TEST_P(Lenient, D11_AutoWorkOfTwoOrFourBytes) {
  for (const unsigned width : {2U, 4U}) {
    Body body(version());
    body.number(1, 2).number_field(183, 0, 2).number_field(185, 1, width);
    const auto view = decoded<ConfigSkillGroupEventView>(body);
    for (const auto record : view.records()) EXPECT_EQ(record.auto_work(), 1);
  }
}

TEST_P(Lenient, D15_ListsInRecordsAsPairsOrAsArrays) {
  Body pairs(version());
  pairs.number(1, 2).number_field(183, 0, 2).number_field(191, 2, 2);
  pairs.number_field(62, 7, 4).number_field(64, 1, 2).number_field(62, 8, 4).number_field(64, 2, 2);
  Body arrays(version());
  arrays.number(1, 2).number_field(183, 0, 2).number_field(191, 2, 2);
  arrays.field(62, "\0\0\0\7\0\0\0\10"sv).field(64, "\0\1\0\2"sv);
  for (const Body& body : {pairs, arrays}) {
    const auto view = decoded<ConfigAgentEventView>(body);
    std::string seen;
    for (const auto record : view.records()) {
      for (const auto skill : record.skills()) {
        seen += std::to_string(*skill.flt_skill_group_number()) + "/" +
                std::to_string(*skill.flt_skill_group_priority()) + " ";
      }
    }
    EXPECT_EQ(seen, "7/1 8/2 ");
  }
}

TEST_P(Lenient, D16_SkillGroupsOfAgentsUnderEitherTag) {
  Body body(version());
  body.number(1, 2).number_field(183, 0, 2).number_field(191, 1, 2).number_field(139, 7, 4);
  const auto view = decoded<ConfigAgentEventView>(body);
  for (const auto record : view.records()) {
    for (const auto skill : record.skills()) EXPECT_EQ(skill.flt_skill_group_number(), 7U);
  }
}

TEST_P(Lenient, D26_StringsWithoutNulAndOfLengthZero) {
  Body body(version());
  body.zeros(44).at(4, version(), 4).field(1, "bridge").field(2, "").field(3, "");
  const auto view = decoded<OpenReqView>(body);
  EXPECT_EQ(view.client_id(), "bridge");
  EXPECT_EQ(view.client_signature(), "");
  ASSERT_TRUE(view.client_password());
  EXPECT_TRUE(view.client_password()->empty());
}

TEST_P(Lenient, D27_FieldsOfAnEntryInAnyOrder) {
  Body body(version());
  body.zeros(6).at(4, 2, 2);
  body.number_field(75, 2, 2).number_field(56, 1, 4);
  body.number_field(56, 2, 4).number_field(75, 3, 2);
  std::string seen;
  for (const auto call : decoded<SnapshotDeviceConfView>(body).calls()) {
    seen += std::to_string(*call.call_connection_call_id()) + "/" +
            std::to_string(*call.call_state()) + " ";
  }
  EXPECT_EQ(seen, "1/2 2/3 ");
}

TEST_P(Lenient, AllMaskBitsAndUndefinedValuesAreReadAsTheyStand) {
  Body body(version());
  body.zeros(44)
      .at(4, version(), 4)
      .at(16, 0xFFFFFFFF, 4)
      .at(20, 0xFFFFFFFF, 4)
      .field(1, "a\0"sv)
      .field(2, "");
  EXPECT_EQ(decoded<OpenReqView>(body).services_requested(), 0xFFFFFFFFU);
  EXPECT_TRUE(strictly_refused<OpenReqView>(body));
}

INSTANTIATE_TEST_SUITE_P(BothWidths, Lenient, testing::Values(9, 15, 19, 20, 25));

TEST(LenientVersions, D09_SessionTypeAtVersion23IsToldFromATag) {
  Body with_type(23);
  with_type.zeros(30).number(2, 2);
  const auto standby = OpenConfView::decode(with_type.bytes(), 23);
  ASSERT_TRUE(standby.ok());
  EXPECT_TRUE(standby->has_session_type());
  EXPECT_EQ(standby->session_type(), 2);
  Body without(23);
  without.zeros(30).field(5, "1001\0"sv);
  const auto plain = OpenConfView::decode(without.bytes(), 23);
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->has_session_type());
  EXPECT_EQ(plain->agent_id(), "1001");
}

TEST(LenientVersions, LongerFixedPartsOfNewerVersionsAreRead) {
  // A server that writes version 19's 62 bytes on a connection of version 15.
  Body body(15);
  body.zeros(58).number(77, 4).field(5, "1001\0"sv);
  const auto view = AgentStateEventView::decode(body.bytes(), 15);
  ASSERT_TRUE(view.ok()) << view.error().text();
  EXPECT_TRUE(view->has_department_id());
  EXPECT_EQ(view->department_id(), 77);
  EXPECT_EQ(view->agent_id(), "1001");
  EXPECT_EQ(disagreement(body.frame(30), 15, Strictness::kLenient), "");
  EXPECT_FALSE(AgentStateEventView::decode(body.bytes(), 15, Strictness::kStrict).ok());
}

TEST(LenientVersions, FieldsThatAVersionLacksSayNone) {
  Body body(9);
  body.zeros(56);
  const auto view = AgentStateEventView::decode(body.bytes(), 9);
  ASSERT_TRUE(view.ok());
  EXPECT_FALSE(view->has_department_id());
  EXPECT_EQ(view->department_id(), 0);
  EXPECT_EQ(view->num_flt_skill_groups(), 0);
  Body old(13);
  old.zeros(28);
  const auto call = MakeCallReqView::decode(old.bytes(), 13);
  ASSERT_TRUE(call.ok());
  EXPECT_FALSE(call->has_skill_group_number());
  EXPECT_EQ(call->skill_group_number(), 0xFFFFFFFFU);
}

TEST(LenientVersions, D28_RecordTypeFirstOrLast) {
  Body last(24);
  last.number(1, 2)
      .number_field(141, 5001, 4)
      .number_field(310, 1, 2)
      .number_field(309, 1, 2)
      .number_field(183, 0, 2);
  Body first(24);
  first.number(1, 2)
      .number_field(183, 0, 2)
      .number_field(141, 5001, 4)
      .number_field(310, 1, 2)
      .number_field(309, 1, 2);
  for (const Body& body : {first, last}) {
    const auto view = ConfigAgentServiceEventView::decode(body.bytes(), 24);
    ASSERT_TRUE(view.ok()) << view.error().text();
    for (const auto record : view->records()) {
      EXPECT_EQ(record.agent_skill_target_id(), 5001U);
      EXPECT_EQ(record.record_type(), 0);
      for (const auto service : record.enabled_services())
        EXPECT_EQ(service.flt_enabled_services(), 1);
    }
  }
}

TEST(LenientVersions, D17_EnabledServicesAsFieldsOrAsOneArray) {
  Body fields(25), array(25);
  fields.zeros(20).number_field(310, 2, 2).number_field(309, 1, 2).number_field(309, 2, 2);
  array.zeros(20).number_field(310, 2, 2).field(309, "\0\1\0\2"sv);
  for (const Body& body : {fields, array}) {
    EXPECT_EQ(disagreement(body.frame(283), 25, Strictness::kLenient), "");
    EXPECT_FALSE(decode_table(body.frame(283), 25).error);
  }
}

}  // namespace
}  // namespace cti::wire::ged188
