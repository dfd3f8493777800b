// PairedLatency: rounds without something and rounds with it, in turn, and what it does to latency.
//
// Each round with is held against the one just before it, without, and the median of these ratios counts: a machine that is disturbed for
// a moment spoils one pair, where it would spoil a histogram of all rounds together.
//
// Threads: a value type. Memory: a histogram a round.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/histogram.h"

namespace ringcast::bench {

class PairedLatency {
 public:
  // Of phases that have a `latency`: each with held against the one without before it.
  template <typename Phase>
  [[nodiscard]] static PairedLatency of(const std::vector<Phase>& without,
                                        const std::vector<Phase>& with) {
    PairedLatency paired;
    for (size_t pair = 0; pair < std::min(without.size(), with.size()); ++pair)
      paired.add(without[pair].latency, with[pair].latency);
    return paired;
  }

  void add(Histogram without, Histogram with) {
    pairs_.emplace_back(std::move(without), std::move(with));
  }

  // With to without at a quantile, pair by pair; 0 of a pair whose one half is empty.
  [[nodiscard]] std::vector<double> ratios(double quantile) const {
    std::vector<double> each;
    for (const auto& [without, with] : pairs_) {
      const auto base = static_cast<double>(without.quantile(quantile));
      each.push_back(base > 0 ? static_cast<double>(with.quantile(quantile)) / base : 0);
    }
    return each;
  }

  // Of an even number of pairs, the mean of the two in the middle; 0 of none.
  [[nodiscard]] double median_ratio(double quantile) const {
    std::vector<double> each = ratios(quantile);
    if (each.empty()) return 0;
    std::ranges::sort(each);
    return (each[(each.size() - 1) / 2] + each[each.size() / 2]) / 2;
  }

 private:
  std::vector<std::pair<Histogram, Histogram>> pairs_;
};

}  // namespace ringcast::bench
