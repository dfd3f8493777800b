#include "bench/load/figures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

#include "bench/load/environment.h"

namespace ringcast::bench {

using nlohmann::ordered_json;

double share(double amount, double count) {
  return count > 0 ? amount / count : 0;
}

double as_us(uint64_t ns) {
  return static_cast<double>(ns) / 1e3;
}

double as_seconds(int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

double as_mib(int64_t bytes) {
  return static_cast<double>(bytes) / 1048576;
}

std::string quantiles(const Histogram& histogram) {
  return fmt::format("p50 {:.1f}, p99 {:.1f}, p99.9 {:.1f}, max {:.1f} µs",
                     as_us(histogram.quantile(0.5)), as_us(histogram.quantile(0.99)),
                     as_us(histogram.quantile(0.999)), as_us(histogram.max()));
}

ordered_json histogram_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"mean", histogram.mean()},
          {"min", histogram.min()},
          {"p50", histogram.quantile(0.5)},
          {"p90", histogram.quantile(0.9)},
          {"p99", histogram.quantile(0.99)},
          {"p999", histogram.quantile(0.999)},
          {"max", histogram.max()}};
}

void print_paired(const char* what, const PairedLatency& paired, double p99_bar) {
  fmt::print("{}: p50 {:.2f}, p99 {:.2f} (bar {:.2f}); p99 pair by pair {:.2f}\n", what,
             paired.median_ratio(0.5), paired.median_ratio(0.99), p99_bar,
             fmt::join(paired.ratios(0.99), ", "));
}

ordered_json paired_json(const PairedLatency& paired) {
  return {{"p50", paired.median_ratio(0.5)},
          {"p99", paired.median_ratio(0.99)},
          {"p99_pairs", paired.ratios(0.99)}};
}

void print_not_alone(double core_taken) {
  if (core_taken <= kTakenMax) return;
  fmt::print(
      "  NOT ALONE         others kept the server from its core {:.0f} % of the time: trust no "
      "time "
      "here\n",
      100 * core_taken);
}

Result<> write_json(const Options& options, ordered_json rounds) {
  if (options.json.empty()) return {};
  const ordered_json json = {
      {"command", options.command_line},       {"started", options.start},
      {"server_cpu", options.server_cpu},      {"client_cpu", options.client_cpu},
      {"environment", describe_environment()}, {"rounds", std::move(rounds)}};
  std::ofstream file(options.json);
  file << json.dump(2) << "\n";
  file.close();
  if (file) return {};
  return Error{
      fmt::format("cannot write {}; choose a directory that exists and is writable", options.json)};
}

}  // namespace ringcast::bench
