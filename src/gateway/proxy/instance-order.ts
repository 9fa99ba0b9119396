/**
 * Which of several instances of the app a browser is led to. A pure decision (rendezvous hashing): every gateway comes to
 * the same without asking anybody, and where an instance leaves or comes only those move who were led to it, or will be.
 */
import { digest } from '../../core/crypto.ts'

/**
 * What a browser is led by: a number below `pinCount`, which many browsers share. It names nobody, proves nothing and
 * leads to the same app wherever it leads, so that it may be shown.
 */
export type Pin = number

export const pinCount = 4096

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The pin of a session: it stays through every new token. A sid is random: two of its characters are 12 fair bits. */
export function pinOfSid(sid: string): Pin {
  return ((alphabet.indexOf(sid.charAt(0)) << 6) | alphabet.indexOf(sid.charAt(1))) & (pinCount - 1)
}

/** The pin of any other text, such as an address. */
export function pinOfText(text: string): Pin {
  return pinOfSid(digest(`pin|${text}`))
}

export function writePin(pin: Pin): string {
  return pin.toString(36)
}

/** A pin as `writePin` wrote it; `null` for any other text. */
export function readPin(text: string): Pin | null {
  if (!/^(?:0|[1-9a-z][0-9a-z]{0,2})$/.test(text)) return null
  const pin = Number.parseInt(text, 36)
  return pin < pinCount ? pin : null
}

export interface InstanceOrder<Instance> {
  /** All instances, the one that this pin leads to first, then those that are asked in its place. */
  of(pin: Pin): readonly Instance[]
  /** A pin that leads to this instance: the next one counted from `from`, so that any two gateways find the same. */
  pinTo(instance: Instance, from: Pin): Pin
}

/** `nameOf` is the same at every gateway; in which order they are configured does not matter. */
export function instanceOrder<Instance>(
  instances: readonly Instance[],
  nameOf: (instance: Instance) => string,
): InstanceOrder<Instance> {
  const known: (readonly Instance[] | undefined)[] = []

  const of = (pin: Pin): readonly Instance[] => {
    const before = known[pin]
    if (before !== undefined) return before
    const weighed = instances.map((instance) => ({
      instance,
      weight: digest(`instance|${pin}|${nameOf(instance)}`),
    }))
    const order = weighed.sort((a, b) => (a.weight < b.weight ? 1 : -1)).map(({ instance }) => instance)
    known[pin] = order
    return order
  }

  return {
    of,
    pinTo(instance, from) {
      for (let step = 0; step < pinCount; step++) {
        const pin = (from + step) % pinCount
        if (of(pin)[0] === instance) return pin
      }
      return from
    },
  }
}
