// scenario_read.cpp - a scenario file into steps: what stands in front, clients, expectations, time. See scenario.hpp.
#include "tools/simulator/scenario/scenario_words.hpp"
#include "tools/simulator/text/shown.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace cti::simulator {
namespace {

struct Services {
  std::string_view name;
  std::uint32_t bits;
};
constexpr Services kServices[] = {{"client-events", service::kClientEvents},
                                  {"call-data", service::kCallData},
                                  {"client-control", service::kClientControl},
                                  {"connection-monitor", service::kConnectionMonitor},
                                  {"all-events", service::kAllEvents},
                                  {"peripheral-monitor", service::kPeripheralMonitor},
                                  {"client-monitor", service::kClientMonitor},
                                  {"supervisor", service::kSupervisor},
                                  {"server", service::kServer},
                                  {"agent-state-only", service::kAgentStateOnly},
                                  {"ignore-duplicates", service::kIgnoreDuplicates},
                                  {"ignore-confirmations", service::kIgnoreConfirmations},
                                  {"active-standby", service::kActiveStandby}};

/// What usual kinds of client ask for.
constexpr Services kKinds[] = {
    {"desktop", service::kClientEvents | service::kCallData | service::kClientControl},
    {"supervisor",
     service::kClientEvents | service::kCallData | service::kClientControl | service::kSupervisor},
    {"everything",
     service::kCallData | service::kClientControl | service::kAllEvents | service::kSupervisor},
    {"monitor", service::kPeripheralMonitor},
    {"watch-sessions", service::kClientMonitor}};

std::uint32_t read_services(Words& words, std::string_view text) {
  std::uint32_t bits = 0;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find('+'));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    const auto found = std::ranges::find(kServices, name, &Services::name);
    const auto number = read_number(name, nullptr);
    if (found == std::end(kServices) && !number) {
      std::vector<std::string_view> names;
      for (const Services& each : kServices) names.push_back(each.name);
      const std::string_view near = nearest(name, names);
      words.fail("expected a service, not `" + std::string(name) + "`" +
                 (near.empty() ? "" : " (" + std::string(near) + "?)"));
      return 0;
    }
    bits |= found == std::end(kServices) ? static_cast<std::uint32_t>(*number) : found->bits;
  }
  return bits;
}

class Reader {
 public:
  Reader(const std::string& file, const Settings& gateway) {
    made_.file = file;
    made_.gateway = gateway;
    names_.gateway = &made_.gateway;
  }

  Result<Scenario, std::string> read(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      read_line(line, number);
    }
    if (open_block_ != nullptr) complain(made_.steps.back().line, "expected `end` of this block");
    if (made_.steps.empty() && errors_.empty()) complain(1, "expected steps, found none");
    if (!errors_.empty()) return Err{errors_};
    return std::move(made_);
  }

 private:
  void complain(std::size_t line, const std::string& what) {
    errors_ += made_.file + ":" + std::to_string(line) + ": " + shown(what) + "\n";
  }

  void read_line(std::string_view line, std::size_t number) {
    Words words(words_of(line, true));
    if (words.done()) return;
    Step step;
    step.line = number;
    const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
    step.text = std::string(line.substr(start));
    while (!step.text.empty() && (step.text.back() == '\r' || step.text.back() == ' '))
      step.text.pop_back();
    step.text = shown(step.text);
    if (words.peek().starts_with('[')) read_versions(words, step);
    bool is_step = true;
    if (open_block_ != nullptr) {
      is_step = false;
      read_block_line(words, number);
    } else if (read_setting(words)) {
      is_step = false;
    } else {
      read_step(words, step);
    }
    if (words.error.empty() && !words.done())
      words.fail("expected the end of the line, not `" + std::string(words.peek()) + "`");
    if (!words.error.empty()) return complain(number, words.error);
    if (!is_step) return;
    if (made_.steps.size() == kStepsMax) return complain(number, "more than 10000 steps");
    made_.steps.push_back(std::move(step));
    if (auto* expect = std::get_if<ExpectStep>(&made_.steps.back().what);
        expect != nullptr && expect->what == ExpectStep::What::kAnyOrder)
      open_block_ = expect;
  }

  /// [20+], [-19], [20-23]: the line is for these versions only.
  static void read_versions(Words& words, Step& step) {
    const std::string word = words.take("versions");
    const std::string inner = word.size() > 2 ? word.substr(1, word.size() - 2) : "";
    const std::size_t dash = inner.find('-');
    constexpr unsigned kNone = 1'000;
    unsigned since = 0, until = 255;
    if (inner.ends_with('+')) {
      since =
          number_of<unsigned>(std::string_view(inner).substr(0, inner.size() - 1)).value_or(kNone);
    } else if (dash != std::string::npos) {
      if (dash != 0)
        since = number_of<unsigned>(std::string_view(inner).substr(0, dash)).value_or(kNone);
      until = number_of<unsigned>(std::string_view(inner).substr(dash + 1)).value_or(kNone);
    } else {
      since = kNone;
    }
    if (!word.ends_with(']') || since >= kNone || until >= kNone)
      return words.fail("expected versions such as [20+], [-19] or [20-23], not " + word);
    step.since = since;
    step.until = until;
  }

  void read_block_line(Words& words, std::size_t number) {
    if (words.accept("end")) {
      if (open_block_->messages.empty()) words.fail("expected messages before `end`");
      open_block_ = nullptr;
      return;
    }
    open_block_->messages.push_back(read_message(words, names_, false));
    open_block_->lines.push_back(number);
  }

  /// What stands in front of the steps. False: the line is a step.
  bool read_setting(Words& words) {
    static constexpr std::string_view kSettings[] = {"title", "versions", "seed", "gateway",
                                                     "load"};
    if (std::ranges::find(kSettings, words.peek()) == std::end(kSettings)) return false;
    const std::string what = words.take("a setting");
    if (!made_.steps.empty())
      return words.fail("`" + what + "` stands before the first step"), true;
    if (what == "title") {
      while (!words.done()) made_.title += (made_.title.empty() ? "" : " ") + words.take("words");
    } else if (what == "versions") {
      Step limits;
      read_versions(words, limits);
      made_.since = limits.since;
      made_.until = limits.until;
    } else if (what == "seed") {
      made_.seed = words.take_number("a number");
    } else if (what == "gateway") {
      read_gateway(words);
    } else {
      while (!words.done()) read_load(words, words.take("a setting"));
    }
    return true;
  }

  void read_gateway(Words& words) {
    std::uint32_t agents = 0, groups = 0, teams = 0;
    while (!words.done()) {
      const std::string word = words.take("a setting of the gateway");
      const std::size_t equals = std::min(word.find('='), word.size());
      const std::string key = word.substr(0, equals);
      const std::string value = equals < word.size() ? word.substr(equals + 1) : std::string();
      const auto number = number_of<std::uint32_t>(value);
      static const std::pair<std::string_view, WrapupMode> kModes[] = {
          {"required", WrapupMode::kRequired},
          {"optional", WrapupMode::kOptional},
          {"not-allowed", WrapupMode::kNotAllowed},
          {"required-with-data", WrapupMode::kRequiredWithData}};
      const auto mode =
          std::ranges::find(kModes, value, &std::pair<std::string_view, WrapupMode>::first);
      const auto for_desks = [&](auto&& change) {
        for (DeskSettings& desk : made_.gateway.desks) change(desk);
      };
      if (word == "queue-events") {
        made_.gateway.queue_events = true;
      } else if (word == "strict") {
        made_.server.strict = true;
      } else if (word == "standby-b") {
        made_.server.standby_b = true;
      } else if (word == "auto-answer") {
        for_desks([](DeskSettings& desk) { desk.mask |= desk::kAutoAnswer; });
      } else if (word == "idle-reason-required") {
        for_desks([](DeskSettings& desk) { desk.mask |= desk::kIdleReasonRequired; });
      } else if (word == "logout-reason-required") {
        for_desks([](DeskSettings& desk) { desk.mask |= desk::kLogoutReasonRequired; });
      } else if (word == "not-ready-after-calls") {
        for_desks([](DeskSettings& desk) {
          desk.mask &= ~(desk::kAvailableAfterIncoming | desk::kAvailableAfterOutgoing);
        });
      } else if (key == "ring-no-answer" && number) {
        for_desks([&](DeskSettings& desk) { desk.ring_no_answer_s = *number; });
      } else if (key == "greeting" && number) {
        made_.gateway.timings.greeting = Seconds(*number);
      } else if (key == "work-mode-timer" && number) {
        for_desks([&](DeskSettings& desk) { desk.work_mode_timer_s = *number; });
      } else if (key == "wrapup-incoming" && mode != std::end(kModes)) {
        for_desks([&](DeskSettings& desk) { desk.wrapup_incoming = mode->second; });
      } else if (key == "wrapup-outgoing" && mode != std::end(kModes)) {
        for_desks([&](DeskSettings& desk) { desk.wrapup_outgoing = mode->second; });
      } else if (key == "protected-variables" && number && *number <= 0x3FF) {
        made_.gateway.protected_variables = static_cast<std::uint16_t>(*number);
      } else if (key == "agents" && number && *number <= 20'000) {
        agents = *number;
      } else if (key == "skill-groups" && number && *number <= 4'000) {
        groups = *number;
      } else if (key == "teams" && number && *number <= 2'000) {
        teams = *number;
      } else {
        return words.fail("not a setting of the gateway: " + word);
      }
    }
    if (agents + groups + teams > 0) add_generated(made_.gateway, agents, groups, teams);
  }

  void read_load(Words& words, const std::string& word) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string key = word.substr(0, equals);
    const std::string value = equals < word.size() ? word.substr(equals + 1) : std::string();
    LoadSettings& load = made_.load;
    const auto number = number_of<double>(value);
    const auto time = Duration::parse(value);
    if (word == "robots") {
      load.robots = true;
    } else if (key == "calls-per-second" && number && *number >= 0 && *number <= 1e5) {
      load.calls_per_second = *number;
    } else if (key == "transfer" && number && *number >= 0 && *number <= 1) {
      load.transfer = *number;
    } else if (key == "conference" && number && *number >= 0 && *number <= 1) {
      load.conference = *number;
    } else if (key == "day" && read_day(value)) {
      load.day = *read_day(value);
    } else if (time && (key == "talk" || key == "wrapup" || key == "answer" || key == "patience")) {
      (key == "talk"     ? load.talk
       : key == "wrapup" ? load.wrapup
       : key == "answer" ? load.answer
                         : load.patience) = *time;
    } else {
      words.fail("not a setting of the load: " + word);
    }
  }

  void read_step(Words& words, Step& step) {
    const std::string first = words.take("a step");
    if (first == "client") {
      step.what = read_open(words);
    } else if (first == "agent" || first == "station") {
      step.what = read_act(words, names_, first == "station");
    } else if (first == "call") {
      ArriveStep arrive;
      arrive.as = words.take("a name for the call");
      names_.remember(words, arrive.as);
      words.want("from");
      arrive.call.ani = words.take("the caller's number");
      words.want("to");
      arrive.call.number = words.take("a number or skill group");
      while (!words.done()) {
        const std::string word = words.take("an option");
        if (!read_call_option(arrive.call, word))
          words.fail("expected varN=, uui=, ced=, user.NAME=, talk= or patience=, not " + word);
      }
      step.what = std::move(arrive);
    } else if (first == "caller") {
      words.want("of");
      step.what = HangUpStep{names_.call(words)};
      words.want("hangs");
      words.want("up");
    } else if (first == "data") {
      step.what = read_data(words);
    } else if (first == "do") {
      DoStep command;
      while (!words.done() && words.peek() != "=>") {
        const std::string word = words.take("a command");
        const bool quote = word.empty() || word.find(' ') != std::string::npos;
        command.command +=
            (command.command.empty() ? "" : " ") + (quote ? "\"" + word + "\"" : word);
      }
      if (words.accept("=>")) words.want("error"), command.fails = true;
      if (command.command.empty()) words.fail("expected a command");
      step.what = std::move(command);
    } else if (first == "wait") {
      WaitStep wait;
      wait.until = words.accept("until");
      wait.time = words.take_time("a time such as 500ms or 2s");
      step.what = wait;
    } else if (first == "say") {
      SayStep say;
      while (!words.done()) say.text += (say.text.empty() ? "" : " ") + words.take("words");
      step.what = std::move(say);
    } else if (first == "expect") {
      read_expect(words, step);
    } else if (names_.clients.contains(first)) {
      read_client_step(words, step, first);
    } else {
      words.fail(
          "expected a step (client, agent, station, call, caller, data, do, wait, say, "
          "expect or the name of a client), not `" +
          first + "`");
    }
  }

  OpenStep read_open(Words& words) {
    static constexpr std::string_view kTaken[] = {"client", "agent", "station", "call", "caller",
                                                  "data",   "do",    "wait",    "say",  "expect",
                                                  "calls",  "group", "clients", "end"};
    OpenStep open;
    open.client = words.take("a name for the client");
    if (std::ranges::find(kTaken, open.client) != std::end(kTaken))
      words.fail("a client cannot be called `" + open.client + "`");
    if (!names_.clients.insert(open.client).second)
      words.fail("a client called `" + open.client + "` has been opened above this line");
    const ged::MessageRule& rule = *ged::find_message("OPEN_REQ");
    bool asks = false;
    while (!words.done() && words.peek() != "=>" && words.peek() != "within") {
      const std::string word = words.take("what it asks for");
      const std::string value = word.substr(std::min(word.size(), word.find('=') + 1));
      const auto kind = std::ranges::find(kKinds, word, &Services::name);
      if (kind != std::end(kKinds)) {
        open.services |= kind->bits;
        asks = true;
      } else if (word.starts_with("services=")) {
        open.services |= read_services(words, value);
        asks = true;
      } else if (word == "side=A" || word == "side=B") {
        open.side = word == "side=A" ? Side::kA : Side::kB;
      } else if (word.starts_with("version=")) {
        open.version = number_of<ged::Version>(value).value_or(0);
        if (open.version == 0) words.fail("expected a version, not " + value);
      } else {
        auto field = read_field(rule, word);
        if (!field) {
          words.fail(word.find('=') == std::string::npos
                         ? "expected a kind of client (desktop, supervisor, everything, monitor, "
                           "watch-sessions), services=..., or a field of OPEN_REQ, not " +
                               word
                         : field.error());
        } else {
          open.fields.push_back(std::move(field).value());
        }
      }
    }
    if (!asks) words.fail("expected a kind of client or services=...");
    open.answer = {ged::find_message("OPEN_CONF"), {}};
    if (words.accept("=>")) open.answer = read_message(words, names_, false);
    open.within = read_within(words);
    return open;
  }

  DataStep read_data(Words& words) {
    DataStep data;
    data.call = names_.call(words);
    while (!words.done() && words.peek() != "=>") {
      const std::string word = words.take("data");
      if (!read_call_data(data.data, word))
        words.fail("expected varN=, wrapup=, uui=, ced= or user.NAME=, not " + word);
    }
    data.refused = read_refusal(words);
    return data;
  }

  void read_client_step(Words& words, Step& step, const std::string& client) {
    const std::string what = words.take("asks, sends, closes, resets, stops or reads");
    if (what == "asks" || (what == "sends" && words.peek() != "hex")) {
      AskStep ask;
      ask.client = client;
      ask.request = read_message(words, names_, true);
      if (words.accept("=>")) {
        ask.answer = read_message(words, names_, false);
      } else if (what == "asks" && words.error.empty()) {
        if (ask.request.rule->reply.empty())
          words.fail(std::string(ask.request.rule->name) + " has no answer: use `sends`");
        else
          ask.answer = MessageText{ged::find_message(ask.request.rule->reply), {}};
      }
      if (ask.answer) ask.within = read_within(words);
      step.what = std::move(ask);
    } else if (what == "sends") {
      words.want("hex");
      RawStep raw{client, {}};
      while (!words.done()) read_hex(words, raw.bytes);
      step.what = std::move(raw);
    } else if (what == "closes" || what == "resets") {
      const auto how =
          what == "closes" ? ConnectionStep::What::kClose : ConnectionStep::What::kReset;
      step.what = ConnectionStep{how, client};
    } else if (what == "stops") {
      words.want("reading");
      step.what = ConnectionStep{ConnectionStep::What::kStopReading, client};
    } else if (what == "reads") {
      words.want("again");
      step.what = ConnectionStep{ConnectionStep::What::kRead, client};
    } else {
      words.fail("expected asks, sends, closes, resets, `stops reading` or `reads again`, not `" +
                 what + "`");
    }
  }

  static void read_hex(Words& words, std::vector<std::byte>& to) {
    const std::string digits = words.take("hex digits");
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      const auto value = read_number("0x" + digits.substr(i, 2), nullptr);
      if (!value || i + 2 > digits.size())
        return words.fail("expected hex digits in pairs, not " + digits);
      to.push_back(static_cast<std::byte>(*value));
    }
  }

  void read_expect(Words& words, Step& step) {
    static constexpr std::string_view kSubjects[] = {"agent", "call", "calls", "group", "clients"};
    if (std::ranges::find(kSubjects, words.peek()) != std::end(kSubjects)) {
      step.what = read_state(words, names_);
      std::get<StateStep>(step.what).words = step.text;
      return;
    }
    using What = ExpectStep::What;
    ExpectStep expect;
    expect.client = names_.client(words);
    if (words.accept("in")) {
      words.want("any");
      words.want("order");
      expect.what = What::kAnyOrder;
    } else if (words.accept("nothing")) {
      expect.what = What::kNothing;
    } else if (words.accept("closed")) {
      expect.what = What::kClosed;
    } else {
      expect.what = words.accept("no")     ? What::kNone
                    : words.accept("next") ? What::kNext
                                           : What::kSome;
      expect.messages.push_back(read_message(words, names_, false));
      expect.lines.push_back(step.line);
    }
    if (expect.what == What::kNone || expect.what == What::kNothing) {
      words.want("for");
      expect.within = words.take_time("a time such as 500ms or 2s");
    } else {
      expect.within = read_within(words);
    }
    step.what = std::move(expect);
  }

  Scenario made_;
  Names names_;
  std::string errors_;
  ExpectStep* open_block_ = nullptr;  ///< of the last step: nothing is added while it is open
};

}  // namespace

Result<Scenario, std::string> read_scenario(std::string_view text, const std::string& file,
                                            const Settings& gateway) {
  if (text.size() > kScenarioBytesMax) return Err{file + ":1: longer than 1 MiB\n"};
  return Reader(file, gateway).read(text);
}

Result<Scenario, std::string> read_scenario_file(const std::string& path, const Settings& gateway) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Err{path + ": cannot be read\n"};
  std::string text(kScenarioBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return Err{path + ": cannot be read\n"};
  return read_scenario(text, path, gateway);
}

}  // namespace cti::simulator
