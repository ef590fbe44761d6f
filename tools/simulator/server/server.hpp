// server.hpp - a CTI Server: sides A and B, their sessions, and the peripheral gateway (the Model) behind them.
//
// Why      GED-188 clients must not be able to tell it from the real thing; tests and demos drive it in-process or by its
//          control port.
// Shape    an actor: turn() waits on its Io, fires what is due in the model, answers requests, tells events, and flushes
//          each client once. Requests act on the model first; the confirmation is put in front of the events they caused
//          (transfers: behind them).
// Time     model time runs `speed` times as fast as the Io's clock, from 0 at the first turn.
// Threads  one. Everything below is called from the thread that calls turn().
// Files    server.cpp (turn, sockets), sides.cpp (failing, standby, maintenance), sessions.cpp (open .. close), telling.cpp
//          (events), agent_requests.cpp, call_requests.cpp, query_requests.cpp, monitor_requests.cpp,
//          supervisor_requests.cpp, recording_requests.cpp, configuration.cpp
#pragma once

#include "core/io.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "core/send_buffer.hpp"
#include "tools/simulator/model/model.hpp"
#include "tools/simulator/server/client.hpp"
#include "tools/simulator/server/faults.hpp"
#include "tools/simulator/server/interest.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/team.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cti::wire::ged188 {
class OpenReqView;
}

namespace cti::simulator {

struct ServerSettings {
  core::Endpoint side_a{"127.0.0.1", 0}, side_b{"127.0.0.1", 0};
  std::optional<core::Endpoint> control;
  double speed = 1.0;
  std::uint64_t seed = 1;
  bool strict =
      false;  ///< refuse what a strict CTI Server refuses (mask bits, reserved words, tags)
  bool standby_b = false;  ///< side B is a standby side (version 24 and later)
  std::uint32_t clients_max = 1000;
  std::size_t send_queue_bytes =
      kPendingBytesMax;  ///< of a client that does not read: at most this
  /// A line for each connection, session, refusal and end, with the reason; empty: nobody wants them.
  std::function<void(const std::string&)> log;
};

struct ServerCounters {
  std::uint64_t accepted = 0, opened = 0, refused = 0, frames_in = 0, frames_out = 0,
                undecodable = 0, unknown = 0, overflowed = 0, idle = 0, faults = 0;
};

/// Frames of the event that is being told, by protocol version, made when the first session of a version wants them.
class EventFrameCache {
 public:
  /// Another event: what is kept is of no use any more.
  void next() noexcept { ++event_; }
  /// The frames of this version; `made` says whether they are there, otherwise the caller fills the empty vector.
  std::vector<std::byte>& at(wire::ged188::Version version, bool& made);

 private:
  struct Kept {
    std::uint64_t event = 0;
    std::vector<std::byte> bytes;
  };
  std::uint64_t event_ = 0;
  std::array<Kept, wire::ged188::kNewestVersion + 1> kept_;
};

class Server : public ModelListener {
 public:
  /// Listens at once; the first failure is returned. `io` must outlive the server.
  static Result<std::unique_ptr<Server>, core::IoError> make(core::Io& io,
                                                             const ServerSettings& settings,
                                                             Settings gateway);

  /// One round: waits at most until `deadline`. Returns the work done.
  std::uint32_t turn(TimePoint deadline);

  Model& model() noexcept { return model_; }
  const Model& model() const noexcept { return model_; }
  std::uint16_t port(Side side) const;
  std::uint16_t control_port() const;
  bool stopping() const noexcept { return stopping_; }
  const ServerCounters& counters() const noexcept { return counters_; }
  std::size_t clients() const noexcept { return clients_.size(); }
  std::size_t open_sessions() const noexcept {
    std::size_t open = 0;
    for (const auto& [id, client] : clients_) open += client->open();
    return open;
  }
  /// The Io's time at which turn() has something to do without news.
  TimePoint next_deadline() const;

  // -- what an operator does -------------------------------------------------------------------------------------
  /// One control command (control/control.cpp); the answer is one line without its end: "ok ..." or "error ...".
  std::string command(std::string_view line);
  /// All connections of the side are reset and new ones refused, until restore_side.
  void fail_side(Side side);
  /// Listens again on the same port. False: somebody else has it now.
  bool restore_side(Side side);
  /// The side keeps its sockets open but neither reads nor answers.
  void freeze_side(Side side, bool frozen);
  /// One side goes out of service in good order: FAILURE_EVENT, and heartbeats are refused, until restore_side.
  void stop_side(Side side);
  /// Hands the active side over to the standby one, if all its clients agree: "ok", or "error ..." with the reason.
  std::string begin_maintenance(Side side);
  /// Going out of service: FAILURE_EVENT to everybody.
  void stop();
  Faults& faults() noexcept { return faults_; }

  // -- ModelListener ---------------------------------------------------------------------------------------------
  void on_call(const CallEvent& event) override;
  void on_agent(const AgentEvent& event) override;
  void on_system(SystemKind kind, std::uint32_t argument) override;
  void on_team(const TeamEvent& event) override;
  void on_supervision(const SupervisionEvent& event) override;
  void on_config(const ConfigEvent& event) override;
  void on_robot(std::uint32_t id, std::uint64_t stamp) override;

 private:
  struct SideState {
    core::ListenerId listener{};
    std::uint16_t port = 0;
    bool failed = false, frozen = false, standby = false;
    bool out_of_service = false;  ///< FAILURE_EVENT has been sent
    bool maintained = false;      ///< was handed over to the other side for maintenance
  };
  /// A request that was passed on to a server application.
  struct Relay {
    std::uint64_t asker = 0;  ///< connection
    std::uint32_t invoke_id = 0;
    std::uint32_t server = 0;  ///< session; 0: several were asked, the first answer counts
    bool start = false;
    TimePoint deadline{};
  };
  struct Maintenance {
    Side side = Side::kA;
    std::set<std::uint64_t> awaited;  ///< connections that have not answered yet
    TimePoint deadline{};
  };
  /// Of one who asks and does not read.
  static constexpr std::size_t kControlAnswersMax = 1024 * 1024;
  struct ControlPeer {
    std::string in;
    core::SendBuffer out{kControlAnswersMax, core::SendBuffer::Memory::kGrows};
  };

  /// How a request is served: kRoutes has one per message type.
  struct Route {
    wire::ged188::MessageType type;
    std::uint32_t needed;
    void (Server::*serve)(Client&, Bytes);
  };
  static const Route kRoutes[];
  template <wire::ged188::MessageType kType>
  void simple(Client& client, Bytes body) {
    simple_call_request(client, kType, body);
  }
  template <wire::ged188::MessageType kType>
  void two(Client& client, Bytes body) {
    two_call_request(client, kType, body);
  }
  template <wire::ged188::MessageType kType>
  void recording(Client& client, Bytes body) {
    recording_request(client, kType, body);
  }
  template <wire::ged188::MessageType kType>
  void answered(Client& client, Bytes body) {
    recording_answer(client, kType, body);
  }
  template <wire::ged188::MessageType kType>
  void network(Client& client, Bytes body) {
    network_recording(client, kType, body);
  }
  template <bool kEmergency>
  void assist(Client& client, Bytes body) {
    assist_request(client, body, kEmergency);
  }

  Server(core::Io& io, const ServerSettings& settings, Settings gateway);

  /// control/fault_commands.cpp; nothing: the command is another's.
  std::string fault_command(const std::vector<std::string>& words);
  // faults.cpp
  bool loses_confirmation();
  void hold(Client& client, Nanos time);
  void slow_down(Client& client, std::size_t bytes);
  void release_held();
  /// control/control_configuration.cpp; nothing: the command is another's.
  std::string configuration_command(const std::vector<std::string>& words);

  // server.cpp
  TimePoint model_time(TimePoint io_time) const;
  /// How long a span of model time is for the Io.
  Nanos io_time(Nanos model) const;
  void handle(const core::Completion& completion);
  void accepted(const core::Completion& completion);
  void received(Client& client, Bytes bytes);
  void control_received(core::ConnectionId id, ControlPeer& peer, Bytes bytes);
  void sent(Client& client, std::uint32_t bytes);
  void flush(Client& client);
  void put(Client& client, Bytes frame);
  void put_at(Client& client, std::size_t mark, Bytes frame);
  void keep(Client& client, std::size_t mark, Bytes bytes, std::size_t split);
  void send_behind(Client& client);
  void reset(Client& client, Status why, std::string_view because);
  void forget(Client& client, Status why);
  void look_at_clocks();
  std::uint32_t now_seconds() const;

  void mark_dirty(Client& client);

  template <class... Parts>
  void say(const Parts&... parts) {
    if (settings_.log) settings_.log(core::log::text(parts...));
  }
  void say_open(const Client& client);
  void say_refused(const Client& client, std::string_view what, std::uint32_t number);

  // sides.cpp
  static Side other_side(Side side) noexcept { return side == Side::kA ? Side::kB : Side::kA; }
  void promote(Side side);
  void demote(Side side);
  void replay_calls(Client& client);
  void maintenance_answer(Client& client, Bytes body);
  void end_maintenance(bool accepted);
  bool can_take_over(Side side) const noexcept;
  void stopping_requests(Client& client, Bytes body);
  void look_at_sides();

  // sessions.cpp
  void on_frame(Client& client, std::uint32_t type, Bytes body);
  void open(Client& client, Bytes body);
  Status check_open(Client& client, Bytes body);
  Status bind_device(Client& client, const wire::ged188::OpenReqView& request);
  std::vector<Client*> sessions_of_same(const Client& client);
  void welcome(Client& client, std::uint32_t invoke_id);
  /// What every session is told unasked: peripherals, teams, its calls, other sessions.
  void tell_state(Client& client);
  void heartbeat(Client& client, Bytes body);
  void close(Client& client, Bytes body);
  void fail(Client& client, std::uint32_t invoke_id, Status status);
  void fail(Client& client, std::uint32_t invoke_id, const Failure& failure);
  void failure_event(Client& client, Status status);
  void system_event(Client& client, SystemKind kind, std::uint32_t argument);
  void report(Client& client, Bytes body);
  void user_message(Client& client, Bytes body);
  void session_news(const Client& about, bool opened, Status why);
  std::uint32_t pg_status() const;

  // telling.cpp
  StationIndex bound_station(const Client& client) const;
  /// The agent whom the session named, or who sits at its device.
  AgentIndex bound_agent(const Client& client) const;
  /// Open, and its side is the active one.
  bool hears(const Client& client) const noexcept {
    return client.open() && !sides_[static_cast<std::size_t>(client.side)].standby;
  }
  MutableBytes call_frames(const CallEvent& event, const Client& client);
  void tell_call(const CallEvent& event, Client& client, std::uint32_t monitor);
  void tell_agent(const Agent& agent, Client& client, std::uint32_t monitor);
  /// To the session itself, and to those who monitor it.
  template <class Tell>
  void tell_own(Client& client, Tell&& tell);
  void put_each(Client& client, Bytes frames);
  void tell_translation_route(const CallEvent& event);
  void end_call_monitors(const CallEvent& event);
  void rename_call_monitors(const CallEvent& event);
  void tell_team_monitors(std::uint32_t team, const Agent& agent);
  void tell_calls_in_progress(Client& client);

  // monitor_requests.cpp
  ClientMonitor* find_monitor(Client& client, std::uint32_t id);
  bool has_monitor(const Client& client, const ClientMonitor& like) const;
  std::uint32_t add_monitor(Client& client, const ClientMonitor& monitor);
  void drop_monitor(Client& client, std::uint32_t id);

  // agent_requests.cpp, call_requests.cpp, query_requests.cpp ...
  void set_agent_state(Client& client, Bytes body);
  void query_agent_state(Client& client, Bytes body);
  void desk_settings(Client& client, Bytes body);
  void agent_greeting(Client& client, Bytes body);
  void simple_call_request(Client& client, wire::ged188::MessageType type, Bytes body);
  void make_call(Client& client, Bytes body);
  void make_predictive_call(Client& client, Bytes body);
  void two_call_request(Client& client, wire::ged188::MessageType type, Bytes body);
  void consultation(Client& client, Bytes body);
  void transfer(Client& client, Bytes body);
  void conference(Client& client, Bytes body);
  void set_call_data(Client& client, Bytes body);
  void release_call(Client& client, Bytes body);
  void register_variables(Client& client, Bytes body);
  void set_app_data(Client& client, Bytes body);
  void set_device_attributes(Client& client, Bytes body);
  void snapshot_call(Client& client, Bytes body);
  void snapshot_device(Client& client, Bytes body);
  void query_device(Client& client, Bytes body);
  void agent_statistics(Client& client, Bytes body);
  void group_statistics(Client& client, Bytes body);
  void monitor_start(Client& client, Bytes body);
  void monitor_stop(Client& client, Bytes body);
  void change_monitor(Client& client, Bytes body);
  void session_monitor_start(Client& client, Bytes body);
  void session_monitor_stop(Client& client, Bytes body);
  void supervise(Client& client, Bytes body);
  void assist_request(Client& client, Bytes body, bool emergency);
  void list_teams(Client& client, Bytes body);
  void monitor_team_start(Client& client, Bytes body);
  void monitor_team_stop(Client& client, Bytes body);
  void tell_teams(Client& client);
  wire::ged188::AgentTeamConfigEventEncoder::Agent member_entry(const Team& team, AgentIndex agent,
                                                                bool left) const;
  void register_service(Client& client, Bytes body);
  void unregister_service(Client& client, Bytes body);
  void recording_request(Client& client, wire::ged188::MessageType type, Bytes body);
  void recording_answer(Client& client, wire::ged188::MessageType type, Bytes body);
  void network_recording(Client& client, wire::ged188::MessageType type, Bytes body);
  std::vector<Client*> servers_for(std::uint32_t session);
  template <class Request>
  void own_recorder(Client& client, const Request& request);
  void end_relays(std::uint32_t server);
  void team_config(Client& client, Bytes body);
  void agent_service_data(Client& client, Bytes body);
  void config_keys(Client& client, Bytes body);
  void config_download(Client& client, Bytes body);

  /// Decodes by the server's strictness.
  template <class View>
  Result<View, wire::DecodeError> decode(Bytes body, wire::ged188::Version version) const;
  /// Decodes, or answers FAILURE_CONF and gives nothing.
  template <class View>
  std::optional<View> read(Client& client, Bytes body);
  /// A frame straight to the client's pending bytes; at `mark` when given.
  template <class Encoder, class Fixed, class Fill>
  void send(Client& client, const Fixed& fixed, Fill&& fill, std::size_t mark = SIZE_MAX);
  /// A message that is nothing but its header.
  template <class Encoder>
  void send_bare(Client& client);
  template <class Encoder, class Fixed>
  void confirm(Client& client, const Fixed& fixed, std::size_t mark);
  bool right_peripheral(Client& client, std::uint32_t invoke_id, std::uint32_t peripheral);
  /// The station that a request acts for, or nothing: then it has been refused.
  std::optional<StationIndex> acting_station(Client& client, std::uint32_t invoke_id,
                                             std::optional<std::string_view> device,
                                             std::optional<std::string_view> instrument);
  AgentIndex named_agent(std::optional<std::string_view> id,
                         std::optional<std::string_view> extension,
                         std::optional<std::string_view> instrument) const;

  core::Io& io_;
  ServerSettings settings_;
  core::Random random_;
  Model model_;
  Faults faults_;
  Interest interest_;
  EventFrameCache cache_;
  std::vector<std::byte> private_frames_;  ///< of a session with registered variables
  std::array<SideState, 2> sides_;
  core::ListenerId control_listener_{};
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::vector<Client*> dirty_;  ///< have something to flush in this turn
  std::map<std::uint32_t, Relay> relays_;
  std::map<std::uint32_t, CallNumber> recorded_;  // by the recorder that is built in, by its ServerData
  std::optional<Maintenance> maintenance_;
  std::map<std::uint64_t, ControlPeer> control_peers_;
  std::vector<core::Completion> completions_;
  std::vector<std::byte> scratch_;
  std::optional<TimePoint> started_;
  TimePoint next_look_{}, next_release_ = kNever;
  std::uint32_t next_session_ = 1, next_monitor_ = 1, next_service_ = 1, next_relay_ = 1,
                next_recording_ = 0;
  std::size_t next_turn_ = 0;  ///< round robin among server applications
  std::uint32_t pg_status_bits_ = 0;
  bool stopping_ = false;
  std::uint64_t reports_ = 0;  ///< CLIENT_EVENT_REPORT_REQ
  std::string last_report_;
  ServerCounters counters_;
};

}  // namespace cti::simulator
