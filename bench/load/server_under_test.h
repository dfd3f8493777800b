// ServerUnderTest: the server that the command line names, started or adopted, with its addresses.
//
// Threads: one. Failure: open() says why there is none; one that was started ends with this.
#pragma once

#include "bench/load/load_run.h"
#include "bench/load/options.h"
#include "bench/load/server_process.h"

namespace ringcast::bench {

class ServerUnderTest {
 public:
  static Result<ServerUnderTest> open(const Options& options);
  [[nodiscard]] const Target& target() const noexcept { return target_; }

 private:
  ServerUnderTest(ServerProcess process, Target target)
      : process_(std::move(process)), target_(std::move(target)) {}

  ServerProcess process_;
  Target target_;
};

}  // namespace ringcast::bench
