// The body of `POST /events`: newline-delimited JSON, one event a line, for any channels.
//
//   {"channel":"news","data":"hello"}
//   {"channel":"inbox/alice","data":{"unread":3},"event":"mail","ttl":"30s"}
//
// `channel` is a string. `data` is a string, and then its value is sent; or any other JSON value,
// and then its very text is sent, unchanged: 1.0 stays 1.0. `event` and `ttl` are strings and may
// be left out. Lines end in LF or CR LF, the last one may end with the body; blank lines are passed
// over. A batch is read whole or not at all.
//
// Threads: pure function. Memory: one copy of the body and 64 bytes an event; while it reads, about
//          six times the longest line besides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/event.h"

namespace ringcast::net {

// How many events one batch may have. They are committed under one hold of the log's lock, which
// every other publisher waits for: some milliseconds (a guess).
inline constexpr size_t kBatchEventsMax = 10'000;

// How deep arrays and objects may be nested in `data`. The walk over them takes stack for each
// level; some readers of JSON give up at this depth, too (.NET's).
inline constexpr size_t kDataDepthMax = 64;

struct BatchEvent {
  std::string_view channel;  // as written: nobody has looked it up
  Event event;               // find_fault() is kNone
  uint32_t line;             // where it stands in the body, from 1 on; blank lines count
};

// Events in the order of their lines. All views are into `text`, also after a move.
struct Batch {
  std::unique_ptr<char[]> text;
  std::vector<BatchEvent> events;  // at least one
};

// The error names the first line that is not such an event, what is wrong with it, and the remedy:
// `line 3: "data" is missing; ...`. It does not repeat what the body said.
[[nodiscard]] Result<Batch> read_batch(std::string_view body);

}  // namespace ringcast::net
