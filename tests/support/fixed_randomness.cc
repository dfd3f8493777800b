// Takes the place of libsodium's source of randomness in the program it is linked into. Recipients that share
// a mark then do so in every run, which is what replaying a seed asks for.
#include <cstddef>
#include <cstring>

extern "C" void randombytes_buf(void* bytes, size_t size) {
  std::memset(bytes, 0x5a, size);
}
