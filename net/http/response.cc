#include "net/http/response.h"

#include <charconv>

#include "engine/base/check.h"
#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void append_status_line(std::string& out, int status, std::string_view date) {
  RC_DCHECK(!date.empty());
  out += "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(status));
  out += ' ';
  out += status_text(status);
  out += "\r\nServer: ringcast\r\n";
  append_line(out, "Date", date);
}

void append_response(std::string& out, int status, std::string_view content_type,
                     std::string_view body, const ResponseOptions& options) {
  RC_DCHECK(status != 405 || !options.allow.empty());
  RC_DCHECK(status != 204 || body.empty());
  append_status_line(out, status, options.date);
  if (status != 204) {
    append_line(out, "Content-Type", content_type);
    out += "Content-Length: ";
    append_number(out, body.size());
    out += "\r\n";
  }
  out += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  if (!options.allow.empty()) append_line(out, "Allow", options.allow);
  if (options.retry_after_s > 0) {
    out += "Retry-After: ";
    append_number(out, options.retry_after_s);
    out += "\r\n";
  }
  if (!options.keep_alive) out += "Connection: close\r\n";
  out += options.extra_lines;
  out += "\r\n";
  if (!options.head_only) out += body;
}

void append_error(std::string& out, int status, std::string_view reason,
                  const ResponseOptions& options) {
  std::string body = "{\"error\":";
  append_json_string(body, reason);
  body += "}\n";
  append_response(out, status, "application/json", body, options);
}

void append_refusal(std::string& out, const Refusal& refusal, const Request& request,
                    ResponseOptions options) {
  options.keep_alive = false;
  options.head_only = request.method == Method::kHead;
  append_error(out, refusal.status, refusal.reason, options);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (is_control(c)) {
      out += "\\u00";
      out += kHexDigits[static_cast<unsigned char>(c) >> 4];
      out += kHexDigits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace ringcast::net
