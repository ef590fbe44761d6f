// limits.hpp - every bound of the system in one place: the numbers, the sums they make, and what must hold between them.
//
// Why      a bound that is right by itself can be wrong beside another (a channel smaller than one frame wedges a reactor).
//          Here they stand side by side, so that the compiler can compare those that are fixed; those that can be
//          configured have their defaults and floors here, and one check each where they are used (Io: IoLimits::wrong;
//          the server: check() of LineConfig and FanoutConfig, mistakes_in() of ServerConfig, which the TOML file and a
//          program's own configuration both pass).
// Names    k...Max: never passed, not configurable. k...Default: what runs without any file. k...Min: the least that works.
// Shape    numbers only: no state, no code beside sums. Who uses a number says in its own header what happens at it.
#pragma once

#include "core/base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace cti::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// --- ring ---------------------------------------------------------------------------------------------------------

inline constexpr std::size_t kMirroredBytesMax = std::size_t{1} << 36U;  ///< memory mapped twice
inline constexpr std::size_t kEventLogBytesMin = 4096;
inline constexpr std::size_t kEventLogShare = 4;  ///< a log takes records of so much of itself
inline constexpr std::uint32_t kEventLogGatesMax = 256;  ///< reader threads of one log

static_assert(kEventLogBytesMin <= kMirroredBytesMax);

// --- core: one Io -------------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kListenersMax = 16;           ///< of one Io
inline constexpr std::uint32_t kConnectionsMax = 1U << 20U;  ///< of one Io
inline constexpr std::uint32_t kConnectionsDefault = 1024;
inline constexpr std::uint32_t kReceiveBuffersMax =
    32'768;  ///< what a ring of provided buffers can number
inline constexpr std::uint32_t kReceiveBuffersDefault = 256;
inline constexpr std::uint32_t kReceiveBufferBytesMin = 64;
inline constexpr std::uint32_t kReceiveBufferBytesMax = 1U << 20U;
inline constexpr std::uint32_t kReceiveBufferBytesDefault = 16 * 1024;
inline constexpr std::uint32_t kCompletionsPerTurnMax = 65'536;
inline constexpr std::uint32_t kCompletionsPerTurnDefault = 256;
inline constexpr std::size_t kOneSendBytesMax = std::size_t{1}
                                                << 30U;  ///< asked of the kernel at once
inline constexpr std::uint32_t kAcceptsPerTurn = 64;     ///< of one listener
inline constexpr std::uint32_t kLingersPerTurn = 256;    ///< lingering connections given up
inline constexpr Nanos kLingerDefault = Seconds{1};
inline constexpr Nanos kAcceptPauseMin =
    Millis{10};  ///< out of descriptors (M1): the first pause, then doubled
inline constexpr Nanos kAcceptPauseMax = Seconds{1};

static_assert(kConnectionsMax < (1U << 24U), "io_uring's tags have 24 bits for a slot");
static_assert(kConnectionsDefault <= kConnectionsMax);
static_assert(kReceiveBuffersDefault <= kReceiveBuffersMax);
static_assert((kReceiveBuffersMax & (kReceiveBuffersMax - 1)) == 0,
              "buffers come in powers of two");
static_assert(kReceiveBufferBytesMin <= kReceiveBufferBytesDefault &&
              kReceiveBufferBytesDefault <= kReceiveBufferBytesMax);
static_assert(kCompletionsPerTurnDefault <= kCompletionsPerTurnMax);
static_assert(kAcceptsPerTurn <= kCompletionsPerTurnDefault, "one listener leaves room for others");
static_assert(kAcceptPauseMin < kAcceptPauseMax);

/// Memory of one Io's receive buffers at the defaults.
inline constexpr std::size_t kReceiveMemoryDefault =
    std::size_t{kReceiveBuffersDefault} * kReceiveBufferBytesDefault;
static_assert(kReceiveMemoryDefault == 4 * kMiB);

// --- core: the log ------------------------------------------------------------------------------------------------

inline constexpr std::size_t kLogLineBytesMax = 2048;  ///< a longer message is cut, and says so
inline constexpr std::size_t kLogQueueLinesDefault = 8192;  ///< lines that may wait for the writer
inline constexpr Nanos kLogEndMax =
    Millis{500};  ///< at the end of the program the writer gets this long for the rest

inline constexpr std::uint32_t kLogBurst = 5;     ///< lines of one kind per window
inline constexpr std::size_t kLogKindsMax = 256;  ///< kinds that are counted at a time

/// Memory of the log's queue at most: what waits while nobody reads standard error (M13).
inline constexpr std::size_t kLogQueueBytesMax = 4 * kMiB;
static_assert(kLogQueueBytesMax >= 64 * kLogLineBytesMax, "a burst of the longest lines fits");

// --- core: files of configuration, and what is counted ------------------------------------------------------------

inline constexpr std::size_t kConfigBytesMax = kMiB;
inline constexpr std::size_t kConfigProblemsMax = 100;  ///< listed at once
inline constexpr std::size_t kTomlDepthMax = 16;
inline constexpr std::size_t kCounterBlocksMax = 256;  ///< one per thread that counts
inline constexpr std::size_t kCountersPerBlockMax = 128;

// --- core: turns --------------------------------------------------------------------------------------------------

inline constexpr Nanos kWatchdogDefault =
    Seconds{5};  ///< a thread that stands still for so long ends the process (P10)
inline constexpr Nanos kWatchdogMin = Seconds{1};
inline constexpr Nanos kLateTurn =
    Seconds{1};  ///< a turn that comes so much too late: we were stopped (P11)
static_assert(kWatchdogMin <= kWatchdogDefault);
static_assert(kLateTurn <= kWatchdogMin, "what the watchdog forgives, deadlines forgive too");

// --- wire: the session protocol (part of the protocol: wire/SESSION_PROTOCOL.md) ----------------------------------

inline constexpr std::size_t kArgumentsBytesMax = 64 * kKiB;  ///< a whole block with all in it
inline constexpr std::uint32_t kArgumentsDepthMax = 8;        ///< the outermost counts as 1
inline constexpr std::uint32_t kArgumentsEntriesMax = 4096;   ///< of a block and all in it
inline constexpr std::size_t kKeyBytesMax = 255;              ///< an own key, after trimming
inline constexpr std::size_t kStringBytesMax = 32 * kKiB;
inline constexpr std::size_t kFrameBytesMax = 128 * kKiB;  ///< to a client, to a peer, in the log
inline constexpr std::size_t kClientFrameBytesMax = 32 * kKiB;  ///< from one who is welcomed
inline constexpr std::size_t kHelloBytesMax = 4 * kKiB;         ///< and from one who is not
inline constexpr std::uint32_t kPositionsMax = 64;  ///< to resume at, of one kSubscribe: one a line

static_assert(kArgumentsBytesMax + 64 <= kFrameBytesMax, "the largest Arguments fit an update");
static_assert(kArgumentsEntriesMax * 8 <= kArgumentsBytesMax, "the entry limit can be reached");
static_assert(kStringBytesMax + kKeyBytesMax + 16 <= kArgumentsBytesMax);
static_assert(kHelloBytesMax <= kClientFrameBytesMax && kClientFrameBytesMax <= kFrameBytesMax);

// --- wire: GED-188 ------------------------------------------------------------------------------------------------

inline constexpr std::size_t kGedHeaderBytes = 8;
inline constexpr std::size_t kGedMessageBytesMax = 12'500;   ///< whole message with its header
inline constexpr std::size_t kGedNamedDataBytesMax = 2'000;  ///< named variables of one message

static_assert(kGedHeaderBytes + kGedNamedDataBytesMax < kGedMessageBytesMax,
              "call data leaves room for the rest of a message");

// --- broker: one line ---------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kLinesMax = kPositionsMax;
inline constexpr std::uint32_t kPeripheralsPerLineMax = 16;
inline constexpr std::size_t kRecordBytesMax =
    32 * kKiB;  ///< one record: a frame in the line's log
inline constexpr std::size_t kLogBytesDefault = 64 * kMiB;
inline constexpr std::size_t kLogBytesMax = 4096 * kMiB;
inline constexpr std::size_t kLogBytesMin = kEventLogShare * kFrameBytesMax;
inline constexpr std::size_t kUpstreamSendBytesDefault = 256 * kKiB;  ///< each of two halves
inline constexpr std::size_t kUpstreamSendBytesMin = kGedMessageBytesMax;
inline constexpr std::size_t kSyncBytesDefault = 64 * kMiB;  ///< frames kept in a start-up dialogue
inline constexpr std::size_t kSyncWindowMax = 4096;          ///< questions of it in flight
inline constexpr std::size_t kInquiryBytesMax = 32 * kMiB;   ///< questions of it, names included
inline constexpr std::size_t kProbeBytesMax = 128 * kKiB;    ///< questions about one agent
inline constexpr std::size_t kProbesMax = 256;               ///< agents asked about at a time
inline constexpr std::size_t kParkedMax = 4096;           ///< asks that wait for a dialogue's end
inline constexpr std::size_t kParkedBytesMax = 8 * kMiB;  ///< with their arguments
inline constexpr std::size_t kAnswersOwedMax = 1024;      ///< refusals that found no memory
inline constexpr std::size_t kSpillBytesDefault = 8 * kMiB;   ///< records kept while a gate holds
inline constexpr std::size_t kSideFrameBytesMax = 16 * kKiB;  ///< what is addressed or internal
inline constexpr std::size_t kSideRecordBytesMax = kSideFrameBytesMax + 48;
inline constexpr std::size_t kSideLogBytesDefault = kMiB;
inline constexpr std::size_t kSideLogBytesMin = 2 * kEventLogShare * kSideFrameBytesMax;
inline constexpr std::size_t kSideSpillBytesDefault = 256 * kKiB;
inline constexpr std::size_t kPendingDefault = 8192;     ///< requests outstanding upstream
inline constexpr std::size_t kSessionOpenDefault = 256;  ///< of them one session's
inline constexpr std::size_t kOnceDefault = 16'384;      ///< requests remembered: run at most once
inline constexpr std::size_t kOnceReplyBytesMax = 2 * kKiB;  ///< of each, its answer
inline constexpr std::size_t kOncePerClientMax = 128;
inline constexpr std::size_t kAgentsDefault = 5'000;
inline constexpr std::size_t kAgentsMax = 100'000;
inline constexpr std::size_t kCallsDefault = 20'000;
inline constexpr std::size_t kCallsMax = 1'000'000;
inline constexpr std::size_t kRollMax = 200'000;  ///< memberships of teams in one dialogue
inline constexpr std::size_t kDomainsMax = 16;    ///< media domains of one agent
inline constexpr std::size_t kConsultsMax = 64;   ///< begun, and not yet known as calls

static_assert(kRecordBytesMax <= kFrameBytesMax);
static_assert(kLogBytesMin <= kLogBytesDefault && kLogBytesDefault <= kLogBytesMax);
static_assert(kLogBytesMin >= kEventLogBytesMin && kLogBytesMax <= kMirroredBytesMax);
static_assert(kUpstreamSendBytesMin <= kUpstreamSendBytesDefault);
static_assert(kSyncBytesDefault >= kGedMessageBytesMax);
static_assert(kProbesMax * kProbeBytesMax <= kInquiryBytesMax, "all probes weigh one dialogue");
static_assert(kParkedBytesMax >= kParkedMax * 64, "as many small asks as may wait do fit");
static_assert(kParkedBytesMax >= kClientFrameBytesMax, "and the largest does");
static_assert(kAnswersOwedMax >= kProbesMax, "all probes of a lost link can be owed their answer");
static_assert(kSpillBytesDefault >= kRecordBytesMax);
static_assert(kSideRecordBytesMax * kEventLogShare <= kSideLogBytesMin);
static_assert(kSideLogBytesMin <= kSideLogBytesDefault);
static_assert(kSideSpillBytesDefault >= kSideRecordBytesMax);
static_assert(kOnceDefault >= kPendingDefault, "what is outstanding is remembered");
static_assert(kSessionOpenDefault <= kPendingDefault);
static_assert(kAgentsDefault <= kAgentsMax && kCallsDefault <= kCallsMax);
static_assert(kRollMax >= kAgentsMax, "every agent can be a member of a team");

// --- broker: between lines and reactors ---------------------------------------------------------------------------

inline constexpr std::uint32_t kFanoutsMax = 64;
inline constexpr std::size_t kAskRequestsDefault = 1024;   ///< of one reactor, waiting for one line
inline constexpr std::size_t kAskBytesDefault = 4 * kMiB;  ///< of their arguments together
inline constexpr std::size_t kAskControlsDefault = 256;    ///< modes, snapshots, sessions that left
inline constexpr std::size_t kAsksPerTurnDefault = 64;     ///< of them taken per turn
inline constexpr std::size_t kTellsPerPairDefault = 1024;  ///< answers, one line to one reactor
inline constexpr std::size_t kTellBacklogDefault = 4096;   ///< kept by the line when that is full
/// Of the sessions of one reactor on one line: agents that supervisors watch, each counted for each who watches.
inline constexpr std::size_t kWatchesMax = 32'768;
inline constexpr std::size_t kWatchersMax = 4096;   ///< sessions of one line that watch
inline constexpr std::size_t kWatchedTeamsMax = 64; ///< of one of them, by their numbers

static_assert(kFanoutsMax <= kEventLogGatesMax, "each reactor has a gate in each log");
static_assert(kLinesMax + kFanoutsMax + 2 <= kCounterBlocksMax, "each thread counts; and two more");
static_assert(kAskBytesDefault >= kClientFrameBytesMax, "any request fits an empty lane");
static_assert(kWatchesMax >= 10 * 50 * 50, "fifty full teams, each watched by ten supervisors");
static_assert(kLinesMax * kWatchesMax < (1U << 30U), "edges have 32-bit numbers");
static_assert(kAsksPerTurnDefault <= kAskRequestsDefault);
static_assert(kTellsPerPairDefault + kTellBacklogDefault >=
                  kAskRequestsDefault + kAskControlsDefault,
              "every request that can wait can be answered before anybody is cut");

// --- broker: one reactor ------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kSessionsDefault = 16'384;  ///< over all reactors
inline constexpr std::uint32_t kSessionsMax = 1'000'000;
inline constexpr std::uint32_t kRefusalsDefault = 64;  ///< being told that there is no room
inline constexpr std::uint32_t kRefusalsMax = 4096;
inline constexpr std::uint32_t kRequestsInFlightDefault = 64;  ///< of one session
inline constexpr std::uint32_t kRequestsInFlightMax = 1024;
inline constexpr std::size_t kUnreadInputBytesMax = kMiB;  ///< come, not looked at, of one session
inline constexpr std::size_t kOutboxUpdatesBytesDefault = 32 * kKiB;  ///< in agent mode
inline constexpr std::size_t kOutboxBytesDefault = 64 * kKiB;         ///< with its replies
inline constexpr std::size_t kOutboxBytesMax = 64 * kMiB;
inline constexpr std::size_t kOutboxChance = 16;        ///< times so much, while its socket takes
inline constexpr std::size_t kOutboxBlockBytes = 4096;  ///< they come in blocks of so much
inline constexpr std::size_t kOutboxPoolBytesDefault = 256 * kMiB;  ///< of a reactor's sessions
inline constexpr std::size_t kOutboxPoolBytesMin = kMiB;
inline constexpr std::size_t kOutboxPoolBytesMax = 64 * 1024 * kMiB;
inline constexpr std::size_t kImagesBytesDefault =
    64 * kMiB;                                  ///< of snapshots that are being taken
inline constexpr std::size_t kImagesMax = 256;  ///< of them different ones
inline constexpr std::uint32_t kChannelsDefault = 256;
inline constexpr std::uint32_t kChannelsMax = 60'000;
inline constexpr std::size_t kChannelBytesDefault = kMiB;
inline constexpr std::size_t kChannelBytesMax = 1024 * kMiB;
/// A channel is a log of its own: smaller than this it never takes the longest frame, and its reactor stands still.
inline constexpr std::size_t kChannelBytesMin = kLogBytesMin;
inline constexpr std::size_t kSendBytesDefault = 128 * kKiB;  ///< one send in monitor mode
inline constexpr std::size_t kLogReadBytesDefault = 128 * kKiB;
inline constexpr std::size_t kLogTurnBytesDefault = 2 * kMiB;
inline constexpr Nanos kCloseTimeoutDefault = Seconds{2};  ///< for a goodbye
inline constexpr Nanos kStopTimeoutDefault = Seconds{10};  ///< for all goodbyes, then all lines
inline constexpr Nanos kStopSlack = Millis{500};           ///< each of both halves has, at least

static_assert(kSessionsDefault + kRefusalsDefault <= kConnectionsMax);
static_assert(kSessionsMax + kRefusalsMax <= kConnectionsMax, "one reactor could get them all");
static_assert(kSessionsDefault <= kSessionsMax && kRefusalsDefault <= kRefusalsMax);
static_assert(kRequestsInFlightDefault <= kRequestsInFlightMax);
static_assert(kRequestsInFlightMax <= kAskRequestsDefault, "what one may ask fits a lane");
static_assert(kUnreadInputBytesMax >= kClientFrameBytesMax + kReceiveBufferBytesDefault,
              "the longest frame and what came with it");
static_assert(kRecordBytesMax <= kOutboxUpdatesBytesDefault, "any record fits an empty outbox");
static_assert(kOutboxUpdatesBytesDefault <= kOutboxBytesDefault);
static_assert(kOutboxBytesDefault <= kOutboxBytesMax);
static_assert(kOutboxBlockBytes <= kOutboxUpdatesBytesDefault);
static_assert(kOutboxBytesDefault <= kOutboxPoolBytesDefault);
static_assert(kFrameBytesMax * 2 <= kOutboxPoolBytesMin, "any frame fits an empty pool");
static_assert(kOutboxPoolBytesMin <= kOutboxPoolBytesDefault);
static_assert(kOutboxPoolBytesMax / kOutboxBlockBytes < UINT32_MAX, "blocks have 32-bit numbers");
static_assert(kChannelsDefault <= kChannelsMax);
static_assert(kChannelsMax < UINT16_MAX, "channels have 16-bit numbers, and one means none");
static_assert(kChannelBytesMin <= kChannelBytesDefault && kChannelBytesDefault <= kChannelBytesMax);
static_assert(kChannelBytesMax <= kMirroredBytesMax);
static_assert(kRecordBytesMax <= kLogReadBytesDefault && kRecordBytesMax <= kSendBytesDefault);
static_assert(kLogReadBytesDefault <= kLogTurnBytesDefault &&
              kLogTurnBytesDefault <= kLogBytesDefault);

/// Sessions get one half of stop_timeout to read their goodbye, lines the other.
constexpr Nanos stop_timeout_min(Nanos close_timeout) noexcept {
  return 2 * (close_timeout + kStopSlack);
}
static_assert(stop_timeout_min(kCloseTimeoutDefault) <= kStopTimeoutDefault);

/// What a server with so many lines and reactors may touch at the defaults, apart from object maps: logs, outboxes, channels,
/// images and the receive buffers of each thread's Io.
constexpr std::size_t server_bytes_max(std::size_t lines, std::size_t fanouts) noexcept {
  const std::size_t line = kLogBytesDefault + kSideLogBytesDefault + kSyncBytesDefault +
                           kSpillBytesDefault + kSideSpillBytesDefault + kParkedBytesMax +
                           2 * kUpstreamSendBytesDefault + kReceiveMemoryDefault;
  const std::size_t fanout = kOutboxPoolBytesDefault + kChannelsDefault * kChannelBytesDefault +
                             kImagesBytesDefault + kReceiveMemoryDefault;
  return lines * line + fanouts * fanout;
}
static_assert(server_bytes_max(1, 1) < 750 * kMiB, "touched as used; most of it never is");

// --- cil: the client library --------------------------------------------------------------------------------------

inline constexpr std::size_t kClientUnsentBytesMax = 4 * kMiB;  ///< for a server that does not read
inline constexpr std::size_t kClientControlBytesMax = 64 * kKiB;  ///< answers to its questions
inline constexpr std::size_t kClientRequestsMax = 1024;           ///< unanswered
inline constexpr std::size_t kClientRequestBytesMax = 16 * kMiB;  ///< of their arguments
inline constexpr std::uint32_t kClientObjectsMax = 500'000;       ///< that a server tells of
inline constexpr std::size_t kClientObjectBytesMax = 512 * kMiB;  ///< of their properties
inline constexpr std::size_t kClientSnapshotBytesMax = 256 * kMiB;
inline constexpr std::size_t kClientListenersMax = 1024;  ///< of each kind of event
inline constexpr std::size_t kClientSessionsMax = 256;    ///< by name; a thread each
inline constexpr int kClientLookupsMax = 64;              ///< of host names, of the process

static_assert(kClientUnsentBytesMax >= 64 * kClientFrameBytesMax);
static_assert(kClientRequestBytesMax >= kClientUnsentBytesMax, "what can wait can be sent");
static_assert(kClientControlBytesMax >= 1024 * 16, "no server is cut for a few questions");
static_assert(kClientSnapshotBytesMax >= kFrameBytesMax);
static_assert(kClientSnapshotBytesMax <= kClientObjectBytesMax, "what is told can be kept");
static_assert(kClientObjectsMax >= kCallsDefault + kAgentsMax, "a client holds a whole server");

}  // namespace cti::limits
