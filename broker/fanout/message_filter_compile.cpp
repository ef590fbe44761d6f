// message_filter_compile.cpp - from filter text to terms, and back to canonical text.
#include "broker/fanout/message_filter.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace cti::broker {

using wire::ArgType;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::string_view kHideSilentName = "HideSilentMonitorCallEvents";
constexpr std::string_view kStatisticsName = "SkillGroupStats";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool printable_byte(char c) noexcept { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 61)) out += c >= 0x20 && c < 0x7F ? c : '?';
  if (text.size() > 61) out += "...";
  return out;
}

/// Decimal, or hexadecimal after 0x; nothing when it is not a number or too large.
std::optional<std::uint64_t> event_number(std::string_view text) noexcept {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x') {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool takes_numbers_only(Keyword keyword) noexcept {
  const auto types = wire::expected_types(keyword);
  return types != 0 &&
         (types & (wire::mask_of(ArgType::kString) | wire::mask_of(ArgType::kArguments))) == 0;
}

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

/// Reads one filter text. A member function that finds a fault records it and says false.
class FilterCompiler {
 public:
  FilterCompiler(std::string_view text, const FilterLimits& limits)
      : text_(text), limits_(limits) {}

  Result<MessageFilter, FilterError> run() {
    if (text_.size() > limits_.text_bytes_max) {
      fail(FilterFault::kTextTooLong, 0, {}, limits_.text_bytes_max);
    } else if (characters() && terms()) {
      finish();
      if (filter_.cost_ <= limits_.cost_max) return std::move(filter_);
      fail(FilterFault::kTooCostly, 0, {}, limits_.cost_max);
    }
    return Err{std::move(error_)};
  }

 private:
  using Kind = MessageFilter::Kind;
  using Term = MessageFilter::Term;

  bool fail(FilterFault fault, std::size_t offset, std::string_view subject = {},
            std::uint32_t limit = 0) {
    error_ = {fault, static_cast<std::uint32_t>(offset), limit, printable(subject)};
    return false;
  }

  std::size_t offset_of(std::string_view part) const noexcept {
    return static_cast<std::size_t>(part.data() - text_.data());
  }

  bool characters() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const bool blank = text_[i] == '\t' || text_[i] == '\r' || text_[i] == '\n';
      if (!blank && !printable_byte(text_[i])) return fail(FilterFault::kBadCharacter, i);
    }
    return true;
  }

  /// Tabs and line ends may stand around a key or value, not in it.
  bool solid(std::string_view part) {
    const auto bad = std::find_if_not(part.begin(), part.end(), printable_byte);
    if (bad == part.end()) return true;
    return fail(FilterFault::kBadCharacter,
                offset_of(part) + static_cast<std::size_t>(bad - part.begin()));
  }

  bool terms() {
    std::string_view rest = text_;
    if (wire::trimmed(rest).empty()) return fail(FilterFault::kEmpty, 0);
    std::uint32_t count = 0;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view part = rest.substr(0, end);
      const bool last = wire::trimmed(rest.substr(std::min(end + 1, rest.size()))).empty();
      if (++count > limits_.terms_max)
        return fail(FilterFault::kTooManyTerms, offset_of(part), {}, limits_.terms_max);
      if (!term(part)) return false;
      if (last) return true;
      rest.remove_prefix(end + 1);
    }
    return true;
  }

  bool term(std::string_view part) {
    const std::size_t equals = part.find('=');
    const std::string_view key = wire::trimmed(part.substr(0, equals));
    if (key.empty()) return fail(FilterFault::kKeyMissing, offset_of(part));
    if (!solid(key)) return false;
    if (same(key, kHideSilentName) || same(key, "HideSilentMonitorCalls")) {
      return hide_silent(equals == std::string_view::npos ? "1" : part.substr(equals + 1), part);
    }
    if (equals == std::string_view::npos)
      return fail(FilterFault::kEqualsMissing, offset_of(part), key);
    Term term;
    if (!key_of(term, key, part)) return false;
    std::string_view values = part.substr(equals + 1);
    for (;;) {
      const std::size_t comma = values.find(',');
      if (!value(term, key, values.substr(0, comma))) return false;
      if (comma == std::string_view::npos) break;
      values.remove_prefix(comma + 1);
    }
    add(std::move(term));
    return true;
  }

  bool key_of(Term& term, std::string_view key, std::string_view part) {
    if (const auto keyword = wire::keyword_from(key)) {
      term.keyword = *keyword;
      if (*keyword == Keyword::MessageID) term.kind = Kind::kMessageId;
      if (*keyword == Keyword::UniqueObjectID) term.kind = Kind::kUniqueObjectId;
      if (*keyword == Keyword::AgentID) term.kind = Kind::kAgentId;
      return true;
    }
    if (key.size() > 5 && same(key.substr(0, 5), "user.") &&
        key.size() <= wire::limits::kKeyBytesMax) {
      term.kind = Kind::kEcc;
      for (const char c : key) term.own += lower(c);
      return true;
    }
    return fail(FilterFault::kKeyUnknown, offset_of(part), key);
  }

  bool hide_silent(std::string_view value, std::string_view part) {
    value = wire::trimmed(value);
    if (value == "0" || same(value, "false")) return true;
    if (value != "1" && !same(value, "true")) {
      return fail(FilterFault::kValueUnknown, offset_of(part), value);
    }
    Term term;
    term.kind = Kind::kHideSilent;
    add(std::move(term));
    return true;
  }

  bool value(Term& term, std::string_view key, std::string_view raw) {
    const std::string_view value = wire::trimmed(raw);
    if (value.empty()) return fail(FilterFault::kValueMissing, offset_of(raw), key);
    if (!solid(value)) return false;
    if (++values_ > limits_.values_max) {
      return fail(FilterFault::kTooManyValues, offset_of(raw), key, limits_.values_max);
    }
    if (term.kind == Kind::kMessageId) return event(term, value);
    if (term.keyword == Keyword::FilterTarget) {
      term.kind = Kind::kStatistics;
      return is_statistics(value) || fail(FilterFault::kValueUnknown, offset_of(value), value);
    }
    const std::size_t star = value.find('*');
    if (star == 0) {
      term.any = true;
    } else if (star != std::string_view::npos) {
      term.prefixes.emplace_back(value.substr(0, star));
    } else if (takes_numbers_only(term.keyword)) {
      return number(term, key, value);
    } else {
      term.exact.emplace_back(value);
    }
    return true;
  }

  /// As it stands in records: 007 and +7 are 7, true is 1.
  bool number(Term& term, std::string_view key, std::string_view value) {
    auto number = wire::number_in(value);
    if (!number && (wire::expected_types(term.keyword) & wire::mask_of(ArgType::kBool)) != 0) {
      if (same(value, "true")) number = 1;
      if (same(value, "false")) number = 0;
    }
    if (!number) return fail(FilterFault::kNotANumber, offset_of(value), key);
    term.exact.push_back(std::to_string(*number));
    return true;
  }

  static bool is_statistics(std::string_view value) noexcept {
    return same(value, kStatisticsName) || same(value, "eOnNewSkillGroupStatisticsEvent") ||
           same(value, "eNewSkillGroupStatisticsEvent") || value == "536871027";
  }

  bool event(Term& term, std::string_view value) {
    if (value.front() == '*') {
      term.any = true;
      return true;
    }
    const auto id = event_number(value);
    if (!id) return fail(FilterFault::kNotANumber, offset_of(value), "MessageID");
    if (*id > UINT32_MAX) return fail(FilterFault::kNumberOutOfRange, offset_of(value), value);
    const auto event = static_cast<EventId>(*id);
    if (!wire::filterable(event)) {
      return fail(FilterFault::kEventNotFilterable, offset_of(value), wire::name_of(event));
    }
    term.numbers.push_back(*id);
    return true;
  }

  /// Puts the term into canonical form and keeps it unless it says nothing.
  void add(Term term) {
    if (term.kind == Kind::kMessageId && term.any) return;
    if (term.any || term.kind == Kind::kStatistics) {
      term.exact.clear();
      term.prefixes.clear();
    }
    sort_unique(term.prefixes);
    const auto shorter = [](const std::string& prefix, const std::string& next) {
      return next.starts_with(prefix);
    };
    term.prefixes.erase(std::unique(term.prefixes.begin(), term.prefixes.end(), shorter),
                        term.prefixes.end());
    sort_unique(term.exact);
    // Not for agents: an exact id can also be found through the agent that a record concerns, a prefix cannot.
    std::erase_if(term.exact, [&](const std::string& value) {
      if (term.kind == Kind::kAgentId) return false;
      return std::any_of(term.prefixes.begin(), term.prefixes.end(),
                         [&](const std::string& prefix) { return value.starts_with(prefix); });
    });
    if (term.kind == Kind::kUniqueObjectId) {
      for (const std::string& id : term.exact) term.numbers.push_back(wire::object_key(id));
    }
    sort_unique(term.numbers);
    if (term.kind == Kind::kMessageId) {
      for (const std::uint64_t id : term.numbers)
        term.topics |= wire::topics_of(static_cast<EventId>(id));
    }
    filter_.terms_.push_back(std::move(term));
  }

  static std::string text_of(const Term& term) {
    if (term.kind == Kind::kHideSilent) return std::string(kHideSilentName) + "=1";
    std::string text =
        term.kind == Kind::kEcc ? term.own : std::string(wire::name_of(term.keyword));
    text += '=';
    if (term.kind == Kind::kStatistics) return text + std::string(kStatisticsName);
    if (term.any) return text + '*';
    if (term.kind == Kind::kMessageId) {
      for (const std::uint64_t id : term.numbers) text += std::to_string(id) + ',';
    } else {
      for (const std::string& value : term.exact) text += value + ',';
      for (const std::string& prefix : term.prefixes) text += prefix + "*,";
    }
    text.pop_back();
    return text;
  }

  /// Cheap terms first, then by text: the order of terms does not change what a filter means.
  void finish() {
    auto& terms = filter_.terms_;
    std::vector<std::pair<std::string, Term>> sorted;
    for (Term& term : terms) sorted.emplace_back(text_of(term), std::move(term));
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      const bool cheap_a = a.second.kind == Kind::kMessageId;
      const bool cheap_b = b.second.kind == Kind::kMessageId;
      return cheap_a != cheap_b ? cheap_a : a.first < b.first;
    });
    terms.clear();
    std::uint32_t values = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i != 0 && sorted[i].first == sorted[i - 1].first) continue;
      if (!filter_.text_.empty()) filter_.text_ += ';';
      filter_.text_ += sorted[i].first;
      values += static_cast<std::uint32_t>(sorted[i].second.exact.size() +
                                           16 * sorted[i].second.prefixes.size());
      terms.push_back(std::move(sorted[i].second));
    }
    if (terms.empty()) filter_.text_ = "MessageID=*";
    filter_.hash_ = wire::hash64(as_bytes(filter_.text_));
    filter_.cost_ =
        std::max<std::uint32_t>(1, static_cast<std::uint32_t>(terms.size())) + values / 16;
    hint();
  }

  void hint() {
    const auto single = [](const Term& term) {
      return !term.any && term.prefixes.empty() && term.exact.size() == 1;
    };
    const Term* agent = nullptr;
    const Term* peripheral = nullptr;
    for (const Term& term : filter_.terms_) {
      if (!single(term)) continue;
      if (term.kind == Kind::kUniqueObjectId) filter_.hint_.object_key = term.numbers.front();
      if (term.kind == Kind::kAgentId) agent = &term;
      if (term.keyword == Keyword::PeripheralID) peripheral = &term;
    }
    if (agent && peripheral) {
      filter_.hint_.agent_key =
          wire::object_key("agent." + peripheral->exact.front() + "." + agent->exact.front());
    }
  }

  std::string_view text_;
  const FilterLimits& limits_;
  MessageFilter filter_;
  FilterError error_;
  std::uint32_t values_ = 0;
};

Result<MessageFilter, FilterError> MessageFilter::compile(std::string_view text,
                                                          const FilterLimits& limits) {
  return FilterCompiler(text, limits).run();
}

std::string_view name_of(FilterFault fault) noexcept {
  switch (fault) {
    case FilterFault::kEmpty:
      return "kEmpty";
    case FilterFault::kTextTooLong:
      return "kTextTooLong";
    case FilterFault::kTooManyTerms:
      return "kTooManyTerms";
    case FilterFault::kTooManyValues:
      return "kTooManyValues";
    case FilterFault::kTooCostly:
      return "kTooCostly";
    case FilterFault::kBadCharacter:
      return "kBadCharacter";
    case FilterFault::kKeyMissing:
      return "kKeyMissing";
    case FilterFault::kEqualsMissing:
      return "kEqualsMissing";
    case FilterFault::kValueMissing:
      return "kValueMissing";
    case FilterFault::kKeyUnknown:
      return "kKeyUnknown";
    case FilterFault::kNotANumber:
      return "kNotANumber";
    case FilterFault::kNumberOutOfRange:
      return "kNumberOutOfRange";
    case FilterFault::kValueUnknown:
      return "kValueUnknown";
    case FilterFault::kEventNotFilterable:
      return "kEventNotFilterable";
  }
  return "?";
}

std::string describe(const FilterError& error) {
  const std::string at = " at byte " + std::to_string(error.offset);
  const std::string limit = std::to_string(error.limit);
  const std::string subject = "\"" + error.subject + "\"";
  switch (error.fault) {
    case FilterFault::kEmpty:
      return "the message filter is empty; MessageID=* lets everything through";
    case FilterFault::kTextTooLong:
      return "the message filter is longer than " + limit + " bytes";
    case FilterFault::kTooManyTerms:
      return "the message filter has more than " + limit + " keys";
    case FilterFault::kTooManyValues:
      return "the message filter has more than " + limit + " values (" + subject + at + ")";
    case FilterFault::kTooCostly:
      return "the message filter costs more than " + limit + " to match";
    case FilterFault::kBadCharacter:
      return "the message filter has a control character" + at;
    case FilterFault::kKeyMissing:
      return "the message filter lacks a key" + at;
    case FilterFault::kEqualsMissing:
      return "the message filter lacks \"=\" behind " + subject + at;
    case FilterFault::kValueMissing:
      return "the message filter lacks a value of " + subject + at;
    case FilterFault::kKeyUnknown:
      return "the message filter has the key " + subject + at + ", which no event has";
    case FilterFault::kNotANumber:
      return "the message filter has a value of " + subject + at + " that is not a number";
    case FilterFault::kNumberOutOfRange:
      return "the message filter has the number " + subject + at + ": too large";
    case FilterFault::kValueUnknown:
      return "the message filter has the value " + subject + at + ", which its key does not have";
    case FilterFault::kEventNotFilterable:
      return "the message filter asks" + at + " for " + subject +
             ", which cannot be filtered; for monitored events use the plain event with "
             "Monitored=1";
  }
  return "the message filter is wrong" + at;
}

}  // namespace cti::broker
