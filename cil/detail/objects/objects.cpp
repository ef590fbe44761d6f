// objects.cpp - folding records into the table, and the handles that follow their objects.
#include "cil/detail/objects/objects.hpp"

#include "cil/agent.hpp"
#include "cil/call.hpp"
#include "cil/detail/objects/convert.hpp"
#include "cil/skill_group.hpp"
#include "core/base/check.hpp"
#include "wire/ctios_enums.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cti::cil::detail {

using wire::ObjectKind;

namespace {

bool is_monitored(const wire::ArgumentsView& properties) {
  return properties.integer(wire::Keyword::Monitored).value_or(0) != 0;
}

/// Whether an object is other than before in more than its buttons, which follow from what others do as well.
bool is_news(const wire::ArgumentsView& left, const wire::ArgumentsView& right) {
  auto a = left.begin();
  auto b = right.begin();
  const auto skip = [](auto& at, const auto& end) {
    if (at != end && (*at).keyword() == wire::Keyword::EnablementMask) ++at;
  };
  for (;; ++a, ++b) {
    skip(a, left.end());
    skip(b, right.end());
    if (a == left.end() || b == right.end()) return a != left.end() || b != right.end();
    if (!std::ranges::equal((*a).bytes(), (*b).bytes())) return true;
  }
}

}  // namespace

std::uint32_t peripheral_of(std::string_view object_id) noexcept {
  const std::size_t dot = object_id.find('.');
  if (dot == std::string_view::npos) return 0;
  std::uint32_t number = 0;
  std::from_chars(object_id.data() + dot + 1, object_id.data() + object_id.size(), number);
  return number;
}

Objects::Objects(std::weak_ptr<SessionCore> core, const wire::ObjectTableLimits& limits)
    : core_(std::move(core)), table_(limits) {}

std::optional<wire::ObjectHandle> Objects::at(std::string_view object_id) const {
  const auto handle = table_.find(object_id);
  if (!handle || table_.unique_object_id(*handle) != object_id) return std::nullopt;
  return handle;
}

bool Objects::property(std::string_view object_id, const Key& key, Arg* value) const {
  if (object_id.empty() || !key.valid()) return false;
  const std::lock_guard lock(mutex_);
  const StatisticsShelf::Row* const row = shelf_.find(object_id);
  const wire::ArgKey wanted =
      key.id() ? wire::ArgKey(static_cast<wire::Keyword>(key.id())) : wire::ArgKey(key.text());
  if (row && wanted.keyword() == wire::Keyword::Statistics) {
    Arguments columns;
    read(row->columns, &columns);
    return value->SetValue(columns);
  }
  const auto handle = at(object_id);
  auto found = handle ? table_.properties(*handle).find(wanted) : std::nullopt;
  if (!found && row) found = row->about.find(wanted);
  if (found) read(*found, value);
  return found.has_value();
}

void Objects::properties(std::string_view object_id, Arguments* all) const {
  const std::lock_guard lock(mutex_);
  if (const StatisticsShelf::Row* const row = shelf_.find(object_id)) {
    read(row->about, all);
    Arguments columns;
    read(row->columns, &columns);
    all->AddItem(CTIOS_STATISTICS, columns);
  }
  if (const auto handle = at(object_id)) read(table_.properties(*handle), all);
}

bool Objects::known(std::string_view object_id, ObjectKind kind) const {
  const std::lock_guard lock(mutex_);
  const auto handle = at(object_id);
  return handle && table_.kind(*handle) == kind;
}

std::string Objects::monitored(const wire::UpdateView& update) const {
  const std::lock_guard lock(mutex_);
  const auto old = update.arguments().string(wire::Keyword::OldUniqueObjectID);
  const auto before = old ? table_.find(*old) : std::nullopt;
  const auto handle = before ? before : table_.find(update.object_key());
  if (!handle || !is_monitored(table_.properties(*handle))) return {};
  return std::string(table_.unique_object_id(*handle));
}

bool Objects::any_monitored() const {
  const std::lock_guard lock(mutex_);
  bool any = false;
  for (const ObjectKind kind : {ObjectKind::kAgent, ObjectKind::kCall, ObjectKind::kDevice}) {
    table_.for_each(kind, [&](wire::ObjectHandle handle) {
      any = any || is_monitored(table_.properties(handle));
    });
  }
  return any;
}

CCtiOsObject* Objects::find(std::string_view object_id) {
  const std::lock_guard lock(mutex_);
  return find_locked(std::string(object_id));
}

CCtiOsObject* Objects::find_locked(const std::string& object_id) {
  if (const auto held = handles_.find(object_id); held != handles_.end()) {
    held->second->AddRef();
    return held->second.get();
  }
  const auto handle = at(object_id);
  if (handle) return made(object_id, table_.kind(*handle));
  const bool by_statistics =
      shelf_.find(object_id) && wire::kind_of(object_id) == ObjectKind::kSkillGroup;
  return by_statistics ? made(object_id, ObjectKind::kSkillGroup) : nullptr;
}

/// A new handle, with a reference for the caller; null for a kind that has none.
CCtiOsObject* Objects::made(const std::string& object_id, ObjectKind kind) {
  CCtiOsObject* object = nullptr;
  if (kind == ObjectKind::kAgent) object = new CAgent;
  if (kind == ObjectKind::kCall) object = new CCall;
  if (kind == ObjectKind::kSkillGroup) object = new CSkillGroup;
  if (!object) return nullptr;
  object->bind(core_.lock(), object_id);
  handles_.emplace(object_id, Ref<CCtiOsObject>(object));
  object->AddRef();
  return object;
}

std::vector<std::string> Objects::list(ObjectKind kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  ids.reserve(table_.size(kind));
  table_.for_each(
      kind, [&](wire::ObjectHandle handle) { ids.emplace_back(table_.unique_object_id(handle)); });
  if (kind != ObjectKind::kSkillGroup) return ids;
  shelf_.for_each([&](std::string_view id, const StatisticsShelf::Row&) {
    if (wire::kind_of(id) == kind && !at(id)) ids.emplace_back(id);
  });
  return ids;
}

std::vector<std::string> Objects::own_calls(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  table_.for_each(ObjectKind::kCall, [&](wire::ObjectHandle handle) {
    if (ids.size() >= most) return;
    if (!is_monitored(table_.properties(handle))) ids.emplace_back(table_.unique_object_id(handle));
  });
  return ids;
}

Ref<CCtiOsObject> Objects::adopt(const std::string& object_id, Ref<CCtiOsObject> own) {
  CTI_CHECK(wire::kind_of(object_id) == ObjectKind::kAgent);  // its caller has looked
  const std::lock_guard lock(mutex_);
  own->bind(core_.lock(), object_id);
  Ref<CCtiOsObject> before;
  if (const auto held = handles_.find(adopted_); held != handles_.end()) {
    before = held->second;  // this very one, under an earlier name
    CTI_CHECK(before.get() == own.get());
    handles_.erase(held);
  }
  if (Ref<CCtiOsObject> other = displace(object_id); other) before = std::move(other);
  handles_.insert_or_assign(object_id, std::move(own));
  adopted_ = object_id;
  return before;
}

void Objects::let_go(CCtiOsObject& own) {
  const std::lock_guard lock(mutex_);
  own.detach({});
  const auto held = handles_.find(adopted_);
  if (held == handles_.end() || held->second.get() != &own) return;
  handles_.erase(held);
  adopted_.clear();
}

Folded Objects::apply(const wire::UpdateView& update, bool compare) {
  const std::lock_guard lock(mutex_);
  const auto old = update.arguments().string(wire::Keyword::OldUniqueObjectID);
  const auto before = old ? table_.find(*old) : std::nullopt;
  const auto known = before ? before : table_.find(update.object_key());
  const bool was_own = known && !is_monitored(table_.properties(*known));
  wire::Arguments then;
  if (known && compare) then = wire::Arguments(table_.properties(*known));
  const std::string from(before ? table_.unique_object_id(*before) : std::string_view());
  const auto applied = table_.apply(update);
  if (!applied || !applied->handle) return {};
  Folded folded;
  folded.id = table_.unique_object_id(applied->handle);
  folded.ended = applied->change == wire::Change::kEnded;
  folded.made = applied->change == wire::Change::kCreated;
  const wire::ArgumentsView now = table_.properties(applied->handle);
  folded.crossed = was_own && is_monitored(now);
  if (compare) {
    folded.changed = !(now == then.view());
    folded.news = is_news(now, then.view());
  }
  // Renamed, or merged into one that had the name already: either way nothing has the old name any more.
  if (before && from != folded.id && !at(from)) {
    folded.from = from;
    rename(from, folded.id);
  }
  if (folded.ended) part(folded.id, applied->handle, false);
  if (folded.ended) shelf_.erase(folded.id);
  return folded;
}

void Objects::take_statistics(const std::string& object_id, const wire::ArgumentsView& args,
                              Arguments* told) {
  const std::lock_guard lock(mutex_);
  const bool group = wire::kind_of(object_id) == ObjectKind::kSkillGroup;
  const StatisticsShelf::Row* const row = shelf_.take(object_id, args, group);
  if (!row) return;
  Arguments columns;
  read(row->columns, &columns);
  told->AddItem(CTIOS_STATISTICS, columns);
}

void Objects::take_group(const wire::ArgumentsView& args) {
  const auto id = args.string(wire::Keyword::UniqueObjectID);
  if (!id || wire::kind_of(*id) != ObjectKind::kSkillGroup) return;
  const std::lock_guard lock(mutex_);
  (void)shelf_.take(*id, args, true);
}

/// The object ends: its handle keeps what was known last. `handle` can still be read.
void Objects::part(const std::string& object_id, wire::ObjectHandle handle, bool unheard) {
  if (object_id == adopted_) return;
  const auto held = handles_.find(object_id);
  const Ref<CCtiOsObject> object =
      held != handles_.end() ? held->second : Ref(made(object_id, table_.kind(handle)));
  if (!object) return;
  Arguments all;
  read(table_.properties(handle), &all);
  // What a server says of the end is in its last record; what it did not say is that the call is over.
  if (unheard && table_.kind(handle) == ObjectKind::kCall)
    all.AddItem(CTIOS_CALLSTATUS, static_cast<short>(wire::ctios::LCS_NULL));
  object->detach(all);
}

void Objects::begin_snapshot(std::uint32_t peripheral_id) {
  const std::lock_guard lock(mutex_);
  table_.begin_snapshot(peripheral_id);
}

std::vector<Unheard> Objects::end_snapshot(std::uint32_t peripheral_id) {
  const std::lock_guard lock(mutex_);
  std::vector<Unheard> ended;
  table_.end_snapshot(peripheral_id, [&](wire::ObjectHandle handle) {
    Unheard unheard{std::string(table_.unique_object_id(handle)),
                    is_monitored(table_.properties(handle))};
    part(unheard.id, handle, true);
    ended.push_back(std::move(unheard));
  });
  return ended;
}

void Objects::rename(const std::string& from, const std::string& to) {
  CTI_CHECK(from != to && !at(from));
  const auto held = handles_.find(from);
  if (held == handles_.end()) return;
  Ref<CCtiOsObject> object = held->second;
  handles_.erase(held);
  if (adopted_ == from) {
    adopted_ = to;
    (void)displace(to);
  } else if (handles_.contains(to)) {
    Arguments all;
    if (const auto handle = at(to)) read(table_.properties(*handle), &all);
    return object->detach(all);  // the one that has the name goes on, this one has become part of it
  }
  object->bind(core_.lock(), to);
  handles_.insert_or_assign(to, std::move(object));
}

/// A handle that another one takes the place of: it keeps what is known now. Null when there is none.
Ref<CCtiOsObject> Objects::displace(const std::string& object_id) {
  const auto held = handles_.find(object_id);
  if (held == handles_.end()) return {};
  Ref<CCtiOsObject> object = std::move(held->second);
  handles_.erase(held);
  Arguments all;
  if (const auto handle = at(object_id)) read(table_.properties(*handle), &all);
  object->detach(all);
  return object;
}

void Objects::remove(const std::string& object_id) {
  Handles::node_type gone;  // let go of behind the lock: it may hold objects of the program
  const std::lock_guard lock(mutex_);
  if (object_id != adopted_) gone = handles_.extract(object_id);
}

Objects::Handles Objects::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, object] : handles_) {
    Arguments all;
    if (const auto handle = at(id)) read(table_.properties(*handle), &all);
    object->detach(all);
  }
  adopted_.clear();
  table_.clear();
  shelf_.clear();
  return std::exchange(handles_, {});
}

std::uint64_t Objects::digest() const {
  const std::lock_guard lock(mutex_);
  return table_.digest();
}

std::uint64_t Objects::refused() const {
  const std::lock_guard lock(mutex_);
  return table_.counters().refused;
}

/// A handle for each object at most, and one for the program's agent, known or not.
void Objects::invariants() const {
  const std::lock_guard lock(mutex_);
  CTI_CHECK(handles_.size() <= std::size_t{table_.size()} + shelf_.size() + 1);
  shelf_.invariants();
  CTI_CHECK(adopted_.empty() || handles_.contains(adopted_));
}

}  // namespace cti::cil::detail
