#include "bench/load/peers/server_metrics.h"

#include <fmt/format.h>

#include <charconv>

namespace ringcast::bench {
namespace {

// `name{labels} value` or `name value`; nothing when it is another series.
double value_of(std::string_view line, std::string_view name, std::string_view label) {
  if (!line.starts_with(name)) return 0;
  line.remove_prefix(name.size());
  if (line.empty() || (line.front() != '{' && line.front() != ' ')) return 0;
  const size_t space = line.rfind(' ');
  if (line.substr(0, space).find(label) == std::string_view::npos) return 0;
  double value = 0;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
  return value;
}

}  // namespace

Result<ServerMetrics> ServerMetrics::fetch(const sockaddr_in& admin) {
  auto pipe = RequestPipe::connect(admin);
  if (!pipe) return pipe.error();
  return ask(*pipe);
}

Result<ServerMetrics> ServerMetrics::ask(RequestPipe& admin) {
  auto answer = admin.ask("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{fmt::format(
        "GET /metrics was answered {}; --publish-url must name a listener that serves admin too",
        answer->status)};
  }
  return ServerMetrics(std::move(answer->body));
}

uint64_t ServerMetrics::sum(std::string_view name, std::string_view label) const {
  double total = 0;
  for (std::string_view rest = text_; !rest.empty();) {
    const size_t end = rest.find('\n');
    total += value_of(rest.substr(0, end), name, label);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return static_cast<uint64_t>(total);
}

}  // namespace ringcast::bench
