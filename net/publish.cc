#include "net/publish.h"

#include <fmt/format.h>

#include "net/http/cors.h"
#include "net/http/target.h"

namespace ringcast::net {

bool Publish::attempt(Channel& channel, const Request& request, const ResponseOptions& options,
                      std::string& out) {
  if (!publish_allowed(channel.config().cors, request)) {
    refuse(403, "this origin may not publish; list it in the channel's cors.origins", options, out);
    return true;
  }
  const std::string type = query_value(request.query, "event").value_or("");
  // "message" is what an event without a type is called anyway.
  const Event event{.type = type == "message" ? std::string_view{} : type, .data = request.body};
  if (const EventFault fault = find_fault(event); fault != EventFault::kNone) {
    refuse(400, describe(fault), options, out);
    return true;
  }
  AppendOutcome outcome{};
  log_.append(channel, event, [&](const AppendOutcome& appended) { outcome = appended; });
  switch (outcome.status) {
    case AppendStatus::kPaced:
      return false;
    case AppendStatus::kTooLong:
      refuse(413, "the event is longer than the channel's max_event_bytes", options, out);
      return true;
    case AppendStatus::kCommitted:
      break;
  }
  char id[kEventIdBytesMax];
  const char* const id_end = write_event_id(id, outcome.id);
  append_response(out, 201, "application/json",
                  fmt::format("{{\"id\":\"{}\",\"subscribers\":{}}}\n",
                              std::string_view(id, id_end), outcome.subscribers),
                  options);
  counters_.published.add();
  return true;
}

void Publish::append_timed_out(ResponseOptions options, std::string& out) {
  options.retry_after_s = 1;
  append_error(out, 503, "subscribers have not kept up with the publishers; try again", options);
  counters_.publishes_timed_out.add();
}

void Publish::refuse(int status, std::string_view reason, const ResponseOptions& options,
                     std::string& out) {
  append_error(out, status, reason, options);
  counters_.publishes_refused.add();
}

}  // namespace ringcast::net
