// RequestReader: turns the bytes of one connection into requests, one after the other, however they
// were split.
//
// Whatever two HTTP implementations might read differently is refused: leniency here would only
// help somebody smuggle a request past the proxy in front of us. head_scan, field_rules, target and
// chunk_scan hold those rules; Boost.Beast, which is seen in the .cc alone, does the parsing
// itself.
//
//     reader.feed(bytes);
//     while (reader.next() == RequestReader::Outcome::kRequest) answer(reader.request());
//
// Threads: one.
// Memory:  one buffer for the unfinished request (within its limits) and what the last feed()
//          brought beyond it; a second one when the body comes after the head; one small object while a
//          chunked body is read. Nothing is given back sooner: an idle connection has no reader.
// Failure: a refusal is final. feed() and next() throw std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/http/head_scan.h"
#include "net/http/request.h"

namespace ringcast::net {

// What to send, once, when expects_continue().
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

class RequestReader {
 public:
  enum class Outcome {
    kNeedMore,
    kRequest,
    kRefused,
  };

  explicit RequestReader(const RequestLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;  // the views of request() point into it
  RequestReader& operator=(const RequestReader&) = delete;

  // Appends what the socket gave. Call next() until it needs more before feeding again, or the
  // bytes pile up. After a refusal they are dropped.
  void feed(std::string_view bytes);

  // The next complete request, or why there is none.
  [[nodiscard]] Outcome next();

  // After kRequest: the request, valid until the next call. After kNeedMore with
  // expects_continue(): all of it but the body. After kRefused: as much as had been read, which may
  // help to answer (method, origin), and is nothing if the head was not even complete. What proxies say is there only if
  // all lines had been read.
  [[nodiscard]] const Request& request() const noexcept { return request_; }

  // After kRefused.
  [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

  // After kNeedMore: whether the head has just been completed and its sender waits for
  // kContinueResponse (or a final status) before sending the body. False again as soon as the first
  // byte of the body has been fed.
  [[nodiscard]] bool expects_continue() const noexcept;

  // Bytes received that belong to no request handed out so far.
  [[nodiscard]] size_t buffered_bytes() const noexcept;

  // Whether a request has begun to arrive: from here on its sender can be held to a deadline.
  [[nodiscard]] bool has_started() const noexcept { return buffered_bytes() > 0; }

  // Whether nothing at all has come since the last request. Empty lines are no request, but they are
  // counted.
  [[nodiscard]] bool is_fresh() const noexcept { return !has_started() && empty_line_count_ == 0; }

  // Whether the head is complete and the body is not; how much of the body has come, chunk framing
  // not counted.
  [[nodiscard]] bool in_body() const noexcept {
    return stage_ == Stage::kSizedBody || stage_ == Stage::kChunkedBody;
  }
  [[nodiscard]] size_t body_bytes_received() const noexcept;

  // In a body: how long it is, or, where it comes in chunks, may become.
  [[nodiscard]] size_t body_bytes_max() const noexcept { return body_bytes_max_; }

  // Whether a body was announced that has not come to its end; also after a refusal, where nobody can say where that is.
  [[nodiscard]] bool expects_more_body() const noexcept { return in_body() || refused_body_; }

 private:
  class Parser;
  struct ChunkedBody;
  enum class Stage : uint8_t { kHead, kSizedBody, kChunkedBody, kDone, kRefused };

  void start_next() noexcept;
  Outcome read_head();
  Outcome parse_head();
  Refusal settle_target(std::string_view raw_target) noexcept;
  Outcome read_sized_body();
  Outcome read_chunked_body();
  Outcome wait_for_body();
  Outcome finish() noexcept;
  Outcome refuse(Refusal refusal) noexcept;
  [[nodiscard]] std::string_view unread() const noexcept;

  const RequestLimits limits_;
  Stage stage_ = Stage::kHead;
  bool wants_continue_ = false;
  bool refused_body_ = false;
  int empty_line_count_ = 0;

  // Usually a request is complete when its head is, and all of it stays where it arrived. A body
  // that comes later gets a buffer of its own and the old one becomes head_, so that the views of
  // the head stay true however the body grows.
  //
  // buffer_: given up, or head | body, decoded | gap where chunk framing stood | unread
  std::vector<char> buffer_;
  std::vector<char> head_;
  size_t body_begin_ = 0;
  size_t body_bytes_ = 0;
  size_t unread_begin_ = 0;
  size_t body_bytes_max_ = 0;  // what Content-Length announced, or chunks may come to

  HeadScan head_scan_;
  std::unique_ptr<ChunkedBody> chunked_body_;

  Request request_;
  Refusal refusal_;
};

}  // namespace ringcast::net
