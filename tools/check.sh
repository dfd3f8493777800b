#!/bin/sh
# All that CI runs: every test in the development build, then under the address and undefined-behaviour sanitizers, then
# those with several threads under the thread sanitizer (tests/README.md says which, and why). Stops at the first of the
# three that fails, with its summary last.
set -eu
cd "$(dirname "$0")/.."
tools/install-deps
# Lines are all that a report needs, and without the rest the build takes a sixth less; who has a build to debug with keeps it.
[ -f build/dev/build.ninja ] || cmake --preset dev -DCMAKE_CXX_FLAGS_DEBUG="-Og -g1"
for preset in dev asan tsan; do
  echo "== $preset"
  tools/test "$preset"
done
