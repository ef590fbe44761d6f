// object_table.hpp - the fold: what is known of all objects after a run of update records.
//
// Why      the broker, its peer, the client library and the tests must come to the same state from the same records.
//          One piece of code, so that it holds; digest() says whether it does.
// Shape    apply(record) finds the object by its key, merges the record's Arguments into its properties and keeps them
//          as one canonical block. Objects have dense numbers; blocks come from size classes; the index grows a segment
//          at a time. In steady state nothing is allocated.
// Rules    topic::kWhole: the Arguments are all properties, what was known before is dropped. topic::kEnds: the object
//          goes, after the update. OldUniqueObjectID: the object is renamed, its history stays; within its kind, since an
//          object keeps its kind for life. Arguments that pass the limits, keys that do not fit their text, renames across
//          kinds, a UniqueObjectID that is no text: refused, named, counted, and the table is as before.
// Lifetime properties() of a handle are good until the next apply(), end_snapshot() or clear(). An object that ended in
//          the last apply() can still be read until the next one.
// Bounds   ObjectTableLimits; each has its own FoldFault.
// Threads  one.
#pragma once

#include "core/base/result.hpp"
#include "wire/blob_pool.hpp"
#include "wire/object_index.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace cti::wire {

enum class ObjectKind : std::uint8_t { kAgent = 1, kCall, kDevice, kSkillGroup, kTeam, kSystem };
inline constexpr std::size_t kObjectKinds = 6;
/// "agent", "call", "device", "skillgroup", "team", "system": the first part of a UniqueObjectID; "?" for none.
std::string_view name_of(ObjectKind kind) noexcept;
/// By the text up to the first dot.
std::optional<ObjectKind> kind_of(std::string_view unique_object_id) noexcept;

/// Names an object as long as it lives; afterwards it is merely invalid.
struct ObjectHandle {
  std::uint32_t number = 0xFFFFFFFF;
  std::uint32_t generation = 0;
  explicit operator bool() const noexcept { return number != 0xFFFFFFFF; }
  friend bool operator==(const ObjectHandle&, const ObjectHandle&) = default;
};

enum class FoldFault : std::uint8_t {
  kNoUniqueObjectId =
      1,         ///< a new object, or a whole one, without a UniqueObjectID; one that is no text
  kKeyMismatch,  ///< the record's object key is not that of its UniqueObjectID, or names another object
  kKindUnknown,     ///< neither UniqueObjectID nor topics say what it is
  kTooManyObjects,  ///< limit: objects_max
  kOutOfMemory,     ///< limit: bytes_max
  kObjectTooLong,   ///< the properties would pass the limits of Arguments
  kIndexFull,       ///< too many keys alike in their first bits
  kKindMismatch,    ///< OldUniqueObjectID names an object of another kind
};
std::string_view name_of(FoldFault fault) noexcept;

struct [[nodiscard]] FoldError {
  FoldFault fault{};
  std::uint64_t limit = 0;
};

enum class Change : std::uint8_t {
  kNone,  ///< a record about no object, or the end of an unknown one; the handle is empty
  kCreated,
  kUpdated,
  kRenamed,  ///< updated, under a new UniqueObjectID
  kEnded,    ///< the handle can be read until the next apply()
};

struct Applied {
  ObjectHandle handle;
  Change change = Change::kNone;
  bool names_old = false;  ///< the record has an OldUniqueObjectID
};

struct ObjectTableLimits {
  std::uint32_t objects_max = 1'000'000;
  std::size_t bytes_max = std::size_t{1} << 30;  ///< of properties
};

class ObjectTable {
 public:
  using Limits = ObjectTableLimits;
  struct Counters {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;  ///< renamed ones too
    std::uint64_t renamed = 0;
    std::uint64_t ended = 0;    ///< by record, by rename onto another, or swept after a snapshot
    std::uint64_t ignored = 0;  ///< the end of an object that was not known
    std::uint64_t refused = 0;  ///< FoldError
  };

  explicit ObjectTable(const Limits& limits = {});

  /// The record's Arguments must have been checked (or be ours). An error leaves the table as it was.
  Result<Applied, FoldError> apply(const UpdateView& update);

  /// From here on objects of the peripheral count as stale until a record touches them.
  void begin_snapshot(std::uint32_t peripheral_id) noexcept;
  /// Ends every object of the peripheral that is still stale; on_end(ObjectHandle) sees each before it goes. Returns
  /// how many. A snapshot that breaks off is simply begun again.
  template <class OnEnd>
  std::uint32_t end_snapshot(std::uint32_t peripheral_id, OnEnd&& on_end);

  std::optional<ObjectHandle> find(std::uint64_t key) const noexcept;
  std::optional<ObjectHandle> find(std::string_view unique_object_id) const noexcept;

  bool valid(ObjectHandle handle) const noexcept;
  // For a handle that is not valid: the empty array, empty text, zero.
  ArgumentsView properties(ObjectHandle handle) const noexcept;
  std::string_view unique_object_id(ObjectHandle handle) const noexcept;
  std::uint64_t key(ObjectHandle handle) const noexcept;
  ObjectKind kind(ObjectHandle handle) const noexcept;
  EventId last_event(ObjectHandle handle) const noexcept;
  std::uint64_t last_sequence(ObjectHandle handle) const noexcept;
  std::uint32_t peripheral_id(ObjectHandle handle) const noexcept;

  /// In the order in which they came. The table must not change meanwhile.
  template <class Visit>
  void for_each(ObjectKind kind, Visit&& visit) const {
    for (std::uint32_t at = list(kind).first; at != kNone; at = slot(at).next) visit(handle_of(at));
  }

  std::uint32_t size() const noexcept { return live_; }
  std::uint32_t size(ObjectKind kind) const noexcept { return list(kind).count; }
  /// Equal for tables with equal state, whatever the order, whoever heard or asked and when (state_digest.hpp).
  std::uint64_t digest() const;
  /// Equal for tables that folded the same records: every property but the volatile ones.
  std::uint64_t exact_digest() const;
  void clear();

  const Counters& counters() const noexcept { return counters_; }
  std::size_t bytes_held() const noexcept;

  /// Aborts when the sums do not hold. Constant time; every change ends with it.
  void invariants() const noexcept;

 private:
  static constexpr std::uint32_t kNone = ObjectIndex::kNone;
  static constexpr std::uint32_t kSlotsPerChunk = 64;

  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t last_sequence = 0;
    std::byte* block = nullptr;
    std::uint32_t generation = 0;  ///< one more for each object that has lived here
    std::uint32_t next = kNone;    ///< of its kind, or of the free ones
    std::uint32_t previous = kNone;
    std::uint32_t peripheral_id = 0;
    EventId last_event{};
    std::uint8_t size_class = 0;
    ObjectKind kind{};
    bool stale = false;
  };
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t count = 0;
  };

  Slot& slot(std::uint32_t number) noexcept {
    return chunks_[number / kSlotsPerChunk][number % kSlotsPerChunk];
  }
  const Slot& slot(std::uint32_t number) const noexcept {
    return chunks_[number / kSlotsPerChunk][number % kSlotsPerChunk];
  }
  List& list(ObjectKind kind) noexcept { return lists_[static_cast<std::size_t>(kind) - 1]; }
  const List& list(ObjectKind kind) const noexcept {
    return lists_[static_cast<std::size_t>(kind) - 1];
  }
  ObjectHandle handle_of(std::uint32_t number) const noexcept {
    return {number, slot(number).generation};
  }
  const Slot* slot_of(ObjectHandle handle) const noexcept;

  bool overwrite(Slot& object, const UpdateView& update) noexcept;
  Applied updated(const UpdateView& update, std::uint32_t number) noexcept;
  // `text` is the record's UniqueObjectID, when it has one.
  Result<Applied, FoldError> apply_named(const UpdateView& update, std::uint32_t number,
                                         std::optional<std::string_view> text,
                                         std::optional<std::string_view> old_text);
  Result<Applied, FoldError> update_object(const UpdateView& update,
                                           std::optional<std::string_view> text,
                                           std::uint32_t number);
  Result<Applied, FoldError> create_object(const UpdateView& update,
                                           std::optional<std::string_view> text);
  Result<Applied, FoldError> rename_object(const UpdateView& update,
                                           std::optional<std::string_view> text,
                                           std::uint32_t number);
  bool of_kind(std::uint32_t number, std::string_view text,
               const UpdateView& update) const noexcept;
  Result<Bytes, FoldError> folded(const ArgumentsView& base, const UpdateView& update);
  bool store(Slot& object, Bytes properties);
  Err<FoldError> refuse(FoldFault fault, std::uint64_t limit = 0) noexcept;
  void touch(Slot& object, const UpdateView& update) noexcept;
  std::uint32_t free_slot();
  void link(std::uint32_t number) noexcept;
  void unlink(std::uint32_t number) noexcept;
  void end_object(std::uint32_t number) noexcept;
  void release_ended() noexcept;

  Limits limits_;
  ObjectIndex index_;
  BlobPool pool_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::array<List, kObjectKinds> lists_;
  std::uint32_t live_ = 0;
  std::uint32_t free_ = kNone;
  std::uint32_t ended_ = kNone;  ///< ended in the last apply, readable until the next; chained
  std::vector<std::byte> scratch_;
  Counters counters_;
};

template <class OnEnd>
std::uint32_t ObjectTable::end_snapshot(std::uint32_t peripheral_id, OnEnd&& on_end) {
  release_ended();
  std::uint32_t swept = 0;
  for (List& objects : lists_) {
    for (std::uint32_t at = objects.first; at != kNone;) {
      const std::uint32_t next = slot(at).next;
      if (slot(at).stale && slot(at).peripheral_id == peripheral_id) {
        on_end(handle_of(at));
        end_object(at);
        release_ended();
        ++swept;
      }
      at = next;
    }
  }
  return swept;
}

}  // namespace cti::wire
