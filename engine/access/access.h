// Access: who may read, publish and administer. Made from the configuration, asked by every shard, and exchanged as a whole
// when keys change (current_access.h).
//
//     const Identity who = access.identify(credential, now_ms);      // a token, or a static key
//     if (!who.is_known) …                                           // 401
//     switch (access.may_read(who.bearer, channel, name)) …          // the stream, 401 or 403
//
// Nobody is asked for a credential where none is needed. Where one is, whoever is refused learns nothing: not why, and not
// whether what they asked for exists. `Identity::why` is for logs and for `ringcast token check`.
//
// Threads: any; immutable. Memory: the keys; identify() needs a few times the credential's size while it runs.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/access/bearer.h"
#include "engine/access/token.h"
#include "engine/access/token_keys.h"
#include "engine/config/config.h"

namespace ringcast {

enum class Verdict : uint8_t {
  kYes,
  kUnknown,  // not without a credential: 401
  kNo,       // not with this one: 403
};

struct Identity {
  bool is_known = false;
  Bearer bearer{};
  std::string_view why{};  // when not: for logs alone, and without anything of the credential
};

// How many keys there are, of either kind.
struct KeyCounts {
  size_t token_keys = 0;
  size_t static_keys = 0;
};

class Access {
 public:
  // Reads the key files. Fails as load_token_keys() does.
  [[nodiscard]] static Result<std::unique_ptr<Access>> create(const Config& config);

  // Who sent `credential` at the wall-clock time `now_ms`. A text without a dot is a static key, any other a token.
  [[nodiscard]] Identity identify(std::string_view credential, int64_t now_ms) const;

  // The same for one that came in a URL: a token, and one that expires soon.
  [[nodiscard]] Identity identify_ticket(std::string_view ticket, int64_t now_ms) const;

  // Whether `bearer` may read what `name` stands for in `channel`. `name` matters where the channel is a pattern.
  [[nodiscard]] static Verdict may_read(const Bearer& bearer, const ChannelConfig& channel,
                                        std::string_view name) noexcept;

  // Whether `bearer` may publish there, having come through a listener that only this machine reaches, or another.
  [[nodiscard]] static Verdict may_publish(const Bearer& bearer, const ChannelConfig& channel,
                                           std::string_view name, bool is_local) noexcept;

  [[nodiscard]] static bool may_administer(const Bearer& bearer) noexcept {
    return bearer.is_admin;
  }

  // What is said of a name nobody has: with something to hide, the same as of one that this bearer may not use.
  [[nodiscard]] bool hides_from_readers() const noexcept { return hides_from_readers_; }
  [[nodiscard]] bool hides_from_publishers(bool is_local) const noexcept {
    return !is_local || hides_from_local_publishers_;
  }

  [[nodiscard]] const TokensConfig& tokens() const noexcept { return tokens_; }
  [[nodiscard]] KeyCounts key_counts() const noexcept {
    return {.token_keys = token_keys_.size(), .static_keys = keys_.size()};
  }

 private:
  explicit Access(const Config& config, std::vector<TokenKey> token_keys);
  [[nodiscard]] Identity identify_key(std::string_view key) const;
  [[nodiscard]] Identity identify_token(std::string_view token, int64_t now_ms) const;

  const TokensConfig tokens_;
  const std::vector<ApiKeyConfig> keys_;
  const std::vector<TokenKey> token_keys_;
  bool hides_from_readers_ = false;  // some channel is not for everybody
  bool hides_from_local_publishers_ =
      false;  // coming through loopback is not enough for all of them
};

// Whether only this machine reaches the listener, and no proxy that is declared brings others.
[[nodiscard]] bool is_local(const ListenerConfig& listener) noexcept;

// The name that `name` stands for where access is concerned: a pattern's names are told apart, a plain channel has but one,
// whatever path led to it.
[[nodiscard]] std::string_view access_name(const ChannelConfig& channel,
                                           std::string_view name) noexcept;

}  // namespace ringcast
