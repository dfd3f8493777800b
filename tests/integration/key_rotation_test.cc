// Keys that change while the program serves: SIGHUP takes over what is right, and says what is not; streams go on.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <list>
#include <thread>

#include "engine/access/mint.h"
#include "engine/base/clock.h"
#include "tests/support/ringcast_program.h"
#include "tests/support/sse_client.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

constexpr std::string_view kOtherSecret = "another-MARKER-secret-0123456789abcdef";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string bearer(std::string_view credential) {
  return "Authorization: Bearer " + std::string(credential) + "\r\n";
}

class KeyRotation : public testing::Test {
 protected:
  KeyRotation() {
    for (const TemporaryFile* file : {&old_key_, &new_key_}) ::chmod(file->path().c_str(), 0600);
  }

  static std::string key_in(const TemporaryFile& file) {
    return "{id: " + file.path().substr(file.path().rfind('/') + 1) +
           ", algorithm: HS256, file: " + file.path() + "}";
  }
  static std::string static_key(std::string_view name, std::string_view key) {
    return "{name: " + std::string(name) + ", sha256: " + to_hex(sha256(key)) +
           ", publish: [feed]}";
  }
  // Two shards; the channel `feed`, which wants tokens of its readers and keys of its publishers.
  static std::string config(const std::string& token_keys, const std::string& static_keys,
                            const std::string& more = "") {
    return "server: {shards: 2, max_connections: 200}\n"
           "listeners: [{bind: 127.0.0.1:0, serve: [subscribe, publish, admin]}]\n"
           "access: {tokens: {keys: [" +
           token_keys + "]}, keys: [" + static_keys +
           "]}\n"
           "channels:\n"
           "  feed: {access: {subscribe: token, publish: key}}\n" +
           more;
  }

  // Good for a while, and made with `secret`.
  static std::string token(std::string_view secret) {
    const SigningKey key = SigningKey::from_secret(secret).value();
    const TokenClaims claims{
        .subject = "alice",
        .channels = {"*"},
        .expires_s = static_cast<int64_t>(wall_now_ms() / 1000) + 3600,
    };
    return mint_token(key, claims, "", "JWT");
  }
  static int read_with(uint16_t port, std::string_view secret) {
    HttpClient client(port);
    client.send(request("HEAD", "/channels/feed", bearer(token(secret))));
    return client.read_head().status;
  }
  static int publish_with(uint16_t port, std::string_view key, std::string_view data = "x") {
    return ask(port, post("/channels/feed", data, bearer(key))).status;
  }
  static size_t reloads(uint16_t port, const std::string& outcome) {
    return metric(ask(port, get("/metrics")),
                  "ringcast_key_reloads_total{outcome=\"" + outcome + "\"}");
  }

  // Whatever stands in `file`, taken over; what the program says of it.
  static std::string take_over(ServingProgram& program) {
    program.process().send_signal(SIGHUP);
    return program.process().read_line();
  }
  // The lines that say why it was not.
  static std::vector<std::string> refuse(ServingProgram& program) {
    program.process().send_signal(SIGHUP);
    std::vector<std::string> lines;
    do {
      lines.push_back(program.process().read_error_line());
    } while (lines.back() != "ringcast: the keys stay as they were");
    lines.pop_back();
    return lines;
  }

  const TemporaryFile old_key_{std::string(kTestSecret) + "\n"};
  const TemporaryFile new_key_{std::string(kOtherSecret) + "\n"};
};

TEST_F(KeyRotation, OldAndNewKeyOverlapAndStreamsGoOn) {
  const std::string ann = static_key("ann", "rck_ann");
  const std::string ben = static_key("ben", "rck_ben");
  ServingProgram program(config(key_in(old_key_), ann));
  const uint16_t port = program.port();
  const size_t read_at_first =
      metric(ask(port, get("/metrics")), "ringcast_keys_read_timestamp_seconds");
  EXPECT_LE(read_at_first, wall_now_ms() / 1000);
  EXPECT_GE(read_at_first, wall_now_ms() / 1000 - 60);
  SseClient stream(port, "/channels/feed",
                   {.format = WireFormat::kChunked, .extra = bearer(token(kTestSecret))});
  EXPECT_EQ(publish_with(port, "rck_ann", "before"), 201);
  EXPECT_EQ(stream.next_event().data, "before");
  EXPECT_EQ(read_with(port, kOtherSecret), 401);
  EXPECT_EQ(publish_with(port, "rck_ben"), 401);

  program.file().write(config(key_in(old_key_) + "," + key_in(new_key_), ann + "," + ben));
  EXPECT_EQ(take_over(program), "ringcast: access taken over from " + program.file().path() +
                                    ": 2 token keys, 2 static keys");
  EXPECT_EQ(read_with(port, kTestSecret), 200);
  EXPECT_EQ(read_with(port, kOtherSecret), 200);
  EXPECT_EQ(publish_with(port, "rck_ann", "ann"), 201);
  EXPECT_EQ(publish_with(port, "rck_ben", "ben"), 201);
  EXPECT_EQ(stream.next_event().data, "ann");
  EXPECT_EQ(stream.next_event().data, "ben");

  program.file().write(config(key_in(new_key_), ben));
  EXPECT_TRUE(has(take_over(program), ": 1 token key, 1 static key"));
  EXPECT_EQ(read_with(port, kTestSecret), 401);
  EXPECT_EQ(read_with(port, kOtherSecret), 200);
  EXPECT_EQ(publish_with(port, "rck_ann"), 401);
  EXPECT_EQ(publish_with(port, "rck_ben", "after"), 201);
  EXPECT_EQ(stream.next_event().data, "after") << "its token is good, its key was";
  EXPECT_EQ(reloads(port, "taken"), 2U);
  EXPECT_EQ(reloads(port, "refused"), 0U);
  EXPECT_GE(metric(ask(port, get("/metrics")), "ringcast_keys_read_timestamp_seconds"),
            read_at_first);
  // Whoever wants to be rid of it at once ends it.
  EXPECT_EQ(ask(port, post("/revoke?subject=alice", "")).body, "{\"ended\":1}\n");
  EXPECT_TRUE(stream.read_to_end().empty());

  program.process().send_signal(SIGTERM);
  const ChildEnd end = program.process().wait();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, "ringcast: stopping\n");
  EXPECT_EQ(end.err, "");
}

// The configuration may stay as it is.
TEST_F(KeyRotation, KeyFilesAreReadAgain) {
  ServingProgram program(config(key_in(old_key_), static_key("ann", "rck_ann")));
  old_key_.write(kOtherSecret);
  EXPECT_EQ(read_with(program.port(), kTestSecret), 200) << "nobody has asked yet";
  EXPECT_TRUE(has(take_over(program), ": 1 token key, 1 static key"));
  EXPECT_EQ(read_with(program.port(), kTestSecret), 401);
  EXPECT_EQ(read_with(program.port(), kOtherSecret), 200);
}

TEST_F(KeyRotation, WhatIsWrongIsSaidAndTheOldKeysStay) {
  const std::string ann = static_key("ann", "rck_ann");
  const std::string good = config(key_in(old_key_), ann);
  ServingProgram program(good);
  const uint16_t port = program.port();
  SseClient stream(port, "/channels/feed",
                   {.format = WireFormat::kChunked, .extra = bearer(token(kTestSecret))});
  const TemporaryFile short_key("MARKER");
  const std::string missing = "{id: a, algorithm: HS256, file: /nonexistent/key}";
  const struct {
    std::string text;
    std::vector<std::string> says;  // a line each
  } kBroken[] = {
      {"access: {tokens", {"yaml:1:"}},
      {"", {"listeners: ", "channels: "}},
      {config(key_in(new_key_), ann, "  lobby: {typo: 1}\n"), {"channels.lobby.typo: "}},
      {config(key_in(new_key_), ""), {"channels.feed.access.publish: key needs a key"}},
      {config(key_in(short_key), ann), {"access.tokens.keys[0].file: ", "has 6 bytes"}},
      {config(missing, ann), {"access.tokens.keys[0].file: ", "cannot be read"}},
      {config("", ann), {"channels.feed.access.subscribe: needs tokens"}},
      {config(key_in(new_key_), "{name: a, sha256: MARKER, publish: [feed]}"),
       {"access.keys[0].sha256: is not the SHA-256 of a key"}},
  };
  size_t refused = 0;
  for (const auto& [text, says] : kBroken) {
    program.file().write(text);
    const std::vector<std::string> lines = refuse(program);
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    EXPECT_FALSE(lines.empty()) << text;
    for (const std::string& part : says) EXPECT_TRUE(has(all, part)) << part << "\n" << all;
    EXPECT_FALSE(has(all, "MARKER")) << all;
    EXPECT_EQ(read_with(port, kTestSecret), 200) << text;
    EXPECT_EQ(read_with(port, kOtherSecret), 401) << text;
    EXPECT_EQ(reloads(port, "refused"), ++refused);
  }
  ::unlink(program.file().path().c_str());
  EXPECT_TRUE(has(refuse(program).at(0), "cannot be read: No such file"));
  ASSERT_EQ(::mkfifo(program.file().path().c_str(), 0600), 0);
  EXPECT_TRUE(has(refuse(program).at(0), "is no regular file, and cannot be read again"));
  ::unlink(program.file().path().c_str());

  program.file().write(good);
  EXPECT_TRUE(has(take_over(program), ": 1 token key, 1 static key"));
  EXPECT_EQ(reloads(port, "taken"), 1U);
  EXPECT_EQ(publish_with(port, "rck_ann", "still here"), 201);
  EXPECT_EQ(stream.next_event().data, "still here");
}

TEST_F(KeyRotation, WhatElseIsInTheFileWaitsForARestart) {
  const std::string ann = static_key("ann", "rck_ann");
  ServingProgram program(config(key_in(old_key_), ann));
  const uint16_t port = program.port();
  program.file().write("limits: {headers: 50}\n" +
                       config(key_in(new_key_), ann, "  lobby: {}\n  hall: {}\n"));
  EXPECT_TRUE(has(take_over(program), ": 1 token key, 1 static key"));
  EXPECT_EQ(program.process().read_error_line(),
            "ringcast: " + program.file().path() +
                " differs from what is served in limits, channels, which takes a restart");
  EXPECT_EQ(read_with(port, kOtherSecret), 200);
  EXPECT_EQ(read_with(port, kTestSecret), 401);
  EXPECT_EQ(ask(port, get("/channels/lobby", bearer(token(kOtherSecret)))).status, 403);

  // In the file nobody needs keys any more; of what is served somebody does.
  program.file().write(
      "listeners: [{bind: 127.0.0.1:0, serve: [subscribe, publish, admin]}]\n"
      "channels: {feed: {}}\n");
  const std::vector<std::string> lines = refuse(program);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(has(lines[0], "differs from what is served in server, channels, which"));
  EXPECT_TRUE(has(lines[1] + lines[2],
                  "ringcast: access does not fit what is served: channels.feed.access.subscribe: "
                  "needs tokens"))
      << lines[1] << lines[2];
  EXPECT_TRUE(has(lines[1] + lines[2], "channels.feed.access.publish: key needs a key"));
  EXPECT_EQ(read_with(port, kOtherSecret), 200);
}

TEST_F(KeyRotation, ALateSighupDoesNotDisturbTheEnd) {
  ServingProgram program(config(key_in(old_key_), static_key("ann", "rck_ann")));
  const std::string whole = post("/channels/feed", "the last", bearer("rck_ann"));
  HttpClient client(program.port());
  client.send(whole.substr(0, whole.size() - 4));
  EXPECT_EQ(ask(program.port(), get("/healthz/live")).status, 200);
  program.process().send_signal(SIGTERM);
  EXPECT_EQ(program.process().read_line(), "ringcast: stopping");
  program.process().send_signal(SIGHUP);
  client.send(whole.substr(whole.size() - 4));
  EXPECT_EQ(client.read_response().status, 201);
  const ChildEnd end = program.process().wait();
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.status, 0);
}

// Goal: whoever is known before and after an exchange is known during it, on every shard, and whoever is not, is not.
// Method: visitors who ask all the time, while keys come and go around theirs; a publisher whose events all arrive.
TEST_F(KeyRotation, NobodyNoticesHoweverOftenKeysChange) {
  constexpr int kChanges = 60;
  const std::string ann = static_key("ann", "rck_ann");
  const std::string ben = static_key("ben", "rck_ben");
  const std::string few = config(key_in(old_key_), ann);
  const std::string many = config(key_in(new_key_) + "," + key_in(old_key_), ben + "," + ann);
  ServingProgram program(few);
  const uint16_t port = program.port();
  SseClient stream(port, "/channels/feed",
                   {.format = WireFormat::kChunked, .extra = bearer(token(kTestSecret))});
  std::atomic<bool> is_over = false;
  std::atomic<int> asked = 0;
  std::atomic<int> wrong = 0;
  std::list<std::jthread> visitors;
  struct Visitor {
    std::string_view secret;
    int status;
  };
  for (const auto& [secret, status] :
       {Visitor{kTestSecret, 200}, Visitor{"a secret that nobody ever had in a key file", 401}}) {
    visitors.emplace_back([&, credential = bearer(token(secret)), status] {
      while (!is_over) {
        HttpClient client(port);  // each to the shard that takes it
        for (int i = 0; i < 4; ++i, ++asked) {
          client.send(request("HEAD", "/channels/feed", credential));
          if (client.read_head().status != status) ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < kChanges; ++i) {
    program.file().write(i % 2 == 0 ? many : few);
    EXPECT_TRUE(has(take_over(program), i % 2 == 0 ? "2 token keys, 2 static" : "1 token key, 1"));
    EXPECT_EQ(read_with(port, kOtherSecret), i % 2 == 0 ? 200 : 401);
    EXPECT_EQ(publish_with(port, "rck_ben", "b"), i % 2 == 0 ? 201 : 401);
    EXPECT_EQ(publish_with(port, "rck_ann", "a"), 201);
  }
  // Signals that come faster than files can be read are as good as one.
  for (int i = 0; i < kChanges; ++i) program.process().send_signal(SIGHUP);
  EXPECT_EQ(publish_with(port, "rck_ann", "end"), 201);
  is_over = true;
  visitors.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(asked, kChanges);
  size_t events = 1;
  while (stream.next_event().data != "end") ++events;
  EXPECT_EQ(events, kChanges + kChanges / 2 + 1U);
  EXPECT_EQ(reloads(port, "refused"), 0U);
  EXPECT_TRUE(comes_true([&] { return reloads(port, "taken") > kChanges; }));
  EXPECT_LE(reloads(port, "taken"), 2U * kChanges);
  program.process().send_signal(SIGTERM);
  const ChildEnd end = program.process().wait();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.err, "");
}

}  // namespace
}  // namespace ringcast
