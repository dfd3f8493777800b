// Clients that others have written, as a second opinion: eventsource-parser reads what the
// reference parser reads, and eventsource subscribes to the program itself. The scripts are in
// tests/npm/.
//
// Their packages are installed into the build directory, once. Where that is impossible nothing is
// tested, which is reported as skipped, and on a CI machine is an error.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "engine/access/token.h"
#include "tests/support/hostile_stream.h"
#include "tests/support/http_client.h"
#include "tests/support/ringcast_program.h"

namespace ringcast {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using nlohmann::json;

constexpr int kSkipped = 77;  // what the build has told ctest
const fs::path kScripts = RINGCAST_NPM_SCRIPTS;
const fs::path kInstalled = RINGCAST_NPM_INSTALLED;

// Set-up
// -------------------------------------------------------------------------------------------

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A note beside the packages says which lock file they were installed from; it is written last, so
// that half an installation is none.
bool is_installed() {
  const std::string wanted = contents(kScripts / "package-lock.json");
  return fs::exists(kInstalled / "node_modules") &&
         contents(kInstalled / "installed-lock.json") == wanted;
}

ChildEnd run_npm() {
  // A registry that cannot be reached should be found out soon.
  return run({"/usr/bin/env", "npm", "ci", "--prefix", kInstalled, "--prefer-offline", "--no-audit",
              "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=500",
              "--fetch-retry-maxtimeout=1000", "--fetch-timeout=15000", "--loglevel=error"});
}

// Why the packages could not be installed, in one line; nothing when they are there.
std::optional<std::string> install() {
  for (const auto& entry : fs::directory_iterator(kScripts)) {
    fs::create_directories(kInstalled);
    fs::copy(entry, kInstalled / entry.path().filename(), fs::copy_options::overwrite_existing);
  }
  if (is_installed()) return std::nullopt;
  try {
    const ChildEnd npm = run_npm();
    if (npm.status == 127) return "npm is not installed; install Debian's packages nodejs and npm";
    if (npm.status != 0) return "npm ci failed: " + npm.err.substr(0, npm.err.find('\n'));
  } catch (const std::runtime_error& failure) {
    return "npm ci: "s + failure.what();
  }
  fs::copy(kScripts / "package-lock.json", kInstalled / "installed-lock.json",
           fs::copy_options::overwrite_existing);
  return std::nullopt;
}

// Runs a script to its end and returns the line it ends with.
std::string run_script(const char* name, const std::string& argument) {
  const ChildEnd end = run({"/usr/bin/env", "node", kInstalled / name, argument});
  EXPECT_EQ(end.status, 0) << end.out << end.err;
  return end.out;
}

// The same streams, read twice
// -------------------------------------------------------------------------------------------

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte / 16], kDigits[byte % 16]};
  }
  return text;
}

// What parser_check.mjs reads and compares.
json vector_of(std::string name, std::string_view stream) {
  const StreamReading reading = read_every_way(stream);
  json events = json::array();
  for (const DispatchedEvent& event : reading.events) {
    events.push_back({{"id", event.last_event_id}, {"type", event.type}, {"data", event.data}});
  }
  json retry;
  if (reading.retry_ms) retry = *reading.retry_ms;
  return {{"name", std::move(name)},
          {"hex", hex(stream)},
          {"events", std::move(events)},
          {"retry", std::move(retry)},
          {"comments", reading.comments}};
}

// Streams ringcast would never send, on which the two parsers must agree all the same, or neither
// is worth much as a judge. A CR at the very end is left out: eventsource-parser waits to see
// whether an LF follows. So are ids without data, which it forgets.
const std::pair<const char*, std::string> kForeignStreams[] = {
    {"nothing", ""},
    {"LF", ":\nid: 1\nevent: t\ndata: a\ndata: b\n\ndata\n\n"},
    {"CR", ":\rid: 1\revent: t\rdata: a\rdata: b\r\rdata\r\r:\n"},
    {"CR LF", ":\r\nid: 1\r\nevent: t\r\ndata: a\r\ndata: b\r\n\r\ndata\r\n\r\n"},
    {"mixed line ends", "data: a\rdata: b\r\ndata: c\n\r\ndata: d\n\r:\r\r\n\n"},
    {"a byte order mark", "\uFEFFdata: a\n\n"},
    {"a byte order mark later", "data: a\n\n\uFEFFdata: b\n\ndata: \uFEFF\n\n"},
    {"two byte order marks", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n"},
    {"wrong bytes", "data: \xFF\xC0\xAF\xED\xA0\x80\xE2\x80\ndata: \xF0\x9F\x98\n\n"},
    {"wrong bytes in names", "dat\xC1: a\nevent: \xF4\x90\x80\x80\ndata: b\n\n"},
    {"a cut character before a whole one", "data: \xE2\x80\xE2\x80\xA6 \xC2\xC2\xA9\n\n"},
    {"ids", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: \u2026\ndata: d\n\n"},
    {"an id with a NUL", "id: 1\ndata: a\n\nid: \0 2\ndata: b\n\n"s},
    {"an id twice", "id: 1\nid: 2\ndata: a\n\n"},
    {"no data", "event: t\n\n\n\nretry: 5\n\ndata: a\n\n"},
    {"spaces", "data:a\ndata: b\ndata:  c\ndata:\td\ndata: \n\nevent:  t \ndata:\n\n"},
    {"colons", "data:: a\n\ndata: b: c\n\n: comment\n:comment\n::\n"},
    {"no colons", "data\ndata\n\nevent\ndata\n\nid\ndata\n\n"},
    {"names of other fields", "Data: a\n data: b\ndata : c\ndatas: d\nx\ndata: e\n\n"},
    {"a name with a NUL", "data\0: a\ndata: b\n\n"s},
    {"NUL in data", "data: \0\ndata: a\0b\n\n"s},
    {"a type twice", "event: a\nevent: b\ndata: 1\n\nevent: a\nevent\ndata: 2\n\n"},
    {"fields in another order", "data: 1\nevent: t\nid: 7\ndata: 2\n\n"},
    {"delays", "retry: 1\nretry: 2\nretry: 3x\nretry: -4\nretry:  5\nretry\nretry: 1e3\n"},
    {"a delay with zeros", "retry: 03000\n"},
    {"an unfinished event", "data: a\n\nid: 2\nevent: t\ndata: b\n"},
    {"an unfinished line", "data: a\n\ndata: b\n\ndata: c"},
    {"an unfinished character", "data: a\n\ndata: \xF0\x9F"},
};

json all_vectors() {
  json vectors = json::array();
  for (const auto& [name, stream] : kForeignStreams) vectors.push_back(vector_of(name, stream));
  for (const uint64_t seed : seeds(300)) {
    Dice dice(seed);
    const bool is_long = seed % 10 == 0;
    const HostileStream published(dice, is_long ? 50 : 3, is_long ? 40 : 4);
    vectors.push_back(vector_of("RC_SEED=" + std::to_string(seed), published.raw()));
  }
  return vectors;
}

TEST(NpmClients, EventsourceParserReadsEveryStreamAsTheReferenceParserDoes) {
  const json vectors = all_vectors();
  const TemporaryFile file(vectors.dump());
  const std::string line = run_script("parser_check.mjs", file.path());
  EXPECT_TRUE(line.starts_with(std::to_string(vectors.size()) + " streams read alike")) << line;
}

// A program whose `news` has these options. An eventsource waits as long as the stream tells it to, and
// nobody wants to wait for it.
std::string config_with_news(const std::string& options) {
  std::string config = program_config();
  const std::string channel = "news: {}";
  const size_t at = config.find(channel);
  if (at == std::string::npos) throw std::runtime_error("the configuration has no news");
  return config.replace(at, channel.size(), "news: " + options);
}

TEST(NpmClients, EventsourceReceivesWhatIsPublishedAndComesBackWithItsLastId) {
  ServingProgram program(config_with_news("{retry: 500ms..500ms}"));
  const std::string line = run_script("live_check.mjs", std::to_string(program.port()));
  EXPECT_TRUE(line.ends_with(" events received as published\n")) << line;
}

TEST(NpmClients, EventsourceThatIsCutOffLosesAndRepeatsNothingAndIsToldOfGaps) {
  ServingProgram program(
      config_with_news("{retry: 500ms..500ms}\n"
                       "  short: {retry: 500ms..500ms, history: {events: 2}}"));
  const std::string line = run_script("resume_check.mjs", std::to_string(program.port()));
  EXPECT_EQ(line, "240 events received once and in order, and one gap\n");
}

// Tokens
// --------------------------------------------------------------------------------------------------

// What jose has signed is read here as it was meant, for every algorithm, by key file and by JWK set.
TEST(NpmClients, TokensThatJoseHasMadeAreAcceptedOrRefusedOneByOne) {
  const fs::path folder = fs::path(testing::TempDir()) / ("jose-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const json made = json::parse(run_script("jose_tokens.mjs", folder));
  TokensConfig config{.jwks = folder / "jwks.json"};
  for (const char* const name : {"HS256", "RS256", "ES256", "EdDSA"}) {
    config.keys.push_back({name, *signature_algorithm(name), folder / (name + ".key"s)});
  }
  const std::vector<TokenKey> keys = load_token_keys(config).value();
  EXPECT_EQ(keys.size(), 8U);
  fs::remove_all(folder);
  EXPECT_GE(made["tokens"].size(), 90U);
  for (const json& one : made["tokens"]) {
    TokensConfig rules;
    rules.issuer = one["rules"].value("issuer", "");
    rules.audience = one["rules"].value("audience", "");
    rules.type = one["rules"].value("type", "");
    rules.leeway = std::chrono::seconds(one["rules"].value("leeway", 0));
    const TokenReading reading = read_token(one["token"].get<std::string>(), keys, rules,
                                            static_cast<int64_t>(wall_now_ms()));
    EXPECT_EQ(reading.fault == TokenFault::kNone, one["good"].get<bool>())
        << one["name"] << ": " << describe(reading.fault);
  }
}

}  // namespace

int run_npm_clients_tests() {
  if (const std::optional<std::string> reason = install()) {
    const bool on_ci = std::getenv("CI") != nullptr;
    std::cerr << (on_ci ? "error" : "skipped") << ": npm clients not tested: " << *reason << '\n';
    return on_ci ? EXIT_FAILURE : kSkipped;
  }
  return RUN_ALL_TESTS();
}

}  // namespace ringcast

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return ringcast::run_npm_clients_tests();
}
