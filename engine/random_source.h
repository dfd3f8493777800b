// RandomSource: a publisher that is built in: a random integer at a steady pace, for demonstrations
// and smoke tests. It stands where any publisher stands, before the log, and all subscribers of the
// channel share its events.
//
// Threads: one of its own, from construction to destruction.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/channel.h"
#include "engine/config/config.h"
#include "engine/log/event_log.h"

namespace ringcast {

class RandomSource {
 public:
  // Starts publishing. `log` and `channel` must outlive the source.
  RandomSource(EventLog& log, Channel& channel, const RandomSourceConfig& config);

 private:
  void run(const std::stop_token& stop);

  EventLog& log_;
  Channel& channel_;
  const RandomSourceConfig config_;
  std::mutex lock_;
  std::condition_variable_any pause_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace ringcast
