// resume_check.mjs PORT: subscribes with eventsource to two channels of the ringcast at PORT, and is cut
// off again and again while events are published. `news` keeps them all, so nothing may be lost or
// repeated; `short` keeps two, so what is lost must be said by an event of type gap.

import {deepStrictEqual, match, notStrictEqual} from 'node:assert'
import {CuttingProxy} from './cutting_proxy.mjs'
import {publish} from './publish.mjs'
import {Subscriber} from './subscriber.mjs'

const port = Number(process.argv[2])
const channel = (name, at = port) => `http://127.0.0.1:${at}/channels/${name}`

async function publishMany(name, count, prefix) {
  const events = []
  for (let i = 0; i < count; ++i) {
    const data = `${prefix} ${i}`
    events.push({id: await publish(channel(name), {data}), type: 'message', data})
  }
  return events
}

// Each round publishes before, while and after the subscriber is cut off and comes back by itself.
async function checkThatNothingIsLost() {
  const kRounds = 4
  const kEventsARound = 60
  const proxy = await CuttingProxy.to(port)
  const subscriber = await Subscriber.open(channel('news', proxy.port), ['message', 'gap'])
  let received = 0
  for (let round = 0; round < kRounds; ++round) {
    const events = await publishMany('news', kEventsARound / 3, `before ${round}`)
    const publishing = publishMany('news', kEventsARound / 3, `while ${round}`)
    proxy.cut()
    events.push(...(await publishing))
    await subscriber.opened()
    events.push(...(await publishMany('news', kEventsARound / 3, `after ${round}`)))
    for (const event of events) deepStrictEqual(await subscriber.next(), event)
    received += events.length
  }
  notStrictEqual(proxy.requestHeads.length, 1, 'it was never cut off')
  subscriber.close()
  proxy.close()
  return received
}

async function checkThatAGapIsTold() {
  const proxy = await CuttingProxy.to(port)
  const subscriber = await Subscriber.open(channel('short', proxy.port), ['message', 'gap'])
  const [first] = await publishMany('short', 1, 'first')
  deepStrictEqual(await subscriber.next(), first)

  proxy.hold()
  const missed = await publishMany('short', 5, 'missed')
  proxy.release()
  const {type, id, data} = await subscriber.next()
  deepStrictEqual({type, id}, {type: 'gap', id: missed[2].id})
  deepStrictEqual(JSON.parse(data), {requested: first.id, oldest: missed[3].id})
  deepStrictEqual(await subscriber.next(), missed[3])
  deepStrictEqual(await subscriber.next(), missed[4])

  // It knows where it stands now, and is not told again.
  proxy.cut()
  await subscriber.lost()
  await subscriber.opened()
  match(proxy.requestHeads.at(-1), new RegExp(`^last-event-id: ${missed[4].id}\r$`, 'im'))
  const [last] = await publishMany('short', 1, 'last')
  deepStrictEqual(await subscriber.next(), last)
  subscriber.close()
  proxy.close()
}

const received = await checkThatNothingIsLost()
await checkThatAGapIsTold()
console.log(`${received} events received once and in order, and one gap`)
