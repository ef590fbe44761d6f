// sim_state.hpp - inside of the simulated network; included by its two .cpp files only. See sim_io.hpp.
#pragma once

#include "core/base/preempt.hpp"
#include "core/random.hpp"
#include "core/receive_memory.hpp"
#include "core/sim_io.hpp"
#include "core/slot_table.hpp"

#include <array>
#include <deque>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cti::core {

using HostIndex = std::uint32_t;
using WireIndex = std::uint32_t;

/// One direction of a connection.
struct SimPipe {
  struct Segment {
    std::string bytes;
    bool fin = false;
  };
  std::deque<Segment> under_way;  // in order; one kSegment event each, unless held
  std::uint32_t held = 0;         // of them, those whose event met a cut path
  std::string arrived;            // in the receiver's socket buffer, from read_from on
  std::size_t read_from = 0;
  std::size_t occupied = 0;   // bytes sent and not yet acknowledged as read
  std::size_t held_acks = 0;  // read, but the acknowledgement met a cut path
  TimePoint last_arrival{};
  bool fin_sent = false;
  bool fin_arrived = false;

  std::size_t unread() const noexcept { return arrived.size() - read_from; }
};

/// One end of a connection, as its host's kernel sees it.
struct SimEnd {
  enum class State : std::uint8_t { kConnecting, kBacklog, kOpen, kLingering, kGone };
  State state = State::kGone;
  SimIo* io = nullptr;  // nullptr: backlog or gone
  ConnectionId id{};
  HostIndex host = 0;
  std::uint16_t port = 0;
  SimPipe out;
  int error = 0;  // a reset or a refusal has arrived
  bool connected_news = false;
  bool full = false;
  bool receiving = true;
  bool ready = false;  // stands in its io's ready list
  bool linger_over = false;
};

struct SimWire {
  std::uint64_t serial = 0;    // tells a reused place from the one before
  std::array<SimEnd, 2> ends;  // 0 connected, 1 listened
  std::uint16_t listen_port = 0;
  bool vanished = false;  // carries nothing any more
  bool broken = false;    // a reset is on its way to both ends: nothing sent after it arrives
};

struct SimHost {
  std::string address;
  std::uint64_t number = 0;  // host_number() of it
  bool up = true;
  bool frozen = false;
  Millis wall_offset{0};
  std::uint16_t next_port = 0;
  struct Port {
    std::vector<std::pair<SimIo*, ListenerId>> listeners;  // connections go round among them
    std::size_t turn = 0;
  };
  std::map<std::uint16_t, Port> ports;
};

enum class SimEventKind : std::uint8_t {
  kSyn,
  kConnected,
  kRefused,
  kConnectTimeout,
  kSegment,
  kAck,
  kReset,
  kLingerOver,
};

struct SimEvent {
  TimePoint time{};
  std::uint64_t order = 0;
  SimEventKind kind = SimEventKind::kSyn;
  std::uint8_t end = 0;  // where it arrives
  WireIndex wire = 0;
  std::uint64_t serial = 0;
  std::uint64_t count = 0;  // kAck: bytes; kSyn: attempt

  friend bool operator>(const SimEvent& a, const SimEvent& b) noexcept {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }
};

struct SimNetwork::State {
  State(std::uint64_t seed, const SimFaults& wanted) : random(seed), faults(wanted) {}

  HostIndex host_index(std::string_view address);
  std::uint16_t take_port(HostIndex index);
  SimWire* find_wire(const SimEvent& event) noexcept;
  WireIndex new_wire();
  void let_go(WireIndex index);
  bool is_cut(HostIndex from, HostIndex to) const { return cuts.contains({from, to}); }
  Nanos draw_delay();

  void schedule(SimEventKind kind, WireIndex wire, int end, TimePoint time,
                std::uint64_t count = 0);
  void happen(const SimEvent& event);
  void on_syn(SimWire& wire, WireIndex index, std::uint64_t attempt);
  void on_connected(SimWire& wire, WireIndex index);
  void on_ack(SimWire& wire, WireIndex index, int end, std::size_t bytes);
  void on_segment(SimWire& wire, WireIndex index, int end);
  void on_reset(SimWire& wire, WireIndex index, int end, int error);
  void deliver_held(HostIndex from, HostIndex to);

  // What the Ios ask for.
  std::size_t transmit(WireIndex index, int from, Bytes bytes);
  void transmit_segment(WireIndex index, int from, SimPipe::Segment segment);
  void send_fin(WireIndex index, int from);
  void send_reset(WireIndex index, int from);
  /// The end is gone for good; its kernel answers for it from now on.
  void leave(WireIndex index, int end);
  /// Its program has died or closed without a word: FIN, or RST when unread bytes lie there.
  void abandon(WireIndex index, int end);
  void mark_ready(WireIndex index, int end);
  /// The receiver has taken `bytes` out of its buffer: the sender will hear of it.
  void acknowledge(WireIndex index, int receiver, std::size_t bytes);
  void note(const SimEvent& event);
  void hash(std::uint64_t value) noexcept { trace = mix64(trace ^ value); }

  Random random;
  SimFaults faults;
  TimePoint now{};
  std::uint64_t order = 0;
  std::uint64_t trace = 0;
  std::uint64_t serial = 0;
  std::FILE* trace_file = nullptr;
  Counters counters;
  std::vector<SimHost> hosts;
  std::map<std::string, HostIndex, std::less<>> by_address;
  std::set<std::pair<HostIndex, HostIndex>> cuts;
  std::deque<SimWire> wires;
  std::vector<WireIndex> free_wires;
  std::priority_queue<SimEvent, std::vector<SimEvent>, std::greater<>> events;
  std::vector<SimIo*> ios;  // alive ones, in order of making
};

/// One Io of the simulated network.
class SimIo final : public Io {
 public:
  SimIo(SimNetwork::State& network, HostIndex host, const IoLimits& limits);
  ~SimIo() override;

  Result<ListenerId, IoError> listen(const Endpoint& at) override;
  std::uint16_t local_port(ListenerId listener) const override;
  void unlisten(ListenerId listener) override;
  ConnectionId connect(const Endpoint& to) override;
  void send(ConnectionId connection, Bytes bytes) override;
  void set_receiving(ConnectionId connection, bool on) override;
  void close(ConnectionId connection, CloseHow how) override;
  std::size_t wait(std::span<Completion> out, TimePoint deadline) override;
  Endpoint peer(ConnectionId connection) const override;
  void wake() noexcept override {
    may_be_preempted();
    woken_ = true;
  }
  TimePoint now() const noexcept override {
    may_be_preempted();
    return now_;
  }
  WallMillis wall() const noexcept override { return wall_; }
  int pollable_fd() const noexcept override { return -1; }
  std::string_view backend() const noexcept override { return "simulated"; }
  const IoCounters& counters() const noexcept override { return counters_; }

  // Called by the network.
  void add_ready(WireIndex wire, std::uint64_t serial, int end) {
    ready_.push_back({wire, end, serial});
  }
  void add_backlog(WireIndex wire, std::uint64_t serial, ListenerId listener) {
    backlog_.push_back({wire, serial, listener});
  }
  bool backlog_full() const noexcept { return backlog_.size() >= kBacklogMax; }
  bool pending() const noexcept {
    return alive_ && (woken_ || !ready_.empty() || !backlog_.empty() || !requests_.empty());
  }
  bool news() const;
  TimePoint deadline() const noexcept { return deadline_; }
  HostIndex host() const noexcept { return host_; }
  /// Cut off from the network: all its ends have been abandoned or forgotten.
  void die(bool silently);

 private:
  static constexpr std::size_t kBacklogMax = 4096;
  struct Connection {
    WireIndex wire = 0;
    int end = 0;
    int connect_error = 0;  // known at once: there is no wire
    Bytes to_send{};
    bool sending = false;
    bool close_asked = false;
    bool reset_asked = false;
    bool queued = false;
  };
  struct Ready {
    WireIndex wire;
    int end;
    std::uint64_t serial;
  };
  struct Pending {
    WireIndex wire;
    std::uint64_t serial;
    ListenerId listener;
  };
  struct Batch {
    std::span<Completion> out;
    std::size_t count = 0;
    bool full() const noexcept { return count == out.size(); }
  };
  void add(Batch& batch, const Completion& completion);
  void queue(ConnectionId id, Connection& connection);
  void run_requests(Batch& batch);
  void run_send(ConnectionId id, Connection& connection, Batch& batch);
  void run_close(ConnectionId id, Connection& connection, Batch& batch);
  void accept_pending(Batch& batch);
  void take_ready(Batch& batch);
  void take_news(WireIndex wire, int end, Batch& batch);
  void receive(WireIndex index, int end, Batch& batch);
  void start_orderly_close(ConnectionId id, Connection& connection, Batch& batch);
  void drop_backlog(ListenerId listener);
  void finish(ConnectionId id, Connection& connection, int error, Batch& batch);
  SimEnd& end_of(const Connection& connection) {
    return network_.wires[connection.wire].ends[static_cast<std::size_t>(connection.end)];
  }

  SimNetwork::State& network_;
  HostIndex host_;
  IoLimits limits_;
  bool alive_ = true;
  bool woken_ = false;
  TimePoint now_{};
  TimePoint deadline_ = kNever;
  WallMillis wall_{};
  SlotTable<Connection> connections_;
  std::vector<ConnectionId> requests_;
  std::vector<std::uint16_t> listeners_;  // port by index; 0: given back
  std::deque<Ready> ready_;
  std::deque<Pending> backlog_;
  ReceiveArena arena_;
  IoCounters counters_;
};

}  // namespace cti::core
