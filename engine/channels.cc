#include "engine/channels.h"

namespace ringcast {

namespace {

Channel* find(const std::unordered_map<std::string_view, Channel*>& map, std::string_view key) {
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
    channels->channels_.push_back(std::move(*channel));
  }
  return channels;
}

Channel* Channels::by_name(std::string_view name) const noexcept {
  return find(by_name_, name);
}

Channel* Channels::by_path(std::string_view path) const noexcept {
  return find(by_path_, path);
}

}  // namespace ringcast
