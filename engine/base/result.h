// Result<T>: a value, or why there is none. Used where starting up can fail; spelled like
// std::expected, which this compiler offers only under -std=c++23, so that one `using` replaces it
// later.
//
// Threads: a value type. Memory: Error carries a std::string, because start-up errors name files,
// ports and remedies.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/base/check.h"

namespace ringcast {

// One sentence with cause and remedy, ready for stderr.
struct Error {
  std::string message;
};

template <typename T = std::monostate>
class [[nodiscard]] Result {
 public:
  Result() requires std::is_same_v<T, std::monostate> : state_(T{}) {}
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return std::holds_alternative<T>(state_); }
  explicit operator bool() const noexcept { return has_value(); }

  // Requires: has_value().
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }

  // Requires: !has_value().
  [[nodiscard]] const Error& error() const {
    RC_CHECK(!has_value());
    return std::get<Error>(state_);
  }

 private:
  T& checked() {
    RC_CHECK(has_value());
    return std::get<T>(state_);
  }

  std::variant<T, Error> state_;
};

}  // namespace ringcast
