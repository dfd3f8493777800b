#include "tests/support/http_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace ringcast {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string take_line(std::string_view& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) throw ClientFailure("a head without its last line");
  std::string line(bytes.substr(0, end));
  if (line.find_first_of("\r\n") != std::string::npos) throw ClientFailure("a bare CR or LF");
  bytes.remove_prefix(end + 2);
  return line;
}

size_t to_number(const std::string& text) {
  size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) throw ClientFailure("not a number: '" + text + "'");
  return number;
}

}  // namespace

std::string HttpHead::operator[](const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpHead HttpHead::parse(std::string_view bytes) {
  HttpHead head;
  head.status_line = take_line(bytes);
  if (!head.status_line.starts_with("HTTP/1.1 ") || head.status_line.size() < 13) {
    throw ClientFailure("not a status line: " + head.status_line);
  }
  head.status = static_cast<int>(to_number(head.status_line.substr(9, 3)));
  for (std::string line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) throw ClientFailure("not a header line: " + line);
    const bool is_new =
        head.headers.emplace(lower(line.substr(0, colon)), line.substr(colon + 2)).second;
    if (!is_new) throw ClientFailure("a header line twice: " + line);
  }
  if (!bytes.empty()) throw ClientFailure("bytes after the head");
  return head;
}

std::string request(std::string_view method, std::string_view target, std::string_view extra) {
  std::string text(method);
  return text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra) +
         "\r\n";
}

std::string get(std::string_view target, std::string_view extra) {
  return request("GET", target, extra);
}

std::string post(std::string_view target, std::string_view body, std::string_view extra) {
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request("POST", target, length + std::string(extra)).append(body);
}

HttpHead HttpClient::read_head() {
  return HttpHead::parse(read_until("\r\n\r\n"));
}

HttpResponse HttpClient::read_response() {
  HttpResponse response{read_head(), ""};
  if (response.status == 204 || response.status / 100 == 1) {
    if (response.headers.contains("content-length")) throw ClientFailure("a length without a body");
    return response;
  }
  if (!response["transfer-encoding"].empty()) throw ClientFailure("an answer of unknown length");
  response.body = read_exactly(to_number(response["content-length"]));
  return response;
}

HttpResponse HttpClient::ask(std::string_view request_bytes) {
  send(request_bytes);
  return read_response();
}

HttpResponse HttpClient::publish(std::string_view channel, std::string_view data) {
  return ask(post("/channels/" + std::string(channel), data));
}

HttpResponse ask(uint16_t port, std::string_view request_bytes) {
  return HttpClient(port).ask(request_bytes);
}

std::string published_id(const HttpResponse& response) {
  constexpr std::string_view kBefore = "{\"id\":\"";
  const size_t end = response.body.find("\",\"subscribers\":");
  if (response.status != 201 || !response.body.starts_with(kBefore) || end == std::string::npos) {
    throw ClientFailure("not published: " + response.status_line + " " + response.body);
  }
  return response.body.substr(kBefore.size(), end - kBefore.size());
}

size_t published_subscribers(const HttpResponse& response) {
  constexpr std::string_view kBefore = "\",\"subscribers\":";
  (void)published_id(response);
  const std::string rest = response.body.substr(response.body.find(kBefore) + kBefore.size());
  if (!rest.ends_with("}\n")) throw ClientFailure("not an answer: " + response.body);
  return to_number(rest.substr(0, rest.size() - 2));
}

size_t metric(const HttpResponse& metrics, std::string_view series) {
  const std::string line = "\n" + std::string(series) + " ";
  const size_t at = metrics.body.find(line);
  if (at == std::string::npos) throw ClientFailure("there is no metric " + std::string(series));
  const size_t from = at + line.size();
  return to_number(metrics.body.substr(from, metrics.body.find('\n', from) - from));
}

std::string percent_encoded(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte / 16], kDigits[byte % 16]};
  }
  return text;
}

}  // namespace ringcast
