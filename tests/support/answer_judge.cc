#include "tests/support/answer_judge.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <set>

namespace ringcast {

namespace {

// The phrases this server may use; a status that is not here has no business on the wire.
const std::map<int, std::string> kPhrases{{100, "Continue"},
                                          {200, "OK"},
                                          {201, "Created"},
                                          {204, "No Content"},
                                          {400, "Bad Request"},
                                          {401, "Unauthorized"},
                                          {403, "Forbidden"},
                                          {404, "Not Found"},
                                          {405, "Method Not Allowed"},
                                          {408, "Request Timeout"},
                                          {409, "Conflict"},
                                          {413, "Content Too Large"},
                                          {414, "URI Too Long"},
                                          {415, "Unsupported Media Type"},
                                          {417, "Expectation Failed"},
                                          {421, "Misdirected Request"},
                                          {422, "Unprocessable Content"},
                                          {429, "Too Many Requests"},
                                          {431, "Request Header Fields Too Large"},
                                          {501, "Not Implemented"},
                                          {503, "Service Unavailable"},
                                          {505, "HTTP Version Not Supported"}};

// Whether `text` is `{"error":"..."}` and a line end, with nothing in the string that JSON would have escaped.
bool is_one_error(std::string_view text) {
  constexpr std::string_view kBefore = "{\"error\":\"";
  constexpr std::string_view kBehind = "\"}\n";
  if (!text.starts_with(kBefore) || !text.ends_with(kBehind)) return false;
  text = text.substr(kBefore.size());
  if (text.size() <= kBehind.size()) return false;
  text.remove_suffix(kBehind.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == '"') return false;
    if (byte != '\\') continue;
    if (++i == text.size() || (text[i] != '"' && text[i] != '\\' && text[i] != 'u')) return false;
  }
  return true;
}

class Judging {
 public:
  explicit Judging(const JudgedAnswer& answer) : answer_(answer) {}

  std::vector<std::string> complaints() {
    status_line();
    if (answer_.head.status / 100 == 1) {
      expect(answer_.head.headers.empty(), "an interim answer has header lines");
      return std::move(complaints_);
    }
    lines();
    date();
    framing();
    expect(answer_.head["x-content-type-options"] == "nosniff", "nosniff is missing");
    if (answer_.is_stream) {
      stream();
    } else {
      expect(answer_.head["cache-control"] == "no-store", "an answer that caches may keep");
    }
    if (answer_.head.status >= 400) error();
    cors();
    return std::move(complaints_);
  }

 private:
  void expect(bool holds, const std::string& complaint) {
    if (!holds) complaints_.push_back(complaint);
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return answer_.head.headers.contains(name);
  }

  void status_line() {
    const auto phrase = kPhrases.find(answer_.head.status);
    const std::string expected = phrase == kPhrases.end() ? "" : phrase->second;
    expect(answer_.head.status_line ==
               "HTTP/1.1 " + std::to_string(answer_.head.status) + " " + expected,
           "an unusual status line: " + answer_.head.status_line);
  }

  void lines() {
    for (const auto& [name, value] : answer_.head.headers) {
      const bool is_token = !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || c == '-';
      });
      expect(is_token, "an unusual header name: " + name);
      const bool is_plain =
          !value.empty() && value.front() != ' ' && value.back() != ' ' &&
          std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
      expect(is_plain, "an unusual header value: " + name + ": " + value);
      expect(name.find("forged") == std::string::npos && value.find("forged") == std::string::npos,
             "something of the request stands in " + name);
    }
    expect(answer_.head["server"] == "ringcast", "the server says more than its name");
    expect(answer_.body.find("forged") == std::string::npos,
           "something of the request stands in the body: " + answer_.body);
  }

  // IMF-fixdate, and now.
  void date() {
    const std::string& date = answer_.head["date"];
    tm parts{};
    const char* const end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const bool is_whole = date.size() == 29 && end != nullptr && *end == '\0';
    expect(is_whole, "not a date: " + date);
    if (!is_whole) return;
    expect(std::abs(std::difftime(::timegm(&parts), std::time(nullptr))) < 10, "not now: " + date);
    char again[30];
    std::strftime(again, sizeof again, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    expect(date == again, "not the one form of a date: " + date);
  }

  void framing() {
    const bool is_bodiless = answer_.head.status == 204;
    expect(has("content-length") == (!is_bodiless && !answer_.is_stream),
           "a length where there must be none, or none where it must be");
    expect(has("content-type") == !is_bodiless,
           "a type where there must be none, or none where it must be");
    if (!answer_.is_stream) expect(!has("transfer-encoding"), "a coding that nobody asked for");
    if (answer_.answers_head) expect(answer_.body.empty(), "a body in answer to HEAD");
    const bool says_close = answer_.head["connection"] == "close";
    expect(says_close || !has("connection"), "Connection says something else than close");
    const bool may_go_on = answer_.is_stream && answer_.answers_head;
    if (answer_.ends_connection) expect(says_close, "closed without having said so");
    if (says_close && !may_go_on) {
      expect(answer_.ends_connection || answer_.is_stream, "said to close, and went on");
    }
  }

  void stream() {
    expect(answer_.head.status == 200, "a stream with another status than 200");
    expect(answer_.head["content-type"] == "text/event-stream", "not the type of a stream");
    expect(answer_.head["cache-control"] == "no-cache, no-store, no-transform" ||
               answer_.head["cache-control"] == "no-cache, no-store, no-transform, private",
           "a stream that caches may keep");
    expect(answer_.head["x-accel-buffering"] == "no", "a stream that nginx holds back");
    for (const char* const name :
         {"etag", "last-modified", "accept-ranges", "content-encoding", "content-length"}) {
      expect(!has(name), std::string("a stream with ") + name);
    }
    if (!answer_.answers_head) {
      expect(answer_.head["connection"] == "close", "a stream that does not end its connection");
      expect(answer_.body.starts_with(":\nretry: ") || answer_.body.starts_with("retry: "),
             "a stream that begins with " + answer_.body);
    }
  }

  void error() {
    expect(answer_.head["content-type"] == "application/json", "an error that is no JSON");
    if (!answer_.answers_head) {
      expect(is_one_error(answer_.body) && answer_.body.size() <= 1024,
             "an error that is not one short line of JSON: " + answer_.body);
    }
    const int status = answer_.head.status;
    expect(has("allow") == (status == 405), "Allow is for 405, and 405 is not without it");
    expect(has("www-authenticate") == (status == 401), "401 and WWW-Authenticate go together");
    if (status == 429 || status == 503) expect(has("retry-after"), "come back when?");
    const std::set<int> ends_at_once{408, 413, 414, 417, 431, 501, 505};
    if (ends_at_once.contains(status) && answer_.head.status != 413) {
      expect(answer_.head["connection"] == "close", "goes on after what it could not read");
    }
  }

  void cors() {
    const std::string origin = answer_.head["access-control-allow-origin"];
    const bool names_one = !origin.empty() && origin != "*";
    expect(origin.find_first_of(" ,") == std::string::npos, "more than one origin: " + origin);
    if (names_one) expect(answer_.head["vary"] == "Origin", "names an origin, and does not vary");
    if (has("access-control-allow-credentials")) {
      expect(names_one && answer_.head["access-control-allow-credentials"] == "true",
             "credentials for everybody");
    }
  }

  const JudgedAnswer& answer_;
  std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> judge(const JudgedAnswer& answer) {
  return Judging(answer).complaints();
}

}  // namespace ringcast
