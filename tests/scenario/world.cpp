// world.cpp - starts the real programs on loopback for one test, and ends them.
#include "tests/scenario/world.hpp"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace cti::scenario {
namespace {

std::string programs_folder() {
  const char* folder = getenv("RINGSIDE_PROGRAMS");
  return folder != nullptr ? folder : "build/tools";
}

/// RINGSIDE_FANOUTS=0 has every scenario played by a server whose line and reactor share a thread.
std::string fanouts() {
  const char* number = getenv("RINGSIDE_FANOUTS");
  return number != nullptr ? number : "1";
}

int number_in(const std::string& line, const char* key) {
  const std::string value = tools::value_in(line, key);
  return value.empty() ? 0 : std::stoi(value);
}

std::string local(int port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

Client::Client() {
  // One list with every event once: some events stand in several interfaces.
  EXPECT_EQ(session.AddEventListener(&events, eAllInOneList), CIL_OK);
}

Client::~Client() {
  Arguments forced;
  forced.AddItem("ForcedDisconnect", true);
  events.mark();
  if (session.Disconnect(forced) == CIL_OK) events.wait(eOnConnectionClosed);
  for (CCtiOsObject* object : held_) object->Release();
  if (agent != nullptr) agent->Release();
}

void Client::connect(int port_a, int port_b) {
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, "127.0.0.1");
  args.AddItem(CTIOS_PORTA, port_a);
  if (port_b != 0) {
    args.AddItem(CTIOS_CTIOSB, "127.0.0.1");
    args.AddItem(CTIOS_PORTB, port_b);
  }
  ASSERT_EQ(session.Connect(args), CIL_OK);
  ASSERT_NE(events.wait(eOnConnection), nullptr) << events.story();
}

void Client::set_agent(const std::string& agent_id) {
  agent = new CAgent;
  agent->SetValue(CTIOS_AGENTID, agent_id);
  agent->SetValue(CTIOS_PERIPHERALID, kPeripheral);
  ASSERT_EQ(session.SetAgent(*agent), CIL_OK);
  ASSERT_NE(events.wait(eSetAgentModeEvent), nullptr) << events.story();
}

void Client::login(const std::string& instrument, bool auto_login) {
  std::string id;
  agent->GetValueString(CTIOS_AGENTID, &id);
  Arguments args;
  args.AddItem(CTIOS_AGENTID, id);
  args.AddItem(CTIOS_PERIPHERALID, kPeripheral);
  args.AddItem(CTIOS_AGENTINSTRUMENT, instrument);
  args.AddItem(CTIOS_AGENTPASSWORD, id);
  if (auto_login) args.AddItem(CTIOS_AUTOLOGIN, 1);
  ASSERT_EQ(agent->Login(args), CIL_OK);
  ASSERT_NE(events.wait(eAgentStateEvent, where(CTIOS_AGENTSTATE, eNotReady)), nullptr)
      << events.story();
}

void Client::set_state(AgentState state) {
  Arguments args;
  args.AddItem(CTIOS_AGENTSTATE, static_cast<int>(state));
  ASSERT_EQ(agent->SetAgentState(args), CIL_OK);
  ASSERT_NE(events.wait(eAgentStateEvent, where(CTIOS_AGENTSTATE, state)), nullptr)
      << events.story();
}

bool Client::has_call(const std::string& unique_object_id) {
  CCtiOsObject* object = nullptr;
  const bool found = session.GetObjectFromObjectID(unique_object_id, &object);
  if (found) object->Release();
  return found;
}

bool Client::loses_call(const std::string& unique_object_id) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (has_call(unique_object_id)) {  // it goes when the handlers of OnCallEnd have returned
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

CCall& Client::call(const std::string& unique_object_id) {
  CCtiOsObject* object = nullptr;
  if (!session.GetObjectFromObjectID(unique_object_id, &object)) {
    throw std::runtime_error("no call " + unique_object_id + "\n" + events.story());
  }
  held_.push_back(object);
  return dynamic_cast<CCall&>(*object);
}

void Client::monitor(const std::string& filter) {
  ASSERT_EQ(session.SetMessageFilter(filter), CIL_OK);
  ASSERT_NE(events.wait(eOnMonitorModeEstablished), nullptr) << events.story();
}

World::World(int servers, const std::vector<std::string>& simulator_flags,
             const std::string& server_config)
    : programs_(programs_folder()), server_config_(server_config) {
  char name[] = "/tmp/ringside-scenario-XXXXXX";
  folder_ = mkdtemp(name);
  std::vector<std::string> command{programs_ + "/ringside-sim", "--port-a", "0", "--port-b", "0"};
  command.insert(command.end(), simulator_flags.begin(), simulator_flags.end());
  auto simulator = tools::Child::start(command, folder_ + "/simulator.log");
  if (!simulator) throw std::runtime_error(simulator.error());
  simulator_ = std::move(simulator).value();
  const auto ready = simulator_->wait_for_line("ready", kPatience);
  if (!ready) throw std::runtime_error("ringside-sim did not start; see " + folder_);
  cti_port_a_ = number_in(*ready, "port-a");
  cti_port_b_ = number_in(*ready, "port-b");
  servers_.resize(static_cast<std::size_t>(servers));
  ports_.resize(servers_.size());
  for (std::size_t i = 0; i < servers_.size(); ++i) start_server(i);
}

World::~World() {
  const bool failed = testing::Test::HasFailure();
  servers_.clear();
  simulator_.reset();
  if (failed) {
    std::fprintf(stderr, "the programs' logs are in %s\n", folder_.c_str());
  } else {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

void World::start_server(std::size_t index) {
  std::vector<std::string> command{programs_ + "/ringsided", "--listen", local(ports_[index])};
  const std::string sides = local(cti_port_a_) + "," + local(cti_port_b_);
  if (server_config_.empty()) {
    command.insert(command.end(), {"--cti-server", sides});
  } else {
    std::ofstream file(folder_ + "/server.toml");
    file << "[[line]]\ncti_servers = [\"" << local(cti_port_a_) << "\", \"" << local(cti_port_b_)
         << "\"]\n"
         << server_config_;
    command.insert(command.end(), {"--config", folder_ + "/server.toml"});
  }
  command.insert(command.end(), {"--fanouts", fanouts()});
  auto server = tools::Child::start(command, folder_ + "/server" + std::to_string(index) + ".log");
  if (!server) throw std::runtime_error(server.error());
  servers_[index] = std::move(server).value();
  const auto ready = servers_[index]->wait_for_line("ready", kPatience);
  if (!ready) throw std::runtime_error("ringsided did not start; see " + folder_);
  ports_[index] = number_in(*ready, "port");
}

void World::restart_server(std::size_t index) {
  servers_[index].reset();
  start_server(index);
}

std::string World::tell_simulator(const std::string& command) {
  EXPECT_TRUE(simulator_->write_line(command));
  while (auto line = simulator_->wait_for_line("", kPatience)) {
    if (line->starts_with("ok")) return *line;
    if (line->starts_with("error")) {
      ADD_FAILURE() << command << ": " << *line;
      return {};
    }
  }
  ADD_FAILURE() << command << ": no answer from ringside-sim";
  return {};
}

std::string World::call_arrives(Client& client, const std::string& ani, const std::string& to,
                                const std::string& data) {
  tell_simulator("call " + ani + " to " + to + (data.empty() ? "" : " " + data));
  const Seen* begin = client.events.wait(eCallBeginEvent);
  if (begin == nullptr) {
    ADD_FAILURE() << "no OnCallBegin\n" << client.events.story();
    return {};
  }
  return begin->text(CTIOS_UNIQUEOBJECTID);
}

}  // namespace cti::scenario
