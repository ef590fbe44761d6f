// config_test.cpp - a configuration is read whole or refused with every mistake in it.
#include "core/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace cti::core {
namespace {

enum class Policy { kSnapshot, kCut };

struct Gateway {
  std::string name = "pg";
  std::uint32_t peripheral_id = 5000;
  std::vector<std::string> sides;
  std::string password;
  bool enabled = true;
};

struct Settings {
  std::uint16_t port = 42028;
  Policy slow = Policy::kSnapshot;
  std::uint32_t heartbeat_s = 15;
  std::uint32_t idle_timeout_s = 60;
  std::string host = "127.0.0.1";
  std::vector<Gateway> gateways;
};

struct ConfigTest : testing::Test {
  ConfigTest() {
    auto& server = config.root().table("server", "Where clients connect.");
    server.text("host", settings.host, {1, 64}, "Address to listen on.");
    server.integer<std::uint16_t>("port", settings.port, 1, 65535, "TCP port for clients.");
    server.choice<Policy>("slow_session", settings.slow,
                          {{"snapshot", Policy::kSnapshot}, {"cut", Policy::kCut}},
                          "What a lapped session gets.");
    auto& times = config.root().table("times", "How long things may take.");
    times.integer<std::uint32_t>("heartbeat_s", settings.heartbeat_s, 1, 600,
                                 "Between heartbeats.");
    times.integer<std::uint32_t>("idle_timeout_s", settings.idle_timeout_s, 1, 3600,
                                 "Silence allowed.");
    config.root().tables<Gateway>(
        "gateway", settings.gateways, 2,
        [](ConfigTable& table, Gateway& gateway) {
          table.text("name", gateway.name, {1, 32}, "For log lines.");
          table.integer<std::uint32_t>("peripheral_id", gateway.peripheral_id, 1, 0xffffffff,
                                       "Its number.");
          table.list("sides", gateway.sides, {2, {1, 64}}, "host:port of side A, then B.");
          table.text("password", gateway.password, {0, 64, true}, "Sent with OPEN_REQ.");
          table.boolean("enabled", gateway.enabled, "Whether to connect.");
        },
        "A peripheral gateway.");
    config.check([this](ConfigProblems& problems) {
      if (settings.idle_timeout_s < 2 * settings.heartbeat_s) {
        problems.add("times.idle_timeout_s", "shorter than two heartbeats",
                     "allowed: at least 2 x times.heartbeat_s");
      }
    });
  }
  /// Every problem, one line each; empty when the text is good.
  std::string read(std::string_view text) {
    const auto result = config.read_text(text, "ringside.toml");
    return result.ok() ? "" : result.error().text();
  }
  Settings settings;
  Config config;
};

TEST_F(ConfigTest, AnEmptyFileLeavesTheDefaults) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(settings.port, 42028);
  EXPECT_TRUE(settings.gateways.empty());
}

TEST_F(ConfigTest, TakesEveryKindOfKey) {
  EXPECT_EQ(read("[server]\nport = 7\nslow_session = 'cut'\nhost = \"::1\"\n"
                 "[[gateway]]\nname = 'one'\nsides = ['a:1', 'b:2']\nenabled = false\n"
                 "[[gateway]]\nperipheral_id = 4294967295\n"),
            "");
  EXPECT_EQ(settings.port, 7);
  EXPECT_EQ(settings.slow, Policy::kCut);
  EXPECT_EQ(settings.host, "::1");
  ASSERT_EQ(settings.gateways.size(), 2u);
  EXPECT_EQ(settings.gateways[0].name, "one");
  EXPECT_EQ(settings.gateways[0].sides, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_FALSE(settings.gateways[0].enabled);
  EXPECT_EQ(settings.gateways[1].name, "pg");
  EXPECT_EQ(settings.gateways[1].peripheral_id, 4294967295u);
}

TEST_F(ConfigTest, O1_AllMistakesComeAtOnceWithPlaceKeyFoundAndAllowed) {
  EXPECT_EQ(
      read("[server]\n"                       // 1
           "prot = 42028\n"                   // 2
           "host = 7\n"                       // 3
           "slow_session = 'snap'\n"          // 4
           "port = 99999\n"                   // 5
           "[[gateway]]\n"                    // 6
           "sides = ['a:1', 'b:2', 'c:3']\n"  // 7
           "enabled = 'yes'\n"                // 8
           "[gatway]\n"),                     // 9
      "ringside.toml:2:1: server.prot: unknown key; did you mean \"port\"? known here: host, port, "
      "slow_session\n"
      "ringside.toml:3:8: server.host: found integer 7; allowed: text of 1 .. 64 bytes\n"
      "ringside.toml:4:16: server.slow_session: found text \"snap\"; allowed: one of: snapshot, "
      "cut\n"
      "ringside.toml:5:8: server.port: found integer 99999; allowed: integer 1 .. 65535\n"
      "ringside.toml:7:9: gateway[0].sides: found a list of 3; allowed: list of at most 2, each "
      "text of 1 .. "
      "64 bytes\n"
      "ringside.toml:8:11: gateway[0].enabled: found text \"yes\"; allowed: true or false\n"
      "ringside.toml:9:2: gatway: unknown key; did you mean \"gateway\"? known here: server, "
      "times, "
      "gateway\n");
}

TEST_F(ConfigTest, O1_ContradictoryTimesAreRefusedWithTheirPlace) {
  EXPECT_EQ(
      read("[times]\nheartbeat_s = 40\nidle_timeout_s = 79\n"),
      "ringside.toml:3:1: times.idle_timeout_s: shorter than two heartbeats; allowed: at least 2 x "
      "times.heartbeat_s\n");
  EXPECT_EQ(read("[times]\nheartbeat_s = 40\nidle_timeout_s = 80\n"), "");
}

TEST_F(ConfigTest, O1_AContradictionWithADefaultHasNoPlaceButAKey) {
  EXPECT_EQ(
      read("[times]\nheartbeat_s = 500\n"),
      "ringside.toml: times.idle_timeout_s: shorter than two heartbeats; allowed: at least 2 x "
      "times.heartbeat_s\n");
}

TEST_F(ConfigTest, O1_BrokenTomlIsOneProblemWithItsPlace) {
  const std::string problems = read("[server]\nport = \n");
  EXPECT_EQ(problems.find("ringside.toml:2:8: not TOML: "), 0u) << problems;
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 1) << problems;
}

TEST_F(ConfigTest, O1_ATableWhereAValueBelongsAndTheOtherWayRound) {
  EXPECT_EQ(read("server = 3\n[gateway]\nname = 'x'\n[times]\nheartbeat_s = {}\n"),
            "ringside.toml:1:10: server: found integer 3; allowed: a table [server]\n"
            "ringside.toml:2:1: gateway: found a table; allowed: tables [[gateway]]\n"
            "ringside.toml:5:15: times.heartbeat_s: found a table; allowed: integer 1 .. 600\n");
}

TEST_F(ConfigTest, CountsTheTablesOfAnArray) {
  EXPECT_EQ(read("[[gateway]]\n[[gateway]]\n[[gateway]]\n"),
            "ringside.toml:1:1: gateway: found 3 tables; allowed: at most 2\n");
}

TEST_F(ConfigTest, AKeyWhoseDefaultIsNotAllowedMustBeThere) {
  struct Item {
    std::string id;
    std::uint32_t number = 0;
    std::string name;
  };
  std::vector<Item> items;
  config.root().tables<Item>(
      "item", items, 4,
      [](ConfigTable& table, Item& item) {
        table.text("id", item.id, {1, 8}, "");
        table.integer<std::uint32_t>("number", item.number, 1, 9, "");
        table.text("name", item.name, {0, 8}, "");
      },
      "");
  EXPECT_EQ(read("[[item]]\nid = \"a\"\nnumber = 1\n[[item]]\nname = \"b\"\n"),
            "ringside.toml:4:1: item[1].id: missing; allowed: text of 1 .. 8 bytes\n"
            "ringside.toml:4:1: item[1].number: missing; allowed: integer 1 .. 9\n");
}

TEST_F(ConfigTest, NoSecretIsShown) {
  const std::string problems = read("[[gateway]]\npassword = \"" + std::string(65, 'S') + "\"\n");
  EXPECT_EQ(problems,
            "ringside.toml:2:12: gateway[0].password: found text (secret, not shown); allowed: "
            "text of 0 .. 64 "
            "bytes\n");
  EXPECT_EQ(read("[[gateway]]\npassword = 'hidden'\n"), "");
  EXPECT_EQ(settings.gateways[0].password, "hidden");
  EXPECT_EQ(config.print().find("hidden"), std::string::npos);
}

TEST_F(ConfigTest, EscapesWhatItRepeats) {
  const std::string problems = read("\"a\\u001b[2Jb\" = 1\n[server]\nslow_session = \"x\\ny\"\n");
  EXPECT_NE(problems.find("a\\x1b[2Jb: unknown key"), std::string::npos) << problems;
  EXPECT_NE(problems.find("found text \"x\\x0ay\""), std::string::npos) << problems;
}

TEST_F(ConfigTest, EscapesWhatARuleRepeats) {
  config.check([](ConfigProblems& p) { p.add("server.host", "\"a\x1b[31m\xc2\x9b\"", "x"); });
  EXPECT_EQ(read(""), "ringside.toml: server.host: \"a\\x1b[31m\\xc2\\x9b\"; x\n");
}

std::string times(int count, std::string_view what) {
  std::string out;
  for (int i = 0; i < count; ++i) out += what;
  return out;
}

TEST_F(ConfigTest, O8_AHeaderOfFiftyThousandLevelsIsRefusedWithItsPlace) {
  EXPECT_EQ(read("[server]\nport = 7\n[a" + times(49'999, ".a") + "]\n"),
            "ringside.toml:3:33: nested too deep; allowed: at most 16 levels; nothing was looked "
            "at\n");
  EXPECT_EQ(settings.port, 42028);
}

TEST_F(ConfigTest, O8_WhatTheParserTakesForImpossibleIsRefused) {
  for (const char* text : {"[`x]\n", "[[`a]]x\n", "[a\n]\n[?]\n", "[server]\n[[\"\"]]?\n[=]\n"}) {
    EXPECT_NE(read(text).find("not TOML"), std::string::npos) << text;
  }
}

TEST_F(ConfigTest, O8_EveryWayToNestIsBounded) {
  const std::string lists = "\nx = " + times(50'000, "[");
  const std::string ways[] = {
      "a" + times(50'000, ".a") + " = 1\n",                      // a dotted key
      lists,                                                     // lists
      "x = " + times(50'000, "{a=") + "1" + times(50'000, "}"),  // inline tables
      "x = {" + times(5'000, "a.") + "a = 1}\n",                 // a dotted key in one
      "[[" + times(50'000, "\"a\" . ") + "a]]\n",                // quoted parts, blanks
      R"(s = """\"""" # """)" + lists,  // strings of every kind in front of it
      R"(s = """a""""")" + lists,       // two quotes before the end
      R"(s = 'a\')" + lists,            // no escape in a literal string
      R"(s = '''a''''')" + lists,
      R"(s = "a\\")" + lists,
      R"(s = "")" + lists,
      R"(s = '')" + lists,
      R"(s = "\"[[")" + lists,
  };
  for (const std::string& text : ways) {
    EXPECT_NE(read(text).find("nested too deep"), std::string::npos) << text.substr(0, 40);
  }
}

TEST_F(ConfigTest, O8_WhatOnlyLooksDeepIsNot) {
  const std::string deep = times(1000, ".") + times(1000, "[");
  EXPECT_EQ(read("# " + deep + "\n[server]\nhost = '" + times(40, ".") + "'\n"), "");
  EXPECT_EQ(settings.host, times(40, "."));
  const std::string text = read("x = [" + times(100, "1.5, ") + "1.5]\ny = '''\n" + deep +
                                "'''\nz = \"\"\"" + deep + "\\\"\"\"\"\n");
  EXPECT_EQ(text.find("nested"), std::string::npos) << text;
  EXPECT_NE(text.find("z: unknown key"), std::string::npos) << text;
}

TEST_F(ConfigTest, O8_TheDeepestTreeThatPassesIsTakenApartInPeace) {
  const std::string sixteen = "a" + times(15, ".a");
  const std::string open = "[" + sixteen + "]\n" + times(16, sixteen + " = {");
  EXPECT_NE(read(open).find("not TOML"), std::string::npos) << "its braces are open";
  EXPECT_EQ(read(open + "b = 1" + times(16, "}") + "\n").find("nested"), std::string::npos);
}

TEST_F(ConfigTest, ListsABoundedNumberOfMistakesAndCountsTheRest) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "k" + std::to_string(i) + " = 1\n";
  const auto result = config.read_text(text, "f");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().list().size(), kProblemsMax);
  EXPECT_EQ(result.error().left_out(), 50u);
  EXPECT_NE(result.error().text().find("f: and 50 more\n"), std::string::npos);
}

TEST_F(ConfigTest, RefusesAFileThatIsTooLongOrNotThere) {
  EXPECT_EQ(read(std::string(kConfigBytesMax + 1, '#')),
            "ringside.toml: the file is too long; allowed: at most 1048576 bytes\n");
  const auto missing = config.read_file("/no/such/ringside.toml");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().text(),
            "/no/such/ringside.toml: the file cannot be read; does it exist, may I read it?\n");
}

TEST_F(ConfigTest, ReadsFromAFile) {
  char name[] = "/tmp/ringside-config-test-XXXXXX";
  ASSERT_EQ(::close(::mkstemp(name)), 0);
  std::ofstream(name) << "[server]\nport = 9\n";
  const auto result = config.read_file(name);
  ::unlink(name);
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(settings.port, 9);
}

TEST_F(ConfigTest, PrintsTheEffectiveConfigurationWithItsMeaning) {
  EXPECT_EQ(read("[server]\nport = 9\nhost = \"a\\\"b\"\n"), "");
  const std::string printed = config.print();
  EXPECT_NE(printed.find("# Where clients connect.\n[server]\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("# TCP port for clients. (integer 1 .. 65535; default 42028)\nport = 9\n"),
            std::string::npos)
      << printed;
  EXPECT_NE(printed.find("host = \"a\\\"b\"\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("# [[gateway]]\n"), std::string::npos) << "a sample when there is none";
}

TEST_F(ConfigTest, WhatItPrintsReadsBackToTheSame) {
  EXPECT_EQ(read("[server]\nport = 9\nslow_session = 'cut'\n[[gateway]]\nname = \"x\\ty\"\n"
                 "sides = [\"a\", \"b\\\\\"]\n[[gateway]]\nenabled = false\n"),
            "");
  const std::string printed = config.print();
  settings.port = 1;
  settings.gateways.clear();
  EXPECT_EQ(read(printed), "") << printed;
  EXPECT_EQ(config.print(), printed);
  EXPECT_EQ(settings.gateways.at(0).name, "x\ty");
}

TEST_F(ConfigTest, ChecksOurOwnMisuse) {
  int field = 0;
  EXPECT_DEATH(config.root().integer("server", field, 0, 1, "a second one"), "there != name");
}

}  // namespace
}  // namespace cti::core
