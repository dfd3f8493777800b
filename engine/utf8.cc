#include "engine/utf8.h"

#include <simdjson.h>

namespace ringcast {

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace ringcast
