import { describe, expect, it } from 'vitest'
import { redisAddress } from '../../src/stores/redis-address.ts'

function messageFor(url: string): string {
  try {
    redisAddress(url)
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID' })
    return String((error as Error).message)
  }
  throw new Error(`${url} was accepted.`)
}

describe('redisAddress()', () => {
  it('reads a server, with TLS, user, password and database', () => {
    expect(redisAddress('redis://127.0.0.1')).toMatchObject({
      topology: 'single',
      nodes: [{ host: '127.0.0.1', port: 6379 }],
      ...{ tls: false, username: null, password: null, database: 0, prefix: 'holdfast', mode: null },
    })
    expect(redisAddress('rediss://kelp:p%40ss%2Fword@db.example.org:7000/3?mode=strict')).toMatchObject({
      nodes: [{ host: 'db.example.org', port: 7000 }],
      ...{ tls: true, username: 'kelp', password: 'p@ss/word', database: 3, mode: 'strict' },
    })
    expect(redisAddress('redis://:secret@[::1]:6380')).toMatchObject({
      nodes: [{ host: '::1', port: 6380 }],
      ...{ username: null, password: 'secret' },
    })
  })

  it('reads Sentinel with the name of its primary, and a cluster', () => {
    expect(redisAddress('redis+sentinel://a:1,b,c:3/mymaster/2?sentinelPassword=s&replicas=2')).toMatchObject(
      {
        topology: 'sentinel',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26379 },
          { host: 'c', port: 3 },
        ],
        ...{ primary: 'mymaster', database: 2, sentinelPassword: 's', replicas: 2 },
      },
    )
    expect(redisAddress('rediss+cluster://user:pw@a,b:7001?prefix=kelp')).toMatchObject({
      topology: 'cluster',
      nodes: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 7001 },
      ],
      ...{ tls: true, prefix: 'kelp' },
    })
  })

  it('refuses what it does not understand, and says what would be right', () => {
    expect(messageFor('redis://')).toContain('use redis://host:port/0')
    expect(messageFor('redis+ring://a')).toContain('redis+cluster://')
    expect(messageFor('redis://a,b')).toContain('redis+sentinel:// or redis+cluster://')
    expect(messageFor('redis+sentinel://a')).toContain('name the primary')
    expect(messageFor('redis+cluster://a/1')).toContain('a cluster has no databases')
    expect(messageFor('redis://secret@a')).toContain(':password@')
    expect(messageFor('redis://a/x')).toContain('no database number')
    expect(messageFor('redis://a:99999')).toContain('host:port')
    expect(messageFor('redis://a?mode=fast')).toContain('strict or relaxed')
    expect(messageFor('redis://a?mod=strict')).toContain('?mod=')
    expect(messageFor('redis://a?prefix={x}')).toContain('?prefix=')
    expect(messageFor('redis://a?replicas=many')).toContain('?replicas=')
  })

  it('never shows a password, however badly it is written', () => {
    const urls = [
      'redis://u:hunter2/@a?mode=x',
      'redis://u:hunter2@b@a,b',
      'redis://u:hunter2%@a',
      'redis://u:hunter2?x@a/y',
    ]
    for (const url of urls) expect(messageFor(url)).not.toContain('hunter2')
    expect(redisAddress('redis://u:hunter2@a/1?sentinelPassword=hunter2').shown).toBe('redis://a/1')
  })
})
