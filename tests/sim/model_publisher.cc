#include "tests/sim/model_publisher.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/support/http_client.h"

namespace ringcast::net {

namespace {

constexpr size_t kItemsMax = 8;

}  // namespace

// What to publish
// ----------------------------------------------------------------

ModelPublisher::Item ModelPublisher::draw_item(size_t addressee) {
  Dice& dice = world_.dice();
  std::string data = std::to_string(count_) + ' ';
  data.append(dice.below(data_bytes_max_), static_cast<char>('a' + count_ % 26));
  ++count_;
  return {.addressee = addressee,
          .type = dice.one_in(5) ? "tick" : "",
          .data = std::move(data),
          .ttl = milliseconds(dice.one_in(5) ? dice.between(1, 200) : 0)};
}

std::vector<ModelPublisher::Item> ModelPublisher::draw_items() {
  Dice& dice = world_.dice();
  const size_t all = chronicle_.addressees().size();
  std::vector<Item> items;
  const size_t count = dice.one_in(5) ? dice.between(2, kItemsMax) : 1;
  while (items.size() < count) items.push_back(draw_item(dice.below(all)));
  for (const Item& item : items)
    chronicle_.announce(item.addressee, item.data, item.type, item.ttl);
  return items;
}

// Within the process
// ----------------------------------------------------------------

void ModelPublisher::publish() {
  (void)append(draw_items());
}

std::optional<uint32_t> ModelPublisher::publish_to(size_t addressee) {
  const std::vector<Item> items{draw_item(addressee)};
  chronicle_.announce(addressee, items[0].data, items[0].type, items[0].ttl);
  const AppendOutcome outcome = append(items);
  if (outcome.status != AppendStatus::kCommitted) return std::nullopt;
  return outcome.subscribers;
}

AppendOutcome ModelPublisher::append(const std::vector<Item>& items) {
  std::vector<Publication> publications;
  for (const Item& item : items) {
    const Channels::Address address = world_.find(chronicle_.addressees()[item.addressee].name);
    publications.push_back({.channel = address.channel,
                            .recipient = address.recipient,
                            .event = {.type = item.type, .data = item.data, .ttl = item.ttl}});
  }
  const AppendOutcome outcome = world_.publish(publications);
  if (outcome.status == AppendStatus::kCommitted) {
    check_order(items, outcome.id, outcome.last_id);
    totals_.batches += items.size() > 1 ? 1 : 0;
  } else {
    withdraw(items);
    ++(outcome.status == AppendStatus::kPaced ? totals_.paced : totals_.too_much);
  }
  return outcome;
}

void ModelPublisher::check_order(const std::vector<Item>& items, EventId first,
                                 EventId last) const {
  std::optional<EventId> before;
  for (const Item& item : items) {
    const std::optional<EventId> id = chronicle_.id_of(item.data);
    ASSERT_TRUE(id) << "accepted, and not committed: " << item.data;
    EXPECT_TRUE(!before || *before < *id) << "a batch out of order";
    before = id;
  }
  EXPECT_EQ(to_string(*chronicle_.id_of(items.front().data)), to_string(first));
  EXPECT_EQ(to_string(*before), to_string(last));
  totals_.committed += items.size();
}

void ModelPublisher::withdraw(const std::vector<Item>& items) {
  for (const Item& item : items) chronicle_.withdraw(item.data);
}

// Over HTTP
// ----------------------------------------------------------------

void ModelPublisher::act() {
  if (asked_.empty()) {
    if (!is_retired_ && world_.dice().one_in(6)) ask();
    return;
  }
  unread_ += socket_->read(1 << 20);
  const size_t head_bytes = unread_.find("\r\n\r\n");
  if (head_bytes == std::string::npos) return;
  const HttpHead head = HttpHead::parse(unread_.substr(0, head_bytes + 4));
  const size_t body_bytes = std::stoul(head["content-length"]);
  if (unread_.size() < head_bytes + 4 + body_bytes) return;
  take_answer(head.status, unread_.substr(head_bytes + 4));
  unread_.clear();
  asked_.clear();
}

void ModelPublisher::ask() {
  asked_ = draw_items();
  std::string target = "/events";
  std::string body;
  if (asked_.size() == 1) {
    const Item& item = asked_.front();
    target = "/channels/" + chronicle_.addressees()[item.addressee].name + "?event=" + item.type;
    if (item.ttl.count() > 0) target += fmt::format("&ttl={}ms", item.ttl.count());
    body = item.data;
  } else {
    for (const Item& item : asked_) {
      nlohmann::json line{{"channel", chronicle_.addressees()[item.addressee].name},
                          {"data", item.data}};
      if (!item.type.empty()) line["event"] = item.type;
      if (item.ttl.count() > 0) line["ttl"] = fmt::format("{}ms", item.ttl.count());
      body += line.dump() + '\n';
    }
  }
  socket_->write(
      fmt::format("POST {} HTTP/1.1\r\nHost: sim\r\nContent-Type: application/x-ndjson\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  target, body.size(), body));
}

void ModelPublisher::take_answer(int status, const std::string& body) {
  ++totals_.over_http;
  if (status != 201) {
    EXPECT_TRUE(status == 503 || status == 413) << status << ' ' << body;
    ++(status == 503 ? totals_.timed_out : totals_.too_much);
    return withdraw(asked_);
  }
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
  const bool is_one = asked_.size() == 1;
  ASSERT_TRUE(answer.is_object()) << body;
  const auto first = parse_event_id(answer.value(is_one ? "id" : "first_id", ""));
  const auto last = parse_event_id(answer.value(is_one ? "id" : "last_id", ""));
  ASSERT_TRUE(first && last) << body;
  EXPECT_EQ(answer.value("accepted", size_t{1}), asked_.size()) << body;
  check_order(asked_, *first, *last);
}

}  // namespace ringcast::net
