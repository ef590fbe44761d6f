// set_aside.hpp - memory that is set aside at start, with the name of the setting that says how much.
//
// Why      an operator who is told "out of memory" has to guess; one who is told the table and its key can mend it.
// Use      table_(set_aside("line.agents_max", [&] { return Table(limits.agents_max); }))
//          The innermost name wins.
#pragma once

#include <new>
#include <utility>

namespace cti {

/// An allocation at start that failed. what() is the configuration key, with what it is for.
class NoMemoryFor : public std::bad_alloc {
 public:
  /// `key` is a literal.
  explicit NoMemoryFor(const char* key) noexcept : key_(key) {}
  const char* what() const noexcept override { return key_; }

 private:
  const char* key_;
};

/// Runs `make`; when memory is short, says for what.
template <class Make>
decltype(auto) set_aside(const char* key, Make&& make) {
  try {
    return std::forward<Make>(make)();
  } catch (const NoMemoryFor&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw NoMemoryFor(key);
  }
}

}  // namespace cti
