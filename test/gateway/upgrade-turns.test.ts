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
  /** Whose sockets the app was asked for. */
  readonly heard: () => readonly string[]
  /** Stands in the line with a client of its own. */
  stand(more?: Partial<Pick<InLine, 'isStillWanted' | 'who'>>): {
    client: PassThrough
    outcome: Promise<Upgrade>
  }
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
      ...{
        upstream: upstream.url,
        path: `/${more.who ?? ''}`,
        headers: ['host', 'app'],
        head: Buffer.alloc(0),
      },
      ...{ client, who: '', timeout: 600_000, onMessage() {}, onEnd() {}, ...more },
    })
    outcome.catch(() => undefined)
    return { client, outcome }
  }
  for (let count = 0; count < 100; count++) stand()
  onTestFinished(async () => {
    for (const client of clients) client.destroy()
    await upstream.close()
  })
  return {
    asked: () => upstream.upgrades.length,
    heard: () => upstream.upgrades.map(({ url }) => url.slice(1)),
    stand,
  }
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

it('P6: a client that opens hundreds makes nobody else wait for them: those who wait take turns', async () => {
  const { asked, heard, stand } = await hanging()
  for (let count = 0; count < 300; count++) stand({ who: 'crab' })
  stand({ who: 'diver' })
  stand({ who: 'eel' })
  vi.advanceTimersByTime(1_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(asked()).toBe(200), { timeout: 15_000 })
  const counts = Object.groupBy(heard(), (who) => who)
  expect(counts.diver).toHaveLength(1)
  expect(counts.eel).toHaveLength(1)
  expect(counts.crab).toHaveLength(98)
})

it('who left the line, or was let in, takes no turn any more', async () => {
  const { asked, heard, stand } = await hanging()
  const gone = stand({ who: 'crab' })
  stand({ who: 'diver' })
  gone.client.destroy()
  expect(await gone.outcome).toEqual({ refused: 499 })
  stand({ who: 'crab' })
  vi.advanceTimersByTime(1_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(asked()).toBe(102), { timeout: 15_000 })
  expect(heard().slice(-2).toSorted()).toEqual(['crab', 'diver'])
})
