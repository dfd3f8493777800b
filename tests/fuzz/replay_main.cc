// Runs one fuzz target on every file of its corpus: the part of fuzzing that any compiler can do, as an ordinary test.
//
//   request_replay FOLDER|FILE...      exit code 0: nothing was violated; a violation aborts, and the file's name is the last line
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

// In the order of their names, so that two runs are the same.
std::vector<fs::path> files_of(const fs::path& given) {
  if (!fs::is_directory(given)) return {given};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(given))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "%s cannot be read\n", file.c_str());
    return false;
  }
  const std::string input{std::istreambuf_iterator<char>(stream), {}};
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);  // what is run when the target aborts
  // A copy of its exact size, so that the address sanitizer sees a read beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& file : files_of(argv[i])) {
      if (!replay(file)) return 1;
      ++inputs;
    }
  }
  if (inputs == 0) {
    std::fprintf(stderr,
                 "there is nothing to replay; name a corpus, such as tests/fuzz/corpus/request\n");
    return 1;
  }
  LLVMFuzzerTestOneInput(nullptr, 0);
  return 0;
}
