import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startChild } from './child.ts'

/** Whether the tests may watch the system calls of a process. */
function canTrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
}

// A killed process proves nothing here: what it wrote is safe with the kernel. Only a power failure would tell, or the
// system calls.
describe.skipIf(!canTrace())('what sqliteStore() acknowledged, when the power fails', () => {
  it('is on the disk if it matters, one sync for each write, and touches and hits cost none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    const log = join(folder, 'syncs')
    const syncs = (): number => readFileSync(log, 'utf8').match(/sync\(/g)?.length ?? 0
    const under = ['strace', '-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o', log]
    const child = await startChild(join(folder, 'holdfast.db'), 3_600_000, under)
    try {
      const before = syncs()
      await child.ask({ do: 'sign in and out', count: 20 })
      const durable = syncs()
      expect(durable - before).toBeGreaterThanOrEqual(40)
      await child.ask({ do: 'touch', count: 20 })
      expect(syncs() - durable).toBeLessThanOrEqual(3)
      expect(await child.end()).toBe(0)
    } finally {
      await child.kill()
      rmSync(folder, { recursive: true })
    }
  })
})
