#include "net/server.h"

#include <pthread.h>

#include <csignal>

#include "engine/access/access.h"
#include "engine/access/current_access.h"
#include "engine/books.h"
#include "engine/idempotency_keys.h"
#include "engine/log/memory_log.h"
#include "engine/random_source.h"
#include "net/admin.h"
#include "net/admission.h"
#include "net/doorbell.h"
#include "net/line_writer.h"
#include "net/listener.h"
#include "net/shard.h"
#include "net/unix_socket.h"
#include "net/uring/kernel.h"

namespace ringcast::net {

namespace {

// Room for a batch of frames beside everything else a turn prepares.
constexpr unsigned kSubmissionEntries = 2 * kSendsPerBatchMax;

// A whole batch may fail and a whole backlog be accepted between two drains, without any completion
// being set aside.
constexpr unsigned kCompletionEntries = 8192;

Result<std::unique_ptr<Access>> read_access(const Config& config) {
  Result<std::unique_ptr<Access>> access = Access::create(config);
  if (!access) return Error{"access: " + access.error().message};
  return access;
}

}  // namespace

Server::Server(const Config& config, const Capacity& capacity)
    : config_(config.server),
      limits_(config.limits),
      log_config_(config.log),
      capacity_(capacity),
      node_limits_(std::make_unique<NodeLimits>(limits_, config.server.connections_max)),
      epochs_(capacity.shards),
      counters_(capacity.shards) {}

EventLog& Server::log() noexcept {
  return *log_;
}

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  Result<Capacity> capacity =
      plan_capacity(config.server, Machine::this_one(), config.listeners.size());
  if (!capacity) return capacity.error();
  if (config.listeners.size() > kListenersMax) {
    return Error{"more than 255 listeners; bind fewer addresses, 0.0.0.0 or [::] is all of them"};
  }
  std::unique_ptr<Server> server(new Server(config, *capacity));
  if (Result<> opened = server->open(config); !opened) return opened.error();
  server->run(config);
  return server;
}

// Everything that can fail happens here, before any thread runs.
Result<> Server::open(const Config& config) {
  Result<std::unique_ptr<Access>> access = read_access(config);
  if (!access) return access.error();
  access_ = std::make_unique<CurrentAccess>(std::move(*access), capacity_.shards);
  key_changes_.read_s = wall_now_ms() / 1000;
  Result<std::unique_ptr<Channels>> channels = Channels::create(config.channels, epochs_);
  if (!channels) return channels.error();
  channels_ = std::move(*channels);
  Result<std::unique_ptr<Doorbells>> doorbells =
      Doorbells::create(capacity_.shards, channels_->size());
  if (!doorbells) return doorbells.error();
  doorbells_ = std::move(*doorbells);
  log_ = std::make_unique<MemoryLog>(*channels_, *doorbells_);
  if (!log_config_.access.to.empty()) {
    Result<std::unique_ptr<LineWriter>> writer = LineWriter::open(log_config_.access.to);
    if (!writer) return writer.error();
    access_log_ = std::move(*writer);
  }
  listeners_ = config.listeners;
  admin_ = std::make_unique<Admin>(counters_, *channels_, *log_, *doorbells_, listeners_,
                                   key_changes_, node_limits_->sources());
  idempotency_keys_ = std::make_unique<IdempotencyKeys>(config.server.idempotency_keys_max);

  for (size_t number = 0; number < capacity_.shards; ++number) {
    if (Result<> shard = open_shard(number); !shard) return shard.error();
  }
  return {};
}

// The first shard settles which ports are used; the others share them.
Result<> Server::open_shard(size_t number) {
  std::vector<Listener> own;
  for (ListenerConfig& config : listeners_) {
    Result<Listener> listener =
        config.is_unix() ? listen_on_unix(config)
                         : listen_on(config, number == 0 ? PortUse::kFirst : PortUse::kShared);
    if (!listener) return listener.error();
    config.port = listener->config.port;
    own.push_back(std::move(*listener));
  }
  const unsigned direct_slots =
      capacity_.descriptors == DescriptorKind::kDirect ? capacity_.slots_per_shard : 0;
  Result<std::unique_ptr<LiveKernel>> kernel =
      LiveKernel::open({kSubmissionEntries, kCompletionEntries, direct_slots});
  if (!kernel) return kernel.error();
  kernels_.push_back(std::move(*kernel));
  const ShardParts parts{*channels_,
                         *log_,
                         epochs_[number],
                         doorbells_->of(number),
                         counters_[number],
                         *admin_,
                         *idempotency_keys_,
                         config_,
                         *node_limits_,
                         *access_,
                         &committing_,
                         access_log_.get(),
                         log_config_.access.sample};
  shards_.push_back(
      std::make_unique<Shard>(number, capacity_, *kernels_.back(), std::move(own), parts));
  return {};
}

// Once for all shards.
Result<Listener> Server::listen_on_unix(const ListenerConfig& config) {
  std::unique_ptr<UnixSocket>& socket = unix_sockets_[config.socket_path];
  if (socket == nullptr) {
    Result<std::unique_ptr<UnixSocket>> opened = UnixSocket::open(config);
    if (!opened) return opened.error();
    socket = std::move(*opened);
  }
  Result<UniqueFd> fd = socket->share();
  if (!fd) return fd.error();
  return Listener{std::move(*fd), config};
}

void Server::run(const Config& config) {
  committing_ = shards_.size();
  // A socket whose peer has gone is told so by its send, not by a signal.
  std::signal(SIGPIPE, SIG_IGN);
  for (size_t number = 0; number < shards_.size(); ++number) {
    threads_.emplace_back([this, number] {
      pthread_setname_np(pthread_self(), "shard");
      kernels_[number]->adopt_by_this_thread();
      shards_[number]->run();
    });
  }
  for (const ChannelConfig& channel : config.channels) {
    if (!channel.source) continue;
    sources_.push_back(
        std::make_unique<RandomSource>(*log_, *channels_->by_name(channel.name), *channel.source));
  }
}

Result<KeyCounts> Server::change_access(const Config& config) {
  const uint64_t now_s = wall_now_ms() / 1000;
  Result<std::unique_ptr<Access>> access = read_access(config);
  if (!access) return access.error();
  const KeyCounts counts = (*access)->key_counts();
  access_->exchange(std::move(*access), [this] {
    for (size_t shard = 0; shard < shards_.size(); ++shard) doorbells_->of(shard).wake();
  });
  key_changes_.taken.add();
  key_changes_.read_s.store(now_s, std::memory_order_relaxed);
  return counts;
}

Server::~Server() {
  unix_sockets_.clear();  // first of all: whoever starts next finds the way clear
  sources_.clear();
  for (const auto& shard : shards_) shard->request_stop();
  threads_.clear();
  RC_DCHECK(books_balance());
}

bool Server::books_balance() {
  const auto guard = log_->hold();
  std::vector<uint64_t> owed(channels_->size(), 0);
  for (const auto& shard : shards_) shard->add_owed(owed);
  for (ChannelNumber i = 0; i < channels_->size(); ++i) {
    if (!read_books(channels_->at(i)).balance(owed[i])) return false;
  }
  return true;
}

}  // namespace ringcast::net
