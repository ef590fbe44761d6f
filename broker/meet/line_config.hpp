// line_config.hpp - what can be set for one line: the session with the CTI Server and the broker behind it.
//
// Source   the defaults are those of CTI OS (server configuration, CtiDriver\Config) unless a remark says otherwise.
#pragma once

#include "broker/meet/agent_rules.hpp"
#include "broker/meet/chat_level.hpp"
#include "broker/meet/config_mistakes.hpp"
#include "core/base/statistics_limits.hpp"
#include "core/base/time.hpp"
#include "core/io.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::broker {

inline constexpr std::uint32_t kLinkVersionMin = 14;
inline constexpr std::uint32_t kLinkVersionMax = 25;

/// The session with the CTI Server.
struct LinkConfig {
  /// Side A, then side B. One is enough: it then stands for both. Names are looked up with each try.
  std::vector<core::Endpoint> sides{{"127.0.0.1", 42027}, {"127.0.0.1", 43027}};
  std::string client_id = "CTIOSServer";         ///< at most 63 characters
  std::string client_password = "CTIOSServer";   ///< at most 63 characters; sent with its NUL
  std::string client_signature = "CTIOSServer";  ///< at most 63 characters
  /// kLinkVersionMin .. kLinkVersionMax. CTI OS speaks 15; up to 19 floating headers have 1+1 bytes, from 20 on 2+2.
  std::uint32_t version = 15;
  /// Services asked for. CTI OS asks for bit 0x200 too, which no guide explains: when the CTI Server refuses the mask
  /// (status 19) the next try leaves it out.
  std::uint32_t services = 0x296;
  std::uint32_t call_mask = 0x00FFFFFF;   ///< CallMsgMask
  std::uint32_t agent_mask = 0x000003FF;  ///< AgentStateMask
  std::uint32_t config_mask =
      0x06;  ///< ConfigMsgMask and the items downloaded: skill groups, agents; 0: none
  std::uint32_t peripheral_id =
      0xFFFFFFFF;                 ///< of OPEN_REQ: none unless client events are asked for
  std::uint32_t customer_id = 0;  ///< CustomerID of configuration requests; 0: not sent
  /// ObjectName under which the CTI Server is told how many clients there are; empty: it is not told.
  std::string report_object = "CTIOS_NUM_CLIENTS";

  Nanos connect_timeout = Seconds{5};
  Nanos open_timeout = Seconds{30};  ///< from OPEN_REQ to its answer
  /// A heartbeat goes out when nothing was sent, or nothing received, for this long. 0: no heartbeats.
  Nanos heartbeat_interval = Seconds{5};
  std::uint32_t heartbeats_max =
      3;  ///< so many unanswered: the session is reset, the other side tried
  /// Heartbeats are answered, but so long no confirmation and no event came while requests waited: the session is
  /// reset, the other side tried. 0: never.
  Nanos progress_timeout = Seconds{60};
  /// Seconds. 0 means four heartbeat intervals, but not below 20 (a CTI Server refuses less).
  std::uint32_t idle_timeout_s = 0;
  /// Pauses between rounds in which both sides are tried. The first is a random part of its value; the last repeats.
  std::vector<Nanos> pauses{Seconds{1}, Seconds{15}, Seconds{30}, Seconds{60}, Seconds{120}};
  double jitter = 0.1;               ///< pauses are lengthened by up to this part of themselves
  Nanos stable_after = Seconds{10};  ///< a session that lived shorter counts as a failed try

  std::uint32_t bad_frames_max = 16;  ///< so many refused frames in a row reset the session
  std::size_t send_buffer_bytes = limits::kUpstreamSendBytesDefault;
};

/// Values for a top-level array of the desktop settings: "Path.To.Key" with its value as text ("true", "12", "x").
struct DesktopSetting {
  std::string path;
  std::string value;
};

struct LineConfig {
  LinkConfig link;
  /// Peripherals behind this CTI Server; the first is the one that requests without PeripheralID mean.
  std::vector<std::uint32_t> peripherals{5000};
  /// Agents asked for at start besides those that the configuration download and the teams name.
  std::vector<std::string> agents;
  std::string server_name = "ringside";

  Nanos request_timeout =
      Seconds{20};  ///< a control request unanswered for so long: outcome unknown
  Nanos sync_timeout =
      Seconds{30};  ///< start-up dialogue: what has not been answered by then is left out
  Nanos config_timeout =
      Seconds{2};                  ///< of it: how long the configuration download may stay silent
  std::uint32_t sync_window = 64;  ///< queries in flight during the start-up dialogue

  /// Media routing domain of voice: AgentState and buttons are those of this one; 0 in a message means it too.
  std::int32_t voice_mrd = 1;
  /// PeripheralType where no event has said it. 17 is Unified CCE: no single-step conference, no Clear.
  std::uint16_t peripheral_type = 17;
  /// Who records when a desktop asks.
  enum class Recording : std::uint8_t {
    kService,  ///< an application that has registered for it with the CTI Server
    kNetwork,  ///< the network, from kNetworkRecordingSince on
  };
  static constexpr std::uint32_t kNetworkRecordingSince = 23;
  Recording recording = Recording::kService;
  bool record_button = false;       ///< ENABLE_RECORD, and RecordingEnabled of the desktop settings
  bool single_step_button = false;  ///< ENABLE_SINGLE_STEP_TRANSFER on Unified CCE as well
  bool minimize_event_args =
      true;  ///< leave out what CTI OS leaves out of call events (MinimizeEventArgs)

  ChatLevel agent_chat = ChatLevel::kTeamSupervisors;    ///< AgentChatLevel
  ChatLevel supervisor_chat = ChatLevel::kUnrestricted;  ///< SupervisorChatLevel

  /// What sessions are told of agents and skill groups, and how often the CTI Server is asked for it.
  struct Statistics {
    static constexpr Millis kToldMin{100};
    static constexpr Millis kToldMax{3'600'000};
    Nanos group_every = Seconds{10};  ///< SkillGroup, PollingIntervalSec: between two questions
    Nanos agent_every = Seconds{15};  ///< Agent, PollingIntervalSec: likewise
    bool agents_at_call_end =
        true;  ///< PollForAgentStatsAtEndCall: only when something has happened
    Nanos told_every = Seconds{1};  ///< a session that does not say another rate
    std::size_t rows_max = limits::kStatisticsRowsDefault;
    std::size_t wishes_max = limits::kStatisticsWishesDefault;
    std::size_t session_wishes_max = limits::kStatisticsSessionDefault;
  };
  Statistics statistics;

  std::size_t agents_max = limits::kAgentsDefault;
  std::size_t calls_max = limits::kCallsDefault;
  std::size_t pending_max = limits::kPendingDefault;           ///< requests outstanding upstream
  std::size_t session_open_max = limits::kSessionOpenDefault;  ///< of them one session's
  std::size_t once_max = limits::kOnceDefault;  ///< requests remembered for at-most-once
  /// Frames kept back during the start-up dialogue.
  std::size_t sync_bytes_max = limits::kSyncBytesDefault;
  /// Records kept when a gate blocks the log.
  std::size_t spill_bytes_max = limits::kSpillBytesDefault;

  std::vector<AgentRules> agent_rules;  ///< team 0: the line's own
  std::vector<DesktopSetting> desktop_settings;
  std::vector<std::string> ecc_scalars;  ///< names without "user."
  struct EccArray {
    std::string name;
    std::uint16_t size = 1;
  };
  std::vector<EccArray> ecc_arrays;
};

/// What must not be, each under `key` ("line[0]"); the Line's constructor insists on an empty list.
void check(const LineConfig& config, const std::string& key, ConfigMistakes& mistakes);

}  // namespace cti::broker
