# Half of a build from nothing goes into reading the standard library, fmt and GoogleTest, three hundred times over. Where there is no
# compiler cache they are read once, into two precompiled headers. With one they are not: it knows the objects themselves, and a
# precompiled header would keep it from its work. Such builds also notice an #include that was forgotten, as does
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON; none of our own headers belong here.
set(standard_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <deque> <functional> <memory> <optional> <random> <span> <string>
  <string_view> <unordered_map> <variant> <vector>)

# rc_precompile(name LIBS libraries... HEADERS headers...): what rc_share_headers() may name.
function(rc_precompile name)
  cmake_parse_arguments(ARG "" "" "LIBS;HEADERS" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/precompiled.cc)
  target_link_libraries(${name} PRIVATE ringcast_warnings ${ARG_LIBS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()
if(NOT CCACHE)
  rc_precompile(ringcast_headers LIBS fmt::fmt HEADERS ${standard_headers} <fmt/format.h>)
  rc_precompile(ringcast_test_headers LIBS fmt::fmt GTest::gtest HEADERS ${standard_headers} <map> <thread> <gtest/gtest.h>)
endif()

# Both are read as if fmt's library were linked, so it must be: a compiler takes a precompiled header only for the same definitions.
function(rc_share_headers target precompiled)
  if(NOT CCACHE)
    target_link_libraries(${target} PRIVATE fmt::fmt)
    target_precompile_headers(${target} REUSE_FROM ${precompiled})
  endif()
endfunction()
