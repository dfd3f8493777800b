// Which web pages may read our answers, and which may publish.
//
// A browser asks on behalf of a page and names the page's origin; the answer's header lines tell
// the browser whether that page may see it. Errors need them as much as successes, or the page only
// sees "network error".
//
// Threads: pure functions, any thread. Memory: what `out` grows by.
#pragma once

#include <string>
#include <string_view>

#include "engine/config/config.h"
#include "net/http/origins.h"
#include "net/http/request.h"
#include "net/http/response.h"

namespace ringcast::net {

// Whether pages of `origin` may read: `*` is configured, or an entry takes it in (origins.h).
// Browsers write an origin in one way only, so a slash or a port more is another origin.
[[nodiscard]] bool origin_allowed(const CorsConfig& config, std::string_view origin) noexcept;

// Whether `request` may publish; if not, answer 403. No page may publish behind its user's back: a
// request that comes from one is served only if the list takes its origin in by name. `*` lets
// everybody read and nobody publish. Requests from anything but a page (no Origin, no
// Sec-Fetch-Site of another site) pass.
[[nodiscard]] bool publish_allowed(const CorsConfig& config, const Request& request) noexcept;

// What both allow: for an answer that carries what belongs to both. A preflight is remembered for the shorter time.
[[nodiscard]] CorsConfig in_common(const CorsConfig& one, const CorsConfig& other);

// The origins that may publish: those that are listed by name.
[[nodiscard]] CorsConfig publishers_of(const CorsConfig& config);

// Appends the lines that let the page of `request` read the answer, or none. With listed origins
// the answer differs by origin, so `Vary: Origin` is there even when nothing is allowed, or the
// request has no origin: a shared cache must not pin the one to the other.
void append_cors_lines(std::string& out, const CorsConfig& config, const Request& request);

// Appends the 204 that answers OPTIONS on a resource serving `methods` ("GET, HEAD, OPTIONS"):
// `Allow` for everybody, and for the preflight of an allowed origin what a page may send.
// `options.allow` and `options.extra_lines` are ours to fill.
void append_preflight(std::string& out, const CorsConfig& config, const Request& request,
                      std::string_view methods, ResponseOptions options);

// The rules of several channels, for an answer that is about none of them in particular: whoever may read one of them may
// read it. What is allowed depends on the origin that asks alone, so that nothing is said of any channel; and it is as
// much as that origin is allowed by any of them: a page that sends cookies learns that they are not good enough, even
// where other channels are for everybody.
class AnyCors {
 public:
  AnyCors() : plain_{.origins = {}}, credentialed_{.origins = {}} {}

  void add(const CorsConfig& config);

  // The rules that `request` meets.
  [[nodiscard]] const CorsConfig& for_page_of(const Request& request) const noexcept {
    return takes_by_name(with_credentials_, request.origin) ? credentialed_ : plain_;
  }

 private:
  // The same but for the credentials.
  CorsConfig plain_;
  CorsConfig credentialed_;
  Origins with_credentials_;  // of the channels that allow them
};

}  // namespace ringcast::net
