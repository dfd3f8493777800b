#include "tools/access_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

#include "engine/access/explain.h"
#include "engine/access/mint.h"
#include "engine/config/load.h"
#include "engine/config/quoted.h"
#include "engine/config/text_checks.h"
#include "engine/config/units.h"
#include "engine/utf8.h"

namespace {

using namespace ringcast;

constexpr int kCannot = 1;

// A century: no clock that looks at the token is still running then.
constexpr milliseconds kTtlMax = std::chrono::hours(24 * 36'500);

int cannot(std::string_view what) {
  fmt::print(stderr, "ringcast: {}\n", what);
  return kCannot;
}

int64_t now_ms() {
  return static_cast<int64_t>(wall_now_ms());
}

// What the token says of a time to live; an Error names the remedy.
Result<std::optional<int64_t>> expiry(const std::string& ttl) {
  if (ttl == "none") return std::optional<int64_t>{};
  Result<milliseconds> parsed = parse_duration(ttl);
  if (!parsed) return Error{"--ttl " + parsed.error().message};
  if (*parsed > kTtlMax) return Error{"--ttl is too long; the longest is 36500d"};
  return std::optional<int64_t>{(now_ms() + parsed->count()) / 1000};
}

bool are_utf8(const std::vector<std::string>& texts) {
  return std::ranges::all_of(texts, [](const std::string& text) { return is_utf8(text); });
}

// Given on the command line, a token is in the shell's history and in every listing of processes.
std::string read_line() {
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

AccessCommands::AccessCommands(CLI::App& app) {
  CLI::App* const token = app.add_subcommand("token", "Try tokens out");
  token->require_subcommand(1);
  add_mint(*token);
  add_check(*token);
  add_key(app);
}

void AccessCommands::add_mint(CLI::App& token) {
  mint_command_ = token.add_subcommand("mint",
                                       "Print a token, for trying things out; your own application "
                                       "makes those of its users");
  mint_command_
      ->add_option("--key", mint_.key_file,
                   "the file with the secret (HS256) or the private key (PEM)")
      ->required();
  mint_command_->add_option("--algorithm", mint_.algorithm, "HS256, RS256, ES256 or EdDSA")
      ->capture_default_str();
  mint_command_->add_option("--sub", mint_.subject, "whom it speaks for");
  mint_command_->add_option("--id", mint_.id, "its jti: a name of its own, to revoke it by");
  mint_command_->add_option("--channels", mint_.channels, "what it may read, such as news rooms/*");
  mint_command_->add_option("--publish", mint_.publish, "what it may publish to");
  mint_command_->add_option("--ttl", mint_.ttl, "how long it is good: 15m, 1h, 7d, or none")
      ->capture_default_str();
  mint_command_->add_option("--kid", mint_.key_id, "the id of the key, where there are several");
  mint_command_->add_option("--type", mint_.type, "its typ")->capture_default_str();
  mint_command_->add_option("--issuer", mint_.issuer, "its iss");
  mint_command_->add_option("--audience", mint_.audience, "its aud");
}

void AccessCommands::add_check(CLI::App& token) {
  check_command_ =
      token.add_subcommand("check", "Say what a token or key opens, or why it is refused");
  check_command_->add_option("--config", check_.config, "the configuration file")->required();
  check_command_->add_option("TOKEN", check_.token,
                             "the token or key; - or nothing reads it from standard input, which "
                             "keeps it out of the shell's history");
}

void AccessCommands::add_key(CLI::App& app) {
  CLI::App* const key = app.add_subcommand("key", "Make static keys");
  key->require_subcommand(1);
  key_command_ = key->add_subcommand(
      "new", "Print a new key, once, and the line that makes the server know it");
  key_command_->add_option("NAME", key_.name, "whose it is")->required();
  key_command_->add_option("--publish", key_.publish,
                           "the channels it may publish to, such as news inbox/*");
  key_command_->add_flag("--admin", key_.admin, "whether it may administer");
}

std::optional<int> AccessCommands::run() const {
  if (*mint_command_) return mint();
  if (*check_command_) return check();
  if (*key_command_) return new_key();
  return std::nullopt;
}

int AccessCommands::mint() const {
  const auto algorithm = signature_algorithm(mint_.algorithm);
  if (!algorithm) {
    return cannot(fmt::format("--algorithm {} is none of: HS256, RS256, ES256, EdDSA",
                              excerpt(mint_.algorithm)));
  }
  const bool is_text =
      are_utf8(mint_.channels) && are_utf8(mint_.publish) &&
      are_utf8({mint_.subject, mint_.id, mint_.issuer, mint_.audience, mint_.key_id, mint_.type});
  if (!is_text) return cannot("a token holds UTF-8 text only; one of the options is not");
  const Result<std::optional<int64_t>> expires_s = expiry(mint_.ttl);
  if (!expires_s) return cannot(expires_s.error().message);
  Result<SigningKey> key = load_signing_key(mint_.key_file, *algorithm);
  if (!key) return cannot(key.error().message);
  const TokenClaims claims{.subject = mint_.subject,
                           .id = mint_.id,
                           .channels = mint_.channels,
                           .publish = mint_.publish,
                           .issuer = mint_.issuer,
                           .audience = mint_.audience,
                           .expires_s = expires_s.value()};
  fmt::print("{}\n", mint_token(*key, claims, mint_.key_id, mint_.type));
  return 0;
}

int AccessCommands::check() const {
  LoadedConfig loaded = load_config_file(check_.config);
  for (const ConfigProblem& problem : loaded.problems) {
    fmt::print(stderr, "{}\n", describe(problem, check_.config));
  }
  if (!loaded.config) return kCannot;
  Result<std::unique_ptr<Access>> access = Access::create(*loaded.config);
  if (!access) return cannot("access: " + access.error().message);
  const std::string token = check_.token == "-" ? read_line() : check_.token;
  const int64_t now = now_ms();
  const Identity identity = (*access)->identify(token, now);
  fmt::print("{}", explain(identity, *loaded.config, now));
  if (!identity.is_known) return kCannot;
  if (loaded.config->access.tokens.query && identity.bearer.kind == Bearer::Kind::kToken) {
    const Identity ticket = (*access)->identify_ticket(token, now);
    fmt::print("In a URL it is {}.\n",
               ticket.is_known ? "accepted as well" : fmt::format("refused: {}", ticket.why));
  }
  return 0;
}

int AccessCommands::new_key() const {
  std::vector<std::string> patterns;
  for (const std::string& pattern : key_.publish) {
    if (const Result<> checked = check_name_pattern(pattern); !checked) {
      return cannot("--publish " + checked.error().message);
    }
  }
  for (const std::string& pattern : key_.publish) patterns.push_back(ringcast::quoted(pattern));
  const std::string key = new_api_key();
  fmt::print("{}\n\n", key);
  fmt::print(
      "Give this key to whoever is {}: it is not stored anywhere, and not shown again.\n"
      "To make the server know it, add this line below access.keys:\n"
      "    - {{name: {}, sha256: {}, publish: [{}], admin: {}}}\n",
      excerpt(key_.name), ringcast::quoted(key_.name), to_hex(sha256(key)),
      fmt::join(patterns, ", "), key_.admin);
  return 0;
}
