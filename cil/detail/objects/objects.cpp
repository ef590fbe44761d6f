#include "cil/detail/objects/objects.hpp"

#include "cil/agent.hpp"
#include "cil/call.hpp"
#include "cil/detail/objects/convert.hpp"
#include "cil/skill_group.hpp"

#include <charconv>
#include <utility>

namespace cti::cil::detail {

using wire::ObjectKind;

std::uint32_t peripheral_of(std::string_view object_id) noexcept {
  const std::size_t dot = object_id.find('.');
  if (dot == std::string_view::npos) return 0;
  std::uint32_t number = 0;
  std::from_chars(object_id.data() + dot + 1, object_id.data() + object_id.size(), number);
  return number;
}

Objects::Objects(std::weak_ptr<SessionCore> core) : core_(std::move(core)) {}

bool Objects::property(std::string_view object_id, const Key& key, Arg* value) const {
  if (object_id.empty() || !key.valid()) return false;
  const std::lock_guard lock(mutex_);
  const auto handle = table_.find(object_id);
  if (!handle) return false;
  const wire::ArgKey wanted =
      key.id() ? wire::ArgKey(static_cast<wire::Keyword>(key.id())) : wire::ArgKey(key.text());
  const auto found = table_.properties(*handle).find(wanted);
  if (found) read(*found, value);
  return found.has_value();
}

void Objects::properties(std::string_view object_id, Arguments* all) const {
  const std::lock_guard lock(mutex_);
  if (const auto handle = table_.find(object_id)) read(table_.properties(*handle), all);
}

bool Objects::known(std::string_view object_id) const {
  const std::lock_guard lock(mutex_);
  return table_.find(object_id).has_value();
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
  if (!table_.find(object_id)) return nullptr;
  const auto kind = wire::kind_of(object_id);
  CCtiOsObject* made = nullptr;
  if (kind == ObjectKind::kAgent) made = new CAgent;
  if (kind == ObjectKind::kCall) made = new CCall;
  if (kind == ObjectKind::kSkillGroup) made = new CSkillGroup;
  if (!made) return nullptr;
  made->bind(core_.lock(), object_id);
  handles_.emplace(object_id, Ref<CCtiOsObject>(made));
  made->AddRef();
  return made;
}

std::vector<std::string> Objects::list(ObjectKind kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  ids.reserve(table_.size(kind));
  table_.for_each(
      kind, [&](wire::ObjectHandle handle) { ids.emplace_back(table_.unique_object_id(handle)); });
  return ids;
}

void Objects::adopt(const std::string& object_id, Ref<CCtiOsObject> own) {
  const std::lock_guard lock(mutex_);
  own->bind(core_.lock(), object_id);
  handles_.insert_or_assign(object_id, std::move(own));
  adopted_ = object_id;
}

void Objects::part(const std::string& object_id, const Arguments& last) {
  const std::lock_guard lock(mutex_);
  if (object_id == adopted_) return;
  const Ref<CCtiOsObject> object(find_locked(object_id));
  if (!object) return;
  Arguments all;
  if (const auto handle = table_.find(object_id)) read(table_.properties(*handle), &all);
  all.merge(last);
  object->detach(all);
}

bool Objects::apply(const wire::UpdateView& update) {
  const std::lock_guard lock(mutex_);
  return table_.apply(update).ok();
}

void Objects::begin_snapshot(std::uint32_t peripheral_id) {
  const std::lock_guard lock(mutex_);
  table_.begin_snapshot(peripheral_id);
}

std::vector<std::string> Objects::end_snapshot(std::uint32_t peripheral_id) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ended;
  table_.end_snapshot(peripheral_id, [&](wire::ObjectHandle handle) {
    std::string id(table_.unique_object_id(handle));
    const Ref<CCtiOsObject> object(id == adopted_ ? nullptr : find_locked(id));
    if (object) {
      Arguments all;
      read(table_.properties(handle), &all);
      object->detach(all);
    }
    ended.push_back(std::move(id));
  });
  return ended;
}

void Objects::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto held = handles_.find(from);
  if (held == handles_.end()) return;
  Ref<CCtiOsObject> object = held->second;
  handles_.erase(held);
  object->bind(core_.lock(), to);
  handles_.insert_or_assign(to, std::move(object));
}

void Objects::remove(const std::string& object_id) {
  const std::lock_guard lock(mutex_);
  if (object_id != adopted_) handles_.erase(object_id);
}

Objects::Handles Objects::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, object] : handles_) {
    Arguments all;
    if (const auto handle = table_.find(id)) read(table_.properties(*handle), &all);
    object->detach(all);
  }
  adopted_.clear();
  table_.clear();
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

}  // namespace cti::cil::detail
