#include "tests/support/chunked_body.h"

#include <gtest/gtest.h>

namespace ringcast {
namespace {

using Chunks = std::vector<std::string>;

TEST(ChunkedBody, ChunksComeOutWholeHoweverTheyAreSplit) {
  const std::string_view body = "3\r\nab\n\r\n10\r\n0123456789abcdef\r\n2\r\n\r\n\r\n0\r\n\r\n";
  for (size_t cut = 0; cut <= body.size(); ++cut) {
    ChunkedBody reader;
    std::string data = reader.feed(body.substr(0, cut));
    data += reader.feed(body.substr(cut));
    EXPECT_EQ(data, "ab\n0123456789abcdef\r\n");
    EXPECT_EQ(reader.chunks(), (Chunks{"ab\n", "0123456789abcdef", "\r\n"}));
    EXPECT_TRUE(reader.is_complete());
  }
}

TEST(ChunkedBody, UnfinishedChunkIsNotAmongTheChunks) {
  ChunkedBody reader;
  EXPECT_EQ(reader.feed("1\r\na\r\n4\r\nbcd"), "abcd");
  EXPECT_EQ(reader.chunks(), Chunks{"a"});
  EXPECT_FALSE(reader.is_complete());
}

TEST(ChunkedBody, AnythingRingcastWouldNotWriteIsRefused) {
  for (const std::string_view body :
       {"\r\n", "A\r\n", "01\r\na\r\n", "00\r\n\r\n", "1 \r\na\r\n", "1;x\r\na\r\n", "1\na\r\n",
        "1\r\na\n", "1\r\nab\r\n", "2\r\na\r\n0", "0\r\nTrailer: x\r\n\r\n", "0\r\n\r\n0", "-1\r\n",
        "123456789\r\n", "1\r\ra\r\n", "1\r\na\rx"}) {
    ChunkedBody reader;
    EXPECT_THROW(reader.feed(body), std::runtime_error) << testing::PrintToString(body);
  }
}

}  // namespace
}  // namespace ringcast
