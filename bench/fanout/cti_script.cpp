// cti_script.cpp - the two scripts of a made-up call centre, as frames: agents changing state, and whole calls.
#include "bench/fanout/cti_script.hpp"

#include "core/base/check.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"

#include <algorithm>
#include <vector>

namespace cti::bench {

namespace ged = wire::ged188;

namespace {

constexpr ged::Version kVersion = 15;
constexpr std::uint32_t kPeripheral = 5000;
constexpr std::uint16_t kAvailable = 3, kTalking = 4, kReserved = 8;

class Script {
 public:
  Frames take() { return std::move(frames_); }

  void state(std::uint32_t agent, std::uint16_t state) {
    const std::string name = agent_name(agent);
    add(ged::AgentStateEventEncoder(room_, kVersion,
                                    {.monitor_id = 1,
                                     .peripheral_id = kPeripheral,
                                     .session_id = 1,
                                     .peripheral_type = 17,
                                     .skill_group_state = state,
                                     .skill_group_number = 77,
                                     .skill_group_id = 5077,
                                     .agent_state = state})
            .agent_id(name)
            .agent_extension(device_of(name))
            .agent_instrument(device_of(name)));
  }

  /// One of the kCallFrames frames of an agent's call.
  void call(std::uint32_t agent, std::uint32_t step) {
    const std::string device = device_of(agent_name(agent));
    const std::uint32_t id = 1000 + agent;
    switch (step) {
      case 0:
        return state(agent, kReserved);
      case 1:
        return begin(device, id);
      case 2:
        return delivered(device, id);
      case 3:
        return event<ged::CallEstablishedEventEncoder>(ged::CallEstablishedEventFixed{}, id, device,
                                                       3);
      case 4:
        return state(agent, kTalking);
      case 5:
        return event<ged::CallHeldEventEncoder>(ged::CallHeldEventFixed{}, id, device, 4);
      case 6:
        return event<ged::CallRetrievedEventEncoder>(ged::CallRetrievedEventFixed{}, id, device, 3);
      case 7:
        return event<ged::CallConnectionClearedEventEncoder>(ged::CallConnectionClearedEventFixed{},
                                                             id, device, 0);
      case 8:
        return event<ged::CallClearedEventEncoder>(ged::CallClearedEventFixed{}, id, device, 0);
      case 9:
        return add(ged::EndCallEventEncoder(room_, kVersion,
                                            {.peripheral_id = kPeripheral,
                                             .connection_device_id_type = 0,
                                             .connection_call_id = id})
                       .connection_device_id(device));
      default:
        return state(agent, kAvailable);
    }
  }

 private:
  template <class Encoder>
  void add(Encoder&& encoder) {
    const auto frame = encoder.finish();
    CTI_CHECK(frame.ok());
    frames_.add(*frame);
  }
  template <class Encoder, class Fixed>
  void event(Fixed fixed, std::uint32_t id, const std::string& device, std::uint16_t status) {
    fixed.peripheral_id = kPeripheral;
    fixed.connection_device_id_type = 0;
    fixed.connection_call_id = id;
    fixed.local_connection_state = status;
    add(Encoder(room_, kVersion, fixed).connection_device_id(device));
  }
  void begin(const std::string& device, std::uint32_t id) {
    add(ged::BeginCallEventEncoder(room_, kVersion,
                                   {.peripheral_id = kPeripheral,
                                    .call_type = 1,
                                    .connection_device_id_type = 0,
                                    .connection_call_id = id})
            .connection_device_id(device)
            .ani("5551234567")
            .dnis("8005550000")
            .dialed_number("8005550000")
            .router_call_key_day(150'000)
            .router_call_key_call_id(id)
            .call_variable1("account 4711")
            .call_variable2("gold"));
  }
  void delivered(const std::string& device, std::uint32_t id) {
    add(ged::CallDeliveredEventEncoder(room_, kVersion,
                                       {.peripheral_id = kPeripheral,
                                        .connection_device_id_type = 0,
                                        .connection_call_id = id,
                                        .local_connection_state = 2})
            .connection_device_id(device)
            .alerting_device_id(device)
            .calling_device_id("5551234567")
            .called_device_id("8005550000"));
  }

  std::vector<std::byte> room_ = std::vector<std::byte>(std::size_t{16} * 1024);
  Frames frames_;
};

}  // namespace

std::string agent_name(std::uint32_t number) { return std::to_string(20'000 + number); }
std::string device_of(std::string_view agent) { return "3" + std::string(agent); }

Frames agent_events(std::uint32_t agents) {
  Script script;
  for (const std::uint16_t state : {kAvailable, kTalking}) {
    for (std::uint32_t agent = 0; agent < agents; ++agent) script.state(agent, state);
  }
  return script.take();
}

Frames call_lives(std::uint32_t agents) {
  Script script;
  for (std::uint32_t first = 0; first < agents; first += kAtOnce) {
    for (std::uint32_t step = 0; step < kCallFrames; ++step) {
      for (std::uint32_t i = first; i < std::min(agents, first + kAtOnce); ++i)
        script.call(i, step);
    }
  }
  return script.take();
}

}  // namespace cti::bench
