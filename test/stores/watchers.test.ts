import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

describe('createWatchers()', () => {
  it('tells the others when one fails, and then lets the process fail: it may have kept an ended session', () => {
    const watchers = fileURLToPath(new URL('../../src/stores/watchers.ts', import.meta.url))
    const script = `
      import { createWatchers } from ${JSON.stringify(watchers)}
      const watchers = createWatchers()
      watchers.add(() => { throw new Error('cannot drop') })
      watchers.add((change) => console.log('told of', change.kind))
      watchers.deliver({ kind: 'gap' })
      console.log('delivered')
      setTimeout(() => console.log('went on'), 50)`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(run.stdout).toBe('told of gap\ndelivered\n')
    expect(run.stderr).toContain('cannot drop')
    expect(run.status).not.toBe(0)
  })
})
