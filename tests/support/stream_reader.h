// StreamReader: the body of a stream as it arrives, read far more strictly than a browser would. It
// takes exactly what ringcast promises to send and throws ClientFailure at anything else, so that
// one wrong byte anywhere fails the test:
//
//   a comment and a retry line first; then events of an id line, perhaps an event line, data lines
//   and a blank line; between events perhaps a comment of two bytes; LF alone ends a line;
//   chunked, each event is in one chunk, and a heartbeat is a chunk of its own. A gap event alone
//   may be without an id, when another one follows that has it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/wire_format.h"
#include "tests/support/http_client.h"

namespace ringcast {

struct StreamEvent {
  std::string id;
  std::string type;  // empty: no event line
  std::string data;
  bool operator==(const StreamEvent&) const = default;
};

class StreamReader {
 public:
  explicit StreamReader(WireFormat format) : format_(format) {}

  void feed(std::string_view bytes);

  [[nodiscard]] bool has_prelude() const noexcept { return stage_ >= Stage::kEvents; }
  [[nodiscard]] uint32_t retry_ms() const noexcept { return retry_ms_; }
  [[nodiscard]] size_t heartbeats() const noexcept { return heartbeats_; }

  // Whether everything so far was whole: no event, comment or chunk has begun and not ended.
  [[nodiscard]] bool is_whole() const noexcept;
  // The last chunk has come.
  [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }

  [[nodiscard]] bool has_event() const noexcept { return !events_.empty(); }
  StreamEvent take_event();

 private:
  enum class Stage { kComment, kRetry, kEvents };

  bool take_chunk_framing();
  void end_chunk();
  void take_text(std::string_view text);
  void on_line(std::string_view line);
  void on_event_line(std::string_view line);

  const WireFormat format_;
  std::string framing_;  // chunk framing that has begun
  size_t chunk_bytes_left_ = 0;
  size_t chunk_bytes_ = 0;  // of the chunk under way
  bool in_chunk_ = false;   // its data, or the line end after it
  bool is_complete_ = false;

  Stage stage_ = Stage::kComment;
  std::string line_;  // has begun
  StreamEvent event_;
  bool in_event_ = false;  // it has begun
  bool has_data_ = false;
  uint32_t retry_ms_ = 0;
  size_t heartbeats_ = 0;
  std::deque<StreamEvent> events_;
};

}  // namespace ringcast
