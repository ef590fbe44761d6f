// once_table.hpp - a request that is sent twice runs once: what became of (token, request_id), and whose it is.
//
// Why      a client that loses its connection sends its open requests again; a call must not be made twice. And nobody else
//          may have the answer, or stand in the way of it (C21).
// Shape    per token its requests, each in flight, or done with the reply kept, so that a repetition gets the same answer.
// Whose    a request belongs to the session that asked. When that has ended, the next session of the same principal that
//          repeats it takes it over; while it lives, such a session is told that the outcome is unknown. Another
//          principal gets nothing, be the request known or not, as long as a session of the token lives.
// Bounds   Limits. A token counts to the session that brought it, until nothing of it is kept. A client that is full forgets
//          its own oldest answer; when all of the table is, those go whose session has ended, then those of whoever has most:
//          a flood pushes out its own. What is in flight is never forgotten: where nothing else is left, the request is
//          refused as busy. About limit * (kReplyBytesMax + 128) bytes in all.
// Threads  the line.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "broker/requests/session_ledger.hpp"
#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace cti::broker {

class OnceTable {
 public:
  static constexpr std::size_t kReplyBytesMax = limits::kOnceReplyBytesMax;
  static constexpr std::size_t kPerClientMax = limits::kOncePerClientMax;
  static constexpr std::uint32_t kTokensPerSession = 8;

  enum class Verdict : std::uint8_t {
    kNew,        ///< run it; finish() will be called
    kInFlight,   ///< this session has asked it already, and will be answered once
    kTakenOver,  ///< it runs already, for a session that has ended; the answer goes to this one now
    kDone,       ///< it has run; `reply` is the answer it got, empty when that is no longer kept
    kFull,       ///< no room: refuse
    kForeign,    ///< it is another's: refuse, tell nothing
    kElsewhere,  ///< it is of another session of the same principal that lives: what became of it is told there
  };
  struct Answer {
    Verdict verdict = Verdict::kNew;
    const std::vector<std::byte>* reply = nullptr;  ///< kDone only
  };

  /// `entries` in all. The ledger says which sessions have ended, and counts their tokens.
  OnceTable(std::size_t entries, SessionLedger& sessions);

  /// Notes the request. A token of 0 means that the client does not ask for this service: always kNew.
  Answer begin(std::uint64_t token, std::uint64_t request_id, const SessionRef& from);

  /// The one answer to what begin() called new. Returns the session it goes to: the one that it belongs to by now.
  SessionRef finish(std::uint64_t token, std::uint64_t request_id, const SessionRef& from,
                    Bytes reply);

  /// Whether this very session may finish it: it is noted, and belongs to it.
  bool holds(std::uint64_t token, std::uint64_t request_id, const SessionRef& from) const;

  std::size_t entries() const noexcept { return entries_; }
  std::size_t clients() const noexcept { return clients_.size(); }
  /// The sums and the bounds hold. For tests: it looks at everything.
  void check() const;

 private:
  struct Entry {
    std::uint64_t request_id = 0;
    SessionRef from;
    bool done = false;
    std::vector<std::byte> reply;
  };
  struct Client {
    SessionRef last;             // the session that used the token last
    SessionRef opener;           // the one among whose tokens it counts
    std::vector<Entry> entries;  // oldest first
    std::size_t done = 0;
  };
  using Clients = std::map<std::uint64_t, Client>;

  static Entry* find(Client& client, std::uint64_t request_id) noexcept;
  Answer repeated(Client& client, Entry& entry, const SessionRef& from);
  bool make_room(Client* own);
  Clients::iterator victim();
  void forget(Clients::iterator client);
  void forget_oldest(Client& client);

  const std::size_t limit_;
  SessionLedger& sessions_;
  Clients clients_;
  std::size_t entries_ = 0;
  std::uint64_t hand_ = 0;  // the token that was looked at last for a victim
};

}  // namespace cti::broker
