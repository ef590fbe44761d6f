// once_table.hpp - a request that is sent twice runs once: what became of (token, request_id).
//
// Why      a client that loses its connection sends its open requests again; a call must not be made twice.
// Shape    buckets of kWays entries, the bucket chosen by a hash of the pair. An entry is in flight, or done with the
//          reply kept, so that a repetition gets the same answer again.
// Bounds   buckets x kWays entries of at most kReplyBytesMax. A full bucket forgets its oldest finished entry; when all
//          of it is in flight the request is refused as busy.
// Threads  the line.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/bytes.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace cti::broker {

class OnceTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kReplyBytesMax = 2048;

  enum class Verdict : std::uint8_t {
    kNew,       ///< run it; finish() will be called
    kInFlight,  ///< it runs already; the answer will go to the session that asked last
    kDone,      ///< it has run; `reply` is the answer it got
    kFull,      ///< no room: refuse
  };
  struct Entry {
    std::uint64_t token = 0;  ///< 0: free
    std::uint64_t request_id = 0;
    std::uint64_t age = 0;
    SessionRef from;
    bool done = false;
    std::vector<std::byte> reply;
  };
  struct Answer {
    Verdict verdict;
    Entry* entry;  ///< nullptr for kFull and for requests without a token
  };

  /// `entries` is rounded up to whole buckets, a power of two of them.
  explicit OnceTable(std::size_t entries);

  /// Notes the request. A token of 0 means that the client does not ask for this service: always kNew.
  Answer begin(std::uint64_t token, std::uint64_t request_id, const SessionRef& from);

  /// The one answer to it. Returns the session it goes to: the one that asked last.
  SessionRef finish(std::uint64_t token, std::uint64_t request_id, const SessionRef& from,
                    Bytes reply);

 private:
  using Bucket = std::array<Entry, kWays>;
  Bucket& bucket_of(std::uint64_t token, std::uint64_t request_id) noexcept;
  Entry* find(Bucket& bucket, std::uint64_t token, std::uint64_t request_id) noexcept;

  std::vector<Bucket> buckets_;
  std::uint64_t clock_ = 0;
};

}  // namespace cti::broker
