// The reader in front of every vector of tests/http, in every split: what it makes of their bytes depends on nothing else,
// and what is refused stays so whatever follows. What the server answers is integration/vectors_test.cc.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/request_splits.h"
#include "tests/support/vectors.h"

namespace ringcast {

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.file << ":" << vector.line << ": " << vector.name;
}

namespace net {
namespace {

std::vector<Vector> vectors_that_are(bool refused) {
  std::vector<Vector> vectors = load_vectors(RINGCAST_VECTORS);
  std::erase_if(vectors, [&](const Vector& vector) { return vector.is_refused() != refused; });
  return vectors;
}

class Accepted : public testing::TestWithParam<Vector> {};

TEST_P(Accepted, IsReadTheSameHoweverItIsSplit) {
  ASSERT_EQ(GetParam().problem, "");
  (void)read_every_way(GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(Vectors, Accepted, testing::ValuesIn(vectors_that_are(false)));

class Refused : public testing::TestWithParam<Vector> {};

TEST_P(Refused, HoweverItIsSplitAndWhateverFollows) {
  ASSERT_EQ(GetParam().problem, "");
  const std::string probe = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestLimits limits;
  if (GetParam().to == "subscribe") limits.body_bytes_max = kUselessBodyBytesMax;
  const Reading refused = read_every_way(GetParam().bytes, limits);
  EXPECT_EQ(refused.refusal_status, GetParam().answers.back().status);
  EXPECT_EQ(read_every_way(GetParam().bytes + probe, limits), refused);
}

INSTANTIATE_TEST_SUITE_P(Vectors, Refused, testing::ValuesIn(vectors_that_are(true)));

}  // namespace
}  // namespace net
}  // namespace ringcast
