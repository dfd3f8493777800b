#include "net/monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace ringcast::net {
namespace {

class MonitorTest : public testing::Test {
 protected:
  // The answer, or "" when the request is none of its business.
  std::string ask(std::string_view path, Method method = Method::kGet, bool stopping = false) {
    Request request;
    request.method = method;
    request.path = path;
    std::string answer;
    const bool is_ours = monitor_.answer(
        request, {.head_only = method == Method::kHead, .date = "now"}, stopping, answer);
    EXPECT_EQ(is_ours, !answer.empty());
    return answer;
  }

  static int status_of(const std::string& answer) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 ")) << answer;
    return std::stoi(answer.substr(9, 3));
  }

  static ChannelConfig news() {
    ChannelConfig config;
    config.name = "news";
    return config;
  }

  Epochs epochs_{2};
  std::unique_ptr<Channels> channels_ = std::move(Channels::create({news()}, epochs_).value());
  std::vector<Counters> counters_{2};
  KeyChanges key_changes_;
  const Monitor monitor_{counters_, *channels_, key_changes_};
};

TEST_F(MonitorTest, ALiveServerSaysSo) {
  const std::string answer = ask("/healthz/live");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nok\n"));
  EXPECT_EQ(status_of(ask("/healthz/ready")), 200);
}

TEST_F(MonitorTest, AStoppingServerIsAliveAndNotReady) {
  EXPECT_EQ(status_of(ask("/healthz/live", Method::kGet, true)), 200);
  EXPECT_EQ(status_of(ask("/healthz/ready", Method::kGet, true)), 503);
  EXPECT_EQ(status_of(ask("/metrics", Method::kGet, true)), 200);
}

TEST_F(MonitorTest, HeadIsAnsweredWithoutABody) {
  EXPECT_TRUE(ask("/healthz/live", Method::kHead).ends_with("\r\n\r\n"));
}

TEST_F(MonitorTest, OtherMethodsAreRefusedWithThoseThatWork) {
  const std::string answer = ask("/metrics", Method::kPost);
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(MonitorTest, OtherPathsAreNotItsBusiness) {
  for (const char* path : {"/", "/healthz", "/healthz/", "/healthz/live/", "/metric", "/stream"}) {
    EXPECT_EQ(ask(path), "") << path;
  }
}

TEST_F(MonitorTest, MetricsSayWhatEachShardCounted) {
  counters_[0].accepted.add(7);
  counters_[1].accepted.add(5);
  counters_[1].open.add(3);
  counters_[0].closed[static_cast<size_t>(CloseCause::kLapped)].add(2);
  counters_[1].closed[static_cast<size_t>(CloseCause::kLapped)].add(1);
  const std::string text = ask("/metrics");
  for (const char* line :
       {"\nringcast_connections_accepted_total{shard=\"0\"} 7\n",
        "\nringcast_connections_accepted_total{shard=\"1\"} 5\n",
        "\nringcast_connections_open{shard=\"1\"} 3\n",
        "\nringcast_connections_closed_total{cause=\"lapped\"} 3\n",
        "\nringcast_connections_closed_total{cause=\"torn\"} 0\n",
        "\n# TYPE ringcast_connections_open gauge\n", "\n# TYPE ringcast_sends_total counter\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_NE(text.find("Content-Type: text/plain; version=0.0.4\r\n"), std::string::npos);
}

TEST_F(MonitorTest, MetricsSayWhatCameOfChangesOfKeys) {
  key_changes_.taken.add(2);
  key_changes_.refused.add(3);
  key_changes_.read_s = 1'764'000'000;
  const std::string text = ask("/metrics");
  for (const char* line : {"\nringcast_key_reloads_total{outcome=\"taken\"} 2\n",
                           "\nringcast_key_reloads_total{outcome=\"refused\"} 3\n",
                           "\nringcast_keys_read_timestamp_seconds 1764000000\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(MonitorTest, MetricsKeepTheBooksOfEachChannelOverAllShards) {
  Channel& news = channels_->at(0);
  news.tally(0).sent.add(9);
  news.tally(1).sent.add(2);
  news.tally(0).unsent.add(4);
  news.tally(1).replayed.add(6);
  news.tally(1).skipped.add(1);
  news.tally(0).closed_owing.add(3);
  news.set_audience(0, 5);
  news.set_audience(1, 8);
  const std::string text = ask("/metrics");
  for (const char* line : {"\nringcast_events_committed_total{channel=\"news\"} 0\n",
                           "\nringcast_events_due_total{channel=\"news\"} 0\n",
                           "\nringcast_events_replayed_total{channel=\"news\"} 6\n",
                           "\nringcast_events_sent_total{channel=\"news\"} 11\n",
                           "\nringcast_events_unsent_total{channel=\"news\"} 4\n",
                           "\nringcast_events_skipped_total{channel=\"news\"} 1\n",
                           "\nringcast_events_closed_owing_total{channel=\"news\"} 3\n",
                           "\nringcast_channel_subscribers{channel=\"news\"} 13\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(CloseCauses, EachHasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < kCloseCauses; ++i) names.push_back(name_of(static_cast<CloseCause>(i)));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_FALSE(names.front().empty());
}

}  // namespace
}  // namespace ringcast::net
