#include "engine/log/memory_log.h"

#include <algorithm>

#include "engine/base/check.h"

namespace ringcast {

namespace {

bool is_too_long(const Publication& publication, size_t id_bytes) noexcept {
  return frame_sizes(id_bytes, publication.beside_id).chunk >
         publication.channel->config().event_bytes_max;
}

// Of the frame, if it is committed at all: with the widest id, but no longer than its channel allows.
FrameSizes sizes_at_most(const Publication& publication) noexcept {
  FrameSizes sizes = frame_sizes(kIdBytesMax, publication.beside_id);
  sizes.chunk = std::min<size_t>(sizes.chunk, publication.channel->config().event_bytes_max);
  sizes.raw = std::min(sizes.raw, sizes.chunk);
  return sizes;
}

}  // namespace

MemoryLog::MemoryLog(const Channels& channels, CommitListener& listener, WallClock clock)
    : listener_(listener), clock_(clock) {
  const EventId origin{clock_(), 0};
  ids_.take(origin);
  for (ChannelNumber i = 0; i < channels.size(); ++i) channels.at(i).index().set_origin(origin);
}

void MemoryLog::append(std::span<const Publication> batch, const AppendDone& done) {
  RC_CHECK(!batch.empty());
  const auto refused = std::ranges::find_if(
      batch, [](const Publication& event) { return is_too_long(event, kIdBytesMin); });
  if (refused != batch.end()) {
    return done({.status = AppendStatus::kTooLong,
                 .refused = static_cast<size_t>(refused - batch.begin())});
  }
  if (batch.size() > 1) return append_shares(batch, shares_of(batch), done);
  Share share{.channel = batch.front().channel, .load = {}};
  share.load.add(sizes_at_most(batch.front()));
  append_shares(batch, {&share, 1}, done);
}

// Held publishes come back every millisecond, from every shard, and everybody else waits for the lock: what
// does not depend on the moment is summed up before it is taken.
std::vector<MemoryLog::Share> MemoryLog::shares_of(std::span<const Publication> batch) {
  std::vector<Share> shares;
  for (const Publication& publication : batch) {
    // A batch names few channels many times, mostly the last one again.
    auto share =
        std::ranges::find(shares.rbegin(), shares.rend(), publication.channel, &Share::channel);
    if (share == shares.rend()) {
      shares.push_back({.channel = publication.channel, .load = {}});
      share = shares.rbegin();
    }
    share->load.add(sizes_at_most(publication));
  }
  return shares;
}

void MemoryLog::append_shares(std::span<const Publication> batch, std::span<const Share> shares,
                              const AppendDone& done) {
  for (const Share& share : shares) {
    if (!share.channel->can_hold(share.load)) return done({.status = AppendStatus::kTooMany});
  }
  const bool ids_matter = std::ranges::any_of(
      batch, [](const Publication& event) { return is_too_long(event, kIdBytesMax); });
  const AppendOutcome outcome = [&] {
    const auto guard = hold();
    return try_commit(batch, shares, ids_matter ? JudgedBy::kItsId : JudgedBy::kAnyId);
  }();
  for (const Share& share : shares) tell(*share.channel, outcome.status);
  done(outcome);
}

void MemoryLog::tell(Channel& channel, AppendStatus status) noexcept {
  if (status == AppendStatus::kCommitted) listener_.on_commit(channel);
  if (status == AppendStatus::kPaced) listener_.on_paced(channel);
}

// Until there is room for all of it nothing has happened, and from there on nothing can fail.
AppendOutcome MemoryLog::try_commit(std::span<const Publication> batch,
                                    std::span<const Share> shares, JudgedBy judged_by) {
  const uint64_t now_ms = clock_();
  if (judged_by == JudgedBy::kItsId) {
    if (const auto refused = first_too_long(batch, now_ms)) {
      return {.status = AppendStatus::kTooLong, .refused = *refused};
    }
  }
  if (const AppendStatus room = make_room(shares); room != AppendStatus::kCommitted) {
    return {.status = room};
  }
  return commit(batch, now_ms);
}

// No channel gives up any of its past before readers have let all of them. Then batches under way may still keep one
// waiting, but for a moment only, and what the others gave up they were about to.
AppendStatus MemoryLog::make_room(std::span<const Share> shares) noexcept {
  for (const Share& share : shares) {
    if (!share.channel->could_make_room(share.load)) return AppendStatus::kPaced;
  }
  for (const Share& share : shares) {
    if (share.channel->make_room(share.load) != Room::kReady) return AppendStatus::kPaced;
  }
  return AppendStatus::kCommitted;
}

// For events that are about as long as their channels allow: a few digits of the id decide.
std::optional<size_t> MemoryLog::first_too_long(std::span<const Publication> batch,
                                                uint64_t now_ms) const noexcept {
  EventIdGenerator ids = ids_;
  for (size_t i = 0; i < batch.size(); ++i) {
    const EventId id = ids.peek(now_ms);
    ids.take(id);
    if (is_too_long(batch[i], id_bytes(id))) return i;
  }
  return std::nullopt;
}

AppendOutcome MemoryLog::commit(std::span<const Publication> batch, uint64_t now_ms) {
  AppendOutcome outcome;
  for (const Publication& publication : batch) {
    const EventId id = ids_.peek(now_ms);
    const Frame frame = encoder_.encode(id, publication.event);
    const uint32_t subscribers =
        publication.channel->append(id, publication.recipient, frame, publication.event.ttl);
    ids_.take(id);
    if (outcome.id == EventId{}) {
      outcome.id = id;
      outcome.subscribers = subscribers;
    }
    outcome.last_id = id;
  }
  return outcome;
}

// Holding the lock for the whole merge keeps appends waiting, so `limit` is what bounds it.
void MemoryLog::read(std::span<Channel* const> channels, EventId after_id, size_t limit,
                     const ReadDone& done) {
  const auto guard = hold();
  const uint64_t now = clock_();
  std::vector<LoggedEvent> events;
  for (Channel* const channel : channels) {
    const WireRing& chunked = *channel->ring(WireFormat::kChunked);
    FrameIndex& index = channel->index();
    const FrameNumber first = std::max({index.first_after(after_id), chunked.begin(),
                                        index.history_begin(channel->config().history, now)});
    size_t left = limit;
    for (FrameNumber n = first; n < index.end() && left > 0; ++n) {
      if (index.is_expired(n, now)) continue;
      events.push_back({index.id(n), channel->number(), frame_from_chunk(chunked.frame(n)).raw});
      --left;
    }
  }
  std::ranges::sort(events, {}, &LoggedEvent::id);
  events.resize(std::min(events.size(), limit));
  done(events);
}

}  // namespace ringcast
