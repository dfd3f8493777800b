// Task: something a test does beside something else. What it throws, get() throws again, so that a
// failing client fails the test and not the process.
#pragma once

#include <future>
#include <utility>

namespace ringcast {

using Task = std::future<void>;

template <typename Work>
[[nodiscard]] Task in_background(Work&& work) {
  return std::async(std::launch::async, std::forward<Work>(work));
}

}  // namespace ringcast
