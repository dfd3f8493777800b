// Utf8Decoder: bytes in any split become text the way every client of event streams decodes them,
// the Encoding Standard's "UTF-8 decode": wrong bytes become U+FFFD, as many as that standard says,
// and one leading byte order mark is dropped. The text is UTF-8 again, now always valid.
//
// Threads: one. Memory: up to four bytes of a character that has begun.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringcast {

class Utf8Decoder {
 public:
  // The text that `bytes` completes. A character that has begun is kept for the next call.
  [[nodiscard]] std::string decode(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
      if (bytes_needed_ == 0 && static_cast<unsigned char>(byte) < 0x80) {
        is_at_start_ = false;  // nearly all of most streams: a shortcut, take() would do the same
        text += byte;
      } else {
        take(byte, text);
      }
    }
    return text;
  }

 private:
  void take(char byte, std::string& text) {
    const auto value = static_cast<unsigned char>(byte);
    if (bytes_needed_ > 0 && (value < next_min_ || value > next_max_)) {
      // What had begun is wrong as a whole; this byte may begin something new.
      begun_.clear();
      bytes_needed_ = 0;
      emit("\uFFFD", text);
    }
    if (bytes_needed_ == 0 && !begin(value)) return emit("\uFFFD", text);
    begun_ += byte;
    if (begun_.size() > 1) {
      --bytes_needed_;
      next_min_ = 0x80;
      next_max_ = 0xBF;
    }
    if (bytes_needed_ > 0) return;
    emit(begun_, text);
    begun_.clear();
  }

  // Learns from the first byte of a character how many follow, and what the second one may be,
  // which is what rules out overlong forms, surrogates and values beyond U+10FFFF. False when no
  // character begins with it.
  bool begin(unsigned char first) {
    next_min_ = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    next_max_ = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    bytes_needed_ = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    const bool begins_one = first < 0x80 || (first >= 0xC2 && first <= 0xF4);
    if (!begins_one) bytes_needed_ = 0;
    return begins_one;
  }

  void emit(std::string_view character, std::string& text) {
    const bool is_byte_order_mark = is_at_start_ && character == "\uFEFF";
    is_at_start_ = false;
    if (!is_byte_order_mark) text += character;
  }

  std::string begun_;
  unsigned bytes_needed_ = 0;
  unsigned next_min_ = 0x80;
  unsigned next_max_ = 0xBF;
  bool is_at_start_ = true;
};

}  // namespace ringcast
