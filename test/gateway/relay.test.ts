/** WebSocket bytes in passing: an end is said between two frames, and nothing piles up. */
import { randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Relay, relay } from '../../src/gateway/proxy/relay.ts'
import { clientFrame, frameHead, serverFrame, serverFrames } from './socket-client.ts'

interface Joined {
  readonly browser: Socket
  readonly app: Socket
  readonly relay: Relay
  readonly ended: Promise<void>
}

/** Two real connections, joined by the relay as the gateway joins them. */
async function joined(): Promise<Joined> {
  const [browser, client] = await pair()
  const [app, upstream] = await pair()
  let over = (): void => {}
  const ended = new Promise<void>((resolve) => {
    over = resolve
  })

  const made = relay({ client, upstream, onEnd: over })
  return { browser, app, relay: made, ended }
}

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const near = await accepted
  server.close()
  for (const socket of [far, near]) {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
  }
  return [far, near]
}

function collect(socket: Socket): { readonly bytes: () => Buffer; readonly closed: Promise<void> } {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  return {
    bytes: () => Buffer.concat(pieces),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  }
}

/** How many bytes left a socket in a tenth of a second. */
async function moved(socket: Socket): Promise<number> {
  const before = socket.bytesWritten - socket.writableLength
  await wait(100)
  return socket.bytesWritten - socket.writableLength - before
}

describe('relay', () => {
  it('sends its Close at once between two frames, and nothing of the app after it', async () => {
    const { browser, app, relay: made, ended } = await joined()
    const got = collect(browser)
    const hello = serverFrame(1, Buffer.from('hello'))
    app.write(hello)
    await expect.poll(() => got.bytes().length).toBe(hello.length)
    made.close(4401, 'signed-out')
    app.write(serverFrame(1, Buffer.from('too late')))
    await Promise.all([got.closed, ended])
    const all = serverFrames(got.bytes())
    expect(all.map((one) => one.opcode)).toEqual([1, 8])
    expect(all[1]?.payload.subarray(2).toString()).toBe('signed-out')
  })

  it('lets the frame under way end first, wherever it is cut', async () => {
    const payload = randomBytes(300)
    const frame = serverFrame(2, payload)
    for (const at of [1, 2, 3, 4, 5, 150, frame.length - 1]) {
      const { browser, app, relay: made, ended } = await joined()
      const got = collect(browser)
      app.write(frame.subarray(0, at))
      await expect.poll(() => got.bytes().length).toBe(at)
      made.close(4401, 'signed-out')
      app.write(Buffer.concat([frame.subarray(at), serverFrame(1, Buffer.from('secret'))]))
      await Promise.all([got.closed, ended])
      const all = serverFrames(got.bytes())
      expect(
        all.map((one) => one.opcode),
        `cut at ${at}`,
      ).toEqual([2, 8])
      expect(all[0]?.payload.equals(payload)).toBe(true)
    }
  })

  it('cuts an app off that never ends its frame', async () => {
    const { browser, app, relay: made, ended } = await joined()
    const got = collect(browser)
    app.write(frameHead(2, 1_000_000, true, false))
    await expect.poll(() => got.bytes().length).toBeGreaterThan(0)
    const started = performance.now()
    made.close(4401, 'signed-out')
    await Promise.all([got.closed, ended])
    expect(performance.now() - started).toBeLessThan(4_000)
  })

  it('passes large messages to the byte both ways, also to a peer that reads in fits', async () => {
    const { browser, app } = await joined()
    for (const [from, to, frame] of [
      [app, browser, serverFrame(2, randomBytes(3_000_000))],
      [browser, app, clientFrame(2, randomBytes(3_000_000))],
    ] as const) {
      const got = collect(to)
      const fits = setInterval(() => (to.isPaused() ? to.resume() : to.pause()), 2)
      from.write(frame)
      await expect.poll(() => got.bytes().length, { timeout: 10_000 }).toBe(frame.length)
      clearInterval(fits)
      to.resume()
      expect(got.bytes().equals(frame)).toBe(true)
      to.removeAllListeners('data')
    }
  })

  it('gives the memory of a large chunk back once it is written, and not before', async () => {
    const written: { chunk: Buffer; done: () => void }[] = []
    const upstream = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => void written.push({ chunk, done }),
    })
    const client = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    relay({ client, upstream })
    const memory = new ArrayBuffer(16_384)
    const small = Buffer.from(new ArrayBuffer(100))
    const part = Buffer.alloc(20_000).subarray(0, 16_384)
    for (const chunk of [Buffer.from(memory), small, part]) client.emit('data', chunk)
    await expect.poll(() => written.length).toBe(1)
    expect(written[0]?.chunk.length).toBe(16_384)
    for (let at = 0; at < 3; at++) {
      await expect.poll(() => written.length).toBe(at + 1)
      written[at]?.done()
    }
    await expect.poll(() => memory.byteLength).toBe(0)
    expect([small.length, part.length]).toEqual([100, 16_384])
  })

  it('holds no frame in memory for a browser that does not read, also while it says goodbye', async () => {
    const { browser, app, relay: made, ended } = await joined()
    browser.pause()
    const size = 200_000_000
    app.write(frameHead(2, size, true, false))
    const chunk = Buffer.alloc(1_000_000)
    let sent = 0
    const pump = (): void => {
      while (sent < size && !app.destroyed) {
        sent += chunk.length
        if (!app.write(chunk)) return
      }
    }
    app.on('drain', pump)
    pump()
    // Nothing moves any more: what is in flight is in the system's buffers.
    await expect.poll(() => moved(app), { timeout: 5_000 }).toBe(0)
    const before = app.bytesWritten - app.writableLength
    made.close(4401, 'signed-out')
    await ended
    expect(before).toBeGreaterThan(0)
    expect(app.bytesWritten - app.writableLength - before).toBeLessThan(20_000_000)
  })

  it('stops reading from a browser that floods pings when the app does not read', async () => {
    const { browser, app } = await joined()
    app.pause()
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame(9, Buffer.alloc(125))))
    const before = process.memoryUsage().rss
    let sent = 0
    const pump = (): void => {
      while (sent < 300_000_000) {
        sent += pings.length
        if (!browser.write(pings)) return
      }
    }
    browser.on('drain', pump)
    pump()
    await expect.poll(() => browser.writableNeedDrain).toBe(true)
    await expect.poll(() => moved(browser), { timeout: 5_000 }).toBe(0)
    expect(sent).toBeLessThan(60_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  it('ends both sides when the app goes, also if the browser does not end its own', async () => {
    const { browser, app, ended } = await joined()
    // A browser that reads but never closes.
    browser.allowHalfOpen = true
    browser.resume()
    app.resume()
    app.end(serverFrame(1, Buffer.from('bye')))
    await ended
    await expect.poll(() => app.destroyed).toBe(true)
  })

  it('delivers what the app said last, however slowly the browser reads', async () => {
    const { browser, app, ended } = await joined()
    const payload = randomBytes(3_000_000)
    app.end(serverFrame(2, payload))
    const pieces: Buffer[] = []
    browser.on('data', (piece: Buffer) => {
      pieces.push(piece)
      browser.pause()
      setTimeout(() => browser.resume(), 5)
    })
    await Promise.all([ended, new Promise((resolve) => browser.once('close', resolve))])
    expect(serverFrames(Buffer.concat(pieces))[0]?.payload.equals(payload)).toBe(true)
  })
})
