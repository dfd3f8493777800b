// AccessReload: what SIGHUP asks for. The configuration file is read again, and the server goes over to its access section:
// keys, the files they are in, and what is asked of tokens. Everything else in the file waits for a restart.
//
// All of it is taken or none: whatever `ringcast check` would refuse leaves everything as it was, and so does an access
// section that does not fit the channels and listeners that are being served. What came of it is said, in a line on standard
// output when it was taken, and on standard error a line for whatever stands against it.
//
// Threads: the one that started the server. Memory: the configuration.
#pragma once

#include <string>

#include "engine/config/config.h"
#include "net/server.h"

class AccessReload {
 public:
  // `config` is what `server` was started with, from the file `path`; empty: there was none.
  AccessReload(std::string path, ringcast::Config config, ringcast::net::Server& server)
      : path_(std::move(path)), config_(std::move(config)), server_(server) {}

  void run();

 private:
  // Whether the file was taken over; otherwise it has been said why not.
  [[nodiscard]] bool try_run();
  [[nodiscard]] bool can_be_read_again() const;
  // Says which of the rest of `read` differs from what is being served, and what of `next`, which is that with the access
  // section of `read`, does not fit. Whether all of it does.
  [[nodiscard]] bool fits(const ringcast::Config& read, const ringcast::Config& next) const;

  const std::string path_;
  ringcast::Config config_;
  ringcast::net::Server& server_;
};
