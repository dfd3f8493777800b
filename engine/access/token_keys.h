// TokenKeys: the keys that tokens are signed with, read from the files the configuration names.
//
// A token may say by `kid` which of them it means; that is a name to be compared, and nothing else. Several keys at once
// let an issuer change over to a new one while tokens of the old one are still in use.
//
// Threads: immutable once read. Memory: the keys. Failure: the Error names the file, says what is wrong and
// how to mend it, and never repeats what the file holds, nor what may be a key where a file should be named.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/access/crypto.h"

namespace ringcast {

struct TokenKey {
  std::string id;  // empty: none
  VerifyKey key;
};

// Of all files together. Each is tried for a token without a kid, which a stranger can send as often as he likes. A guess.
inline constexpr size_t kTokenKeysMax = 16;

[[nodiscard]] std::string_view name_of(SignatureAlgorithm algorithm) noexcept;
[[nodiscard]] std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept;

// One key file: for HS256 the secret as it stands in the file, without one line end at its end, since editors add one; for
// the others a public key as PEM.
[[nodiscard]] Result<TokenKey> load_token_key(const TokenKeyConfig& config);

// The keys of a JWK set (RFC 7517) that sign with an algorithm we know. Those for other purposes are passed over; a broken
// one, a private one, and a set without any of use are errors.
[[nodiscard]] Result<std::vector<TokenKey>> load_jwks(const std::string& path);

// All of them.
[[nodiscard]] Result<std::vector<TokenKey>> load_token_keys(const TokensConfig& config);

// The whole of a small file.
[[nodiscard]] Result<std::string> read_key_file(const std::string& path);

// Whether everybody on this machine may read it; no file with a secret should be.
[[nodiscard]] bool is_open_to_others(const std::string& path);

// Takes one LF or CR LF off the end.
[[nodiscard]] std::string_view without_line_end(std::string_view text) noexcept;

}  // namespace ringcast
