// The operator's commands: one line in, one line out. `help` lists them.
#include "tools/simulator/control/fault_commands.hpp"
#include "tools/simulator/server/server.hpp"
#include "tools/simulator/text/command_text.hpp"
#include "tools/simulator/text/shown.hpp"

#include <algorithm>
#include <sstream>

namespace cti::simulator {
namespace {

std::string text_of(const Failure& failure) {
  if (failure.status != Status::kNoError) {
    return "error status " + std::to_string(static_cast<std::uint32_t>(failure.status));
  }
  return "error control failure " + std::to_string(static_cast<std::uint16_t>(failure.refusal));
}

std::optional<Side> side_of(const std::string& word) {
  if (word == "A" || word == "a") return Side::kA;
  if (word == "B" || word == "b") return Side::kB;
  return std::nullopt;
}

const char* const kHelp =
    "ok call ANI to NUMBER|GROUP [varN=TEXT uui=TEXT ced=DIGITS user.NAME=TEXT user.NAME[I]=TEXT "
    "talk=S patience=S] | "
    "hangup CALL | answer AGENT | login AGENT [at STATION] [notready|available] | "
    "state AGENT login|notready|available|logout [REASON] | fail side A|B | "
    "stop side A|B | maintenance side A|B | restore side A|B | "
    "freeze side A|B | unfreeze side A|B | peripheral online|offline | controller online|offline | "
    "calls | agents | stats | reports | agent|group|team|device add|change|delete ID "
    "[name=value ...] | quit";

std::string start_call(Model& model, const std::vector<std::string>& words) {
  if (words.size() < 4 || words[2] != "to")
    return "error usage: call ANI to NUMBER|GROUP [name=value ...]";
  OutsideCall call;
  call.ani = words[1];
  call.number = words[3];
  if (const auto group = number_of<std::uint32_t>(words[3])) call.group = model.find_group(*group);
  for (std::size_t i = 4; i < words.size(); ++i) {
    if (!read_call_option(call, words[i])) return "error not understood: " + words[i];
  }
  const auto made = model.outside_call(call);
  return made ? "ok call " + std::to_string(*made) : text_of(made.error());
}

std::string set_state(Model& model, const std::vector<std::string>& words) {
  const AgentIndex agent = words.size() < 3 ? kNoIndex : model.find_agent(words[1]);
  if (agent == kNoIndex) return "error usage: state AGENT login|notready|available|logout [REASON]";
  StateRequest request;
  request.reason =
      words.size() > 3 ? number_of<std::uint16_t>(words[3]).value_or(0) : std::uint16_t{0};
  if (words[2] == "login") {
    const AgentSettings& who = model.agents()[agent].settings;
    const auto done = model.login({who.id, who.password, who.instrument, 0, true, {}, 0});
    return done ? "ok" : text_of(done.error());
  }
  if (words[2] == "notready") {
    request.state = AgentState::kNotReady;
  } else if (words[2] == "available") {
    request.state = AgentState::kAvailable;
  } else if (words[2] == "logout") {
    request.state = AgentState::kLogout;
    request.forced = true;
  } else {
    return "error unknown state: " + words[2];
  }
  const auto done = model.set_state(agent, request);
  return done ? "ok" : text_of(done.error());
}

/// login AGENT [at STATION] [notready|available]: at the usual instrument, without a password.
std::string log_in(Model& model, const std::vector<std::string>& words) {
  constexpr const char* kUsage = "error usage: login AGENT [at STATION] [notready|available]";
  const AgentIndex agent = words.size() < 2 ? kNoIndex : model.find_agent(words[1]);
  if (agent == kNoIndex)
    return words.size() < 2 ? std::string(kUsage) : "error no agent " + words[1];
  const AgentSettings& who = model.agents()[agent].settings;
  std::string station = who.instrument;
  AgentState wanted = AgentState::kNotReady;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "at" && i + 1 < words.size()) {
      station = words[++i];
    } else if (words[i] == "available") {
      wanted = AgentState::kAvailable;
    } else if (words[i] != "notready") {
      return kUsage;
    }
  }
  const auto done = model.login({who.id, who.password, station, 0, true, {}, 0});
  if (!done) return text_of(done.error());
  if (wanted == model.agents()[agent].state) return "ok";
  StateRequest request;
  request.state = wanted;
  const auto changed = model.set_state(agent, request);
  return changed ? "ok" : text_of(changed.error());
}

std::string answer(Model& model, const std::vector<std::string>& words) {
  const AgentIndex agent = words.size() < 2 ? kNoIndex : model.find_agent(words[1]);
  if (agent == kNoIndex || model.agents()[agent].station == kNoIndex)
    return "error no such agent logged in";
  const StationIndex station = model.agents()[agent].station;
  for (const CallNumber number : model.stations()[station].calls) {
    if (model.answer(number, station)) return "ok call " + std::to_string(number);
  }
  return "error no call to answer";
}

std::string list_calls(const Model& model) {
  std::ostringstream out;
  out << "ok " << model.calls().size();
  for (const auto& [number, call] : model.calls()) {
    out << " | " << number << " " << call.ani << "->" << call.dialed;
    for (const Connection& c : call.connections) {
      out << " " << c.party.id << ":" << static_cast<unsigned>(c.state);
    }
    if (call.queued != kNoIndex) out << " queued";
  }
  return out.str();
}

std::string list_agents(const Model& model) {
  std::ostringstream out;
  out << "ok";
  for (const Agent& agent : model.agents()) {
    if (!agent.logged_on()) continue;
    out << " | " << agent.settings.id << " " << model.stations()[agent.station].id << " state "
        << static_cast<unsigned>(agent.state);
  }
  return out.str();
}

}  // namespace

std::string Server::command(std::string_view line) {
  const auto run = [&]() -> std::string {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) return "error empty command";
    const std::string& what = words[0];
    if (what == "help") return kHelp + fault_help();
    if (what == "call") return start_call(model_, words);
    if (what == "login") return log_in(model_, words);
    if (what == "state") return set_state(model_, words);
    if (what == "answer") return answer(model_, words);
    if (what == "calls") return list_calls(model_);
    if (what == "agents") return list_agents(model_);
    if (what == "reports") return "ok " + std::to_string(reports_) + " " + last_report_;
    if (what == "quit") return stop(), "ok";
    if (what == "hangup") {
      const auto number = words.size() > 1 ? number_of<CallNumber>(words[1]) : std::nullopt;
      return number && model_.outside_hangs_up(*number)
                 ? "ok"
                 : "error no such call with an outside party";
    }
    if (what == "stats") {
      const ModelCounters& m = model_.counters();
      std::ostringstream out;
      out << "ok clients " << clients_.size() << " opened " << counters_.opened << " frames_in "
          << counters_.frames_in << " frames_out " << counters_.frames_out << " calls "
          << m.calls_begun << " ended " << m.calls_ended << " queued " << m.queued << " abandoned "
          << m.abandoned << " rna " << m.ring_no_answer << " transfers " << m.transfers
          << " conferences " << m.conferences << " faults " << counters_.faults << " overflowed "
          << counters_.overflowed;
      return out.str();
    }
    if (what == "peripheral" || what == "controller") {
      const bool online = words.size() > 1 && words[1] == "online";
      if (!online && (words.size() < 2 || words[1] != "offline"))
        return "error usage: " + what + " online|offline";
      what == "peripheral" ? model_.set_peripheral_online(online)
                           : model_.set_controller_online(online);
      return "ok";
    }
    if (words.size() > 2 && words[1] == "side") {
      const auto side = side_of(words[2]);
      if (!side) return "error side is A or B, not " + words[2];
      if (what == "fail") return fail_side(*side), "ok";
      if (what == "restore")
        return restore_side(*side) ? "ok" : "error the port cannot be had again";
      if (what == "stop") return stop_side(*side), "ok";
      if (what == "maintenance") return begin_maintenance(*side);
      if (what == "freeze") return freeze_side(*side, true), "ok";
      if (what == "unfreeze") return freeze_side(*side, false), "ok";
    }
    if (std::string done = configuration_command(words); !done.empty()) return done;
    if (std::string done = fault_command(words); !done.empty()) return done;
    return "error unknown command: " + what + " (help lists them)";
  };
  return shown(run());  // answers repeat what was asked, and what callers are called
}

}  // namespace cti::simulator
