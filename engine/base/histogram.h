// Histogram: how values are spread, to within 1 % of each value, in fixed memory.
//
// Log-linear: every power of two is cut into 128 equal buckets, so a bucket is at most 1/128 of its
// values wide; values below 128 are exact. Any uint64_t fits, so nothing is ever clipped.
//
// Threads: one writer; merge() copies between them. Memory: 58 KiB inside the object, nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ringcast {

namespace histogram_buckets {

constexpr unsigned kSubBits = 7;  // 128 buckets a power of two: 0.8 % wide
constexpr size_t kSub = size_t{1} << kSubBits;
constexpr size_t kCount = (64 - kSubBits + 1) * kSub;

// A bucket is named by the value's leading kSubBits + 1 bits and by how many bits follow them.
constexpr size_t of(uint64_t value) noexcept {
  const unsigned shift =
      value < kSub ? 0 : static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
  return shift * kSub + static_cast<size_t>(value >> shift);
}

constexpr uint64_t upper_edge(size_t bucket) noexcept {
  if (bucket < 2 * kSub) return bucket;
  const size_t shift = bucket / kSub - 1;
  const uint64_t mantissa = bucket - shift * kSub;
  return ((mantissa + 1) << shift) -
         1;  // the last bucket wraps to the largest uint64_t, as it should
}

static_assert(of(UINT64_MAX) == kCount - 1);
static_assert(upper_edge(kCount - 1) == UINT64_MAX);

}  // namespace histogram_buckets

class Histogram {
 public:
  void record(uint64_t value, uint64_t count = 1) noexcept {
    buckets_[histogram_buckets::of(value)] += count;
    count_ += count;
    sum_ += value * count;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(const Histogram& other) noexcept {
    for (size_t i = 0; i < histogram_buckets::kCount; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] uint64_t count() const noexcept { return count_; }
  [[nodiscard]] uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] uint64_t max() const noexcept { return max_; }
  [[nodiscard]] double mean() const noexcept {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  // A value that `fraction` of all recorded ones do not exceed: the upper edge of its bucket, so
  // never below the truth and at most 1 % above it, and never above max(). 0 while nothing is
  // recorded. Requires: 0 <= fraction <= 1.
  [[nodiscard]] uint64_t quantile(double fraction) const noexcept {
    if (count_ == 0) return 0;
    const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < histogram_buckets::kCount; ++i) {
      seen += buckets_[i];
      if (seen >= std::max<uint64_t>(wanted, 1))
        return std::min(histogram_buckets::upper_edge(i), max_);
    }
    return max_;
  }

 private:
  std::array<uint64_t, histogram_buckets::kCount> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
};

}  // namespace ringcast
