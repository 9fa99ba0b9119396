import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { hour } from '../core/samples.ts'
import { origin } from './browser.ts'
import { servers } from './servers.ts'
import { type Stage, stage } from './stage.ts'

interface Opened {
  readonly socket: WebSocket
  readonly hello: string
}

function dial(at: Stage, headers: Readonly<Record<string, string>>): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${at.port}/socket`, { headers })
}

async function opened(at: Stage, cookie: string): Promise<Opened> {
  const socket = dial(at, { cookie, origin })
  const [hello] = (await once(socket, 'message')) as [Buffer]
  return { socket, hello: String(hello) }
}

/** The status that an upgrade is refused with; `0` if it is not. */
function refusal(at: Stage, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = dial(at, headers)
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate()
      resolve(0)
    })
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? -1)
    })
    socket.on('error', reject)
  })
}

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('knows who opens a WebSocket, and closes it when they sign out', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const { socket, hello } = await opened(at, browser.cookie())
    expect(hello).toBe('hello anna')
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    await browser.post('/sign-out')
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([4401, 'signed-out'])
  })

  it('closes it when an administrator ends everything of the person', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const { socket } = await opened(at, browser.cookie())
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    await at.sessions.revokeUser('anna')
    expect((await closed)[0]).toBe(4401)
  })

  it('closes it when the session was not used for too long', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const { socket } = await opened(at, browser.cookie())
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    at.clock.advance(13 * hour)
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([4401, 'expired'])
  })

  it('refuses every other origin, none at all, nobody, and a store that cannot tell', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const cookie = browser.cookie()
    expect(await refusal(at, { cookie, origin })).toBe(0)
    for (const from of [
      'https://evil.example',
      'https://other.example.test',
      'null',
      `${origin}.evil.example`,
    ]) {
      expect([from, await refusal(at, { cookie, origin: from })]).toEqual([from, 403])
    }
    expect(await refusal(at, { cookie })).toBe(403)
    expect(await refusal(at, { origin })).toBe(401)
    at.store.away = true
    expect(await refusal(at, { cookie, origin })).toBe(503)
  })
})
