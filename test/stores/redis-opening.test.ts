import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { created } from '../../src/testing/records.ts'
import { startRedis, until } from './redis-server.ts'

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
}, 30_000)

/** A network in which every connection but the first waits for `release`. */
async function slowNetwork(port: number): Promise<{ readonly port: number; release(): void }> {
  const sockets = new Set<Socket>()
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const server: Server = createServer((client) => {
    const isFirst = sockets.size === 0
    sockets.add(client)
    client.on('error', () => {})
    const pass = (): void => {
      const upstream = connect(port, '127.0.0.1')
      sockets.add(upstream)
      upstream.on('error', () => client.destroy())
      client.pipe(upstream).pipe(client)
    }
    if (isFirst) pass()
    else void released.then(pass)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, release }
}

it('P1: SECURITY: a store is handed out when its first beat was answered, so that others wait for it from then on', async () => {
  const redis = await startRedis()
  opened.push(() => redis.stop())
  const network = await slowNetwork(redis.port)
  const order: string[] = []
  const opening = redisStore({ url: `redis://127.0.0.1:${network.port}` }).then((store) => {
    order.push('handed out')
    opened.push(() => store.close())
    return store
  })
  // Its calls are answered, its beats are not yet.
  await until(async () => (await redis.command('EXISTS', 'holdfast:ping')) === 1, 'it has written')
  await redis.command('PING')
  order.push('beats')
  network.release()
  const store = await opening
  expect(order).toEqual(['beats', 'handed out'])
  expect(await redis.command('HLEN', 'holdfast:rows')).toBe(1)
  await created(store, { absoluteAt: Date.now() + 60_000 })
})
