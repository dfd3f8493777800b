// ModelClient: a subscriber whose connections never last. It reads slowly or not at all for a while, is cut at
// any byte, and comes back with the last id it was given, as a browser does; now and then as somebody
// new, or with an id of its own making. Judges watch each of its sessions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/model_judge.h"

namespace ringcast::net {

class ModelClient {
 public:
  struct Manners {
    uint64_t goes_one_in = 40;    // of the steps; 0: never
    bool goes_rudely = true;      // also without a word, or with unread bytes
    uint64_t stalls_one_in = 20;  // reads nothing for a while
    uint64_t stall_steps_max = 30;
    uint64_t reads_slowly_one_in = 3;
    size_t addressees_max = 6;
  };

  // What all clients have seen together.
  struct Totals {
    Judge::Seen seen;
    std::array<uint64_t, Chronicle::kChannelsMax> received{};
    uint64_t sessions = 0;
    uint64_t ended_sessions = 0;
    uint64_t rude_ends = 0;
    uint64_t resumed = 0;
    uint64_t made_up_ids = 0;
    uint64_t surely_lost = 0;  // events that were owed, and skipped because they were overwritten
    uint64_t several_moments = 0;  // sessions of which the moment of joining was not certain
  };

  ModelClient(SimWorld& world, const Chronicle& chronicle, const Manners& manners, Totals& totals)
      : world_(world), chronicle_(chronicle), manners_(manners), totals_(totals) {}

  void act();

  // Stays from now on, reads whatever comes, and comes back at once when it is cut.
  void settle_down() noexcept { is_settled_ = true; }
  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] bool listens_to(size_t addressee) const;
  // Closes its books: nothing more will come.
  void finish();

 private:
  // One connection.
  struct Session {
    explicit Session(ModelSession what) : asked(std::move(what)), reader(asked.format) {}

    ModelSession asked;
    StreamReader reader;
    std::shared_ptr<ModelSocket> socket;
    std::string unsent;
    std::string head;
    bool has_head = false;
    bool has_finished = false;
    size_t read_bytes_max = 1 << 20;
    size_t asked_at = 0;  // the moment in which the request was whole
    std::vector<Judge> judges;
  };

  void choose_life();
  void open();
  [[nodiscard]] std::string request_for(const ModelSession& asked);
  void write();
  void call_judges();
  void read();
  void take_bytes(std::string_view bytes);
  void show_judges(const StreamEvent& event);
  void maybe_go();
  void close();
  [[nodiscard]] std::vector<size_t> still_untold() const;
  void fail(const std::string& what);
  [[nodiscard]] std::string made_up_id();

  SimWorld& world_;
  const Chronicle& chronicle_;
  const Manners manners_;
  Totals& totals_;

  std::vector<size_t> addressees_;
  std::string last_id_;         // what it would come back with
  std::vector<size_t> untold_;  // see ModelSession
  std::unique_ptr<Session> session_;
  uint64_t idle_steps_ = 0;
  uint64_t stalled_steps_ = 0;
  bool is_settled_ = false;
  bool has_failed_ = false;
};

}  // namespace ringcast::net
