#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/support/tcp_client.h"

namespace ringcast {

namespace {

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string make_folder() {
  std::string name = testing::TempDir() + "ringcast-proxy-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw ClientFailure("cannot make " + name);
  return name;
}

// One that was free a moment ago; nginx does not take 0.
uint16_t free_port() {
  const UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), any, bytes) != 0 || ::getsockname(fd.get(), any, &bytes) != 0) {
    throw ClientFailure("there is no free port");
  }
  return ntohs(address.sin_port);
}

// Every `from` in `text` becomes `to`; the sample has to have it.
void put(std::string& text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  if (at == std::string::npos) throw ClientFailure("the sample configuration has no " + from);
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Around the sample, which is a part of the configuration that Debian's nginx comes with.
constexpr const char* kNginxAround = R"(
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events { worker_connections 2000; }
http {
  log_format requests '$remote_addr:$remote_port $status "$request"';
  access_log {folder}/access.log requests;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/ringcast.conf;
}
)";

}  // namespace

Proxy::Proxy(ProxyKind kind, uint16_t subscribe_port, uint16_t publish_port, ProxyHeaders headers)
    : folder_(make_folder()), streams_port_(free_port()), publish_port_(free_port()) {
  write_config(kind, subscribe_port, publish_port, headers);
  check_config();
  process_.emplace(command_, [log = path("access.log")] {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, STDOUT_FILENO);
  });
  wait_until_serving();
}

Proxy::~Proxy() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Proxy::write_config(ProxyKind kind, uint16_t subscribe_port, uint16_t publish_port,
                         ProxyHeaders headers) {
  const bool is_nginx = kind == ProxyKind::kNginx;
  const std::string program = is_nginx ? "/usr/sbin/nginx" : "/usr/sbin/haproxy";
  if (::access(program.c_str(), X_OK) != 0) {
    throw ClientFailure(program + " is missing; install it with tools/install-deps");
  }
  std::string config =
      read_file(RINGCAST_PROXY_CONFIGS + std::string(is_nginx ? "/nginx.conf" : "/haproxy.cfg"));
  const auto local = [](uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  put(config, "127.0.0.1:8000", local(subscribe_port));
  put(config, "127.0.0.1:8001", local(publish_port));
  put(config, "127.0.0.1:8081", local(publish_port_));
  if (is_nginx) {
    put(config, "listen 8080", "listen " + local(streams_port_));
    std::string around = kNginxAround;
    put(around, "{folder}", folder_.string());
    std::ofstream(path("ringcast.conf")) << config;
    std::ofstream(path("proxy.conf")) << around;
    command_ = {program, "-p", folder_.string(), "-c", path("proxy.conf")};
    return;
  }
  put(config, "bind :8080", "bind " + local(streams_port_));
  put(config, "port 8001", "port " + std::to_string(publish_port));
  put(config, "/dev/log local0", "stdout format raw local0");
  // Its threads drop a line of the log rather than wait for each other, and here each line counts.
  put(config, "\nglobal\n", "\nglobal\n    nbthread 1\n");
  put(config, "http-reuse safe",
      "http-reuse always");  // the more is reused, the more could go wrong
  // Its health checks go to the other port, and there without.
  if (headers != ProxyHeaders::kNone) {
    const std::string server = "server ringcast " + local(subscribe_port);
    put(config, server,
        server + (headers == ProxyHeaders::kVersionOne ? " send-proxy" : " send-proxy-v2"));
  }
  std::ofstream(path("proxy.conf")) << config;
  command_ = {program, "-db", "-f", path("proxy.conf")};
}

void Proxy::check_config() const {
  std::vector<std::string> check = command_;
  check.insert(check.begin() + 1, check[0].ends_with("nginx") ? "-t" : "-c");
  const ChildEnd end = run(check);
  if (end.status != 0) throw ClientFailure("a bad configuration: " + end.out + end.err);
  if (end.err.find("WARNING") != std::string::npos) throw ClientFailure(end.err);
}

void Proxy::wait_until_serving() const {
  for (const uint16_t port : {streams_port_, publish_port_}) {
    const bool serves = comes_true([&] {
      try {
        TcpClient client(port);
        return true;
      } catch (const ClientFailure&) {
        return false;
      }
    });
    if (!serves) throw ClientFailure("the proxy does not serve: " + read_file(path("error.log")));
  }
}

std::vector<std::string> Proxy::stop() {
  process_->send_signal(SIGTERM);
  (void)process_->wait();
  process_.reset();
  std::vector<std::string> lines;
  std::ifstream log(path("access.log"));
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  return lines;
}

}  // namespace ringcast
