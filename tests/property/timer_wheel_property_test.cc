// The timer wheel against a list of deadlines: whatever is armed, disarmed and armed again, and
// however irregularly it is looked at.
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "net/timer_wheel.h"
#include "tests/support/seeds.h"

namespace ringcast::net {
namespace {

constexpr uint32_t kSlots = 200;
constexpr MonotonicMs kTickMs = 16;

class TimerWheelModel : public testing::TestWithParam<uint64_t> {
 protected:
  MonotonicMs draw_deadline() {
    switch (dice_.below(4)) {
      case 0:
        return now_ - static_cast<MonotonicMs>(dice_.below(100));
      case 1:
        return now_ + static_cast<MonotonicMs>(dice_.below(100));
      case 2:
        return now_ + static_cast<MonotonicMs>(dice_.below(20'000));
      default:
        return now_ + static_cast<MonotonicMs>(dice_.below(200'000));
    }
  }

  void arm(uint32_t slot) {
    const MonotonicMs deadline = draw_deadline();
    wheel_.arm(slot, deadline);
    deadlines_[slot] = {.at = deadline, .armed = now_};
  }

  // What the model says must have been met by now, and may have been.
  void expire() {
    const size_t most = dice_.one_in(4) ? 1 : 10'000;
    std::vector<uint32_t> met;
    wheel_.expire(now_, most, [&](uint32_t slot) {
      met.push_back(slot);
      ASSERT_TRUE(deadlines_.contains(slot)) << "never armed, or met already: " << slot;
      EXPECT_GE(now_, deadlines_[slot].at) << "too early";
      deadlines_.erase(slot);
      if (dice_.one_in(8)) arm(slot);
    });
    if (most == 1) return;
    for (const auto& [slot, deadline] : deadlines_) {
      EXPECT_GT(std::max(deadline.at, deadline.armed) + kTickMs, now_) << "too late: " << slot;
    }
  }

  void check() {
    MonotonicMs earliest = std::numeric_limits<MonotonicMs>::max();
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      ASSERT_EQ(wheel_.is_armed(slot), deadlines_.contains(slot)) << slot;
    }
    for (const auto& [slot, deadline] : deadlines_) earliest = std::min(earliest, deadline.at);
    const MonotonicMs next = wheel_.next_deadline();
    if (deadlines_.empty()) {
      EXPECT_EQ(next, std::numeric_limits<MonotonicMs>::max());
    } else {
      EXPECT_LE(next, std::max(earliest, now_) + kTickMs) << "somebody would be overslept";
    }
  }

  struct Deadline {
    MonotonicMs at;
    MonotonicMs armed;
  };

  Dice dice_{GetParam()};
  MonotonicMs now_ = static_cast<MonotonicMs>(dice_.below(1'000'000));
  TimerWheel wheel_{kSlots, now_};
  std::map<uint32_t, Deadline> deadlines_;
};

TEST_P(TimerWheelModel, MeetsEveryDeadlineOnceAndInTime) {
  for (int step = 0; step < 2'000; ++step) {
    const auto slot = static_cast<uint32_t>(dice_.below(kSlots));
    switch (dice_.below(4)) {
      case 0:
      case 1:
        arm(slot);
        break;
      case 2:
        wheel_.disarm(slot);
        deadlines_.erase(slot);
        break;
      default:
        now_ += static_cast<MonotonicMs>(dice_.below(dice_.one_in(20) ? 60'000 : 40));
        expire();
    }
    if (step % 16 == 0) check();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModel, testing::ValuesIn(seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
