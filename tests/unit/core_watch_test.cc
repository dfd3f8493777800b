// Whether it is noticed that somebody else has the server's core: this process plays the server, another one the somebody.
#include "bench/load/peers/core_watch.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <latch>
#include <thread>

namespace ringcast::bench {
namespace {

void work(int64_t duration_ns) {
  for (const int64_t end = now_ns() + duration_ns; now_ns() < end;) {
  }
}

// For so long as this thread has a core, however many others want it.
void work_for_cpu(int64_t duration_ns) {
  const auto used_ns = [] {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * kSecond + used.tv_nsec;
  };
  for (const int64_t end = used_ns() + duration_ns; used_ns() < end;) {
  }
}

// Keeps this thread and what it starts on one of its cores.
class CoreWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::sched_getaffinity(0, sizeof(before_), &before_), 0);
    core_ = ::sched_getcpu();
    ASSERT_TRUE(pin(0, core_));
  }
  void TearDown() override { ::sched_setaffinity(0, sizeof(before_), &before_); }

  [[nodiscard]] Target target(int core) const {
    return {.name = "this", .pid = ::getpid(), .core = core};
  }

  cpu_set_t before_{};
  int core_ = 0;
};

TEST_F(CoreWatchTest, AnotherProgramOnTheCoreIsNoticed) {
  const pid_t other = ::fork();
  ASSERT_GE(other, 0);
  if (other == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(60 * kSecond);
    ::_exit(0);
  }
  const CoreWatch watch(target(core_));
  const CoreWatch unpinned(target(-1));
  work(400 * kMillisecond);
  const double taken = watch.taken_by_others();
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_GT(taken, 0.3);  // its fair share is half
  EXPECT_LT(taken, 1.0);
  EXPECT_EQ(unpinned.taken_by_others(), 0);
}

TEST_F(CoreWatchTest, ThreadsOfTheServerAreNotOthers) {
  const CoreWatch watch(target(core_));
  std::latch both_worked(2);
  std::latch looked(1);  // a thread that has ended is not looked at
  std::thread sibling([&] {
    work_for_cpu(200 * kMillisecond);
    both_worked.count_down();
    looked.wait();
  });
  work_for_cpu(200 * kMillisecond);
  both_worked.arrive_and_wait();
  EXPECT_EQ(watch.taken_by_others(), 0);
  looked.count_down();
  sibling.join();
}

}  // namespace
}  // namespace ringcast::bench
