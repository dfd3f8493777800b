#include "net/unix_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/uring/kernel_probe.h"

namespace ringcast::net {

namespace {

Error cannot_listen(const std::string& path, std::string_view why) {
  return {fmt::format("cannot listen on unix:{}: {}", path, why)};
}

Error cannot_listen(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return cannot_listen(path,
                           "its directory does not exist; make it, or change listeners[].bind");
    case EACCES:
    case EPERM:
    case EROFS:
      return cannot_listen(
          path,
          "this user may not write to its directory; change the directory's owner, "
          "or listeners[].bind");
    default:
      return cannot_listen(path, fmt::format("{}; check listeners[].bind", std::strerror(error)));
  }
}

// Requires: a path that fits, as the configuration has checked.
sockaddr_un address_of(const std::string& path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

template <typename Call>
int with_address(const std::string& path, const UniqueFd& fd, Call call) noexcept {
  const sockaddr_un address = address_of(path);
  return call(fd.get(), reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address});
}

// Whether somebody listens there; they notice no more than a connection that says nothing.
bool is_in_use(const std::string& path) noexcept {
  const UniqueFd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int connected = with_address(path, probe, ::connect);
  return connected == 0 || errno == EAGAIN;  // EAGAIN: its backlog is full
}

// Makes room for the file.
Result<> clear_away(const std::string& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return {};  // if that is in the way, bind() will say so
  if (!S_ISSOCK(file.st_mode)) {
    return cannot_listen(path,
                         "there is a file of that name, which is no socket; move it, or change "
                         "listeners[].bind");
  }
  if (is_in_use(path)) {
    return cannot_listen(path,
                         "another process listens there; stop it, or change listeners[].bind");
  }
  if (::unlink(path.c_str()) != 0) return cannot_listen(path, errno);
  return {};
}

}  // namespace

Result<std::unique_ptr<UnixSocket>> UnixSocket::open(const ListenerConfig& config) {
  const std::string& path = config.socket_path;
  if (Result<> cleared = clear_away(path); !cleared) return cleared.error();
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return cannot_listen(path, errno);
  if (with_address(path, fd, ::bind) != 0) return cannot_listen(path, errno);
  std::unique_ptr<UnixSocket> socket(new UnixSocket(path, std::move(fd)));
  struct stat file {};
  if (::lstat(path.c_str(), &file) == 0) {
    socket->device_ = file.st_dev;
    socket->inode_ = file.st_ino;
  }
  // Before listen(): until then nobody gets in, whatever the permissions.
  if (::chmod(path.c_str(), config.socket_mode) != 0 ||
      ::listen(socket->fd_.get(), int{kListenBacklog}) != 0) {
    return cannot_listen(path, errno);
  }
  return socket;
}

UnixSocket::~UnixSocket() {
  struct stat file {};
  const bool is_there = ::lstat(path_.c_str(), &file) == 0;
  if (is_there && file.st_dev == device_ && file.st_ino == inode_) ::unlink(path_.c_str());
}

Result<UniqueFd> UnixSocket::share() const {
  UniqueFd fd{::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)};
  if (!fd) return cannot_listen(path_, errno);
  return fd;
}

}  // namespace ringcast::net
