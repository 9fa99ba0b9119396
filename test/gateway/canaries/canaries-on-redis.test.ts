import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { redisStore } from '../../../src/stores/redis.ts'
import { startRedis } from '../../stores/redis-server.ts'
import { mainScene } from './main-scene.ts'
import { mainEvents, played } from './played.ts'

describe('security: what a Redis wrote to its disk', () => {
  it('P10: holds no secret of any way in, and no name or address of anybody', async () => {
    let dir = ''
    let files: readonly string[] = []
    const canaries = await played(
      async (scene) => {
        await mainScene(scene)
        files = await readdir(dir)
      },
      mainEvents,
      async (folder) => {
        dir = join(folder, 'appendonlydir')
        // As commands, one after the other: packed they could not be searched.
        const plain = { appendonly: 'yes', appendfsync: 'always', 'aof-use-rdb-preamble': 'no' }
        const server = await startRedis({ dir: folder, ...plain })
        onTestFinished(() => server.stop())
        return redisStore({ url: `redis://127.0.0.1:${server.port}` })
      },
    )
    expect(files.length).toBeGreaterThan(0)
    expect(canaries.found()).toEqual([])
  }, 120_000)
})
