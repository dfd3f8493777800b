#include "engine/access/access.h"

#include <algorithm>

#include "engine/channel_name.h"

namespace ringcast {

namespace {

bool covers(const std::vector<NamePattern>& patterns, std::string_view name) noexcept {
  return std::ranges::any_of(patterns,
                             [&](const NamePattern& pattern) { return pattern.covers(name); });
}

Bearer bearer_of(const ApiKeyConfig& key) {
  Bearer bearer{.kind = Bearer::Kind::kKey, .subject = key.name, .is_admin = key.admin};
  for (const std::string& pattern : key.publish) bearer.publishes.emplace_back(pattern);
  return bearer;
}

}  // namespace

Result<std::unique_ptr<Access>> Access::create(const Config& config) {
  Result<std::vector<TokenKey>> keys = load_token_keys(config.access.tokens);
  if (!keys) return keys.error();
  return std::unique_ptr<Access>(new Access(config, std::move(*keys)));
}

Access::Access(const Config& config, std::vector<TokenKey> token_keys)
    : tokens_(config.access.tokens), keys_(config.access.keys), token_keys_(std::move(token_keys)) {
  for (const ChannelConfig& channel : config.channels) {
    hides_from_readers_ |= channel.access.subscribe != SubscribeAccess::kPublic;
    hides_from_local_publishers_ |= !channel.access.publish.loopback;
  }
}

Identity Access::identify(std::string_view credential, int64_t now_ms) const {
  return credential.find('.') == credential.npos ? identify_key(credential)
                                                 : identify_token(credential, now_ms);
}

// Every key is compared, so that the time taken says nothing about which one came close.
Identity Access::identify_key(std::string_view key) const {
  const Sha256Digest digest = sha256(key);
  const ApiKeyConfig* found = nullptr;
  for (const ApiKeyConfig& one : keys_) {
    if (is_same_digest(digest, one.sha256)) found = &one;
  }
  if (found == nullptr) return {.why = "it is neither a token nor a key of access.keys"};
  return {.is_known = true, .bearer = bearer_of(*found)};
}

Identity Access::identify_token(std::string_view token, int64_t now_ms) const {
  TokenReading reading = read_token(token, token_keys_, tokens_, now_ms);
  if (reading.fault != TokenFault::kNone) return {.why = describe(reading.fault)};
  return {.is_known = true, .bearer = std::move(reading.bearer)};
}

Identity Access::identify_ticket(std::string_view ticket, int64_t now_ms) const {
  Identity who = identify_token(ticket, now_ms);
  if (!who.is_known) return who;
  const int64_t expires_ms_max =
      now_ms + tokens_.leeway.count() + (tokens_.query ? tokens_.query->lifetime_max.count() : 0);
  if (who.bearer.expires_ms > expires_ms_max) {
    return {.why = describe(TokenFault::kLivesTooLong)};
  }
  return who;
}

Verdict Access::may_read(const Bearer& bearer, const ChannelConfig& channel,
                         std::string_view name) noexcept {
  const SubscribeAccess needed = channel.access.subscribe;
  if (needed == SubscribeAccess::kPublic) return Verdict::kYes;
  if (bearer.kind == Bearer::Kind::kNobody) return Verdict::kUnknown;
  if (bearer.kind != Bearer::Kind::kToken) return Verdict::kNo;
  if (needed == SubscribeAccess::kToken) {
    return covers(bearer.reads, access_name(channel, name)) ? Verdict::kYes : Verdict::kNo;
  }
  const ChannelName pattern = split_channel_name(channel.name);
  const auto recipient = pattern.is_pattern ? recipient_in(pattern, name) : std::nullopt;
  return recipient && *recipient == bearer.subject ? Verdict::kYes : Verdict::kNo;
}

Verdict Access::may_publish(const Bearer& bearer, const ChannelConfig& channel,
                            std::string_view name, bool is_local) noexcept {
  const PublishAccess& allowed = channel.access.publish;
  if (is_local && allowed.loopback) return Verdict::kYes;
  if (bearer.kind == Bearer::Kind::kNobody) return Verdict::kUnknown;
  const bool is_of_its_kind = bearer.kind == Bearer::Kind::kToken ? allowed.token : allowed.key;
  return is_of_its_kind && covers(bearer.publishes, access_name(channel, name)) ? Verdict::kYes
                                                                                : Verdict::kNo;
}

bool is_local(const ListenerConfig& listener) noexcept {
  // Proxies bring what comes from elsewhere.
  if (listener.proxy_protocol || !listener.trusted_proxies.empty()) return false;
  const std::string_view host = listener.host;
  return listener.is_unix() || host.starts_with("127.") || host == "::1" ||
         host.starts_with("::ffff:127.");
}

std::string_view access_name(const ChannelConfig& channel, std::string_view name) noexcept {
  return split_channel_name(channel.name).is_pattern ? name : std::string_view(channel.name);
}

}  // namespace ringcast
