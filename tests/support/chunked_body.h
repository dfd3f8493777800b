// ChunkedBody: takes HTTP's chunked coding off a body that arrives in any split, as strictly as
// ringcast writes it: sizes in lower-case hexadecimal without leading zeros, no extensions, no
// trailers. Throws std::runtime_error at anything else.
//
// Threads: one. Memory: every chunk, because tests ask where chunks end.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast {

class ChunkedBody {
 public:
  // Returns the data that was in `bytes`.
  std::string feed(std::string_view bytes) {
    std::string data;
    for (const char c : bytes) {
      if (expects_ == Expects::kData) data += c;
      take(c);
    }
    return data;
  }

  // The chunks that have ended, but for the last one, which is empty.
  [[nodiscard]] const std::vector<std::string>& chunks() const noexcept { return chunks_; }
  // The last chunk has come.
  [[nodiscard]] bool is_complete() const noexcept { return expects_ == Expects::kNothing; }

 private:
  enum class Expects { kSize, kSizeLf, kData, kDataCr, kDataLf, kNothing };

  void take(char c) {
    switch (expects_) {
      case Expects::kSize:
        if (c == '\r') {
          check_size();
          expects_ = Expects::kSizeLf;
        } else {
          add_digit(c);
        }
        return;
      case Expects::kSizeLf:
        check(c == '\n', "a size line ends with CR LF");
        expects_ = bytes_left_ > 0 ? Expects::kData : Expects::kDataCr;
        return;
      case Expects::kData:
        chunk_ += c;
        if (--bytes_left_ == 0) expects_ = Expects::kDataCr;
        return;
      case Expects::kDataCr:
        check(c == '\r', "data is followed by CR LF");
        expects_ = Expects::kDataLf;
        return;
      case Expects::kDataLf:
        check(c == '\n', "data is followed by CR LF");
        end_chunk();
        return;
      case Expects::kNothing:
        check(false, "nothing follows the last chunk");
    }
  }

  void add_digit(char c) {
    const bool is_decimal = c >= '0' && c <= '9';
    check(is_decimal || (c >= 'a' && c <= 'f'), "a size is lower-case hexadecimal");
    check(size_digits_ < 8, "a size has eight digits at most");
    bytes_left_ = bytes_left_ * 16 + static_cast<size_t>(is_decimal ? c - '0' : c - 'a' + 10);
    begins_with_zero_ = begins_with_zero_ || (size_digits_ == 0 && c == '0');
    ++size_digits_;
  }

  void check_size() const {
    check(size_digits_ > 0, "a size has a digit");
    check(!begins_with_zero_ || size_digits_ == 1, "a size has no leading zeros");
  }

  void end_chunk() {
    expects_ = chunk_.empty() ? Expects::kNothing : Expects::kSize;
    if (!chunk_.empty()) chunks_.push_back(std::move(chunk_));
    chunk_.clear();
    size_digits_ = 0;
    begins_with_zero_ = false;
  }

  void check(bool holds, const char* rule) const {
    if (!holds) {
      throw std::runtime_error("after " + std::to_string(chunks_.size()) +
                               " chunks, not so: " + rule);
    }
  }

  Expects expects_ = Expects::kSize;
  size_t size_digits_ = 0;
  bool begins_with_zero_ = false;
  size_t bytes_left_ = 0;
  std::string chunk_;  // under way
  std::vector<std::string> chunks_;
};

}  // namespace ringcast
