// Scenario files: every shipped one passes at every version, mistakes are told with their line, failures with what was
// seen, and one seed gives the same bytes.
//
// The shipped files are in the folder that RINGSIDE_SCENARIOS names (meson sets it).
#include "tools/simulator/scenario/scenario_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace cti::simulator {
namespace {

using Outcome = ScenarioReport::Result;

std::vector<std::string> shipped() {
  const char* folder = std::getenv("RINGSIDE_SCENARIOS");
  std::vector<std::string> files;
  if (folder == nullptr) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

Scenario read(const std::string& text) {
  auto made = read_scenario(text, "test.scenario");
  if (!made) throw std::runtime_error(made.error());
  return std::move(made).value();
}

ScenarioReport play(const std::string& text, ged::Version version = 15, std::uint64_t seed = 1) {
  const Scenario scenario = read(text);
  VirtualRun how;
  how.version = version;
  how.seed = seed;
  return run_scenario(scenario, how);
}

std::string error_of(const std::string& text) {
  const auto made = read_scenario(text, "test.scenario");
  return made.ok() ? "(none)" : made.error();
}

const char* const kRinging =
    "client desk desktop AgentID=22866 AgentInstrument=23901\n"
    "agent 22866 logs in\n"
    "agent 22866 goes available\n"
    "call c1 from 5551234 to 77 var1=abc\n"
    "expect desk CALL_DELIVERED_EVENT\n";

TEST(ScenarioFiles, EveryShippedOnePassesAtEveryVersion) {
  const auto files = shipped();
  ASSERT_GE(files.size(), 35U);
  for (const std::string& file : files) {
    const auto scenario = read_scenario_file(file);
    ASSERT_TRUE(scenario.ok()) << scenario.error();
    EXPECT_FALSE(scenario->title.empty()) << file;
    std::size_t played = 0;
    for (const ged::Version version : {14U, 15U, 20U, 24U, 25U}) {
      VirtualRun how;
      how.version = version;
      const ScenarioReport report = run_scenario(*scenario, how);
      EXPECT_NE(report.result, Outcome::kFailed) << "version " << version << "\n" << report.text;
      if (report.result != Outcome::kPassed) continue;
      ++played;
      EXPECT_GE(report.checks, 3U) << file << " expects next to nothing";
    }
    EXPECT_GE(played, 2U) << file;
  }
}

TEST(ScenarioFiles, MistakesAreToldWithTheirLineAndWhatWasExpected) {
  const std::pair<const char*, const char*> kMistakes[] = {
      {"clint x desktop", "test.scenario:1: expected a step"},
      {"\n# a remark\nwait 2", "test.scenario:3: expected a time such as 500ms or 2s, not `2`"},
      {"client x", ":1: expected a kind of client or services="},
      {"client x desktop\nclient x desktop", ":2: a client called `x` has been opened above"},
      {"client x services=all-event", "expected a service, not `all-event` (all-events?)"},
      {"client x desktop AgentId=1", "OPEN_REQ has no field AgentId (AgentID?)"},
      {"expect x BEGIN_CALL_EVENT", "no client `x` has been opened above this line"},
      {"client x desktop\nexpect x BEGIN_CAL_EVENT",
       ":2: expected the name of a message, not "
       "BEGIN_CAL_EVENT (BEGIN_CALL_EVENT?)"},
      {"client x desktop\nexpect x MAKE_CALL_REQ", "MAKE_CALL_REQ is sent by clients"},
      {"client x desktop\nx asks BEGIN_CALL_EVENT", "BEGIN_CALL_EVENT is sent by servers"},
      {"client x desktop\nexpect x AGENT_STATE_EVENT AgentState=TALKING",
       "AgentState is a number or a name of AgentState, not TALKING"},
      {"client x desktop\nexpect x BEGIN_CALL_EVENT ConnectionCallID=$c9",
       "nothing is remembered as $c9"},
      {"agent 1 answers c1", "no call `c1` is known above this line"},
      {"agent 1 sleeps", "expected what the agent does"},
      {"agent 1 goes mad", "expected a state (not-ready, available, work-not-ready or work-ready)"},
      {"client x desktop\nexpect x in any order\nBEGIN_CALL_EVENT", ":2: expected `end`"},
      {"wait 1s\ntitle Late", ":2: `title` stands before the first step"},
      {"wait 1s 2s", "expected the end of the line, not `2s`"},
      {"[2x] wait 1s", "expected versions such as [20+]"},
      {"client x desktop\nx sends hex 012", "expected hex digits in pairs"},
      {"gateway lunch=12", "not a setting of the gateway: lunch=12"},
      {"", "test.scenario:1: expected steps, found none"},
  };
  for (const auto& [text, wanted] : kMistakes) {
    EXPECT_NE(error_of(text).find(wanted), std::string::npos) << text << "\n" << error_of(text);
  }
  const std::string two = error_of("clint x\nwait 2\nwait 1s");
  EXPECT_EQ(std::ranges::count(two, '\n'), 2) << "all mistakes at once: " << two;
}

TEST(ScenarioFiles, NoTextWhateverItIsBreaksTheReader) {
  core::Random random(7);
  const std::string good =
      std::string(kRinging) + "expect desk in any order\n END_CALL_EVENT\nend\n";
  for (int i = 0; i < 3'000; ++i) {
    std::string text = good;
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::size_t at = random.below(text.size());
      if (random.chance(0.5)) {
        text[at] = static_cast<char>(random.below(256));
      } else {
        text.erase(at, random.below(12));
      }
      if (text.empty()) break;
    }
    (void)read_scenario(text, "random").ok();
  }
}

/// What the file holds is shown to a person: control characters and what is no UTF-8 must not reach a terminal as they are.
bool is_for_people(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\n'; });
}

TEST(ScenarioFiles, MistakesAreShownWithoutTheControlCharactersOfTheFile) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"wait \xff\xff\xff\xff\xff\xff\0\xbd"s, "\x1b[2Jclient x desktop"s,
        "client x desktop PeripheralID=1\0"s, "client x desktop\nx asks HEARTBEAT_\x7fREQ"s,
        "title \x1b[31mred\nagent 22866 \xc2\x9b goes"s, "[\x01] wait 1s"s}) {
    const std::string error = error_of(text);
    EXPECT_NE(error, "(none)");
    EXPECT_TRUE(is_for_people(error)) << error;
  }
  const std::string error = error_of("wait \xff\0 K\xc3\xb6ln"s);
  EXPECT_NE(error.find("`\\xff\\x00`"), std::string::npos) << error;
  EXPECT_NE(error_of("K\xc3\xb6ln"s).find("`K\xc3\xb6ln`"), std::string::npos) << "this is UTF-8";
}

TEST(ScenarioPlay, FailuresAreShownWithoutTheControlCharactersOfFileAndMessages) {
  using namespace std::string_literals;
  for (const std::string& step :
       {"agent \x1b[2J goes available"s, "expect desk CALL_DELIVERED_EVENT ANI=\0x within 1s"s,
        "expect agent \x9b\x07 talking within 1s"s, "agent 22866 answers c1 # \x1b[2J"s,
        "do call 5551234 to 77 \x07=1"s, "desk sends QUERY_AGENT_STATE_REQ\t\x08=1"s}) {
    const auto scenario = read_scenario(kRinging + step, "test.scenario");
    const std::string told = scenario.ok() ? run_scenario(*scenario, {}).text : scenario.error();
    EXPECT_TRUE(is_for_people(told)) << told;
  }
  // A value that a caller brought in is shown where it is seen instead, and makes no line of its own.
  const ScenarioReport report = play(
      "client desk desktop AgentID=22866 AgentInstrument=23901\nagent 22866 logs in\n"
      "agent 22866 goes available\ncall c1 from 5551234 to 77 var1=\x1b[2J\xff\n"
      "expect desk CALL_DELIVERED_EVENT CallVariable1=x within 1s");
  EXPECT_EQ(report.result, Outcome::kFailed);
  EXPECT_TRUE(is_for_people(report.text)) << report.text;
}

TEST(ScenarioPlay, StepsAreAnnouncedAsAPersonMayReadThem) {
  VirtualRun how;
  std::string told;
  how.on_line = [&](Nanos, const std::string& text) { told += text; };
  run_scenario(read("say \x1b[2Jhello"), how);
  EXPECT_EQ(told, "say \\x1b[2Jhello");
}

TEST(ScenarioPlay, AFailureNamesTheLineAndWhatWasSeenInstead) {
  const ScenarioReport report =
      play(std::string(kRinging) + "expect desk BEGIN_CALL_EVENT within 2s\n");
  ASSERT_EQ(report.result, Outcome::kFailed);
  EXPECT_NE(report.text.find("test.scenario:6: expect desk BEGIN_CALL_EVENT within 2s"),
            std::string::npos)
      << report.text;
  EXPECT_NE(report.text.find("nothing was seen"), std::string::npos);
  const ScenarioReport other = play(std::string(kRinging) +
                                    "agent 22866 answers c1\n"
                                    "expect desk CALL_ESTABLISHED_EVENT AnsweringDeviceID=9\n");
  ASSERT_EQ(other.result, Outcome::kFailed);
  EXPECT_NE(other.text.find("AnsweringDeviceID is \"23901\", expected 9"), std::string::npos)
      << other.text;
  EXPECT_NE(other.text.find("AGENT_STATE_EVENT"), std::string::npos);
}

TEST(ScenarioPlay, EveryKindOfExpectationCanFail) {
  const char* const kWrong[] = {
      "expect desk next END_CALL_EVENT\n",
      "agent 22866 answers c1\nexpect desk no CALL_ESTABLISHED_EVENT for 1s\n",
      "agent 22866 answers c1\nexpect desk nothing for 1s\n",
      "expect desk closed within 1s\n",
      "agent 22866 answers c1\nexpect desk in any order\n CALL_ESTABLISHED_EVENT\n "
      "CALL_HELD_EVENT\nend\n",
      "expect agent 22866 talking within 1s\n",
      "expect call c1 at 23901 connected within 1s\n",
      "expect call c1 at 9 connected within 1s\n",
      "expect call c1 ended within 1s\n",
      "expect call c1 parties 3 within 1s\n",
      "expect calls 2 within 1s\n",
      "expect group 77 queue 1 within 1s\n",
      "expect clients 2 within 1s\n",
      "agent 22866 answers c1 => refused\n",
      "agent 22866 holds c1\n",
      "agent 22866 holds c1 => refused 99\n",
      "desk asks ANSWER_CALL_REQ ConnectionCallID=$c1 ConnectionDeviceID=23901 => "
      "ANSWER_CALL_CONF InvokeID=99\n",
      "desk asks HOLD_CALL_REQ ConnectionCallID=$c1 ConnectionDeviceID=23901\n",
      "desk asks ANSWER_CALL_REQ ConnectionCallID=$c1 ConnectionDeviceID=23901 => "
      "CONTROL_FAILURE_CONF\n",
      "client late desktop AgentID=1 AgentInstrument=23901\n",
      "do nonsense\n",
      "do calls => error\n",
      "expect desk BEGIN_CALL_EVENT\n",
      "data c1 var1=0123456789012345678901234567890123456789x\n",
      "caller of c1 hangs up\nexpect desk END_CALL_EVENT\ncaller of c1 hangs up\n",
  };
  for (const char* wrong : kWrong) {
    EXPECT_EQ(play(std::string(kRinging) + wrong).result, Outcome::kFailed) << wrong;
  }
}

TEST(ScenarioPlay, FieldsAreComparedInEveryWayThatTheLanguageHas) {
  const auto passes = [](const std::string& fields) {
    return play(
               "client desk desktop AgentID=22866 AgentInstrument=23901\n"
               "agent 22866 logs in\nagent 22866 goes available\n"
               "call c1 from 5551234 to 77 var1=abc user.list[1]=x user.color=red\n"
               "expect desk BEGIN_CALL_EVENT " +
               fields + " within 1s\n")
               .result == Outcome::kPassed;
  };
  for (const char* good :
       {"ANI=5551234", "ANI!=7", "ANI=*", "CallVariable2=none", "ConnectionCallID=$c1",
        "ConnectionCallID=?x", "CallType=CALLTYPE_ACD_IN", "CallType=0x1",
        "NamedVariable.user.color=red", "NamedArray.user.list[1]=x", "NamedArray.user.list[2]=none",
        "CalledPartyDisposition=*", "CallVariable1=abc CallVariable2=none"}) {
    EXPECT_TRUE(passes(good)) << good;
  }
  for (const char* bad : {"ANI=7", "ANI!=5551234", "ANI=none", "CallVariable2=*",
                          "ConnectionCallID=7", "NamedVariable.user.color=blue",
                          "NamedArray.user.list[2]=x", "NamedVariable.user.size=*"}) {
    EXPECT_FALSE(passes(bad)) << bad;
  }
}

TEST(ScenarioPlay, LinesForOtherVersionsAreLeftOut) {
  const std::string text = "[20+] wait 1s\n[-19] wait 2s\n[14-15] wait 4s\nexpect calls 0\n";
  EXPECT_EQ(play(text, 14).took, Nanos(Seconds(6)));
  EXPECT_EQ(play(text, 18).took, Nanos(Seconds(2)));
  EXPECT_EQ(play(text, 20).took, Nanos(Seconds(1)));
  EXPECT_EQ(play("versions [24+]\nwait 1s\n", 15).result, Outcome::kSkipped);
}

const char* const kLoaded =
    "gateway agents=60 skill-groups=4 teams=3\n"
    "load robots calls-per-second=2 talk=20 wrapup=5 transfer=0.2 conference=0.1\n"
    "client all everything\n"
    "client desk desktop AgentID=22866 AgentInstrument=23901\n"
    "wait 300s\n"
    "expect all END_CALL_EVENT\n";

TEST(ScenarioPlay, TheSameSeedGivesTheSameBytes) {
  for (const ged::Version version : {14U, 24U}) {
    const ScenarioReport first = play(kLoaded, version, 5);
    const ScenarioReport again = play(kLoaded, version, 5);
    const ScenarioReport other = play(kLoaded, version, 6);
    ASSERT_EQ(first.result, Outcome::kPassed) << first.text;
    EXPECT_GT(first.messages, 5'000U);
    EXPECT_EQ(first.messages, again.messages);
    EXPECT_EQ(first.bytes_hash, again.bytes_hash);
    EXPECT_NE(first.bytes_hash, other.bytes_hash);
  }
}

}  // namespace
}  // namespace cti::simulator
