/** What happens when either side breaks off: nothing crashes, and nothing stays open. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { ben } from '../gateway/people.ts'
import { rawExchange, rawTalk } from '../gateway/raw-client.ts'
import { upgradeRequest } from '../gateway/socket-client.ts'
import { failOnCrash } from './crashes.ts'
import { ok, rawApp } from './raw-app.ts'

failOnCrash()

const gateway = await startHarness()

describe('when a side breaks off', () => {
  it('CVE-2024-21536, CVE-2026-55602, CVE-2026-55603: a client that goes at any moment crashes nothing and leaves nothing open', async () => {
    const cookie = await gateway.sessionOf(ben)
    const whole = [
      gateway.request('GET /', [`Cookie: ${cookie}`]),
      `${gateway.request('POST /', [`Cookie: ${cookie}`, 'Content-Length: 20'])}${'x'.repeat(20)}`,
      `${gateway.request('POST /_holdfast/sign-in', [`Origin: ${gateway.origin}`, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 20'])}${'x'.repeat(20)}`,
      upgradeRequest(gateway, { cookie }),
      upgradeRequest(gateway, { cookie, path: '/_holdfast/events' }),
    ]
    for (const bytes of whole) {
      const cuts = [1, 20, bytes.length - 21, bytes.length - 3, bytes.length - 1, bytes.length]
      for (const [i, cut] of cuts.entries()) {
        const talk = await rawTalk(gateway.port)
        talk.send(bytes.slice(0, cut))
        if (i % 2 === 0) talk.socket.resetAndDestroy()
        else talk.socket.destroy()
        await talk.closed
      }
    }
    await expect.poll(() => gateway.sockets.size, { timeout: 5_000 }).toBe(0)
    const after = await fetchFrom(gateway.port, '/', { headers: { host: gateway.host, cookie } })
    expect(after.status).toBe(200)
    expect(gateway.log.filter((entry) => entry.level === 'error')).toEqual([])
  })

  it('CVE-2026-55602: a client that goes while its socket is being opened leaves none open to the app', async () => {
    const slow = await startHarness()
    const cookie = await slow.sessionOf(ben)
    let gate = (): void => {}
    slow.store.before = (method) =>
      method === 'read'
        ? new Promise((resolve) => {
            gate = resolve
          })
        : Promise.resolve()
    const talk = await rawTalk(slow.port)
    talk.send(upgradeRequest(slow, { cookie }))
    await expect.poll(() => slow.store.calls.get('read') ?? 0).toBeGreaterThan(0)
    talk.socket.resetAndDestroy()
    await talk.closed
    slow.store.before = null
    gate()
    await expect
      .poll(() => slow.upstream.upgrades.length + slow.sockets.size + slow.upstream.openSockets)
      .toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect([slow.sockets.size, slow.upstream.openSockets]).toEqual([0, 0])
  })

  it('CVE-2026-55603: an app that breaks off at any moment crashes nothing', async () => {
    const full = `${ok}Content-Type: text/html\r\nContent-Length: 26\r\n\r\n<html><head></head></html>`
    for (let cut = 0; cut <= full.length; cut += 7) {
      const app = await rawApp((socket) => {
        socket.write(full.slice(0, cut))
        if (cut % 2 === 0) socket.resetAndDestroy()
        else socket.end()
      })
      const to = await startHarness({ upstreamUrl: app.url, access: 'anyone' })
      await rawExchange(to.port, to.request('GET /', ['Accept: text/html', 'Connection: close']), 1_000)
      await rawExchange(
        to.port,
        `${to.request('POST /', ['Content-Length: 5', 'Connection: close'])}hello`,
        1_000,
      )
      const { answers } = await rawExchange(to.port, upgradeRequest(to, {}), 1_000)
      expect([200, 502]).toContain(answers[0]?.status)
      await to.close()
    }
  })

  it('CVE-2024-21536: an app that refuses, answers or breaks an upgrade leaves no socket behind', async () => {
    const replies = [
      'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 302 Away\r\nLocation: //evil.example\r\n\r\n',
      'kelp',
      '',
    ]
    for (const reply of replies) {
      const app = await rawApp((socket) => (reply === '' ? socket.resetAndDestroy() : socket.end(reply)))
      const to = await startHarness({ upstreamUrl: app.url, access: 'anyone' })
      const { answers, closed, text } = await rawExchange(to.port, upgradeRequest(to, {}), 2_000)
      expect([answers.length, closed], text).toEqual([1, true])
      expect(answers[0]?.status).not.toBe(101)
      expect(text).not.toContain('evil')
      await to.close()
    }
  })
})
