import { spawn } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { freePort } from '../free-port.ts'
import { addUser, holdfast, inFolder, type Started, signIn, start } from './command.ts'

const app = fileURLToPath(new URL('./state-app.ts', import.meta.url))

async function stop({ child, ended }: Started): Promise<void> {
  child.kill('SIGTERM')
  await ended
}

/** What the app answers: its process, and how often this session was here. */
async function visit(url: string, cookie: string): Promise<{ pid: string; visits: string }> {
  const text = await (await fetch(url, { headers: { cookie } })).text()
  const [pid = '', visits = ''] = text.split(' ')
  return { pid, visits }
}

describe('the state of an app', { timeout: 60_000 }, () => {
  it('is there under run, after a restart of both, and for an app that outlived a killed gateway', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const listen = `127.0.0.1:${await freePort()}`
      const run = (): Started => start(['run', '--listen', listen, '--', process.execPath, app], { folder })
      const serving = async ({ printed }: Started): Promise<string> =>
        (await printed(/listening url=(\S+)/))[1] ?? ''

      const first = run()
      const url = await serving(first)
      const cookie = await signIn(url, 'ada')
      expect((await visit(url, cookie)).visits).toBe('1')
      expect((await visit(url, cookie)).visits).toBe('2')
      await stop(first)

      const second = run()
      await serving(second)
      const third = await visit(url, cookie)
      expect(third.visits).toBe('3')
      second.child.kill('SIGKILL')

      const last = run()
      await serving(last)
      try {
        // The very same process, which knows one address of its state only.
        expect(await visit(url, cookie)).toEqual({ pid: third.pid, visits: '4' })
      } finally {
        await stop(last)
      }
      const other = await signInElsewhere(folder, app)
      expect(other).toBe('1')
    }))

  it('is there behind serve, for an app started with what env prints', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const stateListen = `127.0.0.1:${await freePort()}`
      const port = String(await freePort())
      const state = ['--state-listen', stateListen]
      const printed = await holdfast(['env', 'streamlit', '--format', 'json', ...state], { folder })
      const variables = JSON.parse(printed.stdout) as NodeJS.ProcessEnv
      const child = spawn(process.execPath, [app], { env: { ...process.env, ...variables, PORT: port } })
      const upstream = ['--upstream', `http://127.0.0.1:${port}`, '--preset', 'generic']
      const gateway = start(['serve', '--listen', '127.0.0.1:0', ...upstream, ...state], { folder })
      try {
        const [, url = ''] = await gateway.printed(/listening url=(\S+)/)
        const cookie = await signIn(url, 'ada')
        expect((await visit(url, cookie)).visits).toBe('1')
        expect((await visit(url, cookie)).visits).toBe('2')
      } finally {
        await stop(gateway)
        child.kill()
      }
    }))

  it('says which option names an address that is taken', () =>
    inFolder(async (folder) => {
      const taken = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => taken.once('listening', resolve))
      const at = `127.0.0.1:${(taken.address() as AddressInfo).port}`
      const args = ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--state-listen', at]
      const { code, stderr } = await holdfast([...args, '--', process.execPath, app], { folder })
      taken.close()
      expect(code).toBe(2)
      expect(stderr).toContain(`--state-listen ${at}: the port is taken`)
    }))
})

/** The visits of a session of its own, in the same store. */
async function signInElsewhere(folder: string, program: string): Promise<string> {
  const started = start(['run', '--listen', '127.0.0.1:0', '--', process.execPath, program], { folder })
  try {
    const [, url = ''] = await started.printed(/listening url=(\S+)/)
    return (await visit(url, await signIn(url, 'ada'))).visits
  } finally {
    await stop(started)
  }
}
