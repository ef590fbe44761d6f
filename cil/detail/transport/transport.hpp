// transport.hpp - one connection at a time to one of two servers, kept alive and replaced when it is lost.
//
// Why      the session above thinks in frames and modes; sockets, sides, retries and heartbeats end here.
// Shape    an actor on core::Io: the owner feeds it completions and calls tick(); it answers through TransportUser.
//          idle -> resolving -> connecting -> greeting (Hello sent) -> up -> (lost) waiting -> resolving the other side ...
// Sides    the first is drawn, later ones alternate, after the pauses of retries.hpp. After the last attempt that is told
//          (limit_retries) it goes on quietly, unless told not to.
// Names    all addresses of a name are tried, side by side (core/address_race.hpp); a black-holed first one costs kStagger.
// Alive    a server that sends beats (kBeatWished) is judged by the flow of what comes (core/flow.hpp): 4.5 to 6 s of silence
//          end the connection. With one that sends none, or where the program has said how: only after silence, a question
//          each `heartbeat`, `max_heartbeats` unanswered ones end the connection. A whole frame counts as an answer,
//          whichever; bytes of one that is not complete do not, and it has kFrameMost from its first byte on.
// Bounds   waiting to be sent: kUnsentBytesMax of requests (send() refuses more), and kControlBytesMax of answers to
//          heartbeats, above which the server is left as one that does not read. kRetiredMax connections that are given up
//          while the Io still sends from their buffer; kLookupsMax names looked up in the process (core/name_lookup.hpp). A
//          connection counts as up only after Welcome, at most kAttemptMost later.
// Threads  one: the event thread.
#pragma once

#include "cil/detail/transport/retries.hpp"
#include "core/address_race.hpp"
#include "core/base/limits.hpp"
#include "core/flow.hpp"
#include "core/io.hpp"
#include "core/name_lookup.hpp"
#include "core/random.hpp"
#include "core/send_buffer.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/session_beat.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cti::cil::detail {

inline constexpr Seconds kAttemptMost{5};
inline constexpr Seconds kCloseMost{1};
inline constexpr Seconds kFrameMost{30};
inline constexpr Millis kBeatWished{1500};  ///< the server is asked to be heard so often
inline constexpr std::size_t kUnsentBytesMax = limits::kClientUnsentBytesMax;
inline constexpr std::size_t kControlBytesMax = limits::kClientControlBytesMax;
inline constexpr std::size_t kCloseBytesMax = 1024;
inline constexpr std::size_t kRetiredMax = 8;
/// Most that waits behind what is in flight, which is at most as much again.
inline constexpr std::size_t kWaitingBytesMax =
    kUnsentBytesMax + kControlBytesMax + 2 * kCloseBytesMax + wire::limits::kHelloBytesMax;
static_assert(kUnsentBytesMax >= 16 * wire::limits::kClientFrameBytesMax);
static_assert(kControlBytesMax >= 1024 * wire::kPrefixBytes,
              "no server is cut for a few questions");
static_assert(kBeatWished >= wire::kBeatLeast && kBeatWished <= wire::kBeatMost);
static_assert(wire::kBeatLeast == core::Flow::kMeanLeast);
static_assert(wire::kBeatMost == core::Flow::kMeanMost);
static_assert(kCloseMost < kAttemptMost && kAttemptMost < kFrameMost);
static_assert(kPauses.back() <= 2 * kAttemptMost, "a server that is back is tried soon");

struct Server {
  std::string host;  ///< as the program named it
  std::uint16_t port = 42028;
  bool operator==(const Server&) const = default;
};

struct TransportConfig {
  Server servers[2];
  Seconds heartbeat{5};
  std::uint32_t max_heartbeats = 3;
  bool beats = true;  ///< wished for: the program has said nothing of heartbeats
  std::string client_id;
  bool keep_trying = true;  ///< after the last attempt that is told
};

/// What a connection begins with; empty bytes when it does not fit into kHelloBytesMax. The buffer outlives it.
Bytes hello_of(const TransportConfig& config, MutableBytes buffer);

/// What follows a loss.
enum class Follows : std::uint8_t {
  kRetry,       ///< more attempts
  kQuietRetry,  ///< this was the last attempt that is told; more are made, without a word
  kMoreQuiet,   ///< one of those has failed
  kNothing,     ///< nothing more is tried
};

/// How a connection or an attempt ended.
struct Loss {
  Server server;
  wire::ctios::ConnectionFailureReason reason = wire::ctios::eOtherError;
  std::string text;
  Follows follows = Follows::kRetry;
  std::uint32_t close_reason = 0;  ///< wire::CloseReason of the server's goodbye; 0: it has said none
};

/// What the owner is told; all of it from inside on_completion() or tick().
class TransportUser {
 public:
  virtual void on_up(const Server& server, const wire::WelcomeView& welcome) = 0;
  /// A connection that was up is gone, or an attempt has failed.
  virtual void on_loss(const Loss& loss) = 0;
  /// The servers speak another version: nothing more is tried.
  virtual void on_rejected(const std::string& text) = 0;
  /// One frame from a server that is up, its length right, its inside not yet checked. False: malformed, drop the server.
  virtual bool on_frame(Bytes frame) = 0;
  virtual void on_heartbeat() = 0;
  virtual void on_missing_heartbeat(std::uint32_t consecutive) = 0;
  /// close() has come to its end.
  virtual void on_closed() = 0;

 protected:
  ~TransportUser() = default;
};

class Transport {
 public:
  /// `wake` makes the owner call tick(), from any thread, also after the transport is gone.
  Transport(core::Io& io, TransportUser& user, std::uint64_t seed, std::function<void()> wake,
            core::LookUp look_up = core::look_up);

  /// Its hello fits.
  void open(TransportConfig config);
  /// Says goodbye when there is somebody to say it to; on_closed follows.
  void close();
  /// Says goodbye and comes back to the same server at once: on_up follows, or a loss.
  void renew();
  /// Ends whatever goes on, without a word to anybody.
  void abandon();
  /// After this many failed attempts in a row no more are told; nothing: all are.
  void limit_retries(std::optional<std::uint32_t> attempts) { retries_max_ = attempts; }
  /// False: not up, or kUnsentBytesMax are waiting.
  bool send(Bytes frame);
  /// What is held for the peer's sake; each has its bound above.
  std::size_t waiting_bytes() const noexcept { return out_.unsent(); }
  void invariants() const;
  /// The server breaks the rules: say why and go to the other one.
  void drop(wire::CloseReason reason, const std::string& text);

  bool idle() const noexcept { return phase_ == Phase::kIdle; }
  bool up() const noexcept { return phase_ == Phase::kUp; }
  /// The server that is tried or used now.
  const Server& server() const noexcept { return config_.servers[side_]; }
  const TransportConfig& config() const noexcept { return config_; }

  /// Completions of other connections are ignored.
  void on_completion(const core::Completion& completion);
  /// Does what is due; false: nothing was.
  bool tick();
  /// When tick() has something to do again.
  TimePoint next() const noexcept;

 private:
  enum class Phase : std::uint8_t {
    kIdle,
    kWaiting,
    kResolving,
    kConnecting,
    kGreeting,
    kUp,
    kClosing
  };

  void attempt();
  /// Where the retries count for this server: two names of the same one share a row.
  unsigned row() const noexcept { return config_.servers[0] == config_.servers[1] ? 0 : side_; }
  void resolve();
  void connect(std::vector<std::string> addresses);
  void run_race();
  void greet();
  void receive(Bytes bytes);
  void progressed();
  bool take(Bytes frame);
  bool welcome(Bytes frame);
  void take_close(Bytes frame);
  void answer_heartbeat(std::uint64_t id);
  void check_heartbeat();
  void check_flow();
  void phase_due();
  void lose(wire::ctios::ConnectionFailureReason reason, std::string text,
            core::CloseHow how = core::CloseHow::kReset, std::uint32_t close_reason = 0);
  void give_up(Loss loss);
  void closed();
  void queue(Bytes frame);
  void queue_control(Bytes frame);
  void flush();
  void hang_up(core::CloseHow how);

  core::Io& io_;
  TransportUser& user_;
  core::Random random_;
  std::function<void()> wake_;
  const core::LookUp look_up_;
  TransportConfig config_;
  Phase phase_ = Phase::kIdle;
  unsigned side_ = 0;
  Retries retries_;
  TimePoint up_since_{};
  std::optional<std::uint32_t> retries_max_;
  TimePoint deadline_ = kNever;  ///< of the phase
  /// Of each side: one that is not done when its attempt is over serves the next.
  struct Name {
    std::string host;
    std::shared_ptr<core::Lookup> lookup;
  };
  Name names_[2];

  core::AddressRace race_;  ///< while connecting
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax, wire::limits::kFrameBytesMax};
  core::SendBuffer out_{kWaitingBytesMax, core::SendBuffer::Memory::kGrows};
  /// Was in flight on a connection that has been given up: kept until the Io has finished with it.
  struct Retired {
    core::ConnectionId connection;
    core::SendBuffer out;
  };
  std::vector<Retired> retired_;
  std::size_t control_bytes_ = 0;  ///< of what waits in out_
  TimePoint heartbeat_due_ = kNever;
  TimePoint frame_due_ = kNever;  ///< of the frame that has begun to arrive
  std::uint32_t unanswered_ = 0;
  std::optional<core::Flow> flow_;  ///< of a server that sends beats
  bool silent_ = false;  ///< too long, it seems: what has come meanwhile is looked at first
  std::uint64_t heartbeat_id_ = 0;
};

}  // namespace cti::cil::detail
