// client.hpp - one TCP connection of a GED-188 client: what it opened, what it watches, what is on its way to it.
//
// Shape    frames are appended to `out` during a turn; flush() hands them to the Io in one send at the end of the turn, so
//          that a frame never leaves in pieces of ours and a busy turn leaves in one write.
// Bounds   what waits in `out` is cut off at ServerSettings::send_queue_bytes: a client that does not read loses its session, and
//          nobody else notices.
// Threads  owned by the Server.
#pragma once

#include "core/io.hpp"
#include "core/send_buffer.hpp"
#include "tools/simulator/messages/call_messages.hpp"
#include "tools/simulator/model/vocabulary.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cti::simulator {

enum class Side : std::uint8_t { kA = 0, kB = 1 };

namespace service {  // ServiceMask
inline constexpr std::uint32_t kClientEvents = 0x1, kCallData = 0x2, kClientControl = 0x4,
                               kConnectionMonitor = 0x8, kAllEvents = 0x10,
                               kPeripheralMonitor = 0x20, kClientMonitor = 0x40, kSupervisor = 0x80,
                               kServer = 0x100, kAgentStateOnly = 0x2000,
                               kIgnoreDuplicates = 0x10'0000, kIgnoreConfirmations = 0x20'0000,
                               kActiveStandby = 0x200'0000;
/// Named in no guide; a CTI OS server asks for two of them, and a CTI Server grants them.
inline constexpr std::uint32_t kUnnamed = 0x200 | 0x4000 | 0x4'0000;
/// What this server can grant. Task and agent reporting messages have no published layout.
inline constexpr std::uint32_t kGranted =
    kClientEvents | kCallData | kClientControl | kConnectionMonitor | kAllEvents |
    kPeripheralMonitor | kClientMonitor | kSupervisor | kServer | kAgentStateOnly | 0x8'0000 |
    kIgnoreDuplicates | kIgnoreConfirmations | 0x40'0000 | kActiveStandby | 0x8000'0000 | 0x8000 |
    kUnnamed;
}  // namespace service

/// MONITOR_START_REQ, MONITOR_AGENT_TEAM_START_REQ, SESSION_MONITOR_START_REQ.
struct ClientMonitor {
  enum class Kind : std::uint8_t { kDevice, kCall, kTeam, kSession } kind{};
  std::uint32_t id = 0;
  std::uint32_t target = 0;  ///< station, call number, team index or session id
  std::uint32_t call_mask = 0xFFFF'FFFF, agent_mask = 0xFFFF'FFFF;
  std::string device;  ///< kCall: the view that was named
};

inline constexpr std::size_t kPendingBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kMonitorsMax = 8192;

/// REGISTER_SERVICE_REQ.
struct OfferedService {
  std::uint32_t id = 0;
  std::uint16_t mode = 0;
  std::string name;
};

struct Client {
  enum class Phase : std::uint8_t { kConnected, kOpen, kClosing };

  core::ConnectionId connection;
  Side side = Side::kA;
  Phase phase = Phase::kConnected;
  std::uint32_t session = 0;  ///< SessionID
  core::Endpoint peer;        ///< where it comes from
  std::uint32_t asked = 0;    ///< type of the message in hand
  std::string ended_because;  ///< the first reason, for the log
  wire::ged188::FrameCutter cutter;

  wire::ged188::Version version = 15;
  std::uint32_t wanted = 0;  ///< ServicesRequested
  std::uint32_t services = 0, call_mask = 0, agent_mask = 0, config_mask = 0, peripheral = 0;
  std::uint32_t monitor_id = 0;
  std::string client_id, signature, unique_instance;
  StationIndex station = kNoIndex;  ///< client events: named by instrument or extension
  AgentIndex agent = kNoIndex;      ///< client events: named by agent
  RegisteredVariables registered;
  std::vector<std::unique_ptr<ClientMonitor>> monitors;
  std::vector<OfferedService> offered;
  bool config_updates = false;

  TimePoint last_received{};
  Nanos idle_timeout = Nanos::max();
  TimePoint leave_by = kNever;  ///< maintenance: it has been told to go to the other side
  TimePoint hold_until{};       ///< fault: nothing is sent before
  TimePoint read_at = kNever;   ///< fault: reading goes on then
  TimePoint close_at = kNever;  ///< kClosing: what is pending may still leave until then

  core::SendBuffer out{kPendingBytesMax, core::SendBuffer::Memory::kGrows};
  std::vector<std::byte>
      behind;            ///< fault: a frame was split, this leaves a moment after its first piece
  bool pausing = false;  ///< the first piece is out
  bool overflowed = false, dirty = false;
  bool dead = false;      ///< close() has been asked for: nothing more is sent
  bool cut_next = false;  ///< fault: the next frame leaves cut short, then a reset

  bool open() const noexcept { return phase == Phase::kOpen; }
  bool has(std::uint32_t bits) const noexcept { return (services & bits) != 0; }
};

}  // namespace cti::simulator
