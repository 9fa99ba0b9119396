/** When the session ends, in epoch milliseconds of the server's clock; `null` where it never does. */
export interface Deadlines {
  readonly idleAt: number | null
  readonly absoluteAt: number | null
  /** The server's clock when it said so: the person's own may be hours off. */
  readonly now: number
}

/** The deadline that comes first. */
export interface Nearest {
  readonly at: number
  /** Whether activity moves it; the absolute timeout never moves. */
  readonly extendable: boolean
}

const WARNING = 120_000

/** The first of the two deadlines; `null` where there is none. */
export function nearest({ idleAt, absoluteAt }: Deadlines): Nearest | null {
  if (absoluteAt !== null && (idleAt === null || absoluteAt <= idleAt)) {
    return { at: absoluteAt, extendable: false }
  }
  return idleAt === null ? null : { at: idleAt, extendable: true }
}

/**
 * How long before the deadline to warn: two minutes, but never more than half of a short idle timeout, or
 * "Stay signed in" would bring the same warning straight back.
 */
export function lead(next: Nearest, longestIdle: number): number {
  return next.extendable ? Math.min(WARNING, longestIdle / 2) : WARNING
}

/** Minutes and seconds as people read them: `1:59`. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
