// Channel: a named stream, or a pattern of them. It owns one WireRing per wire format in use, the index
// of its frames, and knows how many subscribers each shard has.
//
// The chunked ring exists from the start; the raw one is made at its first subscriber and filled
// from the chunked one, since a raw frame is what is inside a chunk.
//
// Threads: what changes frames or recipients under the log's lock; the audience counts and ring() from
// any shard. Memory: the rings of the configured history and their index, touched as they fill; one
// tally per shard; in a pattern channel a table entry per recipient who has a subscriber.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/channel_name.h"
#include "engine/config/config.h"
#include "engine/frame_encoder.h"
#include "engine/frame_index.h"
#include "engine/tally.h"
#include "engine/wire_format.h"
#include "engine/wire_ring.h"

namespace ringcast {

// A channel's place in Channels: its bit in a shard's doorbell.
using ChannelNumber = uint32_t;

class Channel {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Channel>> create(ChannelNumber number,
                                                               const ChannelConfig& config,
                                                               const Epochs& epochs);

  [[nodiscard]] ChannelNumber number() const noexcept { return number_; }
  [[nodiscard]] const ChannelConfig& config() const noexcept { return config_; }
  [[nodiscard]] const ChannelName& name() const noexcept { return name_; }
  [[nodiscard]] bool is_pattern() const noexcept { return name_.is_pattern; }

  // --- Frames, under the log's lock

  // What is to be appended at once.
  struct Load {
    uint64_t chunk_bytes = 0;
    uint64_t raw_bytes = 0;
    uint32_t frames = 0;
    void add(const FrameSizes& frame) noexcept;
    void add(const Frame& frame) noexcept { add({frame.chunk.size(), frame.raw.size()}); }
    [[nodiscard]] uint64_t bytes_in(WireFormat format) const noexcept {
      return format == WireFormat::kChunked ? chunk_bytes : raw_bytes;
    }
  };
  // Whether `load` could ever be appended at once; a larger one has to be split. Any thread.
  [[nodiscard]] bool can_hold(const Load& load) const noexcept;

  // Whether readers let make_room(load) have room: if not, it would say kReadersBehind; if so, batches under way may
  // still keep it waiting. Changes nothing. Requires: can_hold(load).
  [[nodiscard]] bool could_make_room(const Load& load) const noexcept;

  // Room for all of `load` in every ring in use, or in none. Not kReady: the publisher is to be paced;
  // the oldest history may go all the same. Requires: can_hold(load).
  [[nodiscard]] Room make_room(const Load& load) noexcept;

  // Appends one frame and returns how many subscribers it is for. Requires: room was made for it; a
  // recipient exactly in a pattern channel.
  uint32_t append(EventId id, const KeyedHash& recipient, const Frame& frame,
                  milliseconds ttl) noexcept;

  // Both for a single frame of a plain channel.
  [[nodiscard]] Room try_append(EventId id, const Frame& frame) noexcept;

  [[nodiscard]] FrameIndex& index() noexcept { return index_; }
  [[nodiscard]] const FrameIndex& index() const noexcept { return index_; }

  // The oldest frame that is history by count, bytes and age at wall-clock time `now_ms`, or the end. What is history is
  // so in every ring in use, and what was not once is never again: somebody who comes back, perhaps by way of another
  // proxy, is told of a gap by the same measure as before.
  [[nodiscard]] FrameNumber history_begin(uint64_t now_ms) noexcept;

  // The ring of `format`, made and filled when this is its first use. Fails when it cannot be
  // mapped.
  [[nodiscard]] Result<WireRing*> open_ring(WireFormat format);

  // The ring of `format`, or nullptr before its first subscriber. Any thread.
  [[nodiscard]] WireRing* ring(WireFormat format) const noexcept {
    return rings_[static_cast<size_t>(format)].load(std::memory_order_acquire);
  }

  // --- Subscribers

  // How many subscribers `shard` has. seq_cst, as Ring::committed(): a shard says that it has an
  // audience before it loads the position to start at, the writer publishes the frame before it
  // asks who wants it.
  void set_audience(size_t shard, uint32_t subscribers) noexcept {
    tallies_[shard].subscribers.store(subscribers, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool has_audience(size_t shard) const noexcept {
    return tallies_[shard].subscribers.load(std::memory_order_seq_cst) != 0;
  }
  // Of all shards; of all recipients.
  [[nodiscard]] uint32_t subscribers() const noexcept;

  // Under the log's lock: one subscriber of `recipient` more or less, on whichever shard.
  void add_recipient(const KeyedHash& recipient);
  void remove_recipient(const KeyedHash& recipient) noexcept;

  // --- The books

  [[nodiscard]] ShardTally& tally(size_t shard) noexcept { return tallies_[shard]; }
  [[nodiscard]] const std::vector<ShardTally>& tallies() const noexcept { return tallies_; }
  [[nodiscard]] const Counter& committed_deliveries() const noexcept { return committed_; }
  [[nodiscard]] const Counter& committed_events() const noexcept { return events_; }

 private:
  Channel(ChannelNumber number, const ChannelConfig& config, const Epochs& epochs);
  [[nodiscard]] Result<std::unique_ptr<WireRing>> make_ring(FrameNumber first) const;
  [[nodiscard]] FrameNumber index_begin_for(uint32_t frames) const noexcept;
  [[nodiscard]] bool could_forget_before(FrameNumber begin) const noexcept;
  [[nodiscard]] Room make_index_room(uint32_t frames) noexcept;
  void fill_raw_ring(WireRing& raw) noexcept;
  void adopt(WireFormat format, std::unique_ptr<WireRing> ring) noexcept;
  void forget_overwritten() noexcept;
  [[nodiscard]] uint32_t subscribers_of(const KeyedHash& recipient) const noexcept;

  const ChannelNumber number_;
  const ChannelConfig config_;
  const ChannelName name_;  // views config_.name
  const Epochs& epochs_;
  FrameIndex index_;

  // Stored (release) under the log's lock when a ring is complete; loaded (acquire) by shards.
  std::array<std::atomic<WireRing*>, kWireFormats> rings_{};
  std::array<std::unique_ptr<WireRing>, kWireFormats> owned_rings_;

  // Each stored by its own shard, loaded by publishers.
  std::vector<ShardTally> tallies_;

  // Under the log's lock.
  std::unordered_map<KeyedHash, uint32_t, KeyedHashHasher> recipients_;
  Counter events_;
  Counter committed_;  // each event counted once per subscriber it was for
};

}  // namespace ringcast
