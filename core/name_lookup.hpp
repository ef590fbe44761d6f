// name_lookup.hpp - host names to addresses, off the event thread.
//
// Why      getaddrinfo may block for half a minute; the event thread never does (N6).
// Shape    a numeric address is answered at once. A name is looked up by a thread of its own that shares nothing but
//          the Lookup; when the session goes away meanwhile, the thread finishes by itself and wakes nobody.
// Bounds   whoever asks keeps the Lookup until it is done, and asks for no other meanwhile. kLookupsMax in the whole process:
//          one more fails at once, and its attempt with it, by name.
#pragma once

#include "core/base/limits.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace cti::core {

inline constexpr int kLookupsMax = limits::kClientLookupsMax;

/// So many at a time, from any thread; a Place gives itself back.
class Places {
 public:
  explicit constexpr Places(int most) noexcept : most_(most) {}
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();
    explicit operator bool() const noexcept { return of_ != nullptr; }

   private:
    friend class Places;
    explicit Place(Places* of) noexcept : of_(of) {}
    Places* of_ = nullptr;
  };
  /// False when all are taken.
  Place take() noexcept;

 private:
  const int most_;
  std::atomic<int> taken_{0};
};

struct Lookup {
  std::mutex mutex;  // guards what follows
  bool done = false;
  std::vector<std::string>
      addresses;  ///< numeric, in the order in which to try them; empty when the name has none
  std::string error;
};

/// True when `host` is a numeric IPv4 or IPv6 address.
bool is_numeric(const std::string& host);

/// How names become addresses; a test puts its own in the place of look_up().
using LookUp =
    std::function<std::shared_ptr<Lookup>(const std::string& host, std::function<void()> wake)>;

/// Starts a lookup. `wake` is called from another thread when it is done; it must not refer to anything that may go.
std::shared_ptr<Lookup> look_up(const std::string& host, std::function<void()> wake);

}  // namespace cti::core
