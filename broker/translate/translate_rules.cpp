// translate_rules.cpp - what agents are asked at logout, NotReady and wrap-up: configured, told with state and team.
//
// Shape    what is required stands in every record of a state or a team: it is a function of the team alone, whatever was
//          heard. The words to choose from are told apart, when an agent becomes known or comes to another team.
#include "broker/translate/translator.hpp"

#include <string>

namespace cti::broker {

using wire::EventId;
using wire::Keyword;

void Translator::add_rules(ArgSheet& sheet, std::uint32_t team) const {
  const AgentRules& rules = rules_of(rules_, team);
  sheet.add_bool<Keyword::LogoutReasonRequired>(rules.logout_reason_required);
  sheet.add_bool<Keyword::NotReadyReasonRequired>(rules.not_ready_reason_required);
}

// To the fold only. Empty lists too: they replace those of the team before.
void Translator::tell_rule_lists(std::uint64_t agent_key) {
  const AgentEntry* const agent = map_.agent(agent_key);
  if (agent == nullptr) return;
  const AgentRules& rules = rules_of(rules_, agent->team);
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(agent->id.view());
  const auto reasons = [](wire::ArgumentsWriter& writer, Keyword keyword,
                          const std::vector<ReasonCode>& all) {
    writer.begin_nested(keyword);
    for (const ReasonCode& reason : all) writer.add_int(reason.text, reason.code);
    writer.end_nested();
  };
  const RecordInfo info{.event = EventId::eUnknownEvent,
                        .topics = wire::topic::kAgent,
                        .object_key = agent_key,
                        .agent_key = agent_key,
                        .peripheral_id = agent->peripheral_id,
                        .flags = wire::update_flag::kArtificial};
  emit(info, sheet, [&](wire::ArgumentsWriter& writer) {
    writer.begin_nested(Keyword::IncomingWrapupStrings);
    std::uint32_t number = 0;
    for (const std::string& words : rules.wrapup_strings)
      writer.add_string(std::to_string(++number), words);
    writer.end_nested();
    reasons(writer, Keyword::LogoutReasonCodes, rules.logout_reasons);
    reasons(writer, Keyword::NotReadyReasonCodes, rules.not_ready_reasons);
  });
}

}  // namespace cti::broker
