// message_filter.hpp - the filter text of monitor mode, compiled once and matched against every update.
//
// Grammar  filter = term *(";" term); term = key "=" value *("," value). Blanks around keys and values do not count, an
//          empty last term neither. Values of a key are alternatives, terms must all hold. A value may end in "*": then
//          what stands before it must begin the value of the event (what follows the star is ignored); a star alone
//          asks only that the key is there.
// Keys     any keyword of CTI OS, in any case, and user.<name>, looked for in ECC. MessageID takes event numbers. Special:
//          FilterTarget=SkillGroupStats, HideSilentMonitorCallEvents (also HideSilentMonitorCalls), alone or =1.
// AgentID  is compared with the keyword of the record and, where a record has none, with the agent that the record
//          concerns: so AgentID=5013 means that agent and its calls. A prefix can only be compared with the keyword.
// Refused  events that cannot be filtered (pre and post logout, connection and heartbeat events, current call and agent,
//          everything monitored: use the plain event with Monitored=1), unknown keys, values that can never match.
// Shared   text() is canonical: filters that mean the same in the same words share it, and with it a channel.
// Cost     matching allocates nothing and looks at each term's key once; cost() bounds the work, and is bounded itself.
// Threads  a compiled filter is constant.
#pragma once

#include "core/base/result.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

struct FilterLimits {
  std::uint32_t text_bytes_max = 4096;
  std::uint32_t terms_max = 16;
  std::uint32_t values_max = 512;  ///< over all terms
  std::uint32_t cost_max = 256;
};

enum class FilterFault : std::uint8_t {
  kEmpty = 1,           ///< no term at all
  kTextTooLong,         ///< limit: text_bytes_max
  kTooManyTerms,        ///< limit: terms_max
  kTooManyValues,       ///< limit: values_max
  kTooCostly,           ///< limit: cost_max
  kBadCharacter,        ///< a control character
  kKeyMissing,          ///< nothing before the equals sign, or an empty term
  kEqualsMissing,       ///< a key without "="
  kValueMissing,        ///< an empty value
  kKeyUnknown,          ///< not a keyword of CTI OS
  kNotANumber,          ///< the key takes numbers
  kNumberOutOfRange,    ///< MessageID beyond 32 bits
  kValueUnknown,        ///< a special key with a value that it does not have
  kEventNotFilterable,  ///< CTI OS never gives this event to a filter
};
std::string_view name_of(FilterFault fault) noexcept;

struct [[nodiscard]] FilterError {
  FilterFault fault{};
  std::uint32_t offset = 0;  ///< byte of the text where it was noticed
  std::uint32_t limit = 0;   ///< 0 when the fault is not about a limit
  std::string subject;       ///< the key, value or event that is meant; printable, at most 64 bytes
};
/// One sentence for the person who wrote the filter.
std::string describe(const FilterError& error);

/// What a filter needs at the least, so that a reactor can look updates up instead of matching each. Zero: not said.
/// agent_key relies on records that carry AgentID to name that agent as the one concerned.
struct IndexHint {
  std::uint64_t object_key = 0;  ///< only updates of this object match
  std::uint64_t agent_key = 0;   ///< only updates that concern this agent match
};

class MessageFilter {
 public:
  static Result<MessageFilter, FilterError> compile(std::string_view text,
                                                    const FilterLimits& limits = {});

  bool matches(const wire::UpdateView& update) const noexcept;
  /// For the objects of a snapshot: event numbers stand for the kinds of objects they are about (30 lets agents
  /// through, 23 calls), everything else is as in matches().
  bool matches_snapshot(const wire::UpdateView& update) const noexcept;
  /// Every update matches.
  bool matches_everything() const noexcept { return terms_.empty(); }

  /// Canonical; compiles to an equal filter.
  const std::string& text() const noexcept { return text_; }
  std::uint64_t hash() const noexcept { return hash_; }
  /// 1 per key to look for, and 1 per 16 values; at least 1.
  std::uint32_t cost() const noexcept { return cost_; }
  IndexHint index_hint() const noexcept { return hint_; }

 private:
  friend class FilterCompiler;
  enum class Kind : std::uint8_t {
    kKeyword,
    kMessageId,
    kUniqueObjectId,
    kAgentId,
    kEcc,
    kStatistics,
    kHideSilent
  };
  struct Term {
    Kind kind = Kind::kKeyword;
    bool any = false;  ///< a star alone
    wire::Keyword keyword = wire::Keyword::kOwnKey;
    std::string own;                    ///< lowercased; of kEcc
    std::vector<std::string> exact;     ///< ascending
    std::vector<std::string> prefixes;  ///< ascending, none begins another
    std::vector<std::uint64_t>
        numbers;  ///< ascending: event ids, or object keys of `exact` for kUniqueObjectId
    std::uint32_t topics = 0;  ///< of the event ids

    bool accepts(std::string_view value) const noexcept;
  };
  static bool holds(const Term& term, const wire::UpdateView& update,
                    const wire::ArgumentsView& arguments, bool snapshot) noexcept;

  std::vector<Term> terms_;
  std::string text_;
  std::uint64_t hash_ = 0;
  std::uint32_t cost_ = 1;
  IndexHint hint_;
};

}  // namespace cti::broker
