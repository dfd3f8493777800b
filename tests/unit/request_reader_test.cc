// What is accepted, and how the reader behaves around it. What is refused is
// request_refusal_test.cc.
#include "net/http/request_reader.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/support/allocation_count.h"
#include "tests/support/request_splits.h"
#include "tests/support/seeds.h"

namespace ringcast::net {
namespace {

using namespace std::literals;
using Outcome = RequestReader::Outcome;

constexpr std::string_view kBrowserGet =
    "GET /channels/news?lastEventId=3 HTTP/1.1\r\n"
    "Host: 127.0.0.1:8000\r\n"
    "Connection: keep-alive\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36\r\n"
    "Accept: text/event-stream\r\n"
    "Origin: https://app.example\r\n"
    "Sec-Fetch-Site: cross-site\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Referer: https://app.example/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Last-Event-ID: 1732271234567-0\r\n"
    "\r\n";

constexpr std::string_view kChunkedHead =
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct AcceptedCase {
  std::string bytes;
  std::string words;
};

void PrintTo(const AcceptedCase& accepted, std::ostream* out) {
  *out << accepted.words;
}

class Accepted : public testing::TestWithParam<AcceptedCase> {};

TEST_P(Accepted, IsReadTheSameHoweverItIsSplit) {
  EXPECT_EQ(read_every_way(GetParam().bytes), (Reading{{GetParam().words}, 0}));
}

const AcceptedCase kHeads[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET 1.1 keep path=/ host=a"},
    {std::string{kBrowserGet},
     "GET 1.1 keep path=/channels/news query=lastEventId=3 host=127.0.0.1:8000 "
     "origin=https://app.example site=cross-site last-id=1732271234567-0 "
     "accept=text/event-stream"},
    // An old client's slip after a POST: one empty line, or two.
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET 1.1 keep path=/ host=a"},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET 1.1 keep path=/ host=a"},
    // HTTP/1.0 needs no Host and is never kept alive: a load balancer's health check.
    {"OPTIONS / HTTP/1.0\r\n\r\n", "OPTIONS 1.0 close path=/"},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET 1.0 close path=/"},
    {"GET / HTTP/1.0\r\nHost: a:80\r\n\r\n", "GET 1.0 close path=/ host=a:80"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: X, Close\r\n\r\n", "GET 1.1 close path=/ host=a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, X\r\n\r\n",
     "GET 1.1 keep path=/ host=a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
     "GET 1.1 keep path=/ host=a"},
    {"GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET 1.1 keep path=/x query=y host=a"},
    {"GET http://a HTTP/1.1\r\nHost: A\r\n\r\n", "GET 1.1 keep path=/ host=A"},
    {"GET http://a:8000?q HTTP/1.0\r\n\r\n", "GET 1.0 close path=/ query=q"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS 1.1 keep path=* host=a"},
    {"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", "other 1.1 keep path=/x host=a"},
    {"HEAD //a/./b/ HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
     "HEAD 1.1 keep path=//a/./b/ host=[::1]:8000"},
    {"GET /%6eews/%C3%A9%2525 HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET 1.1 keep path=/news/\xC3\xA9%25 host=a"},
    {"GET /?a=%0d%0a|\\ HTTP/1.1\r\nHost: a_b.c-d\r\n\r\n",
     "GET 1.1 keep path=/ query=a=%0d%0a|\\ host=a_b.c-d"},
    {"GET / HTTP/1.1\r\nhoSt:\ta\t \r\nempty:\r\norigin:\r\n\r\n",
     "GET 1.1 keep path=/ host=a origin="},
    // Only SP and HTAB are white space around a value; bytes from 0x80 belong to it.
    {"GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: \xA0\xFF\t\x85\r\n\r\n",
     "GET 1.1 keep path=/ host=a last-id=\xA0\xFF\t\x85"},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nTransfer_Encoding: chunked"
     "\r\n\r\n",
     "GET 1.1 keep path=/ host=a"},
    {"GET /" + std::string(8000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET 1.1 keep path=/" + std::string(8000, 'x') + " host=a"},
    {"OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n"
     "Access-Control-Request-Method: GET\r\n"
     "Access-Control-Request-Headers: last-event-id\r\n\r\n",
     "OPTIONS 1.1 keep path=/x host=a origin=null acrm=GET acrh=last-event-id"},
};

INSTANTIATE_TEST_SUITE_P(Heads, Accepted, testing::ValuesIn(kHeads));

const AcceptedCase kBodies[] = {
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Type: t/x\r\n"
     "Idempotency-Key: k\r\n\r\nhello",
     "POST 1.1 keep path=/p host=a type=t/x key=k body=hello"},
    {"POST /p HTTP/1.1\r\nHost: a\r\n\r\n", "POST 1.1 keep path=/p host=a"},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST 1.1 keep path=/p host=a"},
    {"POST /p HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "POST 1.0 close path=/p body=hi"},
    // On HTTP/1.0 nobody waits for a 100, so the expectation means nothing.
    {"POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
     "POST 1.0 close path=/p body=hi"},
    {"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
     "POST 1.1 keep path=/p host=a"},
    {std::string{kChunkedHead} + "5\r\nhello\r\n0\r\n\r\n",
     "POST 1.1 keep path=/p host=a body=hello"},
    {std::string{kChunkedHead} +
         "000A\r\n0123456789\r\n1;a=b;c=\"d;e\"\r\n\n\r\nC\r\n hello world\r\n00\r\n"
         "X: y\r\nHost: evil\r\nOrigin: evil\r\n\r\n",
     "POST 1.1 keep path=/p host=a body=0123456789\n hello world"},
    // A trailer may not end a connection that the head kept alive.
    {std::string{kChunkedHead} + "1\r\nx\r\n0\r\nConnection: close\r\n\r\n",
     "POST 1.1 keep path=/p host=a body=x"},
    {std::string{kChunkedHead} + "0000000000000003\r\n\0\r\n\r\n0\r\n\r\n"s,
     "POST 1.1 keep path=/p host=a body=\0\r\n"s},
};

INSTANTIATE_TEST_SUITE_P(Bodies, Accepted, testing::ValuesIn(kBodies));

TEST(RequestReader, HandsOutPipelinedRequestsInOrder) {
  const std::string post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  const Reading reading =
      read_every_way(post + "p1" + post + "p2" + std::string{kChunkedHead} +
                     "2\r\np3\r\n0\r\n\r\n" + "GET /h HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(
      reading,
      (Reading{{"POST 1.1 keep path=/p host=a body=p1", "POST 1.1 keep path=/p host=a body=p2",
                "POST 1.1 keep path=/p host=a body=p3", "GET 1.1 keep path=/h host=a"},
               0}));
}

TEST(RequestReader, ForgivesTwoEmptyLinesBeforeEveryRequest) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) bytes += "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_every_way(bytes).requests.size(), 3u);
}

TEST(RequestReader, NeverTakesABodyForARequest) {
  const std::string smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const char* method : {"GET", "HEAD", "OPTIONS", "DELETE"}) {
    const Reading reading =
        read_every_way(std::string{method} + " /x HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                       std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
    ASSERT_EQ(reading.requests.size(), 1u) << method;
    EXPECT_TRUE(reading.requests[0].ends_with("body=" + smuggled)) << reading.requests[0];
  }
}

TEST(RequestReader, AnswersWhatCameBeforeGarbage) {
  const Reading reading = read_every_way("GET / HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01");
  EXPECT_EQ(reading, (Reading{{"GET 1.1 keep path=/ host=a"}, 400}));
}

TEST(RequestReader, DropsEverythingAfterARefusal) {
  RequestReader reader{{}};
  reader.feed("GET / HTTP/3.0\r\n");
  ASSERT_EQ(reader.next(), Outcome::kRefused);
  reader.feed(kBrowserGet);
  EXPECT_EQ(reader.next(), Outcome::kRefused);
  EXPECT_EQ(reader.refusal().status, 505);
  EXPECT_FALSE(reader.refusal().reason.empty());
}

TEST(RequestReader, KeepsWhatHelpsToAnswerARefusedRequest) {
  RequestReader reader{{}};
  reader.feed(
      "POST /p HTTP/1.1\r\nHost: a\r\nOrigin: https://x\r\nContent-Length: 99999999\r\n\r\n");
  ASSERT_EQ(reader.next(), Outcome::kRefused);
  EXPECT_EQ(reader.refusal().status, 413);
  EXPECT_EQ(reader.request().method, Method::kPost);
  EXPECT_EQ(reader.request().origin, "https://x");
  EXPECT_FALSE(reader.request().keep_alive);
}

// Whom a proxy names stands at the end, and before it whatever the client has written.
TEST(RequestReader, KeepsWhatProxiesSayOfAHeadThatWasReadToItsEnd) {
  const std::string forged = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n";
  const std::string named = "X-Forwarded-For: 192.0.2.2\r\nForwarded: for=192.0.2.2\r\n\r\n";
  const auto lines_said = [&](const std::string& more) {
    RequestReader reader{{}};
    reader.feed("POST /p HTTP/1.1\r\nHost: a\r\n" + forged + more + named);
    EXPECT_EQ(reader.next(), Outcome::kRefused) << more;
    EXPECT_EQ(reader.request().forwarded.values().size(),
              reader.request().x_forwarded_for.values().size());
    return reader.request().forwarded.values().size();
  };
  EXPECT_EQ(lines_said("Content-Type: a\r\nContent-Type: b\r\n"), 0U);
  EXPECT_EQ(lines_said("X: \x01\r\n"), 0U);
  EXPECT_EQ(lines_said("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 0U);
  EXPECT_EQ(lines_said("Content-Length: 99999999\r\n"), 2U);
  EXPECT_EQ(lines_said("Expect: x\r\n"), 2U);
}

// What a body of so many bytes comes to: sent whole, or in one chunk.
Outcome outcome_of_body(std::string_view target, size_t bytes, bool chunked) {
  RequestReader reader({.body_bytes_max = 100, .batch_path = "/events", .batch_bytes_max = 1000});
  char size[20];
  std::snprintf(size, sizeof size, chunked ? "%zx" : "%zu", bytes);
  std::string text = "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n";
  text += chunked ? "Transfer-Encoding: chunked\r\n\r\n" + std::string(size) + "\r\n"
                  : "Content-Length: " + std::string(size) + "\r\n\r\n";
  text += std::string(bytes, 'x');
  if (chunked) text += "\r\n0\r\n\r\n";
  reader.feed(text);
  const Outcome outcome = reader.next();
  EXPECT_EQ(reader.refusal().status, outcome == Outcome::kRefused ? 413 : 0);
  return outcome;
}

TEST(RequestReader, BodiesOfTheBatchPathMayBeLargerHoweverItIsWritten) {
  for (const bool chunked : {false, true}) {
    for (const std::string_view target :
         {"/events", "/events?x=1", "http://a/events", "HTTP://a/events?x", "/%65vents",
          "/%65%76%65%6E%74%73?x"}) {
      EXPECT_EQ(outcome_of_body(target, 1000, chunked), Outcome::kRequest) << target;
      EXPECT_EQ(outcome_of_body(target, 1001, chunked), Outcome::kRefused) << target;
    }
    for (const std::string_view target :
         {"/event", "/events/", "/Events", "/x?/events", "/channels/news", "/%2565vents"}) {
      EXPECT_EQ(outcome_of_body(target, 100, chunked), Outcome::kRequest) << target;
      EXPECT_EQ(outcome_of_body(target, 101, chunked), Outcome::kRefused) << target;
    }
  }
}

TEST(RequestReader, SaysWhetherARequestHasStarted) {
  RequestReader reader{{}};
  EXPECT_FALSE(reader.has_started());
  reader.feed("\r\n");
  EXPECT_EQ(reader.next(), Outcome::kNeedMore);
  EXPECT_FALSE(reader.has_started()) << "an empty line is no request";
  reader.feed("P");
  EXPECT_EQ(reader.next(), Outcome::kNeedMore);
  EXPECT_TRUE(reader.has_started());
  reader.feed("OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh");
  EXPECT_EQ(reader.next(), Outcome::kNeedMore);
  EXPECT_TRUE(reader.has_started());
  reader.feed("i");
  EXPECT_EQ(reader.next(), Outcome::kRequest);
  EXPECT_FALSE(reader.has_started());
  reader.feed("G");
  EXPECT_TRUE(reader.has_started());
  EXPECT_EQ(reader.buffered_bytes(), 1u);
}

TEST(RequestReader, AsksForTheBodyOnceAndOnlyWhileNoneOfItIsHere) {
  const std::string sized =
      "POST /p HTTP/1.1\r\nHost: a\r\nOrigin: o\r\nExpect: 100-Continue\r\nContent-Length: "
      "2\r\n\r\n";
  const std::string chunked =
      "POST /p HTTP/1.1\r\nHost: a\r\nOrigin: o\r\nExpect: 100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  for (const auto& [head, body] : {std::pair{sized, "hi"s}, {chunked, "2\r\nhi\r\n0\r\n\r\n"s}}) {
    RequestReader reader{{}};
    for (const char byte : head) {
      EXPECT_FALSE(reader.expects_continue());
      reader.feed({&byte, 1});
      ASSERT_EQ(reader.next(), Outcome::kNeedMore);
    }
    EXPECT_TRUE(reader.expects_continue());
    EXPECT_EQ(reader.request().path, "/p") << "the head can be judged before the body is asked for";
    EXPECT_EQ(reader.request().origin, "o");
    for (size_t i = 0; i + 1 < body.size(); ++i) {
      reader.feed(body.substr(i, 1));
      ASSERT_EQ(reader.next(), Outcome::kNeedMore);
      EXPECT_FALSE(reader.expects_continue()) << i;
    }
    reader.feed(body.substr(body.size() - 1));
    ASSERT_EQ(reader.next(), Outcome::kRequest);
    EXPECT_EQ(reader.request().body, "hi");
    EXPECT_FALSE(reader.expects_continue());

    RequestReader impatient{{}};
    impatient.feed(head + body.substr(0, 1));
    EXPECT_EQ(impatient.next(), Outcome::kNeedMore);
    EXPECT_FALSE(impatient.expects_continue());
  }
}

TEST(RequestReader, NeedsOneAllocationForARequestThatArrivesWhole) {
  const std::string post =
      "POST /channels/news HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n" +
      std::string(200, 'x');
  for (const std::string_view bytes : {kBrowserGet, std::string_view{post}}) {
    const size_t before = allocation_count();
    RequestReader reader{{}};
    reader.feed(bytes);
    const Outcome outcome = reader.next();
    EXPECT_EQ(allocation_count() - before, 1u);
    EXPECT_EQ(outcome, Outcome::kRequest);
  }
}

// The reader may hold a head and a body within their limits, and one read beyond them.
TEST(RequestReader, HoldsNoMoreThanItsLimitsAllow) {
  constexpr size_t kReadBytes = 512;
  const RequestLimits limits{.head_bytes_max = 2048, .body_bytes_max = 4096};
  std::string endless_chunks{kChunkedHead};
  for (int i = 0; i < 20'000; ++i) endless_chunks += "1\r\nx\r\n";
  const std::string endless[] = {
      "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(100'000, 'x'),
      std::string{kChunkedHead} + "1;" + std::string(100'000, 'x'),
      std::string{kChunkedHead} + "0\r\n" + std::string(100'000, 'x'),
      endless_chunks,
  };
  for (const std::string& bytes : endless) {
    RequestReader reader{limits};
    size_t most_bytes = 0;
    for (size_t at = 0; at < bytes.size() && reader.refusal().status == 0; at += kReadBytes) {
      reader.feed(std::string_view{bytes}.substr(at, kReadBytes));
      if (reader.next() == Outcome::kNeedMore) {
        most_bytes = std::max(most_bytes, reader.buffered_bytes());
      }
    }
    EXPECT_TRUE(reader.refusal()) << bytes.substr(0, 80);
    // Extensions and trailers are bounded by 8 KiB of their own.
    EXPECT_LE(most_bytes,
              limits.head_bytes_max + std::max<size_t>(limits.body_bytes_max, 8192) + kReadBytes);
  }
}

class Damaged : public testing::TestWithParam<uint64_t> {};

// Requests with some bytes changed, dropped or doubled: whatever a reader makes of them, it must
// make it of them in any pieces, and never reach past them (the sanitizers would tell).
TEST_P(Damaged, RequestsAreReadTheSameInAnyPieces) {
  const std::string original =
      std::string{kBrowserGet} + "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
      std::string{kChunkedHead} + "3;x=\"y\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n";
  constexpr std::string_view kDamage = "\r\n \t:;,\"%\x01\x7f\xff\0015fFX"sv;
  Dice dice{GetParam()};
  for (int round = 0; round < 100; ++round) {
    std::string bytes = original;
    for (uint64_t left = dice.between(1, 3); left > 0; --left) {
      const size_t at = dice.below(bytes.size());
      const char byte = kDamage[dice.below(kDamage.size())];
      if (dice.one_in(3)) {
        bytes[at] = byte;
      } else if (dice.one_in(2)) {
        bytes.erase(at, 1);
      } else {
        bytes.insert(at, 1, byte);
      }
    }
    const Reading whole = read_in_pieces(bytes, bytes.size());
    for (const size_t piece_bytes : {size_t{1}, size_t{2}, size_t{dice.between(3, 300)}}) {
      ASSERT_EQ(read_in_pieces(bytes, piece_bytes), whole)
          << "round " << round << ", pieces of " << piece_bytes << ": " << bytes;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Damaged, testing::ValuesIn(seeds(30)), seed_name);

}  // namespace
}  // namespace ringcast::net
