#include "tests/load/scripted_hub.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ringcast::bench {
namespace {

constexpr uint64_t kMs = 1'000;  // all ids are 1000-N
constexpr uint64_t kFaultEvery = 5;

using Frames = std::vector<std::pair<FrameId, std::string>>;

std::string chunk(const std::string& content) {
  return fmt::format("{:x}\r\n{}\r\n", content.size(), content);
}

std::string event_chunk(FrameId id, const std::string& data) {
  return chunk(fmt::format("id: {}-{}\ndata: {}\n\n", id.ms, id.seq, data));
}

std::string answer(int status, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

std::string after(const std::string& text, const std::string& key, char end) {
  const size_t at = text.find(key);
  if (at == std::string::npos) return {};
  const size_t from = at + key.size();
  return text.substr(from, text.find(end, from) - from);
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

ScriptedHub::ScriptedHub(Fault fault, size_t kept, GapForm gap_form)
    : fault_(fault), kept_(kept), gap_form_(gap_form) {
  subscribe_fd_ = listen(subscribe);
  publish_fd_ = listen(publish);
  thread_ = std::thread([this] { serve(); });
}

ScriptedHub::~ScriptedHub() {
  stopping_ = true;
  thread_.join();
}

UniqueFd ScriptedHub::listen(sockaddr_in& address) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(fd.get(), generic, bytes), 0);
  EXPECT_EQ(::listen(fd.get(), 512), 0);
  EXPECT_EQ(::getsockname(fd.get(), generic, &bytes), 0);
  return fd;
}

void ScriptedHub::serve() {
  while (!stopping_) {
    std::vector<pollfd> waits = {{subscribe_fd_.get(), POLLIN, 0}, {publish_fd_.get(), POLLIN, 0}};
    for (const Peer& peer : peers_) {
      const auto wanted = static_cast<short>(peer.unsent.empty() ? POLLIN : POLLIN | POLLOUT);
      waits.push_back({peer.fd.get(), wanted, 0});
    }
    ::poll(waits.data(), waits.size(), 10);
    for (size_t i = peers_.size(); i-- > 0;) {
      if ((waits[i + 2].revents & ~POLLOUT) != 0 && !receive(peers_[i]))
        peers_.erase(peers_.begin() + static_cast<ptrdiff_t>(i));
    }
    if (waits[0].revents != 0) accept_from(subscribe_fd_);
    if (waits[1].revents != 0) accept_from(publish_fd_);
    for (Peer& peer : peers_) {
      if (peer.unsent.empty()) continue;
      const ssize_t sent = ::send(peer.fd.get(), peer.unsent.data(), peer.unsent.size(),
                                  MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) peer.unsent.erase(0, static_cast<size_t>(sent));
    }
  }
}

void ScriptedHub::accept_from(const UniqueFd& listener) {
  for (int fd = 0; (fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    peers_.push_back({.fd = UniqueFd(fd), .received = {}, .unsent = {}, .channels = {}});
  }
}

bool ScriptedHub::receive(Peer& peer) {
  char bytes[65536];
  const ssize_t count = ::recv(peer.fd.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (count <= 0) return false;
  peer.received.append(bytes, static_cast<size_t>(count));
  for (size_t head_end = 0; (head_end = peer.received.find("\r\n\r\n")) != std::string::npos;) {
    const std::string head = peer.received.substr(0, head_end + 2);
    const std::string length = after(head, "Content-Length: ", '\r');
    const size_t body_bytes = length.empty() ? 0 : std::stoul(length);
    if (peer.received.size() < head_end + 4 + body_bytes) break;
    const std::string body = peer.received.substr(head_end + 4, body_bytes);
    peer.received.erase(0, head_end + 4 + body_bytes);
    on_request(peer, head, body);
  }
  return true;
}

void ScriptedHub::on_request(Peer& peer, const std::string& head, const std::string& body) {
  const std::string path = after(head, " ", ' ');
  if (head.starts_with("POST ")) {
    on_publish(peer, path, body);
  } else {
    on_subscribe(peer, path, head);
  }
}

void ScriptedHub::on_publish(Peer& peer, const std::string& path, const std::string& body) {
  const auto text = [](FrameId id) { return fmt::format("{}-{}", id.ms, id.seq); };
  if (path != "/events") {
    const FrameId id = commit(path.substr(std::string("/channels/").size()), body).id;
    peer.unsent += answer(201, fmt::format(R"({{"id":"{}","subscribers":0}})", text(id)));
    return;
  }
  std::vector<FrameId> ids;
  for (size_t at = 0; at < body.size();) {
    const size_t end = body.find('\n', at);
    const auto line = nlohmann::json::parse(body.substr(at, end - at));
    ids.push_back(commit(line["channel"], line["data"]).id);
    at = end + 1;
  }
  peer.unsent += answer(201, fmt::format(R"({{"accepted":{},"first_id":"{}","last_id":"{}"}})",
                                         ids.size(), text(ids.front()), text(ids.back())));
}

const ScriptedHub::Event& ScriptedHub::commit(std::string channel, std::string data) {
  events_.push_back({.id = {.ms = kMs, .seq = events_.size() + 1},
                     .channel = std::move(channel),
                     .data = std::move(data)});
  const Event& event = events_.back();
  for (Peer& peer : peers_) {
    if (has(peer.channels, event.channel)) peer.unsent += event_chunk(event.id, event.data);
  }
  return event;
}

void ScriptedHub::on_subscribe(Peer& peer, const std::string& path, const std::string& head) {
  const std::string alone = "/channels/";
  if (path.starts_with(alone)) {
    peer.channels = {path.substr(alone.size())};
  } else {
    for (size_t at = 0; (at = path.find("channel=", at)) != std::string::npos; ++at)
      peer.channels.push_back(after(path.substr(at) + "&", "channel=", '&'));
  }
  peer.unsent +=
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
      chunk(":\nretry: 2000\n");
  const auto last = parse_frame_id(after(head, "Last-Event-ID: ", '\r'));
  if (last) replay(peer, *last);
}

void ScriptedHub::replay(Peer& peer, FrameId last) {
  Frames frames;
  std::map<std::string, size_t> newer;  // events of the channel above the one at hand
  for (size_t i = events_.size(); i-- > 0;) {
    const Event& event = events_[i];
    if (event.id <= last) break;
    if (has(peer.channels, event.channel) && newer[event.channel]++ < kept_)
      frames.emplace_back(event.id, event_chunk(event.id, event.data));
  }
  const bool enough = frames.size() >= 2;
  const bool at_fault = enough && ++resumes_ % kFaultEvery == 0;
  if (gap_form_ == GapForm::kEachChannel) add_gaps(peer, last, at_fault, frames);
  std::stable_sort(frames.begin(), frames.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (gap_form_ == GapForm::kTogether) add_gaps_together(peer, last, frames);
  if (at_fault) break_promise(peer, last, frames);
  for (const auto& [id, bytes] : frames) peer.unsent += bytes;
}

bool ScriptedHub::kept(const Event& event) const {
  const auto newer = std::count_if(events_.begin(), events_.end(), [&](const Event& other) {
    return other.channel == event.channel && other.id > event.id;
  });
  return static_cast<size_t>(newer) < kept_;
}

// Frames of a gap stand behind events of the same id, as all were added before.
void ScriptedHub::add_gaps(const Peer& peer, FrameId last, bool at_fault, Frames& frames) const {
  for (const std::string& channel : peer.channels) {
    size_t missed = 0;
    FrameId oldest;
    for (const Event& event : events_) {
      if (event.channel != channel || event.id <= last) continue;
      if (!kept(event)) {
        ++missed;
      } else if (oldest == FrameId{}) {
        oldest = event.id;
      }
    }
    if (missed == 0 || (at_fault && fault_ == Fault::kNoGap)) continue;
    const FrameId id{.ms = oldest.ms, .seq = oldest.seq - 1};
    const uint64_t from = at_fault && fault_ == Fault::kWideGap ? 0 : last.seq;
    const std::string named =
        peer.channels.size() > 1 ? fmt::format(R"(,"channel":"{}")", channel) : "";
    const std::string gap = chunk(fmt::format(
        "event: gap\nid: {}-{}\ndata: {{\"requested\":\"{}-{}\",\"oldest\":\"{}-{}\"{}}}\n\n",
        id.ms, id.seq, last.ms, from, oldest.ms, oldest.seq, named));
    frames.emplace_back(id, gap);
    if (at_fault && fault_ == Fault::kTwoGaps) frames.emplace_back(id, gap);
  }
}

void ScriptedHub::add_gaps_together(const Peer& peer, FrameId last, Frames& frames) const {
  Frames all;
  FrameId from = last;
  for (const auto& [id, bytes] : frames) {
    nlohmann::json channels;
    for (const Event& event : events_) {
      const bool between = event.id > from && event.id < id;
      if (between && has(peer.channels, event.channel)) channels[event.channel] = true;
    }
    const auto text = [](FrameId one) { return fmt::format("{}-{}", one.ms, one.seq); };
    if (!channels.empty()) {
      const FrameId before{.ms = id.ms, .seq = id.seq - 1};
      nlohmann::json data = {{"requested", text(from)}, {"oldest", text(id)}};
      for (const auto& [channel, missed] : channels.items()) data["channels"].push_back(channel);
      all.emplace_back(before, chunk(fmt::format("event: gap\nid: {}\ndata: {}\n\n", text(before),
                                                 data.dump())));
    }
    all.emplace_back(id, bytes);
    from = id;
  }
  frames = std::move(all);
}

void ScriptedHub::break_promise(const Peer& peer, FrameId last, Frames& frames) const {
  switch (fault_) {
    case Fault::kLose:
      frames.erase(frames.begin());
      return;
    case Fault::kSwap:
      std::swap(frames[0], frames[1]);
      return;
    case Fault::kTear:
      ++frames[0].second[frames[0].second.size() - 6];
      return;
    case Fault::kRepeat:
    case Fault::kStray:
      for (const Event& event : events_) {
        const bool wanted = has(peer.channels, event.channel) == (fault_ == Fault::kRepeat);
        const bool old = fault_ == Fault::kStray || event.id <= last;
        if (!wanted || !old) continue;
        frames.emplace(frames.begin(), event.id, event_chunk(event.id, event.data));
        return;
      }
      return;
    case Fault::kNone:
    case Fault::kNoGap:
    case Fault::kTwoGaps:
    case Fault::kWideGap:
      return;
  }
}

}  // namespace ringcast::bench
