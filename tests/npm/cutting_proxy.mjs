// A TCP proxy on a port of its own that can cut the connections through it, as networks do, and
// keeps the head of every request, so that a test sees what a client sends when it comes back. While it
// is held, it resets newcomers as well.

import {createServer, connect} from 'node:net'

export class CuttingProxy {
  #server
  #sockets = new Set()
  #isHeld = false
  // In the order of the connections, each as text.
  requestHeads = []

  static async to(port) {
    const proxy = new CuttingProxy()
    proxy.#server = createServer((client) => {
      if (proxy.#isHeld) client.resetAndDestroy()
      else proxy.#join(client, connect(port, '127.0.0.1'))
    })
    await new Promise((listening) => proxy.#server.listen(0, '127.0.0.1', listening))
    return proxy
  }

  get port() {
    return this.#server.address().port
  }

  // Resets every connection there is.
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  // Cuts, and lets nobody through until release().
  hold() {
    this.#isHeld = true
    this.cut()
  }

  release() {
    this.#isHeld = false
  }

  close() {
    this.cut()
    this.#server.close()
  }

  #join(client, server) {
    const index = this.requestHeads.push('') - 1
    client.on('data', (bytes) => {
      this.requestHeads[index] += bytes.toString('latin1')
    })
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => other.destroy())
      socket.on('close', () => this.#sockets.delete(socket))
    }
  }
}
