// Goal: an id has one spelling, and a Last-Event-ID is known, unknown or none, whatever bytes it has.
// Input: a Last-Event-ID, a line feed, and the newest id there is.
#include "engine/base/check.h"
#include "engine/event_id.h"
#include "engine/place.h"
#include "tests/fuzz/fuzzed_input.h"

namespace ringcast {
namespace {

void check_id(EventId id) {
  const std::string text = to_string(id);
  RC_CHECK(text.size() <= kEventIdBytesMax);
  RC_CHECK(parse_event_id(text) == id);
  if (id > EventId{}) RC_CHECK(id_before(id) < id);
  EventIdGenerator generator;
  generator.take(id);
  if (id.ms < ~uint64_t{0}) RC_CHECK(generator.peek(0) > id);
}

void check_start(std::string_view last_event_id, EventId newest) {
  const auto [kind, after] = start_from(last_event_id, newest);
  // Only what is an id in its one spelling says where to start.
  if (after) RC_CHECK(to_string(*after) == last_event_id);
  switch (kind) {
    case Start::Kind::kFirst:
      RC_CHECK(last_event_id.empty() && !after);
      break;
    case Start::Kind::kAfter:
      RC_CHECK(after && *after <= newest);
      break;
    case Start::Kind::kUnknown:
      RC_CHECK(!last_event_id.empty() && (!after || *after > newest));
      RC_CHECK(after == parse_event_id(last_event_id));
      break;
  }
}

}  // namespace
}  // namespace ringcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;
  FuzzedInput input(data, size);
  const std::string_view last_event_id = input.text_up_to('\n');
  const EventId newest = parse_event_id(input.text_up_to('\n')).value_or(EventId{});
  check_start(last_event_id, newest);
  check_id(newest);
  if (const auto id = parse_event_id(last_event_id)) {
    check_id(*id);
    RC_CHECK(to_string(*id) == last_event_id);
  }
  const uint64_t ms = input.number();
  check_id({ms, input.number()});
  return 0;
}
