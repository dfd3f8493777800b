// How much memory this process has in use, server included.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace ringcast {

[[nodiscard]] inline size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace ringcast
