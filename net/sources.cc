#include "net/sources.h"

#include "engine/base/check.h"

namespace ringcast::net {

uint32_t Sources::feed_of(Channel& channel, WireRing& wire) {
  const auto [found, is_new] =
      feed_numbers_.emplace(channel.number(), static_cast<uint32_t>(feeds_.size()));
  if (is_new) feeds_.push_back(Feed{.channel = channel, .wire = wire, .scanned = wire.end()});
  Feed& feed = feeds_[found->second];
  // Nobody was fed from it, so nobody looked.
  if (feed.sources == 0) feed.scanned = wire.end();
  return found->second;
}

SourceIndex& Sources::head_of(const Source& source) {
  Feed& feed = feed_of(source);
  if (!feed.channel.is_pattern()) return feed.all;
  return feed.by_recipient.emplace(source.recipient, kNoSource).first->second;
}

SourceIndex Sources::add(uint32_t feed, const KeyedHash& recipient, const Place& place,
                         MemberIndex member, SourceIndex next_of_member) {
  SourceIndex i = static_cast<SourceIndex>(sources_.size());
  if (free_.empty()) {
    sources_.emplace_back();
  } else {
    i = free_.back();
    free_.pop_back();
  }
  Source& source = sources_[i];
  source = {.recipient = recipient,
            .next = place.frames == 0 ? kNoFrame : place.frame,
            .live = feeds_[feed].scanned,
            .owed = static_cast<uint32_t>(place.frames),
            .feed = feed,
            .member = member,
            .next_of_member = next_of_member,
            .next_alike = kNoSource,
            .previous_alike = kNoSource};
  SourceIndex& head = head_of(source);
  source.next_alike = head;
  if (head != kNoSource) sources_[head].previous_alike = i;
  head = i;
  ++feeds_[feed].sources;
  tally_of(source).replayed.add(place.frames);
  return i;
}

void Sources::remove(SourceIndex i) noexcept {
  const Source& source = sources_[i];
  Feed& feed = feed_of(source);
  tally_of(source).closed_owing.add(source.owed);
  if (source.next_alike != kNoSource) {
    sources_[source.next_alike].previous_alike = source.previous_alike;
  }
  if (source.previous_alike != kNoSource) {
    sources_[source.previous_alike].next_alike = source.next_alike;
  } else if (source.next_alike != kNoSource || !feed.channel.is_pattern()) {
    head_of(source) = source.next_alike;
  } else {
    feed.by_recipient.erase(source.recipient);
  }
  RC_CHECK(feed.sources > 0);
  --feed.sources;
  free_.push_back(i);
}

uint32_t Sources::unscanned(const Source& source) const noexcept {
  const Feed& feed = feed_of(source);
  const FrameNumber end = feed.wire.end();
  if (!feed.channel.is_pattern()) return static_cast<uint32_t>(end - feed.scanned);
  const RecipientFrames& recipients = feed.channel.index().recipients();
  uint32_t frames = 0;
  for (FrameNumber n = feed.scanned; n < end; ++n) {
    frames += recipients.recipient_of(n) == source.recipient ? 1 : 0;
  }
  return frames;
}

}  // namespace ringcast::net
