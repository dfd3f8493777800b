// What an event stream cannot carry: which kind of line end the data had.
#pragma once

#include <string>
#include <string_view>

namespace ringcast {

// `data` as a client receives it: CR LF and CR have become LF.
[[nodiscard]] inline std::string with_lf_line_ends(std::string_view data) {
  std::string normal;
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\n' && i > 0 && data[i - 1] == '\r') continue;
    normal += data[i] == '\r' ? '\n' : data[i];
  }
  return normal;
}

}  // namespace ringcast
