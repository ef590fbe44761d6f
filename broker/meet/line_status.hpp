// line_status.hpp - what a line knows about its upstream side, readable by every fan-out reactor at any moment.
//
// Why      StatusSystem (OnSetAgentModeEvent, OnMonitorModeEstablished, Welcome) tells a client the state of the CTI
//          Server, the driver, the central controller and each peripheral, without asking the line.
// Threads  set_*: the line. All getters: anybody.
// Edges    none: each value is for display and early refusal only. What changed reaches clients in order as a record
//          (eCTIOSFailureEvent) in the log; these flags may run ahead of it by one turn.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace cti::broker {

/// Where the session with the CTI Server stands, for people and metrics.
enum class LinkState : std::uint32_t {
  kIdle = 0,        ///< not started
  kConnecting = 1,  ///< a TCP connect is under way
  kOpening = 2,     ///< OPEN_REQ sent, OPEN_CONF awaited
  kUp = 3,          ///< session open
  kBackoff = 4,     ///< waiting before the next try
};

class LineStatus {
 public:
  static constexpr std::size_t kPeripheralsMax = limits::kPeripheralsPerLineMax;

  /// True from OPEN_CONF until the session is lost or closed.
  bool cti_server_online() const noexcept { return load(cti_server_online_) != 0; }
  /// True when the last known state of the central controller is up.
  bool central_controller_online() const noexcept { return load(central_controller_online_) != 0; }
  /// The driver itself: true while the line's thread runs.
  bool driver_online() const noexcept { return load(driver_online_) != 0; }
  LinkState link_state() const noexcept { return static_cast<LinkState>(load(link_state_)); }
  /// 0: side A, 1: side B: the side connected, or tried last.
  std::uint32_t side() const noexcept { return load(side_); }

  /// How many peripherals are known; indices below it are valid for peripheral_id and peripheral_online.
  std::size_t peripherals() const noexcept {
    // S0 <- P0: the ids below the count are complete.
    return count_.load(std::memory_order_acquire);
  }
  std::uint32_t peripheral_id(std::size_t index) const noexcept {
    return load(peripherals_[index].id);
  }
  bool peripheral_online(std::size_t index) const noexcept {
    return load(peripherals_[index].online) != 0;
  }

  /// The session is open and the start-up dialogue is through: what clients are told is the present.
  bool serving() const noexcept { return load(serving_) != 0; }
  /// Why there is no session: the StatusCode with which the CTI Server last refused one, the errno of the last connection
  /// that failed, or kNoAddress: its name has none. 0: none of these, since a session was last open.
  static constexpr std::uint32_t kNoAddress = UINT32_MAX;
  std::uint32_t refused_with() const noexcept { return load(refused_with_); }
  std::uint32_t connect_error() const noexcept { return load(connect_error_); }

  void set_serving(bool on) noexcept { store(serving_, on); }
  void set_refused_with(std::uint32_t status) noexcept { store(refused_with_, status); }
  void set_connect_error(std::uint32_t error) noexcept { store(connect_error_, error); }
  void set_cti_server_online(bool on) noexcept { store(cti_server_online_, on); }
  void set_central_controller_online(bool on) noexcept { store(central_controller_online_, on); }
  void set_driver_online(bool on) noexcept { store(driver_online_, on); }
  void set_link_state(LinkState state) noexcept {
    store(link_state_, static_cast<std::uint32_t>(state));
  }
  void set_side(std::uint32_t side) noexcept { store(side_, side); }

  /// Line only. The state of a peripheral of this line; false for one that is not: what is another line's stays there.
  bool note_peripheral(std::uint32_t id, bool online) noexcept {
    for (std::size_t i = 0; i < peripherals(); ++i) {
      if (load(peripherals_[i].id) != id) continue;
      store(peripherals_[i].online, online);
      return true;
    }
    return false;
  }
  /// Line only, at start. One more of its peripherals; false when there is no room for one more (kPeripheralsMax).
  bool set_peripheral(std::uint32_t id, bool online) noexcept {
    if (note_peripheral(id, online)) return true;
    // relaxed: only this thread writes the count.
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == kPeripheralsMax) return false;
    store(peripherals_[count].id, id);
    store(peripherals_[count].online, online);
    // P0 -> S0: the new entry is complete before it is counted.
    count_.store(count + 1, std::memory_order_release);
    return true;
  }
  /// Line only. All known peripherals to one state (the session with the CTI Server was lost).
  void set_all_peripherals(bool online) noexcept {
    for (std::size_t i = 0; i < peripherals(); ++i) store(peripherals_[i].online, online);
  }

 private:
  struct Peripheral {
    std::atomic<std::uint32_t> id{0};
    std::atomic<std::uint32_t> online{0};
  };
  static std::uint32_t load(const std::atomic<std::uint32_t>& value) noexcept {
    // relaxed: a flag by itself, nothing is published with it.
    return value.load(std::memory_order_relaxed);
  }
  static void store(std::atomic<std::uint32_t>& value, std::uint32_t to) noexcept {
    // relaxed: as in load.
    value.store(to, std::memory_order_relaxed);
  }

  alignas(kFalseSharing) std::atomic<std::uint32_t> cti_server_online_{
      0};  // all written by the line
  std::atomic<std::uint32_t> central_controller_online_{0};
  std::atomic<std::uint32_t> driver_online_{0};
  std::atomic<std::uint32_t> link_state_{0};
  std::atomic<std::uint32_t> side_{0};
  std::atomic<std::uint32_t> serving_{0};
  std::atomic<std::uint32_t> refused_with_{0};
  std::atomic<std::uint32_t> connect_error_{0};
  std::atomic<std::size_t> count_{0};
  std::array<Peripheral, kPeripheralsMax> peripherals_{};
};

}  // namespace cti::broker
