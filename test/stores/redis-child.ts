/** A process of its own on a Redis store: answers what it is asked, a line of JSON each, and says when a session ends. */
import { createInterface } from 'node:readline'
import { redisStore } from '../../src/stores/redis.ts'

const [url = ''] = process.argv.slice(2)
const store = await redisStore({ url })
// What a session manager keeps: ids it has read and was not told to drop.
const kept = new Set<string>()
const say = (line: unknown): void => console.log(JSON.stringify(line))

store.watch((change) => {
  if (change.kind === 'ended') kept.delete(change.id)
  if (change.kind === 'gap') kept.clear()
})

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { ask, id } = JSON.parse(line) as { ask: 'read' | 'peek'; id: string }
    if (ask === 'peek') return say(store.isCurrent() && kept.has(id))
    store.read(id).then(
      (found) => {
        if (found?.state === 'live') kept.add(id)
        say(found?.state ?? null)
      },
      (error: { code: string }) => say(error.code),
    )
  })
  .on('close', () => void store.close())
say('ready')
