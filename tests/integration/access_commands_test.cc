// `ringcast token mint`, `ringcast token check` and `ringcast key new`, as somebody at a terminal uses them; and that nothing
// the program ever prints has a secret in it.
#include <gtest/gtest.h>

#include "tests/support/http_client.h"
#include "tests/support/ringcast_program.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr const char* kSecret = "MARKERSECRET-MARKERSECRET-MARKERSECRET\n";

// The output without its last line end.
std::string output_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {kRingcast};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ChildEnd end = run(command);
  EXPECT_EQ(end.status, 0) << end.out << end.err;
  if (end.out.ends_with('\n')) end.out.pop_back();
  return end.out;
}

// What it says when it cannot.
std::string complaint_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {kRingcast};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const ChildEnd end = run(command);
  EXPECT_EQ(end.status, 1) << end.out;
  EXPECT_EQ((end.out + end.err).find("MARKER"), std::string::npos) << end.out << end.err;
  return end.out + end.err;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class AccessCommands : public testing::Test {
 protected:
  // Whatever stands on `line` of access.keys.
  [[nodiscard]] std::string config(const std::string& key_line = "") const {
    return "listeners: [{bind: 127.0.0.1:0, serve: [subscribe, publish, admin]}]\n"
           "access:\n"
           "  tokens:\n"
           "    keys: [{id: main, algorithm: HS256, file: " +
           key_.path() +
           "}]\n"
           "    query: {}\n"
           "  keys:\n" +
           (key_line.empty() ? "    []" : key_line) +
           "\n"
           "channels:\n"
           "  news: {access: {subscribe: token, publish: [" +
           (key_line.empty() ? "token" : "key") +
           "]}}\n"
           "  inbox/{recipient}: {access: {subscribe: recipient}}\n";
  }
  [[nodiscard]] std::string mint(std::vector<std::string> more) const {
    more.insert(more.begin(), {"token", "mint", "--key", key_.path()});
    return output_of(more);
  }

  const TemporaryFile key_{kSecret};
};

TEST_F(AccessCommands, AMintedTokenOpensWhatCheckSaysItDoes) {
  const std::string token =
      mint({"--sub", "alice", "--id", "t-1", "--channels", "news", "--ttl", "90s"});
  const TemporaryFile file(config());
  const std::string said = output_of({"token", "check", "--config", file.path(), token});
  EXPECT_TRUE(has(said, "It is good, and speaks for \"alice\".")) << said;
  EXPECT_TRUE(has(said, "It can be revoked by its jti, \"t-1\".")) << said;
  EXPECT_TRUE(has(said, "; so do its streams.")) << said;
  EXPECT_TRUE(has(said, "news               yes: by \"news\"")) << said;
  EXPECT_TRUE(has(said, "inbox/{recipient}  yes: \"inbox/alice\" alone, by its sub")) << said;
  EXPECT_TRUE(has(said, "news               no: its publish does not name it")) << said;
  EXPECT_TRUE(has(said, "In a URL it is accepted as well.")) << said;
  EXPECT_FALSE(has(said, token.substr(token.rfind('.')))) << said;

  ServingProgram program(config());
  const std::string header = "Authorization: Bearer " + token + "\r\n";
  EXPECT_EQ(ask(program.port(), get("/channels/inbox/bob", header)).status, 403);
  HttpClient client(program.port());
  client.send(request("HEAD", "/events?channel=news&channel=inbox/alice", header));
  EXPECT_EQ(client.read_head().status, 200);
}

TEST_F(AccessCommands, CheckSaysWhyATokenIsRefused) {
  const TemporaryFile file(config());
  const auto check = [&](const std::string& token) {
    return complaint_of({"token", "check", "--config", file.path(), token});
  };
  EXPECT_TRUE(has(check(mint({"--ttl", "0s"})), "Refused: it has expired"));
  EXPECT_TRUE(has(check(mint({"--ttl", "none"})), "Refused: it has no exp"));
  EXPECT_TRUE(has(check(mint({"--kid", "other"})), "Refused: no configured key has its kid"));
  EXPECT_TRUE(has(check("eyJhbGciOiJub25lIn0.e30."), "Refused: it is not signed"));
  EXPECT_TRUE(has(check("MARKER.a.b"), "Refused: "));
  EXPECT_TRUE(has(check("rck_MARKER"), "Refused: it is neither a token nor a key"));
  const TemporaryFile other_key("another secret, which the server does not know\n");
  EXPECT_TRUE(has(check(output_of({"token", "mint", "--key", other_key.path()})),
                  "Refused: its signature is not that of a configured key"));
  EXPECT_TRUE(has(output_of({"token", "check", "--config", file.path(), mint({})}),
                  "In a URL it is refused: it expires later than"));
}

TEST_F(AccessCommands, ANewKeyIsPrintedOnceWithTheLineThatMakesItKnown) {
  const std::string said = output_of({"key", "new", "billing", "--publish", "news"});
  const std::string key = said.substr(0, said.find('\n'));
  EXPECT_TRUE(key.starts_with("rck_")) << said;
  EXPECT_EQ(said.find(key, 1), std::string::npos) << "once";
  const std::string line = said.substr(said.rfind('\n') + 1);
  EXPECT_TRUE(line.starts_with("    - {name: \"billing\", sha256: ")) << line;

  const TemporaryFile file(config(line));
  const std::string checked = output_of({"token", "check", "--config", file.path(), key});
  EXPECT_TRUE(has(checked, "It is the key \"billing\", which may not administer.")) << checked;
  ServingProgram program(config(line));
  const auto publish = [&](const std::string& extra) {
    return ask(program.port(), post("/channels/news", "x", extra)).status;
  };
  EXPECT_EQ(publish("Authorization: Bearer " + key + "\r\n"), 201);
  EXPECT_EQ(publish("Authorization: Bearer " + key + "x\r\n"), 401);
  EXPECT_EQ(publish(""), 401);
}

TEST_F(AccessCommands, WhatCannotBeDoneIsSaidWithItsRemedy) {
  const TemporaryFile short_key("MARKER");
  const auto mint_with = [](const std::string& file, const std::string& algorithm) {
    return complaint_of({"token", "mint", "--key", file, "--algorithm", algorithm});
  };
  EXPECT_TRUE(has(mint_with(short_key.path(), "HS256"), "has 6 bytes, and HS256 needs 32"));
  EXPECT_TRUE(has(mint_with(key_.path(), "ES256"), "is no PEM file with a private key"));
  EXPECT_TRUE(has(mint_with(key_.path(), "none"), "is none of: HS256, RS256, ES256, EdDSA"));
  EXPECT_TRUE(has(mint_with("/nonexistent", "HS256"), "cannot be read"));
  EXPECT_TRUE(has(complaint_of({"token", "mint", "--key", key_.path(), "--ttl", "1"}),
                  "--ttl \"1\" has no unit"));
  EXPECT_TRUE(has(complaint_of({"token", "mint", "--key", key_.path(), "--ttl", "36501d"}),
                  "--ttl is too long"));
  EXPECT_TRUE(has(complaint_of({"key", "new", "a", "--publish", "*/x"}), "--publish \"*/x\""));
  for (const char* const option : {"--sub", "--id"}) {
    EXPECT_TRUE(has(complaint_of({"token", "mint", "--key", key_.path(), option, "\xff"}),
                    "a token holds UTF-8 text only"));
  }
  const TemporaryFile bad(
      "access: {tokens: {keys: [{id: a, algorithm: HS256, file: " + short_key.path() + "}]}}\n");
  EXPECT_TRUE(has(complaint_of({"check", bad.path()}), "has 6 bytes, and HS256 needs 32"));
  EXPECT_TRUE(has(complaint_of({"serve", "--config", bad.path()}), "has 6 bytes"));
}

// Whatever is asked of the server with whatever secrets, none comes out of it.
TEST_F(AccessCommands, TheProgramPrintsNoSecret) {
  const std::string token = mint({"--sub", "alice", "--channels", "news", "--ttl", "60s"});
  const TemporaryFile file(config());
  EXPECT_FALSE(has(output_of({"config", "--effective", file.path()}), "MARKER"));
  ServingProgram program("log: {access: {to: stderr}}\n" + config());
  const std::string marker = "Authorization: Bearer MARKER.MARKER.MARKER\r\n";
  (void)ask(program.port(), get("/channels/news?ticket=MARKER", marker));
  (void)ask(program.port(), get("/channels/news?ticket=MARKER"));
  (void)ask(program.port(), post("/channels/news?ticket=MARKER", "MARKER", marker));
  HttpClient client(program.port());
  client.send(request("HEAD", "/channels/news?ticket=" + token, ""));
  EXPECT_EQ(client.read_head().status, 200);
  client.close();
  EXPECT_FALSE(has(ask(program.port(), get("/metrics")).body, "MARKER"));
  program.process().send_signal(SIGTERM);
  const ChildEnd end = program.process().wait();
  EXPECT_TRUE(has(end.err, "refused=\"")) << "the operator is told why: " << end.err;
  for (const std::string& printed : {end.out, end.err}) {
    EXPECT_FALSE(has(printed, "MARKER")) << printed;
    EXPECT_FALSE(has(printed, token.substr(token.rfind('.')))) << printed;
  }
}

}  // namespace
}  // namespace ringcast
