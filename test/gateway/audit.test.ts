import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { type AuditCursor, type AuditLog, type AuditRequest, auditLog } from '../../src/gateway/audit.ts'
import type { LogFields } from '../../src/gateway/log.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { watchedStore } from './watched-store.ts'

const ada = { authenticator: 'users-file', userId: 'ada' }
const ben = { authenticator: 'kelp-id', userId: 'ben@example.org' }
const disabling: AuditRequest = { kind: 'admin', action: 'disable', by: ada, to: ben, from: '203.0.113.7' }

interface Stage {
  readonly audit: AuditLog
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[]
}

async function opened(store: SessionStore = memoryStore(), most = 100): Promise<Stage> {
  const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
  const lines: Stage['lines'] = []
  let at = 1_000
  const audit = auditLog({
    state: sealedState(store, keyring),
    app: '',
    log: { write: (level, event, fields = {}) => void lines.push({ level, event, fields }) },
    now: () => at++,
    most,
  })
  return { audit, lines }
}

/** Everything that can be read, page by page. */
async function everything(audit: AuditLog, limit = 3) {
  const entries = []
  let cursor: AuditCursor | null = null
  do {
    const page = await audit.read(limit, cursor)
    entries.push(...page.entries)
    cursor = page.next
  } while (cursor !== null)
  return entries
}

describe('the audit log', () => {
  it('says who did what to whom, from where, when, and how it ended, in the store and in a line of the log', async () => {
    const { audit, lines } = await opened()
    expect(await audit.record(disabling, async () => 7)).toBe(7)
    const { entries, next } = await audit.read(10)
    expect(entries).toEqual([{ ...disabling, at: 1_000, outcome: 'done', number: 1 }])
    expect(next).toBeNull()
    expect(lines).toEqual([
      {
        level: 'info',
        event: 'audit',
        fields: {
          ...{
            kind: 'admin',
            action: 'disable',
            outcome: 'done',
            from: '203.0.113.7',
            detail: '',
            number: 1,
          },
          ...{ by: 'ada', byWay: 'users-file', to: 'ben@example.org', toWay: 'kelp-id' },
        },
      },
    ])
  })

  it('says of what was refused, or went wrong, that it was', async () => {
    const { audit } = await opened()
    await audit.record(
      disabling,
      async () => 'no',
      () => 'refused',
    )
    await expect(
      audit.record(disabling, async () => {
        throw new Error('a fault')
      }),
    ).rejects.toThrow('a fault')
    await expect(
      audit.record(disabling, async () => {
        throw new StoreError('ERR_STORE_UNAVAILABLE', 'away')
      }),
    ).rejects.toThrow('away')
    expect((await audit.read(10)).entries.map(({ outcome }) => outcome)).toEqual([
      'unknown',
      'failed',
      'refused',
    ])
  })

  it('lets nothing be done that it cannot write down', async () => {
    const store = watchedStore()
    const { audit } = await opened(store.store)
    store.away = true
    let isDone = false
    const work = async (): Promise<void> => {
      isDone = true
    }
    await expect(audit.record(disabling, work)).rejects.toThrow(StoreError)
    expect(isDone).toBe(false)
  })

  it('says that nobody knows how it ended where only that could not be written down', async () => {
    const store = watchedStore()
    const { audit, lines } = await opened(store.store)
    await audit.record(disabling, async () => {
      store.away = true
    })
    store.away = false
    expect((await audit.read(10)).entries.map(({ outcome }) => outcome)).toEqual(['unknown'])
    expect(lines.map(({ event }) => event)).toEqual(['audit', 'audit_outcome_not_kept'])
  })

  it('keeps the latest of each kind, so that people’s own changes push out nothing that admins did', async () => {
    const { audit } = await opened(memoryStore(), 5)
    await audit.record(disabling, async () => null)
    for (let i = 0; i < 12; i++)
      await audit.record({ ...disabling, kind: 'account', action: 'password' }, async () => null)
    const numbers = (await everything(audit)).map(({ kind, number }) => `${kind} ${number}`)
    expect(numbers).toEqual(['account 12', 'account 11', 'account 10', 'account 9', 'account 8', 'admin 1'])
  })

  it('loses none and shows each once, page by page, however many replicas write at once', async () => {
    const kind = fc.constantFrom<AuditRequest['kind']>('admin', 'account')
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { maxLength: 20 }),
        fc.integer({ min: 1, max: 7 }),
        async (kinds, limit) => {
          const store = memoryStore()
          const replicas = [await opened(store), await opened(store)]
          await Promise.all(
            kinds.map((one, index) =>
              replicas[index % 2]?.audit.record(
                { ...disabling, kind: one, detail: `${index}` },
                async () => null,
              ),
            ),
          )
          const { audit } = await opened(store)
          const seen = (await everything(audit, limit)).map(({ detail }) => Number(detail))
          expect(seen.sort((a, b) => a - b)).toEqual(kinds.map((_, index) => index))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('reads on past entries that somebody removed from the store', async () => {
    const store = memoryStore()
    const written: Parameters<SessionStore['writeState']>[] = []
    const { audit } = await opened({
      ...store,
      async writeState(...all) {
        written.push(all)
        return store.writeState(...all)
      },
    })
    for (let i = 1; i <= 8; i++) await audit.record({ ...disabling, detail: `${i}` }, async () => null)
    const boxes = written.filter(([, changes]) => (changes[0]?.value?.length ?? 0) > 1_000)
    for (const [scope, [change]] of boxes.slice(6))
      await store.writeState(scope, [{ key: change?.key ?? '', value: null }])
    expect((await everything(audit, 2)).map(({ detail }) => detail)).toEqual(['3', '2', '1'])
  })

  it('tells who reads the store how many entries there are and nothing else, not even how long they are', async () => {
    const store = memoryStore()
    const sizes = new Set<number>()
    const seen: string[] = []
    const { audit } = await opened({
      ...store,
      async writeState(scope, changes, most) {
        for (const { key, value } of changes) {
          if ((value?.length ?? 0) > 1_000) sizes.add(value?.length ?? 0)
          seen.push(`${scope.name} ${key} ${Buffer.from(value ?? []).toString('latin1')}`)
        }
        return store.writeState(scope, changes, most)
      },
    })
    await audit.record(disabling, async () => null)
    await audit.record(
      { ...disabling, by: { ...ada, userId: 'ä'.repeat(90) }, detail: '"<\n'.repeat(20) },
      async () => null,
    )
    expect(sizes.size).toBe(1)
    expect(seen.join('\n')).not.toMatch(/ada|ben@|kelp-id|disable|203\.0|audit|admin|entry/)
  })
})
