/** Hears of changes as they are made. What it misses, the next beat brings: it only makes things quick. */
import type { RedisAddress } from './redis-address.ts'
import type { OpenBucket } from './redis-bucket.ts'
import { openConnection } from './redis-connection.ts'
import type { Locate } from './redis-locate.ts'

export interface RedisFeed {
  /** Says that a beat brought what should have been pushed. */
  missed(): void
  close(): Promise<void>
}

// A connection that has died without a word is left after this many changes that came another way.
const mostMissed = 5

/** Subscribes to the changes of all buckets; in a cluster every node passes on what is published on any. */
export function openFeed(
  address: RedisAddress,
  locate: Locate,
  buckets: readonly Pick<OpenBucket, 'prefix' | 'push'>[],
): RedisFeed {
  const byChannel = new Map(buckets.map((bucket) => [`${bucket.prefix}feed`, bucket]))
  let missed = 0
  const connection = openConnection({
    address,
    locate,
    async greet(client) {
      missed = 0
      await client.subscribe([...byChannel.keys()], (message: string, channel: string) => {
        missed = 0
        byChannel.get(channel)?.push(message)
      })
    },
  })
  return {
    missed() {
      missed += 1
      if (missed > mostMissed) connection.reset('it brings no changes')
    },
    close: () => connection.close(),
  }
}
