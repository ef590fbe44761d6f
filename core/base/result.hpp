// result.hpp - a value or an error, never both, and never thrown away unseen.
//
// Why     errors that a peer or the network causes are values (std::expected is C++23).
// Shape   Result<T, E> holds a T or an E; Result<void, E> holds nothing or an E. Build errors with Err{e}.
// Misuse  value() on an error, error() on a value: our bug, CTI_CHECK.
#pragma once

#include "core/base/check.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace cti {

/// Marks the error side: `return Err{DecodeError{...}};`
template <class E>
struct Err {
  E error;
};
template <class E>
Err(E) -> Err<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  constexpr Result(Err<F> err) : state_(std::in_place_index<1>, std::move(err.error)) {}

  constexpr bool ok() const noexcept { return state_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return ok(); }
  constexpr T& value() & { return checked(), *std::get_if<0>(&state_); }
  constexpr const T& value() const& { return checked(), *std::get_if<0>(&state_); }
  constexpr T&& value() && { return checked(), std::move(*std::get_if<0>(&state_)); }
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }
  constexpr const E& error() const {
    CTI_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  constexpr void checked() const { CTI_CHECK(ok()); }
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  constexpr Result() = default;
  template <class F>
  constexpr Result(Err<F> err) : error_(std::move(err.error)) {}
  constexpr bool ok() const noexcept { return !error_.has_value(); }
  constexpr explicit operator bool() const noexcept { return ok(); }
  constexpr const E& error() const {
    CTI_CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace cti
