#include "engine/recipient_table.h"

#include <bit>

#include "engine/base/check.h"

namespace ringcast {

namespace {

// A segment is split at some 770 recipients into two of about half; hashes are uniform, so 256 each leaves ample room.
constexpr uint32_t kRecipientsPerSegment = 256;

uint32_t segments_for(uint32_t recipients_max) noexcept {
  return recipients_max == 0 ? 0 : std::bit_ceil(recipients_max / kRecipientsPerSegment + 2);
}

}  // namespace

// The directory may need a few bits more than there are segments, because not all are split equally often.
RecipientTable::RecipientTable(uint32_t recipients_max)
    : segments_(segments_for(recipients_max)),
      directory_(size_t{16} * segments_for(recipients_max)) {}

// The part of the directory that leads to segment `number` lies in one piece; the half of it with the new bit set leads
// to the sibling from now on.
void RecipientTable::add_sibling(uint32_t number, const KeyedHash& any) noexcept {
  const uint32_t shared_bits = segments_[number].depth;
  if (shared_bits == depth_) {
    RC_CHECK((size_t{2} << depth_) <= directory_.size());
    for (size_t i = size_t{1} << depth_; i-- > 0;) {
      directory_[2 * i] = directory_[2 * i + 1] = directory_[i];
    }
    ++depth_;
  }
  RC_CHECK(segments_used_ < segments_.size());
  const uint32_t sibling = segments_used_++;
  segments_[number].depth = segments_[sibling].depth = shared_bits + 1;
  const size_t half = size_t{1} << (depth_ - shared_bits - 1);
  const size_t shared = shared_bits == 0 ? 0 : any.a >> (64 - shared_bits);
  const size_t first = (2 * shared + 1) * half;
  for (size_t i = first; i < first + half; ++i) directory_[i] = sibling;
}

}  // namespace ringcast
