/** A server that stops: what is under way is answered, and nothing else is waited for. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Connections, connectionsOf } from '../../src/gateway/connections.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface Stopping {
  readonly connections: Connections
  /** The answers under way; each is the test's to end. */
  readonly answers: readonly ServerResponse[]
  client(): Promise<Socket>
  /** Resolves once so many requests have arrived. */
  arrived(count: number): Promise<void>
  /** Stops as the gateway does; resolves when no connection is left. */
  stop(): Promise<void>
}

async function start(): Promise<Stopping> {
  const answers: ServerResponse[] = []
  const server = createServer((_request, response) => void answers.push(response))
  const connections = connectionsOf(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.closeAllConnections())
  const { port } = server.address() as AddressInfo
  return {
    connections,
    answers,
    async client() {
      const socket = connect(port, '127.0.0.1')
      await Promise.all([once(socket, 'connect'), once(server, 'connection')])
      return socket
    },
    async arrived(count) {
      while (answers.length < count) await once(server, 'request')
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      connections.drain()
      return closed
    },
  }
}

async function everything(socket: Socket): Promise<string> {
  let text = ''
  for await (const piece of socket) text += piece
  return text
}

describe('connectionsOf', () => {
  it('answers what is under way, and closes behind it', async () => {
    const server = await start()
    const client = await server.client()
    const text = everything(client)
    client.write(get)
    await server.arrived(1)
    const stopped = server.stop()
    server.answers[0]?.end('one')
    await stopped
    expect(await text).toMatch(/^HTTP\/1\.1 200 .*connection: close.*one/is)
  })

  it('answers each of several that came at once, and closes behind the last', async () => {
    const server = await start()
    const client = await server.client()
    const text = everything(client)
    client.write(get + get + get)
    await server.arrived(3)
    const stopped = server.stop()
    for (const [index, answer] of server.answers.entries()) answer.end(`answer ${index}`)
    await stopped
    expect((await text).match(/answer \d/g)).toEqual(['answer 0', 'answer 1', 'answer 2'])
  })

  it('closes behind an answer that ended before the next request came, and behind a stream', async () => {
    const server = await start()
    const client = await server.client()
    const text = everything(client)
    client.write(get)
    await server.arrived(1)
    server.answers[0]?.end('first')
    client.write(get)
    await server.arrived(2)
    server.answers[1]?.write('second begins, ')
    const stopped = server.stop()
    server.answers[1]?.end('and ends')
    await stopped
    expect(await text).toContain('and ends')
  })

  it('does not wait for a connection that has said nothing yet, nor for one at rest', async () => {
    const server = await start()
    const silent = everything(await server.client())
    const resting = await server.client()
    const text = everything(resting)
    resting.write(get)
    await server.arrived(1)
    server.answers[0]?.end('done')
    await once(server.answers[0] as ServerResponse, 'close')
    await server.stop()
    expect(await silent).toBe('')
    expect(await text).toContain('done')
  })
})
