#include "tests/sim/model_chronicle.h"

#include <algorithm>

namespace ringcast::net {

namespace {

// The most events that are published at once: the index may have made room for so many, and been refused.
constexpr uint64_t kEventsAtOnceMax = 8;

EventId last_issued(SimWorld& world) {
  const auto guard = world.log().hold();
  return world.log().last_id();
}

}  // namespace

Chronicle::Chronicle(SimWorld& world, std::vector<Addressee> addressees)
    : world_(world), addressees_(std::move(addressees)), origin_(last_issued(world)) {
  world.tell_also(this);
  begin_moment();
}

Chronicle::~Chronicle() {
  world_.tell_also(nullptr);
}

const ChannelConfig& Chronicle::config_of(size_t addressee) const {
  return world_.channel(addressees_[addressee].channel).config();
}

bool Chronicle::is_recipient(size_t addressee) const {
  return world_.channel(addressees_[addressee].channel).is_pattern();
}

// What publishers say
// ----------------------------------------------------------------

void Chronicle::announce(size_t addressee, const std::string& data, const std::string& type,
                         milliseconds ttl) {
  announced_[data] = {.addressee = addressee, .type = type, .ttl = ttl};
}

void Chronicle::withdraw(const std::string& data) {
  Announced& announced = announced_.at(data);
  EXPECT_FALSE(announced.id) << "refused, and yet committed: " << data;
  announced.is_withdrawn = true;
}

std::optional<EventId> Chronicle::id_of(const std::string& data) const {
  const auto found = announced_.find(data);
  return found == announced_.end() ? std::nullopt : found->second.id;
}

// What happened
// ----------------------------------------------------------------

void Chronicle::on_commit(const Channel& channel) noexcept {
  const size_t number = channel.number();
  while (frames_[number].ids.size() < world_.history(number).size()) {
    add(number, frames_[number].ids.size());
  }
  begin_moment();
  check_what_is_kept(channel);
}

void Chronicle::on_paced(const Channel& channel) noexcept {
  begin_moment();
  check_what_is_kept(channel);
}

void Chronicle::add(size_t channel, FrameNumber frame) {
  const DispatchedEvent& seen = world_.history(channel)[frame];
  const std::optional<EventId> id = parse_event_id(seen.last_event_id);
  ASSERT_TRUE(id) << seen.last_event_id;
  const auto found = announced_.find(seen.data);
  ASSERT_NE(found, announced_.end()) << "nobody published " << seen.data;
  Announced& announced = found->second;
  EXPECT_FALSE(announced.id) << "committed twice: " << seen.data;
  EXPECT_FALSE(announced.is_withdrawn) << "refused, and yet committed: " << seen.data;
  EXPECT_EQ(addressees_[announced.addressee].channel, channel) << seen.data;
  announced.id = *id;
  Sizes& frames = frames_[channel];
  const uint64_t bytes = world_.channel(channel).ring(WireFormat::kChunked)->frame(frame).size();
  frames.ends.push_back(bytes + (frames.ends.empty() ? 0 : frames.ends.back()));
  frames.ids.push_back(*id);
  const ModelEvent event{.id = *id,
                         .addressee = announced.addressee,
                         .channel = channel,
                         .frame = frame,
                         .type = announced.type,
                         .data = seen.data,
                         .expires_ms = announced.ttl.count() == 0
                                           ? 0
                                           : id->ms + static_cast<uint64_t>(announced.ttl.count())};
  // Of a batch for several channels we are told channel by channel.
  const auto place = std::ranges::upper_bound(events_, event.id, {}, &ModelEvent::id);
  EXPECT_TRUE(place == events_.begin() || (place - 1)->id < event.id) << "an id twice";
  events_.insert(place, event);
}

void Chronicle::begin_moment() {
  const uint64_t wall = SimWorld::wall_now_ms();
  const uint64_t highest = moments_.empty() ? wall : std::max(wall, moments_.back().wall_highest);
  Moment moment{.events = events_.size(),
                .wall_low = wall,
                .wall_high = wall,
                .wall_highest = highest,
                .kept = {}};
  for (const Addressee& addressee : addressees_) {
    const Channel& channel = world_.channel(addressee.channel);
    Moment::Kept& kept = moment.kept[addressee.channel];
    kept.end = frames_[addressee.channel].ids.size();
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      const WireRing* const wire = channel.ring(format);
      kept.begin[static_cast<size_t>(format)] = wire == nullptr ? kNoFrame : wire->begin();
    }
  }
  moments_.push_back(moment);
}

void Chronicle::on_time() {
  const uint64_t wall = SimWorld::wall_now_ms();
  Moment& moment = moments_.back();
  moment.wall_low = std::min(moment.wall_low, wall);
  moment.wall_high = std::max(moment.wall_high, wall);
  moment.wall_highest = std::max(moment.wall_highest, wall);
}

EventId Chronicle::last_id(size_t moment) const {
  const size_t events = moments_[moment].events;
  return events == 0 ? origin_ : events_[events - 1].id;
}

// A ring keeps the newest six eighths of its bytes, but for what it made room for and then refused; and the
// index as many frames as it has places for.
void Chronicle::check_what_is_kept(const Channel& channel) const {
  const Sizes& frames = frames_[channel.number()];
  const WireRing& chunked = *channel.ring(WireFormat::kChunked);
  const uint64_t kept_bytes =
      chunked.ring().batch_bytes_max() - kEventsAtOnceMax * channel.config().event_bytes_max;
  const FrameNumber begin = chunked.begin();
  if (begin == 0) return;
  const uint64_t bytes_after_the_lost = frames.ends.back() - frames.ends[begin - 1];
  const uint64_t with_the_last_lost =
      frames.ends.back() - (begin == 1 ? 0 : frames.ends[begin - 2]);
  const bool index_was_full =
      frames.ids.size() - begin + kEventsAtOnceMax >= channel.index().frames_max();
  EXPECT_TRUE(index_was_full || with_the_last_lost > kept_bytes)
      << "only " << bytes_after_the_lost << " bytes are kept";
}

Chronicle::Beginning Chronicle::history_begin(size_t channel, size_t number) const {
  const Moment& moment = moments_[number];
  const Moment::Kept& kept = moment.kept[channel];
  const HistoryConfig& history = world_.channel(channel).config().history;
  const FrameNumber by_count = kept.end > history.events ? kept.end - history.events : 0;
  FrameNumber by_ring = kept.begin[static_cast<size_t>(WireFormat::kChunked)];
  FrameNumber by_late_ring = by_ring;
  const FrameNumber raw = kept.begin[static_cast<size_t>(WireFormat::kRaw)];
  if (raw != kNoFrame) {
    by_ring = by_late_ring = std::max(by_ring, raw);
  } else if (const WireRing* const wire = world_.channel(channel).ring(WireFormat::kRaw)) {
    // It was made when somebody joined, from what the other one had; perhaps not all of it fitted.
    by_late_ring = std::max(by_ring, wire->begin());
  }
  const auto by_age = [&](uint64_t wall) {
    const std::vector<EventId>& ids = frames_[channel].ids;
    const EventId oldest{wall - static_cast<uint64_t>(history.age.count()), 0};
    const auto end = ids.begin() + static_cast<ptrdiff_t>(kept.end);
    return static_cast<FrameNumber>(std::lower_bound(ids.begin(), end, oldest) - ids.begin());
  };
  return {.low = std::max({by_count, by_ring, by_age(moment.wall_low)}),
          .high = std::max({by_count, by_late_ring, by_age(moment.wall_highest)})};
}

}  // namespace ringcast::net
