// Every allocation of a program that links mimalloc as ringcast does comes from mimalloc, whoever
// makes it, and so does every one of ringcast itself.

#include <gtest/gtest.h>
#include <mimalloc.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/ringcast_program.h"

namespace ringcast {
namespace {

constexpr size_t kSizes[] = {1, 8, 100, 1024, 4096, 64 * 1024, 1024 * 1024, 40 * 1024 * 1024};

TEST(Mimalloc, ServesNew) {
  for (const size_t size : kSizes) {
    const auto memory = std::make_unique_for_overwrite<char[]>(size);
    EXPECT_TRUE(mi_is_in_heap_region(memory.get())) << size;
  }
  struct alignas(256) Aligned {
    char bytes[256];
  };
  EXPECT_TRUE(mi_is_in_heap_region(std::make_unique<Aligned>().get()));
  const std::string text(1000, 'x');
  EXPECT_TRUE(mi_is_in_heap_region(text.data()));
}

TEST(Mimalloc, ServesMalloc) {
  for (const size_t size : kSizes) {
    void* memory = std::malloc(size);
    EXPECT_TRUE(mi_is_in_heap_region(memory)) << size;
    memory = std::realloc(memory, 2 * size);
    EXPECT_TRUE(mi_is_in_heap_region(memory)) << size;
    std::free(memory);
    memory = std::calloc(size, 1);
    EXPECT_TRUE(mi_is_in_heap_region(memory)) << size;
    std::free(memory);
    memory = std::aligned_alloc(64, (size + 63) / 64 * 64);
    EXPECT_TRUE(mi_is_in_heap_region(memory)) << size;
    std::free(memory);
  }
}

TEST(Mimalloc, ServesTheLibrariesToo) {
  char* const copy = ::strdup("allocated within libc");
  EXPECT_TRUE(mi_is_in_heap_region(copy));
  std::free(copy);
}

TEST(Mimalloc, MemoryMayBeFreedByAnotherThread) {
  std::vector<std::unique_ptr<std::string>> texts;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) texts.push_back(std::make_unique<std::string>(200, 'x'));
  }).join();
  for (const auto& text : texts) EXPECT_TRUE(mi_is_in_heap_region(text->data()));
}

// The dynamic linker says whose functions each file of the program calls.
TEST(Mimalloc, ServesTheProgramAndEveryLibraryItUses) {
  const TemporaryFile config(program_config());
  const ChildEnd end = run({kRingcast, "check", config.path()}, [] {
    ::setenv("LD_DEBUG", "bindings", 1);
    ::setenv("LD_BIND_NOW", "1", 1);
  });
  ASSERT_EQ(end.status, 0) << end.err;
  const std::regex allocates(
      "binding file (\\S+) .*to (\\S+) .*`(malloc|calloc|realloc|free|aligned_alloc|"
      "posix_memalign|_Zn[wa]m|_Zd[la]Pv|_Zd[la]Pvm)'.*");
  std::set<std::string> callers;
  std::istringstream lines(end.err);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.find("binding file") == std::string::npos) continue;
    if (!std::regex_search(line, match, allocates)) continue;
    EXPECT_NE(match[2].str().find("libmimalloc"), std::string::npos) << line;
    callers.insert(std::filesystem::path(match[1].str()).filename());
  }
  for (const std::string caller : {"ringcast", "libc.so.6", "libstdc++.so.6", "liburing.so.2"}) {
    EXPECT_TRUE(callers.contains(caller)) << caller;
  }
}

}  // namespace
}  // namespace ringcast
