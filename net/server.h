// Server: the whole node, put together from a Config: rings, log, shards and built-in sources.
//
// Threads: made, asked and stopped by one thread; it runs one more per shard and per source.
// Memory: see the parts; the shards' tables are sized by what the configuration allows and touched
// as they are used.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/channels.h"
#include "engine/config/config.h"
#include "engine/epoch.h"
#include "net/counters.h"
#include "net/uring/kernel_probe.h"

// The parts are named here and not included: whoever starts a node need not read all that it is made of.
namespace ringcast {
class CurrentAccess;
class EventLog;
class IdempotencyKeys;
class MemoryLog;
class RandomSource;
struct KeyCounts;
}  // namespace ringcast

namespace ringcast::net {

class Admin;
class Doorbells;
class LineWriter;
class LiveKernel;
class NodeLimits;
class Shard;
class UnixSocket;
struct Listener;

class Server {
 public:
  // A node that serves already. Fails with cause and remedy.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Config& config);

  // Stops and waits: everything committed is delivered to whoever keeps up, streams end cleanly.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Goes over to the access section of `config`, which is otherwise what the server was started with, and to what its key
  // files hold now. When this returns all shards go by it; streams and requests that they have let in go on. On failure
  // everything stays as it was.
  [[nodiscard]] Result<KeyCounts> change_access(const Config& config);
  // There was a change to be made, and it was refused before it came to that: counts it.
  void note_refused_change() noexcept { key_changes_.refused.add(); }

  // The port that the i-th configured listener really has; 0 for a unix socket.
  [[nodiscard]] uint16_t port(size_t listener) const noexcept { return listeners_[listener].port; }
  [[nodiscard]] const Capacity& capacity() const noexcept { return capacity_; }

  // Where in-process publishers put their events, and into what.
  [[nodiscard]] EventLog& log() noexcept;
  [[nodiscard]] const Channels& channels() const noexcept { return *channels_; }

  // One set per shard; read them at any time.
  [[nodiscard]] const std::vector<Counters>& counters() const noexcept { return counters_; }

 private:
  Server(const Config& config, const Capacity& capacity);

  Result<> open(const Config& config);
  Result<> open_shard(size_t number);
  [[nodiscard]] Result<Listener> listen_on_unix(const ListenerConfig& config);
  void run(const Config& config);
  // Whether every event that was ever owed is accounted for, channel by channel. Requires: no shard runs.
  [[nodiscard]] bool books_balance();

  const ServerConfig config_;
  const LimitsConfig limits_;
  const LogConfig log_config_;
  const Capacity capacity_;
  const std::unique_ptr<NodeLimits> node_limits_;
  Epochs epochs_;
  std::vector<Counters> counters_;
  KeyChanges key_changes_;
  std::unique_ptr<Channels> channels_;
  std::unique_ptr<Doorbells> doorbells_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<CurrentAccess> access_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<LineWriter> access_log_;  // nullptr: off
  std::unique_ptr<IdempotencyKeys> idempotency_keys_;
  std::vector<ListenerConfig> listeners_;  // with the ports they really have
  std::map<std::string, std::unique_ptr<UnixSocket>> unix_sockets_;  // by path
  std::atomic<size_t> committing_{0};                                // see ShardParts
  std::vector<std::unique_ptr<LiveKernel>> kernels_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<RandomSource>> sources_;
  std::vector<std::jthread> threads_;
};

}  // namespace ringcast::net
