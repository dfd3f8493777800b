// Where a credential travels in a request: in `Authorization: Bearer`, else in a cookie, else in the query of a stream's
// URL; the latter two only where they are switched on. The first that is there counts, and one that is there and cannot be
// read is a fault: a request never falls through to what was sent along unasked.
//
// Whether a credential is good is for engine/access to say.
//
// Threads: pure functions, any thread. Memory: the credential's text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/config/access_config.h"
#include "net/http/request.h"

namespace ringcast::net {

enum class CredentialPlace : uint8_t { kNone, kHeader, kCookie, kQuery };

struct Credential {
  enum class Fault : uint8_t {
    kNone,
    kMalformed,  // no `Bearer` and one text after it (RFC 6750, section 2.1)
    kAmbiguous,  // two of them: one may be somebody else's. Or another scheme than Bearer
  };
  CredentialPlace place = CredentialPlace::kNone;
  Fault fault = Fault::kNone;
  std::string text{};
};

// URLs are for streams alone.
enum class QueryUse : uint8_t { kNo, kYes };

[[nodiscard]] Credential find_credential(const Request& request, const TokensConfig& config,
                                         QueryUse query_use);

}  // namespace ringcast::net
