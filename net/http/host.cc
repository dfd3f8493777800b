#include "net/http/host.h"

#include <algorithm>

#include "net/http/ascii.h"

namespace ringcast::net {

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_one_of_hosts(std::span<const std::string> names, std::string_view host) noexcept {
  return std::ranges::any_of(names, [name = without_port(host)](const std::string& one) {
    return equals_ignoring_case(one, name);
  });
}

bool is_admin_host(const ListenerConfig& listener, std::string_view host) noexcept {
  const std::string_view name = without_port(host);
  const std::string_view address = name.starts_with('[') ? name.substr(1, name.size() - 2) : name;
  return equals_ignoring_case(name, "localhost") || name == "127.0.0.1" || name == "[::1]" ||
         (!address.empty() && address == listener.host) || is_one_of_hosts(listener.hosts, host);
}

bool is_public_host(const ListenerConfig& listener, std::string_view host) noexcept {
  return listener.hosts.empty() || is_one_of_hosts(listener.hosts, host) ||
         (listener.serve_admin && is_admin_host(listener, host));
}

}  // namespace ringcast::net
