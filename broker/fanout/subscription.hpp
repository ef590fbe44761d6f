// subscription.hpp - who is given the records of one agent: from agent_key to the sessions that are that agent, or watch it.
//
// Why      an agent-mode session wants a few records in ten thousand: it is found through the record's agent_key, not by
//          matching each record against each session. A supervisor's session is found in the same way under the keys of
//          those whom it watches: a record of an agent whom ten watch costs one look-up and ten appends.
// Shape    edges between sessions and keys. Linear probing (core/base/probe.hpp) by the key, which is a hash already; the
//          edges of one key are a chain, so are the watches of one session. A session's edge to itself (own) has the number
//          of its slot; watches come behind, as many as have ever been in use at a time. All memory is set aside at start.
// Watch    an edge says which topics it is for. What is new of it waits for activate(): until the session has been given a
//          snapshot of what it watches, changes of it would be changes of nothing.
// Threads  one: the fan-out reactor.
// Cost     a lookup touches one or two cache lines; no allocation.
// Limits   one own edge per session slot, sessions_max slots; watches_max watches: the table is never more than half full.
#pragma once

#include "core/base/check.hpp"
#include "core/base/probe.hpp"

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace cti::broker {

class AgentIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit AgentIndex(std::uint32_t slots, std::uint32_t watches_max = 0)
      : table_(std::bit_ceil((std::uint64_t{slots} + watches_max) * 2 + 2)),
        first_watch_(slots, kNone),
        slots_(slots),
        watches_max_(watches_max) {
    CTI_CHECK(table_.last > 2 * (std::uint64_t{slots} + watches_max));
    edges_.reserve(std::size_t{slots} + watches_max);
    edges_.resize(slots);
  }

  /// Binds `slot` to `key` (not 0): it is that agent. A slot is bound to one key at a time.
  void add(std::uint64_t key, std::uint32_t slot) noexcept {
    CTI_CHECK(key != 0);
    CTI_CHECK(slot < slots_);
    CTI_CHECK(edges_[slot].key == 0);
    edges_[slot] = Edge{.key = key, .slot = slot, .topics = kAllTopics, .wants = kAllTopics};
    ++link(slot).own;
    ++sessions_;
  }

  /// Ends the binding of `slot`, and everything that it watches; harmless when there is none.
  void remove(std::uint32_t slot) noexcept {
    if (edges_[slot].key != 0) {
      CTI_CHECK(sessions_ > 0);
      --sessions_;
      --table_.entries[probe::place_of(table_, edges_[slot].key)].own;
      unlink(slot);
      edges_[slot] = Edge{};
    }
    end_watches(slot);
  }
  /// Ends everything that `slot` watches.
  void end_watches(std::uint32_t slot) noexcept {
    while (first_watch_[slot] != kNone) drop(first_watch_[slot]);
  }

  /// `slot` watches `key` for these topics; 0: no longer. False: there is no room, nothing has changed.
  [[nodiscard]] bool watch(std::uint32_t slot, std::uint64_t key, std::uint32_t topics) noexcept {
    CTI_CHECK(key != 0 && slot < slots_);
    std::uint32_t edge = edge_of(slot, key);
    if (topics == 0) {
      if (edge != kNone) drop(edge);
      return true;
    }
    if (edge == kNone) {
      if (watches_ == watches_max_) return false;
      edge = take_edge();
      edges_[edge] = Edge{.key = key, .slot = slot};
      link(edge);
      const std::uint32_t first = first_watch_[slot];
      edges_[edge].next_of_slot = first;
      if (first != kNone) edges_[first].previous_of_slot = edge;
      first_watch_[slot] = edge;
      ++watches_;
    }
    edges_[edge].wants = topics;
    edges_[edge].topics &= topics;
    return true;
  }
  /// What is new of the session's watches counts from now on.
  void activate(std::uint32_t slot) noexcept {
    for (std::uint32_t edge = first_watch_[slot]; edge != kNone; edge = edges_[edge].next_of_slot) {
      edges_[edge].topics = edges_[edge].wants;
    }
  }
  /// Whether `slot` is given records of `key` with these topics because it watches.
  bool watches(std::uint32_t slot, std::uint64_t key, std::uint32_t topics) const noexcept {
    if (first_watch_[slot] == kNone) return false;
    const std::uint32_t edge = edge_of(slot, key);
    return edge != kNone && (edges_[edge].topics & topics) != 0;
  }
  /// How many watches `slot` has; how many there are in all.
  std::uint32_t watches_of(std::uint32_t slot) const noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t edge = first_watch_[slot]; edge != kNone; edge = edges_[edge].next_of_slot)
      ++count;
    return count;
  }
  std::uint32_t watches() const noexcept { return watches_; }

  /// How many sessions are bound to `key`.
  std::uint32_t count(std::uint64_t key) const noexcept { return find(key).own; }

  /// How many there are, bound to whatever key.
  std::uint32_t sessions() const noexcept { return sessions_; }

  /// Calls take(slot) for each session that is `key`. `take` must not add or remove; likewise.
  template <class Take>
  void for_each(std::uint64_t key, Take&& take) const noexcept {
    for (std::uint32_t edge = find(key).first; edge != kNone; edge = edges_[edge].next) {
      if (edge < slots_) take(edge);
    }
  }
  /// Calls take(slot) for each session that is `key`, or watches it for one of these topics. `take` must not add or remove,
  /// but may end the watches of the slot that it is given, if that does not watch the agent that it is.
  template <class Take>
  void for_each(std::uint64_t key, std::uint32_t topics, Take&& take) const noexcept {
    for (std::uint32_t edge = find(key).first; edge != kNone;) {
      const Edge& at = edges_[edge];
      edge = at.next;  // another slot's
      if ((at.topics & topics) != 0) [[likely]]
        take(at.slot);
    }
  }

 private:
  static constexpr std::uint32_t kAllTopics = ~std::uint32_t{0};

  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t first = kNone;
    std::uint32_t own = 0;  // edges of sessions that are the agent
  };
  struct Edge {
    std::uint64_t key = 0;  // 0: free
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    std::uint32_t slot = kNone;
    std::uint32_t topics = 0;  // what it is given
    std::uint32_t wants = 0;   // what it is given from activate() on
    std::uint32_t next_of_slot = kNone;  // of a free watch: the next free one
    std::uint32_t previous_of_slot = kNone;
  };

  struct Table {
    explicit Table(std::uint64_t count)
        : entries(std::make_unique<Entry[]>(count)), last(count - 1) {}
    std::uint64_t mask() const noexcept { return last; }
    bool taken(std::uint64_t at) const noexcept { return entries[at].key != 0; }
    std::uint64_t key(std::uint64_t at) const noexcept { return entries[at].key; }
    void move(std::uint64_t from, std::uint64_t to) noexcept { entries[to] = entries[from]; }
    void set_free(std::uint64_t at) noexcept { entries[at] = Entry{}; }

    const std::unique_ptr<Entry[]> entries;
    const std::uint64_t last;
  };

  /// The entry of `key`, or the empty one at which the search for it ends.
  Entry& find(std::uint64_t key) const noexcept {
    return table_.entries[probe::place_of(table_, key)];
  }

  /// Puts the edge at the front of its key's chain.
  Entry& link(std::uint32_t edge) noexcept {
    Entry& entry = find(edges_[edge].key);
    if (entry.key == 0) entry = Entry{edges_[edge].key, kNone, 0};
    edges_[edge].next = entry.first;
    if (entry.first != kNone) edges_[entry.first].previous = edge;
    entry.first = edge;
    return entry;
  }
  void unlink(std::uint32_t edge) noexcept {
    const Edge& gone = edges_[edge];
    if (gone.next != kNone) edges_[gone.next].previous = gone.previous;
    if (gone.previous != kNone) edges_[gone.previous].next = gone.next;
    const std::uint64_t at = probe::place_of(table_, gone.key);
    Entry& entry = table_.entries[at];
    CTI_CHECK(entry.key == gone.key);
    if (gone.previous == kNone) entry.first = gone.next;
    if (entry.first != kNone) return;
    CTI_CHECK(entry.own == 0);
    probe::erase(table_, at);
  }
  /// The watch of `slot` on `key`. The shorter walk: as many watch one agent as there are supervisors of it.
  std::uint32_t edge_of(std::uint32_t slot, std::uint64_t key) const noexcept {
    for (std::uint32_t edge = find(key).first; edge != kNone; edge = edges_[edge].next) {
      if (edge >= slots_ && edges_[edge].slot == slot) return edge;
    }
    return kNone;
  }
  std::uint32_t take_edge() noexcept {
    if (first_free_ == kNone) {
      CTI_CHECK(edges_.size() < edges_.capacity());
      edges_.emplace_back();
      return static_cast<std::uint32_t>(edges_.size() - 1);
    }
    const std::uint32_t edge = first_free_;
    first_free_ = edges_[edge].next_of_slot;
    return edge;
  }
  void drop(std::uint32_t edge) noexcept {
    CTI_CHECK(edge >= slots_ && watches_ > 0);
    unlink(edge);
    const Edge gone = edges_[edge];
    if (gone.next_of_slot != kNone)
      edges_[gone.next_of_slot].previous_of_slot = gone.previous_of_slot;
    if (gone.previous_of_slot != kNone) {
      edges_[gone.previous_of_slot].next_of_slot = gone.next_of_slot;
    } else {
      first_watch_[gone.slot] = gone.next_of_slot;
    }
    edges_[edge] = Edge{.next_of_slot = first_free_};
    first_free_ = edge;
    --watches_;
  }

  Table table_;
  std::vector<Edge> edges_;                 // own ones by slot, then watches
  std::vector<std::uint32_t> first_watch_;  // [slot]
  std::uint32_t first_free_ = kNone;
  std::uint32_t watches_ = 0;
  const std::uint32_t slots_;
  std::uint32_t sessions_ = 0;
  const std::uint32_t watches_max_;
};

}  // namespace cti::broker
