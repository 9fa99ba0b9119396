/** Ten thousand idle WebSockets through one gateway. The app and the browsers run in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { ben, fetchFrom, startHarness } from '../gateway/harness.ts'

// The gateway holds two descriptors for each: 10,000 want `ulimit -n` of 21,000.
const sockets = Number(process.env.HOLDFAST_IDLE_SOCKETS ?? 10_000)
const mostBytesEach = 25 * 1024

function start(name: string, ...args: readonly string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args, { execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function message<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('It ended before it had anything to tell. Is `ulimit -n` high enough?')
  })
  const [value] = (await Promise.race([once(child, 'message'), ended])) as [T]
  return value
}

function used(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

it(`${sockets} idle sockets cost little, leave others their speed, and are all closed at a revocation`, async () => {
  const port = await message<number>(start('idle-app'))
  const gateway = await startHarness({ upstreamUrl: new URL(`http://127.0.0.1:${port}`) })
  const cookie = await gateway.sessionOf(ben)
  const before = used()
  const clients = start('idle-clients', `${gateway.port}`, gateway.host, cookie, `${sockets}`)
  expect(await message(clients)).toEqual({ opened: sockets })
  expect(gateway.sockets.size).toBe(sockets)
  const each = (used() - before) / sockets
  const asked = performance.now()
  const who = await fetchFrom(gateway.port, '/_holdfast/session', { headers: { host: gateway.host, cookie } })
  const answered = performance.now() - asked
  const started = performance.now()
  const ended = message(clients)
  await gateway.sessions.revokeUser(ben)
  expect(await ended).toEqual({ signedOut: sockets })
  const took = performance.now() - started
  console.log(
    `${(each / 1024).toFixed(1)} KiB each, closed in ${took.toFixed(0)} ms, a request meanwhile ${answered.toFixed(1)} ms`,
  )
  expect(who.status).toBe(200)
  await expect.poll(() => gateway.sockets.size).toBe(0)
  expect(each).toBeLessThan(mostBytesEach)
  expect(took).toBeLessThan(10_000)
}, 180_000)
