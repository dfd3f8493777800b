#!/bin/sh
# layering_check_test.sh ROOT: proves that ROOT's layering check finds each kind of violation, one at a time, and passes a
# tree that has none.
set -eu
check=$1/tests/layering_check.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/engine/config" "$tree/net/uring" "$tree/net/http" "$tree/bench/micro" "$tree/tools" "$tree/tests"

echo '#include <liburing.h>' >"$tree/net/uring/io_ring.h"
echo '#include <boost/beast/http.hpp>' >"$tree/net/http/request_reader.cc"
echo '#include <yaml-cpp/yaml.h>' >"$tree/engine/config/load.cc"
echo '#include <simdjson.h>' >"$tree/net/batch_reader.cc"
echo '#include <sodium.h>' >"$tree/engine/keyed_hash.cc"
echo '#include <nlohmann/json.hpp>' >"$tree/engine/gap.cc"
echo '#include <nlohmann/json.hpp>' >"$tree/tests/report_test.cc"
echo '#include <gtest/gtest.h>' >"$tree/tests/ring_test.cc"
echo '#include <benchmark/benchmark.h>' >"$tree/bench/micro/ring_bench.cc"
echo '#include "net/server.h"' >"$tree/tools/ringcast.cc"
if ! "$check" "$tree"; then
  echo "an orderly tree was refused"
  exit 1
fi

# must_find FILE INCLUDE
must_find() {
  echo "#include $2" >"$tree/$1"
  if said=$("$check" "$tree"); then
    echo "not found: $1 includes $2"
    exit 1
  fi
  case $said in
    *"$1:1:"*) rm "$tree/$1" ;;
    *)
      echo "refused, but without naming $1: $said"
      exit 1
      ;;
  esac
}

must_find engine/ring.cc '"net/server.h"'
must_find engine/ring.h '"bench/load/floor.h"'
must_find net/shard.h '"tests/support/fake_io.h"'
must_find net/shard.cc '"tools/flags.h"'
must_find net/shard.cc '<liburing.h>'
must_find net/server.cc '<liburing/io_uring.h>'
must_find net/http/response.cc '<boost/asio.hpp>'
must_find net/server.cc '<yaml-cpp/yaml.h>'
must_find engine/event.h '<simdjson.h>'
must_find net/batch_reader.h '<simdjson.h>'
must_find engine/keyed_hash.h '<sodium.h>'
must_find engine/gap.h '<nlohmann/json_fwd.hpp>'
must_find net/publish_answer.cc '<nlohmann/json.hpp>'
must_find engine/ring.cc '<gtest/gtest.h>'
must_find tests/ring_bench.cc '<benchmark/benchmark.h>'
