#include "engine/books.h"

namespace ringcast {

Books read_books(const Channel& channel) noexcept {
  Books books{.events = channel.committed_events().get(),
              .due = channel.committed_deliveries().get()};
  for (const ShardTally& tally : channel.tallies()) {
    books.replayed += tally.replayed.get();
    books.sent += tally.sent.get();
    books.unsent += tally.unsent.get();
    books.skipped += tally.skipped.get();
    books.closed_owing += tally.closed_owing.get();
  }
  return books;
}

}  // namespace ringcast
