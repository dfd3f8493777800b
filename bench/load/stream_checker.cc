#include "bench/load/stream_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace ringcast::bench {
namespace {

// Enough to see a pattern; a broken server would otherwise fill the screen.
constexpr size_t kExamplesMax = 5;

// A number this far ahead of all that came before is a damaged digit, not a million lost events to
// remember one by one.
constexpr uint64_t kNumberJumpMax = 1'000'000;

uint64_t delay(int64_t intended_ns, int64_t now_ns) noexcept {
  return static_cast<uint64_t>(std::max<int64_t>(now_ns - intended_ns, 0));
}

// How many accepted numbers of `record` are at or above the lane's entry in `lane_next`.
uint64_t accepted_from(const PublishRecord& record, const std::vector<uint64_t>& lane_next) {
  const uint64_t lanes = record.issued.size();
  uint64_t count = 0;
  for (uint64_t lane = 0; lane < lanes; ++lane) {
    const uint64_t reached = (lane_next[lane] - lane) / lanes;
    if (record.issued[lane] > reached) count += record.issued[lane] - reached;
  }
  for (const uint64_t number : record.refused) {
    if (number >= lane_next[number % lanes]) --count;
  }
  return count;
}

template <typename Numbers>
uint64_t count_accepted(const PublishRecord& record, const Numbers& numbers) {
  return static_cast<uint64_t>(std::count_if(
      numbers.begin(), numbers.end(), [&](uint64_t n) { return !record.refused.contains(n); }));
}

}  // namespace

uint64_t PublishRecord::accepted() const noexcept {
  uint64_t total = 0;
  for (const uint64_t lane : issued) total += lane;
  return total - refused.size();
}

StreamChecker::StreamChecker(uint32_t subscribers, uint32_t lanes, size_t data_bytes)
    : data_bytes_(data_bytes), reference_(lanes, subscribers), subscribers_(subscribers) {
  for (Subscriber& subscriber : subscribers_) subscriber.cursor = reference_.start();
}

void StreamChecker::on_bytes(uint32_t who, std::string_view bytes, int64_t now_ns) {
  Subscriber& subscriber = subscribers_[who];
  std::string joined;
  if (subscriber.has_tail) {
    joined = std::move(tails_[who]);
    tails_.erase(who);
    subscriber.has_tail = false;
    joined.append(bytes);
    bytes = joined;
  }
  while (!bytes.empty() && subscriber.state != State::kEnded) {
    if (subscriber.state == State::kFollowing) {
      bytes = match_reference(subscriber, bytes, now_ns);
      if (bytes.empty()) return;
      ReferenceCursor& cursor = subscriber.cursor;
      const uint32_t start = reference_.frame_start(cursor);
      if (cursor.offset != start) {
        // It differs inside a frame, perhaps because what looked like the frame's first bytes began
        // a heartbeat: put those bytes back and look at the chunk as a whole.
        std::string whole(cursor.block->bytes.get() + start, cursor.offset - start);
        whole.append(bytes);
        joined = std::move(whole);
        bytes = joined;
        cursor.offset = start;
      }
    }
    bytes = parse_one(who, bytes, now_ns);
  }
}

std::string_view StreamChecker::match_reference(Subscriber& subscriber, std::string_view bytes,
                                                int64_t now_ns) {
  ReferenceCursor& cursor = subscriber.cursor;
  while (!bytes.empty()) {
    const size_t known = cursor.block->size - cursor.offset;
    if (known == 0) {
      if (!reference_.advance(cursor)) return bytes;
      continue;
    }
    const char* expected = cursor.block->bytes.get() + cursor.offset;
    size_t same = std::min(known, bytes.size());
    const bool differs = std::memcmp(expected, bytes.data(), same) != 0;
    if (differs)
      same = static_cast<size_t>(std::mismatch(expected, expected + same, bytes.data()).first -
                                 expected);
    cursor.offset += static_cast<uint32_t>(same);
    bytes.remove_prefix(same);
    complete_frames(subscriber, now_ns);
    if (differs) return bytes;
  }
  return bytes;
}

void StreamChecker::complete_frames(Subscriber& subscriber, int64_t now_ns) {
  ReferenceCursor& cursor = subscriber.cursor;
  std::vector<ReferenceFrame>& frames = cursor.block->frames;
  while (cursor.frame < frames.size() && frames[cursor.frame].end <= cursor.offset) {
    ReferenceFrame& frame = frames[cursor.frame++];
    latency_.record(delay(frame.content.stamp.intended_ns, now_ns));
    if (++frame.delivered == subscribers_.size())
      last_reader_.record(delay(frame.content.stamp.intended_ns, now_ns));
  }
}

std::string_view StreamChecker::parse_one(uint32_t who, std::string_view bytes, int64_t now_ns) {
  const Chunk chunk = split_chunk(bytes);
  if (chunk.state == Chunk::State::kIncomplete) {
    tails_[who] = std::string(bytes);
    subscribers_[who].has_tail = true;
    return {};
  }
  if (chunk.state == Chunk::State::kMalformed) {
    end(who, seen_.damaged, "sent bytes that are no HTTP chunk");
    return {};
  }
  bytes.remove_prefix(chunk.whole.size());
  if (chunk.content == kHeartbeat) {
    ++heartbeats_;
  } else if (chunk.content.empty()) {
    end(who, seen_.cut, "was ended by the server with a last chunk");
  } else {
    on_frame(who, chunk, now_ns);
  }
  return bytes;
}

void StreamChecker::on_frame(uint32_t who, const Chunk& chunk, int64_t now_ns) {
  const auto frame = parse_frame(chunk.content, data_bytes_);
  const uint64_t lanes = reference_.lanes();
  if (!frame ||
      frame->stamp.number > reference_.lane_next()[frame->stamp.number % lanes] + kNumberJumpMax) {
    end(who, seen_.damaged, "received a chunk that is no event of this run");
    return;
  }
  Subscriber& subscriber = subscribers_[who];
  ReferenceCursor& cursor = subscriber.cursor;
  const bool at_end = cursor.offset == cursor.block->size && cursor.block->next == nullptr;
  if (subscriber.state == State::kFollowing && at_end && reference_.continues_with(*frame)) {
    reference_.append(*frame, chunk.whole);
    if (cursor.offset == cursor.block->size) reference_.advance(cursor);
    cursor.offset += static_cast<uint32_t>(chunk.whole.size());
    complete_frames(subscriber, now_ns);
    return;
  }
  if (subscriber.state == State::kFollowing) leave_reference(who);
  count_stray_frame(who, *frame, chunk.whole, now_ns);
}

void StreamChecker::leave_reference(uint32_t who) {
  Subscriber& subscriber = subscribers_[who];
  Stray& stray = strays_[who];
  stray.lane_next = reference_.lane_next_at(subscriber.cursor);
  stray.last_id = reference_.last_id_at(subscriber.cursor);
  for (const uint64_t number : reference_.passed_over()) {
    if (number < stray.lane_next[number % reference_.lanes()]) stray.missing.insert(number);
  }
  reference_.leave(subscriber.cursor);
  subscriber.state = State::kStray;
  note(who, "differs from what others received");
}

void StreamChecker::count_stray_frame(uint32_t who, const Frame& frame, std::string_view bytes,
                                      int64_t now_ns) {
  Stray& stray = strays_[who];
  const uint64_t number = frame.stamp.number;
  uint64_t& next = stray.lane_next[number % reference_.lanes()];
  const bool late = number < next;
  if (late && stray.missing.erase(number) == 0) {
    ++stray.repeated;
    note(who, fmt::format("received event {} again", number));
    return;
  }
  if (!reference_.agrees(number, bytes)) {
    ++seen_.damaged;
    note(who, fmt::format("received event {} with other bytes than the others", number));
  }
  if (late || frame.id <= stray.last_id) {
    ++stray.reordered;
    note(who, fmt::format("received event {} (id {}-{}) out of order", number, frame.id.ms,
                          frame.id.seq));
  }
  for (; next < number; next += reference_.lanes()) stray.missing.insert(next);
  if (!late) next = number + reference_.lanes();
  stray.last_id = std::max(stray.last_id, frame.id);
  latency_.record(delay(frame.stamp.intended_ns, now_ns));
}

void StreamChecker::on_closed(uint32_t who) {
  if (subscribers_[who].state != State::kEnded) end(who, seen_.cut, "was closed by the server");
}

void StreamChecker::end(uint32_t who, uint64_t& counter, const char* what) {
  subscribers_[who].state = State::kEnded;
  ++counter;
  note(who, what);
}

void StreamChecker::note(uint32_t who, const std::string& what) {
  if (seen_.examples.size() < kExamplesMax)
    seen_.examples.push_back(fmt::format("subscriber {} {}", who, what));
}

Verdict StreamChecker::judge(const PublishRecord& record) const {
  Verdict verdict = seen_;
  const std::vector<uint64_t>& reached = reference_.lane_next();
  const uint64_t lost_by_all =
      count_accepted(record, reference_.passed_over()) + accepted_from(record, reached);
  for (uint32_t who = 0; who < subscribers_.size(); ++who) {
    const auto stray = strays_.find(who);
    if (stray == strays_.end()) {
      verdict.lost +=
          lost_by_all + reference_.frames() - reference_.frames_before(subscribers_[who].cursor);
    } else {
      verdict.lost += count_accepted(record, stray->second.missing) +
                      accepted_from(record, stray->second.lane_next);
      verdict.repeated += stray->second.repeated;
      verdict.reordered += stray->second.reordered;
    }
  }
  // A refused number the reference went past without passing it over was delivered.
  const std::unordered_set<uint64_t> absent(reference_.passed_over().begin(),
                                            reference_.passed_over().end());
  for (const uint64_t number : record.refused) {
    if (number < reached[number % reference_.lanes()] && !absent.contains(number))
      ++verdict.unpublished;
  }
  return verdict;
}

}  // namespace ringcast::bench
