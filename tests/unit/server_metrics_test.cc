#include "bench/load/peers/server_metrics.h"

#include <gtest/gtest.h>

namespace ringcast::bench {
namespace {

const ServerMetrics kMetrics(
    "# HELP ringcast_connections_closed_total Connections that have ended, by cause\n"
    "# TYPE ringcast_connections_closed_total counter\n"
    "ringcast_connections_closed_total{cause=\"lapped\"} 1000\n"
    "ringcast_connections_closed_total{cause=\"peer_gone\"} 7\n"
    "ringcast_events_skipped_total{channel=\"a\",shard=\"0\"} 5\n"
    "ringcast_events_skipped_total{channel=\"a\",shard=\"1\"} 6\n"
    "ringcast_events_skipped_total_ever 100\n"
    "ringcast_turns_total 12");

TEST(ServerMetrics, SumsTheSeriesOfAName) {
  EXPECT_EQ(kMetrics.sum("ringcast_events_skipped_total"), 11u);
  EXPECT_EQ(kMetrics.sum("ringcast_connections_closed_total"), 1007u);
  EXPECT_EQ(kMetrics.sum("ringcast_turns_total"), 12u);
}

TEST(ServerMetrics, SumsThoseWithALabel) {
  EXPECT_EQ(kMetrics.sum("ringcast_connections_closed_total", "cause=\"lapped\""), 1000u);
  EXPECT_EQ(kMetrics.sum("ringcast_events_skipped_total", "shard=\"1\""), 6u);
}

TEST(ServerMetrics, WhatIsNotThereIsZero) {
  EXPECT_EQ(kMetrics.sum("ringcast_nothing_total"), 0u);
  EXPECT_EQ(kMetrics.sum("ringcast_connections_closed_total", "cause=\"x\""), 0u);
}

}  // namespace
}  // namespace ringcast::bench
