#include "net/http/cors.h"

#include <algorithm>
#include <iterator>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

bool allows_everybody(const CorsConfig& config) noexcept {
  return std::ranges::find(config.origins, "*") != config.origins.end();
}

// An origin goes back into a header, so bytes that could end that header are refused before
// anything is compared.
bool is_listed(const CorsConfig& config, std::string_view origin) noexcept {
  if (origin.empty() || origin == "*" || !std::ranges::all_of(origin, is_visible)) return false;
  return std::ranges::find(config.origins, origin) != config.origins.end();
}

// What clients in use send and browsers do not send unasked. Listed one by one, because `*` never
// covers Authorization and means nothing once credentials are allowed.
constexpr std::string_view kRequestHeaders =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, X-Requested-With";

}  // namespace

bool origin_allowed(const CorsConfig& config, std::string_view origin) noexcept {
  return allows_everybody(config) || is_listed(config, origin);
}

bool publish_allowed(const CorsConfig& config, const Request& request) noexcept {
  if (request.has_origin) return is_listed(config, request.origin);
  return request.sec_fetch_site.empty() || request.sec_fetch_site == "none" ||
         request.sec_fetch_site == "same-origin";
}

CorsConfig in_common(const CorsConfig& one, const CorsConfig& other) {
  CorsConfig common{.origins = {}, .credentials = one.credentials && other.credentials};
  if (allows_everybody(one)) {
    common.origins = other.origins;
  } else {
    std::ranges::copy_if(one.origins, std::back_inserter(common.origins),
                         [&](const std::string& origin) { return origin_allowed(other, origin); });
  }
  return common;
}

CorsConfig in_either(const CorsConfig& one, const CorsConfig& other) {
  if (one.origins.empty()) return other;
  if (other.origins.empty()) return one;
  if (allows_everybody(one) || allows_everybody(other)) {
    return {.origins = {"*"}, .credentials = false};
  }
  CorsConfig either{.origins = one.origins, .credentials = one.credentials && other.credentials};
  std::ranges::copy_if(other.origins, std::back_inserter(either.origins),
                       [&](const std::string& origin) { return !is_listed(one, origin); });
  return either;
}

CorsConfig publishers_of(const CorsConfig& config) {
  CorsConfig publishers = config;
  std::erase(publishers.origins, "*");
  return publishers;
}

void append_cors_lines(std::string& out, const CorsConfig& config, const Request& request) {
  if (config.origins.empty()) return;
  if (allows_everybody(config)) {
    out += "Access-Control-Allow-Origin: *\r\n";
    return;
  }
  if (is_listed(config, request.origin)) {
    out += "Access-Control-Allow-Origin: ";
    out += request.origin;
    out += "\r\n";
    if (config.credentials) out += "Access-Control-Allow-Credentials: true\r\n";
  }
  out += "Vary: Origin\r\n";
}

void append_preflight(std::string& out, const CorsConfig& config, const Request& request,
                      std::string_view methods, ResponseOptions options) {
  std::string lines;
  append_cors_lines(lines, config, request);
  const bool is_preflight = request.has_origin && !request.access_control_request_method.empty();
  if (is_preflight && origin_allowed(config, request.origin)) {
    lines += "Access-Control-Allow-Methods: ";
    lines += methods;
    lines += "\r\nAccess-Control-Allow-Headers: ";
    lines += kRequestHeaders;
    lines += "\r\nAccess-Control-Max-Age: 600\r\n";
  }
  options.allow = methods;
  options.extra_lines = lines;
  append_response(out, 204, "", "", options);
}

}  // namespace ringcast::net
