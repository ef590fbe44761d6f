// arguments.hpp - Arguments: keys and values of every CTI OS type, as every method and event takes them.
//
// Why      CTI OS passes everything in key-value arrays: unknown keys travel along, so old programs meet new servers.
// Keys     text, CTIOS_* constant or ekw* enumerator. Outer blanks and case do not count. Setting a key again replaces.
// Index    from 1 to NumElements(); the order is undefined.
// Values   numbers and text convert into each other; text that is no number, read as a number, fails.
// Failure  one-argument getters throw CCtiosException, two-argument getters return false and leave the target alone.
// Sharing  an array given to AddItem or to a method is copied at once: change it afterwards as you like.
// Cost     a few items are searched one by one; above kScannedMax there is an index, so that an array of thousands, which a
//          server may send, costs in proportion to its size.
// Limits   255 bytes a key, 32 KiB a text, 8 levels, 64 KiB in all: AddItem refuses the first two, a request the others.
// Threads  one array belongs to one thread at a time.
#pragma once

#include "cil/exception.hpp"
#include "cil/keywords.hpp"
#include "cil/ref.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/error_code.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace cti::cil {

using namespace wire::ctios;  // ARG_INT, E_CTIOS_MISSING_ARGUMENT, eNotReady, ENABLE_ANSWER, ...

class Arg;
class Arguments;
class CCtiOsObject;

/// A key in any spelling, brought to its one form. Borrows `name`: use it within the call that it was made for.
class Key {
 public:
  Key(const char* name) noexcept : Key(name ? std::string_view(name) : std::string_view{}) {}
  Key(const std::string& name) noexcept : Key(std::string_view(name)) {}
  Key(std::string_view name) noexcept;
  Key(enum_Keywords keyword) noexcept;
  Key(const Arg& name);  ///< the text that the Arg holds; the Arg must outlive the Key

  /// The keyword's number, or 0: then text() is the key.
  std::uint16_t id() const noexcept { return id_; }
  /// As the guide spells it, or the own key without outer blanks.
  std::string_view text() const noexcept { return text_; }
  bool valid() const noexcept { return !text_.empty() && text_.size() <= 255; }

 private:
  std::string_view text_;
  std::uint16_t id_ = 0;
};

/// One value. Counted: CreateInstance and Clone give a reference to the caller. A clone of an Arg that holds an object holds
/// it too; any other copy holds the object's UniqueObjectID as text.
class Arg : public Counted {
 public:
  Arg();
  template <class T>
  requires(!std::is_base_of_v<Arg, T>) explicit Arg(const T& value) { SetValue(value); }
  Arg(const Arg& other);
  Arg(Arg&& other) noexcept;
  Arg& operator=(Arg other) noexcept;
  ~Arg() override;

  static Arg& CreateInstance() { return *new Arg; }
  static bool CreateInstance(Arg** made) { return made && (*made = new Arg); }
  virtual Arg& Clone() const { return *new Arg(*this); }

  /// ARG_NOTSET, ARG_INT, ... ARG_STRING, ARG_ARGARRAY, ARG_REFERENCE.
  virtual ArgDataType GetType() const noexcept { return type_; }
  ArgDataType GetArgType() const noexcept { return GetType(); }
  std::string DumpArg() const;

  int GetValueInt() const;
  unsigned int GetValueUInt() const;
  unsigned short GetValueUShort() const;
  short GetValueShort() const;
  bool GetValueBool() const;
  std::string GetValueString() const;
  /// The nested array itself, with a reference for the caller.
  Arguments& GetValueArray() const;
  bool GetValueInt(int* value) const noexcept;
  bool GetValueUInt(unsigned int* value) const noexcept;
  bool GetValueUShort(unsigned short* value) const noexcept;
  bool GetValueShort(short* value) const noexcept;
  bool GetValueBool(bool* value) const noexcept;
  bool GetValueString(std::string* value) const;
  bool GetValueArray(Arguments** value) const noexcept;

  bool SetValue(int value) noexcept { return set(ARG_INT, value); }
  bool SetValue(long value) noexcept { return set_wide(value); }
  bool SetValue(long long value) noexcept { return set_wide(value); }
  bool SetValue(unsigned int value) noexcept { return set(ARG_UINT, value); }
  bool SetValue(unsigned short value) noexcept { return set(ARG_USHORT, value); }
  bool SetValue(short value) noexcept { return set(ARG_SHORT, value); }
  bool SetValue(bool value) noexcept { return set(ARG_BOOL, value); }
  bool SetValue(const char* value) { return value && SetValue(std::string_view(value)); }
  bool SetValue(const std::string& value) { return SetValue(std::string_view(value)); }
  bool SetValue(std::string_view value);
  bool SetValue(const Arg& value);
  bool SetValue(const Arguments& value);
  /// A pointer is no value, though it would convert to BOOL: an object travels as a CilRefArg.
  template <class T>
  requires(!std::is_same_v<std::remove_cv_t<T>, char>) bool SetValue(T* value) = delete;

  /// The text of an ARG_STRING, borrowed.
  std::string_view text() const noexcept { return text_; }
  /// The nested array without a reference, or null.
  const Arguments* nested() const noexcept { return nested_.get(); }

 protected:
  bool set(ArgDataType type, std::int64_t number) noexcept;
  void name_object_of(const Arg& other);
  bool set_wide(std::int64_t value) noexcept;  ///< INT or UINT, false when it fits neither
  bool number(std::int64_t* value) const noexcept;

  ArgDataType type_ = ARG_NOTSET;
  std::int64_t number_ = 0;
  std::string text_;
  Ref<Arguments> nested_;
};

/// An Arg that holds an object: the elements of GetAllCalls and relatives. Read as text it gives the UniqueObjectID.
class CilRefArg : public Arg {
 public:
  CilRefArg() = default;
  explicit CilRefArg(CCtiOsObject* object) { SetValue(object); }
  CilRefArg(const CilRefArg& other);
  CilRefArg& operator=(CilRefArg other) noexcept;
  ~CilRefArg() override;

  ArgDataType GetType() const noexcept override { return ARG_REFERENCE; }
  Arg& Clone() const override { return *new CilRefArg(*this); }
  std::string GetUniqueObjectID() const;
  /// The object with a reference for the caller, or null.
  CCtiOsObject* GetValue() const noexcept;
  bool SetValue(CCtiOsObject* object);

 private:
  CCtiOsObject* object_ = nullptr;
};

/// What an Arg can be set to, other than another Arg.
template <class T>
concept ArgValue = !std::is_base_of_v<Arg, T> && requires(Arg arg, const T& value) {
  arg.SetValue(value);
};

class Arguments : public Counted {
 public:
  Arguments() = default;
  Arguments(const Arguments& other);  ///< a deep copy
  Arguments(Arguments&&) noexcept = default;
  Arguments& operator=(Arguments other) noexcept;
  ~Arguments() override = default;

  static Arguments& CreateInstance() { return *new Arguments; }
  static bool CreateInstance(Arguments** made) { return made && (*made = new Arguments); }
  Arguments& Clone() const { return *new Arguments(*this); }
  void Clear() noexcept { items_.clear(), index_.clear(); }
  /// key1 = value1; key2 = value2;
  std::string DumpArgs() const;

  /// Sets `key`; false for an empty or overlong key, or a value past its limit.
  template <ArgValue T>
  bool AddItem(const Key& key, const T& value) {
    Ref<Arg> arg(new Arg);
    return arg->SetValue(value) && put(key, std::move(arg));
  }
  /// A clone of the Arg: one that holds an object goes on holding it, counted.
  bool AddItem(const Key& key, const Arg& value) { return put(key, Ref<Arg>(value.Clone())); }
  template <class T>
  bool SetValue(const Key& key, const T& value) {
    return AddItem(key, value);
  }
  template <ArgValue T>
  bool SetElement(int index, const T& value) {
    Ref<Arg> arg(new Arg);
    return arg->SetValue(value) && put_at(index, std::move(arg));
  }
  bool SetElement(int index, const Arg& value) { return put_at(index, Ref<Arg>(value.Clone())); }
  bool RemoveItem(const Key& key);

  bool IsValid(const Key& key) const noexcept { return find(key) != nullptr; }
  int NumElements() const noexcept { return static_cast<int>(items_.size()); }

  int GetValueInt(const Key& key) const { return get(key).GetValueInt(); }
  unsigned int GetValueUInt(const Key& key) const { return get(key).GetValueUInt(); }
  unsigned short GetValueUShort(const Key& key) const { return get(key).GetValueUShort(); }
  short GetValueShort(const Key& key) const { return get(key).GetValueShort(); }
  bool GetValueBool(const Key& key) const { return get(key).GetValueBool(); }
  std::string GetValueString(const Key& key) const { return get(key).GetValueString(); }
  /// The nested array itself, with a reference for the caller.
  Arguments& GetValueArray(const Key& key) const { return get(key).GetValueArray(); }
  /// A copy of the value, with a reference for the caller.
  Arg& GetValue(const Key& key) const { return get(key).Clone(); }
  Arg& GetValueArg(const Key& key) const { return get(key).Clone(); }
  bool GetValueInt(const Key& key, int* value) const noexcept;
  bool GetValueUInt(const Key& key, unsigned int* value) const noexcept;
  bool GetValueUShort(const Key& key, unsigned short* value) const noexcept;
  bool GetValueShort(const Key& key, short* value) const noexcept;
  bool GetValueBool(const Key& key, bool* value) const noexcept;
  bool GetValueString(const Key& key, std::string* value) const;
  bool GetValueArray(const Key& key, Arguments** value) const noexcept;
  bool GetValue(const Key& key, Arg** value) const;
  bool GetValueArg(const Key& key, Arg** value) const { return GetValue(key, value); }

  Arg& GetElement(int index) const { return get(index).Clone(); }
  int GetElementInt(int index) const { return get(index).GetValueInt(); }
  unsigned int GetElementUInt(int index) const { return get(index).GetValueUInt(); }
  unsigned short GetElementUShort(int index) const { return get(index).GetValueUShort(); }
  short GetElementShort(int index) const { return get(index).GetValueShort(); }
  bool GetElementBool(int index) const { return get(index).GetValueBool(); }
  std::string GetElementString(int index) const { return get(index).GetValueString(); }
  /// The nested array itself, with a reference for the caller.
  Arguments& GetElementArg(int index) const { return get(index).GetValueArray(); }
  std::string GetElementKey(int index) const;
  ArgDataType GetElementArgType(int index) const { return get(index).GetType(); }
  bool GetElement(int index, Arg** value) const;
  bool GetElementInt(int index, int* value) const noexcept;
  bool GetElementUInt(int index, unsigned int* value) const noexcept;
  bool GetElementUShort(int index, unsigned short* value) const noexcept;
  bool GetElementShort(int index, short* value) const noexcept;
  bool GetElementBool(int index, bool* value) const noexcept;
  bool GetElementString(int index, std::string* value) const;
  bool GetElementArg(int index, Arguments** value) const noexcept;
  bool GetElementKey(int index, std::string* key) const;
  bool GetElementArgType(int index, ArgDataType* type) const noexcept;

  /// The value itself, for reading in place; null when there is none.
  const Arg* find(const Key& key) const noexcept;
  const Arg* at(int index) const noexcept;
  /// Adds every item of `other`, replacing equal keys.
  void merge(const Arguments& other);

 private:
  struct Item {
    std::uint16_t id = 0;
    std::string own_key;  ///< empty when id is not 0
    Ref<Arg> value;
  };
  static constexpr std::size_t kScannedMax = 64;
  /// Keys without regard to case, as they are compared.
  struct Folded {
    using is_transparent = void;
    bool operator()(std::string_view left, std::string_view right) const noexcept;
  };
  bool put(const Key& key, Ref<Arg> value);
  bool put_at(int index, Ref<Arg> value);
  const Arg& get(const Key& key) const;
  const Arg& get(int index) const;
  const Item* item(const Key& key) const noexcept;
  static std::string_view name_of(const Item& item) noexcept;
  void index_all();
  void invariants() const noexcept;

  std::vector<Item> items_;
  std::map<std::string, std::size_t, Folded>
      index_;  ///< above kScannedMax items: where each stands
};

}  // namespace cti::cil
