// line_cti_server.hpp - a scripted CTI Server for the tests of the line: speaks GED-188 through the generated encoders.
//
// Shape    answers OPEN_REQ, heartbeats, the configuration request, queries and snapshots from small tables by itself, so
//          that a test only says what is different. Every request that came is kept for the test to look at.
#pragma once

#include "core/base/bytes.hpp"
#include "core/io.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/call_data.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/ged188/team.hpp"
#include "wire/mhdr.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::test {

namespace ged = wire::ged188;

class CtiServer {
 public:
  struct Agent {
    std::uint16_t state = 1;
    std::string instrument;
    std::string extension;
  };
  struct Call {
    std::uint32_t id = 0;
    std::uint16_t status = 3;
    std::string ani;
    std::uint16_t type = 1;
    std::string other = {};  ///< the other party's device, as SNAPSHOT_CALL_CONF lists it
    std::uint16_t other_status = 3;
  };
  struct Request {
    std::uint32_t type = 0;
    std::uint32_t invoke_id = 0;
    std::vector<std::byte> body;
  };
  /// What to do with a message instead of the usual. True: dealt with.
  using Hook = std::function<bool(std::uint32_t type, Bytes body)>;

  CtiServer(std::unique_ptr<core::Io> io, std::uint16_t port) : io_(std::move(io)) {
    const auto listener = io_->listen({"0.0.0.0", port});
    if (!listener.ok()) std::abort();
  }

  std::uint32_t turn(TimePoint deadline) {
    std::vector<core::Completion> completions(64);
    const std::size_t count = io_->wait(completions, deadline);
    for (std::size_t i = 0; i < count; ++i) on(completions[i]);
    pump();
    return static_cast<std::uint32_t>(count);
  }

  // ---- what the test sets ----
  std::map<std::string, Agent> agents;             ///< by AgentID
  std::map<std::string, std::vector<Call>> calls;  ///< by instrument
  bool answers_open = true;
  bool answers_heartbeats = true;
  bool answers_config = true;
  bool answers_queries = true;
  std::uint16_t counted_too_high =
      0;                          ///< by so much are counts of lists in answers above what comes
  bool confirms = true;           ///< control requests are confirmed at once
  std::uint32_t refuse_open = 0;  ///< a status: FAILURE_CONF instead of OPEN_CONF
  std::uint32_t peripheral = 5000;
  bool accepts = true;
  Hook hook;

  // ---- what came ----
  std::vector<Request> requests;  ///< control requests
  std::uint32_t queried_peripheral = 0;  ///< by the last of the queries
  std::uint32_t opens = 0, accepted = 0, heartbeats = 0, queries = 0, device_snapshots = 0,
                call_snapshots = 0;
  std::uint32_t services = 0;
  ged::Version version = 15;

  bool connected() const { return static_cast<bool>(connection_); }

  // ---- sending ----
  void send_raw(Bytes bytes) { out_.emplace_back(bytes.begin(), bytes.end()); }
  template <class Frame>
  void send(Frame&& frame) {
    const auto bytes = frame.finish();
    if (!bytes.ok()) std::abort();
    send_raw(*bytes);
  }
  MutableBytes room() { return room_; }
  /// In the frame that was sent last: what our encoders refuse to write, a careless switch may still send.
  void spoil(std::string_view good, std::string_view bad) {
    const Bytes pattern = as_bytes(good), bytes = as_bytes(bad);
    const auto at =
        std::search(out_.back().begin(), out_.back().end(), pattern.begin(), pattern.end());
    if (at == out_.back().end() || good.size() != bad.size()) std::abort();
    std::copy(bytes.begin(), bytes.end(), at);
  }

  /// Likewise, two bytes at a place in it.
  void spoil_at(std::size_t at, std::uint16_t value) {
    if (at + 2 > out_.back().size()) std::abort();
    store_be<std::uint16_t>(out_.back().data() + at, value);
  }

  template <class Encoder, class Fixed>
  void confirm(const Request& request) {
    Fixed fixed;
    fixed.invoke_id = request.invoke_id;
    send(Encoder(room_, version, fixed));
  }
  /// The positive answer to a request that only gets its InvokeID back: any type.
  void confirm_plain(const Request& request) {
    std::byte frame[12];
    store_be<std::uint32_t>(frame, 4);
    store_be<std::uint32_t>(frame + 4, request.type + 1);
    store_be<std::uint32_t>(frame + 8, request.invoke_id);
    send_raw(frame);
  }
  void refuse(const Request& request, std::uint16_t code, std::uint32_t peripheral_error = 0) {
    send(ged::ControlFailureConfEncoder(room_, version,
                                        {.invoke_id = request.invoke_id,
                                         .failure_code = code,
                                         .peripheral_error_code = peripheral_error}));
  }
  void agent_state(const std::string& agent, std::uint16_t state, const std::string& instrument,
                   const std::string& extension = "") {
    agents[agent] = {state, instrument, extension};
    ged::AgentStateEventEncoder encoder(room_, version,
                                        {.peripheral_id = peripheral,
                                         .session_id = 1,
                                         .peripheral_type = 17,
                                         .skill_group_state = state,
                                         .agent_state = state});
    encoder.agent_id(agent).agent_instrument(instrument);
    if (!extension.empty()) encoder.agent_extension(extension);
    send(encoder);
  }
  void system_event(std::uint32_t id, std::uint32_t argument) {
    send(ged::SystemEventEncoder(room_, version,
                                 {.system_event_id = id, .system_event_arg1 = argument}));
  }
  void begin_call(std::uint32_t call, const std::string& device, const std::string& ani,
                  std::uint16_t type = 1) {
    ged::BeginCallEventEncoder encoder(room_, version,
                                       {.peripheral_id = peripheral,
                                        .peripheral_type = 17,
                                        .call_type = type,
                                        .connection_device_id_type = 0,
                                        .connection_call_id = call});
    encoder.connection_device_id(device);
    if (!ani.empty()) encoder.ani(ani);
    encoder.router_call_key_day(150000).router_call_key_call_id(call);
    heard_[{call, device}] = {call, 0, ani, type};
    encoder.call_variable1("one")
        .add_named_variable("user.cust", "gold")
        .add_named_array(1, "user.hist", "x");
    send(encoder);
  }
  void delivered(std::uint32_t call, const std::string& device, std::uint16_t status = 2) {
    note_heard(call, device, status);
    send(ged::CallDeliveredEventEncoder(room_, version,
                                        {.peripheral_id = peripheral,
                                         .peripheral_type = 17,
                                         .connection_device_id_type = 0,
                                         .connection_call_id = call,
                                         .local_connection_state = status})
             .connection_device_id(device)
             .alerting_device_id(device)
             .calling_device_id("5551234"));
  }
  void established(std::uint32_t call, const std::string& device) {
    note_heard(call, device, 3);
    send(ged::CallEstablishedEventEncoder(room_, version,
                                          {.peripheral_id = peripheral,
                                           .peripheral_type = 17,
                                           .connection_device_id_type = 0,
                                           .connection_call_id = call,
                                           .local_connection_state = 3})
             .connection_device_id(device));
  }
  void held(std::uint32_t call, const std::string& device) {
    note_heard(call, device, 4);
    send(ged::CallHeldEventEncoder(room_, version,
                                   {.peripheral_id = peripheral,
                                    .connection_device_id_type = 0,
                                    .connection_call_id = call,
                                    .local_connection_state = 4})
             .connection_device_id(device));
  }
  void failed(std::uint32_t call, const std::string& device) {
    note_heard(call, device, 6);
    send(ged::CallFailedEventEncoder(room_, version,
                                     {.peripheral_id = peripheral,
                                      .connection_device_id_type = 0,
                                      .connection_call_id = call,
                                      .local_connection_state = 6})
             .connection_device_id(device));
  }
  void cleared(std::uint32_t call, const std::string& device) {
    send(ged::CallConnectionClearedEventEncoder(room_, version,
                                                {.peripheral_id = peripheral,
                                                 .connection_device_id_type = 0,
                                                 .connection_call_id = call,
                                                 .local_connection_state = 0})
             .connection_device_id(device));
  }
  void end_call(std::uint32_t call, const std::string& device) {
    heard_.erase({call, device});
    send(ged::EndCallEventEncoder(room_, version,
                                  {.peripheral_id = peripheral,
                                   .connection_device_id_type = 0,
                                   .connection_call_id = call})
             .connection_device_id(device));
  }
  /// The usual answer to a request, also to one that a hook has kept.
  void serve(std::uint32_t type, Bytes body) {
    const std::uint32_t id = body.size() < 4 ? 0 : load_be<std::uint32_t>(body.data());
    switch (ged::MessageType{type}) {
      case ged::MessageType::kOpenReq:
        return open(body, id);
      case ged::MessageType::kHeartbeatReq:
        ++heartbeats;
        if (answers_heartbeats) send(ged::HeartbeatConfEncoder(room_, version, {.invoke_id = id}));
        return;
      case ged::MessageType::kConfigRequestKeyEvent:  // keeps none
        if (answers_config)
          send(ged::ConfigKeyEventEncoder(room_, version, {.config_key_status = 2}));
        return;
      case ged::MessageType::kConfigRequestEvent:
        if (answers_config)
          send(ged::ConfigEndEventEncoder(room_, version, {.config_end_status = 0}));
        return;
      case ged::MessageType::kQueryAgentStateReq:
        return query(body, id);
      case ged::MessageType::kSnapshotDeviceReq:
        return snapshot_device(body, id);
      case ged::MessageType::kSnapshotCallReq:
        return snapshot_call(body, id);
      case ged::MessageType::kAgentDeskSettingsReq:
        send(ged::AgentDeskSettingsConfEncoder(room_, version,
                                               {.invoke_id = id,
                                                .peripheral_id = peripheral,
                                                .desk_settings_mask = 0,
                                                .wrapup_data_incoming_mode = 1,
                                                .wrapup_data_outgoing_mode = 2}));
        return;
      default:
        break;
    }
    requests.push_back({type, id, {body.begin(), body.end()}});
    if (confirms) confirm_any(requests.back());
  }

  void stop_reading() { io_->set_receiving(connection_, false); }
  /// Resets the connection from this side.
  void hang_up() {
    if (connection_) io_->close(connection_, core::CloseHow::kReset);
  }

 private:
  void on(const core::Completion& completion) {
    switch (completion.event) {
      case core::IoEvent::kAccepted:
        if (!accepts) {
          io_->close(completion.connection, core::CloseHow::kReset);
          return;
        }
        connection_ = completion.connection;
        cutter_ = {};
        heard_.clear();
        out_.clear();
        sending_ = full_ = false;
        ++accepted;
        return;
      case core::IoEvent::kClosed:
        if (completion.connection == connection_) connection_ = {};
        return;
      case core::IoEvent::kSent:
        if (completion.connection != connection_) return;
        sending_ = false;
        sent_ += completion.sent;
        full_ = sent_ < current_.size();
        if (sent_ >= current_.size()) current_.clear();
        return;
      case core::IoEvent::kWritable:
        if (completion.connection == connection_) full_ = false;
        return;
      case core::IoEvent::kReceived:
        if (completion.connection != connection_) return;
        (void)cutter_.feed(completion.bytes, [this](const ged::Frame& frame) { on_frame(frame); });
        return;
      default:
        return;
    }
  }

  void on_frame(const ged::Frame& frame) {
    if (!hook || !hook(frame.message_type, frame.body)) serve(frame.message_type, frame.body);
  }

  void confirm_any(const Request& request) {
    switch (ged::MessageType{request.type}) {
      case ged::MessageType::kMakeCallReq:
        send(ged::MakeCallConfEncoder(
                 room_, version, {.invoke_id = request.invoke_id, .new_connection_call_id = 900})
                 .new_connection_device_id("23901"));
        return;
      case ged::MessageType::kSupervisorAssistReq:
        send(ged::SupervisorAssistConfEncoder(
                 room_, version, {.invoke_id = request.invoke_id, .connection_call_id = 901})
                 .connection_device_id("23901"));
        return;
      case ged::MessageType::kEmergencyCallReq:
        send(ged::EmergencyCallConfEncoder(
                 room_, version, {.invoke_id = request.invoke_id, .connection_call_id = 902})
                 .connection_device_id("23901"));
        return;
      default:
        confirm_plain(request);
    }
  }

  void open(Bytes body, std::uint32_t id) {
    ++opens;
    version = ged::version_of_open_req(body).value_or(15);
    const auto view = ged::OpenReqView::decode(body, version);
    services = view.ok() ? view->services_requested() : 0;
    if (!answers_open) return;
    if (refuse_open != 0) {
      send(ged::FailureConfEncoder(room_, version, {.invoke_id = id, .status = refuse_open}));
      return;
    }
    send(ged::OpenConfEncoder(room_, version,
                              {.invoke_id = id,
                               .services_granted = services,
                               .monitor_id = 1,
                               .pg_status = 0,
                               .peripheral_online = 1,
                               .peripheral_type = 17,
                               .agent_state = 9}));
  }

  void query(Bytes body, std::uint32_t id) {
    ++queries;
    const auto view = ged::QueryAgentStateReqView::decode(body, version);
    if (!view.ok()) std::abort();
    queried_peripheral = view->peripheral_id();
    if (!answers_queries) return;
    const std::string name(view->agent_id().value_or(""));
    const auto found = agents.find(name);
    if (found == agents.end()) {
      send(ged::FailureConfEncoder(room_, version, {.invoke_id = id, .status = 8}));
      return;
    }
    ged::QueryAgentStateConfEncoder encoder(room_, version,
                                            {.invoke_id = id, .agent_state = found->second.state});
    encoder.agent_id(name);
    if (!found->second.extension.empty()) encoder.agent_extension(found->second.extension);
    if (!found->second.instrument.empty()) encoder.agent_instrument(found->second.instrument);
    send(encoder);
    if (counted_too_high != 0)
      spoil_at(8 + 6, counted_too_high);  // NumSkillGroups, and there is none
  }

  void snapshot_device(Bytes body, std::uint32_t id) {
    ++device_snapshots;
    const auto view = ged::SnapshotDeviceReqView::decode(body, version);
    if (!view.ok()) std::abort();
    if (!answers_queries) return;
    const std::string device(view->agent_instrument().value_or(""));
    ged::SnapshotDeviceConfEncoder encoder(room_, version, {.invoke_id = id});
    for (const Call& call : calls[device]) {
      encoder.add_call({.call_connection_call_id = call.id,
                        .call_connection_device_id_type = std::uint16_t{0},
                        .call_connection_device_id = device,
                        .call_state = call.status});
    }
    send(encoder);
    if (counted_too_high != 0)  // NumCalls
      spoil_at(8 + 4, static_cast<std::uint16_t>(calls[device].size() + counted_too_high));
  }

  void snapshot_call(Bytes body, std::uint32_t id) {
    ++call_snapshots;
    const auto view = ged::SnapshotCallReqView::decode(body, version);
    if (!view.ok()) std::abort();
    if (!answers_queries) return;
    const std::string device(view->connection_device_id().value_or(""));
    std::vector<Call> known = calls[device];
    const auto heard = heard_.find({view->connection_call_id(), device});
    if (heard != heard_.end()) known.push_back(heard->second);
    for (const Call& call : known) {
      if (call.id != view->connection_call_id()) continue;
      ged::SnapshotCallConfEncoder encoder(room_, version,
                                           {.invoke_id = id, .call_type = call.type});
      encoder.ani(call.ani);
      encoder.add_call_device({.call_connection_call_id = call.id,
                               .call_connection_device_id_type = std::uint16_t{0},
                               .call_connection_device_id = device,
                               .call_device_type = std::uint16_t{0},
                               .call_device_id = device,
                               .call_device_connection_state = call.status});
      if (!call.other.empty()) {
        encoder.add_call_device({.call_connection_call_id = call.id,
                                 .call_connection_device_id_type = std::uint16_t{0},
                                 .call_connection_device_id = call.other,
                                 .call_device_type = std::uint16_t{75},
                                 .call_device_id = call.other,
                                 .call_device_connection_state = call.other_status});
      }
      send(encoder);
      if (counted_too_high != 0)  // NumCallDevices
        spoil_at(8 + 8, static_cast<std::uint16_t>(2 + counted_too_high));
      return;
    }
    send(ged::FailureConfEncoder(room_, version, {.invoke_id = id, .status = 13}));
  }

  void note_heard(std::uint32_t call, const std::string& device, std::uint16_t status) {
    Call& heard = heard_[{call, device}];
    heard.id = call;
    heard.status = status;
  }

  void pump() {
    if (!connection_ || sending_ || full_) return;
    if (current_.empty()) {
      for (const auto& frame : out_) current_.insert(current_.end(), frame.begin(), frame.end());
      out_.clear();
      sent_ = 0;
    }
    if (sent_ >= current_.size()) return;
    sending_ = true;
    io_->send(connection_, Bytes(current_).subspan(sent_));
  }

  std::unique_ptr<core::Io> io_;
  core::ConnectionId connection_{};
  ged::FrameCutter cutter_;
  std::map<std::pair<std::uint32_t, std::string>, Call> heard_;  ///< calls that its events told of
  std::deque<std::vector<std::byte>> out_;
  std::vector<std::byte> current_;
  std::size_t sent_ = 0;
  bool sending_ = false;
  bool full_ = false;
  std::vector<std::byte> room_ = std::vector<std::byte>(16 * 1024);
};

}  // namespace cti::test
