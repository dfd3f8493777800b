// Gate: whether a request may have what it asks for, before anything comes of it. It puts together where the credential
// travelled (http/credentials.h), whom it speaks for (engine/access), and which page it came from.
//
// Whoever is refused gets one of four answers, which say nothing of the cause and nothing of what was asked for. Where
// something is hidden, a channel that does not exist is one that nobody may use.
//
// Threads: one shard, for no longer than a turn. Memory: what a credential needs while it is looked at; nothing is kept.
#pragma once

#include <string>
#include <vector>

#include "engine/access/access.h"
#include "engine/channels.h"
#include "net/grants.h"
#include "net/http/credentials.h"
#include "net/http/request.h"
#include "net/http/response.h"
#include "net/merged_audience.h"

namespace ringcast::net {

enum class Denial : uint8_t {
  kNone,
  kMalformed,     // 400: the credential is not written as one
  kNoCredential,  // 401
  kRefused,       // 401: it is not good
  kForbidden,     // 403: it is good, and not for this
};

// Whom a request speaks for.
struct Visitor {
  CredentialPlace place = CredentialPlace::kNone;  // kNone: nobody was asked, or has answered
  Denial denial = Denial::kNone;                   // what is wrong with the credential itself
  std::string_view why{};                          // static text, for the access log alone
  Bearer bearer{};

  [[nodiscard]] bool has_expired() const noexcept {
    return bearer.expires_ms <= static_cast<int64_t>(wall_now_ms());
  }
};

class Gate {
 public:
  explicit Gate(const Access& access) : access_(access) {}

  // Whom `request` speaks for. Costs a signature check, so it is for those that need it.
  [[nodiscard]] Visitor identify(const Request& request, QueryUse query_use) const;

  // Whether `request` may be given a stream of `wanted`, where a name that nobody has is a nullptr for its channel. `visitor`
  // is filled when somebody had to be asked.
  [[nodiscard]] Denial check_stream(const Request& request, const std::vector<Wanted>& wanted,
                                    Visitor& visitor) const;

  // Whether `visitor` may publish to `name` of `channel` (nullptr: there is none) with `request`.
  [[nodiscard]] Denial check_publish(const Request& request, const Visitor& visitor,
                                     const Channel* channel, std::string_view name,
                                     bool is_local) const;
  // Whether it may publish to anything at all from afar: for a batch whose lines have not been read.
  [[nodiscard]] static Denial check_publisher(const Visitor& visitor);

  // Whether `request` comes from somebody who may administer, which takes the header and a key for it. `visitor` is who.
  [[nodiscard]] Denial check_admin(const Request& request, Visitor& visitor) const;

  // Whether a publish to `channel` takes no credential, coming through such a listener.
  [[nodiscard]] static bool is_open(const Channel* channel, bool is_local) noexcept {
    return channel != nullptr && is_local && channel->config().access.publish.loopback;
  }

  // Whether names that nobody has, and `channel`, are hidden from strangers who ask to read or to publish.
  [[nodiscard]] bool hides_from_readers(const Channel* channel) const noexcept;
  [[nodiscard]] bool hides_from_publishers(const Channel* channel, bool is_local) const noexcept;

  // The grant of a stream opened by `visitor`.
  [[nodiscard]] static Grant grant_of(const Visitor& visitor);

 private:
  const Access& access_;
};

[[nodiscard]] int status_of(Denial denial) noexcept;

// Why, for the access log alone: static text, or nothing.
[[nodiscard]] std::string_view why_denied(Denial denial, const Visitor& visitor) noexcept;

// Appends the answer. Requires: denial is not kNone.
void append_denial(std::string& out, Denial denial, ResponseOptions options);

// What the head of an answer says besides, where a credential was used: that no cache shares it, and, had it been in the
// URL, that the URL goes to nobody else.
void apply_privacy(const Visitor& visitor, ResponseOptions& options, std::string& extra_lines);

}  // namespace ringcast::net
