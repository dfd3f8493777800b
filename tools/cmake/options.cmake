# Language, warnings and sanitizers, once for every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Empty, or what the compiler takes after -fsanitize=: "address,undefined" or "thread". Sanitizers bring an allocator of
# their own, so mimalloc stays out of those builds.
set(RINGCAST_SANITIZE "" CACHE STRING "Sanitizers to build with")

# With clang: everything says where it has been, which is how a fuzzer finds its way, and the tests are fuzz targets alone.
option(RINGCAST_FUZZ "Build the fuzz targets with libFuzzer" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(ringcast_warnings INTERFACE)
target_compile_options(ringcast_warnings INTERFACE
  -Wall -Wextra -Werror  # the baseline, and no warning is ever left standing
  -Wshadow               # one name, one thing
  -Wconversion           # positions, counts and sizes are different widths: convert in one visible place
  -Wnon-virtual-dtor     # interfaces are deleted through their base
  -Wold-style-cast       # casts must say what they mean
  $<$<CXX_COMPILER_ID:Clang>:-Wno-string-conversion>  # RC_CHECK(!"why") says why
)
target_include_directories(ringcast_warnings INTERFACE ${PROJECT_SOURCE_DIR})

if(RINGCAST_SANITIZE)
  add_compile_options(-fsanitize=${RINGCAST_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RINGCAST_SANITIZE})
  if(RINGCAST_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

if(RINGCAST_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# mimalloc serves every allocation of a program: linked first, its malloc and operator new stand before libc's.
function(rc_use_mimalloc target)
  if(NOT RINGCAST_SANITIZE)
    find_package(mimalloc 2.0 REQUIRED)
    target_link_libraries(${target} PRIVATE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
  endif()
endfunction()
