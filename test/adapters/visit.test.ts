import { describe, expect, it } from 'vitest'
import type { Incoming } from '../../src/adapters/incoming.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import type { SessionsOptions } from '../../src/adapters/sessions-options.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret } from '../core/samples.ts'
import { origin } from './browser.ts'

interface Data {
  theme: string
}

function request(method: string, headers: Readonly<Record<string, string>>): Incoming {
  return { method, target: '/', address: '', header: (name) => headers[name] }
}

async function opened(options: Partial<SessionsOptions<Data>> = {}): Promise<Sessions<Data>> {
  return createSessions<Data>({ store: memoryStore(), origin, ...options })
}

describe('visit', () => {
  it('says so where an upgrade wants to set what no 101 could carry', async () => {
    const sessions = await opened()
    const { session } = await sessions.open(request('GET', { upgrade: 'websocket', origin }))
    expect(() => session.set('theme', 'dark')).toThrow(
      expect.objectContaining({ code: 'ERR_RESPONSE_STARTED' }),
    )
    await expect(session.signIn({ userId: 'anna' })).rejects.toMatchObject({ code: 'ERR_RESPONSE_STARTED' })
    await expect(session.update('theme', () => 'x')).rejects.toMatchObject({ code: 'ERR_RESPONSE_STARTED' })
  })

  it('says so too once the response has begun, and where its adapter says it has', async () => {
    const sessions = await opened()
    const visit = await sessions.open(request('POST', { origin }))
    await visit.settle(200)
    expect(() => visit.session.set('theme', 'dark')).toThrow(
      expect.objectContaining({ code: 'ERR_RESPONSE_STARTED' }),
    )
    const other = await sessions.open(request('POST', { origin }))
    other.onWork(() => false)
    expect(() => other.session.set('theme', 'dark')).toThrow(
      expect.objectContaining({ code: 'ERR_RESPONSE_STARTED' }),
    )
  })

  it('holds values against their schemas, when set and when read', async () => {
    const store = memoryStore()
    const short = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'string' && value.length < 5 ? { value } : { issues: [{ message: 'too long' }] },
      },
    }
    const loose = await opened({ store, secret })
    const first = await loose.open(request('POST', { origin }))
    first.session.set('theme', 'very long')
    const [line = ''] = (await first.settle(200)).cookies
    const [cookie = ''] = line.split(';')
    const strict = await opened({ store, secret, schemas: { theme: short } })
    const visit = await strict.open(request('POST', { origin, cookie }))
    expect(await visit.session.get('theme')).toBeUndefined()
    expect([...(await visit.session.entries())]).toEqual([])
    expect(() => visit.session.set('theme', 'very long')).toThrow(
      expect.objectContaining({ code: 'ERR_DATA_INVALID', message: expect.stringContaining('too long') }),
    )
    visit.session.set('theme', 'dark')
    expect(await visit.session.get('theme')).toBe('dark')
  })

  it.each([
    ['app.example.org', 'ERR_CONFIG_INVALID'],
    ['https://app.example.org/path', 'ERR_CONFIG_INVALID'],
    ['http://app.example.org', 'ERR_CONFIG_INVALID'],
    ['ftp://app.example.org', 'ERR_CONFIG_INVALID'],
  ])('refuses the origin %s', async (wrong, code) => {
    await expect(opened({ origin: wrong })).rejects.toMatchObject({ code })
  })

  it('asks for a secret where sessions outlive the process', async () => {
    const store = { ...memoryStore(), kind: 'sqlite' }
    await expect(opened({ store })).rejects.toMatchObject({ code: 'ERR_SECRET_WEAK' })
    await expect(opened({ store, secret: 'short' })).rejects.toMatchObject({ code: 'ERR_SECRET_WEAK' })
  })
})
