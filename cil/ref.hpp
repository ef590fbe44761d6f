// ref.hpp - counted references: by hand as CTI OS does it, or kept by a Ref.
//
// Why      CTI OS objects carry their own count: AddRef, Release, and getters that add a reference for the caller.
// Shape    Counted holds the count, starting at 1 for whoever made the object. Ref<T> takes over one such reference.
// Threads  counting is safe from any thread.
// Edges    R0 count_.fetch_sub in Release -> A0 count_.load in Release   all use of the object is before its destruction
#pragma once

#include <atomic>
#include <utility>

namespace cti::cil {

class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) noexcept {}  // a copy has its own count
  Counted& operator=(const Counted&) noexcept { return *this; }
  virtual ~Counted() = default;

  /// Returns the new count.
  unsigned long AddRef() const noexcept {
    // relaxed: the caller already holds a reference, so nothing can be destroyed meanwhile.
    return count_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  /// Returns the new count; at 0 the object is gone. Not for objects that live on the stack or in others.
  unsigned long Release() const noexcept {
    // R0 -> A0: what this thread did with the object comes before its destruction.
    const unsigned long left = count_.fetch_sub(1, std::memory_order_release) - 1;
    if (left == 0) {
      // A0 <- R0: every other thread has finished with the object.
      (void)count_.load(std::memory_order_acquire);
      delete this;
    }
    return left;
  }

 private:
  mutable std::atomic<unsigned long> count_{1};
};

/// Holds one reference and gives it back by itself: `Ref call{session.GetCurrentCall()};`
template <class T>
class Ref {
 public:
  Ref() = default;
  /// Takes over the reference that a getter or CreateInstance has added.
  explicit Ref(T* adopted) noexcept : object_(adopted) {}
  explicit Ref(T& adopted) noexcept : object_(&adopted) {}
  /// Adds a reference of its own.
  static Ref share(T* object) noexcept {
    if (object) object->AddRef();
    return Ref(object);
  }
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_) object_->AddRef();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->Release();
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace cti::cil
