// SseClient: a subscriber. It checks every byte it reads (stream_reader.h), and reads only when
// asked to, so that a test can make it slow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http_client.h"
#include "tests/support/stream_reader.h"

namespace ringcast {

// The server has ended the stream, in whatever way, before what was waited for.
struct StreamEnded : ClientFailure {
  using ClientFailure::ClientFailure;
};

class SseClient {
 public:
  struct Options {
    WireFormat format = WireFormat::kChunked;  // HTTP/1.1, or kRaw: HTTP/1.0
    TcpClient::Options socket{};
    std::string extra{};  // whole header lines, each with its CR LF
  };

  // Subscribes to `target` and reads as far as the first event could begin. Throws when the answer
  // is not a stream.
  SseClient(uint16_t port, std::string_view target) : SseClient(port, target, Options{}) {}
  SseClient(uint16_t port, std::string_view target, const Options& options);

  // The text of the request it sends.
  [[nodiscard]] static std::string request(std::string_view target, WireFormat format,
                                           std::string_view extra = "");

  [[nodiscard]] const HttpHead& head() const noexcept { return head_; }
  [[nodiscard]] uint32_t retry_ms() const noexcept { return reader_.retry_ms(); }
  [[nodiscard]] TcpClient& socket() noexcept { return socket_; }

  // Waits.
  StreamEvent next_event();
  [[nodiscard]] std::vector<StreamEvent> next_events(size_t count);
  void wait_for_heartbeats(size_t count);
  [[nodiscard]] size_t heartbeats() const noexcept { return reader_.heartbeats(); }

  // Reads between one byte and `bytes_max`, and returns the events that are whole now: for whoever
  // wants to leave anywhere, also in the middle of one.
  [[nodiscard]] std::vector<StreamEvent> read_piece(size_t bytes_max);

  // The events that come before the server ends the stream, which it must do in order: between two
  // events, chunked with the last chunk, and then with FIN.
  [[nodiscard]] std::vector<StreamEvent> read_to_end();

  // The events that come before the server cuts the stream wherever it stands, with FIN or RST.
  // What was not cut off is checked as always; an unfinished event is left out.
  [[nodiscard]] std::vector<StreamEvent> read_until_cut();

 private:
  // Reads on; false at the end of the connection.
  bool read_more(size_t bytes_max = std::string::npos);
  std::vector<StreamEvent> take_events();

  TcpClient socket_;
  HttpHead head_;
  StreamReader reader_;
};

}  // namespace ringcast
