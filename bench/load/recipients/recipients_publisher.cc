#include "bench/load/recipients/recipients_publisher.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <iterator>

#include "bench/load/follow/tagged_data.h"

namespace ringcast::bench {
namespace {

constexpr int kTriesMax = 100;
constexpr int64_t kRetryAfterNs = 50 * kMillisecond;

Error unexpected(const RequestPipe::Answered& answered) {
  constexpr size_t kBodyShownMax = 300;
  return {fmt::format("a publish was answered: {} {}", answered.status,
                      answered.body.substr(0, kBodyShownMax))};
}

}  // namespace

std::string batch_body(const RecipientsPlan& plan, uint32_t first, uint32_t count) {
  std::string body;
  for (uint32_t recipient = first; recipient < first + count; ++recipient) {
    fmt::format_to(std::back_inserter(body), R"({{"channel":"{}","data":")", inbox_of(recipient));
    append_tagged_data(body, {.lane = 0, .target = 1 + recipient}, plan.data_bytes);
    body += "\"}\n";
  }
  return body;
}

Result<RecipientsPublisher> RecipientsPublisher::connect(const RecipientsPlan& plan,
                                                         const sockaddr_in& server) {
  auto pipe = RequestPipe::connect(server);
  if (!pipe) return pipe.error();
  return RecipientsPublisher(plan, std::move(*pipe));
}

Result<RequestPipe::Answered> RecipientsPublisher::post(const std::string& request) {
  for (int tried = 0; tried < kTriesMax; ++tried) {
    auto answered = pipe_.ask(request);
    if (!answered || answered->status != 503) return answered;
    ++refused_;
    const timespec pause{.tv_sec = 0, .tv_nsec = kRetryAfterNs};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  }
  return Error{fmt::format("a publish was answered 503 {} times", kTriesMax)};
}

Result<> RecipientsPublisher::publish_channel() {
  std::string data;
  append_tagged_data(data, {}, plan_.data_bytes);
  for (FrameId& id : channel_ids_) {
    auto answered = post(post_request("/channels/c0", "text/plain", data));
    if (!answered) return answered.error();
    const auto answered_id = id_after(answered->body, "\"id\":\"");
    if (answered->status != 201 || !answered_id) return unexpected(*answered);
    id = last_id_ = *answered_id;
  }
  return {};
}

Result<> RecipientsPublisher::publish_recipients() {
  batches_.reserve(plan_.recipients / plan_.batch_events + 1);
  for (uint32_t first = 0; first < plan_.recipients; first += plan_.batch_events) {
    auto published = publish_batch(first, std::min(plan_.batch_events, plan_.recipients - first));
    if (!published) return published;
  }
  return {};
}

Result<> RecipientsPublisher::publish_batch(uint32_t first, uint32_t count) {
  auto answered =
      post(post_request("/events", "application/x-ndjson", batch_body(plan_, first, count)));
  if (!answered) return answered.error();
  const auto first_id = id_after(answered->body, "\"first_id\":\"");
  const auto last_id = id_after(answered->body, "\"last_id\":\"");
  const auto accepted = number_after(answered->body, "\"accepted\":");
  if (answered->status != 201 || !first_id || !last_id || accepted != count)
    return unexpected(*answered);
  const bool consecutive = first_id->ms == last_id->ms && last_id->seq - first_id->seq + 1 == count;
  batches_.push_back({.before = last_id_, .first = *first_id, .consecutive = consecutive});
  last_id_ = *last_id;
  return {};
}

FrameId RecipientsPublisher::id_before(uint32_t recipient) const {
  const Batch& batch = batches_[recipient / plan_.batch_events];
  const uint32_t place = recipient % plan_.batch_events;
  if (place == 0 || !batch.consecutive) return batch.before;
  return {.ms = batch.first.ms, .seq = batch.first.seq + place - 1};
}

}  // namespace ringcast::bench
