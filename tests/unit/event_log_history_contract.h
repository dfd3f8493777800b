// What every EventLog must keep, and for whom: recipients, and where history ends. See event_log_contract.h.
#pragma once

#include <string>
#include <vector>

#include "tests/support/event_log_rig.h"

namespace ringcast {

template <typename MakeLog>
class EventLogHistoryContract : public EventLogRig<MakeLog> {};

TYPED_TEST_SUITE_P(EventLogHistoryContract);

// --- Recipients

TYPED_TEST_P(EventLogHistoryContract, RecipientsEventsAreItsOwn) {
  const KeyedHash alice = keyed_hash("alice");
  const KeyedHash bob = keyed_hash("bob");
  this->inbox().add_recipient(alice);
  this->inbox().add_recipient(alice);
  const auto publish = [&](const KeyedHash& recipient) {
    return this->append_all(
        {{.channel = &this->inbox(), .recipient = recipient, .event = {.type = "", .data = "x"}}});
  };
  EXPECT_EQ(publish(alice).subscribers, 2U);
  EXPECT_EQ(publish(bob).subscribers, 0U);
  const EventId last = publish(alice).id;
  const RecipientFrames& frames = this->inbox().index().recipients();
  EXPECT_EQ(this->inbox().index().id(frames.newest_of(alice)), last);
  EXPECT_EQ(frames.previous(frames.newest_of(alice)), 0U);
  EXPECT_EQ(frames.newest_of(bob), 1U);
}

TYPED_TEST_P(EventLogHistoryContract, BatchGoesToManyRecipients) {
  std::vector<Publication> batch;
  for (int n = 0; n < 20; ++n) {
    batch.push_back({.channel = &this->inbox(),
                     .recipient = keyed_hash(std::to_string(n % 4)),
                     .event = {.type = "", .data = "x"}});
  }
  ASSERT_EQ(this->append_all(batch).status, AppendStatus::kCommitted);
  EXPECT_EQ(this->listener_.seen(this->inbox()).commits, 1);
  EXPECT_EQ(this->inbox().index().recipients().size(), 4U);
  EXPECT_EQ(this->inbox().index().recipients().newest_of(keyed_hash("3")), 19U);
}

// --- What is history

TYPED_TEST_P(EventLogHistoryContract, ReadLeavesOutWhatIsNoLongerHistory) {
  std::vector<EventId> ids;
  for (int n = 0; n < 10; ++n) {
    ids.push_back(this->commit(this->channel(0)));
    SettableClock::set(SettableClock::now() + 100'000);
  }
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit),
            std::vector<EventId>(ids.begin() + 4, ids.end()))
      << "ten minutes are kept";
}

// A raw ring keeps more frames than a chunked one, so more is known than a read, which is from one ring, can give.
TYPED_TEST_P(EventLogHistoryContract,
             ReadGivesWholeFramesWhereTheRingsOfAChannelGoBackDifferently) {
  Channel& channel = this->small_channel();
  {
    const auto guard = this->log_->hold();
    ASSERT_TRUE(channel.open_ring(WireFormat::kRaw));
  }
  std::vector<EventId> ids;
  for (int n = 0; n < 500; ++n) ids.push_back(this->commit(channel, "x"));
  ASSERT_LT(channel.index().begin(), this->chunked(channel).begin());
  const auto events = this->read({&channel}, {}, this->kNoLimit);
  ASSERT_GT(events.size(), 50U);
  for (size_t i = 0; i < events.size(); ++i) {
    const EventId id = ids[ids.size() - events.size() + i];
    ASSERT_EQ(events[i].id, id);
    ASSERT_EQ(events[i].frame, this->id_line(id) + "data: x\n\n");
  }
}

TYPED_TEST_P(EventLogHistoryContract, ReadLeavesOutExpiredEvents) {
  const EventId kept = this->commit(this->channel(0));
  const AppendOutcome expiring = this->append_all({{
      .channel = &this->channel(0),
      .event = {.type = "", .data = "x", .ttl = milliseconds{50}},
  }});
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit),
            (std::vector<EventId>{kept, expiring.id}));
  SettableClock::set(SettableClock::now() + 50);
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit), std::vector<EventId>{kept});
}

// Whoever reads on after the last id it got must not miss what stood behind expired events.
TYPED_TEST_P(EventLogHistoryContract, ExpiredEventsDoNotCountTowardsAReadsLimit) {
  const Event expiring{.type = "", .data = "x", .ttl = milliseconds{50}};
  for (int n = 0; n < 5; ++n) {
    this->append_all({{.channel = &this->channel(0), .event = expiring}});
  }
  const EventId behind = this->commit(this->channel(0));
  const EventId other = this->commit(this->channel(1));
  SettableClock::set(SettableClock::now() + 50);
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, 1), std::vector<EventId>{behind});
  EXPECT_EQ(this->ids_read({&this->channel(0), &this->channel(1)}, {}, 2),
            (std::vector<EventId>{behind, other}));
}

REGISTER_TYPED_TEST_SUITE_P(EventLogHistoryContract, RecipientsEventsAreItsOwn,
                            BatchGoesToManyRecipients, ReadLeavesOutWhatIsNoLongerHistory,
                            ReadGivesWholeFramesWhereTheRingsOfAChannelGoBackDifferently,
                            ReadLeavesOutExpiredEvents, ExpiredEventsDoNotCountTowardsAReadsLimit);

}  // namespace ringcast
