import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { addUser, holdfast, inFolder } from './command.ts'

const others = Object.values(networkInterfaces()).flatMap(
  (all) => all?.filter(({ internal, family }) => !internal && family === 'IPv4') ?? [],
)

/** An app that listens on `host`, while `work` runs. */
async function withApp<Value>(host: string, work: (port: number) => Promise<Value>): Promise<Value> {
  const server = createServer((_request, response) => response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  try {
    return await work((server.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('holdfast check', { timeout: 60_000 }, () => {
  it('finds nothing wrong where nothing is, and makes nothing', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const before = await readdir(folder)
      await withApp('127.0.0.1', async (port) => {
        const ended = await holdfast(['check', '--upstream', `http://127.0.0.1:${port}`], { folder })
        expect(ended).toMatchObject({ code: 0, stderr: '' })
        expect(ended.stdout).not.toContain('FAIL')
      })
      expect(await readdir(folder)).toEqual(before)
    }))

  it('says of each instance of the app whether it answers', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await withApp('127.0.0.1', async (port) => {
        const instances = [`http://127.0.0.1:${port}`, 'http://127.0.0.1:9']
        const upstream = instances.flatMap((one) => ['--upstream', one])
        const ended = await holdfast(['check', ...upstream], { folder })
        expect(ended.code).toBe(1)
        expect(ended.stdout).toContain(`${instances[0]} answers (200)`)
        expect(ended.stdout).toContain(`Nothing answers at ${instances[1]}`)
      })
    }))

  it.skipIf(others.length === 0)('fails if the app answers on an address that others reach', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await withApp('0.0.0.0', async (port) => {
        const ended = await holdfast(['check', '--upstream', `http://127.0.0.1:${port}`], { folder })
        expect(ended.code).toBe(2)
        expect(ended.stdout).toContain(`The app answers on ${others[0]?.address}:${port}`)
      })
    }),
  )

  it('sees a command that opens the app to others', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      const command = ['streamlit', 'run', 'app.py', '--server.address', '0.0.0.0']
      const ended = await holdfast(['check', '--', ...command], { folder })
      expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('listen on 0.0.0.0') })
    }))

  it('says everything that is wrong at once, for programs too', () =>
    inFolder(async (folder) => {
      const args = [
        'check',
        '--upstream',
        'http://127.0.0.1:9',
        '--listen',
        '0.0.0.0:8080',
        '--format',
        'json',
      ]
      const { code, stdout } = await holdfast(args, { folder })
      const findings = JSON.parse(stdout) as readonly { about: string; ok: boolean }[]
      expect(code).toBe(2)
      expect(findings.filter(({ ok }) => !ok).map(({ about }) => about)).toEqual(['address', 'users', 'app'])
    }))
})

describe('holdfast env streamlit', { timeout: 60_000 }, () => {
  it('prints lines that a shell reads back', () =>
    inFolder(async (folder) => {
      const { stdout } = await holdfast(['env', 'streamlit'], { folder })
      const json = JSON.parse(
        (await holdfast(['env', 'streamlit', '--format', 'json'], { folder })).stdout,
      ) as Record<string, string>
      const script = `${stdout}\nprintf '%s' "$STREAMLIT_SERVER_COOKIE_SECRET $PYTHONPATH"`
      const read = await promisify(execFile)('sh', ['-c', script], { env: { PYTHONPATH: '/their own' } })
      expect(read.stdout).toBe(`${json.STREAMLIT_SERVER_COOKIE_SECRET} ${json.PYTHONPATH}:/their own`)
    }))

  it('is the same for all instances of an app: a port only where all have that one', () =>
    inFolder(async (folder) => {
      const variables = async (...instances: readonly string[]): Promise<Record<string, string>> => {
        const upstream = instances.flatMap((one) => ['--upstream', one])
        const { stdout } = await holdfast(['env', 'streamlit', '--format', 'json', ...upstream], { folder })
        return JSON.parse(stdout) as Record<string, string>
      }
      const here = await variables('http://127.0.0.1:8501', 'http://127.0.0.1:8502')
      expect(here.STREAMLIT_SERVER_ADDRESS).toBe('127.0.0.1')
      expect(here).not.toHaveProperty('STREAMLIT_SERVER_PORT')
      const elsewhere = await variables('http://app1:8501', 'http://app2:8501')
      expect(elsewhere.STREAMLIT_SERVER_PORT).toBe('8501')
      expect(elsewhere).not.toHaveProperty('STREAMLIT_SERVER_ADDRESS')
    }))

  it('gives the very secret that the gateway signs with, at every call', () =>
    inFolder(async (folder) => {
      const calls = [1, 2].map(() => holdfast(['env', 'streamlit', '--format', 'json'], { folder }))
      const [first, second] = (await Promise.all(calls)).map(({ stdout }) => stdout)
      expect(first).toContain('STREAMLIT_SERVER_COOKIE_SECRET')
      expect(first).toBe(second)
    }))
})
