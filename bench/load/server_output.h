// ServerOutput: what a started server prints. It is passed on to this program's own standard output as it comes, and
// says where the server serves.
//
// Threads: one of its own from begin() on, which sleeps until the server prints something; addresses() may be called
// meanwhile. Memory: a line. Failure: open() says why there is no pipe; what this program's output does not take is
// dropped, so that the server never waits for it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "bench/load/served_addresses.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {

class ServerOutput {
 public:
  // `known` are the addresses that the server need not say.
  static Result<std::unique_ptr<ServerOutput>> open(const ServedAddresses& known);
  // Passes on what has been printed until now. Whatever the server has left behind may print on, to nobody.
  ~ServerOutput();
  ServerOutput(const ServerOutput&) = delete;
  ServerOutput& operator=(const ServerOutput&) = delete;

  // In the process that becomes the server: its standard output is this one.
  void become_standard_output() const noexcept;
  // In our own, once the other has been made.
  void begin();

  [[nodiscard]] ServedAddresses addresses() const;

 private:
  ServerOutput(UniqueFd from, UniqueFd to, UniqueFd stop, const ServedAddresses& known)
      : from_(std::move(from)), to_(std::move(to)), stop_(std::move(stop)), addresses_(known) {}
  void pass_on();
  void learn_from(std::string_view bytes);

  UniqueFd from_;
  UniqueFd to_;       // the server's end; ours no longer once it has begun
  UniqueFd stop_;     // an eventfd, readable when the thread is to end
  std::string line_;  // the thread's: what has come of the line that has not ended
  mutable std::mutex mutex_;
  ServedAddresses addresses_;  // under the mutex
  std::thread thread_;
};

}  // namespace ringcast::bench
