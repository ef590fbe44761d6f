// channel.hpp - one per distinct message filter and line: what the filter lets through, as one range of bytes.
//
// Why      an update is matched once per distinct filter and copied once per channel, however many sessions listen: each
//          of them is a position, and one send carries everything it has not been given yet.
// Shape    a channel that lets everything through is the line's log itself. Any other has a ring of its own (an event log
//          with this reactor as writer and only reader), filled record by record as the reactor follows the log.
// Threads  one: the fan-out reactor.
// Lookup   a filter that asks for one object or one agent (IndexHint) stands under that key; a record meets the filters
//          under its own two keys, and those that have none, which are matched one after another.
// Cost     per record: two lookups, one match per filter met that way, one copy per match. No allocation.
// Full     a ring whose oldest bytes are still being sent takes no record: offer says false, has changed nothing, and the
//          reactor offers the record again in its next turn. Sends never wait for a slow peer, so that turn comes.
//          Positions that were not being sent are lapped; the session learns it when it next wants to send.
#pragma once

#include "broker/fanout/feed.hpp"
#include "broker/fanout/message_filter.hpp"
#include "ring/event_log.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cti::broker {

struct Channel {
  /// What its filter asks for at the least: one object, or else one agent; 0: neither.
  std::uint64_t key() const noexcept {
    return hint.object_key != 0 ? hint.object_key : hint.agent_key;
  }
  std::string filter_text;              ///< canonical; empty for everything
  std::optional<MessageFilter> filter;  ///< nothing: everything
  IndexHint hint;                       ///< of the filter: what needs no match to be refused
  std::uint16_t line = 0;
  std::uint32_t users = 0;  ///< sessions that have it, live or not; 0: free
  std::uint32_t cost = 0;
  std::vector<std::uint32_t> members;   ///< slots of the live ones
  std::unique_ptr<ring::EventLog> own;  ///< nullptr: the line's log
  const ring::EventLog* log = nullptr;
  ring::LogGate* gate = nullptr;
  std::uint64_t records = 0;  ///< ever copied into its own ring
  std::uint64_t shown = 0;    ///< members have been given a chance to send up to here
  bool changed = false;       ///< has records that publish() has not shown yet

  bool accepts(const wire::UpdateView& update) const noexcept {
    if (!filter) return true;
    if (hint.agent_key != 0 && hint.agent_key != update.agent_key()) return false;
    if (hint.object_key != 0 && hint.object_key != update.object_key()) return false;
    return filter->matches(update);
  }
  /// In a snapshot the filter chooses objects, not event numbers.
  bool accepts_snapshot(const wire::UpdateView& update) const noexcept {
    return !filter || filter->matches_snapshot(update);
  }
};

/// Why a channel could not be had.
struct ChannelRefusal {
  std::string text;         ///< for the asker
  std::uint32_t limit = 0;  ///< which was reached; 0: the filter itself is wrong
};

class ChannelTable {
 public:
  ChannelTable(std::size_t lines, std::uint32_t channels_max, std::size_t channel_bytes,
               std::uint32_t cost_max);

  /// The log of a line and this reactor's gate on it; before any acquire.
  void set_line(std::uint16_t line, const ring::EventLog& log, ring::LogGate& gate);

  /// The channel of this filter, made when it is new. The index stays good until release().
  Result<std::uint16_t, ChannelRefusal> acquire(std::uint16_t line, const MessageFilter* filter);
  void release(std::uint16_t index);

  Channel& at(std::uint16_t index) { return *channels_[index]; }
  /// Indices in use lie below this; some below may be free (no members).
  std::size_t size() const { return channels_.size(); }

  /// Makes `slot` a listener from the end of the channel on; gives its place among the members and the position.
  ring::Position join(std::uint16_t index, std::uint32_t slot, std::uint32_t& member);
  /// Takes it out. When another session moves to its place, moved(slot) says which.
  template <class Moved>
  void leave(std::uint16_t index, std::uint32_t member, Moved&& moved) {
    Channel& channel = at(index);
    CTI_CHECK(member < channel.members.size());
    channel.members[member] = channel.members.back();
    channel.members.pop_back();
    if (member < channel.members.size()) moved(channel.members[member]);
    if (channel.members.empty() && channel.own) deactivate(index);
  }

  /// Copies the record into every listening ring of the line whose filter lets it through; all or none.
  [[nodiscard]] bool offer(std::uint16_t line, const wire::UpdateView& update, Bytes record);
  /// Shows what was offered to the members of the line's rings. After each run of offers.
  void publish(std::uint16_t line);
  /// End of what members may be given.
  ring::Position end(const Channel& channel) const {
    return channel.own ? channel.own->tail() : lines_[channel.line].read;
  }
  /// Where a record offered now would begin: what comes after a private frame that is queued now.
  ring::Position next(const Channel& channel) const {
    return channel.own ? channel.own->next_position() : lines_[channel.line].read;
  }
  /// How far the reactor has followed the line's log.
  void set_read(std::uint16_t line, ring::Position read) { lines_[line].read = read; }

  std::uint32_t in_use() const { return in_use_; }
  std::uint64_t copied_records() const { return copied_; }
  std::uint64_t waits() const { return waits_; }  ///< offers put off because a ring was full

 private:
  struct Line {
    const ring::EventLog* log = nullptr;
    ring::LogGate* gate = nullptr;
    ring::Position read = 0;
    // Channels with a ring of their own and somebody who listens: by the key that their filter asks for, or not.
    std::unordered_map<std::uint64_t, std::vector<std::uint16_t>> by_key;
    std::vector<std::uint16_t> keyless;
    std::vector<std::uint16_t> changed;  // to be published
  };
  /// Claims room in every ring of `indices` whose filter lets the record through. False: one was full.
  bool claim(const std::vector<std::uint16_t>& indices, const wire::UpdateView& update,
             std::size_t bytes);
  Result<std::uint16_t, ChannelRefusal> make(std::uint16_t line, const MessageFilter* filter);
  void list(std::uint16_t index);
  void deactivate(std::uint16_t index);

  std::vector<Line> lines_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<std::unique_ptr<ring::EventLog>>
      spare_;  // rings of channels that ended, for the next ones
  std::vector<std::pair<std::uint16_t, MutableBytes>> claimed_;
  const std::uint32_t channels_max_;
  const std::size_t channel_bytes_;
  const std::uint32_t cost_max_;
  std::uint32_t in_use_ = 0;
  std::uint32_t cost_ = 0;
  std::uint64_t copied_ = 0;
  std::uint64_t waits_ = 0;
};

}  // namespace cti::broker
