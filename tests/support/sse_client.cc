#include "tests/support/sse_client.h"

namespace ringcast {

namespace {

void check_is_stream(const HttpHead& head, WireFormat format) {
  const bool is_chunked = head["transfer-encoding"] == "chunked";
  const bool is_stream = head.status == 200 && head["content-type"] == "text/event-stream" &&
                         !head.headers.contains("content-length");
  if (!is_stream || is_chunked != (format == WireFormat::kChunked)) {
    throw ClientFailure("not the stream asked for: " + head.status_line);
  }
}

}  // namespace

std::string SseClient::request(std::string_view target, WireFormat format, std::string_view extra) {
  std::string text = get(target, extra);
  if (format == WireFormat::kRaw) text.replace(text.find("HTTP/1.1"), 8, "HTTP/1.0");
  return text;
}

SseClient::SseClient(uint16_t port, std::string_view target, const Options& options)
    : socket_(port, options.socket), reader_(options.format) {
  socket_.send(request(target, options.format, options.extra));
  head_ = HttpHead::parse(socket_.read_until("\r\n\r\n"));
  check_is_stream(head_, options.format);
  while (!reader_.has_prelude() || !reader_.is_whole()) {
    if (!read_more(1)) throw StreamEnded("the stream ended before it began");
  }
}

bool SseClient::read_more(size_t bytes_max) {
  std::string bytes;
  try {
    bytes = socket_.read_some(bytes_max);
  } catch (const ConnectionReset& reset) {
    throw StreamEnded(reset.what());
  }
  reader_.feed(bytes);
  return !bytes.empty();
}

StreamEvent SseClient::next_event() {
  while (!reader_.has_event()) {
    if (!read_more()) throw StreamEnded("the stream ended instead of bringing an event");
  }
  return reader_.take_event();
}

std::vector<StreamEvent> SseClient::next_events(size_t count) {
  std::vector<StreamEvent> events;
  while (events.size() < count) events.push_back(next_event());
  return events;
}

std::vector<StreamEvent> SseClient::take_events() {
  std::vector<StreamEvent> events;
  while (reader_.has_event()) events.push_back(reader_.take_event());
  return events;
}

std::vector<StreamEvent> SseClient::read_piece(size_t bytes_max) {
  if (!read_more(bytes_max)) throw StreamEnded("the stream ended instead of going on");
  return take_events();
}

void SseClient::wait_for_heartbeats(size_t count) {
  while (reader_.heartbeats() < count) {
    if (!read_more()) throw StreamEnded("the stream ended instead of bringing heartbeats");
  }
}

std::vector<StreamEvent> SseClient::read_to_end() {
  while (read_more()) {
  }
  if (!reader_.is_whole()) throw ClientFailure("the stream ended within an event");
  const bool is_chunked = !head_["transfer-encoding"].empty();
  if (is_chunked && !reader_.is_complete()) throw ClientFailure("a stream without its last chunk");
  return take_events();
}

std::vector<StreamEvent> SseClient::read_until_cut() {
  try {
    while (read_more()) {
    }
  } catch (const StreamEnded&) {
    // By a reset, which is as good as FIN.
  }
  if (reader_.is_complete()) throw ClientFailure("the stream was not cut but ended in order");
  return take_events();
}

}  // namespace ringcast
