import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/session.ts'
import { sessionCache } from '../../src/core/session-cache.ts'
import { anna, device, hour, startAt } from './samples.ts'

function session(name: string, fields: Partial<Session> = {}): Session {
  return {
    ...{
      app: '',
      sid: `sid-${name}`,
      id: `id-${name}`,
      identity: anna,
      user: 'anna',
      device,
      remember: false,
    },
    ...{ begun: 5, createdAt: startAt, authenticatedAt: startAt, factorAt: null, tokenAt: startAt },
    ...{ idle: hour, version: 1 },
    ...{ idleAt: startAt + hour, absoluteAt: startAt + 2 * hour },
    ...fields,
  }
}

describe('sessionCache()', () => {
  it('never holds more than its capacity: the oldest make room', () => {
    const cache = sessionCache(3)
    for (const name of ['a', 'b', 'c', 'd', 'e']) cache.put(name, session(name), 0)
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => cache.get(name)?.sid)).toEqual([
      ...[undefined, undefined, 'sid-c', 'sid-d', 'sid-e'],
    ])
    cache.apply({ kind: 'ended', id: 'id-a', sid: 'sid-a' })
    expect(cache.get('e')).toBeDefined()
  })

  it('holds nothing where it may hold nothing', () => {
    const cache = sessionCache(0)
    const one = session('a')
    expect(cache.put('a', one, 0)).toBe(one)
    expect(cache.get('a')).toBeUndefined()
  })

  it('SECURITY: does not keep what was read before a change', () => {
    for (const change of [
      { kind: 'ended', id: 'id-a', sid: 'sid-a' },
      { kind: 'changed', id: 'id-a', sid: 'sid-a' },
      { kind: 'revoked', epoch: 'all', before: 6 },
      { kind: 'gap' },
    ] as const) {
      const cache = sessionCache(10)
      const { generation } = cache
      cache.apply(change)
      cache.put('a', session('a'), generation)
      expect(cache.get('a')).toBeUndefined()
      cache.put('a', session('a'), cache.generation)
      expect(cache.get('a')).toBeDefined()
    }
  })

  it('forgets a session that ended or changed, and no other', () => {
    for (const kind of ['ended', 'changed'] as const) {
      const cache = sessionCache(10)
      for (const name of ['a', 'b']) cache.put(name, session(name), 0)
      cache.apply({ kind, id: 'id-a', sid: 'sid-a' })
      cache.apply({ kind, id: 'id-unknown', sid: 'sid-unknown' })
      expect([cache.get('a'), cache.get('b')?.sid]).toEqual([undefined, 'sid-b'])
    }
  })

  it('forgets whom a revocation covers: the user’s from before, or everybody’s from before', () => {
    const filled = (): ReturnType<typeof sessionCache> => {
      const cache = sessionCache(10)
      cache.put('old', session('old', { begun: 4 }), 0)
      cache.put('new', session('new', { begun: 5 }), 0)
      cache.put('ben', session('ben', { user: 'ben', begun: 4 }), 0)
      cache.put('nobody', session('nobody', { user: null, begun: 4 }), 0)
      return cache
    }
    const left = (cache: ReturnType<typeof sessionCache>): string[] =>
      ['old', 'new', 'ben', 'nobody'].filter((name) => cache.get(name) !== undefined)
    const ofUser = filled()
    ofUser.apply({ kind: 'revoked', epoch: { user: 'anna' }, before: 5 })
    expect(left(ofUser)).toEqual(['new', 'ben', 'nobody'])
    const ofAll = filled()
    ofAll.apply({ kind: 'revoked', epoch: 'all', before: 5 })
    expect(left(ofAll)).toEqual(['new'])
    ofAll.apply({ kind: 'revoked', epoch: 'all', before: 6 })
    expect(left(ofAll)).toEqual([])
  })

  it('forgets everything after a gap, and nothing for a change of state', () => {
    const cache = sessionCache(10)
    cache.put('a', session('a'), 0)
    cache.apply({ kind: 'state', scope: { sid: 'sid-a', name: 'x' }, keys: ['k'] })
    expect(cache.get('a')).toBeDefined()
    expect(cache.generation).toBe(0)
    cache.apply({ kind: 'gap' })
    expect(cache.get('a')).toBeUndefined()
  })

  it('gives the session it holds to whoever comes with another copy, with the later deadline', () => {
    const cache = sessionCache(10)
    const held = cache.put('a', session('a'), 0)
    expect(cache.put('a', session('a', { idleAt: startAt + 90 }), 0)).toBe(held)
    expect(held.idleAt).toBe(startAt + hour)
    expect(cache.put('a', session('a', { idleAt: startAt + 2 * hour }), 0)).toBe(held)
    expect(held.idleAt).toBe(startAt + 2 * hour)
    const newer = session('a', { version: 2 })
    expect(cache.put('a', newer, 0)).toBe(newer)
    expect(cache.get('a')).toBe(newer)
  })
})
