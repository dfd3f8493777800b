#include "net/uring/kernel_probe.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace ringcast::net {
namespace {

constexpr KernelVersion kNew{6, 18};
constexpr KernelVersion kBeforeDirect{6, 12};

ServerConfig config(uint32_t connections_max, uint32_t shards = 0,
                    DescriptorMode descriptors = DescriptorMode::kAuto) {
  ServerConfig server;
  server.connections_max = connections_max;
  server.shards = shards;
  server.descriptors = descriptors;
  return server;
}

std::string refusal(const ServerConfig& server, const Machine& machine) {
  const Result<Capacity> capacity = plan_capacity(server, machine);
  return capacity ? "" : capacity.error().message;
}

TEST(KernelVersion, IsReadFromTheRelease) {
  EXPECT_EQ(parse_kernel_version("6.18.44"), (KernelVersion{6, 18}));
  EXPECT_EQ(parse_kernel_version("6.1.0-29-amd64"), (KernelVersion{6, 1}));
  EXPECT_EQ(parse_kernel_version("10.0"), (KernelVersion{10, 0}));
  EXPECT_EQ(parse_kernel_version("6.18-rc1"), (KernelVersion{6, 18}));
}

TEST(KernelVersion, IsZeroWhenItMakesNoSense) {
  for (const char* release : {"", "six", "6", "6.", ".18", "6-18"}) {
    EXPECT_EQ(parse_kernel_version(release), KernelVersion{}) << release;
  }
}

TEST(KernelVersion, ThisMachineHasOne) {
  EXPECT_GT(Machine::this_one().kernel, KernelVersion{});
  EXPECT_GE(Machine::this_one().cores, 1u);
  EXPECT_GT(Machine::this_one().nofile, 0u);
}

TEST(PlanCapacity, GivesEachCoreAShardWhenTheTablesHaveRoom) {
  const Result<Capacity> capacity =
      plan_capacity(config(10'000), {.kernel = kNew, .cores = 4, .nofile = 20'000});
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity.value().descriptors, DescriptorKind::kDirect);
  EXPECT_EQ(capacity.value().shards, 4u);
}

// The promise: a hundred thousand connections in one process where only 20 000 files may be open.
TEST(PlanCapacity, AddsShardsUntilTheirTablesHoldEverybody) {
  const Machine machine{.kernel = kNew, .cores = 2, .nofile = 20'000};
  for (const uint32_t connections : {1u, 1'000u, 18'000u, 40'000u, 100'000u, 120'000u, 500'000u}) {
    const Result<Capacity> planned = plan_capacity(config(connections), machine);
    ASSERT_TRUE(planned) << connections;
    const Capacity& capacity = planned.value();
    EXPECT_GE(uint64_t{capacity.shards} * capacity.connections_per_shard_max, connections);
    EXPECT_LE(capacity.slots_per_shard, machine.nofile);
    // Room beyond its share for those being turned away, and for the accepts under way.
    EXPECT_GE(capacity.slots_per_shard, capacity.connections_per_shard_max + kExtraConnections +
                                            kPublisherShare + kOperatorShare + kAcceptsPerListener);
  }
}

TEST(PlanCapacity, OneShardGetsExactlyWhatWasAskedForAndSeveralALittleMoreThanTheirShare) {
  const Machine machine{.kernel = kNew, .cores = 1, .nofile = 1 << 20};
  EXPECT_EQ(plan_capacity(config(5'000), machine).value().connections_per_shard_max, 5'000u);
  const Result<Capacity> four = plan_capacity(config(10'000, 4), machine);
  EXPECT_GT(four.value().connections_per_shard_max, 2'500u);
  EXPECT_LE(four.value().connections_per_shard_max, 2'800u);
}

TEST(PlanCapacity, ANumberOfShardsThatWasAskedForIsKept) {
  const Machine machine{.kernel = kNew, .cores = 2, .nofile = 20'000};
  EXPECT_EQ(plan_capacity(config(1'000, 7), machine).value().shards, 7u);
  const std::string why = refusal(config(100'000, 2), machine);
  EXPECT_NE(why.find("RLIMIT_NOFILE is 20000"), std::string::npos) << why;
  EXPECT_NE(why.find("add shards"), std::string::npos) << why;
}

TEST(PlanCapacity, RefusesATableThatWouldHoldNobody) {
  const std::string why = refusal(config(10), {.kernel = kNew, .cores = 1, .nofile = 256});
  EXPECT_NE(why.find("RLIMIT_NOFILE is 256"), std::string::npos) << why;
}

TEST(PlanCapacity, OldKernelsGetPlainDescriptors) {
  const Machine machine{.kernel = kBeforeDirect, .cores = 3, .nofile = 20'000};
  const Result<Capacity> capacity = plan_capacity(config(10'000), machine);
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity.value().descriptors, DescriptorKind::kPlain);
  EXPECT_EQ(capacity.value().shards, 3u);
  EXPECT_EQ(capacity.value().slots_per_shard, 20'000u);  // any number below the limit may come
  const std::string why = refusal(config(10, 0, DescriptorMode::kDirect), machine);
  EXPECT_NE(why.find("descriptors: plain"), std::string::npos) << why;
}

TEST(PlanCapacity, PlainDescriptorsCanBeAskedForAndShareOneLimit) {
  const Machine machine{.kernel = kNew, .cores = 1, .nofile = 5'000};
  EXPECT_EQ(plan_capacity(config(4'000, 0, DescriptorMode::kPlain), machine).value().descriptors,
            DescriptorKind::kPlain);
  const std::string why = refusal(config(5'000, 0, DescriptorMode::kPlain), machine);
  EXPECT_NE(why.find("raise it to 5768"), std::string::npos) << why;
}

TEST(PlanCapacity, RefusesKernelsWithoutWhatItNeeds) {
  const std::string why = refusal(config(10), {.kernel = {5, 15}, .cores = 1, .nofile = 20'000});
  EXPECT_NE(why.find("Linux 5.15 is too old"), std::string::npos) << why;
  EXPECT_NE(why.find("6.1"), std::string::npos) << why;
}

TEST(ExplainFailure, NamesACauseAndARemedyForEachError) {
  for (const int error : {EPERM, EACCES, ENOSYS, ENOMEM, EINVAL, EMFILE}) {
    const std::string why = explain_ring_failure(error).message;
    EXPECT_GT(why.size(), 30u) << error;
    EXPECT_EQ(why.find('\n'), std::string::npos) << why;
  }
  EXPECT_NE(explain_ring_failure(EMFILE).message.find("io_uring_setup: "), std::string::npos);
  EXPECT_NE(explain_ring_failure(ENOMEM).message.find("ulimit -l"), std::string::npos);
  EXPECT_NE(explain_ring_failure(EIO, "io_uring_enter").message.find("io_uring_enter: "),
            std::string::npos);
}

TEST(ExplainFailure, ATableBeyondTheLimitSaysHowMuchItNeeds) {
  const std::string why = explain_table_failure(EMFILE, 54'321).message;
  EXPECT_NE(why.find("ulimit -n 54321"), std::string::npos) << why;
  EXPECT_NE(explain_table_failure(ENOMEM, 10).message.find("descriptors: plain"),
            std::string::npos);
}

}  // namespace
}  // namespace ringcast::net
