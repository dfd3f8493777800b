// The request target: its forms, the one percent-decoding of the path, and the pairs of the query.
//
// Threads: pure functions and value types, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/request.h"

namespace ringcast::net {

struct Target {
  std::string_view authority;  // of an absolute target (`http://a:80/x`); empty otherwise
  std::string_view path;       // still encoded; starts with `/`, or is `*`
  std::string_view query;      // still encoded, without the `?`
};

// Splits `raw`; every view of `target` is then a part of it. Refuses what a proxy and we might read
// differently: raw bytes outside visible ASCII, `#`, a backslash in the path, a `%` without two
// hexadecimal digits, any form but `/path`, `http://host/path` and (for OPTIONS) `*`, more than 256
// pairs in the query.
[[nodiscard]] Refusal split_target(std::string_view raw, Method method, Target& target) noexcept;

// Decodes the `size` bytes of an accepted path where they stand, once, and sets `size` to what is
// left of them. Refuses escapes that hide control bytes or text that is not UTF-8.
[[nodiscard]] Refusal decode_path(char* path, size_t& size) noexcept;

// The pairs of a query in order, decoded the way browsers encode forms: `&` separates, `+` is a
// space, `;` is data. A pair without `=` has an empty value; empty pairs are passed over.
class QueryPairs {
 public:
  // Views `query`, which must outlive it.
  explicit QueryPairs(std::string_view query) noexcept : rest_(query) {}

  // Moves to the next pair; false when there is none.
  [[nodiscard]] bool next();

  // The current pair, valid until next(). Any bytes: nothing is checked after decoding.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::string_view value() const noexcept { return value_; }

 private:
  std::string_view rest_;
  std::string name_;
  std::string value_;
};

// The decoded value of the first pair called `name`, or nothing.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace ringcast::net
