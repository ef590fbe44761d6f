// scenario_words.cpp - words of a line, and the lines about people and about how things stand. See scenario.hpp.
#include "tools/simulator/scenario/scenario_words.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  return text;
}

void read_data_words(Words& words, CallDataPatch& data) {
  while (!words.done() && words.peek() != "=>") {
    const std::string word = words.take("data");
    if (!read_call_data(data, word))
      words.fail("expected varN=, uui=, ced= or user.NAME=, not " + word);
  }
}

void read_go(Words& words, ActStep& act) {
  static constexpr std::string_view kGo[] = {"not-ready", "available", "work-not-ready",
                                             "work-ready"};
  static constexpr AgentState kStates[] = {AgentState::kNotReady, AgentState::kAvailable,
                                           AgentState::kWorkNotReady, AgentState::kWorkReady};
  act.verb = Verb::kGo;
  act.number = static_cast<std::uint32_t>(kStates[words.take_one_of("a state", kGo)]);
}

void read_reason(Words& words, ActStep& act) {
  if (!words.accept("reason")) return;
  const std::uint32_t reason = words.take_number("a reason code");
  if (reason > 65'535) words.fail("a reason code is at most 65535");
  act.reason = static_cast<std::uint16_t>(reason);
}

/// Verbs of one call: the word, what it does.
constexpr std::pair<std::string_view, Verb> kOneCall[] = {
    {"answers", Verb::kAnswer}, {"holds", Verb::kHold},   {"retrieves", Verb::kRetrieve},
    {"drops", Verb::kDrop},     {"clears", Verb::kClear}, {"marks-bad", Verb::kMarkBad}};
constexpr std::pair<std::string_view, Verb> kTwoCalls[] = {{"alternates", Verb::kAlternate},
                                                           {"reconnects", Verb::kReconnect}};
constexpr std::pair<std::string_view, SupervisoryAction> kSupervision[] = {
    {"monitors", SupervisoryAction::kMonitor},
    {"whispers-to", SupervisoryAction::kWhisper},
    {"barges-in-on", SupervisoryAction::kBargeIn},
    {"intercepts", SupervisoryAction::kIntercept},
    {"leaves", SupervisoryAction::kClear}};

void read_new_call(Words& words, Names& names, ActStep& act) {
  if (!words.accept("as")) return;
  act.as = words.take("a name for the call");
  names.remember(words, act.as);
}

void read_dialling(Words& words, Names& names, ActStep& act, const std::string& verb) {
  act.to = words.take("a number");
  if (verb == "consults") {
    act.verb = Verb::kConsult;
    words.want("on");
    act.call = names.call(words);
    act.number = 1;
    if (words.accept("for")) {
      static constexpr std::string_view kAims[] = {"transfer", "conference"};
      act.number = 1 + static_cast<std::uint32_t>(words.take_one_of("an aim", kAims));
    }
  } else {
    act.verb = Verb::kDial;
  }
  read_new_call(words, names, act);
  read_data_words(words, act.data);
}

void read_joining(Words& words, Names& names, ActStep& act, const std::string& verb) {
  act.call = names.call(words);
  if (verb == "transfers" && words.accept("to")) {
    act.verb = Verb::kBlindTransfer;
    act.to = words.take("a number");
    return;
  }
  words.want("with");
  act.other = names.call(words);
  act.verb = verb == "transfers" ? Verb::kTransfer : Verb::kConference;
}

}  // namespace

Nanos Words::take_time(std::string_view what) {
  const std::string word = take(what);
  const auto time = read_time(word);
  if (!time) fail("expected " + std::string(what) + ", not `" + word + "`");
  return time.value_or(Nanos{0});
}

std::uint32_t Words::take_number(std::string_view what) {
  const std::string word = take(what);
  const auto number = read_number(word, nullptr);
  if (!number || *number < 0 || *number > 0xFFFF'FFFF)
    fail("expected " + std::string(what) + ", not `" + word + "`");
  return static_cast<std::uint32_t>(number.value_or(0));
}

std::size_t Words::take_one_of(std::string_view what, std::span<const std::string_view> among) {
  const std::string word = take(what);
  const auto found = std::ranges::find(among, std::string_view(word));
  if (found != among.end()) return static_cast<std::size_t>(found - among.begin());
  fail("expected " + std::string(what) + " (" + listed(among) + "), not `" + word + "`");
  return 0;
}

std::string Names::client(Words& words) const {
  std::string name = words.take("a client");
  if (!clients.contains(name) && words.error.empty())
    words.fail("no client `" + name + "` has been opened above this line");
  return name;
}

std::string Names::call(Words& words) const {
  std::string name = words.take("a call");
  if (!remembered.contains(name) && words.error.empty())
    words.fail("no call `" + name + "` is known above this line");
  return name;
}

void Names::remember(Words& words, const std::string& name) {
  const bool word = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (!word) words.fail("expected a name of letters and digits, not `" + name + "`");
  remembered.insert(name);
}

std::vector<FieldTest> read_fields(Words& words, const ged::MessageRule& rule, Names& names,
                                   bool request) {
  std::vector<FieldTest> fields;
  while (!words.done() && words.peek() != "within" && words.peek() != "=>" &&
         words.peek() != "for") {
    auto field = read_field(rule, words.take("a field"));
    if (!field) {
      words.fail(field.error());
      break;
    }
    using Kind = FieldTest::Kind;
    if (request && field->kind != Kind::kEquals && field->kind != Kind::kAbsent)
      words.fail("a request sets its fields: expected " + field->field + "=VALUE");
    const bool compared = field->kind == Kind::kEquals || field->kind == Kind::kDiffers;
    if (compared && field->value.starts_with('$') &&
        !names.remembered.contains(std::string_view(field->value).substr(1)))
      words.fail("nothing is remembered as " + field->value + " above this line");
    if (field->kind == Kind::kRemember) names.remember(words, field->value);
    fields.push_back(std::move(field).value());
  }
  return fields;
}

MessageText read_message(Words& words, Names& names, bool request) {
  MessageText message;
  const auto rule = read_message_name(words.take("the name of a message"));
  if (!rule) return words.fail(rule.error()), message;
  message.rule = *rule;
  const auto wrong = request ? ged::Direction::kFromServer : ged::Direction::kFromClient;
  if ((*rule)->direction == wrong)
    words.fail(std::string((*rule)->name) + " is sent by " + (request ? "servers" : "clients"));
  message.fields = read_fields(words, **rule, names, request);
  return message;
}

Nanos read_within(Words& words, Nanos otherwise) {
  return words.accept("within") ? words.take_time("a time such as 500ms or 2s") : otherwise;
}

std::optional<std::uint32_t> read_refusal(Words& words) {
  if (!words.accept("=>")) return std::nullopt;
  words.want("refused");
  return words.done() ? 0 : words.take_number("a failure code or status");
}

ActStep read_act(Words& words, Names& names, bool by_station) {
  ActStep act;
  act.by_station = by_station;
  act.who = words.take(by_station ? "a station" : "an agent");
  const std::string verb = words.take("what is done");
  const auto one = std::ranges::find(kOneCall, verb, &std::pair<std::string_view, Verb>::first);
  const auto two = std::ranges::find(kTwoCalls, verb, &std::pair<std::string_view, Verb>::first);
  const auto supervision =
      std::ranges::find(kSupervision, verb, &std::pair<std::string_view, SupervisoryAction>::first);
  if (one != std::end(kOneCall)) {
    act.verb = one->second;
    act.call = names.call(words);
  } else if (two != std::end(kTwoCalls)) {
    act.verb = two->second;
    act.call = names.call(words);
    words.want("with");
    act.other = names.call(words);
  } else if (supervision != std::end(kSupervision)) {
    act.verb = Verb::kSupervise;
    act.number = static_cast<std::uint32_t>(supervision->second);
    act.to = words.take("an agent");
    read_new_call(words, names, act);
  } else if (verb == "logs") {
    static constexpr std::string_view kInOut[] = {"in", "out"};
    const bool in = words.take_one_of("where", kInOut) == 0;
    act.verb = in ? Verb::kLogIn : Verb::kGo;
    act.number = static_cast<std::uint32_t>(AgentState::kLogout);
    if (in && words.accept("at")) act.to = words.take("a station");
    if (!in) read_reason(words, act);
  } else if (verb == "goes") {
    read_go(words, act);
    read_reason(words, act);
  } else if (verb == "dials" || verb == "consults") {
    read_dialling(words, names, act, verb);
  } else if (verb == "transfers" || verb == "conferences") {
    read_joining(words, names, act, verb);
  } else if (verb == "adds" || verb == "deflects" || verb == "sends") {
    // adds NUMBER to CALL, deflects CALL to NUMBER, sends DIGITS on CALL
    if (verb == "deflects") act.call = names.call(words);
    if (verb != "deflects") act.to = words.take("a number");
    words.want(verb == "sends" ? "on" : "to");
    if (verb == "deflects") act.to = words.take("a number");
    if (verb != "deflects") act.call = names.call(words);
    act.verb = verb == "adds"       ? Verb::kSingleStep
               : verb == "deflects" ? Verb::kDeflect
                                    : Verb::kDtmf;
  } else if (verb == "asks-for") {
    static constexpr std::string_view kHelp[] = {"assistance", "emergency"};
    act.verb = words.take_one_of("what", kHelp) == 0 ? Verb::kAssist : Verb::kEmergency;
    if (words.accept("on")) act.call = names.call(words);
    read_new_call(words, names, act);
  } else {
    words.fail("expected what the " + std::string(by_station ? "station" : "agent") +
               " does (logs, goes, answers, holds, retrieves, drops, clears, dials, consults, "
               "transfers, conferences, adds, alternates, reconnects, deflects, sends, monitors, "
               "whispers-to, barges-in-on, intercepts, leaves, asks-for, marks-bad), not `" +
               verb + "`");
  }
  act.refused = read_refusal(words);
  return act;
}

StateStep read_state(Words& words, Names& names) {
  StateStep state;
  if (words.accept("agent")) {
    state.what = StateStep::What::kAgent;
    state.id = words.take("an agent");
    state.number = static_cast<std::uint32_t>(words.take_one_of("a state", kAgentStateWords));
  } else if (words.accept("calls")) {
    state.what = StateStep::What::kCalls;
    state.number = words.take_number("a number of calls");
  } else if (words.accept("clients")) {
    state.what = StateStep::What::kClients;
    state.number = words.take_number("a number of sessions");
  } else if (words.accept("group")) {
    state.what = StateStep::What::kQueue;
    state.id = std::to_string(words.take_number("the number of a skill group"));
    words.want("queue");
    state.number = words.take_number("a number of calls");
  } else {
    words.want("call");
    state.id = names.call(words);
    if (words.accept("at")) {
      state.what = StateStep::What::kView;
      state.at = words.take("a station");
      state.number =
          static_cast<std::uint32_t>(words.take_one_of("a state", kConnectionStateWords));
    } else if (words.accept("parties")) {
      state.what = StateStep::What::kParties;
      state.number = words.take_number("a number of parties");
    } else {
      state.what = StateStep::What::kEnded;
      words.want("ended");
    }
  }
  state.within = read_within(words);
  return state;
}

}  // namespace cti::simulator
