/** The real command with its sessions in a real Redis. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../free-port.ts'
import { type RedisServer, startRedis } from '../stores/redis-server.ts'
import { addUser, holdfast, inFolder, running, signIn } from './command.ts'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.stop())

const env = { HOLDFAST_SECRET: 'a secret for tests that is 32 bytes long or more' }
const store = (user = ''): string => `redis://${user}127.0.0.1:${redis.port}`

describe('holdfast with --store redis://…', { timeout: 60_000 }, () => {
  it('makes up no secret for a store that others share', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['check', '--store', store(), '--access', 'anyone'], { folder })
      expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('set HOLDFAST_SECRET') })
    }))

  it('checks it, and says what it cannot promise', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['check', '--store', store(), '--access', 'anyone'], { folder, env })
      expect(ended.code).toBe(0)
      expect(ended.stdout).toContain(`${store()} opens, reads and writes`)
      expect(ended.stdout).toContain('Warning: Relaxed mode')
    }))

  it('says what is wrong with it, and shows no password', () =>
    inFolder(async (folder) => {
      const away = `redis://kelp:hunter2@127.0.0.1:${await freePort()}`
      for (const bad of [
        away,
        store('kelp:hunter2@'),
        `${store('kelp:hunter2@')}?mode=fast`,
        'redis://kelp:hunter2@/',
      ]) {
        const ended = await holdfast(['check', '--store', bad, '--access', 'anyone'], { folder, env })
        expect(ended.code).toBeGreaterThan(0)
        expect(ended.stdout + ended.stderr).not.toContain('hunter2')
      }
    }))

  it('lets whoever signed in at one gateway in at another, and lists and ends sessions from outside', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const options = { folder, env, options: ['--store', store(), '--name', 'kelp'] }
      await running(options, async (one, started) => {
        expect(await started.printed(/store_warning/)).not.toBeNull()
        const cookie = await signIn(one, 'ada')
        const listed = await holdfast(['sessions', 'list', '--store', store(), '--name', 'kelp'], {
          folder,
          env,
        })
        expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('ada') })
        const statusOf = async (): Promise<number> =>
          (await fetch(one, { headers: { cookie, accept: 'application/json' } })).status
        expect(await statusOf()).toBe(200)
        const revoke = ['sessions', 'revoke', '--user', 'ada', '--store', store(), '--name', 'kelp']
        const revoked = await holdfast(revoke, { folder, env })
        expect(revoked.stderr + revoked.stdout).not.toContain('ERR_')
        expect(revoked.code).toBe(0)
        expect(await statusOf()).toBe(401)
      })
    }))
})
