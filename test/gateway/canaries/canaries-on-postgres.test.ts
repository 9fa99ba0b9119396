import { spawnSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../../stores/postgres-server.ts'
import { mainScene } from './main-scene.ts'
import { mainEvents, played } from './played.ts'

/** What is in the tables, as text, and what was ever written, deleted or not: the log that is written ahead of them. */
async function copyOut(server: PostgresServer, folder: string): Promise<void> {
  const args = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'admin', '--inserts', '-f']
  const dump = join(folder, 'dump.sql')
  const done = spawnSync(join(postgresPrograms(), 'pg_dump'), [...args, dump, 'postgres'], {
    encoding: 'utf8',
  })
  expect(done.stderr).toBe('')
  await cp(join(server.folder, 'data', 'pg_wal'), join(folder, 'pg_wal'), { recursive: true })
}

describe('security: what a PostgreSQL wrote to its disk', () => {
  it('P10: holds no secret of any way in, and no name or address of anybody', async () => {
    let copied = async (): Promise<void> => {}
    const canaries = await played(
      async (scene) => {
        await mainScene(scene)
        await copied()
        // So that it is known whether there was anything to search.
        scene.canaries.hide('a table of ours', 'epoch_of_all', /^the store$/)
      },
      mainEvents,
      async (folder) => {
        const server = await startPostgres()
        onTestFinished(() => server.remove())
        copied = () => copyOut(server, folder)
        return postgresStore({ url: server.url('holdfast') })
      },
    )
    expect(canaries.needless()).not.toContain('a table of ours')
    expect(canaries.found()).toEqual([])
  }, 120_000)
})
