// one_step_test.cpp - a transfer or a conference in one step, and recording, with the real programs: on Unified CCE, which is
// what the simulator is unless told otherwise, and on another peripheral.
#include "tests/scenario/world.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace cti::scenario {
namespace {

/// A settings file of the simulator, for as long as the test.
class SimulatorFile {
 public:
  explicit SimulatorFile(const std::string& text)
      : path_((std::filesystem::temp_directory_path() /
               ("one_step_" + std::to_string(getpid()) + ".toml"))
                  .string()) {
    std::ofstream(path_) << text;
  }
  ~SimulatorFile() { std::filesystem::remove(path_); }
  SimulatorFile(const SimulatorFile&) = delete;
  SimulatorFile& operator=(const SimulatorFile&) = delete;
  std::vector<std::string> flags() const { return {"--config", path_}; }

 private:
  const std::string path_;
};

/// Two agents logged in; the first talks with a caller.
class OneStep {
 public:
  explicit OneStep(const std::string& simulator_file = {})
      : file(simulator_file),
        world(1, simulator_file.empty() ? std::vector<std::string>{} : file.flags()) {
    log_in(agent, "22866", "23901");
    log_in(other, "22867", "23902");
    agent.set_state(eAvailable);
    call = world.call_arrives(agent, "5551234", "77", "var1=gold");
    EXPECT_NE(agent.events.wait(eCallDeliveredEvent, about(call)), nullptr);
    EXPECT_EQ(agent.call(call).Answer(), CIL_OK);
    const Seen* talks = agent.events.wait(eCallEstablishedEvent, about(call));
    EXPECT_NE(talks, nullptr) << agent.events.story();
    if (talks != nullptr) mask = talks->mask();
    agent.events.mark();
  }
  void log_in(Client& client, const char* id, const char* instrument) {
    client.connect(world.port());
    client.set_agent(id);
    client.login(instrument);
  }
  static Arguments to(const char* number) {
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, number);
    args.AddItem(CTIOS_CALLVARIABLE2, "blue");
    return args;
  }
  /// The next request is refused like this.
  std::string refusal(int code, int message_type) {
    EXPECT_EQ(code, CIL_OK);
    const Seen* failure = agent.events.wait(eControlFailureConf);
    EXPECT_NE(failure, nullptr) << agent.events.story();
    if (failure == nullptr) return {};
    EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), message_type);
    return failure->text(CTIOS_ERRORMESSAGE);
  }

  SimulatorFile file;
  World world;
  Client agent, other;
  std::string call;
  std::uint32_t mask = 0;
};

TEST(ScenarioOneStep, ATransferReachesTheOtherAgentWithoutAConsultation) {
  OneStep at;
  ASSERT_EQ(at.agent.call(at.call).SingleStepTransfer(OneStep::to("23902")), CIL_OK);
  EXPECT_NE(at.agent.events.wait(eCallEndEvent, about(at.call)), nullptr)
      << at.agent.events.story();
  EXPECT_NE(at.agent.events.wait(eTransferCallConf), nullptr) << at.agent.events.story();
  const Seen* begin = at.other.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << at.other.events.story();
  EXPECT_EQ(begin->text(CTIOS_ANI), "5551234");
  EXPECT_EQ(begin->text(CTIOS_CALLVARIABLE1), "gold");
  EXPECT_EQ(begin->text(CTIOS_CALLVARIABLE2), "blue");
  const std::string there = begin->text(CTIOS_UNIQUEOBJECTID);
  EXPECT_NE(at.other.events.wait(eCallDeliveredEvent, about(there)), nullptr);
  ASSERT_EQ(at.other.call(there).Answer(), CIL_OK);
  EXPECT_NE(at.other.events.wait(eCallEstablishedEvent, about(there)), nullptr);
  EXPECT_GE(at.agent.events.count(eCallTransferredEvent), 1U) << at.agent.events.story();
  EXPECT_TRUE(at.agent.loses_call(at.call));
}

TEST(ScenarioOneStep, ATransferToAQueueIsOfferedToWhoIsAvailable) {
  OneStep at;
  at.other.set_state(eAvailable);
  ASSERT_EQ(at.agent.call(at.call).SingleStepTransfer(OneStep::to("6077")), CIL_OK);
  const Seen* begin = at.other.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << at.other.events.story();
  EXPECT_EQ(begin->text(CTIOS_CALLVARIABLE1), "gold");
  EXPECT_NE(at.agent.events.wait(eCallEndEvent, about(at.call)), nullptr)
      << at.agent.events.story();
}

TEST(ScenarioOneStep, UnifiedCceHasNoConferenceInOneStepAndNoClear) {
  OneStep at;
  EXPECT_EQ(at.mask & ENABLE_SINGLE_STEP_CONFERENCE, 0U);
  CCall& call = at.agent.call(at.call);
  const std::string words = "this peripheral does not offer it (PeripheralType 17)";
  EXPECT_NE(at.refusal(call.SingleStepConference(OneStep::to("23902")), eConferenceCallRequest)
                .find(words),
            std::string::npos);
  EXPECT_NE(at.refusal(call.Clear(), eClearCallRequest).find(words), std::string::npos);
  // What cannot be is refused by name as well.
  EXPECT_NE(at.refusal(call.SingleStepTransfer(Arguments()), eTransferCallRequest)
                .find("DialedNumber is missing"),
            std::string::npos);
  EXPECT_NE(at.refusal(call.SingleStepTransfer(OneStep::to("1")), eTransferCallRequest)
                .find("CF_INVALID_DESTINATION"),
            std::string::npos);
  EXPECT_NE(at.refusal(call.StartRecord(), eStartRecordingRequest)
                .find("CF_REQUESTED_SERVICE_NOT_REGISTERED"),
            std::string::npos);
  EXPECT_TRUE(at.agent.has_call(at.call));
}

TEST(ScenarioOneStep, AnotherPeripheralTakesAThirdIntoTheCallAndClearsItForAll) {
  OneStep at("[gateway]\nperipheral_type = 1\n");
  const std::uint32_t both = ENABLE_SINGLE_STEP_CONFERENCE | ENABLE_SINGLE_STEP_TRANSFER;
  EXPECT_EQ(at.mask & both, both) << std::hex << at.mask;
  ASSERT_EQ(at.agent.call(at.call).SingleStepConference(OneStep::to("23902")), CIL_OK);
  EXPECT_NE(at.agent.events.wait(eConferenceCallConf), nullptr) << at.agent.events.story();
  const Seen* begin = at.other.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << at.other.events.story();
  const std::string there = begin->text(CTIOS_UNIQUEOBJECTID);
  EXPECT_NE(at.other.events.wait(eCallDeliveredEvent, about(there)), nullptr);
  ASSERT_EQ(at.other.call(there).Answer(), CIL_OK);
  EXPECT_NE(at.agent.events.wait(eCallConferencedEvent, about(at.call)), nullptr)
      << at.agent.events.story();
  ASSERT_EQ(at.agent.call(at.call).Clear(), CIL_OK);
  EXPECT_NE(at.agent.events.wait(eCallEndEvent, about(at.call)), nullptr);
  EXPECT_NE(at.other.events.wait(eCallEndEvent, about(there)), nullptr);
  EXPECT_EQ(at.agent.events.count(eClearCallConf), 1U) << at.agent.events.story();
}

TEST(ScenarioOneStep, ASwitchThatOffersNothingInOneStepSaysSo) {
  OneStep at(
      "[gateway]\nperipheral_type = 1\nsingle_step_transfer = false\n"
      "single_step_conference = false\nclear_call = false\n");
  CCall& call = at.agent.call(at.call);
  const std::string words = "CF_INVALID_FEATURE";
  EXPECT_NE(
      at.refusal(call.SingleStepTransfer(OneStep::to("23902")), eTransferCallRequest).find(words),
      std::string::npos);
  EXPECT_NE(at.refusal(call.SingleStepConference(OneStep::to("23902")), eConferenceCallRequest)
                .find(words),
            std::string::npos);
  EXPECT_NE(at.refusal(call.Clear(), eClearCallRequest).find(words), std::string::npos);
}

TEST(ScenarioOneStep, CredentialsAreLookedAtBeforeAnyMode) {
  World world;
  Client client;
  client.connect(world.port());
  ASSERT_EQ(client.session.SendIdentifyClientRequest(), CIL_OK);
  const Seen* nobody = client.events.wait(eControlFailureConf);
  ASSERT_NE(nobody, nullptr) << client.events.story();
  EXPECT_EQ(nobody->integer(CTIOS_MESSAGETYPE), eIdentifyClientRequest);
  client.session.SetValue(CTIOS_AGENTID, "22866");
  client.session.SetValue(CTIOS_AGENTPASSWORD, "wrong");
  ASSERT_EQ(client.session.SendIdentifyClientRequest(), CIL_OK);
  const Seen* wrong = client.events.wait(eControlFailureConf);
  ASSERT_NE(wrong, nullptr) << client.events.story();
  EXPECT_EQ(wrong->integer(CTIOS_FAILURECODE), 256);
  client.session.SetValue(CTIOS_AGENTPASSWORD, "22866");
  ASSERT_EQ(client.session.SendIdentifyClientRequest(), CIL_OK);
  EXPECT_NE(client.events.wait(eIdentifyClientConf), nullptr) << client.events.story();
  EXPECT_EQ(client.events.count(eAgentStateEvent), 0U) << "nobody was logged in";
}

TEST(ScenarioOneStep, ACallIsRecordedUntilItIsStopped) {
  OneStep at("[gateway]\nrecorder = true\n");
  CCall& call = at.agent.call(at.call);
  ASSERT_EQ(call.StartRecord(), CIL_OK);
  const Seen* told = at.agent.events.wait(eCallDataUpdateEvent, about(at.call));
  ASSERT_NE(told, nullptr) << at.agent.events.story();
  EXPECT_EQ(told->text("Recording"), "started");
  EXPECT_NE(at.agent.events.wait(eStartRecordingConf, about(at.call)), nullptr)
      << at.agent.events.story();
  EXPECT_EQ(call.GetValueString("Recording"), "started");
  EXPECT_NE(at.refusal(call.StartRecord(), eStartRecordingRequest).find("is recorded already"),
            std::string::npos);
  ASSERT_EQ(call.StopRecord(), CIL_OK);
  EXPECT_NE(at.agent.events.wait(eStopRecordingConf, about(at.call)), nullptr)
      << at.agent.events.story();
  EXPECT_EQ(call.GetValueString("Recording"), "stopped");
  EXPECT_NE(at.refusal(call.StopRecord(), eStopRecordingRequest).find("is not recorded any more"),
            std::string::npos);
}

TEST(ScenarioOneStep, WhatAnotherServerHasBegunToRecordIsStoppedHere) {
  const SimulatorFile file("[gateway]\nrecorder = true\n");
  World world(2, file.flags());
  Client agent;
  agent.connect(world.port(0));
  agent.set_agent("22866");
  agent.login("23901");
  agent.set_state(eAvailable);
  const std::string call = world.call_arrives(agent, "5551234", "77");
  ASSERT_NE(agent.events.wait(eCallDeliveredEvent, about(call)), nullptr);
  ASSERT_EQ(agent.call(call).Answer(), CIL_OK);
  ASSERT_NE(agent.events.wait(eCallEstablishedEvent, about(call)), nullptr);
  ASSERT_EQ(agent.call(call).StartRecord(), CIL_OK);
  ASSERT_NE(agent.events.wait(eStartRecordingConf), nullptr) << agent.events.story();
  Client there;  // the same agent, by a server that has not heard of it
  there.connect(world.port(1));
  there.set_agent("22866");
  ASSERT_TRUE(there.has_call(call)) << there.events.story();
  ASSERT_EQ(there.call(call).StopRecord(), CIL_OK);
  EXPECT_NE(there.events.wait(eStopRecordingConf, about(call)), nullptr) << there.events.story();
  EXPECT_EQ(there.call(call).GetValueString("Recording"), "stopped");
}

}  // namespace
}  // namespace cti::scenario
