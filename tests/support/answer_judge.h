// The judge of answers: what must hold of every answer this server gives, whatever was asked.
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "tests/support/http_client.h"

namespace ringcast {

struct JudgedAnswer {
  HttpHead head;
  std::string body;  // of a stream: the first chunk, decoded
  bool answers_head = false;
  bool is_stream = false;
  bool ends_connection = false;  // as far as is known: nothing came after it
};

// What is wrong with `answer`, each in a few words; nothing when it is well-formed.
[[nodiscard]] std::vector<std::string> judge(const JudgedAnswer& answer);

}  // namespace ringcast
