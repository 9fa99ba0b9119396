import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'
import { rawExchange } from './raw-client.ts'

// Without the second line the parser itself reads no further.
const kept = 'GET /_holdfast/live HTTP/1.0\r\nConnection: keep-alive'

/** What HTTP/1.0 without a Host gets: the statuses, and the requests that reached the app. */
async function bare(head: string): Promise<{ statuses: number[]; reached: number; closed: boolean }> {
  const to = await startHarness({ access: 'anyone' })
  const { answers, closed } = await rawExchange(to.port, `${head}\r\n\r\n`)
  return { statuses: answers.map(({ status }) => status), reached: to.upstream.requests.length, closed }
}

describe('a load balancer that speaks HTTP/1.0 and names no Host', () => {
  it.each([
    'GET /_holdfast/live',
    'HEAD /_holdfast/live',
    'GET /_holdfast/ready',
    'GET /_holdfast/ready?x=1',
  ])('is told: %s', async (line) => {
    expect(await bare(`${line} HTTP/1.0`)).toEqual({ statuses: [200], reached: 0, closed: true })
  })

  it('is told that the store is away', async () => {
    const to = await startHarness()
    to.store.away = true
    const { answers } = await rawExchange(to.port, 'GET /_holdfast/ready HTTP/1.0\r\n\r\n')
    expect(answers.map(({ status }) => status)).toEqual([503])
    to.store.away = false
  })

  it('has its connection closed, even if it would keep it', async () => {
    expect(await bare(kept)).toEqual({ statuses: [200], reached: 0, closed: true })
  })

  it('has nothing of what it sends behind that looked at', async () => {
    const to = await startHarness()
    const asked = to.store.calls.get('ping') ?? 0
    const behind = to.request('GET /_holdfast/ready')
    const { answers } = await rawExchange(to.port, `${kept}\r\n\r\n${behind}`)
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect(to.store.calls.get('ping') ?? 0).toBe(asked)
  })

  it.each([
    'GET / HTTP/1.0',
    'GET /_holdfast/sign-in HTTP/1.0',
    'GET /_holdfast/session HTTP/1.0',
    'GET /_holdfast/live/../../ HTTP/1.0',
    'GET http://x/_holdfast/live HTTP/1.0',
    'POST /_holdfast/live HTTP/1.0',
    'GET /_holdfast/live HTTP/1.0\r\nContent-Length: 0',
    'GET /_holdfast/live HTTP/1.0\r\nTransfer-Encoding: chunked',
    'GET /_holdfast/live HTTP/1.1',
  ])('is refused anything else: %j', async (head) => {
    expect(await bare(head)).toEqual({ statuses: [400], reached: 0, closed: true })
  })
})
