import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addUser, app, type Ended, holdfast, inFolder } from './command.ts'

const secret = randomBytes(32).toString('base64url')
const run = ['run', '--listen', '127.0.0.1:0', '--', process.execPath, app]
const anyone = ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', process.execPath, app]

/** One message for a person: it says what, it says what to do, and it is no stack. */
function isOneMessage({ stdout, stderr }: Ended): void {
  expect(stderr).toMatch(/^holdfast: /)
  expect(stderr.match(/^holdfast: /gm)).toHaveLength(1)
  expect(stderr + stdout).not.toMatch(/^\s+at .*:\d+/m)
  expect(stderr).not.toContain('This should not have happened')
}

describe('holdfast with bad input', { timeout: 60_000 }, () => {
  it('names every fault of a broken configuration with its line, and what to write instead', () =>
    inFolder(async (folder) => {
      await writeFile(
        join(folder, 'holdfast.yaml'),
        'acces: anyone\nsession:\n  idle: 12 hours\nlisten: 80800\n',
      )
      const ended = await holdfast(run, { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('holdfast.yaml:1: acces is not known here. Did you mean `access`?')
      expect(ended.stderr).toContain(
        'holdfast.yaml:3: session.idle must be a time such as 90s, 30m, 12h or 14d',
      )
      expect(ended.stderr).toContain('holdfast.yaml:4: listen must be an address and a port')
    }))

  it('says which configuration file is missing', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['check', '--config', 'prod.yaml'], { folder })
      isOneMessage(ended)
      expect(ended).toMatchObject({ code: 2 })
      expect(ended.stderr).toContain('There is no configuration file prod.yaml')
    }))

  it('names the line of a mistake in the users file', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'users.yaml'), 'users:\n  ada:\n    pasword: x\n')
      const ended = await holdfast(run, { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toMatch(/users\.yaml has a mistake:\n {2}line 3/)
    }))

  it('says which users file is missing', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['run', '--users', 'people.yaml', ...run.slice(1)], { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('people.yaml')
    }))

  it('refuses to start a gateway that nobody could pass', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(run, { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('holdfast users add')
    }))

  it('says that a store file is no store', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'x.db'), randomBytes(8192))
      const ended = await holdfast(['run', '--store', 'sqlite:x.db', ...anyone.slice(1)], { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(1)
      expect(ended.stderr).toContain('x.db')
    }))

  it('says that the port is taken, before the app is started', () =>
    inFolder(async (folder) => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const marker = join(folder, 'started')
      const args = ['run', '--listen', `127.0.0.1:${port}`, '--access', 'anyone', '--', 'touch', marker]
      const ended = await holdfast(args, { folder })
      server.close()
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain(`--listen 127.0.0.1:${port}: the port is taken`)
      expect((await holdfast(['check', '--upstream', `http://127.0.0.1:${port}`], { folder })).code).not.toBe(
        0,
      )
    }))

  it('says that the app behind serve does not answer', () =>
    inFolder(async (folder) => {
      const args = [
        'serve',
        '--upstream',
        'http://127.0.0.1:9',
        '--listen',
        '127.0.0.1:0',
        '--access',
        'anyone',
      ]
      const ended = await holdfast([...args, '--start-timeout', '1s'], { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(1)
      expect(ended.stderr).toContain('Nothing answered at --upstream http://127.0.0.1:9')
    }))

  it('says that the app ended before it answered', () =>
    inFolder(async (folder) => {
      const args = [
        'run',
        '--listen',
        '127.0.0.1:0',
        '--access',
        'anyone',
        '--',
        process.execPath,
        '-e',
        'process.exit(3)',
      ]
      const ended = await holdfast(args, { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('The app ended before it took a connection (3)')
    }))

  it('says that there is no such program', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(
        ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', 'stremlit', 'run'],
        { folder },
      )
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('Cannot start stremlit: there is no such command here')
    }))

  // Root writes everywhere: a file where a folder should be stops root too.
  it('says where it may not write', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'flat'), '')
      const ended = await holdfast(['run', '--store', 'sqlite:flat/x.db', ...anyone.slice(1)], { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(1)
      expect(ended.stderr).toContain('flat/x.db')
    }))

  it('says that a folder is not writable', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'sealed'))
      await chmod(join(folder, 'sealed'), 0o500)
      // No right keeps root out of a folder; the kernel keeps everybody from making files in this one.
      const sealed = process.getuid?.() === 0 ? '/proc' : 'sealed'
      const ended = await holdfast(['run', '--store', `sqlite:${sealed}/x.db`, ...anyone.slice(1)], {
        folder,
      })
      isOneMessage(ended)
      expect(ended.code).toBe(1)
      expect(ended.stderr).toContain(`${sealed}/x.db`)
    }))

  it('refuses a weak secret without repeating it', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(anyone, { folder, env: { HOLDFAST_SECRET: 'hunter2hunter2' } })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('too weak')
      expect(ended.stderr).not.toContain('hunter2')
    }))

  it('says that the store was made with another secret', () =>
    inFolder(async (folder) => {
      const env = { HOLDFAST_SECRET: secret }
      expect(await holdfast(['env', 'streamlit'], { folder, env })).toMatchObject({ code: 0 })
      const other = { HOLDFAST_SECRET: randomBytes(32).toString('base64url') }
      const ended = await holdfast(anyone, { folder, env: other })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('None of the given secrets opens this store')
      expect(ended.stderr).not.toContain(other.HOLDFAST_SECRET)
    }))

  it('says that the secret of a store is gone, and makes up no other', () =>
    inFolder(async (folder) => {
      expect(
        await holdfast(['env', 'streamlit'], { folder, env: { HOLDFAST_SECRET: secret } }),
      ).toMatchObject({ code: 0 })
      const ended = await holdfast(anyone, { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('secret is missing')
      const again = await holdfast(anyone, { folder, env: { HOLDFAST_SECRET: secret, HOLDFAST_LISTEN: 'x' } })
      expect(again.stderr).toContain('HOLDFAST_LISTEN must be')
    }))

  it('refuses a public address without TLS, and says how to accept it', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const ended = await holdfast(['run', '--public-url', 'http://apps.example.org', ...run.slice(1)], {
        folder,
      })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('--insecure-http')
    }))

  it('asks nobody for a password where nobody is', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['users', 'add', 'ada'], { folder })
      isOneMessage(ended)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('--password-stdin')
    }))

  it('shows where it went wrong only to who asks', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(run, { folder, env: { HOLDFAST_DEBUG: '1' } })
      expect(ended.stderr).toMatch(/^\s+at .*:\d+/m)
    }))
})
