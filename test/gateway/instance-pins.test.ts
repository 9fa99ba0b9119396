/** A browser meets one instance of the app, whichever gateway it asks: by its session, or by the pin it was handed. */
import { expect, it } from 'vitest'
import { writePin } from '../../src/gateway/proxy/instance-order.ts'
import { startHarness } from './harness.ts'
import {
  ask,
  instance,
  logged,
  named,
  page,
  pinCookie,
  pinOf,
  sessionAt,
  socketOf,
  stage,
} from './instance-stage.ts'
import { anna, ben } from './people.ts'

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
