#include "bench/load/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "bench/load/clock.h"
#include "bench/load/figures.h"

namespace ringcast::bench {
namespace {

using nlohmann::ordered_json;

double as_ms(uint64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

double cpu_us_per_delivery(const LoadResult& result) {
  return share(static_cast<double>(result.server_cpu_ns) / 1e3,
               static_cast<double>(result.deliveries));
}
double deliveries_per_second(const LoadResult& result) {
  return share(static_cast<double>(result.deliveries) * 1e9,
               static_cast<double>(result.deliver_ns));
}
double per_subscriber(const LoadResult& result, int64_t MemoryUse::*part) {
  return share(static_cast<double>(result.memory_connected.*part - result.memory_before.*part),
               static_cast<double>(result.subscribers));
}
double streams_per_second(const LoadResult& result) {
  return share(result.subscribers * 1e9, static_cast<double>(result.connect_ns));
}
double streams_per_core_second(const LoadResult& result) {
  return share(result.subscribers * 1e9, static_cast<double>(result.connect_server_cpu_ns));
}

// The share of a core that went to others than the one program it was meant for.
double taken(int64_t used_ns, int64_t own_ns, int64_t of_ns) {
  return std::max(share(static_cast<double>(used_ns - own_ns), static_cast<double>(of_ns)), 0.0);
}

void print_connecting(const LoadResult& result) {
  fmt::print(
      "  connecting        {:.2f} s, {:.0f} streams/s; server CPU {:.1f} µs each = {:.0f} streams "
      "per core-second\n",
      as_seconds(result.connect_ns), streams_per_second(result),
      share(static_cast<double>(result.connect_server_cpu_ns) / 1e3, result.subscribers),
      streams_per_core_second(result));
  fmt::print(
      "  server memory     {:.0f} B a subscriber (RSS {:.1f} -> {:.1f} MiB; anonymous {:.0f} B, "
      "shared {:.0f} B)\n",
      per_subscriber(result, &MemoryUse::resident), as_mib(result.memory_before.resident),
      as_mib(result.memory_connected.resident), per_subscriber(result, &MemoryUse::anonymous),
      per_subscriber(result, &MemoryUse::shared));
  if (result.idle_ns > 0) {
    fmt::print(
        "  idle              {:.1f} s: server CPU {:.2f} ms a second, {} heartbeats, {:.2f} µs "
        "each\n",
        as_seconds(result.idle_ns),
        share(static_cast<double>(result.idle_server_cpu_ns) * 1e3,
              static_cast<double>(result.idle_ns)),
        result.idle_heartbeats,
        share(static_cast<double>(result.idle_server_cpu_ns) / 1e3,
              static_cast<double>(result.idle_heartbeats)));
  }
}

void print_delivering(const LoadResult& result) {
  fmt::print("  deliveries        {} ({} events) in {:.2f} s, {:.0f} a second\n", result.deliveries,
             result.events, as_seconds(result.deliver_ns), deliveries_per_second(result));
  fmt::print("  server CPU        {:.3f} µs a delivery ({:.0f} % of it in user space)\n",
             cpu_us_per_delivery(result),
             100 * share(static_cast<double>(result.server_user_cpu_ns),
                         static_cast<double>(result.server_cpu_ns)));
  fmt::print("  latency           {}\n", quantiles(result.latency));
  fmt::print("  last reader       median {:.2f}, max {:.2f} ms after the intended publish time\n",
             as_ms(result.last_reader.quantile(0.5)), as_ms(result.last_reader.max()));
  fmt::print(
      "  publishing        answer after {}; late by p99 {:.1f} µs; {} refused with 503 and sent "
      "again\n",
      quantiles(result.publish_wait), as_us(result.publish_lateness.quantile(0.99)),
      result.refused);
  fmt::print("  client            {:.2f} µs a delivery, busy {:.0f} % of its waking time\n",
             result.client_cost_ns / 1e3, 100 * result.client_busy);
  const double client_taken =
      taken(result.client_awake_ns, result.client_cpu_ns, result.client_awake_ns);
  if (result.server_core_taken > kTakenMax || client_taken > kTakenMax) {
    fmt::print(
        "  NOT ALONE         others kept the server from its core {:.0f} % of the time, and used "
        "{:.0f} "
        "% of the client's when it was wanted: trust no time here\n",
        100 * result.server_core_taken, 100 * client_taken);
  }
}

void print_verdict(const LoadResult& result) {
  const Verdict& verdict = result.verdict;
  if (result.good()) {
    fmt::print("  verdict           every subscriber got every event once and in order\n");
    return;
  }
  fmt::print(
      "  verdict           WRONG: {} lost, {} repeated, {} out of order, {} damaged, {} cut, {} "
      "refused yet delivered\n",
      verdict.lost, verdict.repeated, verdict.reordered, verdict.damaged, verdict.cut,
      verdict.unpublished);
  if (!result.ids_agree)
    fmt::print("                    the ids answered to the publisher are not the ids delivered\n");
  if (result.miscounted > 0) {
    fmt::print("                    {} answers did not say {} subscribers\n", result.miscounted,
               result.subscribers);
  }
  if (result.stalled) fmt::print("                    given up: nothing had moved for a while\n");
  for (const std::string& example : verdict.examples)
    fmt::print("                    {}\n", example);
}

ordered_json memory_json(const MemoryUse& use) {
  return {{"resident", use.resident}, {"anonymous", use.anonymous}, {"shared", use.shared}};
}

ordered_json result_json(const LoadResult& result) {
  const Verdict& verdict = result.verdict;
  ordered_json json = {
      {"target", result.target},
      {"subscribers", result.subscribers},
      {"connect_ns", result.connect_ns},
      {"connect_server_cpu_ns", result.connect_server_cpu_ns},
      {"streams_per_second", streams_per_second(result)},
      {"streams_per_core_second", streams_per_core_second(result)},
      {"memory_before_bytes", memory_json(result.memory_before)},
      {"memory_connected_bytes", memory_json(result.memory_connected)},
      {"bytes_per_subscriber", per_subscriber(result, &MemoryUse::resident)},
      {"idle_ns", result.idle_ns},
      {"idle_server_cpu_ns", result.idle_server_cpu_ns},
      {"idle_heartbeats", result.idle_heartbeats},
      {"events", result.events},
      {"deliveries", result.deliveries},
      {"deliver_ns", result.deliver_ns},
      {"deliveries_per_second", deliveries_per_second(result)},
      {"server_cpu_ns", result.server_cpu_ns},
      {"server_user_cpu_ns", result.server_user_cpu_ns},
      {"server_cpu_us_per_delivery", cpu_us_per_delivery(result)},
      {"client_busy", result.client_busy},
      {"client_us_per_delivery", result.client_cost_ns / 1e3},
      {"client_awake_ns", result.client_awake_ns},
      {"client_cpu_ns", result.client_cpu_ns},
      {"server_core_taken", result.server_core_taken},
      {"latency_ns", histogram_json(result.latency)},
      {"last_reader_ns", histogram_json(result.last_reader)},
      {"publish_wait_ns", histogram_json(result.publish_wait)},
      {"publish_lateness_ns", histogram_json(result.publish_lateness)},
      {"refused", result.refused},
  };
  json["verdict"] = {{"good", result.good()},
                     {"lost", verdict.lost},
                     {"repeated", verdict.repeated},
                     {"reordered", verdict.reordered},
                     {"damaged", verdict.damaged},
                     {"cut", verdict.cut},
                     {"refused_yet_delivered", verdict.unpublished},
                     {"ids_agree", result.ids_agree},
                     {"answers_with_wrong_count", result.miscounted},
                     {"stalled", result.stalled},
                     {"examples", verdict.examples}};
  return json;
}

double mean_of_floors(const Round& round, const std::function<double(const LoadResult&)>& figure) {
  double sum = 0;
  for (const LoadResult& floor : round.floors) sum += figure(floor);
  return share(sum, static_cast<double>(round.floors.size()));
}

ordered_json ratios_json(const Ratios& ratios) {
  return {{"cpu_per_delivery", ratios.cpu_per_delivery},
          {"last_reader_median", ratios.last_reader_median},
          {"latency_p50", ratios.latency_p50},
          {"latency_p99", ratios.latency_p99},
          {"deliveries_per_second", ratios.deliveries_per_second}};
}

// "median (min .. max)" of one figure over the rounds.
template <typename Figure>
std::string spread(const std::vector<Round>& rounds, const char* format, Figure figure) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(figure(round));
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return fmt::format(fmt::runtime(fmt::format("{0} ({0} .. {0})", format)), median, values.front(),
                     values.back());
}

}  // namespace

void print_result(const LoadResult& result) {
  fmt::print("{}: {} subscribers\n", result.target, result.subscribers);
  print_connecting(result);
  if (result.events > 0 || result.stalled) print_delivering(result);
  print_verdict(result);
  std::fflush(stdout);
}

Ratios ratios_of(const Round& round) {
  const auto ratio = [&](const std::function<double(const LoadResult&)>& figure) {
    return share(figure(round.server), mean_of_floors(round, figure));
  };
  return {
      .cpu_per_delivery = ratio(cpu_us_per_delivery),
      .last_reader_median =
          ratio([](const LoadResult& r) { return as_us(r.last_reader.quantile(0.5)); }),
      .latency_p50 = ratio([](const LoadResult& r) { return as_us(r.latency.quantile(0.5)); }),
      .latency_p99 = ratio([](const LoadResult& r) { return as_us(r.latency.quantile(0.99)); }),
      .deliveries_per_second = ratio(deliveries_per_second),
  };
}

void print_summary(const LoadPlan& plan, const std::vector<Round>& rounds) {
  fmt::print("{} round(s), median (min .. max)\n", rounds.size());
  const auto line = [&](const char* name, const char* format, auto figure) {
    fmt::print("  {:<38} {}\n", name, spread(rounds, format, figure));
  };
  line("streams per core-second", "{:.0f}",
       [](const Round& r) { return streams_per_core_second(r.server); });
  line("bytes a subscriber", "{:.0f}",
       [](const Round& r) { return per_subscriber(r.server, &MemoryUse::resident); });
  if (plan.connect_only) return;
  line("deliveries a second", "{:.0f}",
       [](const Round& r) { return deliveries_per_second(r.server); });
  line("CPU a delivery, µs", "{:.3f}",
       [](const Round& r) { return cpu_us_per_delivery(r.server); });
  if (rounds.front().floors.empty()) return;
  line("floor: CPU a delivery, µs", "{:.3f}",
       [](const Round& r) { return mean_of_floors(r, cpu_us_per_delivery); });
  line("ratio to the floor: CPU a delivery", "{:.3f}",
       [](const Round& r) { return ratios_of(r).cpu_per_delivery; });
  // Without a schedule, latency says how much was piled up, and with one, the rate is the
  // schedule's.
  if (plan.interval_ns == 0) {
    line("ratio to the floor: deliveries a second", "{:.3f}",
         [](const Round& r) { return ratios_of(r).deliveries_per_second; });
    return;
  }
  line("ratio to the floor: last reader", "{:.3f}",
       [](const Round& r) { return ratios_of(r).last_reader_median; });
  line("ratio to the floor: latency p50", "{:.3f}",
       [](const Round& r) { return ratios_of(r).latency_p50; });
  line("ratio to the floor: latency p99", "{:.3f}",
       [](const Round& r) { return ratios_of(r).latency_p99; });
}

Result<> write_json(const Options& options, const std::vector<Round>& rounds) {
  auto json = ordered_json::array();
  for (const Round& round : rounds) {
    ordered_json entry = {{"server", result_json(round.server)}, {"floors", ordered_json::array()}};
    for (const LoadResult& floor : round.floors) entry["floors"].push_back(result_json(floor));
    if (!round.floors.empty()) entry["ratios_to_floor"] = ratios_json(ratios_of(round));
    json.push_back(std::move(entry));
  }
  return write_json(options, std::move(json));
}

}  // namespace ringcast::bench
