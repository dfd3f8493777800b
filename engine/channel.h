// Channel: a named stream. It owns one WireRing per wire format in use, and knows how many
// subscribers each shard has.
//
// The chunked ring exists from the start; the raw one is made at its first subscriber and filled
// from the chunked one, since a raw frame is what is inside a chunk.
//
// Threads: try_append() and open_ring() under the log's lock; the audience counts and ring() from
// any shard. Memory:  the rings of the configured history, their indexes, one cell per shard;
// nothing after.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/frame_encoder.h"
#include "engine/frame_index.h"
#include "engine/reader_progress.h"
#include "engine/ring.h"
#include "engine/wire_format.h"

namespace ringcast {

// A channel's place in Channels: its bit in a shard's doorbell.
using ChannelNumber = uint32_t;

// One channel's frames in one wire format: the bytes, where each frame starts, and how far the
// shards have got.
struct WireRing {
  WireRing(std::unique_ptr<Ring> bytes_ring, uint32_t frames_max, size_t shards)
      : ring(std::move(bytes_ring)), index(frames_max), progress(shards) {}

  void append(EventId id, std::string_view frame) noexcept;

  const std::unique_ptr<Ring> ring;
  FrameIndex index;
  ReaderProgress progress;
};

class Channel {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Channel>> create(ChannelNumber number,
                                                               const ChannelConfig& config,
                                                               const Epochs& epochs);

  [[nodiscard]] ChannelNumber number() const noexcept { return number_; }
  [[nodiscard]] const ChannelConfig& config() const noexcept { return config_; }

  // Puts `frame` into every ring in use, or into none. Not kReady: the publisher is to be paced.
  // Either way the indexes know no frame below their ring's floor afterwards.
  [[nodiscard]] Room try_append(EventId id, const Frame& frame) noexcept;

  // The ring of `format`, made and filled when this is its first use. Fails when it cannot be
  // mapped.
  [[nodiscard]] Result<WireRing*> open_ring(WireFormat format);

  // The ring of `format`, or nullptr before its first subscriber.
  [[nodiscard]] WireRing* ring(WireFormat format) const noexcept {
    return rings_[static_cast<size_t>(format)].load(std::memory_order_acquire);
  }

  // How many subscribers `shard` has. seq_cst, as Ring::committed(): a shard says that it has an
  // audience before it loads the position to start at, the writer publishes the frame before it
  // asks who wants it.
  void set_audience(size_t shard, uint32_t subscribers) noexcept {
    audience_[shard].subscribers.store(subscribers, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool has_audience(size_t shard) const noexcept {
    return audience_[shard].subscribers.load(std::memory_order_seq_cst) != 0;
  }
  [[nodiscard]] uint32_t subscribers() const noexcept;

 private:
  struct alignas(kCacheLineBytes) AudienceCell {
    std::atomic<uint32_t> subscribers{0};
  };

  Channel(ChannelNumber number, const ChannelConfig& config, const Epochs& epochs);
  [[nodiscard]] Result<std::unique_ptr<WireRing>> make_ring() const;
  [[nodiscard]] Room make_room(const Frame& frame) noexcept;
  void fill_raw_ring(WireRing& raw) noexcept;
  void adopt(WireFormat format, std::unique_ptr<WireRing> ring) noexcept;
  void forget_old_frames(uint64_t now_ms) noexcept;

  const ChannelNumber number_;
  const ChannelConfig config_;
  const Epochs& epochs_;

  // Stored (release) under the log's lock when a ring is complete; loaded (acquire) by shards.
  std::array<std::atomic<WireRing*>, kWireFormats> rings_{};
  std::array<std::unique_ptr<WireRing>, kWireFormats> owned_rings_;

  // Each cell stored by its own shard, loaded by publishers.
  std::vector<AudienceCell> audience_;
};

}  // namespace ringcast
