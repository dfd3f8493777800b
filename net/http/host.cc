#include "net/http/host.h"

#include <algorithm>

#include "engine/ip_address.h"
#include "net/http/ascii.h"

namespace ringcast::net {

std::string_view without_port(std::string_view host) noexcept {
  const size_t address = host.starts_with('[') ? host.find(']') : 0;
  if (address == std::string_view::npos) return host;
  const size_t colon = host.find(':', address);
  const bool is_all_address = address == 0 || colon == address + 1 || host.size() == address + 1;
  return is_all_address ? host.substr(0, colon) : host;
}

bool is_one_of_hosts(std::span<const std::string> names, std::string_view host) noexcept {
  return std::ranges::any_of(names, [name = without_port(host)](const std::string& one) {
    return equals_ignoring_case(one, name);
  });
}

bool is_admin_host(const ListenerConfig& listener, std::string_view host) noexcept {
  const std::string_view name = without_port(host);
  const bool is_v6 = name.size() > 2 && name.starts_with('[') && name.ends_with(']');
  const std::string_view address = is_v6 ? name.substr(1, name.size() - 2) : name;
  return equals_ignoring_case(name, "localhost") || parse_ip_address(address).has_value() ||
         is_one_of_hosts(listener.hosts, host);
}

bool is_public_host(const ListenerConfig& listener, std::string_view host) noexcept {
  return listener.hosts.empty() || is_one_of_hosts(listener.hosts, host) ||
         (listener.serve_admin && is_admin_host(listener, host));
}

}  // namespace ringcast::net
