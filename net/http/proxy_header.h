// ProxyHeader: reads what a load balancer says of a connection before its first byte, in version 1 or 2 of
// HAProxy's PROXY protocol. It is read where the configuration says that it comes, and never guessed.
//
// Version 1 is a line, and version 2 is binary with typed values (TLVs) at its end. Those are walked over, so that
// a header which does not add up is refused; of them only the checksum (CRC32C) is looked at.
//
// Threads: one. Memory: the header, at most kProxyHeaderBytesMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/ip_address.h"

namespace ringcast::net {

// The format allows 64 KiB; a balancer sends tens of bytes, or a few hundred with TLVs. A guess.
inline constexpr size_t kProxyHeaderBytesMax = 4096;

class ProxyHeader {
 public:
  enum class Outcome {
    kNeedMore,
    kDone,
    kRefused,  // not a header, or one that does not add up; final
  };

  // Takes the header's bytes off the front of `bytes`, which are what came next; what is left after kDone is the
  // connection's own.
  [[nodiscard]] Outcome feed(std::string_view& bytes);

  struct Source {
    IpAddress address;
    uint16_t port = 0;
    bool operator==(const Source&) const = default;
  };
  // After kDone: whom the connection is for. Nothing: the balancer speaks for itself (a health check), or does not
  // know; then it is from whoever the socket says.
  [[nodiscard]] const std::optional<Source>& source() const noexcept { return source_; }

 private:
  [[nodiscard]] Outcome feed_line(std::string_view& bytes);
  [[nodiscard]] Outcome feed_binary(std::string_view& bytes);
  [[nodiscard]] Outcome take_until(size_t header_bytes, std::string_view& bytes);
  [[nodiscard]] Outcome read_line();
  [[nodiscard]] Outcome read_binary();

  std::string header_;
  std::optional<Source> source_;
};

}  // namespace ringcast::net
