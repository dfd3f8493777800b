// The program itself, as an operator runs it: signals, and too few descriptors under load.

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <list>

#include "engine/base/memory.h"
#include "tests/support/numbered_events.h"
#include "tests/support/resident.h"
#include "tests/support/ringcast_program.h"

namespace ringcast {
namespace {

using std::chrono::milliseconds;

std::function<void()> with_descriptors(rlim_t count) {
  return [=] {
    const rlimit limit{.rlim_cur = count, .rlim_max = count};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(126);
  };
}

TEST(Program, StopsInOrderAtSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServingProgram program(program_config());
    SseClient subscriber(program.port(), "/channels/news");
    HttpClient publisher(program.port());
    const std::string id = published_id(publisher.publish("news", "the last"));
    const Stopwatch stopwatch;
    program.process().send_signal(signal);
    EXPECT_EQ(subscriber.read_to_end(), (std::vector<StreamEvent>{{id, "", "the last"}}));
    const ChildEnd end = program.process().wait();
    EXPECT_EQ(end.status, 0) << end.signal;
    EXPECT_EQ(end.out, "ringcast: stopping\n");
    EXPECT_EQ(end.err, "");
    EXPECT_LT(stopwatch.elapsed(), milliseconds(2000));
    RecordProperty("stopped_ms", std::to_string(stopwatch.elapsed().count()));
  }
}

TEST(Program, SecondSignalWaitsForNobody) {
  ServingProgram program(program_config());
  // Half a request is waited for, for a while.
  TcpClient half(program.port());
  half.send("GET /channels/news HT");
  EXPECT_EQ(ask(program.port(), get("/healthz/live")).status, 200);
  program.process().send_signal(SIGTERM);
  EXPECT_EQ(program.process().read_line(), "ringcast: stopping");
  program.process().send_signal(SIGTERM);
  EXPECT_EQ(program.process().wait().signal, SIGTERM);
}

// Otherwise whoever closes a terminal has a server left that holds its ports.
TEST(Program, EndsWithTheTerminalItWasStartedIn) {
  const TemporaryFile config(program_config());
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    ::execl(kRingcast.c_str(), "ringcast", "serve", "--config", config.path().c_str(), nullptr);
    ::_exit(126);
  }
  std::string said;
  std::array<char, 256> text;
  while (said.find(" serves") == std::string::npos) {
    const ssize_t count = ::read(terminal, text.data(), text.size());
    ASSERT_GT(count, 0) << said;
    said.append(text.data(), static_cast<size_t>(count));
  }
  ::close(terminal);
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Program, CanGainNoPrivileges) {
  ServingProgram program(program_config());
  std::ifstream status("/proc/" + std::to_string(program.process().pid()) + "/status");
  const std::string text((std::istreambuf_iterator<char>(status)), {});
  EXPECT_NE(text.find("\nNoNewPrivs:\t1\n"), std::string::npos);
}

// It says nothing about requests, so that none can forge a line, drive a terminal or leak a token
// into a log.
TEST(Program, HostileRequestsLeaveNoTraceInItsOutput) {
  ServingProgram program(program_config());
  const std::string requests[] = {
      get("/channels/news%0d%0aINFO%20forged?access_token=SECRET"),
      get("/healthz/live", "User-Agent: \x1b[2Jforged\r\n"),
      get("/channels/nwes", "Authorization: Bearer SECRET\r\nUser-Agent: forged\r\n"),
      post("/channels/news?event=a%0Aforged", "SECRET"),
      "forged\x1b[2J\r\n\r\n",
  };
  for (const std::string& text : requests) (void)ask(program.port(), text);
  program.process().send_signal(SIGTERM);
  const ChildEnd end = program.process().wait();
  EXPECT_EQ(end.out, "ringcast: stopping\n");
  EXPECT_EQ(end.err, "");
}

// Everything that is configured fits, however the limit lies to what the server keeps back.
TEST(Program, PlainDescriptorsSufficeForAllThatIsConfigured) {
  ServingProgram program(program_config("shards: 1, max_connections: 800, descriptors: plain"),
                         with_descriptors(1600));
  std::list<SseClient> subscribers;
  for (int i = 0; i < 800; ++i) subscribers.emplace_back(program.port(), "/channels/news");
  const std::string id = published_id(HttpClient(program.port()).publish("news", "to all"));
  for (SseClient& subscriber : subscribers) EXPECT_EQ(subscriber.next_event().id, id);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// With the allocator it is shipped with, which the sanitizers replace.
TEST(Program, MemoryOfACrowdOfUnfinishedRequestsIsGivenBack) {
  ServingProgram program(program_config("shards: 1, max_connections: 2000"));
  const std::string pid = std::to_string(program.process().pid());
  EXPECT_EQ(ask(program.port(), get("/healthz/live")).status, 200);
  const size_t before = resident_bytes(pid);
  const std::string unfinished = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(15'000, 'x') +
                                 "\r\nY: " + std::string(15'000, 'y');
  std::list<TcpClient> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.emplace_back(program.port());
    crowd.back().send(unfinished);
  }
  ASSERT_TRUE(comes_true([&] { return resident_bytes(pid) > before + 20 * kMiB; }));
  crowd.clear();
  EXPECT_TRUE(comes_true([&] { return resident_bytes(pid) < before + 8 * kMiB; }))
      << resident_bytes(pid) - before << " bytes more than before";
}
#endif

// User and system time of `pid` so far, in clock ticks.
long cpu_ticks(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  text.erase(0, text.rfind(')') + 2);
  std::istringstream fields(text);
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0, system = 0;
  fields >> user >> system;
  return user + system;
}

// Silent connections take every descriptor there is: the server sits still, serves those it has,
// and the rest when there is room again.
TEST(Program, RunningOutOfDescriptorsIsSurvivedInSilence) {
  ServingProgram program(program_config("shards: 2, max_connections: 128, descriptors: plain"),
                         with_descriptors(1600));
  // A server that starts has planned for what it may use; what it had is taken away afterwards.
  const rlimit fewer{256, 256};
  ASSERT_EQ(::prlimit(program.process().pid(), RLIMIT_NOFILE, &fewer, nullptr), 0);
  HttpClient early(program.port());
  SseClient subscriber(program.port(), "/channels/news");
  // Once while all is well: the undefined-behaviour sanitizer wants a descriptor of its own when it
  // meets an object of some type for the first time.
  const std::string before = published_id(early.publish("news", "all is well"));
  EXPECT_EQ(subscriber.next_event().id, before);
  std::list<TcpClient> silent;
  for (int i = 0; i < 400; ++i) silent.emplace_back(program.port());
  EXPECT_EQ(early.ask(get("/healthz/live")).status, 200);
  const std::string id = published_id(early.publish("news", "still here"));
  EXPECT_EQ(subscriber.next_event().id, id);

  const long ticks = cpu_ticks(program.process().pid());
  std::this_thread::sleep_for(milliseconds(500));  // the time that is measured
  EXPECT_LT(cpu_ticks(program.process().pid()) - ticks, ::sysconf(_SC_CLK_TCK) / 8);

  std::list<HttpClient> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.emplace_back(program.port());
    waiting.back().send(get("/healthz/live"));
  }
  silent.clear();
  for (HttpClient& client : waiting) EXPECT_EQ(client.read_response().status, 200);
}

}  // namespace
}  // namespace ringcast
