// What an unknown key was probably meant to be.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace ringcast {

// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn `a`
// into `b`.
[[nodiscard]] size_t edit_distance(std::string_view a, std::string_view b);

// The candidate closest to `key`, unless even that one needs more than a third of the letters
// changed.
[[nodiscard]] std::optional<std::string_view> nearest_key(
    std::string_view key, std::span<const std::string_view> candidates);

}  // namespace ringcast
