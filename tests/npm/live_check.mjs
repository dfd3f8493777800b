// live_check.mjs PORT: subscribes with eventsource to the channel `news` of the ringcast at PORT,
// and compares what it receives with what it publishes there, before and after it was cut off.

import {deepStrictEqual, match, ok} from 'node:assert'
import {CuttingProxy} from './cutting_proxy.mjs'
import {publish} from './publish.mjs'
import {Subscriber} from './subscriber.mjs'

const kEvents = [
  {data: 'plain'},
  {data: ''},
  {data: ' leading space'},
  {data: '  two, and\n on every\n  line'},
  {data: '\ttab'},
  {data: ':colon'},
  {data: 'trailing line end\n'},
  {data: '\n'},
  {data: '\n\n\n'},
  {data: 'LF\nCR\rCR LF\r\nend'},
  {data: 'a\u0000b'},
  {data: '\u0000'},
  {data: '\u001b[2J\u007f\b'},
  {data: '\ufeffbyte order mark'},
  {data: 'no line ends: \u2028 \u2029 \u0085 \u000b \u000c'},
  {data: '\u00e9 \u2026 \u4ef7 \u{1f600} \u{10ffff} \ufffd'},
  {data: 'x\n\nevent: admin\ndata: y'},
  {data: 'a\rid: 9\rretry: 1'},
  {data: '0\r\n\r\n'},
  {data: '{"json": "\\n"}'},
  {data: 'line\n'.repeat(4000)},
  {data: '\u{1f600}'.repeat(15_000)},
  {type: 'tick', data: '42'},
  {type: 'tick', data: ''},
  {data: 'a type does not outlive its event'},
  {type: 'a b:c', data: 'spaces and colons'},
  {type: ' x', data: 'begins with a space'},
  {type: 'data', data: 'called like a field'},
  {type: '\u4ef7\u683c', data: 'any script'},
  {type: 'message', data: 'what an event without a type is called'},
  {type: 't'.repeat(128), data: 'the longest type'},
]

const channel = (port) => `http://127.0.0.1:${port}/channels/news`
const port = Number(process.argv[2])
const proxy = await CuttingProxy.to(port)
const types = new Set(kEvents.map(({type}) => type ?? 'message'))
const subscriber = await Subscriber.open(channel(proxy.port), types)

// Returns its id.
async function publishAndCompare({type, data}) {
  const id = await publish(channel(port), {type, data})
  const expected = {id, type: type ?? 'message', data: data.replace(/\r\n?/g, '\n')}
  deepStrictEqual(await subscriber.next(), expected)
  return id
}

let lastId
for (const event of kEvents) lastId = await publishAndCompare(event)
ok(!/^last-event-id:/im.test(proxy.requestHeads[0]), 'there was no id to come with at first')

proxy.cut()
await subscriber.lost()
await subscriber.opened()
match(proxy.requestHeads[1], new RegExp(`^last-event-id: ${lastId}\r$`, 'im'))
await publishAndCompare({data: 'after the cut'})

subscriber.close()
proxy.close()
console.log(`${kEvents.length + 1} events received as published`)
