// roles_test.cpp - what a message is in a dialogue, as the generated switches say it, against the schema's tables.
#include "wire/ged188/roles.hpp"
#include "wire/ged188_rules.hpp"

#include <gtest/gtest.h>

#include <set>

namespace cti::wire::ged188 {
namespace {

MessageType type_of(const MessageRule& rule) { return static_cast<MessageType>(rule.number); }

TEST(Ged188Roles, ConfirmationsAreThoseOfTheSchema) {
  std::size_t requests = 0;
  for (const MessageRule& rule : all_messages()) {
    const auto confirmation = confirmation_of(type_of(rule));
    EXPECT_EQ(confirmation ? name_of(*confirmation) : std::string_view{}, rule.reply) << rule.name;
    requests += confirmation.has_value();
  }
  EXPECT_GT(requests, 60U);
  EXPECT_EQ(confirmation_of(MessageType{60'000}), std::nullopt);
}

TEST(Ged188Roles, AConfirmationIsNotAlwaysTheNextNumber) {
  EXPECT_EQ(confirmation_of(MessageType::kMakeCallReq), MessageType::kMakeCallConf);
  EXPECT_EQ(confirmation_of(MessageType::kTeamConfigReq), MessageType::kTeamConfigConf);
  EXPECT_EQ(static_cast<std::uint32_t>(MessageType::kTeamConfigConf),
            static_cast<std::uint32_t>(MessageType::kTeamConfigReq) + 2);
}

TEST(Ged188Roles, WhatAnswersBeginsWithTheInvokeIdOfTheRequest) {
  std::set<std::string_view> answers;
  for (const MessageRule& rule : all_messages()) {
    answers.insert(rule.reply);
    answers.insert(rule.refusal);
  }
  for (const MessageRule& rule : all_messages()) {
    const bool numbered =
        !rule.published() || (!rule.fixed.empty() && rule.fixed.front().name == "InvokeID");
    EXPECT_EQ(begins_with_invoke_id(type_of(rule)), numbered) << rule.name;
    EXPECT_EQ(is_answer(type_of(rule)), numbered && answers.contains(rule.name)) << rule.name;
  }
  EXPECT_TRUE(is_answer(MessageType::kFailureConf));
  EXPECT_FALSE(is_answer(MessageType::kConfigBeginEvent)) << "carries no InvokeID";
  EXPECT_TRUE(begins_with_invoke_id(MessageType{60'000})) << "as a request of tomorrow would";
}

}  // namespace
}  // namespace cti::wire::ged188
