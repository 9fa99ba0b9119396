/** Ports for servers that have to be told theirs before they listen. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// Below those that the system hands to connections (on Linux from 32,768): asked for any, it names one of them, and may give
// it to a connection of another test before the server listens. Nodes of a Redis cluster listen 10,000 above their port, too:
// those are neither here nor there.
const [first, blockSize, blocks] = [12_000, 100, 100]
// Whoever listens on the lock of a block hands out its ports. Between the look and the server's own start another process
// could be given the same port: of 4,000 tests that happened to one, whose replica never answered.
const firstLock = 11_800

async function listen(port: number): Promise<Server | null> {
  const server = createServer().unref()
  const isTaken = once(server, 'error').then(() => null)
  const isFree = once(server.listen(port, '127.0.0.1'), 'listening').then(() => server)
  isFree.catch(() => undefined)
  return await Promise.race([isTaken, isFree])
}

/** A block that no other process hands ports from, until this one ends. */
async function takeBlock(): Promise<number> {
  const start = Math.floor(Math.random() * blocks)
  for (let turn = 0; turn < blocks; turn++) {
    const block = (start + turn) % blocks
    if (await listen(firstLock + block)) return first + block * blockSize
  }
  throw new Error(`All ${blocks} blocks of ports are taken: processes of earlier tests are still there.`)
}

let block: Promise<number> | undefined
let handedOut = 0

/** A port of 127.0.0.1 that nobody listens on now, and that is given to nobody else. */
export async function freePort(): Promise<number> {
  for (;;) {
    const place = handedOut++ % blockSize
    if (block === undefined || place === 0) block = takeBlock()
    const port = (await block) + place
    const server = await listen(port)
    if (server === null) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
