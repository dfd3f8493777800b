// Which header fields the server reads, and what their values must look like before anybody relies
// on them.
//
// Threads: pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/request.h"

namespace ringcast::net {

enum class FieldName : uint8_t {
  kOther,
  kAccept,
  kAccessControlRequestHeaders,
  kAccessControlRequestMethod,
  kAuthorization,
  kContentLength,
  kContentType,
  kCookie,
  kExpect,
  kForwarded,
  kHost,
  kIdempotencyKey,
  kLastEventId,
  kOrigin,
  kSecFetchSite,
  kTransferEncoding,
  kXForwardedFor,
};

// Case does not matter, every other byte does: `Content_Length` is kOther.
[[nodiscard]] FieldName field_name(std::string_view name) noexcept;

// Where a request keeps the values of that name; null where they serve the reader alone.
[[nodiscard]] std::string_view Request::*request_member(FieldName name) noexcept;

// Whether a second line of that name makes a request ambiguous: the proxy in front may have acted
// on the other one.
[[nodiscard]] constexpr bool is_single(FieldName name) noexcept {
  switch (name) {
    case FieldName::kOther:
    case FieldName::kAccept:
    case FieldName::kCookie:
    case FieldName::kForwarded:
    case FieldName::kXForwardedFor:
      return false;
    default:
      return true;
  }
}

// Whether one of the lines of `head` announces a body, be it well or badly: for a head that was refused.
[[nodiscard]] bool announces_body(std::string_view head) noexcept;

// `value` must be plain digits: no list, sign, space or leading zero.
[[nodiscard]] Refusal check_content_length(std::string_view value) noexcept;

// `value` must be `chunked` in any case, and the request HTTP/1.1.
[[nodiscard]] Refusal check_transfer_encoding(std::string_view value, int version) noexcept;

// `value` must be a host name, an IPv4 address or a bracketed IPv6 address, with or without a port.
[[nodiscard]] Refusal check_host(std::string_view value) noexcept;

}  // namespace ringcast::net
