/** Two gateways on one store, with nothing else between them: a browser meets either, with every request. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import type { SessionState } from '../../src/core/state.ts'
import { until } from '../stores/redis-server.ts'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { anna, ben } from './people.ts'
import { type RecordingUpstream, recordingUpstream } from './recording-upstream.ts'
import { openSocket, serverFrames } from './socket-client.ts'

export interface StoreServer {
  open(): Promise<SessionStore>
  /** Accepts connections and answers nothing. */
  freeze(): void
  thaw(): void
  /** Gone: connections are refused. */
  kill(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** An app whose slow pages end when they are told to. */
async function slowApp(): Promise<{ readonly upstream: RecordingUpstream; finish(): void }> {
  const waiting: (() => void)[] = []
  const upstream = await recordingUpstream({
    app(request, response) {
      request.resume()
      if (request.url?.startsWith('/slow')) waiting.push(() => response.end('late'))
      else response.end('page')
    },
  })
  return {
    upstream,
    finish() {
      for (const one of waiting.splice(0)) one()
    },
  }
}

const at = (to: Harness, cookie: string) => ({ host: to.host, origin: to.origin, cookie })
const get = (to: Harness, cookie: string, path = '/') =>
  fetchFrom(to.port, path, { headers: { ...at(to, cookie), accept: 'text/html' } })
const signOut = (to: Harness, cookie: string) =>
  fetchFrom(to.port, '/_holdfast/sign-out', {
    method: 'POST',
    headers: { ...at(to, cookie), 'content-length': '0' },
  })

/** The state of the browser with this cookie, as the app behind this gateway opens it. */
async function stateAt(to: Harness, cookie: string): Promise<SessionState> {
  const loaded = await to.sessions.load(cookie.slice(cookie.indexOf('=') + 1))
  const state = loaded === null ? null : to.sessions.state.of(to.sessions.capability(loaded.session) ?? '')
  if (state === null) throw new Error('The cookie opens no state.')
  return state
}

const atBoth = async ([one, two]: readonly Harness[], cookies: readonly string[]): Promise<Set<number>> => {
  const all = cookies.flatMap((cookie) => [one, two].map((to) => (to === undefined ? null : get(to, cookie))))
  return new Set((await Promise.all(all)).map((answer) => answer?.status ?? 0))
}

export function describeReplicas(name: string, start: () => Promise<StoreServer>): void {
  let server: StoreServer
  let stores: SessionStore[]
  let app: Awaited<ReturnType<typeof slowApp>>
  let one: Harness
  let two: Harness

  beforeAll(async () => {
    server = await start()
    stores = [await server.open(), await server.open()]
    app = await slowApp()
    const [first, second] = stores.map((store) =>
      startHarness({
        store: { store, calls: new Map(), writes: () => 0, away: false, before: null },
        publicUrl: 'https://kelp.example.org',
        upstream: app.upstream,
      }),
    )
    if (first === undefined || second === undefined) throw new Error('There are two stores.')
    ;[one, two] = [await first, await second]
  }, 60_000)

  afterAll(async () => {
    server.thaw()
    for (const store of stores) await store.close()
    await server.remove()
  })

  it(`B3 on ${name}: a slow request that began before the sign-out and ends after it brings nothing back`, async () => {
    const cookie = await one.sessionOf(ben)
    const slow = get(two, cookie, '/slow')
    await until(async () => app.upstream.requests.some(({ url }) => url === '/slow'), 'the app has it')
    expect((await signOut(one, cookie)).status).toBe(303)
    app.finish()
    // It may have been cut off; it must not carry a cookie.
    expect((await slow.catch(() => null))?.setCookie ?? []).toEqual([])
    for (const to of [one, two, one, two]) expect((await get(to, cookie)).status).toBe(303)
    expect(await two.sessions.listUser(ben)).toEqual([])
  })

  it(`B4 on ${name}: signed out in one tab, the other is closed by its own gateway within two seconds, and refused`, async () => {
    const cookie = await one.sessionOf(ben)
    expect((await get(two, cookie)).status).toBe(200)
    const tabs = [await openSocket(one, { cookie }), await openSocket(two, { cookie })]
    expect((await signOut(one, cookie)).status).toBe(303)
    const acknowledged = performance.now()
    for (const tab of tabs) {
      await tab.closed
      expect(serverFrames(tab.frames())[0]?.payload.readUInt16BE(0)).toBe(4401)
    }
    expect(performance.now() - acknowledged).toBeLessThan(2000)
    expect((await get(two, cookie)).status).toBe(303)
  })

  it(`B5 on ${name}: signing in elsewhere as the same user does not bring the first device back`, async () => {
    const first = await one.sessionOf(ben)
    expect((await signOut(two, first)).status).toBe(303)
    const second = await two.signIn('ben')
    for (const to of [one, two]) {
      expect((await get(to, first)).status).toBe(303)
      expect((await get(to, second)).status).toBe(200)
    }
  })

  it(`B11 on ${name}: two tabs on two replicas keep what each changed; one key has a winner, and who asks a conflict`, async () => {
    const cookie = await one.sessionOf(ben)
    const [here, there] = [await stateAt(one, cookie), await stateAt(two, cookie)]
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? here : there).session.set(`key ${n}`, n)),
    )
    const kept = await there.session.entries()
    expect(kept.size).toBe(20)
    const shared = [{ key: 'both', ifVersion: null }] as const
    const writes = await Promise.all([
      here.session.write(shared.map((change) => ({ ...change, value: 'here' }))),
      there.session.write(shared.map((change) => ({ ...change, value: 'there' }))),
    ])
    expect(writes.map(({ outcome }) => outcome).sort()).toEqual(['conflict', 'written'])
    const winner = writes[0]?.outcome === 'written' ? 'here' : 'there'
    expect([await here.session.get('both'), await there.session.get('both')]).toEqual([winner, winner])
    await here.session.delete('key 1')
    await there.session.set('key 0', 'again')
    expect(await there.session.get('key 1')).toBeUndefined()
  })

  it(`B19 on ${name}: signed out everywhere, by an admin or by themselves, fails at the next request, wherever it goes`, async () => {
    for (const revoking of [one, two]) {
      const cookies = await Promise.all([one.sessionOf(ben), two.sessionOf(ben), two.sessionOf(ben)])
      const other = await one.sessionOf(anna)
      expect(await atBoth([one, two], cookies)).toEqual(new Set([200]))
      await revoking.sessions.revokeUser(ben)
      expect(await atBoth([one, two], cookies)).toEqual(new Set([303]))
      expect((await get(two, other)).status).toBe(200)
      expect((await get(one, await two.sessionOf(ben))).status).toBe(200)
    }
  })

  it.each(['hangs', 'is gone'])(
    `B21 on ${name}: while the store %s no request hangs, nobody is out or let in, no cookie changes; then all is as before`,
    async (how) => {
      const cookie = await one.sessionOf(ben)
      for (const to of [one, two]) expect((await get(to, cookie)).status).toBe(200)
      const socket = await openSocket(two, { cookie })
      if (how === 'hangs') server.freeze()
      else await server.kill()
      await until(async () => (await get(one, cookie)).status === 503, 'the first cannot tell')
      await until(async () => (await get(two, cookie)).status === 503, 'the second cannot tell')
      const never = `${cookie.slice(0, -4)}AAAA`
      for (const to of [one, two]) {
        const began = performance.now()
        const [known, forged, out] = await Promise.all([get(to, cookie), get(to, never), signOut(to, cookie)])
        // A second, and what a busy machine adds.
        expect(performance.now() - began).toBeLessThan(2500)
        expect([known.status, out.status, forged.status === 200]).toEqual([503, 503, false])
        expect(Number(known.headers['retry-after'])).toBeGreaterThan(0)
        for (const { setCookie } of [known, forged, out])
          expect(setCookie.filter((line) => line.startsWith(one.cookieName))).toEqual([])
      }
      expect(socket.socket.destroyed).toBe(false)
      if (how === 'hangs') server.thaw()
      else await server.start()
      const healed = performance.now()
      // The sign-out that was not acknowledged may have been made when what hung went on.
      const after = how === 'hangs' ? [200, 303] : [200]
      for (const to of [one, two])
        await until(async () => after.includes((await get(to, cookie)).status), 'it can tell again')
      const next = await one.sessionOf(ben)
      await until(
        async () => (await get(two, next)).status === 200,
        'whoever signs in now is in at the other',
      )
      expect(performance.now() - healed).toBeLessThan(10_000)
      socket.socket.destroy()
    },
    60_000,
  )

  it(`B22 on ${name}: signed in at one, F5 at the other, the socket drops and comes back there: in, with what was kept`, async () => {
    const cookie = await one.signIn('ben')
    await (await stateAt(one, cookie)).session.set('draft', 'kelp')
    const socket = await openSocket(one, { cookie })
    expect((await get(two, cookie)).status).toBe(200)
    socket.socket.destroy()
    const again = await openSocket(two, { cookie })
    expect(again.isClosed()).toBe(false)
    expect(app.upstream.upgrades.at(-1)?.values('x-forwarded-user')).toEqual(['ben'])
    const state = await stateAt(two, cookie)
    expect(await state.session.get('draft')).toBe('kelp')
    await state.session.set('draft', 'more kelp')
    expect(await (await stateAt(one, cookie)).session.get('draft')).toBe('more kelp')
    again.socket.destroy()
  })

  it(`CVE-2026-111917, CVE-2026-109289, CVE-2026-82559 on ${name}: what one revokes is closed at the other within a second`, async () => {
    const cookie = await two.sessionOf(ben)
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(two, { cookie })))
    const began = performance.now()
    await one.sessions.revokeAll()
    await Promise.all(sockets.map((socket) => socket.closed))
    expect(performance.now() - began).toBeLessThan(1000)
    expect((await get(two, cookie)).status).toBe(303)
  })
}
