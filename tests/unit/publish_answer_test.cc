#include "net/publish_answer.h"

#include <gtest/gtest.h>

#include <limits>

namespace ringcast::net {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(PublishAnswer, NamesASingleEventsIdAndSubscribers) {
  EXPECT_EQ(publish_answer_json({.first_id = {.ms = 1'732'271'234'567, .seq = 3},
                                 .last_id = {.ms = 1'732'271'234'567, .seq = 3},
                                 .count = 1,
                                 .subscribers = 100'000,
                                 .is_batch = false}),
            "{\"id\":\"1732271234567-3\",\"subscribers\":100000}\n");
}

TEST(PublishAnswer, NamesABatchsFirstAndLastId) {
  EXPECT_EQ(
      publish_answer_json({.first_id = {.ms = 1'732'271'234'567, .seq = 3},
                           .last_id = {.ms = 1'732'271'234'568, .seq = 0},
                           .count = 10'000,
                           .subscribers = 0,
                           .is_batch = true}),
      "{\"accepted\":10000,\"first_id\":\"1732271234567-3\",\"last_id\":\"1732271234568-0\"}\n");
}

TEST(PublishAnswer, ABatchOfOneIsStillABatch) {
  EXPECT_EQ(publish_answer_json({.first_id = {.ms = 5, .seq = 0},
                                 .last_id = {.ms = 5, .seq = 0},
                                 .count = 1,
                                 .subscribers = 7,
                                 .is_batch = true}),
            "{\"accepted\":1,\"first_id\":\"5-0\",\"last_id\":\"5-0\"}\n");
}

TEST(PublishAnswer, HasRoomForTheLongestId) {
  EXPECT_EQ(publish_answer_json({.first_id = {.ms = kMax, .seq = kMax},
                                 .last_id = {},
                                 .count = 1,
                                 .subscribers = std::numeric_limits<uint32_t>::max(),
                                 .is_batch = false}),
            "{\"id\":\"18446744073709551615-18446744073709551615\",\"subscribers\":4294967295}\n");
}

}  // namespace
}  // namespace ringcast::net
