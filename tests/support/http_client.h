// HttpClient: requests and ordinary answers over one kept connection, read strictly: an answer says
// its length, repeats no header and has nothing after it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/support/tcp_client.h"

namespace ringcast {

// "HTTP/1.1 200 OK" and the header lines after it. Names are lower case.
struct HttpHead {
  int status = 0;
  std::string status_line;
  std::map<std::string, std::string> headers;

  // The value of a header, or "" when there is no such line.
  [[nodiscard]] std::string operator[](const std::string& name) const;

  // Throws ClientFailure when `bytes` is no head with its blank line.
  static HttpHead parse(std::string_view bytes);
};

struct HttpResponse : HttpHead {
  std::string body;
};

// The text of a request. `extra` is whole header lines, each with its CR LF.
[[nodiscard]] std::string get(std::string_view target, std::string_view extra = "");
[[nodiscard]] std::string post(std::string_view target, std::string_view body,
                               std::string_view extra = "");
[[nodiscard]] std::string request(std::string_view method, std::string_view target,
                                  std::string_view extra = "");

class HttpClient : public TcpClient {
 public:
  using TcpClient::TcpClient;

  [[nodiscard]] HttpResponse read_response();
  // The answer to HEAD has no body whatever its Content-Length says.
  [[nodiscard]] HttpHead read_head();

  // Sends and waits for the answer.
  HttpResponse ask(std::string_view request_bytes);
  HttpResponse publish(std::string_view channel, std::string_view data);
};

// One question over a connection of its own.
[[nodiscard]] HttpResponse ask(uint16_t port, std::string_view request_bytes);

// What the body of a 201 says: the id, and how many subscribers the event is for.
[[nodiscard]] std::string published_id(const HttpResponse& response);
[[nodiscard]] size_t published_subscribers(const HttpResponse& response);

// The value of the first sample in `metrics` that begins with `series`, labels and all.
[[nodiscard]] size_t metric(const HttpResponse& metrics, std::string_view series);

// Anything, as the value of a query parameter or a segment of a path.
[[nodiscard]] std::string percent_encoded(std::string_view bytes);

}  // namespace ringcast
