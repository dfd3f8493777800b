#include "engine/access/explain.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "engine/channel_name.h"
#include "engine/config/quoted.h"
#include "engine/config/units.h"

namespace ringcast {

namespace {

// Beyond that many days it is of no use to know the hours.
constexpr milliseconds kFarAway = std::chrono::hours(24 * 30);

std::string moment(int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

std::string remaining(int64_t ms) {
  const milliseconds left{ms};
  using std::chrono::seconds;
  if (left > kFarAway) return fmt::format("{} days", left / std::chrono::hours(24));
  return format_duration(std::chrono::floor<seconds>(left));
}

// Those of `patterns` that have to do with the channel declared as `name`.
std::string matching(const std::vector<NamePattern>& patterns, const std::string& name) {
  std::string list;
  for (const NamePattern& pattern : patterns) {
    if (!pattern.may_cover_some_of(name)) continue;
    list += (list.empty() ? "" : ", ") + excerpt(pattern.text());
  }
  return list;
}

std::string inbox_of(const ChannelConfig& channel, const std::string& subject) {
  const ChannelName name = split_channel_name(channel.name);
  if (!is_recipient(subject)) return "no: its sub is no name a recipient can have";
  return fmt::format("yes: {} alone, by its sub",
                     excerpt(std::string(name.before) + subject + std::string(name.after)));
}

std::string reading(const Bearer& bearer, const ChannelConfig& channel) {
  switch (channel.access.subscribe) {
    case SubscribeAccess::kPublic:
      return "yes: everybody may";
    case SubscribeAccess::kRecipient:
      return bearer.kind == Bearer::Kind::kToken ? inbox_of(channel, bearer.subject)
                                                 : "no: that takes a token";
    case SubscribeAccess::kToken:
      break;
  }
  if (bearer.kind != Bearer::Kind::kToken) return "no: that takes a token";
  const std::string patterns = matching(bearer.reads, channel.name);
  return patterns.empty() ? "no: its channels do not name it" : "yes: by " + patterns;
}

std::string publishing(const Bearer& bearer, const ChannelConfig& channel) {
  const PublishAccess& allowed = channel.access.publish;
  const bool is_token = bearer.kind == Bearer::Kind::kToken;
  std::string answer;
  if (is_token ? allowed.token : allowed.key) {
    const std::string patterns = matching(bearer.publishes, channel.name);
    answer = patterns.empty() ? "no: its publish does not name it" : "yes: by " + patterns;
  } else {
    answer = fmt::format("no: the channel takes no {}", is_token ? "token" : "key");
  }
  if (allowed.loopback) answer += "; from this machine everybody may";
  return answer;
}

std::string who(const Bearer& bearer, int64_t now_ms) {
  if (bearer.kind == Bearer::Kind::kKey) {
    return fmt::format("It is the key {}, {}.\n", excerpt(bearer.subject),
                       bearer.is_admin ? "which may administer" : "which may not administer");
  }
  std::string text = bearer.subject.empty()
                         ? "It is good, and speaks for nobody in particular (no sub).\n"
                         : fmt::format("It is good, and speaks for {}.\n", excerpt(bearer.subject));
  if (!bearer.token_id.empty()) {
    text += fmt::format("It can be revoked by its jti, {}.\n", excerpt(bearer.token_id));
  }
  text += bearer.expires_ms == kNeverMs
              ? "It never ends.\n"
              : fmt::format("It ends at {}, in {}; so do its streams.\n", moment(bearer.expires_ms),
                            remaining(bearer.expires_ms - now_ms));
  return text;
}

}  // namespace

std::string explain(const Identity& identity, const Config& config, int64_t now_ms) {
  if (!identity.is_known) return fmt::format("Refused: {}.\n", identity.why);
  const Bearer& bearer = identity.bearer;
  size_t width = 0;
  for (const ChannelConfig& channel : config.channels) width = std::max(width, channel.name.size());
  std::string text = who(bearer, now_ms);
  text += "Subscribe:\n";
  for (const ChannelConfig& channel : config.channels) {
    text += fmt::format("  {:<{}}  {}\n", channel.name, width, reading(bearer, channel));
  }
  text += "Publish:\n";
  for (const ChannelConfig& channel : config.channels) {
    text += fmt::format("  {:<{}}  {}\n", channel.name, width, publishing(bearer, channel));
  }
  return text;
}

}  // namespace ringcast
