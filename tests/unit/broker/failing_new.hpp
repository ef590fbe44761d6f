// failing_new.hpp - one allocation of this program fails: the one that a test names. Include it in one file of a program of
// its own: it replaces the global operator new.
//
// Use      for (n = 0; ; ++n) { FailingNew::fail_at(n); { Watched here; what is tested } if (!FailingNew::failed()) break; }
//          Only what happens while a Watched is alive counts. Unwatched, inside it: what is not under test (the simulated
//          network, the test's own notes). QuietIo makes every call into an Io unwatched.
#pragma once

#include "core/io.hpp"
#include "tests/array_new.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace cti::test {

class FailingNew {
 public:
  /// The `n`th watched allocation from now on fails, once.
  static void fail_at(std::uint64_t n) {
    count = 0;
    at = n;
    has_failed = false;
  }
  static void never() { at = UINT64_MAX; }
  static bool failed() { return has_failed; }
  static std::uint64_t allocations() { return count; }
  static bool fails_now() {
    if (!watched || count++ != at) return false;
    return has_failed = true;
  }
  static bool set_watched(bool on) { return std::exchange(watched, on); }

 private:
  inline static std::uint64_t count = 0;
  inline static std::uint64_t at = UINT64_MAX;
  inline static bool watched = false;
  inline static bool has_failed = false;
};

/// While it lives, allocations count, or do not.
class WatchScope {
 public:
  explicit WatchScope(bool on) : before_(FailingNew::set_watched(on)) {}
  ~WatchScope() { FailingNew::set_watched(before_); }
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;

 private:
  const bool before_;
};
struct Watched : WatchScope {
  Watched() : WatchScope(true) {}
};
struct Unwatched : WatchScope {
  Unwatched() : WatchScope(false) {}
};

/// An Io whose own allocations are not under test.
class QuietIo final : public core::Io {
 public:
  explicit QuietIo(std::unique_ptr<core::Io> inner) : inner_(std::move(inner)) {}
  ~QuietIo() override {
    const Unwatched quiet;
    inner_.reset();
  }
  Result<core::ListenerId, core::IoError> listen(const core::Endpoint& at) override {
    const Unwatched quiet;
    return inner_->listen(at);
  }
  std::uint16_t local_port(core::ListenerId listener) const override {
    return inner_->local_port(listener);
  }
  void unlisten(core::ListenerId listener) override {
    const Unwatched quiet;
    inner_->unlisten(listener);
  }
  core::ConnectionId connect(const core::Endpoint& to) override {
    const Unwatched quiet;
    return inner_->connect(to);
  }
  void send(core::ConnectionId connection, Bytes bytes) override {
    const Unwatched quiet;
    inner_->send(connection, bytes);
  }
  void set_receiving(core::ConnectionId connection, bool on) override {
    const Unwatched quiet;
    inner_->set_receiving(connection, on);
  }
  void close(core::ConnectionId connection, core::CloseHow how) override {
    const Unwatched quiet;
    inner_->close(connection, how);
  }
  std::size_t wait(std::span<core::Completion> out, TimePoint deadline) override {
    const Unwatched quiet;
    return inner_->wait(out, deadline);
  }
  void wake() noexcept override {
    const Unwatched quiet;
    inner_->wake();
  }
  TimePoint now() const noexcept override { return inner_->now(); }
  WallMillis wall() const noexcept override { return inner_->wall(); }
  core::Endpoint peer(core::ConnectionId connection) const override {
    const Unwatched quiet;
    return inner_->peer(connection);
  }
  int pollable_fd() const noexcept override { return inner_->pollable_fd(); }
  std::string_view backend() const noexcept override { return inner_->backend(); }
  const core::IoCounters& counters() const noexcept override { return inner_->counters(); }

 private:
  std::unique_ptr<core::Io> inner_;
};

}  // namespace cti::test

// Never inlined: the compiler would see malloc'd memory given to delete and object.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (cti::test::FailingNew::fails_now()) throw std::bad_alloc();
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
