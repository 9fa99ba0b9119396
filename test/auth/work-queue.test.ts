import { describe, expect, it } from 'vitest'
import { workQueue } from '../../src/auth/work-queue.ts'

function gate(): { readonly open: () => void; readonly work: () => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, work: () => promise }
}

const idle = (): Promise<void> => Promise.resolve()

describe('workQueue', () => {
  it('never runs more at once than it may, and runs all of them', async () => {
    const queue = workQueue({ atOnce: 3, waiting: 100, patience: 5 })
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      running -= 1
    }
    await Promise.all(Array.from({ length: 100 }, () => queue.run(work)))
    expect(most).toBe(3)
  })

  it('refuses one more than may wait', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 5 })
    const first = gate()
    const all = [queue.run(first.work), queue.run(idle)]
    await expect(queue.run(idle)).rejects.toMatchObject({ code: 'ERR_AUTH_BUSY' })
    first.open()
    await Promise.all(all)
  })

  it('refuses who waited longer than it has patience', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 0.01 })
    const first = gate()
    const running = queue.run(first.work)
    await expect(queue.run(idle)).rejects.toMatchObject({ code: 'ERR_AUTH_BUSY' })
    first.open()
    await running
    await queue.run(idle)
  })

  it('takes who aborts out of the line', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 5 })
    const first = gate()
    const running = queue.run(first.work)
    const caller = new AbortController()
    let ran = false
    const waiting = queue.run(async () => {
      ran = true
    }, caller.signal)
    caller.abort(new Error('hung up'))
    await expect(waiting).rejects.toThrow('hung up')
    const next = queue.run(idle)
    first.open()
    await Promise.all([running, next])
    expect(ran).toBe(false)
  })

  it('keeps the place of work that runs on after its caller aborted', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 5 })
    const first = gate()
    const caller = new AbortController()
    const running = queue.run(first.work, caller.signal)
    await new Promise(setImmediate)
    caller.abort(new Error('hung up'))
    await expect(running).rejects.toThrow('hung up')
    let ran = false
    const next = queue.run(async () => {
      ran = true
    })
    await new Promise(setImmediate)
    expect(ran).toBe(false)
    first.open()
    await next
    expect(ran).toBe(true)
  })

  it('runs nothing for a caller that aborted before', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 5 })
    await expect(queue.run(idle, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('goes on after work that failed, at once or later', async () => {
    const queue = workQueue({ atOnce: 1, waiting: 1, patience: 5 })
    const thrown = queue.run(() => {
      throw new Error('at once')
    })
    await expect(thrown).rejects.toThrow('at once')
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1)
  })
})
