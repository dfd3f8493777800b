// Sources: what the members of a merged audience listen to. A source is one member's share of one channel:
// all of a plain channel, or one recipient's frames of a pattern. It knows the next frame that is owed, so
// that whoever is up to date costs nothing when somebody else gets an event.
//
// A feed is a channel that sources here are fed from. Every new frame of a feed is looked at once a shard,
// by scan(), which notes it with the sources it is for. Frames lie in the feeds' rings in commit order, and
// scan() sees all feeds at one moment, under the log's lock: what it has seen is everything up to the last
// id that was issued.
//
// Threads: one shard, all under the log's lock but for is_scanned(). Memory: 56 bytes a source; per feed a
// table entry for each recipient who listens here.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "engine/channel.h"
#include "engine/place.h"
#include "net/audience.h"

namespace ringcast::net {

using SourceIndex = uint32_t;
inline constexpr SourceIndex kNoSource = ~SourceIndex{0};

struct Feed {
  Channel& channel;
  WireRing& wire;
  FrameNumber scanned;  // the first frame that has not been looked at
  uint32_t sources = 0;
  // The first of the sources that are fed the same: all frames, or those of one recipient.
  SourceIndex all = kNoSource;
  std::unordered_map<KeyedHash, SourceIndex, KeyedHashHasher> by_recipient{};
};

struct Source {
  KeyedHash recipient;  // zero: all of the channel
  FrameNumber next;     // the first frame it is owed, or kNoFrame
  FrameNumber live;     // what came before is replayed, and may have expired
  uint32_t owed;        // how many frames it is owed, from that one on
  uint32_t feed;
  MemberIndex member;
  SourceIndex next_of_member;
  SourceIndex next_alike;  // fed the same
  SourceIndex previous_alike;
};
static_assert(sizeof(Source) == 56);

class Sources {
 public:
  explicit Sources(size_t shard) : shard_(shard) {}

  // The feed from `channel`, made when there is none.
  [[nodiscard]] uint32_t feed_of(Channel& channel, WireRing& wire);

  // A source for `member`, to begin at `place`, linked in front of `next_of_member`. Requires: a feed that
  // has just been scanned.
  SourceIndex add(uint32_t feed, const KeyedHash& recipient, const Place& place, MemberIndex member,
                  SourceIndex next_of_member);
  void remove(SourceIndex source) noexcept;

  [[nodiscard]] Source& operator[](SourceIndex i) noexcept { return sources_[i]; }
  [[nodiscard]] const Source& operator[](SourceIndex i) const noexcept { return sources_[i]; }
  [[nodiscard]] Feed& feed(uint32_t number) noexcept { return feeds_[number]; }
  [[nodiscard]] std::deque<Feed>& feeds() noexcept { return feeds_; }
  [[nodiscard]] const Feed& feed_of(const Source& source) const noexcept {
    return feeds_[source.feed];
  }
  [[nodiscard]] Feed& feed_of(const Source& source) noexcept { return feeds_[source.feed]; }
  [[nodiscard]] ShardTally& tally_of(const Source& source) noexcept {
    return feed_of(source).channel.tally(shard_);
  }

  // Looks at what is new and calls `on_owed(member)` for each source it is for.
  template <typename OnOwed>
  void scan(OnOwed&& on_owed) {
    for (Feed& feed : feeds_) {
      const FrameNumber end = feed.wire.end();
      if (feed.scanned == end) continue;
      if (feed.sources == 0) {
        // Nobody is fed from it.
      } else if (!feed.channel.is_pattern()) {
        owe(feed.all, feed.scanned, static_cast<uint32_t>(end - feed.scanned), on_owed);
      } else {
        const RecipientFrames& recipients = feed.channel.index().recipients();
        for (FrameNumber n = feed.scanned; n < end; ++n) {
          const auto found = feed.by_recipient.find(recipients.recipient_of(n));
          if (found != feed.by_recipient.end()) owe(found->second, n, 1, on_owed);
        }
      }
      feed.scanned = end;
    }
  }

  // Whether nothing has come to the feed of `source` since the last scan(). Without the lock.
  [[nodiscard]] bool is_scanned(const Source& source) const noexcept {
    const Feed& feed = feed_of(source);
    return feed.wire.head().frames == feed.scanned;
  }

  // How many frames have come for `source` since the last scan(). O(those of its feed).
  [[nodiscard]] uint32_t unscanned(const Source& source) const noexcept;

  // The frame that `source` is owed after frame `n`, or kNoFrame. Requires: scanned feeds, and `n` known.
  [[nodiscard]] FrameNumber following(const Source& source, FrameNumber n) const noexcept {
    const Feed& feed = feed_of(source);
    if (feed.channel.is_pattern()) return feed.channel.index().recipients().next(n);
    return n + 1 < feed.scanned ? n + 1 : kNoFrame;
  }

 private:
  template <typename OnOwed>
  void owe(SourceIndex first, FrameNumber n, uint32_t frames, OnOwed&& on_owed) {
    for (SourceIndex i = first; i != kNoSource; i = sources_[i].next_alike) {
      Source& source = sources_[i];
      if (source.next == kNoFrame) source.next = n;
      source.owed += frames;
      on_owed(source.member);
    }
  }

  [[nodiscard]] SourceIndex& head_of(const Source& source);

  const size_t shard_;
  std::deque<Feed> feeds_;  // whose places do not change
  std::unordered_map<ChannelNumber, uint32_t> feed_numbers_;
  std::vector<Source> sources_;
  std::vector<SourceIndex> free_;
};

}  // namespace ringcast::net
