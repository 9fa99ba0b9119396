import { createHash, randomBytes } from 'node:crypto'
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { verify as bcryptVerify } from '@node-rs/bcrypt'
import { acceptablePassword } from './password-policy.ts'
import { workQueue } from './work-queue.ts'

/**
 * What a stored hash costs to check. Parameters come from a file, and a mistyped `m=4294967295` would have the process
 * killed for want of memory; so a hash beyond the bounds below has no shape and is never handed to the native code.
 */
export type HashShape =
  | {
      readonly kind: 'argon2id'
      readonly memoryKiB: number
      readonly passes: number
      readonly lanes: number
      readonly salt: string
    }
  | { readonly kind: 'bcrypt'; readonly cost: number }

export interface PasswordHasherOptions {
  /** Memory of one argon2id hash in KiB. @default 19456 (OWASP's floor for two passes) */
  readonly memoryKiB?: number
  /** @default 2 */
  readonly passes?: number
  /** Hashes at a time. @default 2: half of libuv's four threads, so that files and DNS still get theirs */
  readonly atOnce?: number
  /** Sign-ins that may wait. @default 256 */
  readonly waiting?: number
  /** Seconds one may wait. @default 10 */
  readonly patience?: number
}

/** Hashes and checks passwords, a bounded number at a time. */
export interface PasswordHasher {
  /** A fresh argon2id PHC string. Throws `RangeError` for what `acceptablePassword` refuses: check that first. */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /**
   * Whether `password` is the one behind `stored`; `false` for `null`. A `false` always costs one check of every shape
   * of `costs`, whichever of them `stored` has: so it tells nothing about the name it was asked for.
   */
  check(
    stored: string | null,
    password: string,
    costs: readonly HashShape[],
    signal?: AbortSignal,
  ): Promise<boolean>
  /** Whether `stored` is weaker than what `hash` makes now. */
  needsRehash(stored: string): boolean
  /**
   * An argon2id hash of the password just verified against `stored`, which `isUpgrade` recognises as the same
   * password; `null` if the check did not cover the whole password (bcrypt sees 72 bytes).
   */
  upgrade(stored: string, password: string, signal?: AbortSignal): Promise<string | null>
  /** The shape of the hashes `hash` makes: the cost of an attempt when there is no user at all. */
  readonly shape: HashShape
}

const bcryptBytes = 72
const bcryptPattern = /^\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/
const argon2Pattern =
  /^\$argon2id\$v=(?:16|19)\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$[A-Za-z0-9+/]{22,86}$/
const most = { memoryKiB: 262_144, passes: 16, lanes: 16 } as const

/** The shape of a stored hash; `null` if it is no argon2id or bcrypt hash within bounds. */
export function hashShape(stored: string): HashShape | null {
  const bcrypt = bcryptPattern.exec(stored)
  if (bcrypt !== null) return { kind: 'bcrypt', cost: Number(bcrypt[1]) }
  const argon2 = argon2Pattern.exec(stored)
  if (argon2 === null) return null
  const [memoryKiB, passes, lanes] = [Number(argon2[1]), Number(argon2[2]), Number(argon2[3])]
  const inBounds =
    passes >= 1 &&
    lanes >= 1 &&
    memoryKiB >= 8 * lanes &&
    memoryKiB <= most.memoryKiB &&
    passes <= most.passes &&
    lanes <= most.lanes
  return inBounds ? { kind: 'argon2id', memoryKiB, passes, lanes, salt: argon2[4] ?? '' } : null
}

/** One name for all hashes that take the same time to check. */
export function hashCost(shape: HashShape): string {
  return shape.kind === 'bcrypt'
    ? `bcrypt ${shape.cost}`
    : `argon2id ${shape.memoryKiB} ${shape.passes} ${shape.lanes}`
}

/**
 * Whether `next` is what `upgrade` made of `previous`: the same password in a stronger hash. The salt says so: it is
 * an image of the previous hash, unique because that one's own salt is. So a process that only sees the file change
 * can tell an upgrade from a new password, and signs nobody out for it.
 */
export function isUpgrade(previous: string, next: string): boolean {
  const shape = hashShape(next)
  return shape?.kind === 'argon2id' && shape.salt === encode(upgradeSalt(previous))
}

/** A password hasher; all its work goes through one bounded line. */
export function passwordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { memoryKiB = 19_456, passes = 2, atOnce = 2, waiting = 256, patience = 10 } = options
  const settings = { memoryCost: memoryKiB, timeCost: passes, parallelism: 1 }
  const queue = workQueue({ atOnce, waiting, patience })
  const decoys = new Map<string, string>()
  const shape: HashShape = { kind: 'argon2id', memoryKiB, passes, lanes: 1, salt: '' }

  function decoy(of: HashShape): string {
    const cost = hashCost(of)
    const made = decoys.get(cost) ?? decoyHash(of)
    decoys.set(cost, made)
    return made
  }

  return {
    shape,
    hash(password, signal) {
      return queue.run(() => argon2Hash(normalised(password), settings), signal)
    },
    async check(stored, password, costs, signal) {
      // Decided by the password alone, so it may be quick without telling anything about the name.
      if (acceptablePassword(password) === null) return false
      const own = stored === null ? null : hashShape(stored)
      return queue.run(async () => {
        if (stored !== null && own !== null && (await matches(stored, own, password))) return true
        for (const other of costs) {
          if (own !== null && hashCost(other) === hashCost(own)) continue
          await matches(decoy(other), other, password)
        }
        return false
      }, signal)
    },
    needsRehash(stored) {
      const found = hashShape(stored)
      return found?.kind !== 'argon2id' || found.memoryKiB < memoryKiB || found.passes < passes
    },
    async upgrade(stored, password, signal) {
      const cut = Buffer.byteLength(password) > bcryptBytes && hashShape(stored)?.kind === 'bcrypt'
      if (cut) return null
      const salt = upgradeSalt(stored)
      return queue.run(() => argon2Hash(normalised(password), { ...settings, salt }), signal)
    },
  }
}

function matches(stored: string, shape: HashShape, password: string): Promise<boolean> {
  // Whoever made the bcrypt hash hashed what was typed, unnormalised, and saw 72 bytes of it.
  return shape.kind === 'bcrypt'
    ? bcryptVerify(Buffer.from(password, 'utf8').subarray(0, bcryptBytes), stored)
    : argon2Verify(stored, normalised(password))
}

// NFC (NIST SP 800-63B-4, 3.1.1.2): the same password typed on a Mac and on a phone is the same bytes.
function normalised(password: string): string {
  const text = acceptablePassword(password)
  if (text === null) throw new RangeError('A password to hash must be 1 to 1024 bytes of text.')
  return text
}

function upgradeSalt(stored: string): Buffer {
  return createHash('sha256').update(`holdfast password upgrade\n${stored}`).digest().subarray(0, 16)
}

/** A hash of this shape that no password has: comparing against it costs what comparing against a real one does. */
function decoyHash(shape: HashShape): string {
  if (shape.kind === 'argon2id') {
    const { memoryKiB, passes, lanes } = shape
    return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${encode(randomBytes(16))}$${encode(randomBytes(32))}`
  }
  // `O` and `u` end on bits that 16 and 23 bytes leave zero: a decoder that checks them must still do the work.
  const random = encode(randomBytes(52)).replaceAll('+', '.')
  return `$2b$${String(shape.cost).padStart(2, '0')}$${random.slice(0, 21)}O${random.slice(21, 51)}u`
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
