// Proxy: HAProxy or nginx from Debian in front of a server, set up as configs/proxy recommends.
//
// Threads: one; the proxy is a process of its own. Failure: ClientFailure, which says what to install.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace ringcast {

enum class ProxyKind { kHaproxy, kNginx };

// What it says to the server for streams about whom a connection is from, before anything else. HAProxy alone can, of the two.
enum class ProxyHeaders { kNone, kVersionOne, kVersionTwo };

class Proxy {
 public:
  // Serves already. Requests for streams go to `subscribe_port`, those for publishing to `publish_port`.
  Proxy(ProxyKind kind, uint16_t subscribe_port, uint16_t publish_port,
        ProxyHeaders headers = ProxyHeaders::kNone);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] uint16_t streams_port() const noexcept { return streams_port_; }
  [[nodiscard]] uint16_t publish_port() const noexcept { return publish_port_; }

  // Ends it, and returns its access log: a line for each request that it took for one, and each that it refused.
  // `127.0.0.1:PORT ` of the client stands in front.
  [[nodiscard]] std::vector<std::string> stop();

 private:
  void write_config(ProxyKind kind, uint16_t subscribe_port, uint16_t publish_port,
                    ProxyHeaders headers);
  void check_config() const;
  void wait_until_serving() const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  const std::filesystem::path folder_;
  const uint16_t streams_port_;
  const uint16_t publish_port_;
  std::vector<std::string> command_;
  std::optional<ChildProcess> process_;
};

}  // namespace ringcast
