// ringcast: the command line. Each command is a few lines: flags in, one call, an exit status out.

#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "engine/config/load.h"
#include "net/listener.h"
#include "net/server.h"
#include "tools/access_commands.h"
#include "tools/access_reload.h"
#include "tools/load_and_report.h"

namespace {

using ringcast::Config;

constexpr int kCannot = 1;

// These are for the main thread to wait for; every thread it starts inherits the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

std::string roles(const ringcast::ListenerConfig& listener) {
  std::string text;
  if (listener.serve_subscribe) text += " subscribe";
  if (listener.serve_publish) text += " publish";
  if (listener.serve_admin) text += " admin";
  return text;
}

// The server needs no privilege beyond its ports, and nothing it could be made to run may gain one. Core files are left
// alone: a crash of ours is looked into with one; a deployment forbids them (configs/deploy/ringcast.service).
void give_up_privileges() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// Waits until the server is to end. Who sends a SIGHUP asks for what has changed; the kernel sends one when the terminal has gone that
// this was started in.
void wait_for_the_end(const sigset_t& signals, AccessReload& reload) {
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals, &info);
    if (signal < 0) continue;  // it was stopped, and goes on
    if (signal != SIGHUP || info.si_code == SI_KERNEL) return;
    reload.run();
  }
}

int serve(const std::string& path) {
  give_up_privileges();
  const std::optional<Config> config =
      path.empty() ? ringcast::default_config() : load_and_report(path);
  if (!config) return kCannot;
  sigset_t signals = block_signals();
  auto server = ringcast::net::Server::start(*config);
  if (!server) {
    fmt::print(stderr, "ringcast: {}\n", server.error().message);
    return kCannot;
  }
  const ringcast::net::Capacity& capacity = (*server)->capacity();
  fmt::print("ringcast: {} shard{}, {} descriptors, {} connections a shard\n", capacity.shards,
             capacity.shards == 1 ? "" : "s",
             capacity.descriptors == ringcast::net::DescriptorKind::kDirect ? "direct" : "plain",
             capacity.connections_per_shard_max);
  for (size_t i = 0; i < config->listeners.size(); ++i) {
    ringcast::ListenerConfig listener = config->listeners[i];
    listener.port = (*server)->port(i);
    fmt::print("ringcast: {} serves{}\n", ringcast::net::bind_name(listener), roles(listener));
  }
  std::fflush(stdout);
  AccessReload reload{path, *config, **server};
  wait_for_the_end(signals, reload);
  fmt::print("ringcast: stopping\n");
  std::fflush(stdout);
  // A second one does not wait for anybody; for keys it is too late.
  sigdelset(&signals, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return 0;
}

int check(const std::string& path) {
  if (!load_and_report(path)) return kCannot;
  fmt::print("{}: ok\n", path);
  return 0;
}

int print_config(const std::string& path) {
  if (path.empty()) {
    fmt::print("{}", ringcast::to_yaml(ringcast::default_config()));
    return 0;
  }
  const std::optional<Config> config = load_and_report(path);
  if (!config) return kCannot;
  fmt::print("{}", ringcast::to_yaml(*config));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"ringcast pushes events to very many browsers, as Server-Sent Events"};
  app.require_subcommand(1);

  std::string serve_path;
  CLI::App* const serve_command = app.add_subcommand(
      "serve", "Serve until SIGINT or SIGTERM; SIGHUP takes over keys that have changed");
  serve_command->add_option("--config", serve_path,
                            "the configuration file; without one, what `ringcast config` prints");

  std::string check_path;
  CLI::App* const check_command =
      app.add_subcommand("check", "Say everything that is wrong with a configuration file");
  check_command->add_option("FILE", check_path)->required();

  bool defaults = false;
  std::string effective_path;
  CLI::App* const config_command =
      app.add_subcommand("config", "Print a configuration with every key spelled out");
  CLI::Option* const effective =
      config_command->add_option("--effective", effective_path, "what FILE amounts to");
  config_command->add_flag("--defaults", defaults, "what an empty file would amount to")
      ->excludes(effective);

  const AccessCommands access{app};

  CLI11_PARSE(app, argc, argv);
  if (const std::optional<int> status = access.run()) return *status;
  if (*serve_command) return serve(serve_path);
  if (*check_command) return check(check_path);
  return print_config(effective_path);
}
