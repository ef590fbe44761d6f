// object.cpp - properties: the session's table first, what was known last, then what the program has set.
#include "cil/object.hpp"

#include "cil/detail/engine/session_core.hpp"

#include <utility>

namespace cti::cil {

const Arguments& no_arguments() {
  static const Arguments none;
  return none;
}

std::shared_ptr<detail::SessionCore> CCtiOsObject::core() const {
  const std::lock_guard lock(mutex_);
  return core_;
}

std::string CCtiOsObject::object_id() const {
  const std::lock_guard lock(mutex_);
  return object_id_;
}

void CCtiOsObject::bind(std::shared_ptr<detail::SessionCore> core, std::string object_id) {
  const std::lock_guard lock(mutex_);
  core_ = std::move(core);
  object_id_ = std::move(object_id);
  last_.Clear();
}

void CCtiOsObject::detach(const Arguments& last) {
  const std::lock_guard lock(mutex_);
  if (core_) last_ = last;  // else it has ended before, and what was known then stays
  core_.reset();  // core and objects would hold one another for ever
}

bool CCtiOsObject::set_own(const Arguments& items) {
  const std::lock_guard lock(mutex_);
  own_.merge(items);
  for (int i = 1; i <= items.NumElements(); ++i) last_.RemoveItem(items.GetElementKey(i));
  return true;
}

bool CCtiOsObject::lookup(const Key& key, Arg* value) const {
  if (const auto session = core()) {
    if (session->objects().property(object_id(), key, value)) return true;
  }
  Ref<Arg> copy;
  {
    const std::lock_guard lock(mutex_);
    const Arg* found = last_.find(key);
    if (!found) found = own_.find(key);
    if (found) copy = Ref<Arg>(found->Clone());
  }
  if (copy) *value = *copy;  // one that holds an object asks it for its name: no lock is held
  return bool{copy};
}

void CCtiOsObject::collect(Arguments* all) const {
  {
    const std::lock_guard lock(mutex_);
    all->merge(own_);
    all->merge(last_);
  }
  if (const auto session = core()) session->objects().properties(object_id(), all);
}

std::string CCtiOsObject::DumpProperties() const {
  Arguments all;
  collect(&all);
  return all.DumpArgs();
}

bool CCtiOsObject::GetAllProperties(Arguments& args) const {
  collect(&args);
  return true;
}

bool CCtiOsObject::GetAllProperties(Arguments** args) const {
  if (!args) return false;
  *args = &Arguments::CreateInstance();
  return GetAllProperties(**args);
}

Arg* CCtiOsObject::GetElement(const Key& key, int element) const {
  Arg value;
  if (!lookup(key, &value)) return nullptr;
  if (!value.nested()) return element == 1 ? &value.Clone() : nullptr;
  const Arg* found = value.nested()->at(element);
  return found ? &found->Clone() : nullptr;
}

int CCtiOsObject::GetNumProperties() const {
  Arguments all;
  collect(&all);
  return all.NumElements();
}

std::string CCtiOsObject::GetPropertyName(int index) const {
  Arguments all;
  collect(&all);
  return all.at(index) ? all.GetElementKey(index) : std::string{};
}

ArgDataType CCtiOsObject::GetPropertyType(const Key& key) const {
  Arg value;
  return lookup(key, &value) ? value.GetType() : ARG_NOTSET;
}

bool CCtiOsObject::IsValid(const Key& key) const {
  Arg value;
  return lookup(key, &value);
}

bool CCtiOsObject::GetValue(const Key& key, Arg** value) const {
  Arg found;
  if (!value || !lookup(key, &found)) return false;
  *value = &found.Clone();
  return true;
}

Arg& CCtiOsObject::GetValue(const Key& key) const {
  Arg* value = nullptr;
  if (GetValue(key, &value)) return *value;
  throw CCtiosException("no property " + std::string(key.text()), E_CTIOS_INVALID_PROPERTY, 0);
}

bool CCtiOsObject::GetValueArray(const Key& key, Arguments** value) const {
  Arg found;
  return lookup(key, &found) && found.GetValueArray(value);
}

Arguments& CCtiOsObject::GetValueArray(const Key& key) const {
  const Ref<Arg> value(GetValue(key));
  return value->GetValueArray();
}

bool CCtiOsObject::GetValueInt(const Key& key, int* value) const {
  Arg found;
  return lookup(key, &found) && found.GetValueInt(value);
}

int CCtiOsObject::GetValueInt(const Key& key) const {
  const Ref<Arg> value(GetValue(key));
  return value->GetValueInt();
}

bool CCtiOsObject::GetValueString(const Key& key, std::string* value) const {
  Arg found;
  return lookup(key, &found) && found.GetValueString(value);
}

std::string CCtiOsObject::GetValueString(const Key& key) const {
  const Ref<Arg> value(GetValue(key));
  return value->GetValueString();
}

std::optional<bool> CCtiOsObject::GetValueBoolObj(const Key& key) const {
  Arg found;
  bool value = false;
  return lookup(key, &found) && found.GetValueBool(&value) ? std::optional(value) : std::nullopt;
}
std::optional<int> CCtiOsObject::GetValueIntObj(const Key& key) const {
  int value = 0;
  return GetValueInt(key, &value) ? std::optional(value) : std::nullopt;
}
std::optional<short> CCtiOsObject::GetValueShortObj(const Key& key) const {
  Arg found;
  short value = 0;
  return lookup(key, &found) && found.GetValueShort(&value) ? std::optional(value) : std::nullopt;
}
std::optional<unsigned int> CCtiOsObject::GetValueUIntObj(const Key& key) const {
  Arg found;
  unsigned int value = 0;
  return lookup(key, &found) && found.GetValueUInt(&value) ? std::optional(value) : std::nullopt;
}
std::optional<unsigned short> CCtiOsObject::GetValueUShortObj(const Key& key) const {
  Arg found;
  unsigned short value = 0;
  return lookup(key, &found) && found.GetValueUShort(&value) ? std::optional(value) : std::nullopt;
}

int CCtiOsObject::GetLastError() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}
bool CCtiOsObject::GetLastError(int* value) const {
  if (value) *value = GetLastError();
  return value != nullptr;
}
int CCtiOsObject::ReportError(int iErrCode) const {
  const std::lock_guard lock(mutex_);
  last_error_ = iErrCode;
  return iErrCode;
}

}  // namespace cti::cil
