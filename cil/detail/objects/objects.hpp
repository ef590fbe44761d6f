// objects.hpp - the agents, calls and skill groups of a session: the fold of its updates, and handles onto it.
//
// Why      properties are told once, by records; the program's objects must show them at any time, from any thread.
// Shape    wire::ObjectTable holds the properties. A handle (CAgent, CCall, CSkillGroup) is made when somebody first asks
//          for it, or when the program brings its own agent, and stays until the object ends.
// Threads  property(), properties(), find(), list(): any. The rest: the event thread.
// Bounds   those of wire::ObjectTable; a record beyond them is refused and counted, its event is still told.
#pragma once

#include "cil/object.hpp"
#include "wire/object_table.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cti::cil::detail {

/// The PeripheralID within a UniqueObjectID; 0 when there is none.
std::uint32_t peripheral_of(std::string_view object_id) noexcept;

class Objects {
 public:
  explicit Objects(std::weak_ptr<SessionCore> core);

  bool property(std::string_view object_id, const Key& key, Arg* value) const;
  void properties(std::string_view object_id, Arguments* all) const;
  bool known(std::string_view object_id) const;
  /// The object with a reference for the caller; null when it is not known, or neither agent, call nor skill group.
  CCtiOsObject* find(std::string_view object_id);
  /// The UniqueObjectIDs of one kind.
  std::vector<std::string> list(wire::ObjectKind kind) const;

  /// The program's own agent becomes the handle of this id. It stays in the session whatever the server knows of it.
  void adopt(const std::string& object_id, Ref<CCtiOsObject> own);
  /// Before the last record of an object is applied: its handle keeps its properties, and those of the record.
  void part(const std::string& object_id, const Arguments& last);
  /// False: refused by the table, which counts it.
  bool apply(const wire::UpdateView& update);
  /// What is not mentioned between the two has ended while nobody looked: end_snapshot gives the UniqueObjectIDs, whose
  /// handles keep their last properties and are still found, until remove().
  void begin_snapshot(std::uint32_t peripheral_id);
  std::vector<std::string> end_snapshot(std::uint32_t peripheral_id);
  /// The handles follow an object that has got another UniqueObjectID.
  void rename(const std::string& from, const std::string& to);
  /// After the last event of an object: its handle leaves the collection.
  void remove(const std::string& object_id);
  /// An object of the program that was bound but never adopted is free again.
  void let_go(CCtiOsObject& own) { own.detach({}); }
  void bind(CCtiOsObject& own, const std::string& object_id) { own.bind(core_.lock(), object_id); }
  using Handles = std::unordered_map<std::string, Ref<CCtiOsObject>>;
  /// The session's life is over. Gives the handles, to be let go of where no lock is held.
  [[nodiscard]] Handles clear();
  /// Of the table: equal to that of a server whose records this session has all seen.
  std::uint64_t digest() const;
  std::uint64_t refused() const;

 private:
  CCtiOsObject* find_locked(const std::string& object_id);

  std::weak_ptr<SessionCore> core_;
  mutable std::mutex mutex_;  // guards what follows
  wire::ObjectTable table_;
  Handles handles_;
  std::string adopted_;  ///< the id of the program's own agent
};

}  // namespace cti::cil::detail
