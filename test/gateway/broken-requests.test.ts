import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'

interface Broken {
  /** Everything the gateway said. */
  readonly said: string
  /** Milliseconds until it ended the connection for good. */
  readonly after: number
}

/** Sends bytes, keeps its own side open, and waits until the connection is over. */
function send(port: number, bytes: string, patience: number): Promise<Broken> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let said = ''
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`still open after ${patience} ms: ${said}`))
    }, patience)
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve({ said, after: performance.now() - began })
    })
    // A write once a while finds out that the other side is gone for good: our own FIN is never sent.
    const poke = setInterval(() => socket.write('x'), 200)
    socket.on('close', () => clearInterval(poke))
    socket.write(bytes)
  })
}

describe('a client that breaks the rules', () => {
  it('and never closes does not hold its connection', async () => {
    const to = await startHarness()
    const { said } = await send(to.port, 'GET / HTTP/1.1\r\nbad header\r\n\r\n', 10_000)
    expect(said).toMatch(/^HTTP\/1\.1 400 /)
    expect(to.upstream.requests).toEqual([])
  })

  it('by naming no Host has nothing of what it sent behind that looked at', async () => {
    const to = await startHarness()
    // Asks the store at once, where a request for the app would be given up again: its client is gone.
    const behind = to.request('GET /_holdfast/ready')
    const asked = to.store.calls.get('ping') ?? 0
    const { said } = await send(to.port, `GET / HTTP/1.1\r\nAccept: */*\r\n\r\n${behind}`, 10_000)
    expect(said).toMatch(/^HTTP\/1\.1 400 /)
    expect(said).not.toMatch(/HTTP\/1\.1 (?!400 )/)
    expect(to.store.calls.get('ping') ?? 0).toBe(asked)
  })

  it('by never ending its headers is told so and cut off', async () => {
    const to = await startHarness()
    const socket = connect(to.port, '127.0.0.1')
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    const began = performance.now()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(said).toMatch(/^HTTP\/1\.1 408 /)
    expect(performance.now() - began).toBeLessThan(20_000)
  }, 30_000)
})
