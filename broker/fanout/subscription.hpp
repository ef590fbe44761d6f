// subscription.hpp - who wants the updates of one agent: from agent_key to the sessions bound to it.
//
// Why      an agent-mode session wants a few records in ten thousand: it is found through the record's agent_key, not by
//          matching each record against each session.
// Shape    open addressing by the key (which is a hash already), linear probing, deletion by shifting back; the sessions
//          of one key are a chain through a table with one entry per session slot. All memory is set aside at start.
// Threads  one: the fan-out reactor.
// Cost     a lookup touches one or two cache lines; no allocation.
// Limits   one key per session slot, sessions_max slots: the table is never more than half full.
#pragma once

#include "core/base/check.hpp"

#include <bit>
#include <cstdint>
#include <memory>

namespace cti::broker {

class AgentIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit AgentIndex(std::uint32_t slots)
      : mask_(std::bit_ceil(std::uint64_t{slots} * 2 + 2) - 1),
        table_(std::make_unique<Entry[]>(mask_ + 1)),
        links_(std::make_unique<Link[]>(slots)),
        slots_(slots) {}

  /// Binds `slot` to `key` (not 0). A slot is bound to one key at a time.
  void add(std::uint64_t key, std::uint32_t slot) noexcept {
    CTI_CHECK(key != 0);
    CTI_CHECK(slot < slots_);
    CTI_CHECK(links_[slot].key == 0);
    std::uint64_t at = home(key);
    while (table_[at].key != 0 && table_[at].key != key) at = (at + 1) & mask_;
    Entry& entry = table_[at];
    if (entry.key == 0) entry = Entry{key, kNone, 0};
    links_[slot] = Link{key, entry.first, kNone};
    if (entry.first != kNone) links_[entry.first].previous = slot;
    entry.first = slot;
    ++entry.count;
  }

  /// Ends the binding of `slot`; harmless when there is none.
  void remove(std::uint32_t slot) noexcept {
    const Link link = links_[slot];
    if (link.key == 0) return;
    links_[slot] = Link{};
    if (link.next != kNone) links_[link.next].previous = link.previous;
    if (link.previous != kNone) links_[link.previous].next = link.next;
    const std::uint64_t at = find(link.key);
    if (link.previous == kNone) table_[at].first = link.next;
    if (--table_[at].count == 0) erase(at);
  }

  /// How many sessions are bound to `key`.
  std::uint32_t count(std::uint64_t key) const noexcept { return table_[find(key)].count; }

  /// Calls take(slot) for each session bound to `key`. `take` must not add or remove.
  template <class Take>
  void for_each(std::uint64_t key, Take&& take) const noexcept {
    for (std::uint32_t slot = table_[find(key)].first; slot != kNone; slot = links_[slot].next)
      take(slot);
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

  std::uint64_t home(std::uint64_t key) const noexcept { return key & mask_; }

  /// Where `key` is, or the empty entry that ends the search.
  std::uint64_t find(std::uint64_t key) const noexcept {
    std::uint64_t at = home(key);
    while (table_[at].key != 0 && table_[at].key != key) at = (at + 1) & mask_;
    return at;
  }

  /// Empties an entry and moves later ones of the same run back, so that no search ends too early.
  void erase(std::uint64_t hole) noexcept {
    for (std::uint64_t at = (hole + 1) & mask_; table_[at].key != 0; at = (at + 1) & mask_) {
      const std::uint64_t from = home(table_[at].key);
      if (((at - from) & mask_) < ((at - hole) & mask_)) continue;
      table_[hole] = table_[at];
      hole = at;
    }
    table_[hole] = Entry{};
  }

  const std::uint64_t mask_;
  const std::unique_ptr<Entry[]> table_;
  const std::unique_ptr<Link[]> links_;
  const std::uint32_t slots_;
};

}  // namespace cti::broker
