/** A Redis that writes nothing down loses everything, while the gateways on it run. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { recordingUpstream } from '../gateway/recording-upstream.ts'
import { type RedisServer, startRedis, until } from '../stores/redis-server.ts'
import { addUser, inFolder, signIn, start } from './command.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Fleet {
  readonly redis: RedisServer
  /** Starts one more gateway, as a deploy does. */
  gateway(): Promise<{ readonly url: string; printed(pattern: RegExp): Promise<unknown> }>
}

async function fleetIn(folder: string): Promise<Fleet> {
  const redis = await startRedis()
  closers.push(() => redis.stop())
  const app = await recordingUpstream()
  closers.push(() => app.close())
  await addUser(folder, 'ben')
  const secret = randomBytes(32).toString('base64url')
  return {
    redis,
    async gateway() {
      const listen = ['--upstream', `http://127.0.0.1:${app.port}`, '--listen', '127.0.0.1:0']
      const args = ['serve', ...listen, '--store', `redis://127.0.0.1:${redis.port}`]
      const started = start(args, { folder, env: { HOLDFAST_SECRET: secret } })
      closers.push(async () => {
        started.child.kill('SIGKILL')
        await started.ended
      })
      const [, url = ''] = await started.printed(/listening.*?url=(\S+)/)
      return { url, printed: (pattern) => started.printed(pattern) }
    },
  }
}

describe('gateways on a Redis that comes back empty', { timeout: 60_000 }, () => {
  it.each(['restarted', 'flushed'])(
    'F12: %s: who was in signs in once, and is in at every gateway, those started later too',
    (how) =>
      inFolder(async (folder) => {
        const { redis, gateway } = await fleetIn(folder)
        const [one, two] = [await gateway(), await gateway()]
        const before = await signIn(one.url, 'ben')
        expect(await isIn(two.url, before)).toBe(true)
        if (how === 'flushed') await redis.command('FLUSHALL')
        else {
          await redis.kill()
          await redis.restart()
        }
        await Promise.race([one, two].map(({ printed }) => printed(/keyring_restored/)))
        await until(
          async () => !(await isIn(one.url, before)) && !(await isIn(two.url, before)),
          'they are out',
        )
        const three = await gateway()
        for (const at of [one, two, three]) {
          const cookie = await signIn(at.url, 'ben')
          for (const other of [one, two, three]) expect(await isIn(other.url, cookie)).toBe(true)
        }
      }),
  )

  it('F12: one that finds the key ring of others takes no more people, and says why', () =>
    inFolder(async (folder) => {
      const { redis, gateway } = await fleetIn(folder)
      const one = await gateway()
      expect((await fetch(`${one.url}/_holdfast/ready`)).status).toBe(200)
      // As if another gateway had been started in the very moment in which there was none.
      const lose = `redis.call('FLUSHALL') redis.call('HSET', 'holdfast:keyring', 'version', '1', 'box', ARGV[1])`
      await redis.command('EVAL', lose, '0', JSON.stringify({ v: 1, kid: 'AAAAAAAA', wraps: [] }))
      await one.printed(/keyring_replaced/)
      const ready = await fetch(`${one.url}/_holdfast/ready`)
      expect([ready.status, await ready.text()]).toEqual([
        503,
        expect.stringContaining('start this gateway again'),
      ])
    }))
})

async function isIn(url: string, cookie: string): Promise<boolean> {
  // Of one host: there its name tells the ports apart.
  const named = cookie.replace(/^holdfast-\d+/, `holdfast-${new URL(url).port}`)
  const answer = await fetch(`${url}/_holdfast/session`, { headers: { cookie: named } })
  if (answer.status !== 200 && answer.status !== 401) throw new Error(`It answered ${answer.status}.`)
  return answer.status === 200
}
