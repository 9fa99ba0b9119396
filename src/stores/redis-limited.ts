/** How a session is created under a limit in a cluster, where the sessions of one user lie in several buckets. */
import type { Creation } from '../core/contracts.ts'
import { roomFor, type SessionLimit } from '../core/session-limit.ts'
import type { OpenBucket } from './redis-bucket.ts'
import type { RedisBuckets } from './redis-buckets.ts'
import { seatScript, seatsBeforeScript, seatsScript } from './redis-limit-scripts.ts'
import { endScript } from './redis-session-scripts.ts'

/** A live session of the user, as its bucket tells it. */
interface Taken {
  readonly sid: string
  readonly createdAt: number
  readonly isOver: boolean
  /** Made under a limit: it counts once it has a seat. */
  readonly needsSeat: boolean
}

/** A session that is to be created under a limit. */
export interface Asked {
  readonly sid: string
  readonly user: string
  readonly absoluteAt: number
  readonly limit: SessionLimit
}

interface Limited extends Asked {
  readonly deadline: number
}

/**
 * Decides over a session that is stored already and whose token nobody has yet: `created`, or it is ended again and the
 * answer is `full`. Stored first, decided second: whoever lists the user's sessions after storing its own sees every one
 * that was decided over before, so of any two at least one sees the other.
 *
 * `refuse`: the bucket of the user gives out seats, in one step. A seat given out before the listing began whose session
 * is not listed is free for good, for ended sessions never come back; one given out later counts unseen.
 * `replace-oldest`: all but the newest of what is listed end before the answer. The last to list sees all others, so no
 * more than the limit are ever live and answered as created.
 */
export async function decideLimited(buckets: RedisBuckets, asked: Limited): Promise<Creation> {
  const { sid: own, user, limit, deadline } = asked
  const home = buckets.of(user)
  const before = String(await home.ask(seatsBeforeScript, [user], deadline))
  const others = (await listed(buckets, user, deadline)).filter(({ sid }) => sid !== own)
  const isOver = (seat: Taken): boolean => seat.isOver
  const { free = [], replaced = [] } = roomFor(others, { ...limit, whenFull: 'replace-oldest' }, isOver) ?? {}
  const counted = others.filter((other) => !free.includes(other))
  const seated = await takeSeat(home, asked, before, counted)
  const finish = (sid: string, why = ''): Promise<unknown> =>
    buckets.of(sid).order(endScript, [sid, why], deadline)
  if (!seated) {
    await finish(own)
    return 'full'
  }
  await Promise.all([
    ...free.map(({ sid }) => finish(sid)),
    ...(limit.whenFull === 'refuse' ? [] : replaced).map(({ sid }) => finish(sid, 'replaced')),
  ])
  return 'created'
}

/** Oldest first. */
async function listed(buckets: RedisBuckets, user: string, deadline: number): Promise<readonly Taken[]> {
  const answers = await Promise.all(buckets.all.map((bucket) => bucket.ask(seatsScript, [user], deadline)))
  const rows = (answers as unknown[][][]).flat().map(
    ([sid, createdAt, isOver, needsSeat]): Taken => ({
      sid: String(sid),
      createdAt: Number(createdAt),
      isOver: Number(isOver) === 1,
      needsSeat: Number(needsSeat) === 1,
    }),
  )
  return rows.sort((a, b) => a.createdAt - b.createdAt || (a.sid < b.sid ? -1 : 1))
}

async function takeSeat(
  home: OpenBucket,
  { sid, user, absoluteAt, limit, deadline }: Limited,
  before: string,
  counted: readonly Taken[],
): Promise<boolean> {
  const [seat] = await home.order(
    seatScript,
    [
      ...[user, sid, `${absoluteAt}`, limit.replacing ?? '', before],
      // Whoever replaces takes a seat in any case, so that those who are refused count it.
      limit.whenFull === 'refuse' ? `${limit.most}` : '',
      ...counted.flatMap((other) => [other.sid, other.needsSeat ? '1' : '0']),
    ],
    deadline,
  )
  return Number(seat) === 1
}
