// StreamReader: one session of an SSE client: bytes in, in pieces of any size; whole events out.
//
// Strict as stream_text is: what ringcast does not write is damage. It takes only what is whole, as a browser does, so
// a session that is cut inside an event has not received it.
//
// Threads: one. Memory: the incomplete tail of what was fed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/event_data.h"
#include "bench/load/follow/tagged_data.h"
#include "bench/load/stream_text.h"

namespace ringcast::bench {

// What a gap event says: of `channels` (none: the only one of the stream), what came after
// `requested` up to the gap's own id is no longer kept.
struct GapNotice {
  FrameId requested;
  std::vector<std::string> channels{};
};

struct StreamItem {
  enum class Kind : uint8_t { kIncomplete, kOpening, kComment, kEvent, kGap, kEnd, kDamaged };
  Kind kind = Kind::kIncomplete;
  size_t wire_bytes = 0;  // how much of the text it took
  FrameId id{};           // kEvent, kGap
  EventTag tag{};         // kEvent
  GapNotice gap{};        // kGap
  const char* why = "";   // kDamaged
};

// The item at the start of `text`, which follows the opening.
[[nodiscard]] StreamItem parse_item(std::string_view text, size_t data_bytes);

class StreamReader {
 public:
  explicit StreamReader(size_t data_bytes) : data_bytes_(data_bytes) {}

  // A new session begins; what was incomplete is forgotten.
  void restart() {
    tail_.clear();
    open_ = false;
  }
  [[nodiscard]] bool open() const noexcept { return open_; }
  // What came last is incomplete.
  [[nodiscard]] bool inside_item() const noexcept { return !tail_.empty(); }

  // Calls on_item(const StreamItem&) for each whole item until it returns false or is told of damage; the rest is
  // dropped then. on_item may call restart().
  template <typename OnItem>
  void feed(std::string_view bytes, OnItem&& on_item) {
    std::string joined;
    if (!tail_.empty()) {
      joined = std::move(tail_);
      joined.append(bytes);
      bytes = joined;
      tail_.clear();
    }
    while (!bytes.empty()) {
      const StreamItem item = next(bytes);
      if (item.kind == StreamItem::Kind::kIncomplete) {
        tail_.assign(bytes);
        return;
      }
      bytes.remove_prefix(item.wire_bytes);
      if (!on_item(item) || item.kind == StreamItem::Kind::kDamaged) return;
    }
  }

 private:
  StreamItem next(std::string_view text);

  size_t data_bytes_;
  bool open_ = false;
  std::string tail_;
};

}  // namespace ringcast::bench
