// KeyedHash: 128 bits that stand for a text of any length, so that tables keep 16 bytes for what
// strangers name: recipients, idempotency keys.
//
// The hash is SipHash-2-4 under a key that each process draws at random. Strangers who choose the
// texts can therefore neither make two of them collide nor crowd them into one place of a table.
// Two of n texts collide by chance with a probability of n² / 2^129: nil for any n that fits into
// memory. Hashes of different processes have nothing in common, so none may be stored or sent.
//
// Threads: any. Memory: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringcast {

struct KeyedHash {
  uint64_t a = 0;
  uint64_t b = 0;

  // True of KeyedHash{} alone, which can thus stand for "nothing": no text has this hash.
  [[nodiscard]] bool is_zero() const noexcept { return (a | b) == 0; }
  bool operator==(const KeyedHash&) const = default;
};

// For the standard's hash tables: its bits are as good as any hash of them.
struct KeyedHashHasher {
  size_t operator()(const KeyedHash& hash) const noexcept { return hash.a; }
};

[[nodiscard]] KeyedHash keyed_hash(std::string_view text) noexcept;

// Of two texts in this order. Where the first one ends counts: ("ab", "c") is not ("a", "bc").
[[nodiscard]] KeyedHash keyed_hash(std::string_view first, std::string_view second) noexcept;

}  // namespace ringcast
