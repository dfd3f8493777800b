#include "net/http/field_rules.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

using namespace std::string_view_literals;

struct Field {
  std::string_view text;  // in lower case
  FieldName name;
  std::string_view Request::*member = nullptr;
};

constexpr Field kFields[] = {
    {"accept"sv, FieldName::kAccept, &Request::accept},
    {"access-control-request-headers"sv, FieldName::kAccessControlRequestHeaders,
     &Request::access_control_request_headers},
    {"access-control-request-method"sv, FieldName::kAccessControlRequestMethod,
     &Request::access_control_request_method},
    {"authorization"sv, FieldName::kAuthorization, &Request::authorization},
    {"content-length"sv, FieldName::kContentLength},
    {"content-type"sv, FieldName::kContentType, &Request::content_type},
    {"cookie"sv, FieldName::kCookie},
    {"expect"sv, FieldName::kExpect},
    {"forwarded"sv, FieldName::kForwarded},
    {"host"sv, FieldName::kHost, &Request::host},
    {"idempotency-key"sv, FieldName::kIdempotencyKey, &Request::idempotency_key},
    {"last-event-id"sv, FieldName::kLastEventId, &Request::last_event_id},
    {"origin"sv, FieldName::kOrigin, &Request::origin},
    {"sec-fetch-site"sv, FieldName::kSecFetchSite, &Request::sec_fetch_site},
    {"transfer-encoding"sv, FieldName::kTransferEncoding},
    {"x-forwarded-for"sv, FieldName::kXForwardedFor},
};

bool is_host_char(char c) noexcept {
  return is_alphanumeric(c) || "-._~"sv.find(c) != std::string_view::npos;
}

bool is_ipv6_char(char c) noexcept {
  return hex_value(c) >= 0 || c == ':' || c == '.';
}

bool is_port(std::string_view text) noexcept {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

// Takes the host off the front of `value`, leaving nothing or `:port`. False when there is no valid
// host.
bool take_host(std::string_view& value) noexcept {
  if (value.starts_with('[')) {
    const size_t close = value.find(']');
    if (close == std::string_view::npos || close < 3)
      return false;  // `[::]` is the shortest address
    if (!std::ranges::all_of(value.substr(1, close - 1), is_ipv6_char)) return false;
    value.remove_prefix(close + 1);
    return true;
  }
  const std::string_view name = value.substr(0, value.find(':'));
  value.remove_prefix(name.size());
  return !name.empty() && std::ranges::all_of(name, is_host_char);
}

}  // namespace

FieldName field_name(std::string_view name) noexcept {
  for (const Field& field : kFields) {
    if (name.size() == field.text.size() && equals_ignoring_case(name, field.text))
      return field.name;
  }
  return FieldName::kOther;
}

std::string_view Request::*request_member(FieldName name) noexcept {
  const auto* field = std::ranges::find(kFields, name, &Field::name);
  return field == std::end(kFields) ? nullptr : field->member;
}

bool announces_body(std::string_view head) noexcept {
  for (size_t end = head.find('\n'); end != std::string_view::npos; end = head.find('\n')) {
    head.remove_prefix(end + 1);
    for (const std::string_view name : {"content-length"sv, "transfer-encoding"sv}) {
      if (equals_ignoring_case(head.substr(0, name.size()), name)) return true;
    }
  }
  return false;
}

Refusal check_content_length(std::string_view value) noexcept {
  const bool plain = !value.empty() && std::ranges::all_of(value, is_digit);
  if (!plain || (value.size() > 1 && value.front() == '0')) {
    return {.status = 400, .reason = "Content-Length is not a plain number"};
  }
  return {};
}

Refusal check_transfer_encoding(std::string_view value, int version) noexcept {
  if (version < 11) return {.status = 400, .reason = "Transfer-Encoding in an HTTP/1.0 request"};
  if (equals_ignoring_case(value, "chunked")) return {};
  const bool one_coding = !value.empty() && std::ranges::all_of(value, [](char c) {
    return is_alphanumeric(c) || c == '-';
  });
  if (one_coding)
    return {.status = 501, .reason = "the only transfer coding understood here is chunked"};
  return {.status = 400, .reason = "Transfer-Encoding is not plainly chunked"};
}

Refusal check_host(std::string_view value) noexcept {
  std::string_view rest = value;
  if (!take_host(rest) || (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))) {
    return {.status = 400, .reason = "Host is not a host name or address with an optional port"};
  }
  return {};
}

}  // namespace ringcast::net
