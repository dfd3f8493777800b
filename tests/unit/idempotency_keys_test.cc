#include "engine/idempotency_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace ringcast {
namespace {

constexpr MonotonicMs kNow = 5'000;
constexpr MonotonicMs kAgeMs = kIdempotencyKeyAge.count();

constexpr PublishAnswer kAnswer{.first_id = {.ms = 1'732'271'234'567, .seq = 3},
                                .last_id = {.ms = 1'732'271'234'567, .seq = 12},
                                .count = 10,
                                .subscribers = 7,
                                .is_batch = true};

KeyedHash key(int number) {
  return keyed_hash("key " + std::to_string(number));
}

KeyedHash request(int number) {
  return keyed_hash("POST /channels/news", std::to_string(number));
}

// Claims with the request that belongs to the key.
ClaimKind claim(IdempotencyKeys& keys, int number, MonotonicMs now) {
  return keys.claim(key(number), request(number), now).kind;
}

TEST(IdempotencyKeys, ARepeatGetsTheFirstAnswerInEveryDetail) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  keys.settle(key(1), kAnswer, kNow);
  for (int i = 0; i < 3; ++i) {
    const Claim repeat = keys.claim(key(1), request(1), kNow + i);
    EXPECT_EQ(repeat.kind, ClaimKind::kRepeat);
    EXPECT_EQ(repeat.answer, kAnswer);
  }
}

TEST(IdempotencyKeys, ASingleEventsAnswerIsNotTakenForABatchs) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  const PublishAnswer single{.first_id = {.ms = 9, .seq = 1},
                             .last_id = {.ms = 9, .seq = 1},
                             .count = 1,
                             .subscribers = 4'000'000'000,
                             .is_batch = false};
  keys.settle(key(1), single, kNow);
  EXPECT_EQ(keys.claim(key(1), request(1), kNow).answer, single);
}

TEST(IdempotencyKeys, WhileTheFirstAttemptIsUnderWayOthersAreToldSo) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  EXPECT_EQ(claim(keys, 1, kNow), ClaimKind::kUnderWay);
  EXPECT_EQ(claim(keys, 1, kNow + 100 * kAgeMs), ClaimKind::kUnderWay) << "however long it takes";
  keys.settle(key(1), kAnswer, kNow + 100 * kAgeMs);
  EXPECT_EQ(claim(keys, 1, kNow + 100 * kAgeMs), ClaimKind::kRepeat);
}

TEST(IdempotencyKeys, AnAttemptThatCameToNothingMayBeRepeated) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  keys.release(key(1));
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
}

TEST(IdempotencyKeys, AKeyBelongsToOneRequest) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(keys.claim(key(1), request(1), kNow).kind, ClaimKind::kFirst);
  EXPECT_EQ(keys.claim(key(1), request(2), kNow).kind, ClaimKind::kOtherRequest);
  keys.settle(key(1), kAnswer, kNow);
  EXPECT_EQ(keys.claim(key(1), request(2), kNow).kind, ClaimKind::kOtherRequest);
  EXPECT_EQ(keys.claim(key(1), request(1), kNow).kind, ClaimKind::kRepeat);
}

TEST(IdempotencyKeys, DifferentKeysMayBringTheSameRequest) {
  IdempotencyKeys keys(8);
  EXPECT_EQ(keys.claim(key(1), request(1), kNow).kind, ClaimKind::kFirst);
  EXPECT_EQ(keys.claim(key(2), request(1), kNow).kind, ClaimKind::kFirst);
}

TEST(IdempotencyKeys, AKeyIsRememberedForTenMinutesFromItsAnswerOn) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  const MonotonicMs answered = kNow + 90'000;
  keys.settle(key(1), kAnswer, answered);
  EXPECT_EQ(claim(keys, 1, answered + 599'999), ClaimKind::kRepeat);
  EXPECT_EQ(claim(keys, 1, answered + 600'000), ClaimKind::kFirst);
}

TEST(IdempotencyKeys, ARepeatDoesNotProlongTheMemory) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  keys.settle(key(1), kAnswer, kNow);
  EXPECT_EQ(claim(keys, 1, kNow + kAgeMs - 1), ClaimKind::kRepeat);
  EXPECT_EQ(claim(keys, 1, kNow + kAgeMs), ClaimKind::kFirst);
}

TEST(IdempotencyKeys, AnExpiredKeyIsFreeForAnotherRequest) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  keys.settle(key(1), kAnswer, kNow);
  EXPECT_EQ(keys.claim(key(1), request(2), kNow + kAgeMs).kind, ClaimKind::kFirst);
  EXPECT_EQ(keys.claim(key(1), request(1), kNow + kAgeMs).kind, ClaimKind::kOtherRequest);
}

TEST(IdempotencyKeys, NobodyIsPushedOutByNewcomers) {
  constexpr int kMax = 5;  // not a power of two: the table is larger than the number of entries
  IdempotencyKeys keys(kMax);
  for (int i = 0; i < kMax; ++i) ASSERT_EQ(claim(keys, i, kNow), ClaimKind::kFirst);
  keys.settle(key(0), kAnswer, kNow);
  EXPECT_EQ(claim(keys, kMax, kNow + kAgeMs - 1), ClaimKind::kFull);
  EXPECT_EQ(claim(keys, 0, kNow + kAgeMs - 1), ClaimKind::kRepeat) << "known keys are still served";
  EXPECT_EQ(claim(keys, 1, kNow + kAgeMs - 1), ClaimKind::kUnderWay);
  EXPECT_EQ(keys.size(), 5U);

  EXPECT_EQ(claim(keys, kMax, kNow + kAgeMs), ClaimKind::kFirst) << "one has expired";
  EXPECT_EQ(claim(keys, kMax + 1, kNow + kAgeMs), ClaimKind::kFull);
  keys.release(key(3));
  EXPECT_EQ(claim(keys, kMax + 1, kNow + kAgeMs), ClaimKind::kFirst);
}

TEST(IdempotencyKeys, ExpiryIsSpreadOverTheClaimsThatFollow) {
  IdempotencyKeys keys(100);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(claim(keys, i, kNow), ClaimKind::kFirst);
    keys.settle(key(i), kAnswer, kNow);
  }
  for (uint32_t i = 0; i < 10; ++i) {
    EXPECT_EQ(claim(keys, 1000 + static_cast<int>(i), kNow + kAgeMs), ClaimKind::kFirst);
    EXPECT_EQ(keys.size(), 100 - i - 1) << "two go, one comes";
  }
}

TEST(IdempotencyKeys, AClockThatIsBehindNeitherShortensNorProlongsTheMemory) {
  IdempotencyKeys keys(8);
  ASSERT_EQ(claim(keys, 1, kNow + 16), ClaimKind::kFirst);
  keys.settle(key(1), kAnswer, kNow);  // from a shard that read its clock earlier
  EXPECT_EQ(claim(keys, 1, kNow + 15 + kAgeMs), ClaimKind::kRepeat);
  EXPECT_EQ(claim(keys, 2, kNow + 16 + kAgeMs), ClaimKind::kFirst);
  EXPECT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst) << "expired for one, expired for all";
}

TEST(IdempotencyKeys, OfManyThreadsWithTheSameKeyOneIsFirst) {
  constexpr int kKeys = 500;
  constexpr int kThreads = 4;
  IdempotencyKeys keys(kKeys);
  std::vector<std::atomic<int>> first(kKeys);
  std::atomic<int> odd_answers = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kKeys; ++i) {
          const int number = (i + thread * kKeys / kThreads) % kKeys;
          const Claim mine = keys.claim(key(number), request(number), kNow);
          if (mine.kind == ClaimKind::kFirst) {
            ++first[static_cast<size_t>(number)];
            keys.settle(key(number), kAnswer, kNow);
          } else if (mine.kind == ClaimKind::kRepeat) {
            if (mine.answer != kAnswer) ++odd_answers;
          } else if (mine.kind != ClaimKind::kUnderWay) {
            ++odd_answers;
          }
        }
      });
    }
  }
  for (const auto& count : first) EXPECT_EQ(count, 1);
  EXPECT_EQ(odd_answers, 0);
  EXPECT_EQ(keys.size(), static_cast<uint32_t>(kKeys));
}

TEST(IdempotencyKeysDeathTest, OnlyWhatWasClaimedCanBeSettledOrReleased) {
  IdempotencyKeys keys(8);
  EXPECT_DEATH(keys.settle(key(1), kAnswer, kNow), "violated");
  EXPECT_DEATH(keys.release(key(1)), "violated");
  ASSERT_EQ(claim(keys, 1, kNow), ClaimKind::kFirst);
  keys.settle(key(1), kAnswer, kNow);
  EXPECT_DEATH(keys.settle(key(1), kAnswer, kNow), "violated");
  EXPECT_DEATH(keys.release(key(1)), "violated") << "would let a repeat deliver again";
}

TEST(IdempotencyKeysDeathTest, RememberingNothingIsNoMemory) {
  EXPECT_DEATH(IdempotencyKeys(0), "violated");
}

TEST(IdempotencyKey, IsVisibleTextOfUpTo255Bytes) {
  for (const std::string& good :
       {std::string("a"), std::string("8e03978e-40d5-43dd-bc93-6894a57f9324"),
        std::string("\"quoted\""), std::string("!~"), std::string("bestellung-\xC3\xBC-1"),
        std::string("error"), std::string(255, 'x')}) {
    EXPECT_TRUE(is_idempotency_key(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(256, 'x'), std::string("a b"), std::string(" a"),
        std::string("a\t"), std::string("a\0b", 3), std::string("a\x7f"), std::string("a\xFF"),
        std::string("\xC3"), std::string("\xED\xA0\x80")}) {
    EXPECT_FALSE(is_idempotency_key(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace ringcast
