/** Ten thousand idle WebSockets through one gateway. The gateway, the app and the browsers are each a process of their own. */
import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { addUser, holdfast, inFolder, signIn, start } from '../cli/command.ts'
import { descriptors, message, resident, startScript } from './child.ts'

const wanted = Number(process.env.HOLDFAST_IDLE_SOCKETS ?? 10_000)
const mostBytesEach = 25 * 1024
// What a request, a look at the users file and the like need meanwhile.
const spare = 12

/** The gateway holds two descriptors for each socket: 10,000 want `ulimit -n` of 20,100. Fewer are tried where it is lower. */
function possible(pid: number): number {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  const limit = Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  return Math.min(wanted, Math.floor((limit - descriptors(pid) - spare) / 2))
}

it(
  'ten thousand idle sockets cost little, leave others their speed, and are all closed at a revocation',
  () =>
    inFolder(async (folder) => {
      const port = await message<number>(startScript('idle-app'))
      await addUser(folder, 'ben')
      const gateway = start(['serve', '--upstream', `http://127.0.0.1:${port}`, '--listen', '127.0.0.1:0'], {
        folder,
      })
      onTestFinished(() => void gateway.child.kill('SIGKILL'))
      const [, url = ''] = await gateway.printed(/listening url=(\S+)/)
      const { host, port: own } = new URL(url)
      const pid = gateway.child.pid ?? 0
      const cookie = await signIn(url, 'ben')
      const count = possible(pid)
      if (count < wanted)
        console.log(`${count} of ${wanted} sockets: the limit on open files allows no more.`)
      const before = resident(pid)
      const descriptorsBefore = descriptors(pid)
      const clients = startScript('idle-clients', own, host, cookie, `${count}`)
      expect(await message(clients)).toEqual({ opened: count })
      expect(descriptors(pid) - descriptorsBefore).toBeGreaterThanOrEqual(2 * count)
      const each = (resident(pid) - before) / count
      const asked = performance.now()
      const who = await fetch(`${url}/_holdfast/session`, { headers: { cookie } })
      const answered = performance.now() - asked
      const started = performance.now()
      const ended = message(clients)
      const revoked = await holdfast(['sessions', 'revoke', '--user', 'ben'], { folder })
      expect([revoked.code, await ended]).toEqual([0, { signedOut: count }])
      const took = performance.now() - started
      console.log(
        `${count} sockets, ${(each / 1024).toFixed(1)} KiB each; a request meanwhile ${answered.toFixed(1)} ms; revoked by ` +
          `another process and all closed in ${took.toFixed(0)} ms`,
      )
      expect(who.status).toBe(200)
      await expect
        .poll(() => descriptors(pid), { timeout: 10_000 })
        .toBeLessThanOrEqual(descriptorsBefore + spare)
      expect(each).toBeLessThan(mostBytesEach)
      expect(took).toBeLessThan(15_000)
    }),
  180_000,
)
