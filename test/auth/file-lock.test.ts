import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockFile } from '../../src/auth/file-lock.ts'
import { freshFolder } from './folder.ts'
import { startChild } from './processes/child.ts'

async function target(): Promise<string> {
  const path = join(await freshFolder(), 'users.yaml')
  await writeFile(path, 'users: {}\n')
  return path
}

/** The lock file as this process writes it, changed in part. */
async function forged(path: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  const own = await lockFile(path, 1)
  const holder = JSON.parse(await readFile(`${path}.lock`, 'utf8')) as object
  await own.release()
  await writeFile(`${path}.lock`, JSON.stringify({ ...holder, token: 'forged', ...change }))
}

async function age(path: string, seconds: number): Promise<void> {
  const then = Date.now() / 1000 - seconds
  await utimes(`${path}.lock`, then, then)
}

const refused = { code: 'ERR_USERS_LOCKED' }

describe('lockFile', () => {
  it('is held by one at a time', async () => {
    const path = await target()
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      const lock = await lockFile(path, 10)
      inside += 1
      most = Math.max(most, inside)
      await new Promise(setImmediate)
      inside -= 1
      await lock.release()
    }
    await Promise.all(Array.from({ length: 20 }, work))
    expect(most).toBe(1)
  })

  it('names the process that holds it when patience ends', async () => {
    const path = await target()
    const lock = await lockFile(path, 1)
    await expect(lockFile(path, 0.05)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await lock.release()
  })

  it('is taken over from a dead process, by exactly one of many that wait', async () => {
    const path = await target()
    const child = startChild('hold-lock.ts', path)
    await child.printed(1)
    child.process.kill('SIGKILL')
    await child.ended
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      const lock = await lockFile(path, 10)
      inside += 1
      most = Math.max(most, inside)
      await lock.assertHeld()
      await new Promise(setImmediate)
      await lock.assertHeld()
      inside -= 1
      await lock.release()
    }
    await Promise.all(Array.from({ length: 20 }, work))
    expect(most).toBe(1)
  })

  it('is taken over only by who holds the right to: the slower of two must not remove the new lock', async () => {
    const path = await target()
    await forged(path, { startedAt: '1' })
    const right = await lockFile(`${path}.lock.break`, 1)
    await writeFile(`${path}.lock.break`, await readFile(`${path}.lock.break.lock`))
    await expect(lockFile(path, 0.05)).rejects.toMatchObject(refused)
    expect(await readFile(`${path}.lock`, 'utf8')).toContain('forged')
    await right.release()
    await rm(`${path}.lock.break`)
    await (await lockFile(path, 1)).release()
  })

  it('is taken over when the pid has gone to another process', async () => {
    const path = await target()
    await forged(path, { startedAt: '1' })
    await (await lockFile(path, 0.05)).release()
  })

  it('is left to a holder in another container, whose pid means nothing here, for a minute', async () => {
    const path = await target()
    await forged(path, { home: 'elsewhere pid:[1]', pid: 2 ** 22 - 1 })
    await expect(lockFile(path, 0.05)).rejects.toMatchObject(refused)
    await age(path, 61)
    await (await lockFile(path, 0.05)).release()
  })

  it('gives a process that has made the file but not yet written it five seconds', async () => {
    const path = await target()
    await writeFile(`${path}.lock`, '')
    await expect(lockFile(path, 0.05)).rejects.toMatchObject(refused)
    await age(path, 6)
    await (await lockFile(path, 0.05)).release()
  })

  it('neither confirms nor removes a lock that has become another one', async () => {
    const path = await target()
    const lock = await lockFile(path, 1)
    await forgedInPlace(path)
    await expect(lock.assertHeld()).rejects.toMatchObject(refused)
    await lock.release()
    expect(await readFile(`${path}.lock`, 'utf8')).toContain('forged')
  })
})

async function forgedInPlace(path: string): Promise<void> {
  const holder = JSON.parse(await readFile(`${path}.lock`, 'utf8')) as object
  await writeFile(`${path}.lock`, JSON.stringify({ ...holder, token: 'forged' }))
}
