import { afterEach, describe, expect, it } from 'vitest'
import { redisAddress } from '../../src/stores/redis-address.ts'
import { type OpenBucket, openBucket } from '../../src/stores/redis-bucket.ts'
import { pingScript } from '../../src/stores/redis-feed-scripts.ts'
import { readKeyringScript } from '../../src/stores/redis-state-scripts.ts'
import { createReplicaLease } from '../../src/stores/replica-lease.ts'
import { type RedisServer, startRedis, until } from './redis-server.ts'

const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
}, 30_000)

/** A primary with a replica that follows it. */
async function pair(): Promise<RedisServer> {
  const primary = await startRedis()
  const replica = await startRedis({ replicaof: `127.0.0.1 ${primary.port}` })
  opened.push(
    () => primary.stop(),
    () => replica.stop(),
  )
  await until(
    async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    'the replica follows',
  )
  return primary
}

/** A bucket whose two connections are sent to these servers, and whose later ones nowhere. */
function bucketOn(...servers: RedisServer[]): OpenBucket {
  const bucket = openBucket({
    address: redisAddress('redis://127.0.0.1'),
    bucket: {
      prefix: 'holdfast:',
      async locate() {
        const server = servers.shift()
        if (server === undefined) throw new Error('nowhere to go')
        return { host: '127.0.0.1', port: server.port }
      },
    },
    replica: 'this process',
    lease: createReplicaLease({ monotonic: () => performance.now(), wall: Date.now }, () => {}),
    quorum: () => 1,
    replicas: () => 1,
    isGated: () => true,
    time: () => '',
    mark: () => 'mark',
    onFetched: () => {},
    onConnected: () => {},
  })
  opened.push(() => bucket.close())
  return bucket
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )
}

describe('openBucket()', () => {
  it('takes the word of a server’s replicas for that server', async () => {
    const primary = await pair()
    const bucket = bucketOn(primary, primary)
    await until(
      async () => (await codeOf(bucket.order(pingScript, []))) === 'answered',
      'a write is confirmed',
    )
    expect(await codeOf(bucket.ask(readKeyringScript, []))).toBe('answered')
  })

  it('never takes it for another server: what was written to one, or read from it, is not confirmed', async () => {
    const bucket = bucketOn(await pair(), await pair())
    const [written, read] = [bucket.order(pingScript, []), bucket.ask(readKeyringScript, [])].map(codeOf)
    expect([await written, await read]).not.toContain('answered')
  })
})
