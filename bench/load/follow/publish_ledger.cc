#include "bench/load/follow/publish_ledger.h"

#include <algorithm>

#include "engine/base/check.h"

namespace ringcast::bench {
namespace {

template <typename Wrong>
uint64_t count_publications(const std::vector<std::vector<Publication>>& all, Wrong wrong) {
  uint64_t count = 0;
  for (const auto& lane : all)
    count += static_cast<uint64_t>(std::count_if(lane.begin(), lane.end(), wrong));
  return count;
}

}  // namespace

PublishLedger::PublishLedger(uint32_t targets, uint32_t lanes)
    : targets_(targets),
      lanes_(lanes),
      publications_(size_t{targets} * lanes),
      last_ids_(targets) {}

uint32_t PublishLedger::issue(uint32_t lane, uint32_t target) {
  auto& publications = publications_[index(lane, target)];
  publications.emplace_back();
  ++issued_;
  return static_cast<uint32_t>(publications.size() - 1);
}

Publication& PublishLedger::publication(const EventTag& tag) {
  auto& publications = publications_[index(tag.lane, tag.target)];
  RC_CHECK(tag.number < publications.size());
  return publications[tag.number];
}

void PublishLedger::on_accepted(const EventTag& tag, FrameId id) {
  Publication& published = publication(tag);
  published.answer = Publication::Answer::kAccepted;
  published.id = id;
  last_ids_[tag.target] = std::max(last_ids_[tag.target], id);
  ++accepted_;
}

void PublishLedger::on_refused(const EventTag& tag) {
  publication(tag).answer = Publication::Answer::kRefused;
  ++refused_;
}

bool PublishLedger::on_delivered(const EventTag& tag, FrameId id) {
  if (tag.lane >= lanes_ || tag.target >= targets_) return false;
  auto& publications = publications_[index(tag.lane, tag.target)];
  if (tag.number >= publications.size()) return false;
  Publication& published = publications[tag.number];
  if (!published.delivered) {
    published.delivered = true;
    published.delivered_id = id;
  } else if (published.delivered_id != id) {
    ++redelivered_under_another_id_;
  }
  return true;
}

uint64_t PublishLedger::ids_differ() const {
  return redelivered_under_another_id_ +
         count_publications(publications_, [](const Publication& published) {
           return published.answer == Publication::Answer::kAccepted && published.delivered &&
                  published.id != published.delivered_id;
         });
}

uint64_t PublishLedger::refused_yet_delivered() const {
  return count_publications(publications_, [](const Publication& published) {
    return published.answer == Publication::Answer::kRefused && published.delivered;
  });
}

}  // namespace ringcast::bench
