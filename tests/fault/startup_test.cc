// Starting where it is impossible: the program says why in one sentence, with the remedy, and exits
// with status 1. And the commands that only look at configurations.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/http_client.h"
#include "tests/support/ringcast_program.h"

namespace ringcast {
namespace {

// Runs `ringcast serve` with `config`, where it must not get anywhere.
ChildEnd serve(const std::string& config, const std::function<void()>& prepare = {}) {
  const TemporaryFile file(config);
  return run({kRingcast, "serve", "--config", file.path()}, prepare);
}

// One line on standard error that says all of `words`, nothing else anywhere, status 1.
void expect_one_sentence(const ChildEnd& end, std::initializer_list<std::string_view> words) {
  EXPECT_EQ(end.status, 1) << end.signal;
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
  EXPECT_TRUE(end.err.starts_with("ringcast: ") && end.err.ends_with("\n")) << end.err;
  for (const std::string_view word : words) {
    EXPECT_NE(end.err.find(word), std::string::npos) << "'" << word << "' is not in: " << end.err;
  }
}

// --- io_uring

// In the child: `calls` fail with `error` from here on, as under a container's profile.
std::function<void()> forbidding(std::vector<int> calls, int error) {
  return [=] {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const uint32_t action = SCMP_ACT_ERRNO(static_cast<uint32_t>(error));
    bool is_ready = filter != nullptr;
    for (const int call : calls)
      is_ready = is_ready && seccomp_rule_add(filter, action, call, 0) == 0;
    if (!is_ready || seccomp_load(filter) != 0) ::_exit(126);
  };
}

const std::vector<int> kUringCalls = {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                                      SCMP_SYS(io_uring_register)};

TEST(StartUp, IoUringForbiddenAsContainersDoIsExplained) {
  for (const std::string_view descriptors : {"auto", "plain"}) {
    const std::string config =
        program_config("max_connections: 100, descriptors: " + std::string(descriptors));
    expect_one_sentence(serve(config, forbidding(kUringCalls, EPERM)),
                        {"io_uring_setup", "not permitted", "seccomp", "allow"});
    expect_one_sentence(serve(config, forbidding(kUringCalls, ENOSYS)),
                        {"io_uring_setup", "seccomp", "allow"});
  }
}

TEST(StartUp, IoUringAllowedInPartIsExplainedToo) {
  for (const std::string_view descriptors : {"auto", "plain"}) {
    const std::string config =
        program_config("max_connections: 100, descriptors: " + std::string(descriptors));
    for (const int error : {EPERM, ENOSYS}) {
      expect_one_sentence(serve(config, forbidding({SCMP_SYS(io_uring_enter)}, error)),
                          {"io_uring_enter", "seccomp", "allow"});
      expect_one_sentence(serve(config, forbidding({SCMP_SYS(io_uring_register)}, error)),
                          {"io_uring_register", "seccomp", "allow"});
    }
  }
}

// --- Ports

TEST(StartUp, PortOfAnotherProgramIsNotTaken) {
  const UniqueFd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  ASSERT_EQ(::getsockname(other.get(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  const std::string bind = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  expect_one_sentence(serve(program_config("max_connections: 100", bind)),
                      {bind, "another process", "listeners"});
}

TEST(StartUp, PortOfAnotherRingcastIsNotSharedWithIt) {
  ServingProgram first(program_config());
  const std::string bind = "127.0.0.1:" + std::to_string(first.port());
  expect_one_sentence(serve(program_config("max_connections: 100", bind)),
                      {bind, "another process", "listeners"});
  // The first has lost nothing by it, and its port can be had again when it has gone.
  EXPECT_EQ(ask(first.port(), get("/healthz/ready")).status, 200);
  const uint16_t port = first.port();
  first.process().send_signal(SIGTERM);
  EXPECT_EQ(first.process().wait().status, 0);
  const ServingProgram next(program_config("max_connections: 100", bind));
  EXPECT_EQ(ask(port, get("/healthz/ready")).status, 200);
}

TEST(StartUp, AddressOfAnotherMachineIsExplained) {
  // From the block that is reserved for documentation.
  expect_one_sentence(serve("listeners: [{bind: 192.0.2.1:8000, serve: [subscribe]}]\n"
                            "channels: {news: {}}\n"),
                      {"192.0.2.1:8000", "no such address", "listeners"});
}

// --- Limits

std::function<void()> with_descriptors(rlim_t count) {
  return [=] {
    const rlimit limit{.rlim_cur = count, .rlim_max = count};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(126);
  };
}

TEST(StartUp, TooFewDescriptorsAreExplained) {
  expect_one_sentence(serve(program_config(), with_descriptors(64)),
                      {"RLIMIT_NOFILE is 64", "max_connections", "raise"});
  expect_one_sentence(
      serve(program_config("max_connections: 100, descriptors: plain"), with_descriptors(64)),
      {"RLIMIT_NOFILE is 64", "max_connections: 100", "raise"});
  expect_one_sentence(serve(program_config("max_connections: 100000, shards: 2")),
                      {"RLIMIT_NOFILE", "max_connections: 100000", "raise"});
}

// --- Configurations

// Each problem has a line of its own that begins with its place.
void expect_problems(const ChildEnd& end, const std::string& path,
                     const std::vector<std::string>& problems) {
  EXPECT_EQ(end.status, 1);
  EXPECT_EQ(end.out, "");
  std::string rest = end.err;
  for (const std::string& problem : problems) {
    const std::string line = rest.substr(0, rest.find('\n'));
    rest.erase(0, line.size() + 1);
    EXPECT_TRUE(line.starts_with(path + problem)) << line << "\nexpected: " << problem;
  }
  EXPECT_EQ(rest, "");
}

TEST(StartUp, EveryProblemOfAConfigurationIsNamedAtOnce) {
  const TemporaryFile file(
      "server: {max_conections: 100}\n"
      "listeners:\n"
      "  - bind: 127.0.0.1:0\n"
      "    serve: [subscribe]\n"
      "channels:\n"
      "  news: {heartbeat: 15}\n");
  const std::vector<std::string> problems = {":1:10: server.max_conections: ",
                                             ":6:21: channels.news.heartbeat: "};
  expect_problems(run({kRingcast, "serve", "--config", file.path()}), file.path(), problems);
  expect_problems(run({kRingcast, "check", file.path()}), file.path(), problems);
  expect_problems(run({kRingcast, "config", "--effective", file.path()}), file.path(), problems);
}

TEST(StartUp, FileThatIsNotYamlIsNamedWithThePlace) {
  const TemporaryFile file("server: {shards: 2\nchannels: [}\n");
  expect_problems(run({kRingcast, "serve", "--config", file.path()}), file.path(), {":2:"});
}

TEST(StartUp, FileThatCannotBeReadIsNamed) {
  for (const std::string& path : {std::string("/nonexistent/ringcast.yaml"), testing::TempDir()}) {
    expect_problems(run({kRingcast, "serve", "--config", path}), path, {": "});
  }
}

TEST(StartUp, GoodConfigurationIsSaidToBeGood) {
  const TemporaryFile file(program_config());
  const ChildEnd end = run({kRingcast, "check", file.path()});
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.out, file.path() + ": ok\n");
  EXPECT_EQ(end.err, "");
}

TEST(StartUp, PrintedConfigurationsCanBeReadAgain) {
  const ChildEnd defaults = run({kRingcast, "config", "--defaults"});
  EXPECT_EQ(defaults.status, 0);
  const TemporaryFile file(defaults.out);
  EXPECT_EQ(run({kRingcast, "check", file.path()}).status, 0);
  const ChildEnd effective = run({kRingcast, "config", "--effective", file.path()});
  EXPECT_EQ(effective.status, 0);
  EXPECT_EQ(effective.out, defaults.out);
}

TEST(StartUp, CommandLineThatMakesNoSenseIsRefused) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"sevre"}, {"check"}, {"serve", "--confg", "x"}}) {
    std::vector<std::string> command = {kRingcast};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const ChildEnd end = run(command);
    EXPECT_NE(end.status, 0);
    EXPECT_EQ(end.signal, 0);
    EXPECT_NE(end.err, "");
  }
  const ChildEnd help = run({kRingcast, "--help"});
  EXPECT_EQ(help.status, 0);
  for (const std::string_view command : {"serve", "check", "config"}) {
    EXPECT_NE(help.out.find(command), std::string::npos);
  }
}

}  // namespace
}  // namespace ringcast
