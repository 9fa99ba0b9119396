/** A link from one replica to the store that can be made slow, deaf, or cut. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * `pass`. `slow`: each piece comes late. `refuse`: nothing connects, and what is connected is reset. `hang`: connections are
 * accepted and nothing comes through; it all does, late, when the link heals, as TCP does it. `vanish`: what is sent is lost,
 * and the connection with it, but nobody is told before the link heals. `no-feed`: connections that listen for changes are
 * reset over and over. `lossy-feed`: every other change that Redis pushes is lost.
 */
export type LinkMode = 'pass' | 'slow' | 'refuse' | 'hang' | 'vanish' | 'no-feed' | 'lossy-feed'

export interface Link {
  readonly port: number
  set(mode: LinkMode, delay?: number): void
  /** Resets every connection once. */
  reset(): void
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  isFeed: boolean
  /** Whether bytes were lost on it. */
  isBroken: boolean
}

const feedWords = /LISTEN "|SUBSCRIBE/i
const pushStart = '*3\r\n$7\r\nmessage\r\n'

/** Opens a link on an address of this machine to wherever `target` says the store is at the moment. */
export async function openLink(host: string, target: () => number): Promise<Link> {
  const pairs = new Set<Pair>()
  let mode: LinkMode = 'pass'
  let delay = 0
  let pushes = 0

  const end = (pair: Pair): void => {
    pairs.delete(pair)
    pair.near.resetAndDestroy()
    pair.far.resetAndDestroy()
  }

  const isLost = (pair: Pair, piece: Buffer, from: Socket): boolean => {
    if (mode === 'vanish') {
      pair.isBroken = true
      return true
    }
    if (mode !== 'lossy-feed' || from === pair.near || !pair.isFeed || !isWholePush(piece)) return false
    pushes += 1
    return pushes % 2 === 0
  }

  const relay = (pair: Pair, from: Socket, to: Socket): void => {
    // What waits; `null` is the end. Whichever timer fires, the oldest goes first: a stream out of order is no slow link.
    const queue: (Buffer | null)[] = []
    const pass = (piece: Buffer | null): void => {
      if (!to.writable) return
      if (piece === null) to.end()
      else to.write(piece)
    }
    const later = (piece: Buffer | null): void => {
      if (mode !== 'slow' && queue.length === 0) return pass(piece)
      queue.push(piece)
      setTimeout(() => pass(queue.shift() ?? null), delay)
    }
    from.on('data', (piece: Buffer) => {
      if (from === pair.near && !pair.isFeed && feedWords.test(piece.toString('latin1'))) pair.isFeed = true
      if (pair.isFeed && mode === 'no-feed') return end(pair)
      if (!isLost(pair, piece, from)) later(piece)
    })
    from.on('end', () => later(null))
    from.on('error', () => end(pair))
    from.on('close', () => {
      if (from.errored !== null || queue.length === 0) end(pair)
    })
  }

  const server: Server = createServer({ noDelay: true }, (near) => {
    if (mode === 'refuse') return void near.resetAndDestroy()
    const far = connect({ host: '127.0.0.1', port: target(), noDelay: true })
    const pair: Pair = { near, far, isFeed: false, isBroken: false }
    pairs.add(pair)
    relay(pair, near, far)
    relay(pair, far, near)
    if (mode === 'hang') for (const socket of [near, far]) socket.pause()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,

    set(next, ms = 0) {
      mode = next
      delay = ms
      for (const pair of [...pairs]) {
        if (next === 'refuse' || pair.isBroken || (next === 'no-feed' && pair.isFeed)) end(pair)
        else flow(pair, next !== 'hang')
      }
    },

    reset() {
      for (const pair of [...pairs]) end(pair)
    },

    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const pair of [...pairs]) end(pair)
      await closed
    },
  }
}

function flow({ near, far }: Pair, isFlowing: boolean): void {
  for (const socket of [near, far]) {
    if (isFlowing) socket.resume()
    else socket.pause()
  }
}

/** Whether it is one push of Redis and nothing else: a part of one cannot be lost without spoiling the rest. */
function isWholePush(piece: Buffer): boolean {
  const text = piece.toString('latin1')
  if (!text.startsWith(pushStart)) return false
  const found = /^\*3\r\n\$7\r\nmessage\r\n\$(\d+)\r\n/.exec(text)
  if (found === null) return false
  const rest = text.slice(found[0].length + Number(found[1]) + 2)
  const length = /^\$(\d+)\r\n/.exec(rest)
  return length !== null && rest.length === length[0].length + Number(length[1]) + 2
}
