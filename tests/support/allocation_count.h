// Counts the allocations of a test program. Linking allocation_count.cc replaces operator new.
#pragma once

#include <cstddef>

namespace ringcast {

// How often operator new has been called since the program started. Threads: for single-threaded
// tests.
[[nodiscard]] size_t allocation_count() noexcept;

}  // namespace ringcast
