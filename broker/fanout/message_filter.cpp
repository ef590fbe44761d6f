// message_filter.cpp - matching of compiled filters; the compiler is in message_filter_compile.cpp.
#include "broker/fanout/message_filter.hpp"

#include "broker/model/object_id.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cti::broker {

using wire::Arg;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::size_t kAgentIdBytesMax = 128;  // longer ones are in the record's AgentID or nowhere

/// "agent.<peripheral>.<agent>" hashed, without allocation; 0 when it is too long.
std::uint64_t agent_key_of(std::uint32_t peripheral, std::string_view agent) noexcept {
  char text[6 + 10 + 1 + kAgentIdBytesMax];
  if (agent.size() > kAgentIdBytesMax) return 0;
  std::memcpy(text, "agent.", 6);
  char* at = std::to_chars(text + 6, text + 16, peripheral).ptr;
  *at++ = '.';
  std::memcpy(at, agent.data(), agent.size());
  return wire::object_key({text, static_cast<std::size_t>(at - text) + agent.size()});
}

/// Whose the object is. The record's position names the peripheral that stands for the log.
std::uint32_t peripheral_of(const wire::UpdateView& update) noexcept {
  const auto id = update.arguments().string(Keyword::UniqueObjectID);
  const auto parts = id ? parse_object_id(*id) : std::nullopt;
  return parts ? parts->peripheral : update.peripheral_id();
}

/// Calls accept(text) with the value as text; numbers in decimal. Arrays have no text.
template <class Accept>
bool with_text(const Arg& arg, Accept&& accept) noexcept {
  if (arg.is_string()) return accept(arg.string());
  if (!arg.is_integer()) return false;
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, arg.integer()).ptr;
  return accept(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

bool of_silent_monitor(const wire::ArgumentsView& arguments) noexcept {
  return arguments.integer(Keyword::CallType) == wire::ctios::CALLTYPE_SUPERVISOR_MONITOR ||
         arguments.integer(Keyword::SilentMonitor).value_or(0) != 0;
}

}  // namespace

bool MessageFilter::Term::accepts(std::string_view value) const noexcept {
  if (any || std::binary_search(exact.begin(), exact.end(), value)) return true;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return value.starts_with(prefix); });
}

bool MessageFilter::holds(const Term& term, const wire::UpdateView& update,
                          const wire::ArgumentsView& arguments, bool snapshot) noexcept {
  const auto holds_for = [&](const std::optional<Arg>& arg) {
    if (!arg) return false;
    return term.any || with_text(*arg, [&](std::string_view text) { return term.accepts(text); });
  };
  switch (term.kind) {
    case Kind::kMessageId:
      if (snapshot && (update.topics() & term.topics) != 0) return true;
      return std::binary_search(term.numbers.begin(), term.numbers.end(),
                                static_cast<std::uint64_t>(update.event_id()));
    case Kind::kStatistics:
      return update.event_id() == EventId::eNewSkillGroupStatisticsEvent ||
             update.event_id() == EventId::eSkillInfoEvent ||
             (snapshot && (update.topics() & wire::topic::kSkillGroup) != 0);
    case Kind::kHideSilent:
      return (update.topics() & wire::topic::kCall) == 0 || !of_silent_monitor(arguments);
    case Kind::kUniqueObjectId:
      if (update.object_key() == 0) return false;
      if (term.any) return true;
      if (std::binary_search(term.numbers.begin(), term.numbers.end(), update.object_key()))
        return true;
      return !term.prefixes.empty() && holds_for(arguments.find(Keyword::UniqueObjectID));
    case Kind::kAgentId: {
      const auto arg = arguments.find(Keyword::AgentID);
      if (arg) return holds_for(arg);
      if (update.agent_key() == 0) return false;
      return term.any ||
             std::any_of(term.exact.begin(), term.exact.end(), [&](const std::string& agent) {
               return agent_key_of(peripheral_of(update), agent) == update.agent_key();
             });
    }
    case Kind::kEcc: {
      const auto ecc = arguments.arguments(Keyword::ECC);
      return ecc && holds_for(ecc->find(wire::ArgKey(std::string_view(term.own))));
    }
    case Kind::kKeyword:
      return holds_for(arguments.find(term.keyword));
  }
  return false;
}

bool MessageFilter::matches(const wire::UpdateView& update) const noexcept {
  const wire::ArgumentsView arguments = update.arguments();
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return holds(term, update, arguments, false); });
}

bool MessageFilter::matches_snapshot(const wire::UpdateView& update) const noexcept {
  const wire::ArgumentsView arguments = update.arguments();
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return holds(term, update, arguments, true); });
}

}  // namespace cti::broker
