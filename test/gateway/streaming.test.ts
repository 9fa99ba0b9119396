/** Large and slow things pass as they come: nothing is gathered up, nothing is lost, and an end reaches them. */
import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { rawTalk } from './raw-client.ts'
import { acceptUpgrade, recordingUpstream } from './recording-upstream.ts'
import { clientFrame, frameHead, openSocket, serverFrame, serverFrames } from './socket-client.ts'

const megabyte = 1_000_000
const file = Buffer.from(Array.from({ length: 3 * megabyte }, (_, i) => (i * 31 + (i >> 8)) & 0xff))

const upstream = await recordingUpstream({
  keepBodies: false,
  app(incoming, response) {
    const { pathname } = new URL(incoming.url ?? '', 'http://app')
    if (pathname === '/upload') return digest(incoming, (size, sum) => response.end(`${size} ${sum}`))
    if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      response.flushHeaders()
      next = (text) => response.write(text)
      return
    }
    if (pathname === '/endless') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const pump = (): void => {
        let ready = true
        while (ready && !response.destroyed) {
          ready = response.write(Buffer.alloc(65_536))
          produced += 65_536
        }
      }
      response.on('drain', pump)
      return pump()
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '')
    if (range === null) {
      response.writeHead(200, { 'content-length': file.length, 'accept-ranges': 'bytes', etag: '"kelp"' })
      return response.end(file)
    }
    const [from, to] = [Number(range[1]), Number(range[2])]
    response.writeHead(206, {
      'content-range': `bytes ${from}-${to}/${file.length}`,
      'content-length': to - from + 1,
    })
    response.end(file.subarray(from, to + 1))
  },
})
let next = (_text: string): unknown => undefined
let produced = 0
const gateway = await startHarness({ upstream })
const cookie = await gateway.sessionOf(ben)

function digest(incoming: IncomingMessage, done: (size: number, sum: string) => void): void {
  const hash = createHash('sha256')
  let size = 0
  incoming.on('data', (piece: Buffer) => {
    size += piece.length
    hash.update(piece)
  })
  incoming.on('end', () => done(size, hash.digest('hex')))
}

describe('streaming', () => {
  it('takes an upload of 500 MB without holding it, to the byte', async () => {
    const chunk = Buffer.from(Array.from({ length: 65_536 }, (_, i) => i & 0xff))
    const chunks = 7_630
    const hash = createHash('sha256')
    let peak = 0
    const before = process.memoryUsage().rss
    function* body(): Generator<Buffer> {
      for (let i = 0; i < chunks; i++) {
        hash.update(chunk)
        if (i % 256 === 0) peak = Math.max(peak, process.memoryUsage().rss)
        yield chunk
      }
    }
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: gateway.port,
          path: '/upload',
          method: 'POST',
          agent: false,
          headers: { host: gateway.host, cookie, 'content-length': chunk.length * chunks },
        },
        (response) => {
          let text = ''
          response.on('data', (piece: Buffer) => {
            text += piece.toString('utf8')
          })
          response.on('end', () => resolve(text))
        },
      )
      outgoing.on('error', reject)
      pipeline(Readable.from(body()), outgoing).catch(reject)
    })
    expect(answer).toBe(`${chunk.length * chunks} ${hash.digest('hex')}`)
    expect(peak - before).toBeLessThan(150 * megabyte)
  }, 60_000)

  it('keeps ranges, lengths and validators of a download', async () => {
    const headers = { host: gateway.host, cookie }
    const part = await fetchFrom(gateway.port, '/file', { headers: { ...headers, range: 'bytes=100-199' } })
    expect([part.status, part.headers['content-range'], part.headers['content-length']]).toEqual([
      206,
      `bytes 100-199/${file.length}`,
      '100',
    ])
    const whole = await fetchFrom(gateway.port, '/file', { headers })
    expect([
      whole.status,
      whole.headers.etag,
      whole.headers['accept-ranges'],
      whole.headers['content-length'],
    ]).toEqual([200, '"kelp"', 'bytes', `${file.length}`])
    const head = await fetchFrom(gateway.port, '/file', { method: 'HEAD', headers })
    expect([head.status, head.headers['content-length'], head.body]).toEqual([200, `${file.length}`, ''])
  })

  it('stops reading from the app when the browser stops reading', async () => {
    produced = 0
    const talk = await rawTalk(gateway.port)
    talk.socket.pause()
    talk.send(gateway.request('GET /endless', [`Cookie: ${cookie}`]))
    let last = 0
    const stands = (): boolean => {
      const before = last
      last = produced
      return last > 0 && last === before
    }
    await expect.poll(stands, { timeout: 10_000, interval: 200 }).toBe(true)
    expect(produced).toBeLessThan(50 * megabyte)
    talk.socket.destroy()
  })

  it('sends the head of an event stream at once, and every event as it comes', async () => {
    const talk = await rawTalk(gateway.port)
    talk.send(gateway.request('GET /events', [`Cookie: ${cookie}`, 'Accept: text/event-stream']))
    await talk.until((all) => all.includes('\r\n\r\n'))
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      next(event)
      await talk.until((all) => all.includes(event.trim()))
    }
    talk.socket.destroy()
  })

  it('ends an event stream when its session ends', async () => {
    const session = await gateway.signIn('ben')
    const talk = await rawTalk(gateway.port)
    talk.send(gateway.request('GET /events', [`Cookie: ${session}`]))
    await talk.until((all) => all.includes('\r\n\r\n'))
    await fetchFrom(gateway.port, '/_holdfast/sign-out', {
      method: 'POST',
      headers: { host: gateway.host, origin: gateway.origin, cookie: session, 'content-length': '0' },
    })
    await talk.closed
    expect(talk.received().toString('latin1')).not.toContain('data:')
  })

  it('ends an event stream too whose app began to answer only after its session had ended', async () => {
    let answer = (): void => {}
    const slow = await recordingUpstream({
      app: (_incoming, response) => {
        answer = () => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: secret\n\n')
        }
      },
    })
    const to = await startHarness({ upstream: slow })
    const session = await to.sessionOf(ben)
    const talk = await rawTalk(to.port)
    talk.send(to.request('GET /events', [`Cookie: ${session}`]))
    await expect.poll(() => slow.requests.length).toBe(1)
    await to.sessions.revokeUser(ben)
    answer()
    const closed = await Promise.race([
      talk.closed.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 2_000)),
    ])
    expect(closed).toBe(true)
    talk.socket.destroy()
  })
})

describe('large WebSocket messages', () => {
  it('pass 100 MB both ways, to the byte', async () => {
    const talk = await openSocket(gateway, { cookie })
    const size = 100 * megabyte
    const payload = Buffer.alloc(size, 'kelp')
    const frame = clientFrame(2, payload)
    const hash = createHash('sha256')
    let seen = 0
    talk.socket.removeAllListeners('data')
    const back = new Promise<void>((resolve) => {
      talk.socket.on('data', (piece: Buffer) => {
        hash.update(piece)
        seen += piece.length
        if (seen >= frame.length) resolve()
      })
    })
    talk.send(frame)
    await back
    // The app echoes the very bytes it got, mask and all.
    expect([seen, hash.digest('hex')]).toEqual([
      frame.length,
      createHash('sha256').update(frame).digest('hex'),
    ])
    talk.socket.destroy()
  }, 60_000)

  it('pass fragments, and control frames between them, as they are', async () => {
    const talk = await openSocket(gateway, { cookie })
    const pieces = [
      clientFrame(1, Buffer.from('one '), false),
      clientFrame(9, Buffer.from('ping')),
      clientFrame(0, Buffer.from('two '), false),
      clientFrame(0, Buffer.from('three')),
    ]
    const all = Buffer.concat(pieces)
    for (const byte of all) talk.send(Buffer.from([byte]))
    await talk.until(() => talk.frames().length >= all.length)
    expect(talk.frames().equals(all)).toBe(true)
    talk.socket.destroy()
  })

  it('a sign-out while a large frame is on its way: the frame ends, then comes the Close, then nothing', async () => {
    const size = 5 * megabyte
    const payload = Buffer.alloc(size, 'x')
    let write = (_bytes: Buffer): void => {}
    const app = await recordingUpstream({
      onUpgrade(_request, socket) {
        acceptUpgrade(socket)
        write = (bytes) => void (socket.destroyed || socket.write(bytes))
        write(Buffer.concat([frameHead(2, size, true, false), payload.subarray(0, megabyte)]))
      },
    })
    const to = await startHarness({ upstream: app })
    const session = await to.signIn('ben')
    const talk = await openSocket(to, { cookie: session })
    await talk.until(() => talk.frames().length >= megabyte)
    const out = fetchFrom(to.port, '/_holdfast/sign-out', {
      method: 'POST',
      headers: { host: to.host, origin: to.origin, cookie: session, 'content-length': '0' },
    })
    expect((await out).status).toBe(303)
    write(Buffer.concat([payload.subarray(megabyte), serverFrame(1, Buffer.from('secret'))]))
    await talk.closed
    const frames = serverFrames(talk.frames())
    expect(frames.map((one) => [one.opcode, one.payload.length])).toEqual([
      [2, size],
      [8, 12],
    ])
    expect(frames[1]?.payload.readUInt16BE(0)).toBe(4401)
  })

  it('what the client sends right behind its request is the first thing the app gets', async () => {
    const hello = clientFrame(1, Buffer.from('hello'))
    const talk = await rawTalk(gateway.port)
    const lines = [
      `Origin: ${gateway.origin}`,
      `Cookie: ${cookie}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
    ]
    talk.send(Buffer.concat([Buffer.from(gateway.request('GET /ws', lines)), hello]))
    const all = await talk.until(
      (received) =>
        received.length > received.indexOf('\r\n\r\n') + 4 + hello.length - 1 &&
        received.includes('\r\n\r\n'),
    )
    expect(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(hello)).toBe(true)
    talk.socket.destroy()
  })

  it('five hundred idle sockets stay open and cost little', async () => {
    await expect.poll(() => gateway.sockets.size).toBe(0)
    const before = process.memoryUsage().rss
    const many = await Promise.all(Array.from({ length: 500 }, () => openSocket(gateway, { cookie })))
    expect(gateway.sockets.size).toBe(500)
    // Both ends of all four sockets of each are in this process: the gateway's share is less than half.
    expect((process.memoryUsage().rss - before) / 500).toBeLessThan(250_000)
    await gateway.sessions.revokeUser(ben)
    await Promise.all(many.map((one) => one.closed))
    expect(many.every((one) => serverFrames(one.frames())[0]?.payload.readUInt16BE(0) === 4401)).toBe(true)
    expect(gateway.sockets.size).toBe(0)
  })
})
