#include "bench/load/process_stats.h"

#include <fmt/format.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ringcast::bench {
namespace {

int64_t tick_ns() {
  return 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
}

}  // namespace

std::optional<int64_t> cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    return std::nullopt;
  return int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

std::optional<int64_t> user_cpu_ns(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field is the program's name in parentheses and may hold anything; utime is the 12th
  // after it.
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < 12; ++i) fields >> field;
  if (!fields) return std::nullopt;
  return std::stoll(field) * tick_ns();
}

std::vector<ThreadTimes> thread_times(pid_t pid) {
  std::vector<ThreadTimes> times;
  std::error_code ended;  // then the list ends, too
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), ended)) {
    ThreadTimes one{.thread = static_cast<pid_t>(std::stol(task.path().filename()))};
    std::ifstream file(task.path() / "schedstat");
    if (file >> one.ran_ns >> one.waited_ns >> one.turns) times.push_back(one);
  }
  return times;
}

std::optional<int64_t> core_stolen_ns(int core) {
  std::ifstream file("/proc/stat");
  const std::string wanted = fmt::format("cpu{}", core);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
    words >> name >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> stolen;
    if (name == wanted) return stolen * tick_ns();
  }
  return std::nullopt;
}

std::optional<MemoryUse> memory_use(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  if (!file) return std::nullopt;
  MemoryUse use;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string key;
    int64_t kib = 0;
    words >> key >> kib;
    if (key == "VmRSS:") use.resident = kib * 1024;
    if (key == "RssAnon:") use.anonymous = kib * 1024;
    if (key == "RssShmem:") use.shared = kib * 1024;
  }
  return use;
}

Result<> pin(pid_t pid, int cpu) {
  if (cpu < 0) return {};
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  if (::sched_setaffinity(pid, sizeof(set), &set) == 0) return {};
  return Error{fmt::format(
      "cannot pin to core {} ({}); choose another with --server-cpu and --client-cpu, -1 for none",
      cpu, std::strerror(errno))};
}

int64_t tcp_sockets_in_use() {
  std::ifstream file("/proc/net/sockstat");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string protocol;
    std::string key;
    int64_t count = 0;
    words >> protocol >> key >> count;
    if (protocol == "TCP:" && key == "inuse") return count;
  }
  return 0;
}

}  // namespace ringcast::bench
