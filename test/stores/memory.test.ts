import { memoryStore } from '../../src/stores/memory.ts'
import { startAt } from '../../src/testing/records.ts'
import { describeStore } from './contract.ts'

describeStore('memoryStore()', async () => {
  let now = startAt
  const store = memoryStore({ now: () => now })
  return {
    store,
    advance(ms) {
      now += ms
    },
    close: () => store.close(),
  }
})
