#include "engine/channel.h"

#include <algorithm>

namespace ringcast {

void WireRing::append(EventId id, std::string_view frame) noexcept {
  const Position at = ring->append(frame);
  index.push({.id = id, .at = at, .bytes = static_cast<uint32_t>(frame.size())});
}

Channel::Channel(ChannelNumber number, const ChannelConfig& config, const Epochs& epochs)
    : number_(number), config_(config), epochs_(epochs), audience_(epochs.size()) {}

Result<std::unique_ptr<Channel>> Channel::create(ChannelNumber number, const ChannelConfig& config,
                                                 const Epochs& epochs) {
  std::unique_ptr<Channel> channel(new Channel(number, config, epochs));
  Result<std::unique_ptr<WireRing>> chunked = channel->make_ring();
  if (!chunked) return chunked.error();
  channel->adopt(WireFormat::kChunked, std::move(*chunked));
  return channel;
}

Result<std::unique_ptr<WireRing>> Channel::make_ring() const {
  const uint64_t capacity = Ring::capacity_for(config_.history.bytes, config_.event_bytes_max);
  Result<std::unique_ptr<Ring>> ring = Ring::open(capacity, epochs_);
  if (!ring) return ring.error();
  return std::make_unique<WireRing>(std::move(*ring), config_.history.events, epochs_.size());
}

void Channel::adopt(WireFormat format, std::unique_ptr<WireRing> ring) noexcept {
  const auto i = static_cast<size_t>(format);
  owned_rings_[i] = std::move(ring);
  rings_[i].store(owned_rings_[i].get(), std::memory_order_release);
}

Room Channel::try_append(EventId id, const Frame& frame) noexcept {
  const Room room = make_room(frame);
  if (room == Room::kReady) {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      if (WireRing* const ring = this->ring(format)) ring->append(id, frame.in(format));
    }
  }
  forget_old_frames(id.ms);  // also when refused: a floor may have risen all the same
  return room;
}

Room Channel::make_room(const Frame& frame) noexcept {
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    WireRing* const ring = this->ring(format);
    if (ring == nullptr) continue;
    const Room room = ring->ring->make_room(frame.in(format).size(), ring->progress);
    if (room != Room::kReady) return room;
  }
  return Room::kReady;
}

void Channel::forget_old_frames(uint64_t now_ms) noexcept {
  const auto age_ms = static_cast<uint64_t>(config_.history.age.count());
  const uint64_t oldest_ms = now_ms > age_ms ? now_ms - age_ms : 0;
  for (const auto& ring : owned_rings_) {
    if (ring) ring->index.forget_before(ring->ring->floor(), oldest_ms);
  }
}

Result<WireRing*> Channel::open_ring(WireFormat format) {
  if (WireRing* const open = ring(format)) return open;
  RC_CHECK(format == WireFormat::kRaw);
  Result<std::unique_ptr<WireRing>> raw = make_ring();
  if (!raw) return raw.error();
  fill_raw_ring(**raw);
  adopt(format, std::move(*raw));
  return ring(format);
}

// Reading the chunked ring here needs no epoch: only the holder of the log's lock, which we are,
// overwrites it.
void Channel::fill_raw_ring(WireRing& raw) noexcept {
  const WireRing& chunked = *ring(WireFormat::kChunked);
  for (size_t i = 0; i < chunked.index.size(); ++i) {
    const FrameIndex::Entry& entry = chunked.index.at(i);
    const Frame frame = frame_from_chunk(chunked.ring->bytes(entry.at, entry.at + entry.bytes));
    RC_CHECK(raw.ring->make_room(frame.raw.size(), raw.progress) == Room::kReady);
    raw.append(entry.id, frame.raw);
  }
  // A full chunked ring takes the raw one far enough to raise its floor on the way.
  raw.index.forget_before(raw.ring->floor(), 0);
}

uint32_t Channel::subscribers() const noexcept {
  uint32_t total = 0;
  for (const AudienceCell& cell : audience_) {
    total += cell.subscribers.load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace ringcast
