// LazyArray: a fixed-size array whose pages cost nothing until they are touched, for tables sized
// by what may come rather than by what is there. Elements begin as zero bytes.
//
// Threads: as a plain array. Memory: size * sizeof(T) of address space mapped by the constructor;
// RSS follows use.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "engine/base/check.h"

namespace ringcast {

template <typename T>
class LazyArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit LazyArray(size_t size) : size_(size) {
    RC_CHECK(size <= std::numeric_limits<size_t>::max() / sizeof(T));
    void* const memory = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    RC_CHECK(memory != MAP_FAILED);  // address space alone; refused only far beyond sensible sizes
    items_ = static_cast<T*>(memory);
  }
  ~LazyArray() {
    if (items_ != nullptr) ::munmap(items_, bytes());
  }
  LazyArray(LazyArray&& other) noexcept
      : size_(other.size_), items_(std::exchange(other.items_, nullptr)) {}
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;

  [[nodiscard]] size_t size() const noexcept { return size_; }

  T& operator[](size_t i) noexcept {
    RC_DCHECK(i < size_);
    return items_[i];
  }
  const T& operator[](size_t i) const noexcept {
    RC_DCHECK(i < size_);
    return items_[i];
  }

 private:
  [[nodiscard]] size_t bytes() const noexcept { return size_ == 0 ? 1 : size_ * sizeof(T); }

  size_t size_;
  T* items_ = nullptr;
};

}  // namespace ringcast
