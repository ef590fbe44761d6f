// objects.hpp - the agents, calls and skill groups of a session: the fold of its updates, and handles onto it.
//
// Why      properties are told once, by records; the program's objects must show them at any time, from any thread.
// Shape    wire::ObjectTable holds the properties. A handle (CAgent, CCall, CSkillGroup) is made when somebody first asks
//          for it, or when the program brings its own agent, and stays until the object ends.
// Kinds    what a record did is what the table says, not what the record's text says: an object keeps its kind for life, so
//          a handle of a call is a CCall for ever, and find_as<CCall>() gives nothing else.
// Statistics stand beside the table: a snapshot does not know them. A skill group of which nothing else is known is known by
//          its statistics.
// Threads  property(), properties(), find(), list(): any. The rest: the event thread.
// Bounds   those of wire::ObjectTable, as configured; a record beyond them is refused and counted, its event is still
//          told. Handles: one per object of the table, and the program's agent.
#pragma once

#include "cil/detail/objects/statistics_shelf.hpp"
#include "cil/object.hpp"
#include "wire/object_table.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cti::cil::detail {

/// The PeripheralID within a UniqueObjectID; 0 when there is none.
std::uint32_t peripheral_of(std::string_view object_id) noexcept;

/// What a record has done.
struct Folded {
  std::string id;    ///< the object's UniqueObjectID; empty: no object, or refused
  std::string from;  ///< the UniqueObjectID that it has been renamed from; empty: it has not
  bool ended = false;
  bool made = false;     ///< nobody knew the object before
  bool crossed = false;  ///< it was the session's own before and is monitored now
  bool changed = false;  ///< something of it is other than before; looked at only when asked for
  bool news = false;     ///< likewise, something beside its buttons
};

/// An object that a snapshot has not mentioned.
struct Unheard {
  std::string id;
  bool monitored = false;
};

class Objects {
 public:
  Objects(std::weak_ptr<SessionCore> core, const wire::ObjectTableLimits& limits);

  bool property(std::string_view object_id, const Key& key, Arg* value) const;
  void properties(std::string_view object_id, Arguments* all) const;
  bool known(std::string_view object_id, wire::ObjectKind kind) const;
  /// The UniqueObjectID of what the record is about, when it is monitored so far; else empty.
  std::string monitored(const wire::UpdateView& update) const;
  bool any_monitored() const;
  /// The object with a reference for the caller; null when it is not known, or neither agent, call nor skill group.
  CCtiOsObject* find(std::string_view object_id);
  /// The same, when it is of this class; else null.
  template <class T>
  T* find_as(std::string_view object_id) {
    CCtiOsObject* const found = find(object_id);
    T* const as = dynamic_cast<T*>(found);
    if (found && !as) found->Release();
    return as;
  }
  /// The UniqueObjectIDs of one kind.
  std::vector<std::string> list(wire::ObjectKind kind) const;

  /// Calls that are not monitored ones, `most` of them: whoever wants to know whether there is just one asks for two, so
  /// that an event costs the same however many calls there are.
  std::vector<std::string> own_calls(std::size_t most = SIZE_MAX) const;

  /// The program's own agent becomes the handle of this id. It stays in the session whatever the server knows of it.
  /// Gives what it replaces, to be let go of where no lock is held.
  [[nodiscard]] Ref<CCtiOsObject> adopt(const std::string& object_id, Ref<CCtiOsObject> own);
  /// Folds one record. Handles follow: that of a renamed object gets its new name, that of an ended one keeps its last
  /// properties and is still found, until remove(). Where the new name had a handle already, one of the two goes on, the
  /// program's agent or else the one that was there; the other keeps what is known now.
  Folded apply(const wire::UpdateView& update, bool compare = false);
  /// Statistics have come: the whole row, as it is now, takes their place in `told`.
  void take_statistics(const std::string& object_id, const wire::ArgumentsView& args,
                       Arguments* told);
  /// What a skill group is called.
  void take_group(const wire::ArgumentsView& args);
  /// What is not mentioned between the two has ended while nobody looked: end_snapshot gives it; the
  /// handles keep their last properties and are still found, until remove().
  void begin_snapshot(std::uint32_t peripheral_id);
  std::vector<Unheard> end_snapshot(std::uint32_t peripheral_id);
  /// After the last event of an object: its handle leaves the collection.
  void remove(const std::string& object_id);
  /// An object of the program that was bound, adopted or not, is free again. The caller holds a reference.
  void let_go(CCtiOsObject& own);
  void bind(CCtiOsObject& own, const std::string& object_id) { own.bind(core_.lock(), object_id); }
  using Handles = std::unordered_map<std::string, Ref<CCtiOsObject>>;
  /// The session's life is over. Gives the handles, to be let go of where no lock is held.
  [[nodiscard]] Handles clear();
  /// Of the table: equal to that of a server whose records this session has all seen.
  std::uint64_t digest() const;
  std::uint64_t refused() const;
  void invariants() const;

 private:
  /// By its whole text: an id may be made to have the key of another.
  std::optional<wire::ObjectHandle> at(std::string_view object_id) const;
  CCtiOsObject* find_locked(const std::string& object_id);
  CCtiOsObject* made(const std::string& object_id, wire::ObjectKind kind);
  void part(const std::string& object_id, wire::ObjectHandle handle, bool unheard);
  void rename(const std::string& from, const std::string& to);
  Ref<CCtiOsObject> displace(const std::string& object_id);

  std::weak_ptr<SessionCore> core_;
  mutable std::mutex mutex_;  // guards what follows
  wire::ObjectTable table_;
  StatisticsShelf shelf_;
  Handles handles_;
  std::string adopted_;  ///< the id of the program's own agent
};

}  // namespace cti::cil::detail
