// A network of our own, for tests that let a peer vanish: two namespaces joined by one cable, with
// nothing of the machine's network in them.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace ringcast {

// Moves this process into an empty network. As root it needs nothing else; an ordinary user becomes
// root of a user namespace first, where the kernel allows that. Requires: one thread.
inline void enter_new_network() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    throw std::runtime_error("cannot make a network namespace: " +
                             std::string(std::strerror(errno)));
  }
  if (user == 0) return;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
}

// Runs the ip command of iproute2 with `words`, separated by single spaces.
inline void ip(const std::string& words) {
  std::vector<std::string> command = {"/sbin/ip"};
  for (size_t begin = 0; begin < words.size();) {
    const size_t end = std::min(words.find(' ', begin), words.size());
    command.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  const ChildEnd end = run(command);
  if (end.status != 0) throw std::runtime_error("ip " + words + ": " + end.err);
}

// One byte from one process to the other: "go on".
class Baton {
 public:
  Baton() {
    if (::pipe2(fds_, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  }
  ~Baton() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  Baton(const Baton&) = delete;
  Baton& operator=(const Baton&) = delete;

  void pass() {
    if (::write(fds_[1], "x", 1) != 1) throw std::runtime_error("a baton was dropped");
  }
  void await() {
    char byte = 0;
    if (::read(fds_[0], &byte, 1) != 1) throw std::runtime_error("a baton was dropped");
  }

 private:
  int fds_[2];
};

}  // namespace ringcast
