// RequestPipe: one keep-alive connection to a publish listener, requests going out without waiting for answers.
//
// Threads: one. Memory: what is unsent, and the beginning of an answer. Failure: connect() says why; failure() says
// what the server or the network did since.
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/http_answer.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {

class RequestPipe {
 public:
  static Result<RequestPipe> connect(const sockaddr_in& server);

  // Queues a whole request and sends what the socket takes of it. Never waits.
  void send(std::string_view request);
  // Sends on, and calls on_answer(const HttpAnswer&) for each answer that is whole. Never waits.
  template <typename OnAnswer>
  void pump(OnAnswer&& on_answer) {
    flush();
    if (unanswered_ == 0 || failure_ || !receive()) return;
    std::string_view rest = received_;
    while (const auto answer = split_answer(rest)) {
      --unanswered_;
      on_answer(*answer);
      rest.remove_prefix(answer->bytes);
    }
    received_.erase(0, received_.size() - rest.size());
  }
  // Waits for the one answer that is owed. Requires: no other request is unanswered.
  struct Answered {
    int status = 0;
    std::string body;
  };
  Result<Answered> ask(std::string_view request);

  [[nodiscard]] uint32_t unanswered() const noexcept { return unanswered_; }
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

 private:
  explicit RequestPipe(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  void flush();
  bool receive();  // false: nothing came
  void fail(const char* what);

  UniqueFd fd_;
  std::string unsent_;
  std::string received_;
  uint32_t unanswered_ = 0;
  std::optional<Error> failure_;
};

// `POST path` with `body`, ready to be sent.
[[nodiscard]] std::string post_request(std::string_view path, std::string_view content_type,
                                       std::string_view body);

}  // namespace ringcast::bench
