import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const source = fileURLToPath(new URL('free-port.ts', import.meta.url))
// It stays for longer than it takes to ask for them: all have theirs at once.
const script = `
  import { freePort } from ${JSON.stringify(source)}
  const ports = []
  while (ports.length < 250) ports.push(await freePort())
  console.log(JSON.stringify(ports))
  setTimeout(() => {}, 2000)`

it('gives no port to two processes', async () => {
  const asked = Array.from({ length: 3 }, () => run(process.execPath, ['--input-type=module', '-e', script]))
  const ports = (await Promise.all(asked)).flatMap(({ stdout }) => JSON.parse(stdout) as number[])
  expect(new Set(ports).size).toBe(750)
})
