import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'

async function begin(to: Harness, cookie?: string): Promise<{ status: number; cookie: string | null }> {
  const answer = await fetch(`${to.origin}/_holdfast/begin`, {
    method: 'POST',
    headers: { origin: to.origin, ...(cookie === undefined ? {} : { cookie }) },
  })
  return { status: answer.status, cookie: answer.headers.get('set-cookie')?.split(';', 1)[0] ?? null }
}

describe('begin', () => {
  it('hands out one anonymous credential, and no other while that one counts', async () => {
    const to = await startHarness({ access: 'anyone' })
    const first = await begin(to)
    expect(first.status).toBe(204)
    expect(first.cookie).toMatch(/=a1\./)
    expect(await begin(to, first.cookie ?? '')).toEqual({ status: 204, cookie: null })
  })

  it('replaces one that can carry no session any more, or that browser would have none for a day', async () => {
    const to = await startHarness({ access: 'anyone' })
    const { cookie } = await begin(to)
    // The second time it is stored: of one that never was there is nothing to end.
    expect((await begin(to, cookie ?? '')).cookie).toBeNull()
    await to.sessions.revokeAll()
    const again = await begin(to, cookie ?? '')
    expect(again.cookie).toMatch(/=a1\./)
    expect(again.cookie).not.toBe(cookie)
    expect((await begin(to, again.cookie ?? '')).cookie).toBeNull()
  })
})
