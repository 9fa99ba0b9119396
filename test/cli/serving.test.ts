import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../free-port.ts'
import { addUser, app, holdfast, inFolder, running, signIn, start } from './command.ts'

const anyone = { options: ['--access', 'anyone'] }

describe('holdfast run', { timeout: 60_000 }, () => {
  it('serves the app on a free port, and says where', () =>
    inFolder((folder) =>
      running({ folder, ...anyone }, async (url) => {
        expect(await (await fetch(url)).text()).toBe('hello stranger\n')
      }),
    ))

  it('lets those in who sign in', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await running({ folder }, async (url) => {
        expect((await fetch(url)).status).toBe(401)
        const cookie = await signIn(url, 'ada')
        expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('hello ada\n')
      })
    }))

  it('writes one JSON object a line with --log json, times in UTC', () =>
    inFolder(async (folder) => {
      const args = [
        'run',
        '--listen',
        '127.0.0.1:0',
        '--access',
        'anyone',
        '--log',
        'json',
        '--',
        process.execPath,
        app,
      ]
      const started = start(args, { folder })
      await started.printed(/"event":"listening"/)
      started.child.kill('SIGTERM')
      const { code, stdout } = await started.ended
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(code).toBe(0)
      expect(events.map(({ event }) => event)).toEqual(['app_started', 'listening', 'stopping', 'stopped'])
      expect(events[1]).toMatchObject({
        level: 'info',
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      })
      for (const { time } of events) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    }))

  it('lets a request under way finish when it is told to stop', () =>
    inFolder((folder) =>
      running({ folder, ...anyone }, async (url, { child, ended }) => {
        const slow = fetch(`${url}/slow`)
        await fetch(url)
        child.kill('SIGTERM')
        expect(await (await slow).text()).toBe('hello stranger\n')
        expect((await ended).code).toBe(0)
      }),
    ))

  it('ends at once at the second signal, and the app with it', () =>
    inFolder((folder) =>
      running({ folder, ...anyone }, async (url, { child, ended, printed }) => {
        const [, pid = ''] = await printed(/app_started pid=(\d+)/)
        const slow = fetch(`${url}/slow`).catch(() => null)
        await fetch(url)
        child.kill('SIGINT')
        await printed(/stopping/)
        child.kill('SIGINT')
        expect((await ended).code).toBe(1)
        await slow
        expect(await gone(Number(pid))).toBe(true)
      }),
    ))

  it('stops while the app is still starting', () =>
    inFolder(async (folder) => {
      const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)']
      const started = start(['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', ...command], {
        folder,
      })
      const [, pid = ''] = await started.printed(/app_started pid=(\d+)/)
      started.child.kill('SIGTERM')
      expect((await started.ended).code).toBe(0)
      expect(await gone(Number(pid))).toBe(true)
    }))

  it('drains and fails at what nobody caught, and logs no stack', () =>
    inFolder(async (folder) => {
      // Only in the gateway: the app inherits the environment and is a Node as well.
      const bomb = `if (process.argv[2] === 'run') process.on('SIGUSR2', () => { throw new Error('out of kelp') })`
      const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bomb)}` }
      await running({ folder, env, ...anyone }, async (url, { child, ended, printed }) => {
        const [, pid = ''] = await printed(/app_started pid=(\d+)/)
        const slow = fetch(`${url}/slow`)
        await fetch(url)
        child.kill('SIGUSR2')
        expect(await (await slow).text()).toBe('hello stranger\n')
        const { code, stdout } = await ended
        expect(code).toBe(1)
        expect(stdout).toMatch(/error failed reason="Error: out of kelp"\n/)
        expect(stdout).not.toMatch(/^\s+at /m)
        expect(await gone(Number(pid))).toBe(true)
      })
    }))

  it('stops as it should when nobody reads its log any more', () =>
    inFolder((folder) =>
      running({ folder, ...anyone }, async (url, { child, ended }) => {
        child.stdout?.destroy()
        expect((await fetch(url)).status).toBe(200)
        child.kill('SIGTERM')
        expect((await ended).code).toBe(0)
      }),
    ))

  it('keeps its own secrets from the app', () =>
    inFolder(async (folder) => {
      const HOLDFAST_SECRET = 'dGhpcyBpcyBubyBzZWNyZXQgYnV0IDMyIGJ5dGVz'
      await writeFile(
        join(folder, 'app.mjs'),
        `import { createServer } from 'node:http'
         createServer((_, response) => response.end(JSON.stringify(process.env))).listen(process.env.PORT, '127.0.0.1')`,
      )
      const args = ['run', '--listen', '127.0.0.1:0', '--access', 'anyone', '--', process.execPath, 'app.mjs']
      const started = start(args, { folder, env: { HOLDFAST_SECRET, COLOUR: 'green' } })
      const [, url = ''] = await started.printed(/listening url=(\S+)/)
      const seen = await (await fetch(url)).text()
      started.child.kill('SIGTERM')
      await started.ended
      expect(seen).toContain('"COLOUR":"green"')
      expect(seen).not.toContain(HOLDFAST_SECRET)
    }))

  it('reads holdfast.yaml here, and paths in it from where it is', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'ada')
      await writeFile(
        join(folder, 'holdfast.yaml'),
        `access: anyone\nlisten: 127.0.0.1:0\nstore: sqlite:deep/x.db\n`,
      )
      const started = start(['run', '--', process.execPath, app], { folder })
      await started.printed(/listening .*access=anyone/)
      started.child.kill('SIGTERM')
      await started.ended
      expect((await holdfast(['check'], { folder })).stdout).toContain('sqlite:deep/x.db opens')
    }))
})

describe('holdfast serve', { timeout: 60_000 }, () => {
  it('waits for an app that starts later', () =>
    inFolder(async (folder) => {
      const port = await freePort()
      const args = [
        'serve',
        '--upstream',
        `http://127.0.0.1:${port}`,
        '--listen',
        '127.0.0.1:0',
        '--access',
        'anyone',
      ]
      const started = start(args, { folder })
      await started.printed(/waiting_for_upstream/)
      const upstream = createServer((request, response) => {
        response.end(request.url === '/_stcore/health' ? 'ok' : 'late')
      })
      await listen(upstream, port)
      const [, url = ''] = await started.printed(/listening url=(\S+) .*app=streamlit/)
      expect(await (await fetch(url)).text()).toBe('late')
      started.child.kill('SIGTERM')
      expect((await started.ended).code).toBe(0)
      upstream.close()
    }))

  it('finds out what the app is from the first of its instances that answers, and says where a request was led', () =>
    inFolder(async (folder) => {
      const ports = [await freePort(), await freePort()]
      const upstream = ports.flatMap((port) => ['--upstream', `http://127.0.0.1:${port}`])
      const args = ['serve', ...upstream, '--listen', '127.0.0.1:0', '--access', 'anyone', '--log', 'json']
      const started = start(args, { folder })
      await started.printed(/waiting_for_upstream/)
      const instance = createServer((request, response) => {
        response.end(request.url === '/_stcore/health' ? 'ok' : 'here')
      })
      await listen(instance, ports[1] ?? 0)
      const [, url = ''] = await started.printed(/"url":"([^"]+)".*"app":"streamlit".*"event":"listening"/)
      for (let pin = 0; pin < 32; pin++) {
        const cookie = `holdfast_instance-${new URL(url).port}=${pin}`
        expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('here')
      }
      await started.printed(
        new RegExp(
          `"instance":"http://127.0.0.1:${ports[0]}","code":"ERR_UPSTREAM_.*"event":"instance_passed_over"`,
        ),
      )
      started.child.kill('SIGTERM')
      expect((await started.ended).code).toBe(0)
      instance.close()
    }))
})

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
}

/** Whether a process ends; the kernel takes a moment. */
async function gone(pid: number): Promise<boolean> {
  const until = Date.now() + 5_000
  while (Date.now() < until) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return false
}
