#include "net/gate.h"

#include <algorithm>

#include "engine/base/check.h"
#include "net/http/cors.h"

namespace ringcast::net {

namespace {

Denial denial_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kYes:
      return Denial::kNone;
    case Verdict::kUnknown:
      return Denial::kNoCredential;
    case Verdict::kNo:
      break;
  }
  return Denial::kForbidden;
}

int64_t now_ms() noexcept {
  return static_cast<int64_t>(wall_now_ms());
}

bool needs_credential(const Wanted& one) noexcept {
  return one.channel == nullptr ||
         one.channel->config().access.subscribe != SubscribeAccess::kPublic;
}

// What a stranger is told of what does not exist.
Denial nothing_there(const Visitor& visitor) noexcept {
  return visitor.place == CredentialPlace::kNone ? Denial::kNoCredential : Denial::kForbidden;
}

}  // namespace

Visitor Gate::identify(const Request& request, QueryUse query_use) const {
  const Credential credential = find_credential(request, access_.tokens(), query_use);
  Visitor visitor{.place = credential.place};
  if (credential.place == CredentialPlace::kNone) return visitor;
  if (credential.fault != Credential::Fault::kNone) {
    visitor.denial =
        credential.fault == Credential::Fault::kMalformed ? Denial::kMalformed : Denial::kRefused;
    visitor.why = "it is not written as a credential, or there are two";
    return visitor;
  }
  Identity identity = credential.place == CredentialPlace::kQuery
                          ? access_.identify_ticket(credential.text, now_ms())
                          : access_.identify(credential.text, now_ms());
  if (!identity.is_known) visitor.denial = Denial::kRefused;
  visitor.why = identity.why;
  visitor.bearer = std::move(identity.bearer);
  return visitor;
}

// A browser sends cookies along for any page, so the page has to be listed as well where a cookie is what opens a channel.
Denial Gate::check_stream(const Request& request, const std::vector<Wanted>& wanted,
                          Visitor& visitor) const {
  if (std::ranges::none_of(wanted, needs_credential)) return Denial::kNone;
  visitor = identify(request, QueryUse::kYes);
  if (visitor.denial != Denial::kNone) return visitor.denial;
  for (const Wanted& one : wanted) {
    if (one.channel == nullptr) return nothing_there(visitor);
    const ChannelConfig& config = one.channel->config();
    const Denial denial = denial_of(Access::may_read(visitor.bearer, config, one.name));
    if (denial != Denial::kNone) return denial;
    const bool is_by_cookie = visitor.place == CredentialPlace::kCookie && needs_credential(one);
    if (is_by_cookie && !publish_allowed(config.cors, request)) return Denial::kForbidden;
  }
  return Denial::kNone;
}

Denial Gate::check_publish(const Request& request, const Visitor& visitor, const Channel* channel,
                           std::string_view name, bool is_local) const {
  if (is_open(channel, is_local)) return Denial::kNone;
  if (visitor.denial != Denial::kNone) return visitor.denial;
  if (channel == nullptr) return nothing_there(visitor);
  const ChannelConfig& config = channel->config();
  const Denial denial = denial_of(Access::may_publish(visitor.bearer, config, name, is_local));
  if (denial != Denial::kNone || visitor.place != CredentialPlace::kCookie) return denial;
  // Nobody's browser is to publish for a page that is not listed, nor for one that does not say which it is.
  const bool is_from_listed_page = request.has_origin && publish_allowed(config.cors, request);
  return is_from_listed_page ? Denial::kNone : Denial::kForbidden;
}

Denial Gate::check_publisher(const Visitor& visitor) {
  if (visitor.denial != Denial::kNone) return visitor.denial;
  if (visitor.place == CredentialPlace::kNone) return Denial::kNoCredential;
  return visitor.bearer.publishes.empty() ? Denial::kForbidden : Denial::kNone;
}

Denial Gate::check_admin(const Request& request, Visitor& visitor) const {
  visitor = identify(request, QueryUse::kNo);
  if (visitor.denial != Denial::kNone) return visitor.denial;
  if (visitor.place != CredentialPlace::kHeader) return Denial::kNoCredential;
  return Access::may_administer(visitor.bearer) ? Denial::kNone : Denial::kForbidden;
}

bool Gate::hides_from_readers(const Channel* channel) const noexcept {
  if (channel == nullptr) return access_.hides_from_readers();
  return channel->config().access.subscribe != SubscribeAccess::kPublic;
}

bool Gate::hides_from_publishers(const Channel* channel, bool is_local) const noexcept {
  return channel == nullptr ? access_.hides_from_publishers(is_local) : !is_open(channel, is_local);
}

Grant Gate::grant_of(const Visitor& visitor) {
  const Bearer& bearer = visitor.bearer;
  Grant grant;
  if (!bearer.subject.empty()) grant.subject = keyed_hash(bearer.subject);
  if (!bearer.token_id.empty()) grant.token_id = keyed_hash(bearer.token_id);
  if (bearer.expires_ms != kNeverMs) grant.expires_ms = bearer.expires_ms;
  return grant;
}

int status_of(Denial denial) noexcept {
  switch (denial) {
    case Denial::kNone:
      return 200;
    case Denial::kMalformed:
      return 400;
    case Denial::kNoCredential:
    case Denial::kRefused:
      return 401;
    case Denial::kForbidden:
      break;
  }
  return 403;
}

std::string_view why_denied(Denial denial, const Visitor& visitor) noexcept {
  if (denial != Denial::kForbidden) return visitor.why;
  return visitor.place == CredentialPlace::kCookie
             ? "it does not open this, or the page is not one that cors.origins list"
             : "it does not open this";
}

// RFC 6750, section 3. Never Basic: a browser would ask its user for a password.
void append_denial(std::string& out, Denial denial, ResponseOptions options) {
  struct Words {
    std::string_view challenge;
    std::string_view reason;
  };
  const auto [challenge, reason] = [denial]() -> Words {
    switch (denial) {
      case Denial::kMalformed:
        return {"WWW-Authenticate: Bearer realm=\"ringcast\", error=\"invalid_request\"\r\n",
                "the credential is malformed; send it once, as Authorization: Bearer TOKEN"};
      case Denial::kRefused:
        return {"WWW-Authenticate: Bearer realm=\"ringcast\", error=\"invalid_token\"\r\n",
                "the token or key is not accepted; get a fresh one"};
      case Denial::kForbidden:
        return {"WWW-Authenticate: Bearer realm=\"ringcast\", error=\"insufficient_scope\"\r\n",
                "this is not allowed"};
      case Denial::kNone:
      case Denial::kNoCredential:
        break;
    }
    return {"WWW-Authenticate: Bearer realm=\"ringcast\"\r\n",
            "a token or key is needed; send Authorization: Bearer TOKEN"};
  }();
  RC_DCHECK(denial != Denial::kNone);
  const std::string lines = std::string(challenge) + std::string(options.extra_lines);
  options.extra_lines = lines;
  append_error(out, status_of(denial), reason, options);
}

void apply_privacy(const Visitor& visitor, ResponseOptions& options, std::string& extra_lines) {
  options.is_private = visitor.place != CredentialPlace::kNone;
  if (visitor.place == CredentialPlace::kQuery) extra_lines += "Referrer-Policy: no-referrer\r\n";
}

}  // namespace ringcast::net
