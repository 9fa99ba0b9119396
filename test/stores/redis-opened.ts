import type { SessionStore } from '../../src/core/contracts.ts'
import { redisStore } from '../../src/stores/redis.ts'
import type { OpenedStore, OpenStore } from '../../src/testing/opened-store.ts'
import { startAt } from '../../src/testing/records.ts'

/** Opens stores at this address, each under keys of its own. */
export function opensAt(url: () => string): OpenStore {
  let number = 0
  return async (): Promise<OpenedStore> => {
    number += 1
    const [address, query] = url().split('?')
    const own = `${address}?${query === undefined ? '' : `${query}&`}prefix=t${number}`
    let at = startAt
    const handles: SessionStore[] = []
    const open = async (): Promise<SessionStore> => {
      const store = await redisStore({ url: own, now: () => at })
      handles.push(store)
      return store
    }
    return {
      store: await open(),
      reopen: open,
      advance(ms) {
        at += ms
      },
      async close() {
        await Promise.all(handles.map((store) => store.close()))
      },
    }
  }
}
