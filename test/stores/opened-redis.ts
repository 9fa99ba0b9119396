/** Redis servers and whatever else a test has opened: all of it is closed after the test, the last first. */
import { afterEach } from 'vitest'
import { type RedisServer, startRedis } from './redis-server.ts'

export interface OpenedRedis {
  /** To be closed after the test. */
  readonly opened: (() => Promise<unknown>)[]
  /** Starts a server that is stopped after the test, frozen or not. */
  server(settings?: Record<string, string>): Promise<RedisServer>
}

/** To be called once, at the top of a file. */
export function openedRedis(): OpenedRedis {
  const opened: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close()
  }, 30_000)
  return {
    opened,
    async server(settings = {}) {
      const redis = await startRedis(settings)
      opened.push(() => {
        redis.thaw()
        return redis.stop()
      })
      return redis
    },
  }
}
