// ask_queue.hpp - requests from all fan-out reactors to one line: many producers, one consumer, bounded.
//
// Why      requests come by the thousand a second, not by the million: a many-producer queue costs some 100 ns each and
//          is right here; events go the other way through the log.
// Shape    moodycamel::ConcurrentQueue behind the three calls we use. Each reactor holds one token.
// Threads  push: the owner of the token. drain, empty: the line.
// Order    what one token pushes comes out in order; between tokens there is no order.
// Full     push says false and leaves the Ask alone: the reactor refuses the request as busy and counts it.
#pragma once

#include "broker/meet/rendezvous.hpp"

#include <concurrentqueue/concurrentqueue.h>

#include <cstddef>
#include <utility>

namespace cti::broker {

class AskQueue {
  struct Traits : moodycamel::ConcurrentQueueDefaultTraits {
    static const std::size_t EXPLICIT_INITIAL_INDEX_SIZE =
        256;  // blocks of 32: at most 8192 asks per token
  };
  using Queue = moodycamel::ConcurrentQueue<Ask, Traits>;

 public:
  using Token = moodycamel::ProducerToken;

  /// Room for about `capacity` asks (rounded up to blocks of 32 per reactor), set aside now.
  AskQueue(std::size_t capacity, std::size_t producers)
      : queue_(capacity, producers == 0 ? 1 : producers, 0), consumer_(queue_) {}

  /// One per reactor, made before its thread starts.
  Token make_token() { return Token(queue_); }

  [[nodiscard]] bool push(Token& token, Ask&& ask) {
    return queue_.try_enqueue(token, std::move(ask));
  }

  /// Line only: hands up to `limit` asks to take(Ask&&). Returns how many.
  template <class Take>
  std::size_t drain(std::size_t limit, Take&& take) {
    std::size_t count = 0;
    Ask ask;
    while (count < limit && queue_.try_dequeue(consumer_, ask)) {
      take(std::move(ask));
      ++count;
    }
    return count;
  }

  /// Line only: the last look before sleeping. May say false although nothing is left, never the other way round
  /// for an ask whose producer has rung the bell.
  bool empty() const { return queue_.size_approx() == 0; }

 private:
  Queue queue_;
  moodycamel::ConsumerToken consumer_;
};

}  // namespace cti::broker
