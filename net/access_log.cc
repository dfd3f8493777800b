#include "net/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/config/quoted.h"
#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

std::string_view name_of(Method method) noexcept {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      return "other";
    case Method::kUnknown:
      break;
  }
  return "";
}

// The three digits after `HTTP/1.1 `.
uint16_t status_of(std::string_view answer) noexcept {
  constexpr size_t kAt = std::string_view("HTTP/1.1 ").size();
  if (answer.size() < kAt + 3) return 0;
  uint16_t status = 0;
  for (const char digit : answer.substr(kAt, 3)) {
    if (!is_digit(digit)) return 0;
    status = static_cast<uint16_t>(status * 10 + (digit - '0'));
  }
  return status;
}

// Somebody who puts a credential into the path has not found the right place for it, and it may be good all the same: our
// keys begin with rck_, tokens with the beginning of a JSON object in base64.
std::string without_credentials(std::string_view path) {
  std::string safe;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    const bool is_credential = segment.starts_with("rck_") || segment.starts_with("eyJ");
    safe += is_credential ? "[redacted]" : segment;
    path.remove_prefix(segment.size());
    if (path.empty()) break;
    safe += '/';
    path.remove_prefix(1);
  }
  return safe;
}

std::string time_text(uint64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), wall_ms % 1000);
}

}  // namespace

AccessLog::AccessLog(LineWriter* writer, uint32_t sample, size_t slots,
                     const std::vector<Listener>& listeners)
    : writer_(writer), sample_(sample), traces_(writer != nullptr ? slots : 0) {
  for (const Listener& listener : listeners) listeners_.push_back(bind_name(listener.config));
}

void AccessLog::begin_following(uint32_t slot, MonotonicMs now) noexcept {
  Trace& trace = traces_[slot];
  trace = {};
  if (until_next_ > 0) {
    --until_next_;
    return;
  }
  until_next_ = sample_ - 1;
  trace.is_followed = true;
  trace.since = now;
}

void AccessLog::note_answer(uint32_t slot, const Request& request, std::string_view answer,
                            std::string_view why) noexcept {
  if (!traces_[slot].is_followed) return;
  note_request(slot, request, status_of(answer));
  traces_[slot].bytes += answer.size();
  traces_[slot].why = why;
}

void AccessLog::note_request(uint32_t slot, const Request& request, uint16_t status) noexcept {
  Trace& trace = traces_[slot];
  if (!trace.is_followed) return;
  ++trace.requests;
  trace.status = status;
  trace.method = request.method;
  trace.is_cut = request.path.size() > kPathBytesMax;
  trace.path_bytes = static_cast<uint8_t>(std::min(request.path.size(), kPathBytesMax));
  std::copy_n(request.path.data(), trace.path_bytes, trace.path);
}

void AccessLog::write(uint32_t slot, const Connection& connection, const Peer& peer,
                      MonotonicMs now, Counters& counters) noexcept {
  const Trace& trace = traces_[slot];
  if (!trace.is_followed) return;
  std::string asked(name_of(trace.method));
  const std::string_view path(trace.path, trace.path_bytes);
  if (!path.empty()) asked += " " + without_credentials(path);
  if (trace.is_cut) asked += "...";
  std::string line = fmt::format(
      "time={} peer={} listener={} request={} status={} end={} requests={} bytes={} ms={}",
      time_text(wall_now_ms()), format_peer(peer), listeners_[connection.listener], quoted(asked),
      trace.status, name_of(connection.cause), trace.requests, trace.bytes, now - trace.since);
  if (!trace.why.empty()) line += fmt::format(" refused={}", quoted(trace.why));
  const bool is_taken = writer_->try_write(line);
  (is_taken ? counters.log_lines : counters.log_lines_dropped).add();
}

}  // namespace ringcast::net
