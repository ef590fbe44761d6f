// arguments.cpp - values that convert into each other, and arrays of them that are found by key.
#include "cil/arguments.hpp"

#include "cil/object.hpp"
#include "core/base/check.hpp"
#include "wire/keyword.hpp"
#include "wire/session_limits.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace cti::cil {
namespace {

constexpr std::size_t kTextBytesMax = 32 * 1024;
static_assert(kTextBytesMax == wire::limits::kStringBytesMax, "what AddItem takes can travel");

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The whole text must be a number; `true` and `false` count as 1 and 0.
bool parse(std::string_view text, std::int64_t* value) noexcept {
  text = trimmed(text);
  if (same(text, "true") || same(text, "false")) {
    *value = same(text, "true") ? 1 : 0;
    return true;
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || text.empty() || end != text.data() + text.size()) return false;
  *value = parsed;
  return true;
}

template <class T>
T or_throw(bool ok, T value, const char* wanted) {
  if (!ok) {
    throw CCtiosException(std::string("the value does not convert to ") + wanted,
                          E_CTIOS_INVALID_ARGUMENT, 0);
  }
  return value;
}

}  // namespace

Key::Key(std::string_view name) noexcept : text_(trimmed(name)) {
  if (const auto keyword = wire::keyword_from(text_)) {
    id_ = static_cast<std::uint16_t>(*keyword);
    text_ = wire::name_of(*keyword);
  }
}

Key::Key(enum_Keywords keyword) noexcept
    : text_(wire::name_of(static_cast<wire::Keyword>(keyword))), id_(keyword) {}

Key::Key(const Arg& name) : Key(name.GetType() == ARG_STRING ? name.text() : std::string_view{}) {}

// --- Arg ---------------------------------------------------------------------------------------

Arg::Arg() = default;
Arg::Arg(const Arg& other)
    : Counted(), type_(other.type_), number_(other.number_), text_(other.text_) {
  if (other.nested_) nested_ = Ref<Arguments>(other.nested_->Clone());
  name_object_of(other);
}
Arg::Arg(Arg&& other) noexcept
    : Counted(),
      type_(other.type_),
      number_(other.number_),
      text_(std::move(other.text_)),
      nested_(std::move(other.nested_)) {
  name_object_of(other);
}
Arg::~Arg() = default;

/// An Arg itself holds no object: copied from one that does, it holds the object's name. Without an object it is not set.
void Arg::name_object_of(const Arg& other) {
  if (other.GetType() != ARG_REFERENCE) return;
  std::string id;
  if (other.GetValueString(&id) && !id.empty()) SetValue(std::string_view(id));
}

Arg& Arg::operator=(Arg other) noexcept {
  std::swap(type_, other.type_);
  std::swap(number_, other.number_);
  std::swap(text_, other.text_);
  std::swap(nested_, other.nested_);
  return *this;
}

bool Arg::set(ArgDataType type, std::int64_t number) noexcept {
  type_ = type;
  number_ = number;
  text_.clear();
  nested_ = {};
  return true;
}

bool Arg::set_wide(std::int64_t value) noexcept {
  if (value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max()) {
    return set(ARG_INT, value);
  }
  return value >= 0 && value <= std::numeric_limits<unsigned int>::max() && set(ARG_UINT, value);
}

bool Arg::SetValue(std::string_view value) {
  if (value.size() > kTextBytesMax) return false;
  std::string text(value);  // `value` may be our own text
  set(ARG_STRING, 0);
  text_ = std::move(text);
  return true;
}

bool Arg::SetValue(const Arg& value) {
  if (this != &value) *this = Arg(value);
  return true;
}

bool Arg::SetValue(const Arguments& value) {
  Ref<Arguments> copy(value.Clone());
  set(ARG_ARGARRAY, 0);
  nested_ = std::move(copy);
  return true;
}

bool Arg::number(std::int64_t* value) const noexcept {
  switch (type_) {
    case ARG_INT:
    case ARG_UINT:
    case ARG_SHORT:
    case ARG_USHORT:
    case ARG_BOOL:
      *value = number_;
      return true;
    case ARG_STRING:
      return parse(text_, value);
    default:
      return false;
  }
}

bool Arg::GetValueInt(int* value) const noexcept {
  std::int64_t wide = 0;
  // An unsigned mask read as INT keeps its bits.
  if (!value || !number(&wide) || wide < std::numeric_limits<int>::min() ||
      wide > std::numeric_limits<unsigned int>::max()) {
    return false;
  }
  *value = static_cast<int>(wide);
  return true;
}

bool Arg::GetValueUInt(unsigned int* value) const noexcept {
  std::int64_t wide = 0;
  if (!value || !number(&wide) || wide < std::numeric_limits<int>::min() ||
      wide > std::numeric_limits<unsigned int>::max()) {
    return false;
  }
  *value = static_cast<unsigned int>(wide);
  return true;
}

bool Arg::GetValueUShort(unsigned short* value) const noexcept {
  std::int64_t wide = 0;
  if (!value || !number(&wide) || wide < std::numeric_limits<short>::min() ||
      wide > std::numeric_limits<unsigned short>::max()) {
    return false;
  }
  *value = static_cast<unsigned short>(wide);
  return true;
}

bool Arg::GetValueShort(short* value) const noexcept {
  std::int64_t wide = 0;
  if (!value || !number(&wide) || wide < std::numeric_limits<short>::min() ||
      wide > std::numeric_limits<unsigned short>::max()) {
    return false;
  }
  *value = static_cast<short>(wide);
  return true;
}

bool Arg::GetValueBool(bool* value) const noexcept {
  std::int64_t wide = 0;
  if (!value || !number(&wide)) return false;
  *value = wide != 0;
  return true;
}

bool Arg::GetValueString(std::string* value) const {
  if (!value) return false;
  if (GetType() == ARG_REFERENCE) {
    const auto* reference = dynamic_cast<const CilRefArg*>(this);
    if (reference) *value = reference->GetUniqueObjectID();
    return reference != nullptr;
  }
  switch (type_) {
    case ARG_NOTSET:
      return false;
    case ARG_STRING:
      *value = text_;
      return true;
    case ARG_ARGARRAY:
      *value = "{ " + nested_->DumpArgs() + " }";
      return true;
    default:
      *value = std::to_string(number_);
      return true;
  }
}

bool Arg::GetValueArray(Arguments** value) const noexcept {
  if (!value || !nested_) return false;
  nested_->AddRef();
  *value = nested_.get();
  return true;
}

int Arg::GetValueInt() const {
  int value = 0;
  const bool ok = GetValueInt(&value);
  return or_throw(ok, value, "INT");
}
unsigned int Arg::GetValueUInt() const {
  unsigned int value = 0;
  const bool ok = GetValueUInt(&value);
  return or_throw(ok, value, "UINT");
}
unsigned short Arg::GetValueUShort() const {
  unsigned short value = 0;
  const bool ok = GetValueUShort(&value);
  return or_throw(ok, value, "USHORT");
}
short Arg::GetValueShort() const {
  short value = 0;
  const bool ok = GetValueShort(&value);
  return or_throw(ok, value, "SHORT");
}
bool Arg::GetValueBool() const {
  bool value = false;
  const bool ok = GetValueBool(&value);
  return or_throw(ok, value, "BOOL");
}
std::string Arg::GetValueString() const {
  std::string value;
  const bool ok = GetValueString(&value);
  return or_throw(ok, std::move(value), "STRING");
}
Arguments& Arg::GetValueArray() const {
  Arguments* value = nullptr;
  const bool ok = GetValueArray(&value);
  return *or_throw(ok, value, "ARGUMENTS");
}

std::string Arg::DumpArg() const {
  std::string text;
  GetValueString(&text);
  return text;
}

// --- CilRefArg ---------------------------------------------------------------------------------

CilRefArg::CilRefArg(const CilRefArg& other) : Arg(), object_(other.object_) {
  if (object_) object_->AddRef();
}
CilRefArg& CilRefArg::operator=(CilRefArg other) noexcept {
  std::swap(object_, other.object_);
  return *this;
}
CilRefArg::~CilRefArg() {
  if (object_) object_->Release();
}
std::string CilRefArg::GetUniqueObjectID() const {
  std::string id;
  if (object_) object_->GetValueString(ekwUniqueObjectID, &id);
  return id;
}
CCtiOsObject* CilRefArg::GetValue() const noexcept {
  if (object_) object_->AddRef();
  return object_;
}
bool CilRefArg::SetValue(CCtiOsObject* object) {
  if (!object) return false;
  object->AddRef();
  if (object_) object_->Release();
  object_ = object;
  return true;
}

// --- Arguments ---------------------------------------------------------------------------------

bool Arguments::Folded::operator()(std::string_view left, std::string_view right) const noexcept {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) { return lower(a) < lower(b); });
}

Arguments::Arguments(const Arguments& other) : Counted(), index_(other.index_) {
  items_.reserve(other.items_.size());
  for (const Item& from : other.items_) {
    items_.push_back({from.id, from.own_key, Ref<Arg>(from.value->Clone())});
  }
  invariants();
}

Arguments& Arguments::operator=(Arguments other) noexcept {
  items_.swap(other.items_);
  index_.swap(other.index_);
  return *this;
}

std::string_view Arguments::name_of(const Item& item) noexcept {
  return item.id ? wire::name_of(static_cast<wire::Keyword>(item.id))
                 : std::string_view(item.own_key);
}

const Arguments::Item* Arguments::item(const Key& key) const noexcept {
  if (!index_.empty()) {  // no keyword has the text of an own key: Key has looked
    const auto found = index_.find(key.text());
    return found != index_.end() ? &items_[found->second] : nullptr;
  }
  for (const Item& each : items_) {
    if (each.id == key.id() && (each.id != 0 || same(each.own_key, key.text()))) return &each;
  }
  return nullptr;
}

void Arguments::index_all() {
  for (std::size_t i = 0; i < items_.size(); ++i) index_.emplace(name_of(items_[i]), i);
  invariants();
}

/// Every item is in the index, or none.
void Arguments::invariants() const noexcept {
  CTI_CHECK(index_.empty() || index_.size() == items_.size());
  CTI_CHECK(!index_.empty() || items_.size() <= kScannedMax);
}

const Arg* Arguments::find(const Key& key) const noexcept {
  const Item* found = key.valid() ? item(key) : nullptr;
  return found ? found->value.get() : nullptr;
}

const Arg* Arguments::at(int index) const noexcept {
  if (index < 1 || index > NumElements()) return nullptr;
  return items_[static_cast<std::size_t>(index) - 1].value.get();
}

const Arg& Arguments::get(const Key& key) const {
  if (const Arg* found = find(key)) return *found;
  throw CCtiosException("no item with key " + std::string(key.text()), E_CTIOS_INVALID_ARGUMENT, 0);
}

const Arg& Arguments::get(int index) const {
  if (const Arg* found = at(index)) return *found;
  throw CCtiosException("no element with index " + std::to_string(index), E_CTIOS_INVALID_ARGUMENT,
                        0);
}

bool Arguments::put(const Key& key, Ref<Arg> value) {
  if (!key.valid()) return false;
  if (const Item* found = item(key)) {
    items_[static_cast<std::size_t>(found - items_.data())].value = std::move(value);
    return true;
  }
  items_.push_back(
      {key.id(), key.id() ? std::string{} : std::string(key.text()), std::move(value)});
  if (!index_.empty()) {
    index_.emplace(key.text(), items_.size() - 1);
  } else if (items_.size() > kScannedMax) {
    index_all();
  }
  invariants();
  return true;
}

bool Arguments::put_at(int index, Ref<Arg> value) {
  if (!at(index)) return false;
  items_[static_cast<std::size_t>(index) - 1].value = std::move(value);
  return true;
}

bool Arguments::RemoveItem(const Key& key) {
  const Item* found = key.valid() ? item(key) : nullptr;
  if (!found) return false;
  const auto at = static_cast<std::size_t>(found - items_.data());
  if (index_.empty()) {
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }
  index_.erase(index_.find(name_of(*found)));
  if (at + 1 != items_.size()) {  // the last one takes its place: the order is nobody's
    items_[at] = std::move(items_.back());
    index_.find(name_of(items_[at]))->second = at;
  }
  items_.pop_back();
  if (items_.empty()) index_.clear();
  invariants();
  return true;
}

bool Arguments::GetValueInt(const Key& key, int* value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueInt(value);
}
bool Arguments::GetValueUInt(const Key& key, unsigned int* value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueUInt(value);
}
bool Arguments::GetValueUShort(const Key& key, unsigned short* value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueUShort(value);
}
bool Arguments::GetValueShort(const Key& key, short* value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueShort(value);
}
bool Arguments::GetValueBool(const Key& key, bool* value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueBool(value);
}
bool Arguments::GetValueString(const Key& key, std::string* value) const {
  const Arg* found = find(key);
  return found && found->GetValueString(value);
}
bool Arguments::GetValueArray(const Key& key, Arguments** value) const noexcept {
  const Arg* found = find(key);
  return found && found->GetValueArray(value);
}
bool Arguments::GetValue(const Key& key, Arg** value) const {
  const Arg* found = find(key);
  if (!found || !value) return false;
  *value = &found->Clone();
  return true;
}

std::string Arguments::GetElementKey(int index) const {
  get(index);
  const Item& found = items_[static_cast<std::size_t>(index) - 1];
  return std::string(name_of(found));
}

std::string Arguments::DumpArgs() const {
  std::string text;
  for (int index = 1; index <= NumElements(); ++index) {
    if (index > 1) text += ' ';
    text += GetElementKey(index) + " = " + at(index)->DumpArg() + ';';
  }
  return text;
}

void Arguments::merge(const Arguments& other) {
  for (const Item& from : other.items_) {
    const Key key = from.id ? Key(static_cast<enum_Keywords>(from.id)) : Key(from.own_key);
    put(key, Ref<Arg>(from.value->Clone()));
  }
}

bool Arguments::GetElement(int index, Arg** value) const {
  const Arg* found = value ? at(index) : nullptr;
  if (found) *value = &found->Clone();
  return found != nullptr;
}
bool Arguments::GetElementInt(int index, int* value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueInt(value);
}
bool Arguments::GetElementUInt(int index, unsigned int* value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueUInt(value);
}
bool Arguments::GetElementUShort(int index, unsigned short* value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueUShort(value);
}
bool Arguments::GetElementShort(int index, short* value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueShort(value);
}
bool Arguments::GetElementBool(int index, bool* value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueBool(value);
}
bool Arguments::GetElementString(int index, std::string* value) const {
  const Arg* found = at(index);
  return found && found->GetValueString(value);
}
bool Arguments::GetElementArg(int index, Arguments** value) const noexcept {
  const Arg* found = at(index);
  return found && found->GetValueArray(value);
}
bool Arguments::GetElementKey(int index, std::string* key) const {
  if (!key || !at(index)) return false;
  *key = GetElementKey(index);
  return true;
}
bool Arguments::GetElementArgType(int index, ArgDataType* type) const noexcept {
  const Arg* found = type ? at(index) : nullptr;
  if (found) *type = found->GetType();
  return found != nullptr;
}

}  // namespace cti::cil
