// Crowd: many readers and publishers who come, read, publish and go by chance, all from one seed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_peers.h"

namespace ringcast::net {

class Crowd {
 public:
  struct Manners {
    size_t readers_max = 30;
    size_t publishers = 2;
    uint64_t reader_comes_one_in = 4;
    uint64_t reader_goes_one_in = 150;  // by FIN, RST, or without a word
    uint64_t event_one_in = 4;          // published within the process, at each step
    size_t event_bytes_max = 300;
    bool reads_slowly = true;  // some read a few bytes at a time, none stops for good
    bool asks_slowly = true;   // requests come in pieces
  };

  Crowd(SimWorld& world, const Manners& manners) : world_(world), manners_(manners) {
    for (size_t i = 0; i < manners.publishers; ++i) {
      publishers_.push_back(std::make_unique<SimPublisher>(
          world, SimPublisher::Habits{.channel = i % 2, .shard = i % world.shard_count()},
          "publisher" + std::to_string(i)));
    }
    world.on_step([this] { act(); });
    world.on_meanwhile([this] { publish(); });
  }
  ~Crowd() {
    world_.on_step({});
    world_.on_meanwhile({});
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Nobody comes or goes any more, nothing is published, and everybody reads what there is.
  void settle_down() {
    is_settled_ = true;
    for (const auto& reader : readers_) reader->set_read_bytes_max(1 << 20);
    for (const auto& publisher : publishers_) publisher->retire();
  }

  // Everybody who is still there has had everything, and every publisher its answers.
  [[nodiscard]] bool is_served() const {
    for (const auto& reader : readers_) {
      if (reader->fate() == SimReader::Fate::kReading && !reader->is_up_to_date()) return false;
    }
    for (const auto& publisher : publishers_) {
      if (publisher->is_waiting()) return false;
    }
    return true;
  }

  [[nodiscard]] size_t count(SimReader::Fate fate) const {
    size_t count = 0;
    for (const auto& reader : readers_) count += reader->fate() == fate ? 1 : 0;
    return count;
  }

  [[nodiscard]] const auto& readers() const { return readers_; }
  [[nodiscard]] const auto& publishers() const { return publishers_; }
  [[nodiscard]] uint64_t published() const { return published_; }
  [[nodiscard]] uint64_t paced() const { return paced_; }

  // One more reader, with habits by chance.
  SimReader& add_reader() {
    Dice& dice = world_.dice();
    SimReader::Habits habits;
    habits.channel = dice.below(2);
    habits.format = dice.one_in(4) ? WireFormat::kRaw : WireFormat::kChunked;
    habits.shard = dice.below(world_.shard_count());
    habits.window_bytes = dice.between(600, 8000);
    if (manners_.reads_slowly && dice.one_in(3)) habits.read_bytes_max = dice.between(100, 3000);
    if (manners_.asks_slowly && dice.one_in(2)) habits.write_bytes_max = dice.between(1, 60);
    return *readers_.emplace_back(std::make_unique<SimReader>(world_, habits));
  }

 private:
  void act() {
    Dice& dice = world_.dice();
    for (const auto& reader : readers_) {
      const bool is_there = reader->fate() == SimReader::Fate::kReading;
      if (!is_settled_ && is_there && dice.one_in(manners_.reader_goes_one_in)) go(*reader);
      reader->act();
    }
    for (const auto& publisher : publishers_) publisher->act();
    if (is_settled_) return;
    const bool has_room = count(SimReader::Fate::kReading) < manners_.readers_max;
    if (has_room && dice.one_in(manners_.reader_comes_one_in)) add_reader();
    if (dice.one_in(manners_.event_one_in)) publish();
  }

  void go(SimReader& reader) {
    switch (world_.dice().below(4)) {
      case 0:
        return reader.reset();
      case 1:
        return reader.leave();
      case 2:
        return reader.finish();
      default:
        return reader.vanish();
    }
  }

  void publish() {
    if (is_settled_) return;
    Dice& dice = world_.dice();
    std::string data = std::to_string(published_) + ' ';
    data.append(dice.below(manners_.event_bytes_max), static_cast<char>('a' + published_ % 26));
    ++(world_.publish(dice.below(2), data) ? published_ : paced_);
  }

  SimWorld& world_;
  const Manners manners_;
  std::vector<std::unique_ptr<SimReader>> readers_;
  std::vector<std::unique_ptr<SimPublisher>> publishers_;
  bool is_settled_ = false;
  uint64_t published_ = 0;
  uint64_t paced_ = 0;  // events given up because readers were behind
};

}  // namespace ringcast::net
