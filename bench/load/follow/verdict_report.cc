#include "bench/load/follow/verdict_report.h"

#include <fmt/format.h>

namespace ringcast::bench {

using nlohmann::ordered_json;

void print_faults(const FollowVerdict& verdict) {
  fmt::print(
      "                    {} lost, {} repeated, {} out of order, {} named by two gaps, {} gaps "
      "contradicted\n"
      "                    {} damaged, {} to the wrong subscriber, {} under another id than "
      "answered, {} refused yet delivered, {} unanswered\n",
      verdict.uncovered, verdict.repeated, verdict.reordered, verdict.overcovered,
      verdict.contradicted, verdict.damaged, verdict.misdelivered, verdict.ids_differ,
      verdict.refused_yet_delivered, verdict.unanswered);
  for (const std::string& example : verdict.examples)
    fmt::print("                    {}\n", example);
}

ordered_json verdict_json(const FollowVerdict& verdict) {
  return {{"deliveries", verdict.deliveries},
          {"gaps", verdict.gaps},
          {"covered", verdict.covered},
          {"idle_gaps", verdict.idle_gaps},
          {"lost", verdict.uncovered},
          {"covered_twice", verdict.overcovered},
          {"repeated", verdict.repeated},
          {"reordered", verdict.reordered},
          {"damaged", verdict.damaged},
          {"misdelivered", verdict.misdelivered},
          {"contradicted", verdict.contradicted},
          {"unanswered", verdict.unanswered},
          {"ids_differ", verdict.ids_differ},
          {"refused_yet_delivered", verdict.refused_yet_delivered},
          {"examples", verdict.examples}};
}

}  // namespace ringcast::bench
