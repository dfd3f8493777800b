// Goal: a server is started and found wherever it serves, and what it prints reaches whoever runs the load generator. Method: a shell
// that prints what a server would, in place of one that listens already.
#include "bench/load/server_process.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/load/scripted_hub.h"

namespace ringcast::bench {
namespace {

// Prints `text`, and stops when it is told to.
std::string server_that_prints(const std::string& text) {
  return fmt::format("sh -c 'printf \"{}\"; exec sleep 60'", text);
}

std::string lines_of(const ScriptedHub& hub) {
  return fmt::format(
      "ringcast: 0.0.0.0:{} serves subscribe\\nringcast: 127.0.0.1:{} serves publish admin\\n",
      ntohs(hub.subscribe.sin_port), ntohs(hub.publish.sin_port));
}

TEST(ServerProcess, IsFoundWhereItSaysThatItServes) {
  const ScriptedHub hub(Fault::kNone);
  testing::internal::CaptureStdout();
  {
    auto server = ServerProcess::start(server_that_prints(lines_of(hub)), -1, {});
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_GT(server->pid(), 0);
    EXPECT_EQ(server->addresses().subscribe->sin_port, hub.subscribe.sin_port);
    EXPECT_EQ(server->addresses().publish->sin_port, hub.publish.sin_port);
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            fmt::format("ringcast: 0.0.0.0:{} serves subscribe\n"
                        "ringcast: 127.0.0.1:{} serves publish admin\n",
                        ntohs(hub.subscribe.sin_port), ntohs(hub.publish.sin_port)));
}

TEST(ServerProcess, WhatItPrintsWhenItIsToldToStopIsPassedOnToo) {
  const ScriptedHub hub(Fault::kNone);
  const std::string command = fmt::format(
      "sh -c 'trap \"echo stopping; exit\" TERM; printf \"{}\"; while :; do sleep 0.01; done'",
      lines_of(hub));
  testing::internal::CaptureStdout();
  {
    auto server = ServerProcess::start(command, -1, {});
    ASSERT_TRUE(server) << server.error().message;
  }
  EXPECT_TRUE(testing::internal::GetCapturedStdout().ends_with("admin\nstopping\n"));
}

TEST(ServerProcess, OneThatEndsAtOnceIsNoServer) {
  testing::internal::CaptureStdout();
  const auto server = ServerProcess::start("sh -c 'echo no such file'", -1, {});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "no such file\n");
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("ended at once"), std::string::npos);
}

TEST(ServerProcess, AnAddressThatIsGivenMustBeFree) {
  const ScriptedHub hub(Fault::kNone);
  const auto server =
      ServerProcess::start(server_that_prints(""), -1, {.subscribe = hub.subscribe});
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("another server already listens there"), std::string::npos);
}

TEST(ServerProcess, OneThatRunsAlreadyIsWhereItWasGiven) {
  const ScriptedHub hub(Fault::kNone);
  auto server =
      ServerProcess::adopt(::getpid(), -1, {.subscribe = hub.subscribe, .publish = hub.publish});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->pid(), ::getpid());
  EXPECT_EQ(server->addresses().publish->sin_port, hub.publish.sin_port);
}

}  // namespace
}  // namespace ringcast::bench
