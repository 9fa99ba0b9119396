import { describe, expect, it } from 'vitest'
import {
  defaultThrottleLimits,
  type SignInThrottle,
  signInThrottle,
  throttleDecision,
} from '../../src/auth/throttle.ts'

const key = new Uint8Array(32).fill(7)
const limits = defaultThrottleLimits

/** Counters as a store keeps them: each in the fixed window that began with its first hit. */
function counters(now: () => number): {
  readonly hit: (key: string, window: number) => Promise<number>
  readonly keys: () => string[]
} {
  const counts = new Map<string, { count: number; until: number }>()
  return {
    keys: () => [...counts.keys()],
    async hit(name, window) {
      const found = counts.get(name)
      const counter = found !== undefined && found.until > now() ? found : { count: 0, until: now() + window }
      counter.count += 1
      counts.set(name, counter)
      return counter.count
    },
  }
}

function world(): {
  readonly throttle: SignInThrottle
  readonly replica: SignInThrottle
  readonly keys: () => string[]
  readonly advance: (seconds: number) => void
} {
  let time = 1_767_323_045_000
  const store = counters(() => time)
  const make = (): SignInThrottle => signInThrottle({ store, key, now: () => time })
  return {
    throttle: make(),
    replica: make(),
    keys: store.keys,
    advance: (seconds) => {
      time += seconds * 1000
    },
  }
}

async function times(
  count: number,
  attempt: (n: number) => Promise<{ readonly allowed: boolean }>,
): Promise<number> {
  let allowed = 0
  for (let n = 0; n < count; n += 1) if ((await attempt(n)).allowed) allowed += 1
  return allowed
}

describe('signInThrottle', () => {
  it('lets ten attempts at an account from one address through, and says when the next may come', async () => {
    const { throttle, advance } = world()
    expect(await times(50, () => throttle.attempt('anna', '192.0.2.1'))).toBe(10)
    const refused = await throttle.attempt('anna', '192.0.2.1')
    if (refused.allowed) throw new Error('it was allowed')
    expect(refused.retryAfterSeconds).toBeGreaterThan(0)
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(limits.pair.seconds)
    advance(refused.retryAfterSeconds)
    expect((await throttle.attempt('anna', '192.0.2.1')).allowed).toBe(true)
  })

  it('does not put the end off when attempts go on meanwhile', async () => {
    const { throttle, advance } = world()
    await times(11, () => throttle.attempt('anna', '192.0.2.1'))
    const first = await throttle.attempt('anna', '192.0.2.1')
    if (first.allowed) throw new Error('it was allowed')
    advance(1)
    await times(50, () => throttle.attempt('anna', '192.0.2.1'))
    advance(first.retryAfterSeconds - 1)
    expect((await throttle.attempt('anna', '192.0.2.1')).allowed).toBe(true)
  })

  it('counts all spellings of a name, and all addresses of a /64, as one (CVE-2025-24806)', async () => {
    const { throttle } = world()
    const names = ['anna', 'ANNA', ' anna', 'anna\t', 'Anna', '\u00a0aNNa ']
    const attempt = (n: number): ReturnType<SignInThrottle['attempt']> =>
      throttle.attempt(names[n % names.length] ?? '', `2001:db8:1:2::${n.toString(16)}`)
    expect(await times(60, attempt)).toBe(10)
  })

  it('counts attempts sent all at once', async () => {
    const { throttle, replica } = world()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? throttle : replica).attempt('anna', '192.0.2.1')),
    )
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(10)
  })

  it('answers the same for users that exist, that do not, and that never can', async () => {
    const answersFor = async (name: string): Promise<unknown[]> => {
      const { throttle } = world()
      const answers = []
      for (let n = 0; n < 12; n += 1) answers.push((await throttle.attempt(name, '192.0.2.1')).allowed)
      return answers
    }
    expect(await answersFor('nobody')).toEqual(await answersFor('anna'))
    expect(await answersFor('a\0'.repeat(10_000))).toEqual(await answersFor('anna'))
  })

  it('bounds one address that tries one password on every account', async () => {
    const { throttle } = world()
    expect(await times(300, (n) => throttle.attempt(`user${n}`, '192.0.2.1'))).toBe(100)
  })

  it('cannot be used to lock somebody out: the owner still gets in, from elsewhere, under any attack', async () => {
    const { throttle, advance } = world()
    for (let hour = 0; hour < 3; hour += 1) {
      for (let n = 0; n < 300; n += 1) {
        await times(12, () => throttle.attempt('anna', `198.51.${hour}.${n % 256}`))
      }
      const own = await throttle.attempt('anna', '192.0.2.1')
      expect(own).toEqual({ allowed: true, delaySeconds: limits.longestDelay })
      expect((await throttle.attempt('bob', '192.0.2.1')).allowed).toBe(true)
      advance(1000)
    }
  })

  it('leaves each address three guesses while an account is attacked from many', async () => {
    const { throttle } = world()
    const from = (host: number): Promise<number> =>
      times(12, () => throttle.attempt('anna', `198.51.100.${host}`))
    const allowed = []
    for (let host = 1; host <= 20; host += 1) allowed.push(await from(host))
    expect(allowed.slice(0, 3)).toEqual([10, 10, 10])
    expect(new Set(allowed.slice(3))).toEqual(new Set([3]))
  })

  it('lets no single address bring an account under siege', async () => {
    const { throttle } = world()
    await times(500, () => throttle.attempt('anna', '198.51.100.1'))
    expect(await throttle.attempt('anna', '192.0.2.1')).toEqual({ allowed: true, delaySeconds: 0 })
  })

  it('shows the store neither names nor addresses', async () => {
    const { throttle, keys } = world()
    await throttle.attempt('anna', '192.0.2.1')
    expect(keys()).toHaveLength(3)
    for (const name of keys()) expect(name).toMatch(/^throttle:[\w-]{43}:\d+$/)
  })

  it('lets nobody through when the store cannot count', async () => {
    const store = { hit: (): Promise<number> => Promise.reject(new Error('store down')) }
    await expect(signInThrottle({ store, key }).attempt('anna', '192.0.2.1')).rejects.toThrow('store down')
  })
})

describe('throttleDecision', () => {
  it('slows an account down step by step, to a stated most', () => {
    const delays = [30, 31, 32, 34, 46, 1_000_000].map((account) =>
      throttleDecision({ network: 1, pair: 1, account }, limits),
    )
    expect(delays.map((answer) => answer.allowed && answer.delaySeconds)).toEqual([0, 0.25, 0.5, 1, 4, 4])
  })

  it('refuses by what the client itself did, and by nothing else', () => {
    expect(throttleDecision({ network: 101, pair: 1, account: 1 }, limits).allowed).toBe(false)
    expect(throttleDecision({ network: 1, pair: 11, account: 1 }, limits).allowed).toBe(false)
    expect(throttleDecision({ network: 1, pair: 4, account: 31 }, limits).allowed).toBe(false)
    expect(throttleDecision({ network: 1, pair: 3, account: 1e9 }, limits).allowed).toBe(true)
  })
})
