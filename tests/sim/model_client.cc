#include "tests/sim/model_client.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringcast::net {

void ModelClient::act() {
  if (has_failed_) return;
  if (!session_) {
    if (idle_steps_ > 0) {
      --idle_steps_;
      return;
    }
    open();
  }
  session_->asked.wall_low = std::min(session_->asked.wall_low, SimWorld::wall_now_ms());
  session_->asked.wall_high = std::max(session_->asked.wall_high, SimWorld::wall_now_ms());
  if (!session_->unsent.empty()) return write();
  call_judges();
  if (!is_settled_ && stalled_steps_ > 0) {
    --stalled_steps_;
  } else {
    read();
  }
  if (has_failed_) return;
  if (!is_settled_ && world_.dice().one_in(manners_.stalls_one_in)) {
    stalled_steps_ = world_.dice().below(manners_.stall_steps_max);
  }
  if (session_->socket->is_at_end()) return close();
  if (!is_settled_ && manners_.goes_one_in != 0 && world_.dice().one_in(manners_.goes_one_in)) {
    maybe_go();
  }
}

void ModelClient::fail(const std::string& what) {
  std::string names;
  for (const size_t addressee : session_->asked.addressees) {
    names += ' ' + chronicle_.addressees()[addressee].name;
  }
  ADD_FAILURE() << what << "\n  of" << names << " after '" << session_->asked.last_event_id << "'";
  has_failed_ = true;
}

// Coming
// ----------------------------------------------------------------

// Mostly it is who it was and comes back with its last id. A new one chooses whom to listen to.
void ModelClient::choose_life() {
  Dice& dice = world_.dice();
  const bool goes_on = !addressees_.empty() && (is_settled_ || !dice.one_in(4));
  if (goes_on) {
    if (!last_id_.empty()) ++totals_.resumed;
    return;
  }
  const size_t all = chronicle_.addressees().size();
  const size_t wanted =
      dice.one_in(2) ? 1 : dice.between(1, std::min(all, manners_.addressees_max));
  addressees_.clear();
  untold_.clear();
  while (addressees_.size() < wanted) {
    const size_t addressee = dice.below(all);
    if (std::ranges::find(addressees_, addressee) == addressees_.end()) {
      addressees_.push_back(addressee);
    }
  }
  last_id_ = dice.one_in(2) ? made_up_id() : "";
  if (!last_id_.empty()) ++totals_.made_up_ids;
}

std::string ModelClient::made_up_id() {
  Dice& dice = world_.dice();
  const std::vector<ModelEvent>& events = chronicle_.events();
  const EventId any = events.empty() ? chronicle_.origin() : events[dice.below(events.size())].id;
  switch (dice.below(7)) {
    case 0:
      return to_string(any);
    case 1:
      return to_string({any.ms, any.seq + dice.below(3)});
    case 2:
      return to_string({any.ms - dice.below(30), dice.below(4)});
    case 3:
      return to_string({chronicle_.origin().ms - dice.between(1, 1'000'000), 7});
    case 4:
      return to_string({any.ms + 100'000'000, 0});
    case 5:
      return dice.one_in(2) ? "0-0" : std::string(300, '1');
    default:
      return dice.one_in(2) ? "\xFFnot-an-id" : "0" + to_string(any);
  }
}

void ModelClient::open() {
  Dice& dice = world_.dice();
  choose_life();
  session_ = std::make_unique<Session>(
      ModelSession{.addressees = addressees_,
                   .format = dice.one_in(3) ? WireFormat::kRaw : WireFormat::kChunked,
                   .last_event_id = last_id_,
                   .untold = untold_,
                   .wall_low = SimWorld::wall_now_ms(),
                   .wall_high = SimWorld::wall_now_ms()});
  Session& session = *session_;
  session.socket = world_.connect(dice.below(world_.shard_count()), dice.between(500, 6000));
  session.unsent = request_for(session.asked);
  if (dice.one_in(manners_.reads_slowly_one_in)) session.read_bytes_max = dice.between(20, 500);
  ++totals_.sessions;
}

std::string ModelClient::request_for(const ModelSession& asked) {
  Dice& dice = world_.dice();
  std::string target;
  std::string query;
  const auto name_of = [&](size_t addressee) { return chronicle_.addressees()[addressee].name; };
  if (asked.addressees.size() == 1 && dice.one_in(2)) {
    target = "/channels/" + name_of(asked.addressees.front());
  } else {
    target = "/events";
    for (const size_t addressee : asked.addressees) query += "&channel=" + name_of(addressee);
  }
  std::string header;
  const bool is_for_queries = std::ranges::all_of(
      asked.last_event_id, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
  if (is_for_queries && !asked.last_event_id.empty() && dice.one_in(3)) {
    query += "&lastEventId=" + asked.last_event_id;
  } else if (!asked.last_event_id.empty()) {
    // A stale one in the URL counts for nothing beside the header.
    if (dice.one_in(3)) query += "&last_event_id=" + to_string(chronicle_.origin());
    header = "Last-Event-ID: " + asked.last_event_id + "\r\n";
  }
  if (!query.empty()) query.front() = '?';
  return fmt::format("GET {}{} HTTP/1.{}\r\nHost: sim\r\n{}\r\n", target, query,
                     asked.format == WireFormat::kChunked ? 1 : 0, header);
}

void ModelClient::write() {
  Session& session = *session_;
  const size_t most = world_.dice().one_in(4) ? 40 : session.unsent.size();
  const size_t count = std::min(session.unsent.size(), most);
  session.socket->write(std::string_view(session.unsent).substr(0, count));
  session.unsent.erase(0, count);
  session.asked_at = chronicle_.now();
}

// It joined at some moment between its request and the first byte of the answer.
void ModelClient::call_judges() {
  Session& session = *session_;
  if (!session.judges.empty() || session.socket->unread_bytes() == 0) return;
  for (size_t moment = session.asked_at; moment <= chronicle_.now(); ++moment) {
    session.judges.emplace_back(chronicle_, session.asked, moment);
  }
  if (session.judges.size() > 1) ++totals_.several_moments;
}

// Reading
// ----------------------------------------------------------------

void ModelClient::read() {
  Session& session = *session_;
  const size_t most = is_settled_ ? size_t{1} << 20 : session.read_bytes_max;
  const std::string bytes = session.socket->read(most);
  if (bytes.empty()) return;
  try {
    if (session.has_head) return take_bytes(bytes);
    session.head += bytes;
    const size_t head_end = session.head.find("\r\n\r\n");
    if (head_end == std::string::npos) return;
    session.has_head = true;
    const HttpHead head = HttpHead::parse(session.head.substr(0, head_end + 4));
    if (head.status != 200) return fail(head.status_line);
    take_bytes(std::string_view(session.head).substr(head_end + 4));
  } catch (const ClientFailure& failure) {
    fail(failure.what());
  }
}

void ModelClient::take_bytes(std::string_view bytes) {
  StreamReader& reader = session_->reader;
  reader.feed(bytes);
  while (reader.has_event() && !has_failed_) show_judges(reader.take_event());
}

void ModelClient::show_judges(const StreamEvent& event) {
  std::vector<Judge>& judges = session_->judges;
  std::string fault;
  std::erase_if(judges, [&](Judge& judge) {
    const bool objects = !judge.take(event);
    if (objects) fault = judge.fault();
    return objects;
  });
  if (judges.empty()) return fail(fault);
  if (!event.id.empty()) last_id_ = event.id;
  if (event.type == kGapType) return;
  const auto id = parse_event_id(event.id);
  const auto& events = chronicle_.events();
  ++totals_.received[std::ranges::lower_bound(events, *id, {}, &ModelEvent::id)->channel];
}

// Going
// ----------------------------------------------------------------

void ModelClient::maybe_go() {
  Session& session = *session_;
  if (session.has_finished) return;
  if (!manners_.goes_rudely) {
    session.has_finished = true;
    return session.socket->finish();
  }
  switch (world_.dice().below(4)) {
    case 0:
      session.has_finished = true;
      return session.socket->finish();
    case 1:
      session.socket->leave();
      break;
    case 2:
      session.socket->reset();
      break;
    default:
      session.socket->vanish();
  }
  ++totals_.rude_ends;
  close();
}

void ModelClient::close() {
  Judge::Seen& all = totals_.seen;
  untold_ = still_untold();
  if (!session_->judges.empty()) {
    const Judge::Seen& seen = session_->judges.back().seen();
    for (size_t i = 0; i < seen.skipped.size(); ++i) all.skipped[i] += seen.skipped[i];
    all.expired += seen.expired;
    all.lost += seen.lost;
    all.lost_silently += seen.lost_silently;
    all.gaps += seen.gaps;
    all.gaps_on_the_way += seen.gaps_on_the_way;
    all.recipient_gaps += seen.recipient_gaps;
    all.needless_gaps += seen.needless_gaps;
    all.tied_gaps += seen.tied_gaps;
    const bool is_unsure = seen.is_unsure || session_->judges.size() > 1;
    if (!is_unsure) totals_.surely_lost += seen.lost + seen.lost_silently;
    all.is_unsure = all.is_unsure || is_unsure;
  }
  ++totals_.ended_sessions;
  session_.reset();
  idle_steps_ = is_settled_ ? 0 : world_.dice().below(8);
}

// What all judges agree on. Without an id it begins anew, and nobody knows what it had.
std::vector<size_t> ModelClient::still_untold() const {
  if (last_id_.empty() || session_->judges.empty()) return untold_;
  std::vector<size_t> untold = session_->judges.front().untold();
  for (const Judge& judge : session_->judges) {
    const std::vector<size_t> others = judge.untold();
    std::erase_if(untold, [&](size_t addressee) {
      return std::ranges::find(others, addressee) == others.end();
    });
  }
  return untold;
}

bool ModelClient::is_complete() const {
  if (has_failed_) return true;
  if (!session_ || session_->judges.empty() || !session_->reader.has_prelude()) return false;
  return session_->reader.is_whole() && session_->socket->unread_bytes() == 0 &&
         std::ranges::any_of(session_->judges, &Judge::is_complete);
}

bool ModelClient::listens_to(size_t addressee) const {
  return session_ && std::ranges::find(session_->asked.addressees, addressee) !=
                         session_->asked.addressees.end();
}

void ModelClient::finish() {
  if (has_failed_ || !session_) return;
  std::string fault;
  std::erase_if(session_->judges, [&](Judge& judge) {
    const bool objects = !judge.finish();
    if (objects) fault = judge.fault();
    return objects;
  });
  if (session_->judges.empty()) return fail(fault);
  close();
}

}  // namespace ringcast::net
