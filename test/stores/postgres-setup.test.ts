import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { type PostgresStore, postgresStore } from '../../src/stores/postgres.ts'
import { postgresAddress } from '../../src/stores/postgres-address.ts'
import { examinePostgres } from '../../src/stores/postgres-examination.ts'
import { all } from '../../src/testing/opened-store.ts'
import { bytes, created, day, startAt } from '../../src/testing/records.ts'
import { scanFiles } from './dump-scanner.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres(['max_connections=40'])
  await server.set('fsync', 'on')
}, 30_000)

afterAll(async () => {
  await server.remove()
})

async function withStore(url: string, act: (store: PostgresStore) => Promise<void>): Promise<void> {
  const store = await postgresStore({ url })
  try {
    await act(store)
  } finally {
    await store.close()
  }
}

function as(role: string, schema: string): string {
  return server.url(schema).replace('admin@', `${role}:secret-of-${role}@`)
}

/** What opening a store fails with. */
async function refusal(url: string): Promise<{ readonly name: string; readonly message: string }> {
  return postgresStore({ url }).then(
    () => ({ name: 'none', message: 'opened' }),
    ({ name, message }: Error) => ({ name, message }),
  )
}

describe('postgresAddress()', () => {
  it('reads several hosts, the schema, and what is for the driver', () => {
    const address = postgresAddress('postgres://me:p%40ss@a:5433,b/app?sslmode=verify-full&schema=mine')
    expect(address).toEqual({
      name: 'postgres://a:5433,b/app',
      schema: 'mine',
      hosts: [
        { connectionString: 'postgres://me:p%40ss@a:5433/app?sslmode=verify-full' },
        { connectionString: 'postgres://me:p%40ss@b/app?sslmode=verify-full' },
      ],
      isUnproven: false,
    })
    expect(postgresAddress('postgresql://a/app').schema).toBe('holdfast')
  })

  it('says when whoever sits on the network could answer, except on this machine', () => {
    expect(postgresAddress('postgres://db.example/app').isUnproven).toBe(true)
    expect(postgresAddress('postgres://db.example/app?sslmode=disable').isUnproven).toBe(true)
    expect(postgresAddress('postgres://db.example/app?sslmode=no-verify').isUnproven).toBe(true)
    expect(postgresAddress('postgres://db.example/app?sslmode=require').isUnproven).toBe(false)
    expect(postgresAddress('postgres://localhost,db.example/app').isUnproven).toBe(true)
    expect(postgresAddress('postgres://me@127.0.0.1:5433/app').isUnproven).toBe(false)
    expect(postgresAddress('postgres://[::1]:5433/app').isUnproven).toBe(false)
    expect(postgresAddress('postgres:///app?host=/run/postgresql').isUnproven).toBe(false)
  })

  it('refuses what cannot work, without a word of the password', () => {
    for (const url of [
      'mysql://me:hunter2@a/app',
      'postgres://me:hunter2@a/app?schema=a"b',
      'postgres://me:hunter2@a/app?schema=Mine',
      'postgres://me:hunter2@a/app?target_session_attrs=any',
      'postgres://me:x@hunter2@a/app',
      'postgres://me:x/hunter2@a/app',
      'postgres://me:1/hunter2@a/app',
      'postgres://me:hunter2?y@a/app',
      'postgres://me:1?hunter2@a/app',
      'postgres://me:hunter2:@a,hunter2:x@b/app',
    ]) {
      expect(() => postgresAddress(url)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }))
      expect(() => postgresAddress(url)).not.toThrow(/hunter2/)
    }
  })
})

describe('rights in the database', () => {
  it('that are missing are named with the words that grant them, and are enough once granted', async () => {
    await server.sql(`CREATE ROLE clerk LOGIN PASSWORD 'secret-of-clerk'`)
    const first = await refusal(as('clerk', 'office'))
    expect(first.name).toBe('ConfigError')
    expect(first.message).toContain('CREATE SCHEMA office AUTHORIZATION clerk')
    expect(first.message).not.toContain('secret-of-clerk')
    await server.sql('CREATE SCHEMA office AUTHORIZATION clerk')
    await withStore(as('clerk', 'office'), (store) => store.ping())
  })

  it('may be less than the owner has, once somebody has made the tables', async () => {
    await server.sql(`CREATE ROLE guest LOGIN PASSWORD 'secret-of-guest'`)
    await withStore(server.url('lobby'), (store) => store.ping())
    const { name, message } = await refusal(as('guest', 'lobby'))
    expect(name).toBe('ConfigError')
    const grants = /run: (.*)$/.exec(message)?.[1] ?? ''
    expect(grants).toContain('ON SCHEMA lobby TO guest')
    await server.sql(grants)
    await withStore(as('guest', 'lobby'), async (store) => {
      const session = await created(store)
      await store.writeState({ sid: session.sid, name: 's' }, [{ key: 'k', value: bytes('v') }])
      await store.revoke('all', session.createdAt)
      await store.sweep(10)
      await store.ping()
    })
  })

  it('are not touched in a schema of somebody else', async () => {
    await server.sql('CREATE SCHEMA theirs; CREATE TABLE theirs.version (text text)')
    const { name } = await refusal(server.url('theirs'))
    expect(name).toBe('StoreError')
    expect(await server.sql('SELECT * FROM theirs.version')).toEqual([])
  })

  it('do not help against a schema that a newer Holdfast wrote', async () => {
    await withStore(server.url('newer'), (store) => store.ping())
    await server.sql('UPDATE newer.version SET steps = 99')
    const { name, message } = await refusal(server.url('newer'))
    expect(name).toBe('StoreError')
    expect(message).toContain('newer Holdfast')
  })
})

describe('what an administrator is told', () => {
  it('is nothing where all is well', async () => {
    expect(await examinePostgres(server.url('well'))).toEqual({ faults: [], warnings: [] })
  })

  it('is which settings break a promise', async () => {
    const settings = ['fsync', 'full_page_writes', 'synchronous_commit']
    for (const setting of settings) await server.set(setting, 'off')
    try {
      const { warnings } = await examinePostgres(server.url('risky'))
      expect(warnings.map((text) => /: (\w+) is off/.exec(text)?.[1])).toEqual(settings)
      await withStore(server.url('risky'), async (store) => {
        expect(store.warnings).toEqual(warnings)
      })
    } finally {
      for (const setting of settings) await server.set(setting, 'on')
    }
  })

  it('is why the store cannot be opened', async () => {
    const { faults } = await examinePostgres('postgres://me:hunter2@127.0.0.1:1/app')
    expect(faults).toEqual([expect.stringContaining('ECONNREFUSED')])
    expect(faults.join()).not.toContain('hunter2')
    expect((await examinePostgres('redis://a')).faults).toHaveLength(1)
  })
})

describe('a dump of the database', () => {
  it('shows no token, no name, no e-mail address and no value', async () => {
    const store = await postgresStore({ url: server.url('dumped') })
    const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
    const sessions = createSessionManager({ store, keyring, policy: defaultPolicy })
    const claims = { name: 'Ada Canary Lovelace', email: 'ada.canary@example.org', roles: ['canary-role'] }
    const issued = await sessions.signIn({
      identity: { userId: 'ada-canary-id', authenticator: 'canary-authenticator', claims },
      remember: true,
      device: { userAgent: 'Canary Browser/1.0', address: '203.0.113.77' },
      begun: await sessions.begin(),
      replaces: null,
    })
    if (issued === null) throw new Error('The sign-in was refused.')
    const state = sessions.state.of(sessions.capability(issued.session) ?? '')
    await state?.session.set('canary-key-of-session', 'canary value of session')
    await state?.user?.set('canary-key-of-user', 'canary value of user')
    await state?.app.set('canary-key-of-app', 'canary value of app')
    const next = await sessions.rotate(issued.session, issued.credential)
    if (next === null) throw new Error('The rotation was refused.')
    await store.close()

    const folder = mkdtempSync(join(tmpdir(), 'holdfast-dump-'))
    try {
      const args = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'admin', '-n', 'dumped', '-f']
      const done = spawnSync(join(postgresPrograms(), 'pg_dump'), [
        ...args,
        join(folder, 'dump.sql'),
        'postgres',
      ])
      expect(done.status).toBe(0)
      const secrets = [issued, next].map(({ credential }) => credential.split('.')[2] ?? '')
      const canaries = [
        ...secrets,
        ...[
          'ada-canary-id',
          'canary-authenticator',
          claims.name,
          claims.email,
          'canary-role',
          'Canary Browser',
        ],
        ...['203.0.113.77', 'canary-key-of', 'canary value of', 'a secret for tests'],
      ]
      expect(secrets.every((secret) => secret.length === 43)).toBe(true)
      expect(scanFiles(folder, canaries)).toEqual([])
      expect(scanFiles(folder, [next.session.id])).toHaveLength(1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a session with a hundred megabytes of state', { timeout: 60_000 }, () => {
  it('ends like any other, and its state is removed bit by bit', async () => {
    const store = await postgresStore({ url: server.url('heavy') })
    try {
      const session = await created(store, { absoluteAt: Date.now() + day })
      const scope = { sid: session.sid, name: 's' }
      await store.writeState(scope, [{ key: 'k', value: bytes('v') }])
      await server.sql(`INSERT INTO heavy.entries
        SELECT owner, name, 'k' || n, 1, decode(repeat('ab', 1048576), 'hex')
        FROM heavy.entries, generate_series(1, 100) AS n`)
      expect(await store.end(session.sid)).toBe(true)
      expect(await store.readState(scope)).toEqual(new Map())
      expect(await store.create({ ...session, id: 'another'.padEnd(43, '-') })).toBe('ended')
      // At most eight megabytes a transaction, and the one value that goes beyond.
      const [row] = await server.sql('SELECT heavy.sweep(1000, NULL) AS removed')
      expect(row?.removed).toBeLessThan(12)
      const removed: number[] = [Number(row?.removed)]
      do removed.push(await store.sweep(1000))
      while (removed.at(-1) !== 0)
      expect(removed.reduce((sum, count) => sum + count, 0)).toBe(101)
      const left = await server.sql('SELECT 1 FROM heavy.leftovers UNION ALL SELECT 1 FROM heavy.scopes')
      expect(left).toEqual([])
    } finally {
      await store.close()
    }
  })
})

describe('a hundred thousand sessions that expire at once', { timeout: 120_000 }, () => {
  it('are swept away in batches while others are served', async () => {
    const store = await postgresStore({ url: server.url('storm') })
    try {
      const session = await created(store, { absoluteAt: Date.now() + day, idleAt: Date.now() })
      await server.sql(`INSERT INTO storm.sessions SELECT 'sid' || n, 'id' || n, NULL, 0, 0, ${startAt}, 1, '', ''
        FROM generate_series(1, 100000) AS n`)
      const waits: number[] = []
      let isSweeping = true
      const sweeping = (async () => {
        let removed = 0
        for (let count = -1; count !== 0; removed += count) count = await store.sweep(1000)
        isSweeping = false
        return removed
      })()
      while (isSweeping) {
        const begunAt = performance.now()
        await store.read(session.id)
        await store.touch(session.id, session.idleAt + waits.length)
        waits.push(performance.now() - begunAt)
      }
      expect(await sweeping).toBe(100_000)
      waits.sort((a, b) => a - b)
      expect(waits.length).toBeGreaterThan(50)
      expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(250)
      expect(await all(store.scan())).toHaveLength(1)
    } finally {
      await store.close()
    }
  })
})
