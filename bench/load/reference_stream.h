// ReferenceStream: the one sequence of frames that every subscriber of the channel must receive,
// byte for byte.
//
// Whoever is first to receive a frame appends it, after it was parsed and judged; everybody else is
// compared with these bytes. A block is freed once no reader is in it or before it, so memory
// follows the slowest reader.
//
// Threads: one. Memory: blocks of kBlockBytes on the heap, and 8 bytes an event, its hash.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/stream_text.h"

namespace ringcast::bench {

// One frame of the reference and how far it has got.
struct ReferenceFrame {
  uint32_t end = 0;        // where it ends in its block
  uint32_t delivered = 0;  // how many readers have it whole
  Frame content;
};

struct ReferenceBlock {
  std::unique_ptr<char[]> bytes;
  uint32_t size = 0;
  uint32_t capacity = 0;
  uint32_t readers = 0;
  uint64_t first_frame = 0;  // counted from the start of the stream
  std::vector<ReferenceFrame> frames;
  std::vector<uint64_t> lane_next;  // per lane: the number expected next when the block began
  FrameId last_id;                  // of the frame before the block
  ReferenceBlock* next = nullptr;
};

// Where one subscriber is: the bytes before `offset` are its, `frame` is the first one it does not
// have whole.
struct ReferenceCursor {
  ReferenceBlock* block = nullptr;
  uint32_t offset = 0;
  uint32_t frame = 0;
};

// Publishers number their events without asking each other: of `lanes` publishers, publisher p
// issues p, p + lanes, p + 2 * lanes, … Within a lane the numbers must arrive in order; between
// lanes the server decides.
class ReferenceStream {
 public:
  ReferenceStream(uint32_t lanes, uint32_t readers);

  // Every reader starts here. Requires: called once per reader, before the first append().
  [[nodiscard]] ReferenceCursor start() const noexcept { return {.block = blocks_.front().get()}; }

  // Whether `frame` may come next: its id and, within its lane, its number are above all before.
  [[nodiscard]] bool continues_with(const Frame& frame) const noexcept;
  // Requires: continues_with(frame). A number passed over is remembered; whether it was lost is
  // known only when the publisher's answers are: a refused publish burns its number.
  void append(const Frame& frame, std::string_view bytes);

  // Moves `cursor` to the next block when it has used up its own. False at the end of the stream.
  bool advance(ReferenceCursor& cursor) noexcept;
  // `cursor` reads no more.
  void leave(const ReferenceCursor& cursor) noexcept;

  [[nodiscard]] uint32_t frame_start(const ReferenceCursor& cursor) const noexcept;
  [[nodiscard]] uint64_t frames_before(const ReferenceCursor& cursor) const noexcept;
  // Per lane, the number `cursor` expects next.
  [[nodiscard]] std::vector<uint64_t> lane_next_at(const ReferenceCursor& cursor) const;
  // The id of the last frame `cursor` has whole; 0-0 before the first.
  [[nodiscard]] FrameId last_id_at(const ReferenceCursor& cursor) const noexcept;

  // Whether `bytes` is what event `number` has in the reference; true while it has not come.
  [[nodiscard]] bool agrees(uint64_t number, std::string_view bytes) const noexcept;

  [[nodiscard]] uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] uint32_t lanes() const noexcept { return lanes_; }
  [[nodiscard]] const std::vector<uint64_t>& lane_next() const noexcept { return lane_next_; }
  [[nodiscard]] const std::vector<uint64_t>& passed_over() const noexcept { return passed_over_; }
  // Order-free digest of (number, id) of all frames, to compare with what the publishers were
  // answered.
  [[nodiscard]] uint64_t id_digest() const noexcept { return id_digest_; }

 private:
  static constexpr uint32_t kBlockBytes = 1 << 20;

  void add_block(size_t bytes_min);
  void free_left_blocks() noexcept;

  uint32_t lanes_;
  std::deque<std::unique_ptr<ReferenceBlock>> blocks_;
  std::vector<uint64_t> lane_next_;
  std::vector<uint64_t> passed_over_;
  std::vector<std::vector<size_t>>
      lane_hashes_;  // per lane, in the order of its numbers; 0: not there
  FrameId last_id_;
  uint64_t frames_ = 0;
  uint64_t id_digest_ = 0;
};

[[nodiscard]] uint64_t digest_of(uint64_t number, const FrameId& id) noexcept;

}  // namespace ringcast::bench
