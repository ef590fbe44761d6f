// scenario_player.hpp - plays a scenario against a running Server: acts in its model, opens real sessions, and looks at what
// they are told.
//
// Shape    an actor beside the Server. One step is in hand; it is done, or waits for a message, a state
//          or a moment of model time. The first failure ends the play, and the report says what was seen instead.
// Clients  are connections of the Io that is handed in, to the Server's own ports: what they see is what the wire carries.
//          Frames are decoded by the schema's tables, which share no code with the encoders.
// Time     model time (Server::model().now()); `speed` must be the Server's.
// Bounds   kInboxMax messages are kept per client; one more fails the scenario, so does a frame that does not decode.
// Threads  the Server's.
// Files    scenario_player.cpp (turn, clients), scenario_check.cpp (expectations), scenario_act.cpp (the model)
#pragma once

#include "tools/simulator/scenario/scenario.hpp"

#include <functional>

namespace cti::simulator {

inline constexpr std::size_t kInboxMax = 200'000;

struct ScenarioReport {
  enum class Result : std::uint8_t { kRunning, kPassed, kFailed, kSkipped } result{};
  std::string text;  ///< failed: FILE:LINE and what was seen instead; skipped: why
  std::size_t steps = 0, checks = 0, left_out = 0;  ///< left out: not for this version
  std::size_t messages = 0;                         ///< that clients were sent
  std::uint64_t bytes_hash = 0;                     ///< of all that clients were sent, in order
  Nanos took{0};
};

struct PlayOptions {
  ged::Version version = 15;  ///< of clients that name none
  double speed = 1;
  std::string host = "127.0.0.1";                          ///< where the Server listens
  std::function<void(Nanos, const std::string&)> on_line;  ///< each step and `say`, as it begins
};

class ScenarioPlayer {
 public:
  /// All references must outlive the player.
  ScenarioPlayer(core::Io& io, Server& server, const Scenario& scenario, PlayOptions options);

  /// Waits for news at most until `deadline`, looks at what has come and goes on as far as it can. Returns the work done.
  std::uint32_t turn(TimePoint deadline);
  /// The Io's time at which turn() has something to do without news.
  TimePoint next_deadline() const;
  bool done() const noexcept { return report_.result != ScenarioReport::Result::kRunning; }
  const ScenarioReport& report() const noexcept { return report_; }
  /// Ends a play that cannot go on, with the step in hand as the reason.
  void give_up(const std::string& why) { fail(why); }

 private:
  enum class Poll : std::uint8_t { kDone, kWaiting, kFailed };

  struct Received {
    ged::DecodedMessage message;
    Nanos at{0};
    bool used = false;
  };
  struct Client {
    core::ConnectionId connection;
    ged::Version version = 15;
    ged::FrameCutter cutter;
    std::vector<Received> inbox;
    std::size_t cursor = 0;  ///< expectations look from here on
    std::uint32_t next_invoke = 1;
    std::vector<std::byte> out, sending;
    std::size_t sent = 0;
    bool connected = false, closed = false, in_flight = false, full = false;
  };

  // scenario_player.cpp
  void handle(const core::Completion& completion);
  void received(Client& client, Bytes bytes);
  void flush(Client& client);
  void begin();
  Poll poll();
  void finish(ScenarioReport::Result result);
  void fail(const std::string& why);
  Nanos now() const { return server_.model().now() - started_; }
  bool late() const { return now() >= deadline_; }
  Client* open_client(const std::string& name);
  bool send(Client& client, const MessageText& request, std::uint32_t invoke_id);
  Poll answered(Client& client, const MessageText& answer);
  Poll poll_step(const OpenStep& step);
  Poll poll_step(const AskStep& step);
  Poll poll_step(const RawStep& step);
  Poll poll_step(const ConnectionStep& step);
  Poll poll_step(const DoStep& step);
  Poll poll_step(const WaitStep& step);
  Poll poll_step(const SayStep&) { return Poll::kDone; }

  // scenario_check.cpp
  Poll poll_step(const ExpectStep& step);
  Poll poll_step(const StateStep& step);
  Poll expect_any_order(Client& client, const ExpectStep& step);
  std::string seen_since(const Client& client, std::size_t from, const MessageText* wanted);
  std::string state_now(const StateStep& step, bool& holds) const;

  // scenario_act.cpp
  Poll poll_step(const ActStep& step);
  Poll poll_step(const ArriveStep& step);
  Poll poll_step(const HangUpStep& step);
  Poll poll_step(const DataStep& step);
  Done<CallNumber> act(const ActStep& step, AgentIndex agent, StationIndex station);
  Done<CallNumber> act_on_two(const ActStep& step, StationIndex station);
  Done<CallNumber> act_as_person(const ActStep& step, AgentIndex agent, StationIndex station);
  Poll judged(const Done<CallNumber>& done, const std::optional<std::uint32_t>& refused,
              const std::string& as);
  CallNumber call_of(const std::string& name) const;

  core::Io& io_;
  Server& server_;
  const Scenario& scenario_;
  PlayOptions options_;
  std::vector<core::Completion> completions_;
  std::map<std::string, Client, std::less<>> clients_;
  Remembered remembered_;
  std::size_t at_ = 0;  ///< the step in hand
  bool begun_ = false;
  TimePoint started_{};
  Nanos deadline_{0};  ///< of the step in hand
  std::uint32_t invoke_ = 0;
  std::size_t mark_ = 0;            ///< the client's inbox when the step began
  std::vector<std::size_t> found_;  ///< any order: which message each line has met
  ScenarioReport report_;
};

}  // namespace cti::simulator
