// Goal: any text is a configuration, or is told where it is none and why; and a configuration can be written down and read again.
// Input: a configuration file.
#include "engine/base/check.h"
#include "engine/config/load.h"
#include "tests/fuzz/fuzzed_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;
  const LoadedConfig loaded = load_config_text(as_text(data, size));
  RC_CHECK(loaded.config.has_value() == loaded.problems.empty());
  for (const auto* problems : {&loaded.problems, &loaded.warnings}) {
    for (const ConfigProblem& problem : *problems) {
      RC_CHECK(problem.line >= 1 && problem.column >= 1);
      RC_CHECK(!problem.what.empty());
      RC_CHECK(problem.what.find('\n') == std::string::npos);
    }
  }
  if (!loaded.config) return 0;
  const std::string written = to_yaml(*loaded.config);
  const LoadedConfig again = load_config_text(written);
  RC_CHECK(again.config == loaded.config);
  RC_CHECK(to_yaml(*again.config) == written);
  RC_CHECK(again.warnings.size() == loaded.warnings.size());
  return 0;
}
