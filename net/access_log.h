// AccessLog: one line for each connection that has gone, or for one in so many:
//
//   time=2026-11-25T17:31:02.123Z peer=192.0.2.1:4711 listener=0.0.0.0:8000 request="GET /channels/news" status=200
//   end=peer_gone requests=1 bytes=0 ms=61234                                               (all of it on one line)
//
// `request` and `status` are the last ones, with the path as decoded and cut when it is long; never the query, a header or
// a body, which may hold secrets, nor what looks like a credential in the path. What strangers chose is quoted, and
// everything in it but printable ASCII escaped. `bytes` are those of ordinary answers: what streams carry is counted for
// all of them (metrics). `refused` is there when a credential was, and says why.
//
// Threads: one shard. Memory: when it is on, 144 bytes a slot, touched as slots are used; nothing when it is off.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/lazy_array.h"
#include "net/connection_table.h"
#include "net/http/request.h"
#include "net/line_writer.h"
#include "net/listener.h"
#include "net/peer.h"

namespace ringcast::net {

class AccessLog {
 public:
  // `writer` is nullptr when nothing is to be written. One in `sample` connections is followed.
  AccessLog(LineWriter* writer, uint32_t sample, size_t slots,
            const std::vector<Listener>& listeners);

  void begin(uint32_t slot, MonotonicMs now) noexcept {
    if (writer_ != nullptr) begin_following(slot, now);
  }

  // `answer` begins with its status line. `why` is static text: why a credential was refused, or empty.
  void answered(uint32_t slot, const Request& request, std::string_view answer,
                std::string_view why) noexcept {
    if (writer_ != nullptr) note_answer(slot, request, answer, why);
  }
  void became_stream(uint32_t slot, const Request& request) noexcept {
    if (writer_ != nullptr) note_request(slot, request, 200);
  }

  // The connection in `slot` has gone.
  void end(uint32_t slot, const Connection& connection, const Peer& peer, MonotonicMs now,
           Counters& counters) noexcept {
    if (writer_ != nullptr) write(slot, connection, peer, now, counters);
  }

 private:
  static constexpr size_t kPathBytesMax = 96;

  struct Trace {
    bool is_followed;
    bool is_cut;  // there is more of the path
    Method method;
    uint8_t path_bytes;
    uint16_t status;  // 0: nothing was asked
    uint32_t requests;
    MonotonicMs since;
    uint64_t bytes;
    std::string_view why;
    char path[kPathBytesMax];
  };
  static_assert(sizeof(Trace) == 144);

  void begin_following(uint32_t slot, MonotonicMs now) noexcept;
  void note_answer(uint32_t slot, const Request& request, std::string_view answer,
                   std::string_view why) noexcept;
  void note_request(uint32_t slot, const Request& request, uint16_t status) noexcept;
  void write(uint32_t slot, const Connection& connection, const Peer& peer, MonotonicMs now,
             Counters& counters) noexcept;

  LineWriter* const writer_;
  const uint32_t sample_;
  uint32_t until_next_ = 0;  // connections to pass over
  std::vector<std::string> listeners_;
  LazyArray<Trace> traces_;
};

}  // namespace ringcast::net
