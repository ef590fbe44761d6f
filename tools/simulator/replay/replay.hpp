// replay.hpp - one side of a recorded conversation, played against a live peer.
//
// Why      a bug that a customer has recorded is seen again without the customer: a client is run against what the CTI
//          Server answered, a CTI Server against what the client asked.
// Shape    no sockets here: frames of the peer go in, frames for the peer come out when they are due, and at the end the
//          differences between what the peer said and what the recording has, as `ringside-wire diff` tells them.
//          The recording is walked in its order. What we say waits for what the peer said before it; a peer that says
//          nothing for `patience` is passed over, and the message is reported missing.
// Numbers  that the peer chooses are mapped: InvokeIDs of a live client, call, monitor and session IDs of a live server.
//          A recorded message goes out with the live numbers, and is compared by the recorded ones.
// Time     lock-step by default; `timed` keeps the recorded gaps, divided by `speed`.
// Not compared  heartbeats (a live client's are answered), fields that hold times, and `ignored` fields.
// Threads  one owner.
#pragma once

#include "tools/simulator/replay/recording.hpp"

#include <map>
#include <set>
#include <string_view>

namespace cti::simulator {

struct ReplaySettings {
  bool as_server = true;
  bool timed = false;
  double speed = 1;
  Nanos patience = Seconds(5);
  Nanos linger = Seconds(1);  ///< after the last message: for what the peer says too much
  bool in_order = false;      ///< the peer's messages must also come in the recorded order
  std::set<std::string, std::less<>> ignored;
};

/// Fields that differ between any two runs: clocks, durations, router keys, addresses.
std::set<std::string, std::less<>> ignored_by_default();

class Replay {
 public:
  /// The recording must outlive the replay.
  Replay(const Recording& recording, ReplaySettings settings);

  /// The connection stands: time begins.
  void start(TimePoint now);
  /// A frame of the peer.
  void received(Bytes frame, TimePoint now);
  /// The next frame for the peer when one is due; call again until there is none.
  std::optional<std::vector<std::byte>> due(TimePoint now);
  TimePoint next_deadline() const;
  /// All is said and lingered for.
  bool finished(TimePoint now) const;
  /// The peer has gone: nothing more will come.
  void stop() { stopped_ = true; }

  /// Empty: the peer said what it said then.
  std::string differences() const;
  std::size_t compared() const;
  std::size_t sent() const { return sent_; }

 private:
  struct Live {
    ged::DecodedMessage message;
    std::string where;
    std::size_t recorded = SIZE_MAX;  ///< its twin
  };

  bool ours(const RecordedMessage& message) const {
    return message.from_client != settings_.as_server;
  }
  bool answers_unasked(const RecordedMessage& message) const;
  void pair(Live& live);
  void advance(TimePoint now);
  void arrive_at(std::size_t index, TimePoint now);
  Nanos gap_before(std::size_t index) const;
  /// The class of numbers that a field belongs to, or empty: not mapped.
  std::string_view mapped_as(const ged::DecodedField& field) const;
  void learn(const ged::DecodedMessage& recorded, const ged::DecodedMessage& live);
  ged::DecodedMessage translated(ged::DecodedMessage message, bool to_live) const;

  const Recording& recording_;
  ReplaySettings settings_;
  ged::Version version_;
  std::vector<Live> live_;
  std::vector<std::size_t> twin_;  ///< of each recorded message: index into live_, or SIZE_MAX
  /// The peer's messages that have no twin yet, by name.
  std::map<std::string, std::vector<std::size_t>, std::less<>> waiting_;
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> to_live_, to_recorded_;
  std::vector<std::vector<std::byte>> at_once_;  ///< answers to heartbeats
  std::size_t at_ = 0, sent_ = 0;
  TimePoint since_{};  ///< when the message in hand became the one in hand
  bool started_ = false, stopped_ = false;
};

}  // namespace cti::simulator
