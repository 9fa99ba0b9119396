/** What reached no instance of the app is sent to another one, and what may have reached one is not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { instanceOrder, pinOfSid } from '../../src/gateway/proxy/instance-order.ts'
import { freePort } from '../free-port.ts'
import { startHarness } from './harness.ts'
import { ask, instance, logged, stage } from './instance-stage.ts'
import { ben } from './people.ts'
import { rawTalk } from './raw-client.ts'
import { upgradeRequest } from './socket-client.ts'

it('sends a body to another instance only where nothing of it was sent', async () => {
  const cut: string[] = []
  const all = await stage(
    {},
    {
      app(request, response) {
        if (request.url === '/cut' && request.method === 'POST') {
          request.once('data', (piece: Buffer) => {
            cut.push(piece.toString())
            request.socket.destroy()
          })
          return
        }
        request.resume()
        request.on('end', () => response.end('done'))
      },
    },
  )
  const cookie = await all.one.sessionOf(ben)
  const begun = await ask(all.one, '/cut', cookie, { method: 'POST', body: 'an order' })
  expect([begun.status, cut]).toEqual([502, ['an order']])
  expect(all.instances.flatMap(({ seen }) => seen().requests.map(({ url }) => url))).toEqual(['/cut'])
  expect(logged(all.one, 'instance_passed_over')).toEqual([])
  const home = all.instances.find(({ seen }) => seen().requests.length > 0)
  expect(logged(all.one, 'upstream_failed')).toMatchObject([{ instance: home?.url.origin }])

  await home?.kill()
  const body = 'a long order; '.repeat(40_000)
  expect((await ask(all.one, '/order', cookie, { method: 'POST', body })).status).toBe(200)
  const orders = all.instances
    .filter((one) => one !== home)
    .flatMap(({ seen }) => seen().requests.filter(({ url }) => url === '/order'))
  expect(orders.map((one) => one.body)).toEqual([body])
})

it('opens a WebSocket at another instance only where the first was not reached', async () => {
  const upgrades: string[] = []
  const all = await stage(
    {},
    {
      onUpgrade(request, socket) {
        upgrades.push(request.url ?? '')
        socket.destroy()
      },
    },
  )
  const cookie = await all.one.sessionOf(ben)
  const talk = await rawTalk(all.one.port)
  talk.send(upgradeRequest(all.one, { cookie, path: '/ws' }))
  const answer = await talk.until((bytes) => bytes.includes('\r\n\r\n'))
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 502 /)
  expect(upgrades).toEqual(['/ws'])
  expect(logged(all.one, 'upgrade_failed')).toMatchObject([
    { instance: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
  ])
  expect(logged(all.one, 'instance_passed_over')).toEqual([])
})

/** Listens at some ports, and takes no connection: a machine that hangs. */
async function stuckInstances(count: number): Promise<URL[]> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const code = `Promise.all(${JSON.stringify(ports)}.map((port) => new Promise((up) =>
    require('net').createServer().listen({ port, host: '127.0.0.1', backlog: 1 }, up)))).then(() => console.log())`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  // What the system takes in its name is used up.
  const waiting = [1, 2, 3, 4].flatMap(() =>
    ports.map((port) => connect(port, '127.0.0.1').on('error', () => {})),
  )
  onTestFinished(() => {
    for (const socket of waiting) socket.destroy()
    child.kill('SIGKILL')
  })
  await Promise.all(waiting.slice(0, 2 * count).map((socket) => once(socket, 'connect')))
  return ports.map((port) => new URL(`http://127.0.0.1:${port}`))
}

it('P6: waits for some of many instances that hang, not for all', async () => {
  const connectTimeout = 200
  const to = await startHarness({ instances: await stuckInstances(8), connectTimeout })
  const cookie = await to.sessionOf(ben)
  expect((await ask(to, '/x', cookie)).status).toBe(504)
  // The one meant, and whoever was asked within three times what a connection may take.
  expect(logged(to, 'instance_passed_over').length).toBeGreaterThan(0)
  expect(logged(to, 'instance_passed_over').length).toBeLessThan(5)
})

it('takes a client that leaves for no failure, and leads past an instance that takes no connection', async () => {
  const live = await instance('live')
  const [stuck] = await stuckInstances(1)
  if (stuck === undefined) throw new Error('There is one.')
  const to = await startHarness({ instances: [live.url, stuck] })
  const order = instanceOrder([live.url, stuck], ({ origin }) => origin)
  let cookie = ''
  for (let meant = live.url; meant !== stuck; ) {
    cookie = await to.sessionOf(ben)
    const loaded = await to.sessions.load(cookie.slice(cookie.indexOf('=') + 1))
    meant = order.of(pinOfSid(loaded?.session.sid ?? ''))[0] ?? meant
  }
  const left = request({
    ...{ host: '127.0.0.1', port: to.port, path: '/left', method: 'POST', agent: false },
    headers: { host: to.host, origin: to.origin, cookie, 'content-length': '1000' },
  })
  left.on('error', () => {})
  left.write('half')
  const talk = await rawTalk(to.port)
  talk.send(upgradeRequest(to, { cookie, path: '/left' }))
  // By the time of this answer the gateway has had both.
  await ask(to, '/_holdfast/session', cookie)
  left.destroy()
  talk.socket.destroy()
  const waited = ask(to, '/x', cookie)
  await ask(to, '/_holdfast/session', cookie)
  expect(logged(to, 'instance_passed_over')).toEqual([])

  expect((await waited).body).toBe('live')
  expect(logged(to, 'instance_passed_over')).toMatchObject([
    { instance: stuck.origin, code: 'ERR_UPSTREAM_TIMEOUT' },
  ])
  expect(live.seen().requests.map(({ url }) => url)).toEqual(['/x'])
  expect(live.seen().upgrades).toEqual([])
}, 20_000)
