// Exchange: what a connection needs while requests are read from it and answered, and not a moment
// longer. An idle connection, whether a subscriber or a publisher between two requests, has none.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "net/counters.h"
#include "net/gate.h"
#include "net/http/proxy_header.h"
#include "net/http/request_reader.h"
#include "net/publish.h"

namespace ringcast::net {

struct Exchange {
  explicit Exchange(const RequestLimits& limits) : reader(limits) {}

  // Whether nothing of a request is here and no answer is on its way.
  [[nodiscard]] bool is_idle() const noexcept {
    return on_wire.empty() && !holds_request && !reader.has_started();
  }

  std::unique_ptr<ProxyHeader> proxy_header;  // while it arrives: see Phase::kProxyHeader
  RequestReader reader;
  std::string answers;         // not handed to the kernel yet
  std::string on_wire;         // being sent; may not be touched before the completion
  bool holds_request = false;  // reader.request() waits: for its turn, or for room in a ring
  bool closes_after_answers = false;
  bool peer_half_closed = false;    // nothing more will come, but the answers are still wanted
  bool lingers = false;             // a part of the request has not been read: see Phase::kLinger
  bool is_listed = false;           // among the publishes that are tried again each turn
  bool has_checked_sender = false;  // the request's credential was looked at, which takes time
  bool head_is_checked = false;  // of the request whose body is being read: its sender may publish
  std::unique_ptr<Visitor> visitor;        // whom that request speaks for, once somebody has asked
  std::unique_ptr<Publishing> publishing;  // what a held publish comes to
  size_t lingered_bytes = 0;               // thrown away since
  bool is_held_back = false;  // not looked at until the timer: its source was refused too often
  MonotonicMs held_back_since = 0;
  // What the timer holds the peer to, and since when; kNothing: the timer is for something else.
  enum class Awaited : uint8_t { kNothing, kHead, kBody };
  Awaited awaited = Awaited::kNothing;
  MonotonicMs awaited_since = 0;
  MonotonicMs paced_until = 0;  // a held publish is answered 503 after this; 0: not paced
  uint64_t revocation = 0;      // the order that a held request waits for (revocations.h); 0: none
  std::string_view
      refused_why{};  // static text for the access log alone: why a credential was refused
  CloseCause cause = CloseCause::kAnswered;

  // The request has been answered: the next one may be somebody else's.
  void forget_sender() noexcept {
    head_is_checked = has_checked_sender = false;
    visitor.reset();
  }
};

}  // namespace ringcast::net
