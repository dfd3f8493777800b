// A channel under test, as its log would use it: small, so that it is soon full.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/channel.h"

namespace ringcast {

inline constexpr size_t kShards = 3;
inline constexpr KeyedHash kAlice{.a = 1, .b = 1};
inline constexpr KeyedHash kBob{.a = 2, .b = 2};

inline ChannelConfig small_channel() {
  ChannelConfig config;
  config.name = "news";
  config.history = {.events = 1000, .bytes = 4 * kKiB, .age = milliseconds{60'000}};
  config.event_bytes_max = 200;
  return config;
}

class ChannelTest : public testing::Test {
 protected:
  void open(const ChannelConfig& config) {
    channel_ = std::move(Channel::create(7, config, epochs_).value());
  }

  // Event n has id n-0.
  Room try_append(uint64_t n, std::string_view data = "some data, so that a frame has a size") {
    return channel_->try_append({n, 0}, encoder_.encode({n, 0}, {.type = "", .data = data}));
  }

  // Appends events from number 1 on; the number of the one that was refused.
  uint64_t append_until_refused(Room expected, std::string_view data = "some data") {
    for (uint64_t n = 1; n < 1000; ++n) {
      const Room room = try_append(n, data);
      if (room == Room::kReady) continue;
      EXPECT_EQ(room, expected);
      return n;
    }
    ADD_FAILURE() << "nothing was refused";
    return 1000;
  }

  [[nodiscard]] WireRing& ring(WireFormat format) const { return *channel_->ring(format); }
  WireRing& open_raw() { return *channel_->open_ring(WireFormat::kRaw).value(); }

  // The stream a subscriber of `format` would have been sent from the oldest frame known.
  [[nodiscard]] std::string stream_of(WireFormat format) const {
    const WireRing& wire = ring(format);
    return std::string(wire.ring().bytes(wire.at(wire.begin()), wire.at(wire.end())));
  }

  // The frames the ring knows, one by one.
  [[nodiscard]] std::vector<std::string> frames_of(WireFormat format) const {
    const WireRing& wire = ring(format);
    std::vector<std::string> frames;
    for (FrameNumber n = wire.begin(); n < wire.end(); ++n) frames.emplace_back(wire.frame(n));
    return frames;
  }

  [[nodiscard]] const FrameIndex& index() const { return channel_->index(); }

  Epochs epochs_{kShards};
  FrameEncoder encoder_;
  std::unique_ptr<Channel> channel_;
};

class SmallChannel : public ChannelTest {
 protected:
  SmallChannel() { open(small_channel()); }
};

class PatternChannel : public ChannelTest {
 protected:
  PatternChannel() {
    ChannelConfig config = small_channel();
    config.name = "inbox/{recipient}";
    open(config);
  }

  // How many subscribers the event was for.
  uint32_t append_for(const KeyedHash& recipient) {
    const EventId id{++ms_, 0};
    const Frame frame = encoder_.encode(id, {.type = "", .data = "x"});
    Channel::Load load;
    load.add(frame);
    EXPECT_EQ(channel_->make_room(load), Room::kReady);
    return channel_->append(id, recipient, frame, milliseconds{0});
  }

  uint64_t ms_ = 0;
};

}  // namespace ringcast
