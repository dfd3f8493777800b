// Every kind of mistake in a configuration file, with the exact place it is reported at and the
// remedy it names.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/config/load.h"

namespace ringcast {
namespace {

// What a section under test needs around it to be a whole configuration; appended, so that it moves
// no lines.
const std::string kListeners = "\nlisteners: [{bind: 127.0.0.1:0, serve: [subscribe]}]\n";
const std::string kChannels = "\nchannels: {a: {}}\n";
const std::string kRest = kListeners + kChannels;

struct Mistake {
  std::string yaml;
  int line;
  int column;
  const char* key;
  const char* says;  // part of the message
};

std::string all_of(const std::vector<ConfigProblem>& problems) {
  std::string text;
  for (const ConfigProblem& problem : problems) text += describe(problem, "file") + "\n";
  return text;
}

void expect_finding(const std::vector<ConfigProblem>& findings, const Mistake& mistake) {
  SCOPED_TRACE(mistake.yaml.substr(0, 300) + "\n" + all_of(findings));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, mistake.line);
  EXPECT_EQ(findings[0].column, mistake.column);
  EXPECT_EQ(findings[0].key, mistake.key);
  EXPECT_NE(findings[0].what.find(mistake.says), std::string::npos);
}

// Each mistake is found once, and is the only thing found.
void expect_problems(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    const LoadedConfig loaded = load_config_text(mistake.yaml);
    expect_finding(loaded.problems, mistake);
    EXPECT_FALSE(loaded.config.has_value()) << mistake.yaml;
  }
}

void expect_warnings(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    const LoadedConfig loaded = load_config_text(mistake.yaml);
    expect_finding(loaded.warnings, mistake);
    EXPECT_TRUE(loaded.config.has_value()) << all_of(loaded.problems);
  }
}

TEST(ConfigProblems, TextThatIsNotYaml) {
  expect_problems({
      {"server: [\n", 2, 1, "", "not YAML: "},
      {"server:\n\tshards: 1\n", 2, 8, "", "indent with spaces, YAML allows no tabs there"},
      {"listeners:\n  - bind: [::1]:8000\n    serve: [subscribe]\n", 2, 16, "",
       "put quotes around an IPv6 address: bind: \"[::1]:8000\""},
      {"defaults:\n  cors: {origins: [*]}\n", 2, 21, "", "put quotes around the star: [\"*\"]"},
      {"server: {shards: 1}\n" + std::string("a: \x04 b"), 2, 4, "",
       "the byte 0x04 does not belong in a text file"},
      {std::string("a\0b", 3), 1, 2, "", "the byte 0x00 does not belong in a text file"},
      {std::string(100'000, '['), 1, 1, "", "is nested deeper than any configuration"},
      {"server: {shards: 1}" + kRest + "---\nserver: {}\n", 5, 1, "", "or remove the --- line"},
      {"{server: {shards: 1}}" + kRest, 2, 1, "",
       "what begins here is cut off from the document before it"},
      {"{server: {shards: 1}}," + kRest, 1, 22, "",
       "mend the quotes, commas and brackets before it"},
      {",", 1, 1, "", "cut off"},
      {"[server]", 1, 1, "", "expected indented `key: value` lines, found a list"},
      {"server", 1, 1, "", "expected indented `key: value` lines, found a single value"},
  });
}

TEST(ConfigProblems, KeysThatAreUnknownRepeatedOrMisplaced) {
  expect_problems({
      {"servr: {}" + kRest, 1, 1, "servr", "unknown key \"servr\"; did you mean server?"},
      {"server:\n  max_conections: 5" + kRest, 2, 3, "server.max_conections",
       "did you mean max_connections?"},
      {"defaults: {hartbeet: 5s}" + kRest, 1, 12, "defaults.hartbeet", "did you mean heartbeat?"},
      {"defaults: {history: {evnets: 5}}" + kRest, 1, 22, "defaults.history.evnets",
       "did you mean events?"},
      {"server: {colour: red}" + kRest, 1, 10, "server.colour",
       "unknown key \"colour\"; known here: shards, max_connections, descriptors, "
       "max_channels_per_stream, max_batch_bytes, idempotency_keys"},
      {"heartbeat: 5s" + kRest, 1, 1, "heartbeat",
       "does not belong here; write it as defaults.heartbeat or channels.<name>.heartbeat"},
      {"defaults: {path: /stream}" + kRest, 1, 12, "defaults.path",
       "does not belong here; write it as channels.<name>.path"},
      {"defaults: {on_gaps: notify}" + kRest, 1, 12, "defaults.on_gaps", "did you mean on_gap?"},
      {"defaults: {on_first_connect: {lats: 5}}" + kRest, 1, 31, "defaults.on_first_connect.lats",
       "did you mean last?"},
      {"defaults: {last: 5}" + kRest, 1, 12, "defaults.last",
       "write it as defaults.on_first_connect.last or channels.<name>.on_first_connect.last"},
      {"server: {max_bach_bytes: 1MiB}" + kRest, 1, 10, "server.max_bach_bytes",
       "did you mean max_batch_bytes?"},
      {"defaults: {<<: {heartbeat: 5s}}" + kRest, 1, 12, "defaults.<<", "merge keys are not read"},
      {"server:\n  shards: 1\n  shards: 2" + kRest, 3, 3, "server.shards",
       "appears a second time, after line 2; remove one"},
      {"server: {}\nserver: {}" + kRest, 2, 1, "server", "appears a second time, after line 1"},
      {"server: {? [a] : 1}" + kRest, 1, 12, "server", "a key here is a list"},
      {"server: {~: 1}" + kRest, 1, 10, "server", "a key here is null"},
      {"server: {\"a\\eb\": 1}" + kRest, 1, 10, "server.a\\x1bb", "unknown key \"a\\x1bb\""},
      {"server: {\"\xc3\xa9\": 1}" + kRest, 1, 10, "server.\\xc3\\xa9", "unknown key"},
  });
}

TEST(ConfigProblems, Limits) {
  expect_problems({
      {"limits: 5" + kRest, 1, 9, "limits", "expected indented `key: value` lines"},
      {"limits: {request_line: 255B}" + kRest, 1, 24, "limits.request_line",
       "255B is too small; allowed is 256B to 1MiB"},
      {"limits: {header_line: 2MiB}" + kRest, 1, 23, "limits.header_line", "2MiB is too large"},
      {"limits: {header_bytes: 511B}" + kRest, 1, 24, "limits.header_bytes", "is too small"},
      {"limits: {headers: 9}" + kRest, 1, 19, "limits.headers",
       "9 is too small; allowed is 10 to 10000"},
      {"limits: {headers: 100KiB}" + kRest, 1, 19, "limits.headers", "is not a whole number"},
      {"limits: {first_byte_timeout: 0s}" + kRest, 1, 30, "limits.first_byte_timeout",
       "0ms is too small; allowed is 100ms to 1h"},
      {"limits: {header_timeout: 61m}" + kRest, 1, 26, "limits.header_timeout", "61m is too large"},
      {"limits: {body_timeout: 30}" + kRest, 1, 24, "limits.body_timeout", "\"30\" has no unit"},
      {"limits: {streams: 0}" + kRest, 1, 19, "limits.streams", "write null for no limit"},
      {"limits: {streams_per_source: many}" + kRest, 1, 30, "limits.streams_per_source",
       "is not a whole number"},
      {"limits: {stream_rate: 10}" + kRest, 1, 23, "limits.stream_rate", "is no rate; write"},
      {"limits: {publish_rate: 0/s}" + kRest, 1, 24, "limits.publish_rate", "is no rate; write"},
      {"limits: {refused_rate: 10/s burst 0}" + kRest, 1, 24, "limits.refused_rate",
       "such as 100/s or \"100/s burst 500\""},
      {"limits: {overload: drop}" + kRest, 1, 20, "limits.overload",
       "is none of: soft, status, refuse"},
      {"limits: {body_rate: 0B}" + kRest, 1, 21, "limits.body_rate", "0B is too small"},
      {"limits: {keep_alive: 25h}" + kRest, 1, 22, "limits.keep_alive",
       "25h is too large; allowed is 100ms to 1d"},
      {"limits: {pipelined_requests: 0}" + kRest, 1, 30, "limits.pipelined_requests",
       "0 is too small; allowed is 1 to 10000"},
      {"limits: {header_timeouts: 1s}" + kRest, 1, 10, "limits.header_timeouts",
       "did you mean header_timeout?"},
      {"header_timeout: 1s" + kRest, 1, 1, "header_timeout", "write it as limits.header_timeout"},
      {"limits: {header_bytes: 64KiB, request_line: 65KiB}" + kRest, 1, 45, "limits.request_line",
       "request_line is 65KiB, more than the 64KiB that header_bytes allows for all lines "
       "together; lower it or raise header_bytes"},
      {"limits: {header_line: 33KiB}" + kRest, 1, 23, "limits.header_line",
       "header_line is 33KiB, more than the 32KiB"},
      {"limits: {header_bytes: 15KiB, request_line: 1KiB}" + kRest, 1, 24, "limits.header_bytes",
       "header_line is 16KiB, more than the 15KiB"},
  });
}

TEST(ConfigProblems, Server) {
  expect_problems({
      {"server: 5" + kRest, 1, 9, "server",
       "expected indented `key: value` lines, found a single value"},
      {"server: [shards]" + kRest, 1, 9, "server", "found a list"},
      {"server: {shards: 0}" + kRest, 1, 18, "server.shards", "0 is too small; allowed is 1 to 64"},
      {"server: {shards: 65}" + kRest, 1, 18, "server.shards",
       "65 is too large; allowed is 1 to 64"},
      {"server: {shards: two}" + kRest, 1, 18, "server.shards", "\"two\" is not a whole number"},
      {"server: {shards: [1]}" + kRest, 1, 18, "server.shards",
       "expected a whole number, found a list"},
      {"server:\n  shards:" + kRest, 2, 3, "server.shards",
       "expected a whole number, found nothing"},
      {"server: {max_connections: 0}" + kRest, 1, 27, "server.max_connections",
       "0 is too small; allowed is 1 to 10000000"},
      {"server: {max_connections: 10000001}" + kRest, 1, 27, "server.max_connections",
       "is too large"},
      {"server: {max_connections: 100k}" + kRest, 1, 27, "server.max_connections",
       "\"100k\" is not a whole number; write digits only"},
      {"server: {max_connections: 99999999999999999999}" + kRest, 1, 27, "server.max_connections",
       "is too large to count"},
      {"server: {descriptors: files}" + kRest, 1, 23, "server.descriptors",
       "\"files\" is none of: auto, direct, plain"},
      {"server: {descriptors: {}}" + kRest, 1, 23, "server.descriptors",
       "expected one of: auto, direct, plain, found a map"},
      {"server: {max_channels_per_stream: 0}" + kRest, 1, 35, "server.max_channels_per_stream",
       "0 is too small; allowed is 1 to 64"},
      {"server: {max_channels_per_stream: 65}" + kRest, 1, 35, "server.max_channels_per_stream",
       "a stream looks at every one of its channels for each event; open another one"},
      {"server: {max_batch_bytes: 4095B}" + kRest, 1, 27, "server.max_batch_bytes",
       "4095B is too small; allowed is 4KiB to 64MiB"},
      {"server: {max_batch_bytes: 65MiB}" + kRest, 1, 27, "server.max_batch_bytes",
       "65MiB is too large"},
      {"server: {max_batch_bytes: 1048576}" + kRest, 1, 27, "server.max_batch_bytes",
       "\"1048576\" has no unit"},
      {"server: {idempotency_keys: 0}" + kRest, 1, 28, "server.idempotency_keys",
       "0 is too small; allowed is 1 to 10000000: there is no off"},
      {"server: {idempotency_keys: 10000001}" + kRest, 1, 28, "server.idempotency_keys",
       "is too large"},
  });
}

TEST(ConfigProblems, Listeners) {
  const std::string good = "  - {bind: 127.0.0.1:1, serve: [subscribe]}\n";
  const auto after_good = [&](const std::string& listener) {
    return "listeners:\n" + good + listener + kChannels;
  };
  expect_problems({
      {kChannels, 1, 1, "listeners", "no listener serves subscribe"},
      {"listeners:" + kChannels, 1, 1, "listeners", "no listener serves subscribe"},
      {"listeners: []" + kChannels, 1, 12, "listeners", "no listener serves subscribe"},
      {"listeners:\n  - {bind: 127.0.0.1:1, serve: [publish, admin]}" + kChannels, 2, 3,
       "listeners", "add for example {bind: 127.0.0.1:8000, serve: [subscribe]}"},
      {"listeners: {bind: 127.0.0.1:1}" + kChannels, 1, 12, "listeners",
       "expected a list such as [{bind: 127.0.0.1:8000, serve: [subscribe]}], found a map"},
      {"listeners: 127.0.0.1:8000" + kChannels, 1, 12, "listeners", "found a single value"},
      {after_good("  - 127.0.0.1:8000"), 3, 5, "listeners[1]",
       "expected indented `key: value` lines"},
      {after_good("  -"), 2, 3, "listeners[1]", "is empty; give it bind and serve"},
      {after_good("  - {serve: [admin]}"), 3, 5, "listeners[1]", "has no bind"},
      {after_good("  - {bind: 127.0.0.1:2}"), 3, 5, "listeners[1]", "has no serve"},
      {after_good("  - {bind: 127.0.0.1:2, serve: [admin], port: 1}"), 3, 41, "listeners[1].port",
       "unknown key \"port\"; known here: bind, serve, hosts"},
      {after_good("  - {bind: unix:run/x.sock, serve: [admin]}"), 3, 12, "listeners[1].bind",
       "does not name a file by its whole path"},
      {after_good("  - {bind: unix:/x, serve: [admin], socket_mode: \"0888\"}"), 3, 50,
       "listeners[1].socket_mode", "is no octal number up to 0777"},
      {after_good("  - {bind: unix:/x, serve: [admin], trusted_proxies: 10.0.0.0/8}"), 3, 54,
       "listeners[1].trusted_proxies", "expected a list such as [10.0.0.0/8"},
      {after_good("  - {bind: unix:/x, serve: [admin], trusted_proxies: [10.0.0.1/8]}"), 3, 55,
       "listeners[1].trusted_proxies[0]", "write 10.0.0.0/8, or 10.0.0.1 for the one address"},
      {after_good("  - {bind: unix:/x, serve: [admin], forwarded: x-real-ip}"), 3, 48,
       "listeners[1].forwarded", "is none of: x-forwarded-for, forwarded"},
      {after_good("  - {bind: unix:/x, serve: [admin]}\n  - {bind: unix:/x, serve: [admin]}"), 4,
       12, "listeners[2].bind", "unix:/x is already bound by the listener on line 3"},
      {after_good("  - {bind: localhost:2, serve: [admin]}"), 3, 12, "listeners[1].bind",
       "names are not looked up"},
      {after_good("  - {bind: [a], serve: [admin]}"), 3, 12, "listeners[1].bind",
       "expected an address and port such as 127.0.0.1:8000, found a list"},
      {after_good("  - {bind: 127.0.0.1:2, serve: admin}"), 3, 32, "listeners[1].serve",
       "expected a list such as [publish, admin], found a single value"},
      {after_good("  - {bind: 127.0.0.1:2, serve: []}"), 3, 32, "listeners[1].serve",
       "serves nothing"},
      {after_good("  - {bind: 127.0.0.1:2, serve: [admin], hosts: [a, \"a:80\"]}"), 3, 52,
       "listeners[1].hosts[1]", "is not the name or address of a host"},
      {after_good("  - {bind: 127.0.0.1:2, serve: [admin, push]}"), 3, 40, "listeners[1].serve[1]",
       "\"push\" is none of: subscribe, publish, admin"},
      {after_good("  - {bind: 127.0.0.1:2, serve: [admin, admin]}"), 3, 40, "listeners[1].serve[1]",
       "is listed twice"},
      {after_good("  - {bind: 127.0.0.1:1, serve: [admin]}"), 3, 12, "listeners[1].bind",
       "127.0.0.1:1 is already bound by the listener on line 2"},
      {after_good(
           "  - {bind: \"[::1]:2\", serve: [admin]}\n  - {bind: \"[0::1]:2\", serve: [admin]}"),
       4, 12, "listeners[2].bind", "[::1]:2 is already bound by the listener on line 3"},
  });
}

TEST(ConfigProblems, ChannelOptions) {
  const auto defaults = [](const std::string& option) { return "defaults:\n  " + option + kRest; };
  expect_problems({
      {defaults("heartbeat: 99ms"), 2, 14, "defaults.heartbeat",
       "99ms is too small; allowed is 100ms to 1h"},
      {defaults("heartbeat: 61m"), 2, 14, "defaults.heartbeat", "61m is too large"},
      {defaults("heartbeat: 15"), 2, 14, "defaults.heartbeat",
       "\"15\" has no unit; write a number and"},
      {defaults("heartbeat:"), 2, 3, "defaults.heartbeat",
       "expected a duration such as 15s, found nothing"},
      {defaults("heartbeat: [15s]"), 2, 14, "defaults.heartbeat", "found a list"},
      {defaults("retry: 499ms..8s"), 2, 10, "defaults.retry", "leaves 500ms to 2147483647ms"},
      {defaults("retry: 2s..2147483648ms"), 2, 10, "defaults.retry",
       "browsers accept no other delay"},
      {defaults("retry: 8s..2s"), 2, 10, "defaults.retry", "runs backwards"},
      {defaults("retry: 3s"), 2, 10, "defaults.retry", "is not a range"},
      {defaults("retry: {min: 2s}"), 2, 10, "defaults.retry",
       "expected a range such as 2s..8s, found a map"},
      {defaults("history: 1MiB"), 2, 12, "defaults.history",
       "expected indented `key: value` lines"},
      {defaults("history: {events: 0}"), 2, 21, "defaults.history.events", "0 is too small"},
      {defaults("history: {events: 10000001}"), 2, 21, "defaults.history.events",
       "allowed is 1 to 10000000"},
      {defaults("history: {bytes: 63KiB}"), 2, 20, "defaults.history.bytes",
       "63KiB is too small; allowed is 64KiB to 4GiB"},
      {defaults("history: {bytes: 5GiB}"), 2, 20, "defaults.history.bytes", "5GiB is too large"},
      {defaults("history: {bytes: 1MB}"), 2, 20, "defaults.history.bytes", "write 1MiB"},
      {defaults("history: {age: 999ms}"), 2, 18, "defaults.history.age", "allowed is 1s to 365d"},
      {defaults("history: {age: 366d}"), 2, 18, "defaults.history.age", "366d is too large"},
      {defaults("on_gap: tell"), 2, 11, "defaults.on_gap", "\"tell\" is none of: notify, silent"},
      {defaults("on_gap:"), 2, 3, "defaults.on_gap",
       "expected one of: notify, silent, found nothing"},
      {defaults("on_first_connect: newest"), 2, 21, "defaults.on_first_connect",
       "\"newest\" is none of: live, oldest, {last: 100}"},
      {defaults("on_first_connect: last"), 2, 21, "defaults.on_first_connect",
       "\"last\" is none of: live, oldest, {last: 100}"},
      {defaults("on_first_connect:"), 2, 3, "defaults.on_first_connect",
       "expected live, oldest or {last: 100}, found nothing"},
      {defaults("on_first_connect: [last, 5]"), 2, 21, "defaults.on_first_connect", "found a list"},
      {defaults("on_first_connect: {}"), 2, 21, "defaults.on_first_connect",
       "names no start; write live, oldest or {last: 100}"},
      {defaults("on_first_connect: {last: 0}"), 2, 28, "defaults.on_first_connect.last",
       "0 is too small"},
      {defaults("on_first_connect: {last: 10000001}"), 2, 28, "defaults.on_first_connect.last",
       "is too large"},
      {defaults("on_first_connect: {last: all}"), 2, 28, "defaults.on_first_connect.last",
       "\"all\" is not a whole number"},
      {defaults("on_first_connect: {last: 1025}"), 2, 28, "defaults.on_first_connect.last",
       "on_first_connect.last 1025 is more than the history.events 1024 that are kept"},
      {defaults("slow_subscriber: ignore"), 2, 20, "defaults.slow_subscriber",
       "\"ignore\" is none of: disconnect, skip"},
      {defaults("slow_after: 9ms"), 2, 15, "defaults.slow_after",
       "9ms is too small; allowed is 10ms to 1h"},
      {defaults("publish_wait: 11m"), 2, 17, "defaults.publish_wait", "11m is too large"},
      {defaults("max_event_bytes: 255B"), 2, 20, "defaults.max_event_bytes",
       "255B is too small; allowed is 256B to 16MiB"},
      {defaults("max_event_bytes: 17MiB"), 2, 20, "defaults.max_event_bytes", "17MiB is too large"},
      {defaults("max_event_bytes: 2MiB"), 2, 20, "defaults.max_event_bytes",
       "history.bytes 1MiB cannot keep one event of max_event_bytes 2MiB"},
      {defaults("history: {bytes: 64KiB}\n  max_event_bytes: 65KiB"), 2, 20,
       "defaults.history.bytes", "raise the first or lower the second"},
  });
}

TEST(ConfigProblems, AdministrationBeyondThisMachineNeedsAKey) {
  const std::string digest(64, 'a');
  const auto with_keys = [&](const std::string& keys) {
    return "listeners: [{bind: \"[::]:1\", serve: [subscribe, admin]}]" + kChannels +
           "access: {keys: [" + keys + "]}\n";
  };
  const std::string none = with_keys("");
  const std::string no_admin = with_keys("{name: a, sha256: " + digest + ", publish: [x]}");
  const std::string admin = with_keys("{name: a, sha256: " + digest + ", admin: true}");
  for (const std::string& refused : {none, no_admin}) {
    expect_problems({{refused, 1, 20, "listeners[0].bind",
                      "no key opens administration to them alone; bind it to 127.0.0.1, or add a "
                      "key with admin: true"}});
  }
  const LoadedConfig loaded = load_config_text(admin);
  EXPECT_TRUE(loaded.config.has_value()) << all_of(loaded.problems);
}

TEST(ConfigProblems, Log) {
  const auto access = [](const std::string& options) {
    return "log:\n  access: " + options + kRest;
  };
  expect_problems({
      {access("{to: access.log}"), 2, 16, "log.access.to",
       "\"access.log\" is none of off, stderr and the whole path of a file"},
      {access("{to: stdout}"), 2, 16, "log.access.to", "is none of off, stderr"},
      {access("{sample: 0}"), 2, 20, "log.access.sample", "1 to 1000000"},
      {access("{tooo: x}"), 2, 12, "log.access.tooo", "unknown key \"tooo\""},
  });
}

TEST(ConfigProblems, Cors) {
  const auto cors = [](const std::string& options) {
    return "defaults:\n  cors: " + options + kRest;
  };
  expect_problems({
      {cors("off"), 2, 9, "defaults.cors", "expected indented `key: value` lines"},
      {cors("{origins: \"*\"}"), 2, 19, "defaults.cors.origins",
       "expected a list such as [\"*\"] or [https://app.example], found a single value"},
      {cors("{origins: [https://a/]}"), 2, 20, "defaults.cors.origins[0]", "remove the final '/'"},
      {cors("{origins: [https://a, {}]}"), 2, 31, "defaults.cors.origins[1]", "expected an origin"},
      {cors("{origins: [https://a, \"*\"]}"), 2, 31, "defaults.cors.origins[1]",
       "\"*\" already allows every origin"},
      {cors("{origins: [https://*.com]}"), 2, 20, "defaults.cors.origins[0]",
       "takes in every site under that name"},
      {cors("{request_headers: [X-A, \"*\"]}"), 2, 33, "defaults.cors.request_headers[1]",
       "is not the name of a header"},
      {cors("{request_headers: X-A}"), 2, 27, "defaults.cors.request_headers",
       "expected a list such as [X-Trace-Id], found a single value"},
      {cors("{max_age: 25h}"), 2, 19, "defaults.cors.max_age",
       "browsers remember a preflight no longer"},
      {cors("{credentials: yes}"), 2, 23, "defaults.cors.credentials",
       "\"yes\" is none of: true, false"},
      {cors("{credentials: true}"), 2, 23, "defaults.cors.credentials",
       "any site could then read a signed-in user's stream"},
      {cors("{origins: [\"*\"], credentials: true}"), 2, 39, "defaults.cors.credentials",
       "credentials: true cannot go with origins: [\"*\"]"},
      // A channel may complete the contradiction from either side.
      {"channels: {a: {cors: {credentials: true}}}" + kListeners, 1, 36,
       "channels.a.cors.credentials", "cannot go with"},
      {"defaults: {cors: {origins: [https://a], credentials: true}}\n"
       "channels: {a: {}, b: {cors: {origins: [\"*\"]}}}" +
           kListeners,
       2, 39, "channels.b.cors.origins", "cannot go with"},
  });
}

TEST(ConfigProblems, Channels) {
  const auto channels = [](const std::string& lines) { return "channels:\n" + lines + kListeners; };
  expect_problems({
      {kListeners, 1, 1, "channels", "no channel is declared"},
      {"channels:" + kListeners, 1, 1, "channels", "no channel is declared"},
      {"channels: {}" + kListeners, 1, 11, "channels", "add for example news: {}"},
      {"channels: [news]" + kListeners, 1, 11, "channels", "found a list"},
      {channels("  a: []"), 2, 6, "channels.a",
       "expected indented `key: value` lines, found a list"},
      {channels("  a: {}\n  b: {}\n  a: {}"), 4, 3, "channels.a",
       "appears a second time, after line 2"},
      {channels("  \"{recipient}\": {}"), 2, 3, "channels.{recipient}",
       "begins with its variable and would take every name"},
      {channels("  inbox/{recipient}: {path: /inbox}"), 2, 29, "channels.inbox/{recipient}.path",
       "is one URL, while a pattern is a stream per recipient; remove it"},
      {channels("  inbox/{recipient}:\n    source: {random: {}}"), 3, 13,
       "channels.inbox/{recipient}.source", "would have no recipient to publish to; remove it"},
      {channels("  inbox/{a}: {}\n  news: {}\n  inbox/{b}: {}"), 4, 3, "channels.inbox/{b}",
       "takes names that the pattern on line 2 takes too, whatever the variables are called"},
      {channels("  users/{id}/inbox: {}\n  users/x/{box}: {}"), 3, 3, "channels.users/x/{box}",
       "remove one of the two, or rename another segment"},
      {channels("  a: {history: {events: 9}, on_first_connect: {last: 10}}"), 2, 54,
       "channels.a.on_first_connect.last", "lower the first or raise the second"},
      // A channel may complete the contradiction from either side, and is told where it did.
      {"defaults: {on_first_connect: {last: 1000}}\nchannels: {a: {}, b: {history: {events: "
       "999}}}" +
           kListeners,
       2, 41, "channels.b.history.events", "on_first_connect.last 1000 is more than"},
      {channels("  a b: {}"), 2, 3, "channels.a b", "use letters, digits"},
      {channels("  null: {}"), 2, 3, "channels", "a key here is null; write text, in quotes"},
      {channels("  a: {path: stream}"), 2, 13, "channels.a.path", "does not begin with '/'"},
      {channels("  a: {path: [x]}"), 2, 13, "channels.a.path", "expected a path such as /stream"},
      {channels("  a: {path: /channels/b}"), 2, 13, "channels.a.path",
       "collides with the server's own"},
      {channels("  a: {path: /x}\n  b:\n    path: /x"), 4, 11, "channels.b.path",
       "/x is already the path of the channel on line 2; choose another"},
      {channels("  a: {heartbeat: 1ms}"), 2, 18, "channels.a.heartbeat", "1ms is too small"},
      {channels("  a: {max_event_bytes: 2MiB}"), 2, 24, "channels.a.max_event_bytes",
       "cannot keep one event"},
      {channels("  a: {source: random}"), 2, 15, "channels.a.source", "found a single value"},
      {channels("  a: {source: {}}"), 2, 15, "channels.a.source",
       "names no source; write random: {}"},
      {channels("  a: {source: {radnom: {}}}"), 2, 16, "channels.a.source.radnom",
       "did you mean random?"},
      {channels("  a: {source: {random: {min: x}}}"), 2, 30, "channels.a.source.random.min",
       "\"x\" is not a whole number"},
      {channels("  a: {source: {random: {min: 9, max: 8}}}"), 2, 30, "channels.a.source.random.min",
       "min 9 is above max 8; exchange them"},
      {channels("  a: {source: {random: {max: 0}}}"), 2, 30, "channels.a.source.random.max",
       "min 1 is above max 0"},
      {channels("  a: {source: {random: {every: 0s}}}"), 2, 32, "channels.a.source.random.every",
       "allowed is 1ms to 1d"},
  });
}

TEST(ConfigProblems, WarningsDoNotKeepTheServerFromStarting) {
  expect_warnings({
      {"defaults: {heartbeat: 26s}" + kRest, 1, 23, "defaults.heartbeat",
       "idle limits of 30 s, 55 s and 60 s"},
      {"defaults: {publish_wait: 500ms}" + kRest, 1, 26, "defaults.publish_wait",
       "publish_wait 500ms is shorter than slow_after 1s"},
      {"channels: {a: {slow_after: 3s}, b: {}}" + kListeners, 1, 28, "channels.a.slow_after",
       "keep publish_wait the longer"},
  });
  const LoadedConfig at_the_edge =
      load_config_text("defaults: {heartbeat: 25s, publish_wait: 1s}" + kRest);
  EXPECT_TRUE(at_the_edge.warnings.empty()) << all_of(at_the_edge.warnings);
}

TEST(ConfigProblems, AllAreFoundInOnePassInTheOrderOfTheFile) {
  const LoadedConfig loaded = load_config_text(
      "channels:\n"
      "  b c: {path: x, heartbeat: 30s}\n"
      "server: {shards: 99, descriptors: x}\n"
      "defaults:\n"
      "  retry: 1s\n"
      "  nonsense: 1\n");
  std::vector<std::string> found;
  for (const ConfigProblem& problem : loaded.problems) {
    found.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " +
                    problem.key);
  }
  const std::vector<std::string> expected = {
      "1:1 listeners",         "2:3 channels.b c",        "2:15 channels.b c.path",
      "3:18 server.shards",    "3:35 server.descriptors", "5:10 defaults.retry",
      "6:3 defaults.nonsense",
  };
  EXPECT_EQ(found, expected);
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_EQ(loaded.warnings[0].key, "channels.b c.heartbeat");
}

TEST(ConfigProblems, AnEmptyFileIsToldWhatItLacks) {
  for (const char* text : {"", "# nothing but a comment\n", "---\n"}) {
    const LoadedConfig loaded = load_config_text(text);
    ASSERT_EQ(loaded.problems.size(), 2U) << text;
    EXPECT_EQ(loaded.problems[0].key, "listeners");
    EXPECT_EQ(loaded.problems[1].key, "channels");
  }
}

TEST(ConfigProblems, ADescriptionLeavesOutWhatTheProblemDoesNotHave) {
  EXPECT_EQ(describe({3, 14, "server.shards", "is odd; mend it"}, "x.yaml"),
            "x.yaml:3:14: server.shards: is odd; mend it");
  EXPECT_EQ(describe({3, 14, "", "is odd"}, "x.yaml"), "x.yaml:3:14: is odd");
  EXPECT_EQ(describe({0, 0, "", "cannot be read"}, "x.yaml"), "x.yaml: cannot be read");
}

}  // namespace
}  // namespace ringcast
