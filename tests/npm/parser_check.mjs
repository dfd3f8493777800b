// parser_check.mjs FILE: reads the streams in FILE with eventsource-parser, each in every split,
// and compares with the readings that stand beside them.
//
// FILE is JSON: [{name, hex, events: [{id, type, data}], retry, comments}, ...]; retry is null when
// the stream sets none.

import {readFileSync} from 'node:fs'
import {isDeepStrictEqual} from 'node:util'
import {createParser} from 'eventsource-parser'

// What eventsource-parser makes of a stream that arrives as `pieces`. It tells of an id only with
// the event it came with, so remembering it is done here, as in its users.
function read(pieces) {
  const reading = {events: [], retry: null, comments: 0}
  let lastId = ''
  const parser = createParser({
    onEvent({id, event, data}) {
      lastId = id ?? lastId
      reading.events.push({id: lastId, type: event ?? 'message', data})
    },
    onRetry(ms) {
      reading.retry = ms
    },
    onComment() {
      ++reading.comments
    },
  })
  const decoder = new TextDecoder()
  for (const piece of pieces) parser.feed(decoder.decode(piece, {stream: true}))
  return reading
}

function inPiecesOf(bytes, stream) {
  const pieces = []
  for (let at = 0; at < stream.length; at += bytes) pieces.push(stream.subarray(at, at + bytes))
  return pieces
}

// Short enough for every cut in two to be tried; longer ones are cut into equal pieces.
const kShortBytes = 300

function* splits(stream) {
  yield ['whole', [stream]]
  yield ['byte by byte', inPiecesOf(1, stream)]
  if (stream.length <= kShortBytes) {
    for (let cut = 1; cut < stream.length; ++cut) {
      yield [`cut at ${cut}`, [stream.subarray(0, cut), stream.subarray(cut)]]
    }
  } else {
    for (const bytes of [2, 3, 5, 7, 16, 61, 256, 1021]) {
      yield [`in pieces of ${bytes}`, inPiecesOf(bytes, stream)]
    }
  }
}

let readings = 0
const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'))
for (const {name, hex, ...expected} of vectors) {
  for (const [split, pieces] of splits(Buffer.from(hex, 'hex'))) {
    const reading = read(pieces)
    ++readings
    if (isDeepStrictEqual(reading, expected)) continue
    console.error(`"${name}", ${split}: ${JSON.stringify(Buffer.from(hex, 'hex').toString())}`)
    console.error(`eventsource-parser reads ${JSON.stringify(reading)}`)
    console.error(`the reference parser    ${JSON.stringify(expected)}`)
    process.exit(1)
  }
}
console.log(`${vectors.length} streams read alike in ${readings} splits`)
