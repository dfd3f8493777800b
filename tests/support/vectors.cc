#include "tests/support/vectors.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string_view>

namespace ringcast {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

size_t to_number(std::string_view text, int base = 10) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail("not a number: " + std::string(text));
  }
  return number;
}

// --- Escapes: \r \n \t \0 \\ \s (a space) \xNN, and \(text*count)

std::string unescaped(std::string_view text);

std::string repeated(std::string_view inner) {
  const size_t star = inner.rfind('*');
  if (star == std::string_view::npos) fail("\\( needs *count)");
  const std::string piece = unescaped(inner.substr(0, star));
  std::string all;
  for (size_t count = to_number(inner.substr(star + 1)); count > 0; --count) all += piece;
  return all;
}

// Takes one escape, without its backslash, off the front of `text`.
std::string take_escape(std::string_view& text) {
  static const std::map<char, char> kPlain{{'r', '\r'}, {'n', '\n'}, {'t', '\t'},
                                           {'0', '\0'}, {'s', ' '},  {'\\', '\\'}};
  const char kind = text.empty() ? '\0' : text.front();
  size_t used = 1;
  std::string out;
  if (const auto plain = kPlain.find(kind); !text.empty() && plain != kPlain.end()) {
    out = plain->second;
  } else if (kind == 'x' && text.size() >= 3) {
    out = static_cast<char>(to_number(text.substr(1, 2), 16));
    used = 3;
  } else if (const size_t close = text.find(')'); kind == '(' && close != std::string_view::npos) {
    out = repeated(text.substr(1, close - 1));
    used = close + 1;
  } else {
    fail("an escape that means nothing: \\" + std::string(text.substr(0, 3)));
  }
  text.remove_prefix(used);
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      out += take_escape(text);
    } else {
      out += c;
    }
  }
  return out;
}

// --- A vector as it is written: its name and its lines, a table's column numbers still in them

struct Written {
  int line;
  std::string name;
  std::vector<std::pair<int, std::string>> lines;
  std::vector<std::pair<int, std::string>> rows;  // of its cases
};

std::vector<std::string> columns_of(const std::string& text) {
  const std::string padded = text + " ";
  std::string_view row = padded;
  std::vector<std::string> columns;
  while (true) {
    const size_t bar = row.find(" | ");
    columns.emplace_back(trimmed(row.substr(0, bar)));
    if (bar == std::string_view::npos) return columns;
    row.remove_prefix(bar + 2);  // the space may begin the next bar
  }
}

// `line` with {1}, {2}... replaced by what stands in those columns; {0} is the case's name.
std::string with_columns(std::string line, const std::vector<std::string>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string mark = "{" + std::to_string(i) + "}";
    for (size_t at = line.find(mark); at != std::string::npos;
         at = line.find(mark, at + columns[i].size())) {
      line.replace(at, mark.size(), columns[i]);
    }
  }
  return line;
}

// --- Lines to a Vector

void read_expected(std::string_view text, Vector& vector) {
  const auto words_of = [](std::string_view rest) {
    std::vector<std::string> words;
    while (!(rest = trimmed(rest)).empty()) {
      const size_t space = std::min(rest.find(' '), rest.size());
      words.emplace_back(rest.substr(0, space));
      rest.remove_prefix(space);
    }
    return words;
  };
  if (text.size() >= 3 && text.find_first_not_of("0123456789") >= 3 && text.find(':') > 3) {
    ExpectedAnswer answer;
    answer.status = static_cast<int>(to_number(text.substr(0, 3)));
    for (const std::string& word : words_of(text.substr(3))) {
      if (word == "maybe") {
        answer.may_be_missing = true;
      } else if (word == "head") {
        answer.is_head = true;
      } else if (word == "stream") {
        answer.is_stream = true;
        vector.ending = Ending::kStreaming;
      } else if (word == "keep") {
        vector.ending = Ending::kKept;
      } else if (word == "close") {
        vector.ending = Ending::kClosed;
      } else if (word == "idle") {
        vector.ending = Ending::kIdle;
      } else {
        fail("after a status: maybe, head, stream, keep, idle or close; not " + word);
      }
    }
    vector.answers.push_back(std::move(answer));
    return;
  }
  const size_t colon = text.find(':');
  if (vector.answers.empty() || colon == std::string_view::npos) fail("< needs a status first");
  vector.answers.back().lines.emplace_back(lower(std::string(text.substr(0, colon))),
                                           Pattern(unescaped(trimmed(text.substr(colon + 1)))));
}

void read_event(std::string_view text, Vector& vector) {
  const std::string padded = std::string(text) + " ";  // data may be nothing
  const size_t colon = padded.find(": ");
  if (colon == std::string::npos) fail("write `event: data` or `event type: data`");
  const std::string_view data = text.substr(std::min(colon + 2, text.size()));
  vector.events.push_back({unescaped(trimmed(text.substr(0, colon))), unescaped(data)});
}

// What follows `mark` and one space in `line`; nothing when `line` does not begin with `mark`.
std::optional<std::string_view> after(std::string_view line, std::string_view mark) {
  if (!line.starts_with(mark)) return std::nullopt;
  line.remove_prefix(mark.size());
  if (line.starts_with(' ')) {
    line.remove_prefix(1);
  } else if (!line.empty()) {
    return std::nullopt;
  }
  return line;
}

void read_line(std::string_view line, Vector& vector) {
  const auto answer = [&]() -> ExpectedAnswer& {
    if (vector.answers.empty()) fail("there is no answer yet that this could be about");
    return vector.answers.back();
  };
  if (const auto sent = after(line, ">")) {
    vector.bytes += unescaped(*sent) + "\r\n";
  } else if (const auto raw = after(line, ">|")) {
    vector.bytes += unescaped(*raw);
  } else if (const auto expected = after(line, "<")) {
    read_expected(*expected, vector);
  } else if (const auto absent = after(line, "<!")) {
    answer().absent_lines.push_back(lower(std::string(*absent)));
  } else if (const auto body = after(line, "<=")) {
    answer().body = Pattern(unescaped(*body));
  } else if (const auto part = after(line, "<~")) {
    answer().body_parts.push_back(unescaped(*part));
  } else if (line == "fin") {
    vector.half_closes = true;
  } else if (line == "close") {
    vector.ending = Ending::kClosed;
  } else if (const auto to = after(line, "to")) {
    vector.to = *to;
  } else if (line.starts_with("event")) {
    read_event(line.substr(5), vector);
  } else {
    fail("a line that begins with none of: > >| < <! <= <~ fin close to event cases quick");
  }
}

Vector read_vector(const Written& written, const Vector& defaults, int line,
                   const std::vector<std::string>& columns) {
  Vector vector = defaults;
  vector.line = line;
  vector.name = written.name;
  if (!columns.empty()) vector.name += ": " + columns.front();
  int at = line;
  try {
    for (const auto& [number, text] : written.lines) {
      at = number;
      read_line(with_columns(text, columns), vector);
    }
    at = line;
    if (vector.bytes.empty() && !vector.is_quick) fail("nothing is sent");
    static const std::vector<std::string> kListeners{"subscribe", "publish", "all", "both"};
    if (std::ranges::find(kListeners, vector.to) == kListeners.end()) {
      fail("to is subscribe, publish, all or both");
    }
  } catch (const std::exception& error) {
    vector.problem = vector.file + ":" + std::to_string(at) + ": " + error.what();
  }
  return vector;
}

std::vector<Vector> load_file(const std::string& path) {
  Vector defaults;
  defaults.file = path;
  defaults.to = "both";
  std::vector<Written> all;
  bool in_cases = false;
  std::ifstream file(path);
  int number = 0;
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("#") || trimmed(line).empty()) continue;
    if (line.starts_with("== ")) {
      all.push_back({number, line.substr(3), {}, {}});
      in_cases = false;
    } else if (all.empty()) {
      if (line == "quick") {
        defaults.is_quick = true;
      } else {
        defaults.to = after(line, "to").value_or("");
      }
    } else if (line == "cases") {
      in_cases = true;
    } else {
      (in_cases ? all.back().rows : all.back().lines).emplace_back(number, line);
    }
  }
  for (const Written& written : all) {
    if (written.rows.empty()) {
      vectors.push_back(read_vector(written, defaults, written.line, {}));
    }
    for (const auto& [line, row] : written.rows) {
      vectors.push_back(read_vector(written, defaults, line, columns_of(row)));
    }
  }
  return vectors;
}

}  // namespace

Pattern::Pattern(std::string text) : text_(std::move(text)) {
  static const std::vector<std::pair<std::string, std::string>> kPlaceholders{
      {"{id}", "[0-9]+-[0-9]+"}, {"{n}", "[0-9]+"}, {"{any}", "[^]*"}};
  std::string regex;
  bool has_any = false;
  for (size_t at = 0; at < text_.size();) {
    const auto found = std::ranges::find_if(kPlaceholders, [&](const auto& placeholder) {
      return text_.compare(at, placeholder.first.size(), placeholder.first) == 0;
    });
    if (found != kPlaceholders.end()) {
      has_any = true;
      regex += found->second;
      at += found->first.size();
    } else {
      if (std::string_view("\\^$.|?*+()[]{}").find(text_[at]) != std::string_view::npos) {
        regex += '\\';
      }
      regex += text_[at++];
    }
  }
  if (has_any) regex_.emplace(regex);
}

bool Pattern::matches(const std::string& text) const {
  return regex_ ? std::regex_match(text, *regex_) : text == text_;
}

bool Vector::is_refused() const {
  // Answered for what its head asks for, and not as HTTP: with its body behind it, it would have been read.
  const int status = answers.empty() ? 0 : answers.back().status;
  const bool waits_to_be_asked =
      lower(bytes).find("expect: 100-continue\r\n") != std::string::npos && status < 413;
  const bool asks_for_nothing_there = status == 404 || status == 405;
  if (waits_to_be_asked || asks_for_nothing_there) return false;
  return ending == Ending::kClosed && !half_closes && !is_quick && !answers.empty() &&
         answers.back().status >= 400 && bytes.find("HTTP/1.0") == std::string::npos &&
         lower(bytes).find("connection: close") == std::string::npos;
}

std::vector<Vector> load_vectors(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".vec") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  std::vector<Vector> vectors;
  for (const std::string& path : paths) {
    std::ranges::move(load_file(path), std::back_inserter(vectors));
  }
  return vectors;
}

}  // namespace ringcast
