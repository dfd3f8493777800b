// UnixSocket: a listening unix socket and its file. All shards accept from the one socket, because there is no
// SO_REUSEPORT for it; the kernel hands each connection to one of them.
//
// Threads: one; start-up and the end. Memory: none to speak of.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/config/config.h"

namespace ringcast::net {

class UnixSocket {
 public:
  // Binds, sets the file's permissions and listens. A file that a server left behind when it was killed is replaced:
  // one that is a socket, and that nobody listens on. Fails with the path, the cause and the remedy.
  [[nodiscard]] static Result<std::unique_ptr<UnixSocket>> open(const ListenerConfig& config);

  // Removes the file, unless it is another one by now.
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  // Another descriptor of the socket.
  [[nodiscard]] Result<UniqueFd> share() const;

 private:
  UnixSocket(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  const std::string path_;
  UniqueFd fd_;
  // Which file is ours.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace ringcast::net
