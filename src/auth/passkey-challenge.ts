/**
 * What a passkey signs: 24 random bytes with their time, under a MAC that ties them to one browser and one purpose. Nothing is
 * stored of those that nobody answers, for showing a page writes nothing; an answered one is noted, so that it counts once.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What an answer is for; a challenge of one is worthless for another. */
export type ChallengePurpose = 'sign-in' | 'factor' | 'enrol'

export interface PasskeyChallenges {
  /** A fresh one for the browser that holds `binding`. */
  issue(purpose: ChallengePurpose, binding: string): string
  /** Whether it was issued for this purpose to this browser, in the last five minutes, and comes for the first time. */
  accept(challenge: string, purpose: ChallengePurpose, binding: string): Promise<boolean>
}

export interface PasskeyChallengesOptions {
  readonly key: Uint8Array
  readonly store: { once(key: string, ttl: number): Promise<boolean> }
  readonly now: () => number
}

const lifetime = 5 * 60_000
// Replicas' clocks may differ.
const skew = 60_000
const timeBytes = 6
const randomness = 24
const macBytes = 32

export function passkeyChallenges({ key, store, now }: PasskeyChallengesOptions): PasskeyChallenges {
  const mac = (head: Uint8Array, purpose: string, binding: string): Buffer =>
    createHmac('sha256', key)
      .update(head)
      .update(JSON.stringify([purpose, binding]))
      .digest()

  return {
    issue(purpose, binding) {
      const head = Buffer.alloc(timeBytes + randomness)
      head.writeUIntBE(now(), 0, timeBytes)
      randomBytes(randomness).copy(head, timeBytes)
      return Buffer.concat([head, mac(head, purpose, binding)]).toString('base64url')
    },

    async accept(challenge, purpose, binding) {
      const bytes = Buffer.from(challenge, 'base64url')
      if (bytes.length !== timeBytes + randomness + macBytes || bytes.toString('base64url') !== challenge)
        return false
      const head = bytes.subarray(0, timeBytes + randomness)
      if (!timingSafeEqual(mac(head, purpose, binding), bytes.subarray(head.length))) return false
      const age = now() - head.readUIntBE(0, timeBytes)
      if (age < -skew || age > lifetime) return false
      return store.once(`passkey:${challenge.slice(0, 40)}`, lifetime + 2 * skew)
    },
  }
}
