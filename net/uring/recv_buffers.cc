#include "net/uring/recv_buffers.h"

namespace ringcast::net {

RecvBuffers::RecvBuffers()
    : memory_(size_t{kRecvBuffers} * kRecvBufferBytes),
      ring_memory_(kRecvBuffers * sizeof(io_uring_buf)),
      ring_(reinterpret_cast<io_uring_buf_ring*>(&ring_memory_[0])) {}

int RecvBuffers::offer_to(Kernel& kernel) noexcept {
  const int offered = kernel.offer_buffers(ring_, kRecvBuffers);
  if (offered != 0) return offered;
  for (unsigned buffer = 0; buffer < kRecvBuffers; ++buffer) add(static_cast<uint16_t>(buffer));
  return 0;
}

void RecvBuffers::give_back(uint16_t buffer) noexcept {
  add(buffer);
}

void RecvBuffers::add(uint16_t buffer) noexcept {
  io_uring_buf_ring_add(ring_, &memory_[size_t{buffer} * kRecvBufferBytes], kRecvBufferBytes,
                        buffer, io_uring_buf_ring_mask(kRecvBuffers), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

}  // namespace ringcast::net
