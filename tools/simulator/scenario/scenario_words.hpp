// scenario_words.hpp - one line of a scenario, word by word, with the first thing that is wrong with it. Internal.
#pragma once

#include "tools/simulator/scenario/scenario.hpp"
#include "tools/simulator/text/command_text.hpp"

#include <set>
#include <span>

namespace cti::simulator {

/// Every take says what it wants; once something was missing, the rest gives nothing and `error` stays.
class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}

  bool done() const noexcept { return at_ == words_.size() || !error.empty(); }
  /// The next word, or empty.
  std::string_view peek() const noexcept {
    return done() ? std::string_view() : std::string_view(words_[at_]);
  }
  bool accept(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  std::string take(std::string_view what) {
    if (!done()) return words_[at_++];
    fail("expected " + std::string(what) + " at the end of the line");
    return {};
  }
  void want(std::string_view word) {
    if (accept(word)) return;
    fail(done() ? "expected `" + std::string(word) + "` at the end of the line"
                : "expected `" + std::string(word) + "`, not `" + words_[at_] + "`");
  }
  Nanos take_time(std::string_view what);
  /// A whole number, also 0x... .
  std::uint32_t take_number(std::string_view what);
  /// One of these words; its place among them.
  std::size_t take_one_of(std::string_view what, std::span<const std::string_view> among);
  void fail(std::string text) {
    if (error.empty()) error = std::move(text);
  }

  std::string error;

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

/// Names that earlier lines have brought in.
struct Names {
  std::set<std::string, std::less<>> clients, remembered;
  const Settings* gateway = nullptr;

  /// A client or remembered name that must exist already.
  std::string client(Words& words) const;
  std::string call(Words& words) const;
  void remember(Words& words, const std::string& name);
};

/// FIELD=VALUE words up to the end, `within` or `=>`.
std::vector<FieldTest> read_fields(Words& words, const ged::MessageRule& rule, Names& names,
                                   bool request);
/// NAME and its fields.
MessageText read_message(Words& words, Names& names, bool request);
/// `within TIME`, or what it is without.
Nanos read_within(Words& words, Nanos otherwise = kPatience);
/// `=> refused [N]`: nothing when it is not there.
std::optional<std::uint32_t> read_refusal(Words& words);

/// `agent ID ...` or `station ID ...`; the first word has been taken.
ActStep read_act(Words& words, Names& names, bool by_station);
/// `expect agent|call|calls|group|clients ...`; `expect` has been taken.
StateStep read_state(Words& words, Names& names);

inline constexpr std::string_view kAgentStateWords[] = {
    "login",      "logged-out", "not-ready", "available", "talking", "work-not-ready",
    "work-ready", "busy-other", "reserved",  "unknown",   "hold"};
inline constexpr std::string_view kConnectionStateWords[] = {
    "null", "initiated", "alerting", "connected", "held", "queued", "failed"};

}  // namespace cti::simulator
