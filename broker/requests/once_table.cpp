#include "broker/requests/once_table.hpp"

#include <bit>

namespace cti::broker {

OnceTable::OnceTable(std::size_t entries)
    : buckets_(std::bit_ceil((entries + kWays - 1) / kWays + (entries == 0 ? 1 : 0))) {}

OnceTable::Bucket& OnceTable::bucket_of(std::uint64_t token, std::uint64_t request_id) noexcept {
  // Tokens are random already; the odd factor spreads a client's consecutive request ids.
  std::uint64_t hash = token ^ (request_id * 0x9E3779B97F4A7C15U);
  hash ^= hash >> 32U;
  return buckets_[hash & (buckets_.size() - 1)];
}

OnceTable::Entry* OnceTable::find(Bucket& bucket, std::uint64_t token,
                                  std::uint64_t request_id) noexcept {
  for (Entry& entry : bucket) {
    if (entry.token == token && entry.request_id == request_id) return &entry;
  }
  return nullptr;
}

OnceTable::Answer OnceTable::begin(std::uint64_t token, std::uint64_t request_id,
                                   const SessionRef& from) {
  if (token == 0) return {Verdict::kNew, nullptr};
  Bucket& bucket = bucket_of(token, request_id);
  if (Entry* const known = find(bucket, token, request_id)) {
    known->from = from;
    return {known->done ? Verdict::kDone : Verdict::kInFlight, known};
  }
  Entry* place = nullptr;
  for (Entry& entry : bucket) {
    if (entry.token == 0) {
      place = &entry;
      break;
    }
    if (entry.done && (place == nullptr || entry.age < place->age)) place = &entry;
  }
  if (place == nullptr) return {Verdict::kFull, nullptr};
  place->token = token;
  place->request_id = request_id;
  place->age = ++clock_;
  place->from = from;
  place->done = false;
  place->reply.clear();
  return {Verdict::kNew, place};
}

SessionRef OnceTable::finish(std::uint64_t token, std::uint64_t request_id, const SessionRef& from,
                             Bytes reply) {
  if (token == 0) return from;
  Entry* const entry = find(bucket_of(token, request_id), token, request_id);
  if (entry == nullptr) return from;
  entry->done = true;
  if (reply.size() <= kReplyBytesMax) entry->reply.assign(reply.begin(), reply.end());
  return entry->from;
}

}  // namespace cti::broker
