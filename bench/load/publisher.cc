#include "bench/load/publisher.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

// A refused publish is tried again after this: long enough not to be a hammer, short beside any
// publish_wait.
constexpr int64_t kRetryAfterNs = 50 * kMillisecond;

}  // namespace

std::string publish_request(const PublishPlan& plan, const EventStamp& stamp) {
  std::string request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: "
      "{}\r\n\r\n",
      plan.path, plan.data_bytes);
  append_event_data(request, stamp, plan.data_bytes);
  return request;
}

Publisher::Publisher(PublishPlan plan) : plan_(std::move(plan)), connections_(plan_.connections) {
  record_.issued.resize(plan_.connections);
}

Result<> Publisher::connect() {
  for (uint32_t i = 0; i < plan_.connections; ++i) {
    UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int on = 1;
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&plan_.server),
                         sizeof(plan_.server)) != 0) {
      return Error{fmt::format("cannot connect to publish on port {} ({}); is --publish-url right?",
                               ntohs(plan_.server.sin_port), std::strerror(errno))};
    }
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockets_.push_back(std::move(fd));
  }
  return {};
}

int64_t Publisher::intended_ns(uint64_t event) const noexcept {
  return start_ns_ + static_cast<int64_t>(event) * plan_.interval_ns;
}

bool Publisher::schedule_over(int64_t now_ns) const noexcept {
  const bool paced = plan_.interval_ns > 0;
  if (plan_.events_max > 0 && scheduled_ >= plan_.events_max) return true;
  if (plan_.duration_ns == 0) return false;
  return (paced ? intended_ns(scheduled_) : now_ns) >= start_ns_ + plan_.duration_ns;
}

Publisher::Connection* Publisher::with_room() noexcept {
  for (uint32_t tried = 0; tried < plan_.connections; ++tried) {
    Connection& connection = connections_[turn_];
    if (connection.unanswered.size() < plan_.pipeline) return &connection;
    turn_ = (turn_ + 1) % plan_.connections;
  }
  return nullptr;
}

void Publisher::pump(int64_t now_ns) {
  if (failure_ || now_ns < start_ns_) return;
  while (!retries_.empty() && retries_.front().due_ns <= now_ns && with_room() != nullptr) {
    issue(turn_, retries_.front().intended_ns, now_ns);
    retries_.pop_front();
  }
  while (!schedule_over(now_ns) && with_room() != nullptr) {
    const int64_t intended = plan_.interval_ns > 0 ? intended_ns(scheduled_) : now_ns;
    if (intended > now_ns) break;
    issue(turn_, intended, now_ns);
    ++scheduled_;
    turn_ = (turn_ + 1) % plan_.connections;
  }
  for (uint32_t i = 0; i < plan_.connections; ++i) flush(i);
}

void Publisher::issue(uint32_t index, int64_t intended, int64_t now_ns) {
  Connection& connection = connections_[index];
  const uint64_t number = record_.issued[index]++ * plan_.connections + index;
  connection.unsent += publish_request(plan_, {.number = number, .intended_ns = intended});
  connection.unanswered.push_back({.number = number, .intended_ns = intended, .sent_ns = now_ns});
  lateness_.record(static_cast<uint64_t>(std::max<int64_t>(now_ns - intended, 0)));
  ++issued_;
  ++unanswered_;
}

void Publisher::flush(uint32_t index) {
  std::string& unsent = connections_[index].unsent;
  if (unsent.empty()) return;
  const ssize_t sent =
      ::send(sockets_[index].get(), unsent.data(), unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) unsent.erase(0, static_cast<size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR)
    fail(fmt::format("publishing failed: {}", std::strerror(errno)));
}

void Publisher::on_answer(uint32_t index, std::string_view bytes, int64_t now_ns) {
  if (bytes.empty()) return fail("the server closed a publisher's connection");
  Connection& connection = connections_[index];
  connection.answer.append(bytes);
  std::string_view rest = connection.answer;
  while (!rest.empty() && !failure_) {
    const auto answer = split_answer(rest);
    if (!answer) break;
    on_whole_answer(connection, *answer, now_ns);
    rest.remove_prefix(answer->bytes);
  }
  connection.answer.erase(0, connection.answer.size() - rest.size());
}

void Publisher::on_whole_answer(Connection& connection, const HttpAnswer& answer, int64_t now_ns) {
  if (connection.unanswered.empty())
    return fail("the server answered more publishes than it was sent");
  const Unanswered publish = connection.unanswered.front();
  connection.unanswered.pop_front();
  --unanswered_;
  wait_.record(static_cast<uint64_t>(now_ns - publish.sent_ns));
  if (answer.status == 503) {
    record_.refused.insert(publish.number);
    retries_.push_back({.intended_ns = publish.intended_ns, .due_ns = now_ns + kRetryAfterNs});
    return;
  }
  const auto id = id_after(answer.body, "\"id\":\"");
  const auto subscribers = number_after(answer.body, "\"subscribers\":");
  if (answer.status != 201 || !id || !subscribers) {
    return fail(fmt::format("a publish was answered: {} {}", answer.status_line(), answer.body));
  }
  ++accepted_;
  if (*subscribers != plan_.subscribers) ++miscounted_;
  id_digest_ += digest_of(publish.number, *id);
}

int64_t Publisher::next_due_ns(int64_t now_ns) const noexcept {
  int64_t due = INT64_MAX;
  if (!retries_.empty()) due = retries_.front().due_ns;
  if (!schedule_over(now_ns))
    due = std::min(due, plan_.interval_ns > 0 ? intended_ns(scheduled_) : start_ns_);
  return due;
}

bool Publisher::done(int64_t now_ns) const noexcept {
  return schedule_over(now_ns) && unanswered_ == 0 && retries_.empty();
}

void Publisher::fail(std::string what) {
  if (!failure_) failure_ = Error{std::move(what)};
}

}  // namespace ringcast::bench
