#include "engine/channels.h"

namespace ringcast {

namespace {

Channel* look_up(const std::unordered_map<std::string_view, Channel*>& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

Result<std::unique_ptr<Channels>> Channels::create(const std::vector<ChannelConfig>& configs,
                                                   const Epochs& epochs) {
  auto channels = std::make_unique<Channels>();
  for (const ChannelConfig& config : configs) {
    const auto number = static_cast<ChannelNumber>(channels->channels_.size());
    Result<std::unique_ptr<Channel>> channel = Channel::create(number, config, epochs);
    if (!channel) return Error{"channel " + config.name + ": " + channel.error().message};
    Channel* const raw = channel->get();
    channels->by_name_.emplace(raw->config().name, raw);
    if (!raw->config().path.empty()) channels->by_path_.emplace(raw->config().path, raw);
    if (raw->is_pattern()) channels->patterns_.push_back(raw);
    channels->channels_.push_back(std::move(*channel));
  }
  return channels;
}

Channels::Address Channels::find(std::string_view name) const noexcept {
  if (Channel* const channel = by_name(name); channel != nullptr && !channel->is_pattern()) {
    return {.channel = channel};
  }
  for (Channel* const pattern : patterns_) {
    if (const auto recipient = recipient_in(pattern->name(), name)) {
      return {.channel = pattern, .recipient = keyed_hash(*recipient)};
    }
  }
  return {};
}

Channel* Channels::by_name(std::string_view name) const noexcept {
  return look_up(by_name_, name);
}

Channel* Channels::by_path(std::string_view path) const noexcept {
  return look_up(by_path_, path);
}

}  // namespace ringcast
