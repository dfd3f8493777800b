#include "engine/log/memory_log.h"

#include <algorithm>

namespace ringcast {

void MemoryLog::append(Channel& channel, const Event& event, const AppendDone& done) {
  const AppendOutcome outcome = [&] {
    const std::lock_guard guard(lock_);
    return append_locked(channel, event);
  }();
  if (outcome.status == AppendStatus::kCommitted) listener_.on_commit(channel);
  if (outcome.status == AppendStatus::kPaced) listener_.on_paced(channel);
  done(outcome);
}

AppendOutcome MemoryLog::append_locked(Channel& channel, const Event& event) {
  const EventId id = ids_.peek(clock_());
  const Frame frame = encoder_.encode(id, event);
  if (frame.chunk.size() > channel.config().event_bytes_max) {
    return {.status = AppendStatus::kTooLong, .id = {}, .subscribers = 0};
  }
  if (channel.try_append(id, frame) != Room::kReady) {
    return {.status = AppendStatus::kPaced, .id = {}, .subscribers = 0};
  }
  ids_.take(id);
  return {.status = AppendStatus::kCommitted, .id = id, .subscribers = channel.subscribers()};
}

// Holding the lock for the whole merge keeps appends waiting, so `limit` is what bounds it.
void MemoryLog::read(std::span<Channel* const> channels, EventId after_id, size_t limit,
                     const ReadDone& done) {
  const std::lock_guard guard(lock_);
  std::vector<LoggedEvent> events;
  for (Channel* const channel : channels) {
    const WireRing& chunked = *channel->ring(WireFormat::kChunked);
    const size_t first = chunked.index.first_after(after_id);
    const size_t last = first + std::min(chunked.index.size() - first, limit);
    for (size_t i = first; i < last; ++i) {
      const FrameIndex::Entry& entry = chunked.index.at(i);
      const std::string_view chunk = chunked.ring->bytes(entry.at, entry.at + entry.bytes);
      events.push_back({entry.id, channel->number(), frame_from_chunk(chunk).raw});
    }
  }
  std::ranges::sort(events, {}, &LoggedEvent::id);
  events.resize(std::min(events.size(), limit));
  done(events);
}

Result<WireRing*> MemoryLog::open_ring(Channel& channel, WireFormat format) {
  const std::lock_guard guard(lock_);
  return channel.open_ring(format);
}

}  // namespace ringcast
