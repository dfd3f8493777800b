// FuzzedInput: takes decisions and texts off the front of what the fuzzer made up.
//
// When the input is used up, every number is 0 and every text is empty, so that a target says what an input means by reading it.
//
// Threads: one. Memory: none; views into the input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringcast {

[[nodiscard]] inline std::string_view as_text(const uint8_t* data, size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

class FuzzedInput {
 public:
  FuzzedInput(const uint8_t* data, size_t size) noexcept : left_(as_text(data, size)) {}

  [[nodiscard]] bool is_used_up() const noexcept { return left_.empty(); }

  // From 0 to n - 1, of the next byte. Requires: 0 < n <= 256.
  [[nodiscard]] size_t below(size_t n) noexcept {
    const std::string_view byte = bytes(1);
    return byte.empty() ? 0 : static_cast<unsigned char>(byte.front()) % n;
  }

  // Of the next eight bytes, or as many as there are.
  [[nodiscard]] uint64_t number() noexcept {
    uint64_t value = 0;
    for (const char byte : bytes(sizeof(value)))
      value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

  // The next bytes, as many as there are.
  [[nodiscard]] std::string_view bytes(size_t count) noexcept {
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    return taken;
  }

  // Up to the next byte `end`, which is taken too and belongs to nobody. It lets a corpus be read and written by people.
  [[nodiscard]] std::string_view text_up_to(char end) noexcept {
    const std::string_view text = bytes(std::min(left_.find(end), left_.size()));
    static_cast<void>(bytes(1));
    return text;
  }

  [[nodiscard]] std::string_view rest() noexcept { return bytes(left_.size()); }

 private:
  std::string_view left_;
};

}  // namespace ringcast
