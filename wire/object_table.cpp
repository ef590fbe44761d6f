// object_table.cpp - applying records to objects.
#include "wire/object_table.hpp"

#include "core/base/check.hpp"
#include "wire/arguments_fold.hpp"
#include "wire/object_key.hpp"
#include "wire/state_digest.hpp"

#include <algorithm>
#include <cstring>

namespace cti::wire {

static_assert(limits::kArgumentsBytesMax <= BlobPool::kLargest, "the largest object fits a block");

namespace {

constexpr std::string_view kKindNames[] = {"?",          "agent", "call",  "device",
                                           "skillgroup", "team",  "system"};

std::optional<ObjectKind> kind_from(std::uint32_t topics) noexcept {
  for (std::uint32_t i = 0; i < kObjectKinds; ++i) {
    if (topics & (1U << i)) return static_cast<ObjectKind>(i + 1);
  }
  return std::nullopt;
}

struct Names {
  std::optional<std::string_view> text;      ///< UniqueObjectID
  std::optional<std::string_view> old_text;  ///< OldUniqueObjectID
  bool no_text = false;                      ///< there is a UniqueObjectID, and it is no text
};

/// Both names of a record in one walk.
Names names_in(const ArgumentsView& arguments) noexcept {
  static_assert(Keyword::OldUniqueObjectID < Keyword::UniqueObjectID);
  Names names;
  for (const Arg arg : arguments) {
    const std::uint16_t rank = Arg::rank_of(arg.keyword());
    if (rank < Arg::rank_of(Keyword::OldUniqueObjectID)) continue;
    if (rank > Arg::rank_of(Keyword::UniqueObjectID)) break;
    if (arg.keyword() == Keyword::UniqueObjectID) names.no_text = !arg.is_string();
    if (!arg.is_string()) continue;
    if (arg.keyword() == Keyword::OldUniqueObjectID) names.old_text = arg.string();
    if (arg.keyword() == Keyword::UniqueObjectID) names.text = arg.string();
  }
  return names;
}

}  // namespace

static_assert(std::size(kKindNames) == kObjectKinds + 1);

std::string_view name_of(ObjectKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return kKindNames[index < std::size(kKindNames) ? index : 0];
}

std::optional<ObjectKind> kind_of(std::string_view unique_object_id) noexcept {
  const std::string_view prefix = unique_object_id.substr(0, unique_object_id.find('.'));
  for (std::size_t i = 1; i < std::size(kKindNames); ++i) {
    if (prefix == kKindNames[i]) return static_cast<ObjectKind>(i);
  }
  return std::nullopt;
}

std::string_view name_of(FoldFault fault) noexcept {
  switch (fault) {
    case FoldFault::kNoUniqueObjectId:
      return "kNoUniqueObjectId";
    case FoldFault::kKeyMismatch:
      return "kKeyMismatch";
    case FoldFault::kKindUnknown:
      return "kKindUnknown";
    case FoldFault::kTooManyObjects:
      return "kTooManyObjects";
    case FoldFault::kOutOfMemory:
      return "kOutOfMemory";
    case FoldFault::kObjectTooLong:
      return "kObjectTooLong";
    case FoldFault::kIndexFull:
      return "kIndexFull";
    case FoldFault::kKindMismatch:
      return "kKindMismatch";
  }
  return "?";
}

ObjectTable::ObjectTable(const Limits& limits)
    : limits_(limits), pool_(limits.bytes_max), scratch_(1024) {}

Result<Applied, FoldError> ObjectTable::apply(const UpdateView& update) {
  release_ended();
  const std::uint64_t key = update.object_key();
  if (key == 0) return Applied{};
  const std::uint32_t number = index_.find(key);
  if (number != kNone && overwrite(slot(number), update)) return updated(update, number);
  const auto [text, old_text, no_text] = names_in(update.arguments());
  if (no_text) return refuse(FoldFault::kNoUniqueObjectId);
  auto applied = apply_named(update, number, text, old_text);
  if (applied) applied->names_old = old_text.has_value();
  return applied;
}

Result<Applied, FoldError> ObjectTable::apply_named(const UpdateView& update, std::uint32_t number,
                                                    std::optional<std::string_view> text,
                                                    std::optional<std::string_view> old_text) {
  // An object that is there is compared with by its text, below.
  if (number == kNone && text && object_key(*text) != update.object_key())
    return refuse(FoldFault::kKeyMismatch);
  const std::uint32_t old = old_text && text ? index_.find(object_key(*old_text)) : kNone;
  if (old != kNone && old != number) {
    if (!of_kind(old, *text, update)) return refuse(FoldFault::kKindMismatch);
    if (number == kNone) return rename_object(update, text, old);
    // The new name is taken: its object stays, the old one is no more.
    const auto applied = update_object(update, text, number);
    if (applied) end_object(old);
    return applied;
  }
  if (number != kNone) return update_object(update, text, number);
  if (update.topics() & topic::kEnds) {
    ++counters_.ignored;
    return Applied{};
  }
  return create_object(update, text);
}

/// Would the object `number` keep its kind under this name? The kind that create_object() would give the name, or that of
/// the object which has the name already.
bool ObjectTable::of_kind(std::uint32_t number, std::string_view text,
                          const UpdateView& update) const noexcept {
  const std::uint32_t there = index_.find(update.object_key());
  if (there != kNone) return slot(there).kind == slot(number).kind;
  auto kind = kind_of(text);
  if (!kind) kind = kind_from(update.topics());
  return !kind || kind == slot(number).kind;
}

/// The usual event changes values that are there, to others of the same length: done in place. False: it is not that
/// simple, and nothing has changed. Neither a new name nor another object's name gets through here.
bool ObjectTable::overwrite(Slot& object, const UpdateView& update) noexcept {
  if ((update.topics() & topic::kWhole) != 0) return false;
  const auto known = ArgumentsView::trusted({object.block, 8});
  return overwrite_arguments({object.block, known.bytes().size()}, update.arguments());
}

Result<Applied, FoldError> ObjectTable::update_object(const UpdateView& update,
                                                      std::optional<std::string_view> text,
                                                      std::uint32_t number) {
  Slot& object = slot(number);
  const auto known = ArgumentsView::trusted({object.block, 8});
  // Two texts with the same 64 bits: the newcomer is refused, the object that was there stays right.
  if (text && object.key == update.object_key() && known.string(Keyword::UniqueObjectID) != text) {
    return refuse(FoldFault::kKeyMismatch);
  }
  const auto properties = folded(known, update);
  if (!properties) return Err{properties.error()};
  if (!store(object, *properties)) return refuse(FoldFault::kOutOfMemory, limits_.bytes_max);
  return updated(update, number);
}

Applied ObjectTable::updated(const UpdateView& update, std::uint32_t number) noexcept {
  touch(slot(number), update);
  ++counters_.updated;
  const ObjectHandle handle = handle_of(number);
  if (!(update.topics() & topic::kEnds)) return {handle, Change::kUpdated};
  end_object(number);
  invariants();
  return {handle, Change::kEnded};
}

Result<Applied, FoldError> ObjectTable::create_object(const UpdateView& update,
                                                      std::optional<std::string_view> text) {
  if (!text) return refuse(FoldFault::kNoUniqueObjectId);
  auto kind = kind_of(*text);
  if (!kind) kind = kind_from(update.topics());
  if (!kind) return refuse(FoldFault::kKindUnknown);
  if (live_ >= limits_.objects_max) return refuse(FoldFault::kTooManyObjects, limits_.objects_max);
  const auto properties = folded(ArgumentsView(), update);
  if (!properties) return Err{properties.error()};
  // All that may fail comes before anything that shows: an allocation that fails leaves the table as it was.
  if (!index_.make_room(update.object_key())) return refuse(FoldFault::kIndexFull);
  const std::uint32_t number = free_slot();
  Slot& object = slot(number);
  CTI_CHECK(object.block == nullptr);
  if (!store(object, *properties)) return refuse(FoldFault::kOutOfMemory, limits_.bytes_max);
  index_.insert_in_room(update.object_key(), number);
  free_ = object.next;
  ++object.generation;
  object.key = update.object_key();
  object.kind = *kind;
  link(number);
  touch(object, update);
  ++counters_.created;
  invariants();
  return Applied{handle_of(number), Change::kCreated};
}

Result<Applied, FoldError> ObjectTable::rename_object(const UpdateView& update,
                                                      std::optional<std::string_view> text,
                                                      std::uint32_t number) {
  const std::uint64_t before = slot(number).key;
  if (!index_.make_room(update.object_key())) return refuse(FoldFault::kIndexFull);
  auto applied = update_object(update, text, number);
  if (!applied || applied->change == Change::kEnded)
    return applied;  // end_object() knew its old key
  const bool known = index_.erase(before);
  CTI_CHECK(known);
  index_.insert_in_room(update.object_key(), number);
  slot(number).key = update.object_key();
  CTI_CHECK(kind_of(*text).value_or(slot(number).kind) == slot(number).kind);
  ++counters_.renamed;
  applied->change = Change::kRenamed;
  return applied;
}

Result<Bytes, FoldError> ObjectTable::folded(const ArgumentsView& base, const UpdateView& update) {
  const bool whole = (update.topics() & topic::kWhole) != 0;
  if (whole && !update.arguments().find(Keyword::UniqueObjectID)) {
    return refuse(FoldFault::kNoUniqueObjectId);
  }
  const ArgumentsView from = whole ? ArgumentsView() : base;
  const std::size_t room = from.bytes().size() + update.arguments().bytes().size();
  if (scratch_.size() < room) scratch_.resize(std::max(room, 2 * scratch_.size()));
  const auto properties = fold_arguments(from, update.arguments(), scratch_);
  if (!properties) return refuse(FoldFault::kObjectTooLong, limits::kArgumentsBytesMax);
  return *properties;
}

/// False: no memory; the object keeps what it had.
bool ObjectTable::store(Slot& object, Bytes properties) {
  const std::uint8_t wanted = BlobPool::class_of(properties.size());
  if (!object.block || wanted != object.size_class) {
    std::byte* block = pool_.take(wanted);
    if (!block) return false;
    if (object.block) pool_.give(object.block, object.size_class);
    object.block = block;
    object.size_class = wanted;
  }
  CTI_CHECK(properties.size() <= BlobPool::bytes_of(object.size_class));
  std::memcpy(object.block, properties.data(), properties.size());
  return true;
}

Err<FoldError> ObjectTable::refuse(FoldFault fault, std::uint64_t limit) noexcept {
  ++counters_.refused;
  return Err{FoldError{fault, limit}};
}

void ObjectTable::touch(Slot& object, const UpdateView& update) noexcept {
  object.last_event = update.event_id();
  object.last_sequence = update.sequence();
  object.peripheral_id = update.peripheral_id();
  object.stale = false;
}

/// The next free slot, still on the free list.
std::uint32_t ObjectTable::free_slot() {
  if (free_ != kNone) return free_;
  const auto first = static_cast<std::uint32_t>(chunks_.size()) * kSlotsPerChunk;
  chunks_.push_back(std::make_unique<Slot[]>(kSlotsPerChunk));
  for (std::uint32_t i = kSlotsPerChunk; i != 0; --i) {
    slot(first + i - 1).next = free_;
    free_ = first + i - 1;
  }
  return free_;
}

void ObjectTable::link(std::uint32_t number) noexcept {
  List& objects = list(slot(number).kind);
  slot(number).previous = objects.last;
  slot(number).next = kNone;
  (objects.last == kNone ? objects.first : slot(objects.last).next) = number;
  objects.last = number;
  ++objects.count;
  ++live_;
  CTI_CHECK((objects.first == objects.last) == (objects.count == 1));
}

void ObjectTable::unlink(std::uint32_t number) noexcept {
  const Slot& object = slot(number);
  List& objects = list(object.kind);
  (object.previous == kNone ? objects.first : slot(object.previous).next) = object.next;
  (object.next == kNone ? objects.last : slot(object.next).previous) = object.previous;
  CTI_CHECK(objects.count > 0);
  CTI_CHECK(live_ >= objects.count);
  --objects.count;
  --live_;
  CTI_CHECK((objects.first == kNone) == (objects.count == 0));
}

/// Out of the index and its list; readable until release_ended().
void ObjectTable::end_object(std::uint32_t number) noexcept {
  CTI_CHECK(slot(number).block != nullptr);
  const bool known = index_.erase(slot(number).key);
  CTI_CHECK(known);  // whoever lives is in the index, once
  unlink(number);
  slot(number).next = ended_;
  ended_ = number;
  ++counters_.ended;
}

void ObjectTable::release_ended() noexcept {
  while (ended_ != kNone) {
    Slot& object = slot(ended_);
    pool_.give(object.block, object.size_class);
    object.block = nullptr;
    const std::uint32_t next = object.next;
    object.next = free_;
    free_ = ended_;
    ended_ = next;
  }
}

void ObjectTable::begin_snapshot(std::uint32_t peripheral_id) noexcept {
  for (const List& objects : lists_) {
    for (std::uint32_t at = objects.first; at != kNone; at = slot(at).next) {
      if (slot(at).peripheral_id == peripheral_id) slot(at).stale = true;
    }
  }
}

std::optional<ObjectHandle> ObjectTable::find(std::uint64_t key) const noexcept {
  const std::uint32_t number = index_.find(key);
  if (number == kNone) return std::nullopt;
  return handle_of(number);
}

std::optional<ObjectHandle> ObjectTable::find(std::string_view unique_object_id) const noexcept {
  return find(object_key(unique_object_id));
}

const ObjectTable::Slot* ObjectTable::slot_of(ObjectHandle handle) const noexcept {
  if (handle.number >= chunks_.size() * kSlotsPerChunk) return nullptr;
  const Slot& object = slot(handle.number);
  return object.generation == handle.generation && object.block ? &object : nullptr;
}

bool ObjectTable::valid(ObjectHandle handle) const noexcept { return slot_of(handle) != nullptr; }

ArgumentsView ObjectTable::properties(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? ArgumentsView::trusted({object->block, 8}) : ArgumentsView();
}

std::string_view ObjectTable::unique_object_id(ObjectHandle handle) const noexcept {
  return properties(handle).string(Keyword::UniqueObjectID).value_or(std::string_view());
}

std::uint64_t ObjectTable::key(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? object->key : 0;
}

ObjectKind ObjectTable::kind(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? object->kind : ObjectKind{};
}

EventId ObjectTable::last_event(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? object->last_event : EventId::eUnknownEvent;
}

std::uint64_t ObjectTable::last_sequence(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? object->last_sequence : 0;
}

std::uint32_t ObjectTable::peripheral_id(ObjectHandle handle) const noexcept {
  const Slot* object = slot_of(handle);
  return object ? object->peripheral_id : 0;
}

std::uint64_t ObjectTable::digest() const {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < kObjectKinds; ++kind) {
    for (std::uint32_t at = lists_[kind].first; at != kNone; at = slot(at).next) {
      sum += state_digest(static_cast<ObjectKind>(kind + 1),
                          ArgumentsView::trusted({slot(at).block, 8}));
    }
  }
  return sum;
}

std::uint64_t ObjectTable::exact_digest() const {
  std::vector<std::byte> scratch(limits::kArgumentsBytesMax);
  std::uint64_t sum = 0;
  for (const List& objects : lists_) {
    for (std::uint32_t at = objects.first; at != kNone; at = slot(at).next) {
      sum += hash64(without_volatile(ArgumentsView::trusted({slot(at).block, 8}), scratch));
    }
  }
  return sum;
}

void ObjectTable::clear() {
  release_ended();
  for (List& objects : lists_) {
    while (objects.first != kNone) {
      end_object(objects.first);
      release_ended();
    }
  }
}

void ObjectTable::invariants() const noexcept {
  std::uint64_t listed = 0;
  for (const List& objects : lists_) listed += objects.count;
  CTI_CHECK(listed == live_);
  CTI_CHECK(counters_.created == counters_.ended + live_);
  CTI_CHECK(live_ <= limits_.objects_max);
  CTI_CHECK(live_ <= chunks_.size() * kSlotsPerChunk);
  CTI_CHECK(pool_.bytes_held() <= limits_.bytes_max);
}

std::size_t ObjectTable::bytes_held() const noexcept {
  return pool_.bytes_held() + index_.bytes_held() + chunks_.size() * kSlotsPerChunk * sizeof(Slot) +
         scratch_.capacity();
}

}  // namespace cti::wire
