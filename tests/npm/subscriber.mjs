// A live EventSource whose events are asked for one by one. It reconnects by itself, as it does in
// a browser.

import {EventSource} from 'eventsource'

// A test that waits longer has failed; a guess.
const kPatienceMs = 15_000

function inTime(promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in time`)), kPatienceMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export class Subscriber {
  #source
  #arrived = []  // events nobody has asked for yet
  #waiting = []  // askers without an event yet

  // Subscribed, with an ear for events of these types. An EventSource drops all others in silence.
  static async open(url, types) {
    const subscriber = new Subscriber()
    subscriber.#source = new EventSource(url)
    for (const type of types) {
      subscriber.#source.addEventListener(type, (event) => subscriber.#take(event))
    }
    await subscriber.opened()
    return subscriber
  }

  // Waits until it is connected, which may be for another time.
  opened() {
    if (this.#source.readyState === this.#source.OPEN) return Promise.resolve()
    return inTime(
      new Promise((resolve) => this.#source.addEventListener('open', resolve, {once: true})),
      'the stream',
    )
  }

  // Waits until its connection is lost.
  lost() {
    if (this.#source.readyState !== this.#source.OPEN) return Promise.resolve()
    return inTime(
      new Promise((resolve) => this.#source.addEventListener('error', resolve, {once: true})),
      'the end of the connection',
    )
  }

  next() {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift())
    return inTime(new Promise((resolve) => this.#waiting.push(resolve)), 'an event')
  }

  close() {
    this.#source.close()
  }

  #take({type, data, lastEventId}) {
    const event = {id: lastEventId, type, data}
    const asker = this.#waiting.shift()
    if (asker) asker(event)
    else this.#arrived.push(event)
  }
}
