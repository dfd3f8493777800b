#include "bench/load/server_under_test.h"

namespace ringcast::bench {
namespace {

// None where none is given: then it is for the server to say.
Result<std::optional<sockaddr_in>> address_of(const std::string& url) {
  if (url.empty()) return std::optional<sockaddr_in>{};
  auto address = parse_url(url);
  if (!address) return address.error();
  return std::optional{*address};
}

}  // namespace

Result<ServerUnderTest> ServerUnderTest::open(const Options& options) {
  auto subscribe = address_of(options.url);
  if (!subscribe) return subscribe.error();
  auto publish = address_of(options.publish_url);
  if (!publish) return publish.error();
  const ServedAddresses given{.subscribe = *subscribe, .publish = *publish};
  auto server = options.start.empty()
                    ? ServerProcess::adopt(options.pid, options.server_cpu, given)
                    : ServerProcess::start(options.start, options.server_cpu, given);
  if (!server) return server.error();
  Target target{.name = "server",
                .pid = server->pid(),
                .core = options.server_cpu,
                .subscribe = *server->addresses().subscribe,
                .publish = *server->addresses().publish};
  return ServerUnderTest(std::move(*server), std::move(target));
}

}  // namespace ringcast::bench
