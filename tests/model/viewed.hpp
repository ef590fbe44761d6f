// viewed.hpp - atomics, fences, plain data and wake-ups for scenarios under C++20's release and acquire (views.hpp).
//
// Use      give the code under test Viewed as its Atom; let what it hands over be Plain<T>, or say plain_read and
//          plain_write where raw bytes are touched. A race then ends the run with the outcome kRace. Outside a run
//          everything here is a plain variable.
#pragma once

#include "ring/fence.hpp"
#include "tests/model/explorer.hpp"
#include "tests/model/orders.hpp"
#include "tests/model/views.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace cti::model {

/// The part of std::atomic that the rings use. Each access says where it stands.
template <class T>
class Viewed {
  static_assert(std::is_unsigned_v<T> && sizeof(T) <= 8);

 public:
  Viewed(T value = T{}) : cell_(value) {}  // NOLINT: implicit, as std::atomic's
  Viewed(const Viewed&) = delete;
  Viewed& operator=(const Viewed&) = delete;

  T load(std::memory_order order, const char* file = __builtin_FILE(),
         std::uint32_t line = __builtin_LINE()) const {
    CTI_CHECK(order != std::memory_order_seq_cst);
    Explorer* const explorer = Explorer::current();
    if (explorer == nullptr) return static_cast<T>(cell_);
    explorer->step();
    Views& views = explorer->views();
    const std::size_t self = explorer->active();
    const std::size_t at = location(*explorer);
    const std::size_t back = explorer->deviate(views.readable(self, at));
    return static_cast<T>(
        views.load(self, at, back, Orders::instance().access(order, file, line)));
  }

  void store(T value, std::memory_order order, const char* file = __builtin_FILE(),
             std::uint32_t line = __builtin_LINE()) {
    CTI_CHECK(order != std::memory_order_seq_cst);
    Explorer* const explorer = Explorer::current();
    if (explorer == nullptr) {
      cell_ = value;
      return;
    }
    explorer->step();
    const std::size_t at = location(*explorer);
    const std::size_t back = place(*explorer, at);
    explorer->views().store(explorer->active(), at, value, back,
                            Orders::instance().access(order, file, line));
    if (back == 0) cell_ = value;
  }

  T exchange(T value, std::memory_order order, const char* file = __builtin_FILE(),
             std::uint32_t line = __builtin_LINE()) {
    CTI_CHECK(order != std::memory_order_seq_cst);
    Explorer* const explorer = Explorer::current();
    CTI_CHECK(explorer != nullptr);
    explorer->step();
    const std::size_t at = location(*explorer);
    const std::size_t back = place(*explorer, at);
    const std::uint64_t before = explorer->views().exchange(
        explorer->active(), at, value, back, Orders::instance().access(order, file, line));
    if (back == 0) cell_ = value;
    return static_cast<T>(before);
  }

 private:
  std::size_t location(Explorer& explorer) const {
    if (run_ != explorer.run_id()) {
      run_ = explorer.run_id();
      location_ = explorer.views().add_location(cell_);
    }
    return location_;
  }

  /// Behind which store, counted from the newest, a new one goes.
  static std::size_t place(Explorer& explorer, std::size_t at) {
    std::size_t count = 1;
    const std::size_t readable = explorer.views().readable(explorer.active(), at);
    while (count < readable && explorer.views().fits_behind(at, count)) ++count;
    return explorer.deviate(count);
  }

  std::uint64_t cell_;  // the last in modification order
  mutable std::uint64_t run_ = 0;
  mutable std::size_t location_ = 0;
};

/// The explorer at work under views, or nullptr.
inline Explorer* viewing() {
  Explorer* const explorer = Explorer::current();
  return explorer != nullptr && explorer->memory() == Memory::kViews ? explorer : nullptr;
}

/// The running thread reads or writes plain data that is known by this address. Under views a race is found as such, and
/// without one it does not matter who goes on in between; with store buffers somebody else may come in just before.
inline void plain_read(const void* at) {
  Explorer* const explorer = viewing();
  if (explorer == nullptr) return step();
  if (!explorer->views().plain_read(explorer->active(), at)) explorer->end_run(kRace);
}
inline void plain_write(const void* at) {
  Explorer* const explorer = viewing();
  if (explorer == nullptr) return step();
  if (!explorer->views().plain_write(explorer->active(), at)) explorer->end_run(kRace);
}

/// A value that must not be touched by two threads without an order between them.
template <class T>
class Plain {
 public:
  Plain() = default;
  Plain(T value) noexcept : value_(value) {}  // NOLINT: implicit, as a plain value's
  Plain(const Plain& other) noexcept : value_(other.get()) {}
  Plain& operator=(const Plain& other) noexcept {
    const T value = other.get();
    if (viewing() != nullptr) plain_write(this);
    value_ = value;
    return *this;
  }
  operator T() const noexcept { return get(); }  // NOLINT: implicit, as a plain value's
  [[nodiscard]] T get() const noexcept {
    if (viewing() != nullptr) plain_read(this);
    return value_;
  }

 private:
  T value_{};
};

/// Stands for a reactor's eventfd: what was done before the ring has happened before the wait that it ends.
class Signal {
 public:
  void ring() {
    step();
    ++rings_;
    if (Explorer* const explorer = viewing()) explorer->views().leave(explorer->active(), view_);
  }
  void wait() {
    park([this] { return rings_ > heard_; });
    heard_ = rings_;
    if (Explorer* const explorer = viewing()) explorer->views().take(explorer->active(), view_);
  }

 private:
  std::uint64_t rings_ = 0, heard_ = 0;
  Views::View view_;
};

}  // namespace cti::model

namespace cti::ring {

template <>
struct FenceOf<model::Viewed> {
  static void acquire(const char* file = __builtin_FILE(), std::uint32_t line = __builtin_LINE()) {
    fence(std::memory_order_acquire, file, line);
  }
  static void release(const char* file = __builtin_FILE(), std::uint32_t line = __builtin_LINE()) {
    fence(std::memory_order_release, file, line);
  }
  static void full(const char* file = __builtin_FILE(), std::uint32_t line = __builtin_LINE()) {
    fence(std::memory_order_seq_cst, file, line);
  }

 private:
  static void fence(std::memory_order order, const char* file, std::uint32_t line) {
    model::Explorer* const explorer = model::Explorer::current();
    if (explorer == nullptr) return;
    // Only the order of the full fences among one another is anybody else's business.
    if (order == std::memory_order_seq_cst) explorer->step();
    explorer->views().fence(explorer->active(),
                            model::Orders::instance().fence(order, file, line));
  }
};

}  // namespace cti::ring
