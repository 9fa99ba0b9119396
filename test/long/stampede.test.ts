/** The gateway is killed, and five thousand come back in the same moment, to one that remembers nobody, while others sign in. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openUsersFile } from '../../src/auth/users-file.ts'
import { inFolder, password, signIn, start } from '../cli/command.ts'
import { freePort } from '../free-port.ts'
import { startRedis } from '../stores/redis-server.ts'
import { message, resident, startScript } from './child.ts'

// A network may try a hundred passwords in five minutes, each of them for one account no more than ten times.
const [sockets, people] = [5000, 25]

const [longest, mostMemory] = [30_000, 700 * 2 ** 20]

interface Back {
  readonly back: number
  readonly ms: number
  readonly refused: number
  readonly busy: number
  readonly notThere: number
}

/** Who is told to wait comes again, as people do. */
async function signInAtLast(url: string, name: string): Promise<string> {
  const until = performance.now() + longest
  for (;;) {
    try {
      return await signIn(url, name)
    } catch (error) {
      if (!/Not signed in: 503/.test(String(error)) || performance.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 3_000))
    }
  }
}

it(
  'who comes back at once after a crash is let in, nobody is signed out, and memory is bounded',
  () =>
    inFolder(async (folder) => {
      const redis = await startRedis()
      onTestFinished(() => redis.stop())
      const secret = randomBytes(32).toString('base64url')
      const app = await message<number>(startScript('idle-app'))
      const users = await openUsersFile(join(folder, 'users.yaml'), { create: true })
      const names = Array.from({ length: people }, (_, n) => `diver${n}`)
      for (const name of names) await users.add(name, { password })
      await users.close()
      const listen = `127.0.0.1:${await freePort()}`
      const url = `http://${listen}`
      const serve = async (): Promise<ReturnType<typeof start>> => {
        const store = `redis://127.0.0.1:${redis.port}`
        const args = ['serve', '--upstream', `http://127.0.0.1:${app}`, '--listen', listen, '--store', store]
        const started = start(args, { folder, env: { HOLDFAST_SECRET: secret } })
        onTestFinished(() => void started.child.kill('SIGKILL'))
        await started.printed(/listening url=/)
        return started
      }
      const first = await serve()
      const cookies: string[] = []
      for (const name of names) cookies.push(await signIn(url, name))
      const { host, port } = new URL(url)
      const herd = startScript('herd', port, host, `${sockets}`, ...cookies)
      expect(await message(herd)).toEqual({ opened: sockets })

      first.child.kill('SIGKILL')
      await first.ended
      const returned = message<Back>(herd)
      const second = await serve()
      const pid = second.child.pid ?? 0
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, resident(pid))
      }, 50)
      onTestFinished(() => clearInterval(watch))
      // Each is a hash of 19 MiB: all of them at once would be half a gigabyte.
      const signedIn = Promise.all(names.map((name) => signInAtLast(url, name)))
      const { back, ms, refused, busy, notThere } = await returned
      expect(new Set(await signedIn).size).toBe(people)
      clearInterval(watch)
      console.log(
        `${back} sockets back in ${ms.toFixed(0)} ms (${notThere} found nobody, ${busy} were told to wait), ` +
          `${people} sign-ins meanwhile, at most ${(most / 2 ** 20).toFixed(0)} MiB`,
      )
      expect(refused).toBe(0)
      expect(back).toBe(sockets)
      expect(ms).toBeLessThan(longest)
      expect(most).toBeLessThan(mostMemory)
      for (const cookie of cookies)
        expect((await fetch(`${url}/_holdfast/session`, { headers: { cookie } })).status).toBe(200)
    }),
  180_000,
)
