// Goal: a batch is read as a library that takes its time reads it, or refused at the same line.
// Input: the body of POST /events.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "tests/fuzz/fuzzed_input.h"
#include "tests/support/batch_model.h"

namespace ringcast::net {
namespace {

bool lies_in(std::string_view part, const Batch& batch, size_t text_bytes) {
  const char* const text = batch.text.get();
  return part.empty() || (part.data() >= text && part.data() + part.size() <= text + text_bytes);
}

// What holds of every batch, however it is spelled.
void check_batch(const Batch& batch, size_t body_bytes) {
  RC_CHECK(!batch.events.empty() && batch.events.size() <= kBatchEventsMax);
  uint32_t last_line = 0;
  for (const BatchEvent& event : batch.events) {
    RC_CHECK(event.line > last_line);
    last_line = event.line;
    RC_CHECK(find_fault(event.event) == EventFault::kNone);
    RC_CHECK(event.event.ttl.count() >= 0 && event.event.ttl <= kTtlMax);
    for (const std::string_view text : {event.channel, event.event.type, event.event.data}) {
      RC_CHECK(lies_in(text, batch, body_bytes));
    }
  }
}

void check_refusal(const Error& error) {
  const std::string_view message = error.message;
  RC_CHECK(message.starts_with("line ") || message.starts_with("the body has no event"));
  RC_CHECK(std::ranges::all_of(message, [](char c) { return c >= ' ' && c <= '~'; }));
}

void check_against_model(const Result<Batch>& read, std::string_view body) {
  const BatchVerdict expected = judge(body);
  RC_CHECK(read.has_value() == !expected.bad_line);
  if (!read) {
    const std::string place = "line " + std::to_string(*expected.bad_line) + ":";
    RC_CHECK(*expected.bad_line == 0 || read.error().message.starts_with(place));
    return;
  }
  const std::vector<BatchEvent>& events = read.value().events;
  RC_CHECK(events.size() == expected.events.size());
  for (size_t at = 0; at < events.size(); ++at) {
    const BatchEvent& event = events[at];
    const ModelEvent& model = expected.events[at];
    RC_CHECK(event.line == model.line);
    RC_CHECK(event.channel == model.channel);
    RC_CHECK(event.event.type == model.type);
    RC_CHECK(event.event.ttl == model.ttl);
    // Other than a string: its very text, which means the same.
    const std::string_view data = event.event.data;
    RC_CHECK(model.data.is_string() ? data == model.data.get<std::string>()
                                    : nlohmann::json::parse(data, nullptr, false) == model.data);
  }
}

}  // namespace
}  // namespace ringcast::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast::net;
  const std::string_view body = ringcast::as_text(data, size);
  const ringcast::Result<Batch> read = read_batch(body);
  if (read) {
    check_batch(read.value(), body.size());
  } else {
    check_refusal(read.error());
  }
  if (can_judge(body)) check_against_model(read, body);
  return 0;
}
