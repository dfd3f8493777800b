// The audience against a list of members, each with what it has received: people join and leave,
// sockets take a part or nothing, publishers publish as fast as they may.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tests/support/audience_rig.h"
#include "tests/support/seeds.h"

namespace ringcast::net {
namespace {

constexpr milliseconds kSlowAfter{200};

// Two sweeps over the largest audience at half a batch each, one because people left during the
// other.
constexpr int kTurnsToSweepMax = 2 * (900 / 128 + 2);

class AudienceModel : public testing::TestWithParam<uint64_t> {
 protected:
  enum class Socket { kOpen, kQuiet, kFull };
  struct Peer {
    uint32_t slot;
    Position received;  // everything below
    Socket socket;
    MonotonicMs full_since;    // when it first was, since it last had everything
    bool is_behind = false;    // has been full since then
    bool was_planned = false;  // in the batch under way
    int trouble_turn = 0;      // turns_since_news_ when it was last taken back or quiet
  };

  void join() {
    const uint32_t slot = next_slot_++;
    const MemberIndex index = rig_.join_quiet(slot, now_);
    ASSERT_EQ(index, peers_.size());
    peers_.push_back(
        {.slot = slot, .received = rig_.committed(), .socket = Socket::kQuiet, .full_since = 0});
  }

  void leave(size_t index) {
    const std::optional<uint32_t> moved = rig_.audience().leave(static_cast<MemberIndex>(index));
    const bool is_last = index == peers_.size() - 1;
    ASSERT_EQ(moved, is_last ? std::nullopt : std::optional{peers_.back().slot});
    peers_[index] = peers_.back();
    peers_.pop_back();
  }

  void come_and_go(uint64_t members_max) {
    const uint64_t many = members_max / 10 + 2;
    for (uint64_t i = dice_.below(many); i > 0 && peers_.size() < members_max; --i) join();
    const uint64_t leavers = dice_.one_in(4) ? dice_.below(many) : dice_.below(2);
    for (uint64_t i = leavers; i > 0 && !peers_.empty(); --i) leave(dice_.below(peers_.size()));
  }

  size_t index_of(uint32_t slot) const {
    const auto found = std::ranges::find(peers_, slot, &Peer::slot);
    EXPECT_NE(found, peers_.end()) << "planned for somebody who is not there";
    return static_cast<size_t>(found - peers_.begin());
  }

  // One turn of a shard: heads and heartbeats settle, a batch, and its failures.
  void turn() {
    for (size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].socket != Socket::kQuiet) continue;
      rig_.audience().settle_quiet(static_cast<MemberIndex>(i));
      peers_[i].socket = Socket::kOpen;
    }
    maybe_heartbeat();
    const std::vector<PlannedSend> sends = rig_.batch(now_);
    check_report();
    for (Peer& peer : peers_) peer.was_planned = false;
    for (const PlannedSend& send : sends) deliver(send);
    const std::vector<uint32_t> lapped = rig_.lapped();
    for (const uint32_t slot : std::set<uint32_t>(lapped.begin(), lapped.end())) {
      const size_t index = index_of(slot);
      ASSERT_LT(peers_[index].received, rig_.ring().floor()) << "lapped, and yet it is all there";
      leave(index);
    }
    rig_.audience().check_invariants();
    check_nobody_is_forgotten();
  }

  // So long after the last news every sweep has ended, and whoever had no trouble has everything.
  void check_nobody_is_forgotten() {
    ++turns_since_news_;
    for (Peer& peer : peers_) {
      if (peer.socket == Socket::kOpen && peer.received == rig_.committed()) {
        peer.is_behind = false;
      } else if (turns_since_news_ > kTurnsToSweepMax && !peer.is_behind &&
                 peer.socket == Socket::kOpen) {
        ASSERT_LE(turns_since_news_, peer.trouble_turn + kTurnsToSweepMax)
            << "forgotten: " << peer.slot;
      }
    }
  }

  void maybe_heartbeat() {
    for (size_t i = 0; i < peers_.size(); ++i) {
      const auto member = static_cast<MemberIndex>(i);
      if (!dice_.one_in(20) || !rig_.audience().is_up_to_date(member)) continue;
      ASSERT_EQ(peers_[i].received, rig_.committed());
      rig_.audience().begin_quiet(member, static_cast<uint32_t>(now_));
      peers_[i].trouble_turn = turns_since_news_;
      peers_[i].socket = Socket::kQuiet;
    }
  }

  void deliver(const PlannedSend& send) {
    const size_t index = index_of(send.slot);
    Peer& peer = peers_[index];
    ASSERT_FALSE(peer.was_planned) << "two sends in a batch";
    peer.was_planned = true;
    ASSERT_EQ(peer.socket, Socket::kOpen);
    ASSERT_EQ(send.from, peer.received) << "bytes lost or repeated";
    ASSERT_GT(send.to, send.from);
    ASSERT_LE(send.to, rig_.committed());
    ASSERT_GE(send.from, rig_.ring().floor()) << "overwritten bytes";
    const auto member = static_cast<MemberIndex>(index);
    if (dice_.one_in(trouble_)) {
      peer.received += dice_.below(send.to - send.from);
      if (!peer.is_behind) peer.full_since = now_;
      peer.is_behind = true;
      peer.socket = Socket::kFull;
      rig_.sent_only(member, peer.received, now_);
    } else if (dice_.one_in(take_back_one_in_)) {
      rig_.take_back(member);
      peer.trouble_turn = turns_since_news_;
    } else {
      peer.received = send.to;
    }
  }

  // Nobody who has been full for less than slow_after is ever left out; nobody else holds a
  // publisher up for less than what the slowest of all has.
  void check_report() {
    const Position reported = rig_.reported();
    Position slowest = kNobodyBehind;
    for (const Peer& peer : peers_) {
      slowest = std::min(slowest, peer.received);
      const bool is_surely_healthy =
          !peer.is_behind || now_ - peer.full_since <= kSlowAfter.count();
      if (is_surely_healthy) {
        EXPECT_LE(reported, peer.received);
      }
    }
    if (!rig_.audience().has_report()) {
      EXPECT_GE(reported, slowest);
    }
  }

  void publish() {
    const bool is_burst = is_ring_large_ && dice_.one_in(10);
    for (uint64_t i = is_burst ? 500 : dice_.below(4); i > 0; --i) {
      (void)rig_.append(dice_.between(1, 300));
    }
    turns_since_news_ = 0;
    for (Peer& peer : peers_) peer.trouble_turn = 0;
  }

  void some_have_room(uint64_t one_in) {
    for (size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].socket != Socket::kFull || !dice_.one_in(one_in)) continue;
      rig_.audience().room(static_cast<MemberIndex>(i), now_);
      peers_[i].socket = Socket::kOpen;
    }
  }

  // After that everybody who was not lapped has everything.
  void settle() {
    trouble_ = 1'000'000'000;
    some_have_room(1);
    for (int turns = 0; turns < 200; ++turns) {
      turn();
      some_have_room(1);
    }
    EXPECT_FALSE(rig_.audience().has_sends());
    EXPECT_FALSE(rig_.audience().has_report());
    for (size_t i = 0; i < peers_.size(); ++i) {
      EXPECT_EQ(peers_[i].received, rig_.committed()) << peers_[i].slot;
      EXPECT_EQ(rig_.audience()[static_cast<MemberIndex>(i)].slot, peers_[i].slot);
    }
    EXPECT_EQ(rig_.reported(), peers_.empty() ? kNobodyBehind : rig_.committed());
  }

  Dice dice_{GetParam()};
  const bool is_ring_large_ = dice_.one_in(3);  // so that one send does not reach its end
  AudienceRig rig_{kSlowAfter, is_ring_large_ ? kMiB : 4 * kKiB};
  std::vector<Peer> peers_;
  uint64_t trouble_ = dice_.between(2, 200);  // one send in so many is not taken whole
  // Rare in half of the runs: each is followed by another sweep, in which nobody is forgotten.
  const uint64_t take_back_one_in_ = dice_.one_in(2) ? 30 : 100'000;
  uint32_t next_slot_ = 1;
  int turns_since_news_ = 0;
  MonotonicMs now_ = 1'000;
};

TEST_P(AudienceModel, EverybodyGetsEverythingInOrderOrIsLapped) {
  // More than a batch holds, in half of the runs; and now and then nothing happens for a while, so
  // that whoever was forgotten stays forgotten.
  const uint64_t members_max = dice_.one_in(2) ? dice_.between(300, 900) : dice_.between(1, 40);
  const uint64_t publishes_one_in = dice_.between(1, 60);
  const uint64_t reads_one_in = dice_.between(2, 30);
  const uint64_t comings_one_in = dice_.between(1, 5);
  for (int step = 0; step < 400; ++step) {
    now_ += static_cast<MonotonicMs>(dice_.below(20));
    if (dice_.one_in(comings_one_in)) come_and_go(members_max);
    if (dice_.one_in(publishes_one_in)) publish();
    // As a publisher that is paced would: say how far you are.
    if (dice_.one_in(4 * publishes_one_in)) rig_.audience().mark_dirty();
    some_have_room(reads_one_in);
    turn();
  }
  settle();
}

INSTANTIATE_TEST_SUITE_P(Seeds, AudienceModel, testing::ValuesIn(seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
