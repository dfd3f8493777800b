#include "engine/config/read_channel.h"

#include <fmt/format.h>

#include <map>

#include "engine/channel_name.h"
#include "engine/config/read_access.h"
#include "engine/config/read_cors.h"
#include "engine/config/text_checks.h"

namespace ringcast {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr uint64_t kGiB = 1024 * kMiB;

// Below, heartbeats cost more than the events they stand in for; above, dead peers keep their slots
// too long. Guesses.
constexpr Limits<milliseconds> kHeartbeat{milliseconds{100}, hours{1}};
// CloudFront, Azure Front Door and Google's load balancer cut a response that was silent for 30 s,
// Heroku after 55 s, nginx and AWS's load balancer after 60 s (their manuals). 5 s of margin for
// the shortest.
constexpr milliseconds kHeartbeatAdvised = seconds{25};

// Firefox raises smaller delays to 500 ms and keeps the value in 32 bits with a sign.
constexpr Limits<milliseconds> kRetry{milliseconds{500}, milliseconds{2'147'483'647},
                                      "browsers accept no other delay"};

constexpr Limits<int64_t> kHistoryEvents{1, 10'000'000};  // the index takes tens of bytes an event
constexpr Limits<uint64_t> kHistoryBytes{64 * kKiB,
                                         4 * kGiB};  // the ring is mapped twice, per wire format
constexpr Limits<milliseconds> kHistoryAge{seconds{1}, days{365}};  // a guess
constexpr Limits<milliseconds> kSlowAfter{milliseconds{10},
                                          hours{1}};  // a guess; a stall of 10 ms is everyday life
constexpr Limits<milliseconds> kPublishWait{milliseconds{0}, minutes{10}};  // 0: answer 503 at once
// A frame's own lines need about 60 bytes; 16 MiB to 100 000 subscribers is 1.6 TB.
constexpr Limits<uint64_t> kEventBytes{256, 16 * kMiB};
constexpr Limits<int64_t> kSubscribers{1, 10'000'000, "write null for no limit"};
constexpr Limits<milliseconds> kSourceEvery{milliseconds{1}, days{1}};
constexpr Limits<int64_t> kSourceNumber{INT64_MIN, INT64_MAX};

void read_heartbeat(const Value& value, ChannelConfig& channel, Findings& findings) {
  milliseconds heartbeat{0};
  read_duration(value, kHeartbeat, heartbeat, findings);
  if (heartbeat == milliseconds{0}) return;
  channel.heartbeat = heartbeat;
  if (heartbeat <= kHeartbeatAdvised) return;
  findings.add_warning(
      value.place, value.key,
      fmt::format(
          "{} is longer than some proxies leave a silent stream open (idle limits of 30 s, 55 s "
          "and 60 s are common); stay at {} or below",
          format_duration(heartbeat), format_duration(kHeartbeatAdvised)));
}

void read_retry(const Value& value, ChannelConfig& channel, Findings& findings) {
  const auto text = read_text(value, "a range such as 2s..8s", findings);
  if (!text) return;
  auto range = parse_duration_range(*text);
  if (!range) return findings.add_problem(value.place, value.key, range.error().message);
  if (range->min < kRetry.min || range->max > kRetry.max) {
    return findings.add_problem(
        value.place, value.key,
        fmt::format("{} leaves {} to {}; {}", *text, format_duration(kRetry.min),
                    format_duration(kRetry.max), kRetry.why));
  }
  channel.retry = {range->min, range->max};
}

void read_subscribers_max(const Value& value, ChannelConfig& channel, Findings& findings) {
  channel.subscribers_max = 0;
  if (!value.node.IsNull()) read_count(value, kSubscribers, channel.subscribers_max, findings);
}

constexpr auto kHistoryFields = std::to_array<Field<HistoryConfig>>({
    {"events", [](const Value& v, HistoryConfig& h,
                  Findings& f) { read_count(v, kHistoryEvents, h.events, f); }},
    {"bytes", [](const Value& v, HistoryConfig& h,
                 Findings& f) { read_bytes(v, kHistoryBytes, h.bytes, f); }},
    {"age", [](const Value& v, HistoryConfig& h,
               Findings& f) { read_duration(v, kHistoryAge, h.age, f); }},
});

void read_on_gap(const Value& value, ChannelConfig& channel, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, GapPolicy>>(
                  {{"notify", GapPolicy::kNotify}, {"silent", GapPolicy::kSilent}}),
              channel.on_gap, findings);
}

void read_last(const Value& value, FirstConnect& first, Findings& findings) {
  const auto events = read_integer(value, kHistoryEvents, findings);
  if (!events) return;
  first = {.from = FirstConnect::From::kLast, .last_events = static_cast<uint32_t>(*events)};
}

constexpr auto kFirstConnectFields = std::to_array<Field<FirstConnect>>({{"last", read_last}});

// One of two words, or a map of one key.
void read_first_connect(const Value& value, ChannelConfig& channel, Findings& findings) {
  if (value.node.IsMap()) {
    if (value.node.size() == 0) {
      findings.add_problem(value.place, value.key,
                           "names no start; write live, oldest or {last: 100}");
    }
    return read_section(value, kFirstConnectFields, channel.on_first_connect, findings);
  }
  const auto text = read_text(value, "live, oldest or {last: 100}", findings);
  if (!text) return;
  if (*text == "live") {
    channel.on_first_connect = {.from = FirstConnect::From::kLive};
  } else if (*text == "oldest") {
    channel.on_first_connect = {.from = FirstConnect::From::kOldest};
  } else {
    add_wrong_choice(value, *text, "live, oldest, {last: 100}", findings);
  }
}

void read_slow_subscriber(const Value& value, ChannelConfig& channel, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, SlowSubscriberPolicy>>(
                  {{"disconnect", SlowSubscriberPolicy::kDisconnect},
                   {"skip", SlowSubscriberPolicy::kSkip}}),
              channel.slow_subscriber, findings);
}

void read_event_bytes(const Value& value, ChannelConfig& channel, Findings& findings) {
  uint64_t bytes = channel.event_bytes_max;
  read_bytes(value, kEventBytes, bytes, findings);
  channel.event_bytes_max = static_cast<uint32_t>(bytes);
}

constexpr auto kRandomFields = std::to_array<Field<RandomSourceConfig>>({
    {"min", [](const Value& v, RandomSourceConfig& r,
               Findings& f) { read_count(v, kSourceNumber, r.min, f); }},
    {"max", [](const Value& v, RandomSourceConfig& r,
               Findings& f) { read_count(v, kSourceNumber, r.max, f); }},
    {"every", [](const Value& v, RandomSourceConfig& r,
                 Findings& f) { read_duration(v, kSourceEvery, r.every, f); }},
});

void read_random(const Value& section, ChannelConfig& channel, Findings& findings) {
  RandomSourceConfig random;
  read_section(section, kRandomFields, random, findings);
  channel.source = random;
  if (random.min <= random.max) return;
  const auto [key, place] =
      findings.find_first(std::array{section.key + ".min", section.key + ".max", section.key});
  findings.add_problem(
      place, key, fmt::format("min {} is above max {}; exchange them", random.min, random.max));
}

constexpr auto kSourceFields = std::to_array<Field<ChannelConfig>>({{"random", read_random}});

void read_source(const Value& section, ChannelConfig& channel, Findings& findings) {
  if (section.node.IsMap() && section.node.size() == 0) {
    findings.add_problem(section.place, section.key,
                         "names no source; write random: {}, or remove the line");
  }
  read_section(section, kSourceFields, channel, findings);
}

void read_path(const Value& value, ChannelConfig& channel, Findings& findings) {
  if (value.node.IsNull()) return;  // spelled out: none
  const auto path = read_text(value, "a path such as /stream", findings);
  if (!path) return;
  const auto checked = check_path(*path);
  if (!checked) return findings.add_problem(value.place, value.key, checked.error().message);
  channel.path = *path;
}

constexpr auto kDefaultsFields = std::to_array<Field<ChannelConfig>>({
    {"heartbeat", read_heartbeat},
    {"retry", read_retry},
    {"history", [](const Value& v, ChannelConfig& c,
                   Findings& f) { read_section(v, kHistoryFields, c.history, f); }},
    {"on_gap", read_on_gap},
    {"on_first_connect", read_first_connect},
    {"slow_subscriber", read_slow_subscriber},
    {"slow_after", [](const Value& v, ChannelConfig& c,
                      Findings& f) { read_duration(v, kSlowAfter, c.slow_after, f); }},
    {"publish_wait", [](const Value& v, ChannelConfig& c,
                        Findings& f) { read_duration(v, kPublishWait, c.publish_wait, f); }},
    {"max_event_bytes", read_event_bytes},
    {"max_subscribers", read_subscribers_max},
    {"cors", [](const Value& v, ChannelConfig& c, Findings& f) { read_cors(v, c.cors, f); }},
    {"access", read_channel_access},
});

constexpr auto kChannelFields = join_fields(
    kDefaultsFields,
    std::to_array<Field<ChannelConfig>>({{"path", read_path}, {"source", read_source}}));

// What concerns several keys. Only a section that writes one of them is told, so that an oddity of
// the defaults is not repeated for every channel.
void check_options(const Value& section, const ChannelConfig& channel, Findings& findings) {
  const auto written = [&](std::string_view key) {
    return findings.has(fmt::format("{}.{}", section.key, key));
  };
  const auto where = [&](std::string_view first, std::string_view second) {
    return findings.find_first(std::array{fmt::format("{}.{}", section.key, first),
                                          fmt::format("{}.{}", section.key, second)});
  };
  if (channel.history.bytes < channel.event_bytes_max &&
      (written("history.bytes") || written("max_event_bytes"))) {
    const auto [key, place] = where("history.bytes", "max_event_bytes");
    findings.add_problem(
        place, key,
        fmt::format(
            "history.bytes {} cannot keep one event of max_event_bytes {}; raise the first or "
            "lower the second",
            format_bytes(channel.history.bytes), format_bytes(channel.event_bytes_max)));
  }
  const FirstConnect& first = channel.on_first_connect;
  if (first.last_events > channel.history.events &&
      (written("on_first_connect.last") || written("history.events"))) {
    const auto [key, place] = where("on_first_connect.last", "history.events");
    findings.add_problem(
        place, key,
        fmt::format("on_first_connect.last {} is more than the history.events {} that are kept; "
                    "lower the first or raise the second",
                    first.last_events, channel.history.events));
  }
  if (channel.publish_wait < channel.slow_after &&
      (written("publish_wait") || written("slow_after"))) {
    const auto [key, place] = where("publish_wait", "slow_after");
    findings.add_warning(
        place, key,
        fmt::format(
            "publish_wait {} is shorter than slow_after {}: one stalled subscriber can make a "
            "busy publisher see 503 before it stops counting; keep publish_wait the longer",
            format_duration(channel.publish_wait), format_duration(channel.slow_after)));
  }
}

// A pattern is as many streams as it has recipients, and neither of these two says which of them is meant.
void check_pattern_options(const Entry& entry, const ChannelConfig& channel, Findings& findings) {
  const auto refuse = [&](std::string_view option, std::string_view why) {
    const auto [key, place] =
        findings.find_first(std::array{fmt::format("{}.{}", entry.value.key, option)});
    findings.add_problem(place, key, std::string{why});
  };
  if (!channel.path.empty()) {
    refuse("path",
           "is one URL, while a pattern is a stream per recipient; remove it, subscribers name the "
           "recipient in GET /channels/...");
  }
  if (channel.source) {
    refuse("source",
           "would have no recipient to publish to; remove it, or give it a channel without a "
           "variable");
  }
}

// The paths and patterns of the channels read so far, with their lines: no two may answer to the same URL.
class TakenNames {
 public:
  void add_path(const Entry& entry, const std::string& path, Findings& findings) {
    const auto [key, place] = findings.find_first(std::array{entry.value.key + ".path"});
    const auto [first, is_new] = path_lines_.emplace(path, place.line);
    if (is_new) return;
    findings.add_problem(
        place, key,
        fmt::format("{} is already the path of the channel on line {}; choose another", path,
                    first->second));
  }

  // Pair by pair: a pattern is a ring, so there are few.
  void add_pattern(const Entry& entry, Findings& findings) {
    const ChannelName name = split_channel_name(entry.name);
    for (const auto& [other, line] : patterns_) {
      if (!share_a_name(name, split_channel_name(other))) continue;
      return findings.add_problem(
          entry.name_place, entry.value.key,
          fmt::format("takes names that the pattern on line {} takes too, whatever the variables "
                      "are called; remove one of the two, or rename another segment",
                      line));
    }
    patterns_.emplace_back(entry.name, entry.name_place.line);
  }

 private:
  std::map<std::string, int> path_lines_;
  std::vector<std::pair<std::string, int>> patterns_;
};

}  // namespace

void read_defaults(const Value& section, ChannelConfig& defaults, Findings& findings) {
  read_section(section, kDefaultsFields, defaults, findings);
  check_options(section, defaults, findings);
}

void read_channels(const Value& section, const ChannelConfig& defaults,
                   std::vector<ChannelConfig>& channels, Findings& findings) {
  TakenNames taken;
  for (const Entry& entry : read_entries(section, findings)) {
    if (const auto checked = check_channel_name(entry.name); !checked) {
      findings.add_problem(entry.name_place, entry.value.key, checked.error().message);
    }
    ChannelConfig& channel = channels.emplace_back(defaults);
    channel.name = entry.name;
    read_section(entry.value, kChannelFields, channel, findings);
    check_options(entry.value, channel, findings);
    if (split_channel_name(entry.name).is_pattern) {
      check_pattern_options(entry, channel, findings);
      taken.add_pattern(entry, findings);
    } else if (!channel.path.empty()) {
      taken.add_path(entry, channel.path, findings);
    }
  }
}

void append_channel_keys(std::vector<std::string>& keys) {
  const auto append_options = [&keys](const std::string& prefix, const auto& fields) {
    append_keys(prefix, fields, keys);
    append_keys(prefix + "history.", kHistoryFields, keys);
    append_keys(prefix + "on_first_connect.", kFirstConnectFields, keys);
    append_cors_keys(prefix + "cors.", keys);
    append_channel_access_keys(prefix, keys);
  };
  append_options("defaults.", kDefaultsFields);
  append_options("channels.<name>.", kChannelFields);
  append_keys("channels.<name>.source.", kSourceFields, keys);
  append_keys("channels.<name>.source.random.", kRandomFields, keys);
}

}  // namespace ringcast
