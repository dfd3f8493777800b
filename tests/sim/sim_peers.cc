#include "tests/sim/sim_peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ringcast::net {

namespace {

std::string subscription(const std::string& channel, WireFormat format) {
  return fmt::format("GET /channels/{} HTTP/1.{}\r\nHost: sim\r\n\r\n", channel,
                     format == WireFormat::kChunked ? 1 : 0);
}

// Sends the next few bytes of `unsent`.
void write_some(ModelSocket& socket, std::string& unsent, size_t most) {
  const size_t count = std::min(unsent.size(), most);
  if (count == 0) return;
  socket.write(std::string_view(unsent).substr(0, count));
  unsent.erase(0, count);
}

}  // namespace

// Readers
// ----------------------------------------------------------------

SimReader::SimReader(SimWorld& world, const Habits& habits)
    : world_(world),
      habits_(habits),
      socket_(world.connect(habits.shard, habits.window_bytes)),
      request_(subscription(world.channel(habits.channel).config().name, habits.format)),
      reader_(habits.format),
      last_bytes_at_(world.now()) {}

void SimReader::act() {
  if (fate_ != Fate::kReading) return;
  if (!request_.empty() && !has_finished_) {
    write_some(*socket_, request_, world_.dice().between(1, habits_.write_bytes_max));
    first_earliest_ = history().size();
  }
  const std::string bytes = socket_->read(habits_.read_bytes_max);
  if (!bytes.empty()) {
    bytes_read_ += bytes.size();
    try {
      feed(bytes);
    } catch (const ClientFailure& failure) {
      ADD_FAILURE() << failure.what();
      fate_ = Fate::kCut;
    }
  }
  if (fate_ == Fate::kReading && socket_->is_at_end()) take_end();
}

void SimReader::feed(std::string_view bytes) {
  if (has_head_) return take_body(bytes);
  if (head_.empty()) first_latest_ = history().size();
  head_ += bytes;
  const size_t head_bytes = head_.find("\r\n\r\n");
  if (head_bytes == std::string::npos) return;
  const std::string body = head_.substr(head_bytes + 4);
  head_.resize(head_bytes + 4);
  take_head();
  take_body(body);
}

void SimReader::take_head() {
  has_head_ = true;
  const HttpHead head = HttpHead::parse(head_);
  EXPECT_EQ(head.status, 200) << head_;
  EXPECT_EQ(head["content-type"], "text/event-stream");
  EXPECT_EQ(head["transfer-encoding"], habits_.format == WireFormat::kChunked ? "chunked" : "");
}

void SimReader::take_body(std::string_view bytes) {
  if (bytes.empty()) return;
  if (prelude_.size() < 8) prelude_ += bytes.substr(0, 8);
  const size_t heartbeats_before = reader_.heartbeats();
  if (reader_.has_prelude()) {
    longest_silence_ = std::max(longest_silence_, world_.now() - last_bytes_at_);
  }
  last_bytes_at_ = world_.now();
  reader_.feed(bytes);
  if (reader_.heartbeats() > heartbeats_before) heartbeat_times_.push_back(world_.now());
  while (reader_.has_event()) take_event(reader_.take_event());
}

void SimReader::take_event(const StreamEvent& event) {
  if (!next_) {
    for (next_ = first_earliest_; *next_ < first_latest_; ++*next_) {
      if (history()[*next_].last_event_id == event.id) break;
    }
  }
  ASSERT_LT(*next_, history().size()) << "an event that was never committed: " << event.data;
  const DispatchedEvent& expected = history()[*next_];
  EXPECT_EQ(event.id, expected.last_event_id) << "an event is missing, repeated or out of order";
  EXPECT_EQ(event.data, expected.data);
  ++*next_;
  ++events_;
}

// A raw stream has no last chunk: there, standing between two events is all that can be asked.
void SimReader::take_end() {
  const bool ends_well =
      habits_.format == WireFormat::kChunked ? reader_.is_complete() : reader_.is_whole();
  const bool is_stream = prelude_.find(":\n") != std::string::npos;
  if (has_finished_) {
    fate_ = Fate::kLeft;
  } else if (!has_head_ || !ends_well) {
    fate_ = Fate::kCut;
  } else {
    fate_ = is_stream ? Fate::kEnded : Fate::kTurnedAway;
  }
}

bool SimReader::is_up_to_date() const {
  if (!has_stream() || !reader_.is_whole()) return false;
  return next_ ? *next_ == history().size() : first_latest_ >= history().size();
}

void SimReader::reset() {
  fate_ = Fate::kLeft;
  socket_->reset();
}

void SimReader::leave() {
  fate_ = Fate::kLeft;
  socket_->leave();
}

void SimReader::finish() {
  has_finished_ = true;
  socket_->finish();
}

void SimReader::vanish() {
  fate_ = Fate::kLeft;
  socket_->vanish();
}

// Publishers
// ----------------------------------------------------------------

SimPublisher::SimPublisher(SimWorld& world, const Habits& habits, std::string name)
    : world_(world),
      habits_(habits),
      name_(std::move(name)),
      socket_(world.connect(habits.shard, 64 * 1024)) {}

void SimPublisher::act() {
  if (is_gone_) return;
  Dice& dice = world_.dice();
  while (!is_retired_ && asked_.size() < habits_.pipelined_max &&
         dice.one_in(habits_.asks_one_in)) {
    ask();
  }
  write_some(*socket_, unsent_, dice.between(1, habits_.write_bytes_max));
  unread_ += socket_->read(1 << 20);
  try {
    while (take_answer()) {
    }
  } catch (const ClientFailure& failure) {
    ADD_FAILURE() << failure.what();
    is_gone_ = true;
  }
  if (socket_->is_at_end()) {
    is_gone_ = true;
    asked_.clear();
  }
}

void SimPublisher::ask() {
  std::string data = fmt::format("{}-{}-", name_, asked_count_++);
  const size_t filler = world_.dice().below(habits_.data_bytes_max);
  data.append(filler, static_cast<char>('a' + asked_count_ % 26));
  unsent_ += fmt::format("POST /channels/{} HTTP/1.1\r\nHost: sim\r\nContent-Length: {}\r\n\r\n{}",
                         world_.channel(habits_.channel).config().name, data.size(), data);
  asked_.push_back({std::move(data), world_.now()});
}

bool SimPublisher::take_answer() {
  const size_t head_bytes = unread_.find("\r\n\r\n");
  if (head_bytes == std::string::npos) return false;
  const HttpHead head = HttpHead::parse(unread_.substr(0, head_bytes + 4));
  const std::string length = head["content-length"];
  size_t body_bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), body_bytes);
  if (unread_.size() < head_bytes + 4 + body_bytes) return false;
  const std::string body = unread_.substr(head_bytes + 4, body_bytes);
  unread_.erase(0, head_bytes + 4 + body_bytes);
  if (asked_.empty()) {
    ADD_FAILURE() << "an answer to nothing: " << head.status_line;
    return false;
  }
  longest_wait_ = std::max(longest_wait_, world_.now() - asked_.front().at);
  const std::string data = asked_.front().data;
  asked_.erase(asked_.begin());
  if (head.status == 201) {
    check_accepted(data, body);
  } else {
    EXPECT_EQ(head.status, 503) << body;
    ++timed_out_;
    for (const DispatchedEvent& event : world_.history(habits_.channel)) {
      EXPECT_NE(event.data, data) << "answered 503, and yet committed";
    }
  }
  return true;
}

void SimPublisher::check_accepted(const std::string& data, std::string_view body) {
  ++accepted_;
  const History& history = world_.history(habits_.channel);
  while (looked_at_ < history.size() && history[looked_at_].data != data) ++looked_at_;
  ASSERT_LT(looked_at_, history.size()) << "answered 201 and not in the history: " << data;
  const std::string id = fmt::format("{{\"id\":\"{}\"", history[looked_at_].last_event_id);
  EXPECT_TRUE(body.starts_with(id)) << body;
  ++looked_at_;
}

void SimPublisher::reset() {
  is_gone_ = true;
  asked_.clear();
  socket_->reset();
}

}  // namespace ringcast::net
