#include "net/http/cors.h"

#include <algorithm>
#include <chrono>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

// What clients in use send and browsers do not send unasked. Listed one by one, because `*` never
// covers Authorization and means nothing once credentials are allowed.
constexpr std::string_view kRequestHeaders =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, X-Requested-With";

// What a page may read of an answer besides its body; the few that every page may read are not among them.
constexpr std::string_view kExposedLine =
    "Access-Control-Expose-Headers: Retry-After, Ringcast-Gap\r\n";

bool contains(const std::vector<std::string>& headers, const std::string& name) noexcept {
  return std::ranges::any_of(
      headers, [&](const std::string& one) { return equals_ignoring_case(one, name); });
}

// The lines that say who may read.
void append_readers(std::string& out, const CorsConfig& config, const Request& request) {
  const bool is_named = takes_by_name(config.origins, request.origin);
  if (is_named) {
    out += "Access-Control-Allow-Origin: ";
    out += request.origin;
    out += "\r\n";
    if (config.credentials) out += "Access-Control-Allow-Credentials: true\r\n";
  } else if (takes_everybody(config.origins)) {
    out += "Access-Control-Allow-Origin: *\r\n";
  }
  const bool names_any =
      std::ranges::any_of(config.origins, [](const std::string& entry) { return entry != "*"; });
  if (names_any) out += "Vary: Origin\r\n";
}

}  // namespace

bool origin_allowed(const CorsConfig& config, std::string_view origin) noexcept {
  return takes_everybody(config.origins) || takes_by_name(config.origins, origin);
}

bool publish_allowed(const CorsConfig& config, const Request& request) noexcept {
  if (request.has_origin) return takes_by_name(config.origins, request.origin);
  return request.sec_fetch_site.empty() || request.sec_fetch_site == "none" ||
         request.sec_fetch_site == "same-origin";
}

CorsConfig in_common(const CorsConfig& one, const CorsConfig& other) {
  CorsConfig common{.origins = in_both(one.origins, other.origins),
                    .credentials = one.credentials && other.credentials,
                    .request_headers = {},
                    .max_age = std::min(one.max_age, other.max_age)};
  std::ranges::copy_if(
      one.request_headers, std::back_inserter(common.request_headers),
      [&](const std::string& name) { return contains(other.request_headers, name); });
  return common;
}

CorsConfig publishers_of(const CorsConfig& config) {
  CorsConfig publishers = config;
  std::erase(publishers.origins, "*");
  return publishers;
}

void AnyCors::add(const CorsConfig& config) {
  if (config.origins.empty()) return;
  const bool is_first = plain_.origins.empty();
  plain_.origins = in_either(plain_.origins, config.origins);
  plain_.max_age = is_first ? config.max_age : std::min(plain_.max_age, config.max_age);
  std::ranges::copy_if(
      config.request_headers, std::back_inserter(plain_.request_headers),
      [this](const std::string& name) { return !contains(plain_.request_headers, name); });
  credentialed_ = plain_;
  credentialed_.credentials = true;
  if (config.credentials) with_credentials_ = in_either(with_credentials_, config.origins);
}

void append_cors_lines(std::string& out, const CorsConfig& config, const Request& request) {
  append_readers(out, config, request);
  if (origin_allowed(config, request.origin)) out += kExposedLine;
}

void append_preflight(std::string& out, const CorsConfig& config, const Request& request,
                      std::string_view methods, ResponseOptions options) {
  std::string lines;
  append_readers(lines, config, request);
  const bool is_preflight = request.has_origin && !request.access_control_request_method.empty();
  if (is_preflight && origin_allowed(config, request.origin)) {
    lines += "Access-Control-Allow-Methods: ";
    lines += methods;
    lines += "\r\nAccess-Control-Allow-Headers: ";
    lines += kRequestHeaders;
    for (const std::string& name : config.request_headers) lines += ", " + name;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(config.max_age);
    lines += "\r\nAccess-Control-Max-Age: " + std::to_string(seconds.count()) + "\r\n";
  }
  options.allow = methods;
  options.extra_lines = lines;
  append_response(out, 204, "", "", options);
}

}  // namespace ringcast::net
