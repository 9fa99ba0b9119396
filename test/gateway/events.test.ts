import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { gate, settled, withMethods } from '../core/samples.ts'
import { startHarness } from './harness.ts'
import { ben } from './people.ts'
import { openSocket, serverFrames } from './socket-client.ts'
import { watchedStore } from './watched-store.ts'

const path = '/_holdfast/events'

describe('a page that listens for the end of its session', () => {
  it('hears of one that came between the reading of the session and the opening of the socket', async () => {
    const memory = memoryStore()
    const reply = gate()
    let isRead = false
    const store = withMethods(memory, {
      // The store's answer is on its way while the session ends, and the change arrives before it.
      async read(id) {
        const found = await memory.read(id)
        isRead = true
        await reply.passed
        return found
      },
    })
    const to = await startHarness({ store: watchedStore(undefined, store) })
    const cookie = await to.sessionOf(ben)
    const opening = openSocket(to, { cookie, path })
    await expect.poll(() => isRead).toBe(true)
    await to.sessions.revokeUser(ben)
    reply.open()
    const socket = await opening
    const code = Buffer.alloc(2)
    code.writeUInt16BE(4401)
    const signedOut = Buffer.concat([code, Buffer.from('signed-out')])
    await socket.until((all) => all.includes(signedOut))
    const [, told] = serverFrames(socket.frames())
    expect(JSON.parse(String(told?.payload))).toEqual({ type: 'signed-out', reason: 'sign-out' })
    socket.socket.destroy()
  })

  it('costs the store nothing where the session is known', async () => {
    const to = await startHarness()
    const cookie = await to.sessionOf(ben)
    const first = await openSocket(to, { cookie, path })
    await settled()
    to.store.calls.clear()
    const second = await openSocket(to, { cookie, path })
    await second.until((all) => all.includes('deadlines'))
    await settled()
    expect([...to.store.calls]).toEqual([])
    for (const { socket } of [first, second]) socket.destroy()
  })
})
