// keyword_test.cpp - keywords, events, requests and codes by name and number.
#include "wire/keyword.hpp"

#include "wire/ctios_enums.hpp"
#include "wire/error_code.hpp"
#include "wire/event_id.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

namespace cti::wire {
namespace {

std::string swapped_case(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    out += static_cast<char>(std::isupper(code) ? std::tolower(code) : std::toupper(code));
  }
  return out;
}

TEST(Keyword, EveryNameComesBackInAnyCase) {
  std::set<std::string> names;
  std::size_t known = 0;
  for (std::uint32_t id = 1; id <= 0xFFFF; ++id) {
    const auto keyword = static_cast<Keyword>(id);
    const std::string_view name = name_of(keyword);
    if (name.empty()) continue;
    ++known;
    EXPECT_TRUE(names.insert(std::string(name)).second) << name;
    EXPECT_EQ(keyword_from(name), keyword) << name;
    EXPECT_EQ(keyword_from(swapped_case(name)), keyword) << name;
  }
  EXPECT_EQ(known, kKeywords);
}

TEST(Keyword, UnknownTextIsNoKeyword) {
  EXPECT_FALSE(keyword_from(""));
  EXPECT_FALSE(keyword_from("AgentI"));
  EXPECT_FALSE(keyword_from("AgentIDD"));
  EXPECT_FALSE(keyword_from(" AgentID"));
  EXPECT_FALSE(keyword_from(std::string(1000, 'A')));
  EXPECT_TRUE(name_of(Keyword::kOwnKey).empty());
  EXPECT_TRUE(name_of(static_cast<Keyword>(0x3FFF)).empty());
}

TEST(Keyword, TwoSpellingsAreOneKeyword) {
  EXPECT_EQ(Keyword::PayLoadType, Keyword::PayloadType);
  EXPECT_EQ(keyword_from("PAYLOADTYPE"), Keyword::PayloadType);
}

TEST(Keyword, KnowsTheDocumentedTypes) {
  EXPECT_EQ(expected_types(Keyword::AgentID), mask_of(ArgType::kString));
  EXPECT_EQ(expected_types(Keyword::AgentState), mask_of(ArgType::kShort) | mask_of(ArgType::kInt));
  EXPECT_EQ(expected_types(Keyword::ECC), mask_of(ArgType::kArguments));
  EXPECT_EQ(expected_types(Keyword::kOwnKey), 0);
}

TEST(EventId, DocumentedNumbersHold) {
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eCallBeginEvent), 23U);
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eCallEndEvent), 24U);
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eAgentStateEvent), 30U);
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eRTPStartedEvent), 116U);
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eRTPStoppedEvent), 117U);
  EXPECT_EQ(static_cast<std::uint32_t>(EventId::eNewSkillGroupStatisticsEvent), 0x20000073U);
}

TEST(EventId, NamesAndCallbacks) {
  EXPECT_EQ(name_of(EventId::eAgentStateEvent), "eAgentStateEvent");
  EXPECT_EQ(callback_name(EventId::eAgentStateEvent), "OnAgentStateChange");
  EXPECT_EQ(event_from("onagentstatechange"), EventId::eAgentStateEvent);
  EXPECT_EQ(event_from("ECTIOSFAILUREEVENT"), EventId::eCTIOSFailureEvent);
  EXPECT_FALSE(event_from(""));
  EXPECT_FALSE(event_from("eNoSuchEvent"));
  EXPECT_TRUE(name_of(static_cast<EventId>(9999)).empty());
}

TEST(EventId, OnlySomeMayBeFiltered) {
  EXPECT_TRUE(filterable(EventId::eAgentStateEvent));
  EXPECT_FALSE(filterable(EventId::ePreLogoutEvent));
  EXPECT_FALSE(filterable(EventId::eOnMonitoredCallBegin));
  EXPECT_FALSE(filterable(EventId::eOnHeartbeat));
  EXPECT_TRUE(filterable(static_cast<EventId>(9999)));
}

TEST(RequestId, IsConfirmedAndReportedAsDocumented) {
  EXPECT_EQ(confirmation_of(RequestId::eAnswerCallRequest), EventId::eAnswerCallConf);
  EXPECT_EQ(confirmation_of(static_cast<RequestId>(9999)), EventId::eUnknownEvent);
  EXPECT_EQ(reported_as(RequestId::eLoginRequest), RequestId::eSetAgentStateRequest);
  EXPECT_EQ(reported_as(RequestId::eHoldCallRequest), RequestId::eHoldCallRequest);
  EXPECT_EQ(request_from("eholdcallrequest"), RequestId::eHoldCallRequest);
  EXPECT_EQ(name_of(RequestId::eMakeCallRequest), "eMakeCallRequest");
}

TEST(CtiosEnums, NumbersAndNames) {
  EXPECT_EQ(ctios::eAvailable, 3);
  EXPECT_EQ(name_of(ctios::eNotReady), "eNotReady");
  EXPECT_EQ(ctios::LCS_HELD, ctios::LCS_HOLD);
  EXPECT_EQ(name_of(ctios::LCS_HELD), "LCS_HOLD");
  EXPECT_EQ(name_of(static_cast<ctios::AgentState>(77)), "");
  EXPECT_EQ(ctios::ENABLE_LOGIN, 0x01000000U);
  EXPECT_EQ(ctios::DISABLE_SET_AGENT_STATE, 0xFFFFFFFCU);
  EXPECT_EQ(static_cast<int>(ctios::E_CTIOS_IN_FAILOVER), -114);
  EXPECT_EQ(name_of(ctios::CIL_OK), "CIL_OK");
}

}  // namespace
}  // namespace cti::wire
