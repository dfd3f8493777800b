#include "bench/load/scenario_options.h"

#include <map>

#include "bench/load/command_options.h"
#include "bench/load/follow/tagged_data.h"

namespace ringcast::bench {
namespace {

// `50ms..500ms`, as the server's configuration writes ranges.
void add_range(CLI::App& command, const char* name, DurationRange& range, const char* what) {
  command.add_option_function<std::string>(
      name,
      [&range](const std::string& text) {
        const size_t dots = text.find("..");
        if (dots == std::string::npos)
          throw CLI::ValidationError(text, "a range is written as 50ms..500ms");
        std::string least = text.substr(0, dots);
        std::string most = text.substr(dots + 2);
        for (std::string* end : {&least, &most}) {
          if (const std::string wrong = as_duration()(*end); !wrong.empty())
            throw CLI::ValidationError(text, wrong);
        }
        range = {.least_ns = std::stoll(least), .most_ns = std::stoll(most)};
      },
      what);
}

void add_size(CLI::App& command, size_t& bytes) {
  command.add_option("--size", bytes, "Bytes of data in an event")
      ->capture_default_str()
      ->check(CLI::Range(kTaggedBytesMin, size_t{16} << 20));
}

void add_publishing(CLI::App& command, PublishingPlan& plan) {
  command.add_option("--rate", plan.rate, "Events a second, of all publishers together")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--publishers", plan.lanes, "Connections to publish on")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command.add_option("--pipeline", plan.pipeline, "Unanswered publishes a connection may have")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--duration", plan.duration_ns, "Publish for so long, such as 60s")
      ->transform(as_duration());
  add_size(command, plan.data_bytes);
}

void add_pairs(CLI::App& command, uint32_t& pairs, double& latency_bar) {
  command.add_option("--pairs", pairs, "Phases without and with, in turn")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      .add_option("--latency-bar", latency_bar,
                  "p99 with to that of the phase before it, without: the median")
      ->capture_default_str();
}

void add_churn_options(CLI::App& command, ChurnPlan& plan) {
  command.add_option("--subscribers", plan.subscribers, "Subscribers that come and go")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--channels", plan.channels, "Channels c0, c1, …")->capture_default_str();
  command.add_option("--recipients", plan.recipients, "Recipients inbox/r0, inbox/r1, …")
      ->capture_default_str();
  command
      .add_option("--shares", plan.shares,
                  "Of 100 subscribers, how many follow one channel, one recipient, one of each, "
                  "all channels: 30,30,35,5")
      ->delimiter(',');
  command
      .add_option("--channel-share", plan.channel_share,
                  "Share of the events that go to channels; the rest go to recipients")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  add_publishing(command, plan.publishing);
  add_range(command, "--session", plan.session, "How long a connection lasts: 50ms..500ms");
  add_range(command, "--away", plan.away, "How long before the next one: 0ms..50ms");
  const std::map<std::string, CutBy> cuts = {{"time", CutBy::kTime}, {"bytes", CutBy::kBytes}};
  command.add_option("--cut", plan.cut, "What ends a connection: time, or bytes received too")
      ->transform(CLI::CheckedTransformer(cuts));
  command.add_option("--cut-bytes", plan.cut_bytes_max, "With --cut bytes: after 1 to so many")
      ->transform(CLI::AsSizeValue(false));
  const std::map<std::string, bool> gaps = {{"allowed", true}, {"none", false}};
  command
      .add_option("--gaps", plan.gaps_allowed,
                  "none: nothing may be missing; allowed: what is must be named by one gap event")
      ->transform(CLI::CheckedTransformer(gaps));
  command.add_option("--seed", plan.seed, "Of all that is random")->capture_default_str();
}

void add_stalled_options(CLI::App& command, StalledPlan& plan) {
  command.add_option("--healthy", plan.healthy, "Subscribers that read")->capture_default_str();
  command.add_option("--stalled", plan.stalled, "Among them, subscribers that do not")
      ->capture_default_str();
  command.add_option("--trickle", plan.trickling, "And some that read one byte a second")
      ->capture_default_str();
  command.add_option("--channels", plan.channels, "Channels c0, c1, … they are spread over")
      ->capture_default_str();
  add_publishing(command, plan.publishing);
  command.add_option("--receive-buffer", plan.receive_buffer_bytes, "SO_RCVBUF of those")
      ->transform(CLI::AsSizeValue(false));
  const std::map<std::string, LagPolicy> policies = {{"disconnect", LagPolicy::kDisconnect},
                                                     {"skip", LagPolicy::kSkip}};
  command.add_option("--policy", plan.policy, "The server's slow_subscriber: disconnect or skip")
      ->transform(CLI::CheckedTransformer(policies));
  add_pairs(command, plan.pairs, plan.latency_bar);
  command
      .add_option("--growth-bar", plan.growth_bar_bytes,
                  "RSS the server may gain in the second half")
      ->transform(CLI::AsSizeValue(false));
}

void add_recipients_options(CLI::App& command, RecipientsPlan& plan) {
  command.add_option("--recipients", plan.recipients, "Recipients inbox/r0, inbox/r1, …")
      ->capture_default_str();
  command.add_option("--connects", plan.connects, "Connections of each kind")
      ->capture_default_str();
  command.add_option("--blocks", plan.blocks, "In so many blocks, kind after kind")
      ->capture_default_str();
  command.add_option("--batch", plan.batch_events, "Events of one POST /events")
      ->capture_default_str();
  add_size(command, plan.data_bytes);
  command.add_option("--in-flight", plan.in_flight, "Connections at a time")->capture_default_str();
  command.add_option("--memory-bar", plan.memory_bar_bytes, "Bytes beyond a recipient's frame")
      ->capture_default_str();
  command.add_option("--resume-bar", plan.resume_bar_us, "µs of CPU beyond a plain channel's")
      ->capture_default_str();
  command.add_option("--seed", plan.seed, "Of all that is random")->capture_default_str();
}

void add_siege_options(CLI::App& command, SiegePlan& plan) {
  StalledPlan& normal = plan.normal;
  command.add_option("--subscribers", normal.healthy, "Normal subscribers")->capture_default_str();
  command.add_option("--channels", normal.channels, "Channels c0, c1, … they are spread over")
      ->capture_default_str();
  add_publishing(command, normal.publishing);
  add_pairs(command, normal.pairs, normal.latency_bar);
  command.add_option("--attack", plan.attack.command,
                     "A command that attacks; or refused: a flood of refused requests; or heads: "
                     "request heads that never end");
  command.add_option("--attackers", plan.attack.attackers,
                     "Connections that must have been open at a time; of heads: that are opened");
  const std::map<std::string, RefusedFor> reasons = {{"malformed", RefusedFor::kMalformed},
                                                     {"unauthorized", RefusedFor::kUnauthorized},
                                                     {"over-limit", RefusedFor::kOverLimit}};
  command.add_option("--refused-for", plan.attack.refused_for, "What the flood is refused for")
      ->transform(CLI::CheckedTransformer(reasons));
  command.add_option("--attack-rate", plan.attack.rate, "Requests a second of the flood")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--attack-for", plan.attack.duration_ns, "The flood ends after so long: 60s")
      ->transform(as_duration());
  command
      .add_option("--deadline", plan.deadline_ns,
                  "All attackers must be gone so long after the last wave of them: 40s")
      ->transform(as_duration());
  command
      .add_option("--memory-bar", plan.memory_bar_bytes,
                  "RSS an attack may leave behind, beyond what a phase without one does")
      ->transform(CLI::AsSizeValue(false));
}

}  // namespace

ScenarioCommands::ScenarioCommands(CLI::App& app, Options& options) : options_(options) {
  options.merge = merge_preset();
  churn_ = add(app, "churn", "Subscribers that break and resume: nothing lost, nothing twice");
  add_churn_options(*churn_, options.churn);
  merge_ = add(app, "merge", "churn, with every subscriber on all of 64 channels");
  add_churn_options(*merge_, options.merge);
  stalled_ = add(app, "stalled", "Healthy subscribers with and without some that stop reading");
  add_stalled_options(*stalled_, options.stalled);
  recipients_ = add(app, "recipients", "What a million recipients and their resumes cost");
  add_recipients_options(*recipients_, options.recipients);
  siege_ = add(app, "siege", "Normal subscribers with and without an attack on the server");
  add_siege_options(*siege_, options.siege);
}

CLI::App* ScenarioCommands::add(CLI::App& app, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  add_server_options(*command, options_);
  add_machine_options(*command, options_);
  return command;
}

Options::Mode ScenarioCommands::chosen() const {
  if (churn_->parsed()) return Options::Mode::kChurn;
  if (merge_->parsed()) return Options::Mode::kMerge;
  if (stalled_->parsed()) return Options::Mode::kStalled;
  return siege_->parsed() ? Options::Mode::kSiege : Options::Mode::kRecipients;
}

std::string ScenarioCommands::problem() const {
  if (churn_->parsed()) return problem_of(options_.churn);
  if (merge_->parsed()) return problem_of(options_.merge);
  if (stalled_->parsed()) return problem_of(options_.stalled);
  return siege_->parsed() ? problem_of(options_.siege) : problem_of(options_.recipients);
}

}  // namespace ringcast::bench
