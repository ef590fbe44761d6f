// names_test.cpp - numbers and names of messages, tags, fields and enumerations.
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/tag.hpp"
#include "wire/ged188_rules.hpp"

#include <gtest/gtest.h>

namespace cti::wire::ged188 {
namespace {

TEST(Ged188Names, MessageTypesHaveTheGuidesNamesAndBack) {
  EXPECT_EQ(name_of(MessageType::kAgentStateEvent), "AGENT_STATE_EVENT");
  EXPECT_EQ(static_cast<std::uint32_t>(MessageType::kAgentStateEvent), 30U);
  EXPECT_EQ(message_type_from("OPEN_REQ"), MessageType::kOpenReq);
  EXPECT_EQ(message_type_from("OPEN_REQ "), std::nullopt);
  EXPECT_EQ(name_of(static_cast<MessageType>(66)), "");
  for (const MessageRule& rule : all_messages()) {
    EXPECT_EQ(name_of(static_cast<MessageType>(rule.number)), rule.name);
    EXPECT_EQ(message_type_from(rule.name), static_cast<MessageType>(rule.number));
  }
}

TEST(Ged188Names, AllThatIsKnownIsThere) {
  EXPECT_EQ(all_messages().size(), 243U);
  EXPECT_EQ(all_tags().size(), 242U);
  std::size_t published = 0;
  for (const MessageRule& rule : all_messages()) published += rule.published();
  EXPECT_EQ(published, 167U);
}

TEST(Ged188Names, TagsHaveTheGuidesNames) {
  EXPECT_EQ(name_of(Tag::kClientId), "CLIENT_ID_TAG");
  EXPECT_EQ(static_cast<std::uint16_t>(Tag::kNamedVariable), 82U);
  EXPECT_EQ(name_of(static_cast<Tag>(54)), "");
  EXPECT_EQ(kWidthOfTag[static_cast<std::size_t>(Tag::kClientId)], 0);
  EXPECT_EQ(kWidthOfTag[62], 4);
}

TEST(Ged188Names, EnumeratorsDropTheCommonPrefixAndKeepTheirNumber) {
  EXPECT_EQ(static_cast<int>(AgentState::kNotReady), 2);
  EXPECT_EQ(name_of(AgentState::kNotReady), "AGENT_STATE_NOT_READY");
  EXPECT_EQ(name_of(static_cast<AgentState>(99)), "");
  EXPECT_EQ(name_of(StatusCode::kTooMuchData), "E_CTI_TOO_MUCH_DATA");
  EXPECT_EQ(name_of(EventCause::kBusy), "CEC_BUSY");
  EXPECT_EQ(name_of(EventCause::kCecxBusy), "CECX_BUSY");
  EXPECT_EQ(service_mask::kAllEvents, 0x10U);
  EXPECT_EQ(agent_state_mask::kAll, 0x3FFFU);
  EXPECT_EQ(kNullCallId, 0xFFFFFFFFU);
}

TEST(Ged188Names, ViewsKnowTheirTypeAndName) {
  EXPECT_EQ(MakeCallReqView::kType, MessageType::kMakeCallReq);
  EXPECT_EQ(MakeCallReqView::kName, "MAKE_CALL_REQ");
}

TEST(Ged188Names, TypesHaveNamesAndWidths) {
  for (const FieldType type :
       {FieldType::kUchar, FieldType::kUshort, FieldType::kShort, FieldType::kBool,
        FieldType::kUint, FieldType::kInt, FieldType::kTime, FieldType::kString, FieldType::kUnspec,
        FieldType::kNamedVar, FieldType::kNamedArray}) {
    EXPECT_NE(name_of(type), "");
  }
  EXPECT_EQ(width_of(FieldType::kBool), 2U);
  EXPECT_EQ(width_of(FieldType::kString), 0U);
}

}  // namespace
}  // namespace cti::wire::ged188
