#include "net/publish_answer.h"

#include <fmt/format.h>

namespace ringcast::net {

std::string publish_answer_json(const PublishAnswer& answer) {
  const std::string first_id = to_string(answer.first_id);
  if (!answer.is_batch) {
    return fmt::format("{{\"id\":\"{}\",\"subscribers\":{}}}\n", first_id, answer.subscribers);
  }
  return fmt::format("{{\"accepted\":{},\"first_id\":\"{}\",\"last_id\":\"{}\"}}\n", answer.count,
                     first_id, to_string(answer.last_id));
}

}  // namespace ringcast::net
