import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import type { Upgrade } from '../../src/gateway/proxy/upgrade.ts'
import { type InLine, TurnError, upgradeLine } from '../../src/gateway/proxy/upgrade-line.ts'
import { recordingUpstream } from './recording-upstream.ts'

beforeEach(() => {
  // A turn that time ends would let those behind through.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

interface Hanging {
  readonly asked: () => number
  /** Stands in the line with a client of its own. */
  stand(more?: Pick<InLine, 'isStillWanted'>): { client: PassThrough; outcome: Promise<Upgrade> }
}

/** An app that has a hundred sockets to answer, and answers none. */
async function hanging(longestWait?: number): Promise<Hanging> {
  const upstream = await recordingUpstream({ onUpgrade() {} })
  const open = upgradeLine(longestWait)
  const clients: PassThrough[] = []
  const stand: Hanging['stand'] = (more = {}) => {
    const client = new PassThrough()
    clients.push(client)
    const outcome = open({
      ...{ upstream: upstream.url, path: '/', headers: ['host', 'app'], head: Buffer.alloc(0) },
      ...{ client, timeout: 600_000, onMessage() {}, onEnd() {}, ...more },
    })
    outcome.catch(() => undefined)
    return { client, outcome }
  }
  for (let count = 0; count < 100; count++) stand()
  onTestFinished(async () => {
    for (const client of clients) client.destroy()
    await upstream.close()
  })
  return { asked: () => upstream.upgrades.length, stand }
}

it('P6: who leaves the line is gone from it at once, though the app answers nobody', async () => {
  const { stand } = await hanging()
  const leaving = Array.from({ length: 50 }, () => stand())
  for (const { client } of leaving) client.destroy()
  for (const { outcome } of leaving) expect(await outcome).toEqual({ refused: 499 })
})

it('P6: nobody stands in the line for longer than a minute', async () => {
  const { stand } = await hanging(900)
  const { outcome } = stand()
  vi.advanceTimersByTime(900)
  await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_TIMEOUT' })
  await expect(outcome).rejects.toBeInstanceOf(TurnError)
})

it('whose turn came too late for them asks nothing of the app, and takes no place', async () => {
  const { asked, stand } = await hanging()
  const late = Array.from({ length: 200 }, () => stand({ isStillWanted: () => false }))
  const last = stand({ isStillWanted: () => true })
  vi.advanceTimersByTime(1_000)
  for (const { outcome } of late) await expect(outcome).rejects.toBeInstanceOf(TurnError)
  vi.useRealTimers()
  await vi.waitFor(() => expect(asked()).toBe(101), { timeout: 15_000 })
  last.client.destroy()
})
