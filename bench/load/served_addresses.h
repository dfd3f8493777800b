// ServedAddresses: where a server is reached, as far as that is known: from URLs on the command line, or by the lines
// that ringcast prints when it serves, such as "ringcast: 0.0.0.0:8000 serves subscribe".
//
// Threads: a value type and a free function.
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace ringcast::bench {

// `http://127.0.0.1:8000`, with nothing after the port.
Result<sockaddr_in> parse_url(const std::string& url);

struct ServedAddresses {
  std::optional<sockaddr_in> subscribe{};
  std::optional<sockaddr_in> publish{};

  [[nodiscard]] bool complete() const noexcept { return subscribe && publish; }
  // Takes from a line that a server has printed what is not known yet. A server on every address of this machine is
  // reached at 127.0.0.1; one on an IPv6 address or a unix socket is not reached by this program.
  void learn_from(std::string_view line);
};

}  // namespace ringcast::bench
