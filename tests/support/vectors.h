// Vectors: what is sent to a server and what must come back, in text files that read like the protocol.
// tests/http/README.md describes the format.
//
// Threads: one. Failure: a file that cannot be read as vectors gives one whose `problem` says where and why.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace ringcast {

// One text as it must stand in an answer: as it is, but for placeholders.
class Pattern {
 public:
  Pattern() = default;
  // `{id}`, `{n}` and `{any}` stand for an event id, digits, and anything.
  explicit Pattern(std::string text);
  [[nodiscard]] bool matches(const std::string& text) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::optional<std::regex> regex_;  // when there are placeholders
};

struct ExpectedAnswer {
  int status = 0;
  bool may_be_missing = false;  // an interim answer whose need depends on when the rest comes
  bool is_head = false;         // it answers HEAD: no body whatever it says
  bool is_stream = false;
  std::vector<std::pair<std::string, Pattern>> lines;  // names in lower case
  std::vector<std::string> absent_lines;
  std::optional<Pattern> body;
  std::vector<std::string> body_parts;
};

// What becomes of the connection after the answers.
// kIdle: kept, and closed in silence after a while.
enum class Ending { kKept, kClosed, kStreaming, kIdle };

// An event that must have been published.
struct ExpectedEvent {
  std::string type;
  std::string data;
  auto operator<=>(const ExpectedEvent&) const = default;
};

struct Vector {
  std::string file;
  int line = 0;
  std::string name;
  std::string to;         // which listener: subscribe, publish, all; or both of the first two
  bool is_quick = false;  // for a server with short deadlines
  std::string bytes;
  bool half_closes = false;  // the sender ends its side after that
  std::vector<ExpectedAnswer> answers;
  Ending ending = Ending::kClosed;
  std::vector<ExpectedEvent> events;
  std::string problem;  // of the file, then nothing else counts

  // Whether it is refused: nobody can say where a next request would begin.
  [[nodiscard]] bool is_refused() const;
};

// All vectors of the files in `folder`, by name of the file and then in its order.
[[nodiscard]] std::vector<Vector> load_vectors(const std::string& folder);

}  // namespace ringcast
