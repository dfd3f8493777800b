#include "bench/load/server_under_test.h"

namespace ringcast::bench {

Result<ServerUnderTest> ServerUnderTest::open(const Options& options) {
  auto subscribe = parse_url(options.url);
  if (!subscribe) return subscribe.error();
  auto publish = parse_url(options.publish_url);
  if (!publish) return publish.error();
  auto server = options.start.empty()
                    ? ServerProcess::adopt(options.pid, options.server_cpu)
                    : ServerProcess::start(options.start, options.server_cpu, *subscribe, *publish);
  if (!server) return server.error();
  Target target{.name = "server",
                .pid = server->pid(),
                .core = options.server_cpu,
                .subscribe = *subscribe,
                .publish = *publish};
  return ServerUnderTest(std::move(*server), std::move(target));
}

}  // namespace ringcast::bench
