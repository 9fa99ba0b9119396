/** Two gateways on one store before three instances of one app: a browser meets one of them, whichever gateway it asks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { instanceOrder, pinOfSid, readPin, writePin } from '../../src/gateway/proxy/instance-order.ts'
import {
  type Answer,
  anna,
  ben,
  fetchFrom,
  freePort,
  type Harness,
  type HarnessOptions,
  startHarness,
} from './harness.ts'
import { rawTalk } from './raw-client.ts'
import {
  type RecordingUpstream,
  type RecordingUpstreamOptions,
  recordingUpstream,
} from './recording-upstream.ts'
import { openSocket, upgradeRequest } from './socket-client.ts'
import { watchedStore } from './watched-store.ts'

/** One instance of the app: says its name, may be killed, and comes back at the same port. */
interface Instance {
  readonly name: string
  readonly url: URL
  seen(): RecordingUpstream
  kill(): Promise<void>
  start(): Promise<void>
}

async function instance(name: string, options: RecordingUpstreamOptions = {}): Promise<Instance> {
  const port = await freePort()
  const app: RecordingUpstreamOptions['app'] = (request, response) => {
    request.resume()
    request.on('end', () => {
      response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/plain')
      response.end(name)
    })
  }
  const start = (): Promise<RecordingUpstream> => recordingUpstream({ app, ...options, port })
  let running = await start()
  return {
    name,
    url: running.url,
    seen: () => running,
    kill: () => running.close(),
    async start() {
      running = await start()
    },
  }
}

interface Stage {
  readonly one: Harness
  readonly two: Harness
  readonly gateways: readonly [Harness, Harness]
  readonly instances: readonly Instance[]
}

async function stage(options: HarnessOptions = {}, of: RecordingUpstreamOptions = {}): Promise<Stage> {
  const instances = await Promise.all(['red', 'green', 'brown'].map((name) => instance(name, of)))
  const urls = instances.map(({ url }) => url)
  const store = watchedStore()
  const shared = { store, publicUrl: 'https://kelp.example.org', ...options }
  const one = await startHarness({ ...shared, instances: urls })
  // The other one was told of them in another order.
  const two = await startHarness({ ...shared, instances: urls.toReversed() })
  return { one, two, gateways: [one, two], instances }
}

const page = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }

function ask(to: Harness, path: string, cookie?: string, more: Readonly<Record<string, string>> = {}) {
  const { method = 'GET', body, ...headers } = more
  return fetchFrom(to.port, path, {
    method,
    headers: {
      ...{ host: to.host, origin: to.origin, ...headers },
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    ...(body === undefined ? {} : { body }),
  })
}

const pinCookie = '__Host-Http-holdfast_instance'

/** The pin an answer hands out, as the browser would send it; `undefined` if it hands out none. */
function pinOf({ setCookie }: Answer): string | undefined {
  const line = setCookie.find((one) => one.startsWith(`${pinCookie}=`))
  if (line === undefined) return undefined
  expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const pin = line.split(';', 1)[0] ?? ''
  expect(readPin(pin.slice(pinCookie.length + 1))).not.toBeNull()
  return pin
}

/** Which instance a WebSocket of this browser comes to. */
async function socketOf(stage: Stage, to: Harness, cookie?: string): Promise<string> {
  const before = stage.instances.map(({ seen }) => seen().upgrades.length)
  const socket = await openSocket(to, {
    path: '/_stcore/stream',
    ...(cookie === undefined ? {} : { cookie }),
  })
  const at = stage.instances.findIndex(({ seen }, place) => seen().upgrades.length > (before[place] ?? 0))
  socket.socket.destroy()
  return stage.instances[at]?.name ?? 'none'
}

const named = ({ instances }: Stage, name: string): Instance => {
  const found = instances.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no instance ${name}.`)
  return found
}

/** A session that is led to this instance. */
async function sessionAt({ one, two }: Stage, name: string): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const cookie = await (attempt % 2 === 0 ? one : two).sessionOf(ben)
    if ((await ask(one, '/x', cookie)).body === name) return cookie
  }
  throw new Error(`No session was led to ${name}.`)
}

function logged({ log }: Harness, event: string) {
  return log.filter((one) => one.event === event).map(({ fields }) => fields)
}

it('leads a session to one instance from every gateway: pages, uploads, media, health and sockets', async () => {
  const all = await stage()
  const met = new Set<string>()
  for (let round = 0; round < 16; round++) {
    const cookie = await all.gateways[round % 2 === 0 ? 0 : 1].sessionOf(round % 3 === 0 ? anna : ben)
    const here = new Set<string>()
    for (const to of all.gateways) {
      const first = await ask(to, '/', cookie, page)
      // The session alone says which one: nothing more need be kept by the browser.
      expect(pinOf(first)).toBeUndefined()
      here.add(first.body.replace(/<script.*<\/script>/, ''))
      here.add((await ask(to, '/', cookie, page)).body.replace(/<script.*<\/script>/, ''))
      for (const path of ['/media/3f.png', '/_stcore/health', '/static/js/index.js'])
        here.add((await ask(to, path, cookie)).body)
      here.add((await ask(to, '/_stcore/upload_file/s/f', cookie, { method: 'PUT', body: 'bytes' })).body)
      here.add(await socketOf(all, to, cookie))
    }
    expect([...here], `round ${round}`).toHaveLength(1)
    for (const name of here) met.add(name)
  }
  expect(met.size).toBeGreaterThan(1)
})

it('stays with the instance when the token is replaced', async () => {
  const all = await stage()
  for (const name of ['red', 'green', 'brown']) {
    const cookie = await sessionAt(all, name)
    const [label = '', credential = ''] = cookie.split('=')
    const loaded = await all.one.sessions.load(credential)
    const issued = loaded === null ? null : await all.one.sessions.rotate(loaded.session, credential)
    expect(issued).not.toBeNull()
    for (const to of all.gateways) {
      expect((await ask(to, '/x', `${label}=${issued?.credential}`)).body).toBe(name)
      expect(await socketOf(all, to, `${label}=${issued?.credential}`)).toBe(name)
    }
  }
})

it('leads past an instance that is killed, from both gateways to the same next one, and lets people stay there', async () => {
  const all = await stage()
  const cookie = await sessionAt(all, 'red')
  const stays = await sessionAt(all, 'green')
  await named(all, 'red').kill()

  const moved = await ask(all.one, '/_stcore/health', cookie)
  expect(moved.status).toBe(200)
  expect(moved.body).not.toBe('red')
  const pin = pinOf(moved)
  expect(pin).toBeDefined()
  // No shared cache hands one browser's pin to all.
  expect(moved.headers['cache-control']).toContain('private')
  const together = `${cookie}; ${pin}`
  for (const to of all.gateways) {
    expect((await ask(to, '/x', together)).body).toBe(moved.body)
    expect(await socketOf(all, to, together)).toBe(moved.body)
    // Who was told nothing yet comes to the same.
    const untold = await ask(to, '/y', cookie)
    expect([untold.body, pinOf(untold)]).toEqual([moved.body, pin])
    expect(await socketOf(all, to, cookie)).toBe(moved.body)
    const other = await ask(to, '/x', stays)
    expect([other.body, pinOf(other)]).toEqual(['green', undefined])
    expect(logged(to, 'instance_passed_over')).toEqual([
      {
        instance: named(all, 'red').url.origin,
        code: 'ERR_UPSTREAM_UNREACHABLE',
        reason: expect.any(String),
      },
    ])
  }

  await named(all, 'red').start()
  for (const to of all.gateways) {
    await expect
      .poll(() => logged(to, 'instance_taken_back'))
      .toEqual([{ instance: named(all, 'red').url.origin }])
    // Whoever has moved has work there by now; who comes anew is led to it again.
    const there = await ask(to, '/x', together)
    expect([there.body, pinOf(there)]).toEqual([moved.body, undefined])
    expect(await socketOf(all, to, together)).toBe(moved.body)
    const back = await ask(to, '/x', cookie)
    expect([back.body, pinOf(back)]).toEqual(['red', undefined])
    expect(await socketOf(all, to, cookie)).toBe('red')
  }
})

it('does not give everybody to whichever comes back first when all were deployed at once', async () => {
  for (const [gathering, moves] of [
    [600_000, false],
    [0, true],
  ] as const) {
    const all = await stage({ gathering, access: 'anyone' })
    const cookie = await sessionAt(all, 'green')
    for (const one of all.instances) await one.kill()
    expect((await ask(all.one, '/x', cookie)).status).toBe(502)
    await named(all, 'red').start()
    await expect.poll(() => logged(all.one, 'instance_taken_back').length).toBe(1)
    const meanwhile = await ask(all.one, '/x', cookie)
    expect([meanwhile.status, pinOf(meanwhile) !== undefined]).toEqual(moves ? [200, true] : [502, false])
    for (let round = 0; round < 6; round++) {
      const newcomer = await ask(all.one, '/', undefined, page)
      expect([newcomer.status, pinOf(newcomer) !== undefined]).toEqual([200, true])
    }
    await named(all, 'green').start()
    await expect.poll(() => logged(all.one, 'instance_taken_back').length).toBe(2)
    expect((await ask(all.one, '/x', cookie)).body).toBe('green')
  }
})

it('forgets which instance somebody was led to when they sign out, and when their session is found to be over', async () => {
  const all = await stage()
  const cookie = await all.one.sessionOf(ben)
  const kept = `${cookie}; ${pinCookie}=7`
  const gone = `${pinCookie}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax`
  const signedOut = await ask(all.one, '/_holdfast/sign-out', kept, { method: 'POST', body: '' })
  expect(signedOut.status).toBe(303)
  expect(signedOut.setCookie).toContain(gone)
  // A browser that missed it, such as one whose session was revoked.
  expect((await ask(all.two, '/_holdfast/sign-in', kept, page)).setCookie).toContain(gone)
  const another = await all.one.sessionOf(ben)
  const out = await ask(all.one, '/_holdfast/sign-out', another, { method: 'POST', body: '' })
  expect(pinOf(out)).toBeUndefined()
})

it('leaves open sockets where they are while an instance goes and comes', async () => {
  const all = await stage()
  const kept = await openSocket(all.one, { cookie: await sessionAt(all, 'green') })
  const cookie = await sessionAt(all, 'red')
  await named(all, 'red').kill()
  await ask(all.one, '/x', cookie)
  await named(all, 'red').start()
  await expect.poll(() => logged(all.one, 'instance_taken_back').length).toBe(1)
  kept.send('as before')
  await kept.until((bytes) => bytes.includes('as before'))
  kept.socket.destroy()
})

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

it('leads somebody without a session to one instance: page, files, socket, and past their sign-in', async () => {
  const all = await stage({ access: 'anyone' })
  const met = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const [to, other] = round % 2 === 0 ? all.gateways : all.gateways.toReversed()
    if (to === undefined || other === undefined) throw new Error('There are two gateways.')
    const first = await ask(to, '/', undefined, page)
    const home = first.body.replace(/<script.*<\/script>/, '')
    const pin = pinOf(first)
    expect(pin).toBeDefined()
    expect(first.headers['cache-control']).toBe('no-store')
    const begun = await ask(other, '/_holdfast/begin', pin, { method: 'POST' })
    const anonymous = begun.setCookie.map((line) => line.split(';', 1)[0]).join('; ')
    expect(anonymous).toContain('=a1.')
    const signedIn = await to.sessionOf(anna)
    for (const cookies of [`${pin}`, `${pin}; ${anonymous}`, `${pin}; ${signedIn}`]) {
      for (const gateway of all.gateways) {
        const again = await ask(gateway, '/', cookies, page)
        expect([again.body.replace(/<script.*<\/script>/, ''), pinOf(again)]).toEqual([home, undefined])
        expect((await ask(gateway, '/static/index.js', cookies)).body).toBe(home)
        expect((await ask(gateway, '/upload', cookies, { method: 'PUT', body: 'x' })).body).toBe(home)
        expect(await socketOf(all, gateway, cookies)).toBe(home)
      }
    }
    met.add(home)
  }
  expect(met.size).toBeGreaterThan(1)
})

it('P11: health checks, crawlers and programs are handed nothing, and each address meets one instance', async () => {
  const all = await stage({ access: 'anyone' })
  const met = new Set<string>()
  for (const to of all.gateways) {
    for (const headers of [{}, { accept: '*/*' }, { 'user-agent': 'kube-probe/1.33' }]) {
      const answer = await ask(to, '/x', undefined, headers)
      expect(answer.setCookie).toEqual([])
      met.add(answer.body)
    }
    met.add(await socketOf(all, to))
  }
  expect([...met]).toHaveLength(1)
  await named(all, [...met][0] ?? '').kill()
  const moved = await ask(all.one, '/x')
  expect([moved.status, moved.setCookie]).toEqual([200, []])
})

it('goes by the session where the pin is no pin, or two differ, and never hands a pin to the app', async () => {
  const all = await stage()
  const cookie = await sessionAt(all, 'green')
  const other = await sessionAt(all, 'red')
  for (const forged of ['', 'zzzz', 'zzz', '-1', '%31', '"1"', `${'1'.repeat(4_000)}`]) {
    expect((await ask(all.one, '/x', `${cookie}; ${pinCookie}=${forged}`)).body, forged).toBe('green')
    expect(await socketOf(all, all.two, `${pinCookie}=${forged}; ${cookie}`), forged).toBe('green')
  }
  for (let pin = 0; pin < 12; pin++) {
    const tossed = `${pinCookie}=${writePin(pin)}; ${cookie}; ${pinCookie}=${writePin(pin + 1)}`
    expect((await ask(all.one, '/x', tossed)).body).toBe('green')
    await ask(all.one, '/x', `${other}; theme=dark; ${pinCookie}=${writePin(pin)}`)
  }
  const cookies = all.instances.flatMap(({ seen }) =>
    [...seen().requests, ...seen().upgrades].flatMap((one) => one.values('cookie')),
  )
  expect(cookies.length).toBeGreaterThan(0)
  for (const sent of cookies) expect(sent).toBe('theme=dark')
})

it('says in plain words that the app is away when all are, and nothing of where they are', async () => {
  const all = await stage({ access: 'anyone' })
  const cookie = await all.one.sessionOf(ben)
  for (const one of all.instances) await one.kill()
  const ports = all.instances.map(({ url }) => url.port)
  for (const cookies of [undefined, cookie]) {
    for (const headers of [page, { accept: 'application/json' }]) {
      const answer = await ask(all.one, '/', cookies, headers)
      expect(answer.status).toBe(502)
      expect(answer.setCookie).toEqual([])
      const told = JSON.stringify([answer.headers, answer.body])
      for (const hidden of [...ports, 'ECONNREFUSED', '127.0.0.1']) expect(told).not.toContain(hidden)
    }
    const talk = await rawTalk(all.one.port)
    talk.send(upgradeRequest(all.one, { ...(cookies === undefined ? {} : { cookie: cookies }) }))
    const refused = (await talk.until((bytes) => bytes.includes('\r\n\r\n'))).toString('latin1')
    expect(refused).toMatch(/^HTTP\/1\.1 502 Bad Gateway/)
    for (const hidden of ports) expect(refused).not.toContain(hidden)
  }
  const origins = all.instances.map(({ url }) => url.origin)
  for (const event of ['upstream_failed', 'upgrade_failed']) {
    const failures = logged(all.one, event)
    expect(failures.length).toBeGreaterThan(0)
    for (const { instance } of failures) expect(origins).toContain(instance)
  }
  // Once each, however many were led past them.
  expect(
    logged(all.one, 'instance_passed_over')
      .map(({ instance }) => instance)
      .sort(),
  ).toEqual(origins.sort())
  for (const one of all.instances) await one.start()
  await expect.poll(() => logged(all.one, 'instance_taken_back').length).toBe(3)
  expect((await ask(all.one, '/', cookie)).status).toBe(200)
})

it('hands nothing to anybody where the app has one instance, and reads nothing of what others handed out', async () => {
  const only = await instance('only')
  const to = await startHarness({ access: 'anyone', instances: [only.url] })
  const first = await ask(to, '/', `holdfast_instance-${to.port}=7; a=1`, page)
  expect(first.setCookie).toEqual([])
  expect(first.headers['cache-control']).toBeUndefined()
  expect(only.seen().requests[0]?.values('cookie')).toEqual(['a=1'])
  await only.kill()
  expect((await ask(to, '/')).status).toBe(502)
  expect(logged(to, 'upstream_failed')[0]).not.toHaveProperty('instance')
  expect(logged(to, 'instance_passed_over')).toEqual([])
})
