#!/bin/sh
# layering_check.sh ROOT: prints every include under ROOT that points up the boxes, or past an outside library's one door,
# and then fails. A linker sees neither.
set -eu
cd "$1"
status=0

# refuse FOLDERS INCLUDED ALLOWED REASON: in FOLDERS, only files whose path matches ALLOWED may include INCLUDED. All but
# the reason are extended regular expressions, INCLUDED anchored at the name's start, the others at the path's.
refuse() {
  found=$(echo "$sources" | grep -E "^($1)" | grep -vE "^($3)" |
    xargs -r grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" || true)
  [ -z "$found" ] && return
  printf '%s\n%s\n' "$4:" "$found"
  status=1
}

none='$.'  # matches no path
everywhere='(engine|net|bench|tools|tests)/'
sources=$(find engine net bench tools tests -name '*.h' -o -name '*.cc')
if [ -z "$sources" ]; then
  echo "no sources under $1"
  exit 1
fi

refuse 'engine/' '(net|bench|tools|tests)/' "$none" 'engine/ stands below everything else'
refuse 'net/' '(bench|tools|tests)/' "$none" 'net/ stands below the programs'
refuse "$everywhere" 'liburing' '(net/uring|bench/load|tests/kernel|tests/support)/' 'liburing comes in through net/uring/'
refuse "$everywhere" 'boost/' 'net/http/request_reader\.cc' 'Boost comes in through net/http/request_reader.cc'
refuse "$everywhere" 'yaml-cpp/' 'engine/config/' 'yaml-cpp comes in through engine/config/'
refuse "$everywhere" 'simdjson' '(engine/utf8|net/batch_reader)\.cc' \
  'simdjson comes in through engine/utf8.cc and net/batch_reader.cc'
refuse "$everywhere" 'sodium' 'engine/keyed_hash\.cc' 'libsodium comes in through engine/keyed_hash.cc'
refuse "$everywhere" 'openssl/' 'engine/access/crypto\.cc' 'OpenSSL comes in through engine/access/crypto.cc'
refuse '(engine|net|tools)/' 'nlohmann/' '(engine/(gap|access/strict_json)|net/inspection)\.cc' \
  'nlohmann-json comes in through engine/gap.cc, engine/access/strict_json.cc and net/inspection.cc'
refuse "$everywhere" 'spdlog/' 'net/line_writer\.cc' 'spdlog comes in through net/line_writer.cc'
refuse "$everywhere" '(gtest|gmock)/' 'tests/' 'GoogleTest is for tests/'
refuse "$everywhere" 'benchmark/' 'bench/micro/' 'Google Benchmark is for bench/micro/'
exit $status
