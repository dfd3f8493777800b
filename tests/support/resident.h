// How much memory a process has in use: this one, server included, unless another is named.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <string>

namespace ringcast {

[[nodiscard]] inline size_t resident_bytes(const std::string& process = "self") {
  std::ifstream statm("/proc/" + process + "/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace ringcast
