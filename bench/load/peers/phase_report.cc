#include "bench/load/peers/phase_report.h"

#include <fmt/format.h>

#include "bench/load/figures.h"

namespace ringcast::bench {

void print_publishing(const PhaseFigures& figures) {
  const double seconds = as_seconds(figures.publish_ns);
  fmt::print(
      "  published         {} in {:.1f} s ({:.0f} a second), {} refused with 503; answer after {}; "
      "late by p99 {:.1f}, p99.9 {:.1f} µs\n",
      figures.published, seconds, share(static_cast<double>(figures.published), seconds),
      figures.refused, quantiles(figures.publish_wait),
      as_us(figures.publish_lateness.quantile(0.99)),
      as_us(figures.publish_lateness.quantile(0.999)));
}

void print_server(std::string_view memory, const PhaseFigures& figures) {
  const auto of_core = [&](int64_t cpu_ns) {
    return 100 * share(static_cast<double>(cpu_ns), static_cast<double>(figures.watched_ns));
  };
  fmt::print("  server            RSS {} MiB; {:.0f} % of a core; client {:.0f} %\n", memory,
             of_core(figures.server_cpu_ns), of_core(figures.client_cpu_ns));
}

nlohmann::ordered_json figures_json(const PhaseFigures& figures) {
  return {{"published", figures.published},
          {"refused", figures.refused},
          {"publish_wait_ns", histogram_json(figures.publish_wait)},
          {"publish_lateness_ns", histogram_json(figures.publish_lateness)},
          {"publish_ns", figures.publish_ns},
          {"server_cpu_ns", figures.server_cpu_ns},
          {"client_cpu_ns", figures.client_cpu_ns},
          {"server_core_taken", figures.core_taken}};
}

}  // namespace ringcast::bench
