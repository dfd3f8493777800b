// The memory of idempotency keys against a map that is searched from end to end: whatever is
// claimed, settled, released and repeated, in every order, and however time passes.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/idempotency_keys.h"
#include "tests/support/allocation_count.h"
#include "tests/support/seeds.h"

namespace ringcast {
namespace {

struct Known {
  uint64_t request = 0;
  bool is_settled = false;
  PublishAnswer answer;
  MonotonicMs settled_at = 0;
};

class IdempotencyKeysModel : public testing::TestWithParam<uint64_t> {
 protected:
  static KeyedHash hash(uint64_t number) { return keyed_hash(std::to_string(number)); }

  PublishAnswer draw_answer() {
    return {.first_id = {.ms = dice_.below(1'000'000), .seq = dice_.below(100)},
            .last_id = {.ms = dice_.below(1'000'000), .seq = dice_.below(100)},
            .count = static_cast<uint32_t>(dice_.between(1, 10'000)),
            .subscribers = static_cast<uint32_t>(dice_.below(1'000'000)),
            .is_batch = dice_.one_in(2)};
  }

  void forget_expired() {
    std::erase_if(known_, [&](const auto& item) {
      return item.second.is_settled && now_ - item.second.settled_at >= kIdempotencyKeyAge.count();
    });
  }

  [[nodiscard]] ClaimKind expected(uint64_t key, uint64_t request) const {
    const auto known = known_.find(key);
    if (known == known_.end()) {
      return known_.size() < keys_max_ ? ClaimKind::kFirst : ClaimKind::kFull;
    }
    if (known->second.request != request) return ClaimKind::kOtherRequest;
    return known->second.is_settled ? ClaimKind::kRepeat : ClaimKind::kUnderWay;
  }

  void claim() {
    const uint64_t key = dice_.below(2 * keys_max_);
    const uint64_t request = dice_.one_in(8) ? 1'000 : key;
    // Sometimes from a shard whose clock was read a little earlier.
    const MonotonicMs now = now_ - static_cast<MonotonicMs>(dice_.one_in(4) ? dice_.below(50) : 0);
    forget_expired();
    const ClaimKind expected_kind = expected(key, request);
    const Claim looked_up = keys_.look_up(hash(key), hash(request), now);
    ASSERT_EQ(looked_up.kind,
              expected_kind == ClaimKind::kFull ? ClaimKind::kFirst : expected_kind);
    const Claim claim = keys_.claim(hash(key), hash(request), now);
    ASSERT_EQ(looked_up.answer, claim.answer);
    ASSERT_EQ(claim.kind, expected_kind) << "key " << key << " at " << now_;
    if (claim.kind == ClaimKind::kRepeat) {
      ASSERT_EQ(claim.answer, known_[key].answer) << "key " << key;
    }
    if (claim.kind == ClaimKind::kFirst) {
      known_[key].request = request;
      under_way_.push_back(key);
    }
  }

  void finish() {
    if (under_way_.empty()) return;
    const size_t at = dice_.below(under_way_.size());
    const uint64_t key = under_way_[at];
    under_way_.erase(under_way_.begin() + static_cast<ptrdiff_t>(at));
    if (dice_.one_in(4)) {
      keys_.release(hash(key));
      known_.erase(key);
      return;
    }
    Known& known = known_[key];
    known.is_settled = true;
    known.answer = draw_answer();
    known.settled_at = now_;
    keys_.settle(hash(key), known.answer, now_);
  }

  void pass_time() {
    const uint64_t most = dice_.one_in(10) ? 700'000 : 20'000;
    now_ += static_cast<MonotonicMs>(dice_.below(most));
    // The memory hears of the time only with a call; the model must not know more.
    const KeyedHash probe = hash(999'999'999);
    if (keys_.claim(probe, probe, now_).kind == ClaimKind::kFirst) keys_.release(probe);
  }

  Dice dice_{GetParam()};
  uint32_t keys_max_ = static_cast<uint32_t>(dice_.between(1, dice_.one_in(2) ? 5 : 60));
  MonotonicMs now_ = static_cast<MonotonicMs>(dice_.below(1'000'000));
  IdempotencyKeys keys_{keys_max_};
  std::map<uint64_t, Known> known_;
  std::vector<uint64_t> under_way_;
};

TEST_P(IdempotencyKeysModel, ClaimsAreAnsweredAsTheModelSays) {
  for (int step = 0; step < 3'000 && !HasFatalFailure(); ++step) {
    switch (dice_.below(8)) {
      case 0:
        pass_time();
        break;
      case 1:
      case 2:
      case 3:
        finish();
        break;
      default:
        claim();
    }
    ASSERT_GE(keys_.size(), under_way_.size());
    ASSERT_LE(keys_.size(), keys_max_);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IdempotencyKeysModel, testing::ValuesIn(seeds(200)), seed_name);

TEST(IdempotencyKeysMemory, NothingIsAllocatedAfterTheConstructor) {
  constexpr uint32_t kMax = 1'000;
  IdempotencyKeys keys(kMax);
  const size_t allocations = allocation_count();
  MonotonicMs now = 0;
  for (uint64_t i = 0; i < 10 * kMax; ++i) {
    const KeyedHash key{.a = i * 0x9E3779B97F4A7C15, .b = i + 1};
    now += kIdempotencyKeyAge.count() / kMax + 1;
    if (keys.claim(key, key, now).kind != ClaimKind::kFirst) continue;
    if (i % 3 == 0) {
      keys.release(key);
    } else {
      keys.settle(key, {}, now);
    }
  }
  EXPECT_EQ(allocation_count(), allocations);
}

}  // namespace
}  // namespace ringcast
