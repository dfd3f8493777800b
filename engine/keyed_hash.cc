#include "engine/keyed_hash.h"

#include <sodium.h>

#include <array>
#include <bit>

#include "engine/base/check.h"

namespace ringcast {

namespace {

using Key = std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES>;

// Drawn at the first use. Without a source of randomness libsodium cannot go on, and neither can we.
const Key& process_key() noexcept {
  static const Key key = [] {
    RC_CHECK(sodium_init() >= 0);
    Key drawn;
    randombytes_buf(drawn.data(), drawn.size());
    return drawn;
  }();
  return key;
}

}  // namespace

KeyedHash keyed_hash(std::string_view text) noexcept {
  static_assert(sizeof(KeyedHash) == crypto_shorthash_siphashx24_BYTES);
  std::array<unsigned char, sizeof(KeyedHash)> bytes;
  crypto_shorthash_siphashx24(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                              text.size(), process_key().data());
  const auto hash = std::bit_cast<KeyedHash>(bytes);
  return hash.is_zero() ? KeyedHash{.a = 0, .b = 1} : hash;
}

KeyedHash keyed_hash(std::string_view first, std::string_view second) noexcept {
  const std::array<KeyedHash, 2> parts{keyed_hash(first), keyed_hash(second)};
  return keyed_hash(std::string_view(reinterpret_cast<const char*>(&parts), sizeof(parts)));
}

}  // namespace ringcast
