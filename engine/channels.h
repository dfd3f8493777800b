// Channels: every channel of the node, by number, name and path. Made at start-up, immutable
// afterwards.
//
// Threads: look-ups from any thread. Memory: the maps and the channels, allocated by create().
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/channel.h"

namespace ringcast {

class Channels {
 public:
  // Requires: valid, distinct names and paths. Fails when a ring cannot be mapped. `epochs` must
  // outlive the channels.
  [[nodiscard]] static Result<std::unique_ptr<Channels>> create(
      const std::vector<ChannelConfig>& configs, const Epochs& epochs);

  // Whom `name` (decoded, as requests give it) stands for: a channel, or one recipient of a pattern. A
  // channel declared under that very name comes first, then patterns in the order of their declaration.
  struct Address {
    Channel* channel = nullptr;  // nullptr: there is no such channel
    KeyedHash recipient{};
  };
  [[nodiscard]] Address find(std::string_view name) const noexcept;

  // The channel declared as `name`, pattern or not, or nullptr.
  [[nodiscard]] Channel* by_name(std::string_view name) const noexcept;
  [[nodiscard]] Channel* by_path(std::string_view path) const noexcept;

  [[nodiscard]] Channel& at(ChannelNumber number) const noexcept { return *channels_[number]; }
  [[nodiscard]] size_t size() const noexcept { return channels_.size(); }

 private:
  std::vector<std::unique_ptr<Channel>> channels_;
  std::unordered_map<std::string_view, Channel*> by_name_;  // keys live in the channels' configs
  std::unordered_map<std::string_view, Channel*> by_path_;
  std::vector<Channel*> patterns_;
};

}  // namespace ringcast
