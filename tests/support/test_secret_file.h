// The test secret in a file, for a configuration that names one.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/token_maker.h"

namespace ringcast {

class TestSecretFile {
 public:
  TestSecretFile() { std::ofstream(path_) << kTestSecret << "\n"; }
  ~TestSecretFile() { ::unlink(path_.c_str()); }
  TestSecretFile(const TestSecretFile&) = delete;
  TestSecretFile& operator=(const TestSecretFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_ = testing::TempDir() + "secret-" + std::to_string(::getpid()) + ".key";
};

}  // namespace ringcast
