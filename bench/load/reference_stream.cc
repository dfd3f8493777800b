#include "bench/load/reference_stream.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "engine/base/check.h"

namespace ringcast::bench {

ReferenceStream::ReferenceStream(uint32_t lanes, uint32_t readers)
    : lanes_(lanes), lane_hashes_(lanes) {
  RC_CHECK(lanes > 0);
  for (uint32_t lane = 0; lane < lanes; ++lane) lane_next_.push_back(lane);
  add_block(0);
  blocks_.front()->readers = readers;
}

bool ReferenceStream::continues_with(const Frame& frame) const noexcept {
  return frame.stamp.number >= lane_next_[frame.stamp.number % lanes_] &&
         (frames_ == 0 || frame.id > last_id_);
}

void ReferenceStream::append(const Frame& frame, std::string_view bytes) {
  RC_CHECK(continues_with(frame));
  const uint64_t number = frame.stamp.number;
  uint64_t& next = lane_next_[number % lanes_];
  if (blocks_.back()->size + bytes.size() > blocks_.back()->capacity) add_block(bytes.size());
  for (; next < number; next += lanes_) passed_over_.push_back(next);
  next = number + lanes_;
  lane_hashes_[number % lanes_].resize(number / lanes_ + 1);
  lane_hashes_[number % lanes_].back() = std::hash<std::string_view>{}(bytes);

  ReferenceBlock& block = *blocks_.back();
  std::memcpy(block.bytes.get() + block.size, bytes.data(), bytes.size());
  block.size += static_cast<uint32_t>(bytes.size());
  block.frames.push_back({.end = block.size, .content = frame});
  last_id_ = frame.id;
  id_digest_ += digest_of(number, frame.id);
  ++frames_;
}

bool ReferenceStream::advance(ReferenceCursor& cursor) noexcept {
  if (cursor.block->next == nullptr) return false;
  --cursor.block->readers;
  cursor = {.block = cursor.block->next};
  ++cursor.block->readers;
  free_left_blocks();
  return true;
}

void ReferenceStream::leave(const ReferenceCursor& cursor) noexcept {
  --cursor.block->readers;
  free_left_blocks();
}

uint32_t ReferenceStream::frame_start(const ReferenceCursor& cursor) const noexcept {
  return cursor.frame == 0 ? 0 : cursor.block->frames[cursor.frame - 1].end;
}

uint64_t ReferenceStream::frames_before(const ReferenceCursor& cursor) const noexcept {
  return cursor.block->first_frame + cursor.frame;
}

std::vector<uint64_t> ReferenceStream::lane_next_at(const ReferenceCursor& cursor) const {
  std::vector<uint64_t> next = cursor.block->lane_next;
  for (uint32_t i = 0; i < cursor.frame; ++i) {
    const uint64_t number = cursor.block->frames[i].content.stamp.number;
    next[number % lanes_] = number + lanes_;
  }
  return next;
}

FrameId ReferenceStream::last_id_at(const ReferenceCursor& cursor) const noexcept {
  return cursor.frame == 0 ? cursor.block->last_id
                           : cursor.block->frames[cursor.frame - 1].content.id;
}

bool ReferenceStream::agrees(uint64_t number, std::string_view bytes) const noexcept {
  const std::vector<size_t>& hashes = lane_hashes_[number % lanes_];
  const size_t hash = number / lanes_ < hashes.size() ? hashes[number / lanes_] : 0;
  return hash == 0 || hash == std::hash<std::string_view>{}(bytes);
}

void ReferenceStream::add_block(size_t bytes_min) {
  auto block = std::make_unique<ReferenceBlock>();
  block->capacity = std::max(kBlockBytes, static_cast<uint32_t>(bytes_min));
  block->bytes = std::make_unique_for_overwrite<char[]>(block->capacity);
  block->first_frame = frames_;
  block->lane_next = lane_next_;
  block->last_id = last_id_;
  if (!blocks_.empty()) blocks_.back()->next = block.get();
  blocks_.push_back(std::move(block));
}

void ReferenceStream::free_left_blocks() noexcept {
  while (blocks_.size() > 1 && blocks_.front()->readers == 0) blocks_.pop_front();
}

uint64_t digest_of(uint64_t number, const FrameId& id) noexcept {
  // The finaliser of splitmix64: every input bit reaches every output bit, so that sums of digests
  // do not cancel.
  uint64_t mixed = number * 0x9e3779b97f4a7c15 + id.ms * 0xc2b2ae3d27d4eb4f + id.seq + 1;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace ringcast::bench
