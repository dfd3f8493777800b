// Lists of origins, as `cors.origins` has them, and which origins they take in. One entry is
//
//   *                        every page
//   https://app.example      that origin: scheme and port exactly, the host whatever its case
//   https://*.app.example    every host below app.example, however deep, and not app.example itself;
//                            scheme and port as exactly as above, so without a port only the scheme's own
//
// Entries are as the configuration accepts them (check_origin), in lower case.
//
// Threads: pure functions, any thread. Memory: what they return.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringcast::net {

using Origins = std::vector<std::string>;

[[nodiscard]] bool takes_everybody(const Origins& origins) noexcept;

// Whether an entry other than `*` takes in `origin`, which is what a request says. Nothing takes in `null`, which
// any site's sandboxed frames send, or bytes that could end a header line.
[[nodiscard]] bool takes_by_name(const Origins& origins, std::string_view origin) noexcept;

// The origins that both lists take in, and those that either does. No entry of the result but `*` takes in another: who is
// named besides `*` may be allowed more than everybody.
[[nodiscard]] Origins in_both(const Origins& one, const Origins& other);
[[nodiscard]] Origins in_either(const Origins& one, const Origins& other);

}  // namespace ringcast::net
