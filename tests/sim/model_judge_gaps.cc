// What a gap event may say, and when it has to come.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/sim/model_judge.h"

namespace ringcast::net {

namespace {

constexpr EventId just_after(EventId id) noexcept {
  return {id.ms, id.seq + 1};
}

std::string text(const std::optional<EventId>& id) {
  return id ? to_string(*id) : "null";
}

}  // namespace

std::optional<Judge::Notice> Judge::read_notice(const std::string& data) {
  const nlohmann::json json = nlohmann::json::parse(data, nullptr, false);
  if (!json.is_object() || !json.contains("requested") || !json.contains("oldest")) return {};
  Notice notice{.channel = json.value("channel", ""), .requested = {}, .oldest = {}};
  if (json.size() != (notice.channel.empty() ? 2u : 3u)) return {};
  for (const auto& [name, id] :
       {std::pair{"requested", &notice.requested}, std::pair{"oldest", &notice.oldest}}) {
    const nlohmann::json& value = json.at(name);
    if (value.is_null()) continue;
    if (!value.is_string()) return {};
    *id = parse_event_id(value.get<std::string>());
    if (!*id) return {};
  }
  return notice;
}

Judge::Source* Judge::named(const Notice& notice) {
  if (sources_.size() == 1) return notice.channel.empty() ? &sources_.front() : nullptr;
  for (Source& source : sources_) {
    if (chronicle_->addressees()[source.addressee].name == notice.channel) return &source;
  }
  return nullptr;
}

// All that share one id, the last of which has said it.
bool Judge::take_gaps(EventId id) {
  for (const Notice& notice : pending_) {
    if (!enter_gap(notice, id)) return false;
  }
  if (!walk_to(just_after(id))) return false;
  for (const Notice& notice : pending_) {
    if (!check_gap(notice, id)) return false;
  }
  seen_.tied_gaps += pending_.size() - 1;
  last_ = id;
  pending_.clear();
  return true;
}

bool Judge::enter_gap(const Notice& notice, EventId id) {
  Source* const source = named(notice);
  if (source == nullptr) return object("a gap in what it did not ask for: " + notice.channel);
  if (!is_notified(*source)) return object("a gap event in a silent channel");
  const std::optional<EventId> asked = start_.after;
  const bool is_first_of_unknown = start_.kind == Start::Kind::kUnknown && source->owes_gap;
  const bool needs_no_id = is_first_of_unknown || (source->owes_gap && !asked);
  if (needs_no_id ? notice.requested != asked : !notice.requested) {
    return object("a gap event for another request: " + text(notice.requested));
  }
  if (!is_first_of_unknown && notice.requested && *notice.requested < source->last) {
    return object("a gap since before the last event: " + text(notice.requested));
  }
  source->has_gap = true;
  source->from = is_first_of_unknown ? EventId{} : notice.requested.value_or(EventId{});
  source->up_to = id;
  source->covered = 0;
  return true;
}

// It must name a loss, end with it, and say what comes next.
bool Judge::check_gap(const Notice& notice, EventId id) {
  Source& source = *named(notice);
  const bool is_recipient = chronicle_->is_recipient(source.addressee);
  const std::vector<ModelEvent>& events = chronicle_->events();
  for (const EventId lost : source.untold) {
    if (lost <= source.from || lost > id) {
      return object("a gap event that does not name " + to_string(lost));
    }
  }
  const bool names_something = source.covered > 0 || !source.untold.empty();
  source.untold.clear();
  if (!names_something && !source.owes_gap) {
    if (!is_recipient) return object("a gap event, and nothing was lost: " + to_string(id));
    ++seen_.needless_gaps;
  }
  const auto at_its_end = std::ranges::lower_bound(events, id, {}, &ModelEvent::id);
  const bool ends_with_an_event =
      at_its_end != events.end() && at_its_end->id == id &&
      (is_recipient || at_its_end->channel == chronicle_->addressees()[source.addressee].channel);
  if (!ends_with_an_event && id != chronicle_->origin()) {
    return object("a gap that ends with no event of the channel: " + to_string(id));
  }
  source.owes_gap = false;
  ++seen_.gaps;
  seen_.recipient_gaps += is_recipient ? 1 : 0;
  seen_.gaps_on_the_way += notice.requested != start_.after ? 1 : 0;
  return check_oldest(source, notice, id);
}

// The oldest that is left is the first after the gap, but for those that expire meanwhile.
bool Judge::check_oldest(const Source& source, const Notice& notice, EventId id) {
  const std::vector<ModelEvent>& events = chronicle_->events();
  for (size_t i = next_; i < events.size(); ++i) {
    const ModelEvent& event = events[i];
    if (event.addressee != source.addressee || event.id <= id) continue;
    if (notice.oldest == event.id) return true;
    const bool may_be_unknown_yet = !notice.oldest && i >= events_at_join_;
    if (may_be_unknown_yet) return true;
    if (!may_have_expired(event)) {
      return object("the oldest after the gap is not " + text(notice.oldest));
    }
  }
  return !notice.oldest || object("there is no such oldest event: " + text(notice.oldest));
}

}  // namespace ringcast::net
