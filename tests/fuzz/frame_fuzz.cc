// Goal: what a client makes of a stream is what was published, in both wire formats: whatever the events say, they cannot break out of
// themselves.
// Input: items. '0' is a heartbeat, '1' an event without an id, any other digit an event whose id is so much greater than the last; an
// event goes on with its type, a byte FF, its data and a byte FF, which no text can have.
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/frame_encoder.h"
#include "engine/utf8.h"
#include "net/http/sse_response.h"
#include "tests/fuzz/fuzzed_input.h"
#include "tests/support/chunked_body.h"
#include "tests/support/line_ends.h"
#include "tests/support/sse_parser.h"

namespace ringcast {
namespace {

constexpr char kTextEnd = '\xff';

// Wrong bytes would come back as others, and a character cut short would swallow the stop.
bool is_decoded_unchanged(std::string_view text) {
  const std::string around = "a" + std::string{text} + "z";
  return Utf8Decoder{}.decode(around) == around;
}

class Stream {
 public:
  void append_heartbeat() {
    chunked_ += net::heartbeat_bytes(WireFormat::kChunked);
    raw_ += net::heartbeat_bytes(WireFormat::kRaw);
    ++heartbeats_;
  }

  void append_event(EventId id, const Event& event) {
    const Frame frame = encoder_.encode(id, event);
    RC_CHECK(frame_from_chunk(frame.chunk).raw == frame.raw);
    if (id != EventId{}) {
      const FrameSizes sizes = frame_sizes(id_bytes(id), bytes_beside_id(event));
      RC_CHECK(sizes.chunk == frame.chunk.size() && sizes.raw == frame.raw.size());
      last_id_ = to_string(id);
    }
    chunked_ += frame.in(WireFormat::kChunked);
    raw_ += frame.in(WireFormat::kRaw);
    published_.push_back({last_id_, event.type.empty() ? "message" : std::string{event.type},
                          with_lf_line_ends(event.data)});
  }

  void check() const {
    ChunkedBody body;
    RC_CHECK(body.feed(chunked_) == raw_);
    for (const size_t piece_bytes : {raw_.size(), size_t{1}}) {
      SseParser client;
      for (size_t at = 0; at < raw_.size(); at += piece_bytes) {
        client.feed(std::string_view{raw_}.substr(at, piece_bytes));
      }
      RC_CHECK(client.take_events() == published_);
      RC_CHECK(client.comments() == heartbeats_);
      RC_CHECK(client.last_event_id() == last_id_);
      RC_CHECK(!client.retry_ms());
    }
  }

 private:
  FrameEncoder encoder_;
  std::string chunked_;
  std::string raw_;
  std::string last_id_;
  size_t heartbeats_ = 0;
  std::vector<DispatchedEvent> published_;
};

}  // namespace
}  // namespace ringcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;
  FuzzedInput input(data, size);
  Stream stream;
  EventId id{.ms = 1, .seq = 0};
  while (!input.is_used_up()) {
    const size_t kind = input.below(8);  // of an ASCII digit: the digit itself
    if (kind == 0) {
      stream.append_heartbeat();
      continue;
    }
    const std::string_view type = type_worth_saying(input.text_up_to(kTextEnd));
    const Event event{.type = type, .data = input.text_up_to(kTextEnd)};
    RC_CHECK(is_utf8(event.data) == is_decoded_unchanged(event.data));
    RC_CHECK(is_utf8(event.type) == is_decoded_unchanged(event.type));
    if (find_fault(event) != EventFault::kNone) continue;
    id = {id.ms << kind, id.seq + kind};
    stream.append_event(kind == 1 ? EventId{} : id, event);
  }
  stream.check();
  return 0;
}
