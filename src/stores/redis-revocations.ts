/** Revocations and their numbers. In a cluster they are taken in one bucket, and every bucket hears of them. */
import type { Mark } from '../core/contracts.ts'
import { newDeadline, type OpenBucket } from './redis-bucket.ts'
import type { RedisBuckets } from './redis-buckets.ts'
import { attemptMs } from './redis-connection.ts'
import { markScript, raiseMarkScript, revokeScript, takeNumberScript } from './redis-session-scripts.ts'

type Buckets = Pick<RedisBuckets, 'all' | 'of'>

const numbers = (buckets: Buckets): OpenBucket => buckets.of('mark')

export async function markOf(buckets: Buckets, user: string | null): Promise<Mark> {
  // As an order: what is told must be as durable as what was asked for before.
  const [number, ofAll, own] = await numbers(buckets).order(markScript, [user ?? ''])
  return { number: Number(number), revokedAt: Math.max(Number(ofAll), Number(own)) }
}

async function newestIn(bucket: OpenBucket, deadline: number): Promise<number> {
  const [number] = (await bucket.ask(markScript, [''], deadline)) as unknown[]
  return Number(number)
}

/**
 * A fail-over may have lost the newest number where it is told, and not in a bucket that refuses whoever began before it:
 * whoever asks again begins after it.
 */
export async function catchUp(buckets: Buckets, bucket: OpenBucket, deadline: number): Promise<void> {
  const number = await newestIn(bucket, deadline)
  await numbers(buckets).order(raiseMarkScript, [`${number}`], deadline)
}

/** Ends everybody's sessions, for `null`, or a user's. */
export async function revokeIn(buckets: Buckets, user: string | null, at: number): Promise<void> {
  const deadline = newDeadline()
  const args = [user === null ? '1' : '0', user ?? '']
  if (buckets.all.length === 1) {
    await numbers(buckets).order(revokeScript, [...args, '', `${at}`], deadline)
    return
  }
  // SECURITY: above what any bucket knows of. A fail-over may have lost the newest where numbers are taken, and not where
  // sessions are that began after it. A bucket that does not tell hears of the revocation all the same.
  const soon = Math.min(deadline, performance.now() + attemptMs)
  const told = await Promise.allSettled(buckets.all.map((bucket) => newestIn(bucket, soon)))
  const highest = Math.max(0, ...told.map((one) => (one.status === 'fulfilled' ? one.value : 0)))
  // Taken, and kept, before any bucket hears of it: all of them get the same.
  const [taken] = await numbers(buckets).order(takeNumberScript, [`${highest}`], deadline)
  const rest = [...args, String(taken), `${at}`]
  await Promise.all(buckets.all.map((bucket) => bucket.order(revokeScript, rest, deadline)))
  for (const one of told) if (one.status === 'rejected') throw one.reason
}
