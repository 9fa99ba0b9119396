/** Ports for servers that have to be told theirs before they listen. */
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below those that the system hands to connections (on Linux from 32,768): asked for any, it names one of them, and may give
// it to a connection of another test before the server listens. Nodes of a Redis cluster listen 10,000 above their port, too:
// those are neither here nor there.
const [first, count] = [12_000, 10_000]

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count)
    const server = createServer()
    const isTaken = once(server, 'error').then(() => true)
    const isFree = once(server.listen(port, '127.0.0.1'), 'listening').then(() => false)
    isFree.catch(() => undefined)
    if (await Promise.race([isTaken, isFree])) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
