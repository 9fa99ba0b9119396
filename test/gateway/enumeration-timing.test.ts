/**
 * Whether the time of an answer says who has an account. What counts is the whole way, from the request to the last byte:
 * counters, look-ups, hashing, mails. Known and unknown names take turns, each pair within milliseconds, in either order, so
 * that what slows the machine slows both; a burst of load may spoil a measurement, a leak spoils every one.
 */
import { describe, expect, it } from 'vitest'
import { passwordHasher } from '../../src/auth/password-hash.ts'
import { type Harness, startHarness } from './harness.ts'
import { startMailServer } from './mail-server.ts'
import { signInForm } from './sign-in-form.ts'
import { timedClient } from './timed-client.ts'

const pairs = 30
const measurements = 3
// A password costs ten times as much to hash here. Over a network, with ten tries, nobody sees less.
const most = 1
// Of those that could be told apart by chance alone once in two hundred thousand times.
const mostT = 4.5
const hasher = passwordHasher({ memoryKiB: 8_192, passes: 1 })

type Ask = (name: string, network: number) => Promise<number>

/** The difference in milliseconds, as a median, and as Welch's t of what is left without the slowest tenth. */
async function difference(ask: Ask, round: number): Promise<{ median: number; t: number }> {
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let pair = 0; pair < pairs; pair++) {
    const number = round * pairs + pair
    const turns = [
      { name: `diver${number}`, times: known },
      { name: `ghost${number}`, times: unknown },
    ]
    if (pair % 2 === 1) turns.reverse()
    for (const [which, { name, times }] of turns.entries()) times.push(await ask(name, number * 2 + which))
  }
  return {
    median: Math.abs(middle(known.map((time, at) => time - (unknown[at] ?? 0)))),
    t: Math.abs(welch(trimmed(known), trimmed(unknown))),
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function trimmed(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b).slice(0, Math.floor(values.length * 0.9))
}

function welch(a: readonly number[], b: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length
  const spread = (all: readonly number[]): number =>
    all.reduce((sum, one) => sum + (one - mean(all)) ** 2, 0) / (all.length - 1) / all.length
  return (mean(a) - mean(b)) / Math.sqrt(spread(a) + spread(b))
}

/** Resolves once one of the measurements tells nothing; rejects where all of them do. */
async function tellsNothing(ask: Ask): Promise<void> {
  const found: { median: number; t: number }[] = []
  for (let round = 0; round < measurements; round++) {
    const one = await difference(ask, round)
    if (one.median < most && one.t < mostT) return
    found.push(one)
  }
  throw new Error(`The time tells who is known: ${JSON.stringify(found)}`)
}

async function startStage(): Promise<Harness> {
  const mail = await startMailServer()
  const hash = await hasher.hash('a long kelp forest')
  const names = Array.from({ length: pairs * measurements }, (_, number) => `diver${number}`)
  const usersText = `users:\n${names.map((name) => `  ${name}: { password: "${hash}", email: ${name}@example.org }\n`).join('')}`
  return startHarness({
    ...{ usersText, hasher, trustProxy: ['127.0.0.1/32'] },
    selfService: {
      mail: { url: mail.url, from: 'kelp@example.org', password: null },
      registration: { open: true, domains: [], emails: [], fields: [], roles: [] },
    },
  })
}

/** How long the answer to a form takes; every one comes from a network of its own, so that none is slowed down for guessing. */
async function timedForm(
  to: Harness,
  path: string,
  fieldsOf: (name: string) => Record<string, string>,
): Promise<Ask> {
  const { token, cookie } = await signInForm(to, path)
  const send = timedClient()
  const expected = path.endsWith('sign-in') ? 401 : 200
  const ask: Ask = async (name, network) => {
    const headers = {
      ...{ host: to.host, origin: to.origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
      'x-forwarded-for': `10.${network >> 8}.${network & 255}.1`,
    }
    const body = new URLSearchParams({ form_token: token, return_to: '', ...fieldsOf(name) }).toString()
    const { status, time } = await send({ port: to.port, path, headers, body })
    expect(status).toBe(expected)
    // What is done after the answer is not to fall into the next one's time.
    await to.selfService.idle()
    return time
  }
  for (let n = 0; n < 10; n++) await ask(`nobody${n}`, 60_000 + n)
  return ask
}

describe('the time of an answer', () => {
  it.each([
    ['a wrong password', 'sign-in', (username: string) => ({ username, password: 'not this one' })],
    ['a forgotten password', 'forgot-password', (account: string) => ({ account })],
    ['a forgotten name', 'forgot-username', (name: string) => ({ email: `${name}@example.org` })],
    ['registering', 'register', (name: string) => ({ email: `${name}@example.org` })],
  ])(
    'V6.3.8: to %s is the same whether somebody has that account or not',
    async (_what, page, fieldsOf) => {
      const to = await startStage()
      await tellsNothing(await timedForm(to, `/_holdfast/${page}`, fieldsOf))
    },
    120_000,
  )
})
