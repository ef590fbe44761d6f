// load.cpp - when calls arrive, and what robots do with them; times drawn from the generator's own seed.
#include "tools/simulator/load/load.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cti::simulator {
namespace {

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) || value > 1e6)
    return std::nullopt;
  return value;
}

Nanos seconds(double value) { return Nanos(static_cast<std::int64_t>(value * 1e9)); }

double unit(core::Random& random) { return static_cast<double>(random.next() >> 11) * 0x1.0p-53; }

}  // namespace

std::optional<Duration> Duration::parse(std::string_view text) {
  if (text.starts_with("fixed:")) {
    const auto value = number_of(text.substr(6));
    return value ? std::optional(Duration{Kind::kFixed, *value, 0}) : std::nullopt;
  }
  if (text.starts_with("uniform:")) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto low = number_of(text.substr(8, dash - 8)), high = number_of(text.substr(dash + 1));
    if (!low || !high || *low > *high) return std::nullopt;
    return Duration{Kind::kUniform, (*low + *high) / 2, (*high - *low) / 2};
  }
  const auto value = number_of(text);
  return value ? std::optional(Duration{Kind::kExponential, *value, 0}) : std::nullopt;
}

std::string Duration::text() const {
  const auto number = [](double value) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    return error == std::errc() ? std::string(digits, end) : std::string("0");
  };
  if (kind == Kind::kFixed) return "fixed:" + number(mean_s);
  if (kind == Kind::kExponential) return number(mean_s);
  return "uniform:" + number(mean_s - spread_s) + "-" + number(mean_s + spread_s);
}

Nanos Duration::draw(core::Random& random) const {
  switch (kind) {
    case Kind::kFixed:
      return seconds(mean_s);
    case Kind::kUniform:
      return seconds(mean_s + spread_s * (2 * unit(random) - 1));
    case Kind::kExponential:
      return seconds(-mean_s * std::log(1 - unit(random)));
  }
  return Nanos{0};
}

std::optional<std::vector<double>> read_day(std::string_view text) {
  if (text == "flat") return std::vector<double>{};
  if (text == "office")
    text =
        "0.02 0.01 0.01 0.01 0.02 0.05 0.15 0.5 1.2 1.8 2 1.9 1.5 1.6 1.8 1.7 1.4 1 0.6 0.4 0.3 "
        "0.2 0.1 0.05";
  if (text == "evening")
    text =
        "0.3 0.1 0.05 0.05 0.05 0.1 0.2 0.3 0.5 0.6 0.7 0.8 0.9 0.9 1 1.1 1.3 1.6 2 2.2 2.1 1.8 "
        "1.2 0.6";
  std::vector<double> day;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" ,"));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    const auto factor = number_of(word);
    if (!factor || *factor > 100 || day.size() == 24) return std::nullopt;
    day.push_back(*factor);
  }
  if (day.size() != 24) return std::nullopt;
  return day;
}

LoadGenerator::LoadGenerator(Model& model, const LoadSettings& settings)
    : model_(model), settings_(settings), random_(core::mix64(settings.seed ^ 0x10AD)) {
  model_.add_listener(*this);
  for (AgentIndex i = 0; i < model_.agents().size(); ++i) {
    if (is_robot(i)) arm(Millis(10 + 2 * i), Act::kLogin, i);
  }
  if (settings_.calls_per_second > 0) arm(Seconds(1), Act::kArrive, 0);
}

void LoadGenerator::arm(Nanos in, Act act, std::uint32_t who, CallNumber call) {
  model_.arm_robot(model_.now() + in, who,
                   (std::uint64_t{static_cast<std::uint32_t>(act)} << 32) | call);
}

bool LoadGenerator::is_robot(AgentIndex agent) const {
  return agent != kNoIndex && (settings_.robots || model_.agents()[agent].settings.robot);
}

void LoadGenerator::on_call(const CallEvent& event) {
  if (event.station == kNoIndex || !is_robot(event.agent)) return;
  if (event.kind == CallEventKind::kDataUpdate && event.renamed != kNoCall) {
    // Passed on to this robot: the talk that was to end has a new number.
    return arm(settings_.talk.draw(random_), Act::kTalkEnds, event.station, event.renamed);
  }
  if (event.kind == CallEventKind::kEnd && event.call->number == event.number &&
      event.call->consult_by == event.station) {
    return arm(Seconds(1), Act::kRecover, event.station, event.call->consult_of);
  }
  const Connection* own = event.call->of_station(event.station);
  if (own == nullptr) return;
  if (event.kind == CallEventKind::kDelivered && own->state == ConnectionState::kAlerting) {
    return arm(settings_.answer.draw(random_), Act::kAnswer, event.station, event.number);
  }
  if (event.kind != CallEventKind::kEstablished || own->silent()) return;
  if (event.call->consult_by == event.station) {
    return arm(Seconds(3), Act::kComplete, event.station, event.number);
  }
  if (event.subject == nullptr || event.subject->station != event.station) return;
  const double drawn = unit(random_);
  const bool passes_on = own->routed && drawn < settings_.transfer + settings_.conference;
  arm(settings_.talk.draw(random_), passes_on ? Act::kConsult : Act::kTalkEnds, event.station,
      event.number);
}

void LoadGenerator::on_agent(const AgentEvent& event) {
  if (event.repeated || !is_robot(event.agent)) return;
  const Agent& agent = model_.agents()[event.agent];
  if (agent.in_wrapup()) return arm(settings_.wrapup.draw(random_), Act::kReady, event.agent);
  if (agent.state == AgentState::kNotReady) arm(Seconds(2), Act::kReady, event.agent);
}

void LoadGenerator::on_system(SystemKind kind, std::uint32_t) {
  if (kind != SystemKind::kPeripheralOnline) return;
  for (AgentIndex i = 0; i < model_.agents().size(); ++i) {
    if (is_robot(i)) arm(Seconds(1), Act::kLogin, i);
  }
}

void LoadGenerator::on_robot(std::uint32_t id, std::uint64_t stamp) {
  const auto call = static_cast<CallNumber>(stamp);
  switch (static_cast<Act>(stamp >> 32)) {
    case Act::kArrive:
      return arrive();
    case Act::kLogin: {
      const AgentSettings& who = model_.agents()[id].settings;
      if (!model_.login({who.id, who.password, who.instrument, 0, true, {}, 0}))
        arm(Seconds(5), Act::kLogin, id);
      return;
    }
    case Act::kReady: {
      const Agent& agent = model_.agents()[id];
      const bool may = agent.state == AgentState::kNotReady || agent.in_wrapup();
      if (may) (void)model_.set_state(id, {AgentState::kAvailable, 0, true}).ok();
      return;
    }
    case Act::kAnswer:
      return (void)model_.answer(call, id).ok();
    case Act::kTalkEnds:
      return (void)model_.clear_connection(call, id).ok();
    case Act::kConsult:
      return consult(id, call);
    case Act::kRecover: {
      // The consult came to nothing; a customer who is still on hold is let go.
      const Connection* held = model_.find_view(call, id);
      if (held != nullptr && held->state == ConnectionState::kHeld) {
        (void)model_.clear_connection(call, id).ok();
      }
      return;
    }
    case Act::kComplete:
      return complete(id, call);
  }
}

void LoadGenerator::arrive() {
  double rate = settings_.calls_per_second;
  if (settings_.day.size() == 24) {
    rate *= settings_.day[static_cast<std::size_t>(model_.now().since_start / Seconds(3600) % 24)];
  }
  // An hour without calls is looked at again after a minute.
  arm(rate > 0 ? seconds(-std::log(1 - unit(random_)) / rate) : Nanos(Seconds(60)), Act::kArrive,
      0);
  if (rate <= 0 || model_.groups().empty()) return;
  OutsideCall call;
  call.ani = "555" + std::to_string(1'000'000 + random_.below(9'000'000));
  call.group = static_cast<GroupIndex>(random_.below(model_.groups().size()));
  call.data.variables[0] = "account-" + std::to_string(random_.below(100'000));
  call.patience = settings_.patience.draw(random_);
  (void)model_.outside_call(call).ok();
}

void LoadGenerator::consult(StationIndex station, CallNumber call) {
  // A free colleague when the first that is looked at is one, else somebody outside.
  const auto other = static_cast<StationIndex>(random_.below(model_.stations().size()));
  const Station& colleague = model_.stations()[other];
  const bool free = other != station && colleague.calls.empty() && is_robot(colleague.agent);
  const std::string number = free ? colleague.id : "918005550100";
  if (!model_.consult(call, station, {number, {}}, 1))
    arm(Seconds(1), Act::kTalkEnds, station, call);
}

void LoadGenerator::complete(StationIndex station, CallNumber call) {
  const Call* of = model_.find_call(call);
  if (of == nullptr) return;
  const CallNumber held = of->consult_of;
  const double both = settings_.transfer + settings_.conference;
  const bool join = both > 0 && unit(random_) < settings_.conference / both;
  if (!join && model_.transfer(call, held, station)) return;
  if (join && model_.conference(call, held, station)) {
    return arm(settings_.talk.draw(random_), Act::kTalkEnds, station, held);
  }
  // The customer has gone meanwhile.
  (void)model_.clear_connection(call, station).ok();
}

}  // namespace cti::simulator
