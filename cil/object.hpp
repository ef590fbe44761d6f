// object.hpp - CCtiOsObject: what sessions, agents, calls and skill groups have in common.
//
// Why      every CTI OS object is a bag of properties with a reference count and a UniqueObjectID.
// Shape    a handle. Properties that the server told live in the session's object table and are read from there; what
//          the program sets (AgentID before SetAgent, AutoLogin) stays with the handle. An object that has ended keeps
//          its last properties for whoever still holds it.
// Threads  every method may be called from any thread.
// Lifetime made by the session (calls, skill groups, agents of others) or by `new CAgent`; gone at the last Release.
// Failure  as Arguments: one-argument getters throw CCtiosException, two-argument getters return false.
#pragma once

#include "cil/arguments.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cti::cil {

namespace detail {
class SessionCore;
class Objects;
}  // namespace detail

class CCtiOsObject : public Counted {
 public:
  /// key1 = value1; key2 = value2;
  std::string DumpProperties() const;
  /// Copies every property into `args`; object-valued ones as UniqueObjectID.
  bool GetAllProperties(Arguments& args) const;
  bool GetAllProperties(Arguments** args) const;
  /// Element `element` (from 1) of the array-valued property `key`; null on failure. With a reference for the caller.
  Arg* GetElement(const Key& key, int element) const;
  int GetNumProperties() const;
  /// `index` counts from 1; empty when there is none.
  std::string GetPropertyName(int index) const;
  ArgDataType GetPropertyType(const Key& key) const;
  bool IsValid(const Key& key) const;

  /// With a reference for the caller.
  Arg& GetValue(const Key& key) const;
  bool GetValue(const Key& key, Arg** value) const;
  /// A copy of the nested array, with a reference for the caller.
  Arguments& GetValueArray(const Key& key) const;
  bool GetValueArray(const Key& key, Arguments** value) const;
  int GetValueInt(const Key& key) const;
  bool GetValueInt(const Key& key, int* value) const;
  std::string GetValueString(const Key& key) const;
  bool GetValueString(const Key& key, std::string* value) const;
  std::optional<bool> GetValueBoolObj(const Key& key) const;
  std::optional<int> GetValueIntObj(const Key& key) const;
  std::optional<short> GetValueShortObj(const Key& key) const;
  std::optional<unsigned int> GetValueUIntObj(const Key& key) const;
  std::optional<unsigned short> GetValueUShortObj(const Key& key) const;

  /// Meant for a new agent: AgentID, AgentInstrument, AgentPassword, PeripheralID, AutoLogin.
  template <class T>
  bool SetValue(const Key& key, const T& value) {
    Arguments item;
    return item.AddItem(key, value) && set_own(item);
  }

  /// What ReportError was last told; 0 when nothing was.
  int GetLastError() const;
  bool GetLastError(int* value) const;
  /// Remembers the code and gives it back.
  int ReportError(int iErrCode) const;

 protected:
  CCtiOsObject() = default;
  ~CCtiOsObject() override = default;
  CCtiOsObject(const CCtiOsObject&) = delete;
  CCtiOsObject& operator=(const CCtiOsObject&) = delete;

  /// The property by `key`, wherever it lives. False when there is none.
  virtual bool lookup(const Key& key, Arg* value) const;
  virtual void collect(Arguments* all) const;
  bool set_own(const Arguments& items);
  /// Null when the object is in no session, or has ended.
  std::shared_ptr<detail::SessionCore> core() const;
  std::string object_id() const;

 private:
  friend class detail::Objects;
  void bind(std::shared_ptr<detail::SessionCore> core, std::string object_id);
  void detach(const Arguments& last);  ///< the object has ended: keep what was known last

  mutable std::mutex
      mutex_;  // guards what follows; taken after, never before, the session's mutex is released
  std::shared_ptr<detail::SessionCore> core_;  // null: not in a session, or ended
  std::string object_id_;
  Arguments own_;   // what the program has set
  Arguments last_;  // what was known when the object ended; until it is bound anew
  mutable int last_error_ = 0;
};

/// For methods whose arguments may be left out.
const Arguments& no_arguments();

}  // namespace cti::cil
