// line_core_fuzz.cpp - a line against a hostile CTI Server and sessions that ask: the input is a script of steps.
//
// Steps    link up and down, messages of the schema with bent bytes, raw ones, answers to what is really outstanding (of the
//          right kind, of another, too late, twice), asks of sessions that come and go, time, a reader that stands still, a
//          CTI Server that does not read.
// Holds    after each step: LineHouse's books (line_house.hpp), and memory within a bound. After the story an honest CTI
//          Server, that knows nobody and no call, must bring the line into step with exactly that, and every ask must have
//          its answer.
// States   kStates: running the committed corpus must come through each (missed_states).
#include "tests/fuzz/bytes_held.hpp"
#include "tests/fuzz/cti_frames.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/line_house.hpp"
#include "tests/reached.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/served.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace cti;
using namespace cti::fuzz;
using M = ged::MessageType;

constexpr std::size_t kMemoryMax = std::size_t{24} << 20;  // of one line with the limits below

broker::LineConfig config(std::uint8_t what) {
  broker::LineConfig config;
  config.link.version = (what & 1U) != 0 ? 24 : 15;
  config.link.config_mask = (what & 2U) != 0 ? 6 : 0;
  config.link.progress_timeout = Seconds{20};
  config.link.bad_frames_max = 4;
  config.link.send_buffer_bytes = 16 * 1024;
  config.agents = {"1", "2"};
  if ((what & 4U) != 0) config.peripherals = {5000, 5001};
  config.agents_max = 6;
  config.calls_max = 6;
  config.pending_max = 16;
  config.session_open_max = 4;
  config.once_max = 16;
  config.request_timeout = Seconds{5};
  config.sync_timeout = Seconds{10};
  config.sync_bytes_max = 16 * 1024;
  config.spill_bytes_max = (what & 8U) != 0 ? 32 * 1024 : 128 * 1024;
  return config;
}

class Story {
 public:
  explicit Story(Input& input)
      : input_(input), house_(config(input.byte())), frames_(input, house_.config.link.version) {}

  void step() {
    switch (input_.below(16)) {
      case 0:
        return house_.upstream.up() && input_.below(4) != 0 ? house_.tick(Millis{1})
               : house_.upstream.up()                       ? house_.link_down()
                                                            : house_.link_up();
      case 1:
      case 2:
      case 3:
      case 4:
        return house_.frame(frames_.event());
      case 5:
      case 6:
      case 7:
        return answer();
      case 8:
      case 9:
      case 10:
        return ask();
      case 11:
        return house_.renew(input_.below(4), principal(input_.byte()));
      case 12:
        return trouble(input_.byte());
      case 13:
        return house_.frame(frames_.raw(input_.byte()));
      case 14:
        return house_.tick(Millis{100} * input_.byte());
      default:
        return house_.tick(Millis{1});
    }
  }

  /// The trouble ends; an honest CTI Server that has no agent logged in and no call.
  void finish() {
    house_.stall(false);
    house_.deaf = false;
    house_.link_down();
    for (int i = 0; i < 100; ++i) house_.tick(Seconds{1});  // every deadline of the story passes
    must(house_.unanswered().empty(), "an ask without an answer");
    must(house_.core.pending() == 0, "a request outlives its deadline");
    house_.questions.clear();
    house_.link_up();
    for (int i = 0; i < 2000 && !house_.core.in_step(); ++i) {
      house_.tick(Millis{50});
      while (!house_.questions.empty()) honest();
    }
    must(house_.core.in_step(), "an honest CTI Server does not bring it into step");
    house_.tick(Millis{1});
    house_.core.map().properties().for_each(wire::ObjectKind::kCall, [&](wire::ObjectHandle call) {
      found("a call that the CTI Server does not know lives on",
            std::string(house_.core.map().properties().unique_object_id(call)));
    });
    house_.core.map().each_agent([&](const broker::AgentEntry& agent) {
      if (agent.logged_in())
        found("an agent is logged in whom the CTI Server does not know",
              std::string(agent.id.view()));
    });
    note();
    house_.stop();
    house_.tick(Millis{1});
    must(house_.unanswered().empty(), "an ask without an answer after the end");
  }

  const LineHouse& house() const { return house_; }
  static test::Reached& states();

 private:
  void must(bool holds, const char* what) const {
    if (!holds) found(what, house_.unanswered());
  }

  broker::Principal principal(std::uint8_t what) const {
    broker::Principal who;
    static constexpr std::array kAgents = {"1", "2", "3"};
    switch (what % 4) {
      case 0:
        who.mode = broker::SessionMode::kNone;
        return who;
      case 1:
        who.mode = broker::SessionMode::kMonitor;
        return who;
      default:
        who.mode = broker::SessionMode::kAgent;
        who.agent_key = wire::object_key(
            broker::agent_object_id(LineHouse::kPeripheral, kAgents[what / 4 % 3]).view());
        return who;
    }
  }

  void ask() {
    const std::size_t index = input_.below(LineHouse::kSessions);
    const std::uint8_t what = input_.byte();
    if (index + 1 == LineHouse::kSessions || what % 8 == 0)
      return house_.ask(index, broker::AskKind::kSnapshot, 1 + what / 8, 0, 0, {});
    wire::Arguments args;
    if (what % 8 == 1) {
      if ((what & 128U) == 0) args.set("AgentID", std::to_string(1 + what / 8 % 8));
      if ((what & 64U) != 0) args.set("PeripheralID", std::int32_t{5000 + what / 64});
      return house_.ask(index, broker::AskKind::kAgentMode, 1 + what / 8, 0, 0, args.bytes());
    }
    const std::uint8_t more = input_.byte();
    // Few tokens and few numbers: repetitions, of one's own and of others', must come.
    const std::uint64_t token = more % 4 == 0 ? 0 : 1 + more % 4;
    const std::uint64_t id = token == 0 ? ++fresh_ : 1000 + more / 4 % 8;
    arguments(args);
    const auto all = std::span(wire::kAllRequests);
    const std::size_t which = more >= 250 ? input_.byte() : what / 8 % 22;
    house_.ask(index, broker::AskKind::kRequest, id, token,
               which < all.size() ? static_cast<std::uint32_t>(all[which]) : 60000, args.bytes());
  }

  void arguments(wire::Arguments& args) {
    static constexpr std::array kObjects = {
        "agent.5000.1",   "agent.5000.2",   "call.5000.1.91", "call.5000.2.91",
        "call.5000.1.92", "device.5000.91", "call.5000.3.93", ""};
    args.set("UniqueObjectID", input_.of(kObjects));
    const std::uint8_t what = input_.byte();
    if ((what & 1U) != 0) args.set("AgentID", std::to_string(1 + what / 64));
    if ((what & 2U) != 0) args.set("AgentInstrument", "9" + std::to_string(1 + what / 64));
    if ((what & 4U) != 0) args.set("AgentState", std::int32_t{what / 16});
    if ((what & 8U) != 0) args.set("DialedNumber", "5551234");
    if ((what & 16U) != 0) args.set("CallReferenceObjectID", input_.of(kObjects));
    if ((what & 32U) != 0) args.set("CallVariable1", std::string(what, 'v'));
    if ((what & 64U) != 0) args.set("PeripheralID", std::int32_t{5000});
    if ((what & 128U) != 0) args.set("EventReasonCode", std::int32_t{input_.byte()} * 1000);
  }

  /// To something outstanding, or to nothing.
  void answer() {
    const std::uint8_t what = input_.byte();
    if (house_.questions.empty()) return house_.frame(frames_.message(1, what));
    const std::size_t which = what / 16 % house_.questions.size();
    const LineHouse::Question question = house_.questions[house_.questions.size() - 1 - which];
    if ((what & 8U) == 0)
      house_.questions.erase(house_.questions.end() - 1 - static_cast<std::ptrdiff_t>(which));
    const auto confirmed = ged::confirmation_of(M{question.type});
    std::uint32_t type = confirmed ? static_cast<std::uint32_t>(*confirmed) : 1;
    if (what % 8 == 0) type = static_cast<std::uint32_t>(M::kFailureConf);
    if (what % 8 == 1) type = static_cast<std::uint32_t>(M::kControlFailureConf);
    if (what % 8 == 2) type = 1 + input_.byte();
    if (M{question.type} == M::kConfigRequestEvent)
      type = static_cast<std::uint32_t>(M::kConfigEndEvent);
    if (what % 8 == 7) return honest_to(question);
    house_.frame(frames_.message(type, question.invoke_id));
  }

  void honest() {
    const LineHouse::Question question = house_.questions.front();
    house_.questions.pop_front();
    honest_to(question);
  }

  void honest_to(const LineHouse::Question& question) {
    ged::DecodedMessage answer;
    answer.version = house_.config.link.version;
    const auto set = [&](std::string_view name, std::int64_t value) {
      ged::DecodedField field;
      field.name = name;
      field.value.number = value;
      answer.fixed.push_back(std::move(field));
    };
    set("InvokeID", question.invoke_id);
    switch (M{question.type}) {
      case M::kConfigRequestKeyEvent:
        return keys("CONFIG_KEY_EVENT");
      case M::kConfigRequestEvent:
        keys("CONFIG_BEGIN_EVENT");
        answer.fixed.clear();
        answer.name = "CONFIG_END_EVENT";
        break;
      case M::kSnapshotDeviceReq:
        answer.name = "SNAPSHOT_DEVICE_CONF";
        break;
      case M::kClientEventReportReq:
        answer.name = "CLIENT_EVENT_REPORT_CONF";
        break;
      default:
        answer.name = "FAILURE_CONF";
        set("Status", M{question.type} == M::kSnapshotCallReq ? 13 : 9);
    }
    answer.rule = ged::find_message(answer.name);
    answer.number = answer.rule->number;
    const auto frame = ged::encode_table(answer);
    must(frame.ok(), "the honest answer cannot be written");
    house_.frame(*frame);
  }

  /// The honest one's configuration never changes.
  void keys(std::string_view name) {
    ged::DecodedMessage message;
    message.rule = ged::find_message(name);
    message.name = name;
    message.number = message.rule->number;
    message.version = house_.config.link.version;
    for (const ged::FloatRule& rule : message.rule->floating) {
      if (!rule.name.ends_with("ConfigKey") || rule.since > message.version) continue;
      ged::DecodedField field;
      field.name = rule.name;
      field.type = rule.type;
      field.tag = rule.tag;
      field.value.text = "same";
      message.floating.push_back(std::move(field));
    }
    const auto frame = ged::encode_table(message);
    must(frame.ok(), "the honest keys cannot be written");
    house_.frame(*frame);
  }

  void trouble(std::uint8_t what) {
    switch (what % 8) {
      case 0:
        return house_.stall(true);
      case 1:
        return house_.stall(false);
      case 2:
        house_.deaf = !house_.deaf;
        return;
      case 3:
        house_.clients = what / 8;
        return;
      case 4:
        return house_.link_trying();
      case 5:
        return flood();
      case 6:
        for (std::uint64_t id = 100; id < 140; ++id)
          house_.ask(what / 64, broker::AskKind::kSnapshot, id, 0, 0, {});
        return;
      default:
        return house_.link_down();
    }
  }

  /// One message very often: spill and buffers fill.
  void flood() {
    const CtiFrames::Frame frame = frames_.event();
    for (int i = 0; i < 400; ++i) house_.frame(frame);
  }

  void note() const;

  Input& input_;
  LineHouse house_;
  CtiFrames frames_;
  std::uint64_t fresh_ = 0;
};

test::Reached& Story::states() {
  static test::Reached reached{"dialogue: cut short",
                               "dialogue: lost in the middle",
                               "dialogue: an answer overtaken by events",
                               "dialogue: a question put again",
                               "dialogue: keys known, download left out",
                               "dialogue: download refused or silent",
                               "map: a call gone after a loss",
                               "map: full",
                               "map: a call made by an event other than its begin",
                               "ask: waited for a dialogue",
                               "request: confirmed",
                               "request: refused",
                               "request: refused for its rights",
                               "request: outcome unknown",
                               "request: repeated and not run again",
                               "request: of another's token",
                               "answer: too late",
                               "frame: cannot be read",
                               "reset: bad frames",
                               "reset: records lost",
                               "reset: no progress",
                               "log: held, records spilled",
                               "tells: had to wait",
                               "tells: a session cut",
                               "upstream: asked only whether it works",
                               "image: shared"};
  return reached;
}

void Story::note() const {
  test::Reached& reached = states();
  const broker::Sync::Counters& sync = house_.core.sync_counters();
  reached.note("dialogue: cut short", sync.cut_short > 0);
  reached.note("dialogue: lost in the middle", sync.thrown_away > 0);
  reached.note("dialogue: an answer overtaken by events", sync.overtaken > 0);
  reached.note("dialogue: a question put again", sync.lost > 0);
  reached.note("dialogue: keys known, download left out", sync.unchanged > 0);
  reached.note("dialogue: download refused or silent", sync.no_config > 0);
  const broker::TranslatorCounters& translator = house_.core.translator_counters();
  reached.note("map: a call gone after a loss", translator.ended_by_sync > 0);
  reached.note("map: full", house_.core.map().counters().no_room > 0);
  reached.note("map: a call made by an event other than its begin", translator.made_calls > 0);
  const broker::RequestCounters& requests = house_.core.request_counters();
  reached.note("request: confirmed", requests.confirmed > 0);
  reached.note("request: refused", requests.refused > requests.refused_rights);
  reached.note("request: refused for its rights", requests.refused_rights > 0);
  reached.note("request: outcome unknown", requests.unknown > 0);
  reached.note("request: repeated and not run again", requests.repeated > 0);
  reached.note("request: of another's token", requests.foreign_tokens > 0);
  const broker::LineCounters& line = house_.core.counters();
  reached.note("ask: waited for a dialogue", line.asks_parked > 0);
  reached.note("answer: too late", line.late_answers > 0);
  reached.note("frame: cannot be read", line.bad_frames > 0);
  const auto reset = [this](broker::ResetCause cause) {
    return (house_.resets & (1U << static_cast<unsigned>(cause))) != 0;
  };
  reached.note("reset: bad frames", reset(broker::ResetCause::kBadFrames));
  reached.note("reset: records lost", reset(broker::ResetCause::kRecordsLost));
  reached.note("reset: no progress", reset(broker::ResetCause::kNoProgress));
  reached.note("log: held, records spilled", house_.core.sink_counters().spilled > 0);
  reached.note("tells: had to wait", house_.tells.counters().delayed > 0);
  reached.note("tells: a session cut", house_.session_cut);
  reached.note("upstream: asked only whether it works", line.progress_probes > 0);
  reached.note("image: shared", house_.core.snapshot_counters().reused > 0);
}

}  // namespace

/// For replay_main.cpp: what no input of the corpus came through.
std::string missed_states() { return Story::states().missed(); }

/// RINGSIDE_STATES=1: how many inputs came through each, at the end.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const auto tell = [] { std::fputs(Story::states().text().c_str(), stderr); };
  (void)Story::states();  // lives longer than what is told at exit
  if (std::getenv("RINGSIDE_STATES") != nullptr) std::atexit(tell);
  return 0;
}

/// A house is megabytes: memory that waits for a late touch too long is memory touched anew for every input.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=16"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::size_t before = bytes_held();
  Input input(data, size);
  Story story(input);
  while (!input.over()) {
    story.step();
    if (bytes_held() > before + kMemoryMax) found("more memory than a line may hold");
  }
  story.finish();
  return 0;
}
