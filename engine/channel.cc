#include "engine/channel.h"

#include <algorithm>

namespace ringcast {

namespace {

constexpr std::array kFormats{WireFormat::kChunked, WireFormat::kRaw};

// An index sized for frames of this many bytes, or for the configured count if that is more. Smaller
// frames make the index the limit of what is kept. A guess: a short event is 60 bytes on the wire.
constexpr uint64_t kFrameBytesUsual = 128;

uint64_t capacity_for(const ChannelConfig& config) noexcept {
  return Ring::capacity_for(config.history.bytes, config.event_bytes_max);
}

uint32_t frames_max_for(const ChannelConfig& config) noexcept {
  return static_cast<uint32_t>(
      std::max<uint64_t>(config.history.events, capacity_for(config) / kFrameBytesUsual));
}

}  // namespace

void Channel::Load::add(const FrameSizes& frame) noexcept {
  chunk_bytes += frame.chunk;
  raw_bytes += frame.raw;
  ++frames;
}

Channel::Channel(ChannelNumber number, const ChannelConfig& config, const Epochs& epochs)
    : number_(number),
      config_(config),
      name_(split_channel_name(config_.name)),
      epochs_(epochs),
      index_(frames_max_for(config_),
             name_.is_pattern ? ChannelKind::kPattern : ChannelKind::kPlain),
      tallies_(epochs.size()) {}

Result<std::unique_ptr<Channel>> Channel::create(ChannelNumber number, const ChannelConfig& config,
                                                 const Epochs& epochs) {
  std::unique_ptr<Channel> channel(new Channel(number, config, epochs));
  Result<std::unique_ptr<WireRing>> chunked = channel->make_ring(0);
  if (!chunked) return chunked.error();
  channel->adopt(WireFormat::kChunked, std::move(*chunked));
  return channel;
}

// --- Rings

Result<std::unique_ptr<WireRing>> Channel::make_ring(FrameNumber first) const {
  Result<std::unique_ptr<Ring>> ring = Ring::open(capacity_for(config_), epochs_);
  if (!ring) return ring.error();
  return std::make_unique<WireRing>(std::move(*ring), index_.frames_max(), epochs_.size(), first);
}

void Channel::adopt(WireFormat format, std::unique_ptr<WireRing> ring) noexcept {
  const auto i = static_cast<size_t>(format);
  owned_rings_[i] = std::move(ring);
  rings_[i].store(owned_rings_[i].get(), std::memory_order_release);
}

Result<WireRing*> Channel::open_ring(WireFormat format) {
  if (WireRing* const open = ring(format)) return open;
  RC_CHECK(format == WireFormat::kRaw);
  Result<std::unique_ptr<WireRing>> raw = make_ring(ring(WireFormat::kChunked)->begin());
  if (!raw) return raw.error();
  fill_raw_ring(**raw);
  adopt(format, std::move(*raw));
  return ring(format);
}

// Reading the chunked ring here needs no epoch: only the holder of the log's lock, which we are,
// overwrites it.
void Channel::fill_raw_ring(WireRing& raw) noexcept {
  const WireRing& chunked = *ring(WireFormat::kChunked);
  for (FrameNumber n = chunked.begin(); n < chunked.end(); ++n) {
    const Frame frame = frame_from_chunk(chunked.frame(n));
    RC_CHECK(raw.make_room(frame.raw.size()) == Room::kReady);
    raw.append(frame.raw);
    // A full chunked ring takes the raw one far enough to raise its floor on the way.
    raw.forget_overwritten();
  }
}

FrameNumber Channel::history_begin(uint64_t now_ms) noexcept {
  FrameNumber begin = index_.history_begin(config_.history, now_ms);
  for (const auto& ring : owned_rings_) {
    if (ring) begin = std::max(begin, ring->begin_of_last(config_.history.bytes));
  }
  return begin;
}

// --- Appending

bool Channel::can_hold(const Load& load) const noexcept {
  return load.frames <= index_.frames_max() &&
         load.chunk_bytes <= ring(WireFormat::kChunked)->ring().batch_bytes_max();
}

bool Channel::could_make_room(const Load& load) const noexcept {
  if (!could_forget_before(index_begin_for(load.frames))) return false;
  return std::ranges::all_of(kFormats, [&](WireFormat format) {
    const WireRing* const ring = this->ring(format);
    return ring == nullptr || ring->ring().could_make_room(load.bytes_in(format), ring->progress);
  });
}

Room Channel::make_room(const Load& load) noexcept {
  Room room = make_index_room(load.frames);
  for (const WireFormat format : kFormats) {
    WireRing* const ring = this->ring(format);
    if (ring == nullptr || room != Room::kReady) continue;
    room = ring->make_room(load.bytes_in(format));
  }
  forget_overwritten();  // also when refused: a floor may have risen all the same
  return room;
}

// The oldest frame that the index can keep beside so many new ones.
FrameNumber Channel::index_begin_for(uint32_t frames) const noexcept {
  const uint64_t wanted = index_.size() + frames;
  return index_.begin() + (wanted <= index_.frames_max() ? 0 : wanted - index_.frames_max());
}

// The index forgets the oldest frames when it is full, but none that somebody healthy is yet to be sent.
bool Channel::could_forget_before(FrameNumber begin) const noexcept {
  if (begin == index_.begin()) return true;
  return std::ranges::none_of(owned_rings_, [&](const auto& ring) {
    return ring && begin > ring->begin() && ring->progress.slowest() < ring->at(begin);
  });
}

Room Channel::make_index_room(uint32_t frames) noexcept {
  const FrameNumber begin = index_begin_for(frames);
  if (begin == index_.begin()) return Room::kReady;
  if (!could_forget_before(begin)) return Room::kReadersBehind;
  for (const auto& ring : owned_rings_) {
    if (ring) ring->forget_before(begin);
  }
  index_.forget_before(begin);
  return Room::kReady;
}

uint32_t Channel::append(EventId id, const KeyedHash& recipient, const Frame& frame,
                         milliseconds ttl) noexcept {
  for (const WireFormat format : kFormats) {
    if (WireRing* const ring = this->ring(format)) ring->append(frame.in(format));
  }
  index_.push(id, recipient, ttl);
  const uint32_t subscribers = subscribers_of(recipient);
  events_.add();
  committed_.add(subscribers);
  return subscribers;
}

Room Channel::try_append(EventId id, const Frame& frame) noexcept {
  Load load;
  load.add(frame);
  const Room room = make_room(load);
  if (room == Room::kReady) append(id, {}, frame, milliseconds{0});
  return room;
}

// A frame is known while any ring has it whole.
void Channel::forget_overwritten() noexcept {
  FrameNumber begin = index_.end();
  for (const auto& ring : owned_rings_) {
    if (!ring) continue;
    ring->forget_overwritten();
    begin = std::min(begin, ring->begin());
  }
  index_.forget_before(begin);
}

// --- Subscribers

uint32_t Channel::subscribers() const noexcept {
  uint32_t total = 0;
  for (const ShardTally& tally : tallies_) {
    total += tally.subscribers.load(std::memory_order_relaxed);
  }
  return total;
}

uint32_t Channel::subscribers_of(const KeyedHash& recipient) const noexcept {
  if (!is_pattern()) return subscribers();
  const auto found = recipients_.find(recipient);
  return found == recipients_.end() ? 0 : found->second;
}

void Channel::add_recipient(const KeyedHash& recipient) {
  ++recipients_[recipient];
}

void Channel::remove_recipient(const KeyedHash& recipient) noexcept {
  const auto found = recipients_.find(recipient);
  RC_CHECK(found != recipients_.end());
  if (--found->second == 0) recipients_.erase(found);
}

}  // namespace ringcast
