import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'
import { ben } from './people.ts'
import { rawTalk } from './raw-client.ts'
import { acceptUpgrade, recordingUpstream } from './recording-upstream.ts'
import { openSocket, upgradeRequest } from './socket-client.ts'

/** An app that answers upgrades when it is told to. */
async function slowToAccept(): Promise<{
  readonly to: Harness
  readonly cookie: string
  readonly waiting: Duplex[]
}> {
  const waiting: Duplex[] = []
  const upstream = await recordingUpstream({ onUpgrade: (_request, socket) => void waiting.push(socket) })
  const to = await startHarness({ upstream })
  return { to, cookie: await to.sessionOf(ben), waiting }
}

describe('when everybody comes back at once', () => {
  it('an app has no more than a hundred sockets to accept at any moment, and accepts them all', async () => {
    const { to, cookie, waiting } = await slowToAccept()
    const opened = Promise.all(Array.from({ length: 350 }, () => openSocket(to, { cookie })))
    for (let accepted = 0; accepted < 350; ) {
      const begun = performance.now()
      await expect
        .poll(() => waiting.length, { interval: 5 })
        .toBeGreaterThanOrEqual(Math.min(100, 350 - accepted))
      // Nothing is answered meanwhile: whoever would come on top comes now.
      await wait(200)
      // A machine that takes a second for it has those behind waiting for a second.
      const turns = 1 + Math.floor((performance.now() - begun) / 1000)
      expect(waiting.length).toBeLessThanOrEqual(100 * turns)
      for (const socket of waiting.splice(0)) {
        acceptUpgrade(socket)
        accepted += 1
      }
    }
    const sockets = await opened
    expect(sockets.length).toBe(350)
    for (const { socket } of sockets) socket.destroy()
  })

  it('those it never answers keep the others waiting for no longer than a second', async () => {
    const { to, cookie, waiting } = await slowToAccept()
    const never = await Promise.all(Array.from({ length: 100 }, () => rawTalk(to.port)))
    for (const talk of never) talk.send(upgradeRequest(to, { cookie }))
    await expect.poll(() => waiting.length, { interval: 5 }).toBe(100)
    const next = openSocket(to, { cookie })
    await expect.poll(() => waiting.length, { interval: 5, timeout: 10_000 }).toBe(101)
    for (const socket of waiting.slice(100)) acceptUpgrade(socket)
    expect((await next).isClosed()).toBe(false)
    for (const talk of never) talk.socket.destroy()
    ;(await next).socket.destroy()
  })

  it('who left the line is never let through to the app, and holds no place', async () => {
    const { to, cookie, waiting } = await slowToAccept()
    const first = Array.from({ length: 100 }, () => openSocket(to, { cookie }))
    await expect.poll(() => waiting.length, { interval: 5 }).toBe(100)
    const leaving = await Promise.all(Array.from({ length: 50 }, () => rawTalk(to.port)))
    for (const talk of leaving) talk.send(upgradeRequest(to, { cookie }))
    // They are in the line by now: what came later has been read.
    expect((await fetch(`http://127.0.0.1:${to.port}/_holdfast/live`)).status).toBe(200)
    await wait(100)
    for (const talk of leaving) talk.socket.destroy()
    await wait(100)
    for (const socket of waiting.splice(0)) acceptUpgrade(socket)
    const opened = await Promise.all(first)
    const last = openSocket(to, { cookie })
    await expect.poll(() => waiting.length, { interval: 5 }).toBe(1)
    for (const socket of waiting.splice(0)) acceptUpgrade(socket)
    for (const { socket } of [...opened, await last]) socket.destroy()
  })
})
