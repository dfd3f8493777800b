// Frames for tests that must notice a single wrong byte: size and contents follow from a frame's
// number, which stands in its first eight bytes. Not event streams: only the ring is of interest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringcast {

inline constexpr size_t kNumberedFrameBytesMin = 24;

[[nodiscard]] inline uint64_t scramble(uint64_t x) noexcept {
  x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15;
  return x ^ (x >> 29);
}

// One in 16 frames may be as long as `bytes_max`, the others are of an everyday size.
[[nodiscard]] inline size_t numbered_frame_bytes(uint64_t number, size_t bytes_max) noexcept {
  const uint64_t dice = scramble(number + 1);
  const size_t longest = dice % 16 == 0 ? bytes_max : std::min<size_t>(bytes_max, 500);
  return kNumberedFrameBytesMin + (dice >> 8) % (longest - kNumberedFrameBytesMin + 1);
}

// Makes `frame` the frame with that number.
inline void write_numbered_frame(uint64_t number, size_t bytes_max, std::string& frame) {
  frame.resize(numbered_frame_bytes(number, bytes_max));
  for (size_t at = 0; at < frame.size(); at += sizeof(uint64_t)) {
    const uint64_t word = at == 0 ? number : scramble(number * 1'000'003 + at);
    std::memcpy(frame.data() + at, &word, std::min(sizeof word, frame.size() - at));
  }
}

// Takes whole frames with rising numbers off a copied range of a ring, byte for byte.
class NumberedFrameReader {
 public:
  explicit NumberedFrameReader(size_t bytes_max) : bytes_max_(bytes_max) {}

  // The number that the next frame must have; any, until one is known.
  void expect(uint64_t number) noexcept {
    next_ = number;
    is_next_known_ = true;
  }
  void expect_any() noexcept { is_next_known_ = false; }

  // Whether `bytes` is exactly the frames that had to come.
  [[nodiscard]] bool read(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!is_next_known_) {
        if (bytes.size() < sizeof next_) return false;
        std::memcpy(&next_, bytes.data(), sizeof next_);
        is_next_known_ = true;
      }
      write_numbered_frame(next_, bytes_max_, expected_);
      if (!bytes.starts_with(expected_)) return false;
      bytes.remove_prefix(expected_.size());
      ++next_;
      ++frames_;
    }
    return true;
  }

  [[nodiscard]] uint64_t next() const noexcept { return next_; }
  [[nodiscard]] uint64_t frames() const noexcept { return frames_; }

 private:
  const size_t bytes_max_;
  std::string expected_;
  uint64_t next_ = 0;
  bool is_next_known_ = true;
  uint64_t frames_ = 0;
};

}  // namespace ringcast
