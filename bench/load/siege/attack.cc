#include "bench/load/siege/attack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

#include "bench/load/process_stats.h"
#include "bench/load/siege/unfinished_heads.h"

namespace ringcast::bench {
namespace {

constexpr int kCannotRun = 127;  // what a shell says of a command that is not there
constexpr int kNicer = 10;       // than whoever measures

[[noreturn]] void become(const std::string& command) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDOUT_FILENO);  // some of them paint the whole screen
  ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  ::_exit(kCannotRun);
}

// Runs one of our own attacks to its end, and this process with it.
template <typename OurAttack>
[[noreturn]] void run_to_its_end(Result<std::unique_ptr<OurAttack>> attack) {
  if (attack) (*attack)->run();
  const auto failure = attack ? (*attack)->failure() : std::optional{attack.error()};
  if (failure) fmt::print(stderr, "the attack: {}\n", failure->message);
  ::_exit(failure ? 1 : 0);
}

}  // namespace

Result<Attack> Attack::start(const AttackPlan& plan, const Target& target, int cpu) {
  void* const shared = ::mmap(nullptr, sizeof(FloodCounts), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error{fmt::format("mmap failed: {}", std::strerror(errno))};
  auto* const counts = new (shared) FloodCounts;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Error{fmt::format("cannot fork: {}", std::strerror(errno))};
  if (pid > 0) {
    ::setpgid(pid, pid);  // as the child does: whoever is first
    return Attack(plan, pid, counts);
  }
  ::setpgid(0, 0);  // so that what it starts can be ended with it
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::setpriority(PRIO_PROCESS, 0, kNicer);
  if (auto pinned = pin(0, cpu); !pinned) ::_exit(1);
  if (plan.is_flood()) run_to_its_end(RefusedFlood::open(plan, target.subscribe, *counts));
  if (plan.is_heads()) run_to_its_end(UnfinishedHeads::open(plan, target.subscribe));
  become(plan.command);
}

Attack::Attack(Attack&& other) noexcept
    : command_(std::move(other.command_)),
      is_ours_(other.is_ours_),
      pid_(std::exchange(other.pid_, -1)),
      counts_(std::exchange(other.counts_, nullptr)),
      status_(other.status_) {}

Attack::~Attack() {
  stop();
  if (counts_ != nullptr) ::munmap(counts_, sizeof(FloodCounts));
}

void Attack::reap(int options) {
  int status = 0;
  if (pid_ > 0 && !status_ && ::waitpid(pid_, &status, options) == pid_) status_ = status;
}

bool Attack::running() {
  reap(WNOHANG);
  return pid_ > 0 && !status_;
}

void Attack::stop() {
  if (!running()) return;
  ::kill(-pid_,
         SIGKILL);  // it has nothing to clean up, and its connections are the kernel's to end
  reap(0);
}

std::string Attack::problem() const {
  if (!status_ || !WIFEXITED(*status_)) return {};
  if (WEXITSTATUS(*status_) == kCannotRun)
    return fmt::format("there is no such attack: {}; install the program", command_);
  if (is_ours_ && WEXITSTATUS(*status_) != 0)
    return "the attack ended before its time; see above why";
  if (counts_->served > 0)
    return fmt::format(
        "{} requests of the attack were served; for --refused-for unauthorized a channel named "
        "private must have access: {{subscribe: token}}",
        counts_->served.load());
  return {};
}

}  // namespace ringcast::bench
