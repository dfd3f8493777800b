#include "bench/load/environment.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

namespace ringcast::bench {
namespace {

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string output_of(const char* command) {
  std::string text;
  FILE* pipe = ::popen(command, "r");
  if (pipe == nullptr) return text;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr)
    text += line.data();
  ::pclose(pipe);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

nlohmann::ordered_json describe_environment() {
  utsname system{};
  ::uname(&system);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  return {
      {"kernel", std::string(system.release) + " " + system.version},
      {"machine", system.machine},
      {"cpu", cpu_model()},
      {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
      {"memory_bytes", ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE)},
      {"nofile", descriptors.rlim_cur},
      {"ip_local_port_range", first_line_of("/proc/sys/net/ipv4/ip_local_port_range")},
      {"tcp_congestion_control", first_line_of("/proc/sys/net/ipv4/tcp_congestion_control")},
      {"clocksource",
       first_line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
      {"load_average_before", first_line_of("/proc/loadavg")},
      {"commit", output_of("git describe --always --dirty --abbrev=12 2>/dev/null")},
      {"compiler", __VERSION__},
  };
}

}  // namespace ringcast::bench
