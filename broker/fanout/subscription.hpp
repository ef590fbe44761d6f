// subscription.hpp - who wants the updates of one agent: from agent_key to the sessions bound to it.
//
// Why      an agent-mode session wants a few records in ten thousand: it is found through the record's agent_key, not by
//          matching each record against each session.
// Shape    linear probing (core/base/probe.hpp) by the key, which is a hash already; the sessions of one key are a chain
//          through a table with one entry per session slot. All memory is set aside at start.
// Threads  one: the fan-out reactor.
// Cost     a lookup touches one or two cache lines; no allocation.
// Limits   one key per session slot, sessions_max slots: the table is never more than half full.
#pragma once

#include "core/base/check.hpp"
#include "core/base/probe.hpp"

#include <bit>
#include <cstdint>
#include <memory>

namespace cti::broker {

class AgentIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit AgentIndex(std::uint32_t slots)
      : table_(std::bit_ceil(std::uint64_t{slots} * 2 + 2)),
        links_(std::make_unique<Link[]>(slots)),
        slots_(slots) {
    CTI_CHECK(table_.last > 2 * std::uint64_t{slots});
  }

  /// Binds `slot` to `key` (not 0). A slot is bound to one key at a time.
  void add(std::uint64_t key, std::uint32_t slot) noexcept {
    CTI_CHECK(key != 0);
    CTI_CHECK(slot < slots_);
    CTI_CHECK(links_[slot].key == 0);
    Entry& entry = find(key);
    if (entry.key == 0) entry = Entry{key, kNone, 0};
    links_[slot] = Link{key, entry.first, kNone};
    if (entry.first != kNone) links_[entry.first].previous = slot;
    entry.first = slot;
    ++entry.count;
    ++sessions_;
  }

  /// Ends the binding of `slot`; harmless when there is none.
  void remove(std::uint32_t slot) noexcept {
    const Link link = links_[slot];
    if (link.key == 0) return;
    links_[slot] = Link{};
    CTI_CHECK(sessions_ > 0);
    --sessions_;
    if (link.next != kNone) links_[link.next].previous = link.previous;
    if (link.previous != kNone) links_[link.previous].next = link.next;
    const std::uint64_t at = probe::place_of(table_, link.key);
    Entry& entry = table_.entries[at];
    CTI_CHECK(entry.key == link.key && entry.count > 0);
    if (link.previous == kNone) entry.first = link.next;
    if (--entry.count > 0) return;
    CTI_CHECK(entry.first == kNone);
    probe::erase(table_, at);
  }

  /// How many sessions are bound to `key`.
  std::uint32_t count(std::uint64_t key) const noexcept { return find(key).count; }

  /// How many there are, bound to whatever key.
  std::uint32_t sessions() const noexcept { return sessions_; }

  /// Calls take(slot) for each session bound to `key`. `take` must not add or remove.
  template <class Take>
  void for_each(std::uint64_t key, Take&& take) const noexcept {
    for (std::uint32_t slot = find(key).first; slot != kNone; slot = links_[slot].next) take(slot);
  }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t first = kNone;
    std::uint32_t count = 0;
  };
  struct Link {
    std::uint64_t key = 0;  // 0: the slot is bound to nothing
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
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

  Table table_;
  const std::unique_ptr<Link[]> links_;
  const std::uint32_t slots_;
  std::uint32_t sessions_ = 0;
};

}  // namespace cti::broker
