// What the command line asks for.
//
// Threads: a value type. Failure: parse() has printed help or a complaint when it returns an exit
// code.
#pragma once

#include <string>
#include <variant>

#include "bench/load/churn/churn_plan.h"
#include "bench/load/floor_server.h"
#include "bench/load/load_run.h"
#include "bench/load/recipients/recipients_plan.h"
#include "bench/load/siege/siege_plan.h"
#include "bench/load/stalled/stalled_run.h"

namespace ringcast::bench {

enum class FloorChoice { kNone, kSend, kDirect };

struct Options {
  enum class Mode { kFloor, kFanout, kChurn, kMerge, kStalled, kRecipients, kSiege };
  Mode mode = Mode::kFloor;
  LoadPlan load;
  ChurnPlan churn;
  ChurnPlan merge;
  StalledPlan stalled;
  RecipientsPlan recipients;
  SiegePlan siege;
  FloorChoice floor = FloorChoice::kNone;
  uint32_t rounds = 1;
  int server_cpu = 0;
  int client_cpu = 1;
  std::string url;  // empty, and the other likewise: where the server that is started says
  std::string publish_url;
  std::string start;
  pid_t pid = 0;
  std::string json;
  std::string command_line;
};

// The options, or the code to exit with.
std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace ringcast::bench
