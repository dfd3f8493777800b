#include "net/monitor.h"

#include "net/metrics_text.h"

namespace ringcast::net {

bool Monitor::answer(const Request& request, ResponseOptions options, bool stopping,
                     std::string& out) const {
  const bool is_live = request.path == "/healthz/live";
  const bool is_ready = request.path == "/healthz/ready";
  const bool is_metrics = request.path == "/metrics";
  if (!is_live && !is_ready && !is_metrics) return false;
  if (request.method != Method::kGet && request.method != Method::kHead) {
    options.allow = "GET, HEAD";
    append_error(out, 405, "this method is not served here", options);
  } else if (is_metrics) {
    append_response(out, 200, "text/plain; version=0.0.4",
                    metrics_text(shards_, channels_, key_changes_, sources_), options);
  } else if (is_ready && stopping) {
    append_error(out, 503, "stopping", options);
  } else {
    append_response(out, 200, "text/plain", "ok\n", options);
  }
  return true;
}

}  // namespace ringcast::net
