// FakeKernel: the far side of an io_uring, made of model sockets and bad luck. It reads the very
// requests that IoRing writes and answers as Linux may answer: sooner, later, in part, or not at
// all. Everything it does follows from its seed.
//
// What holds of the real one holds here, because the shard relies on it:
//   - requests are taken in order, and what completes within the call completes in that order;
//   - a request that has to wait ends with one final completion, at the earliest in a later call
//     that asks for completions; such completions come in any order;
//   - when the completion ring is full, completions are set aside in order, and multishot requests
//     end.
//
// It also watches what is asked of it, and notes every complaint: see FakeKernel::complain().
//
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/uring/completion.h"
#include "net/uring/io_ring.h"
#include "net/uring/kernel.h"
#include "tests/support/hostility.h"
#include "tests/support/model_socket.h"

namespace ringcast::net {

class FakeKernel final : public Kernel {
 public:
  struct Setup {
    unsigned sq_entries = 512;
    unsigned cq_entries = 8192;
    uint32_t slots = 512;
    DescriptorKind descriptors = DescriptorKind::kDirect;
  };

  // The rest of the machine.
  struct Surroundings {
    std::function<bool(const char*)> is_in_ring;  // whether this memory belongs to a ring
    std::function<bool()> is_reading_rings;       // whether the shard's epoch is odd
    std::function<void()> meanwhile;              // what others do between two requests
    std::function<void(milliseconds)> asleep;     // what happens while the shard sleeps
  };

  FakeKernel(const Setup& setup, const Hostility& hostility, uint64_t seed);

  // From now on it is as good as a kernel can be.
  void calm_down() noexcept { hostility_ = {}; }
  void set_hostility(const Hostility& hostility) noexcept { hostility_ = hostility; }
  void surround_with(Surroundings surroundings) { around_ = std::move(surroundings); }

  // As Kernel.
  [[nodiscard]] io_uring& memory() noexcept override { return ring_; }
  int enter(unsigned to_submit, unsigned min_complete, unsigned flags,
            __kernel_timespec* timeout) noexcept override;
  int offer_buffers(io_uring_buf_ring* buffers, unsigned count) noexcept override;

  // The network
  // ----------------------------------------------------------------

  // A connection that waits to be accepted.
  std::shared_ptr<ModelSocket> connect(int listener_fd, size_t window_bytes);

  // Something happened to a socket or an event descriptor: a shard that looks must see that there
  // is work.
  void look_around() noexcept;

  // What it has seen
  // ----------------------------------------------------------------

  struct Seen {
    uint64_t enters = 0;
    uint64_t sleeps = 0;
    uint64_t accepts_armed = 0;
    uint64_t connections = 0;  // handed out
    uint64_t closes = 0;
    uint64_t ring_sends = 0;
    uint64_t ring_bytes_taken = 0;
    uint64_t short_sends = 0;
    uint64_t full_sends = 0;
    uint64_t overflows = 0;
    uint64_t stale_completions = 0;
    uint64_t refused_enters = 0;
    uint64_t withdrawn = 0;  // requests that came as no-ops
    uint64_t late_cancels = 0;
  };
  [[nodiscard]] const Seen& seen() const noexcept { return seen_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }

  // Requests that have not ended.
  [[nodiscard]] size_t armed() const noexcept { return armed_.size(); }
  [[nodiscard]] size_t armed(Op op) const noexcept;
  [[nodiscard]] size_t open_sockets() const noexcept;
  [[nodiscard]] size_t backlog() const noexcept;
  // Accepted connections, and receive buffers, whose completions nobody has looked at yet.
  [[nodiscard]] size_t unseen_connections() const noexcept;
  [[nodiscard]] size_t unseen_buffers() const noexcept;
  // Receive buffers that have not been given back.
  [[nodiscard]] unsigned buffers_out() const noexcept;

 private:
  enum class Kind { kAccept, kRecv, kSend, kPoll, kDoorbell };

  // A request that waits for something.
  struct Request {
    Kind kind;
    io_uring_sqe sqe;
    std::shared_ptr<ModelSocket> socket;  // of a connection; kept alive as the kernel would
    bool is_cancelled = false;
    std::string bytes{};  // kSend: what they were when the request came
    size_t sent = 0;
  };

  struct Slot {
    std::shared_ptr<ModelSocket> socket;
    std::vector<uint64_t> tags;       // of the requests on this connection
    std::vector<uint64_t> past_tags;  // of those on the one before it
    uint64_t last_send_enter = 0;
    bool has_failed_send = false;
    unsigned failed_send_at = 0;  // place of its completion among all of them
  };

  using Requests = std::map<uint64_t, Request>;

  // Submission.
  [[nodiscard]] int refusal(unsigned to_submit) noexcept;
  void take_requests(unsigned count);
  void execute(const io_uring_sqe& sqe);
  void accept(const io_uring_sqe& sqe);
  void recv(const io_uring_sqe& sqe);
  void send(const io_uring_sqe& sqe);
  void send_now(const io_uring_sqe& sqe, Slot& slot);
  void fail_send(const io_uring_sqe& sqe, Slot& slot, int result);
  void poll(const io_uring_sqe& sqe);
  void cancel(const io_uring_sqe& sqe);
  void close(const io_uring_sqe& sqe);
  void finish_sending(const io_uring_sqe& sqe);
  void check_stream_send(const io_uring_sqe& sqe, Slot& slot);
  [[nodiscard]] Slot* slot_of(const io_uring_sqe& sqe);
  uint64_t arm(Kind kind, const io_uring_sqe& sqe, std::shared_ptr<ModelSocket> socket);

  // Waiting requests: whether one can go on, and going on. True: it has ended.
  [[nodiscard]] bool is_ready(const Request& request) const noexcept;
  [[nodiscard]] bool go_on(Request& request);
  [[nodiscard]] bool go_on_accepting(const Request& request);
  void write_name(const io_uring_sqe& sqe, const ModelSocket& socket);
  [[nodiscard]] bool go_on_receiving(const Request& request);
  [[nodiscard]] bool go_on_sending(Request& request);
  void run_deferred(unsigned most);
  void sleep(__kernel_timespec* timeout);

  // Completions.
  void post(uint64_t user_data, int result, uint32_t flags = 0);
  [[nodiscard]] bool cq_is_full() const noexcept;
  void flush_overflow() noexcept;
  void post_stale(Slot& slot);
  template <typename Count>
  [[nodiscard]] size_t count_unseen(Count&& count) const noexcept;

  [[nodiscard]] uint32_t pick_free_slot();
  [[nodiscard]] bool luck_runs_out(uint64_t one_in) { return one_in != 0 && dice_.one_in(one_in); }
  void complain(const std::string& what);

  const Setup setup_;
  Hostility hostility_;
  Dice dice_;
  Surroundings around_;

  // What the shard maps.
  io_uring ring_{};
  unsigned sq_head_ = 0;
  unsigned sq_tail_ = 0;
  unsigned sq_flags_ = 0;
  unsigned cq_head_ = 0;
  unsigned cq_tail_ = 0;
  std::vector<io_uring_sqe> sqes_;
  std::vector<io_uring_cqe> cqes_;
  io_uring_buf_ring* buffers_ = nullptr;
  unsigned buffer_count_ = 0;
  uint16_t buffer_head_ = 0;

  // What it does not.
  std::deque<io_uring_cqe> overflow_;
  Requests armed_;
  uint64_t next_request_ = 0;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;  // the one closed last at the end
  std::map<int, std::deque<std::shared_ptr<ModelSocket>>> backlogs_;
  uint16_t last_port_ = 10'000;   // that somebody has connected from
  bool doorbell_rang_ = false;    // and nobody has been told
  bool doorbell_is_hot_ = false;  // it has ever rung: its count is never read
  unsigned storm_left_ = 0;
  unsigned refusals_in_row_ = 0;
  bool may_sleep_ = false;  // the call under way

  Seen seen_;
  std::vector<std::string> complaints_;
};

}  // namespace ringcast::net
