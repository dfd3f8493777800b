// HostileStream: a whole stream as ringcast sends it, in both wire formats, of random events that
// try to break out of themselves, and what a client must make of it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/frame_encoder.h"
#include "net/http/sse_response.h"
#include "tests/support/hostile_text.h"
#include "tests/support/line_ends.h"
#include "tests/support/stream_splits.h"

namespace ringcast {

class HostileStream {
 public:
  // A prelude, `events` events with data of up to `pieces_max` pieces, heartbeats among them, and
  // the end.
  HostileStream(Dice& dice, size_t events, size_t pieces_max) {
    append_prelude(static_cast<uint32_t>(dice.between(500, 2'147'483'647)));
    EventId id{dice.below(2'000'000'000'000), 1};
    for (size_t i = 0; i < events; ++i) {
      append_event(id, hostile_type(dice), hostile_data(dice, pieces_max));
      id = {id.ms + dice.below(3), id.seq + 1};
      if (dice.one_in(4)) append_heartbeat();
    }
    chunked_ += net::end_of_stream_bytes(WireFormat::kChunked);
    raw_ += net::end_of_stream_bytes(WireFormat::kRaw);
  }

  [[nodiscard]] const std::string& raw() const noexcept { return raw_; }
  [[nodiscard]] const std::string& chunked() const noexcept { return chunked_; }
  [[nodiscard]] const StreamReading& reading() const noexcept { return reading_; }

 private:
  void append_prelude(uint32_t retry_ms) {
    net::append_prelude(chunked_, WireFormat::kChunked, retry_ms);
    net::append_prelude(raw_, WireFormat::kRaw, retry_ms);
    reading_.retry_ms = retry_ms;
    reading_.comments = 1;
  }

  void append_event(EventId id, const std::string& type, const std::string& data) {
    const Event event{.type = type, .data = data};
    EXPECT_EQ(find_fault(event), EventFault::kNone) << testing::PrintToString(data);
    const Frame frame = encoder_.encode(id, event);
    chunked_ += frame.chunk;
    raw_ += frame.raw;
    reading_.last_event_id = std::to_string(id.ms) + "-" + std::to_string(id.seq);
    reading_.events.push_back(
        {reading_.last_event_id, type.empty() ? "message" : type, with_lf_line_ends(data)});
  }

  void append_heartbeat() {
    chunked_ += net::heartbeat_bytes(WireFormat::kChunked);
    raw_ += net::heartbeat_bytes(WireFormat::kRaw);
    ++reading_.comments;
  }

  FrameEncoder encoder_;
  std::string chunked_;
  std::string raw_;
  StreamReading reading_;
};

}  // namespace ringcast
