/** What becomes of people while instances of the app are away, and when they come back. */
import { expect, it } from 'vitest'
import { ask, logged, named, page, pinOf, sessionAt, socketOf, stage } from './instance-stage.ts'
import { ben } from './people.ts'
import { rawTalk } from './raw-client.ts'
import { openSocket, upgradeRequest } from './socket-client.ts'

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
