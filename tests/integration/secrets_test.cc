// Goal: nothing that opens a door is ever written down or said again.
// Method: the program is sent credentials by every way there is, good and bad ones, all marked; then everything it has said
// is searched for them: answers, errors, metrics, what operators are shown, and its output with the access log in it.

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/access/mint.h"
#include "engine/base/clock.h"
#include "tests/support/http_client.h"
#include "tests/support/ringcast_program.h"
#include "tests/support/sse_client.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

constexpr std::string_view kPublisherKey = "rck_MARKERpublisher0123456789";
constexpr std::string_view kAdminKey = "rck_MARKERadmin0123456789";
constexpr std::string_view kUnknownKey = "rck_MARKERunknown0123456789";

class Secrets : public testing::Test {
 protected:
  static std::string config(const std::string& key_path) {
    return "server: {max_connections: 100, shards: 1}\n"
           "listeners:\n"
           "  - {bind: \"0.0.0.0:0\", serve: [subscribe, publish, admin]}\n"
           "access:\n"
           "  tokens:\n"
           "    keys: [{id: main, algorithm: HS256, file: " +
           key_path +
           "}]\n"
           "    cookie: session\n"
           "    query: {name: ticket, lifetime_max: 120s}\n"
           "  keys:\n"
           "    - {name: billing, sha256: " +
           to_hex(sha256(kPublisherKey)) +
           ", publish: [\"*\"]}\n    - {name: ops, sha256: " + to_hex(sha256(kAdminKey)) +
           ", admin: true}\n"
           "log: {access: {to: stderr}}\n"
           "channels:\n"
           "  private: {access: {subscribe: token, publish: [token, key]}}\n";
  }

  static std::string token(std::string_view more) {
    const uint64_t exp = wall_now_ms() / 1000 + 100;
    return hs256_token(
        "{\"sub\":\"alice\",\"channels\":[\"private\"],\"note\":\"MARKER\",\"exp\":" +
        std::to_string(exp) + std::string(more) + "}");
  }
  static std::string bearer(std::string_view credential) {
    return "Authorization: Bearer " + std::string(credential) + "\r\n";
  }

  // What is said to `request_text` until the answer, or a stream's head, is there.
  std::string head_of(uint16_t port, const std::string& request_text) {
    TcpClient client(port);
    client.send(request_text);
    return client.read_until("\r\n\r\n");
  }
};

TEST_F(Secrets, AreNeverWrittenDownNorSaidAgain) {
  const TemporaryFile key(std::string(kTestSecret) + "\n");
  ServingProgram program(config(key.path()));
  const uint16_t port = program.port();
  const std::string good = token("");
  const std::string bad = good.substr(0, good.rfind('.') + 1) + "MARKERMARKERMARKER";
  const std::string expired = hs256_token(R"({"sub":"MARKER","exp":1000000000})");
  const std::string secrets[] = {good,
                                 bad,
                                 expired,
                                 std::string(kPublisherKey),
                                 std::string(kAdminKey),
                                 std::string(kUnknownKey)};
  std::string said;
  std::string statuses;
  for (const std::string& secret : secrets) {
    for (const std::string& request_text :
         {get("/channels/private", bearer(secret)),
          get("/channels/private", "Cookie: other=MARKER; session=" + secret + "\r\n"),
          get("/channels/private?ticket=" + secret),
          get("/events?channel=private&ticket=" + secret), get("/channels/MARKERnowhere/" + secret),
          get("/nowhere?ticket=" + secret),
          get("/channels/private", "Authorization: Basic " + secret + "\r\n"),
          get("/channels/private", bearer(secret) + bearer(secret)),
          get("/channels/private", "X-" + secret + ": \x01\r\n"),
          post("/channels/private", "MARKER body", bearer(secret) + "Idempotency-Key: MARKER\r\n"),
          post("/events", "{\"channel\":\"private\",\"data\":\"MARKER\",\"typo\":\"MARKER\"}",
               bearer(secret)),
          get("/metrics", bearer(secret)), get("/channels", bearer(secret)),
          post("/revoke?subject=nobody&" + secret, "", bearer(secret)),
          "GET /" + secret + " HTTP/9.9\r\n\r\n", secret + "\r\n\r\n"}) {
      const std::string answer = head_of(port, request_text);
      said += answer;
      statuses += answer.substr(9, 4);
    }
  }
  for (const char* status : {"200", "201", "400", "401", "403", "505"}) {
    EXPECT_NE(statuses.find(status), std::string::npos) << "nobody was answered " << status;
  }
  // While a stream is open that was opened with a token.
  SseClient stream(port, "/channels/private",
                   {.format = WireFormat::kChunked, .extra = bearer(good)});
  for (const char* target : {"/metrics", "/channels", "/channels/private", "/connections"}) {
    const HttpResponse page =
        ask(port, get(target, bearer(kAdminKey) + "Accept: application/json\r\n"));
    EXPECT_EQ(page.status, 200) << target;
    said += page.body;
  }
  program.process().send_signal(SIGTERM);
  const ChildEnd end = program.process().wait();
  EXPECT_GE(std::ranges::count(end.err, '\n'), 96) << "a line for each connection";
  EXPECT_NE(end.err.find("refused=\""), std::string::npos) << "why is for operators to know";
  said += end.out + end.err;
  EXPECT_NE(end.err.find("\"GET /channels/MARKERnowhere/[redacted]\""), std::string::npos);
  for (const std::string& secret : secrets) {
    for (size_t at = said.find(secret); at != said.npos; at = said.find(secret, at + 1)) {
      const size_t line = said.rfind('\n', at) + 1;
      ADD_FAILURE() << said.substr(line, said.find('\n', at) - line);
    }
    const std::string signature = secret.substr(secret.rfind('.') + 1);
    EXPECT_EQ(said.find(signature), std::string::npos) << signature;
  }
}

}  // namespace
}  // namespace ringcast
