/** Chance that can be had again: the same seed gives the same faults in the same order. */
export interface Random {
  /** From 0 up to and without `below`. */
  whole(below: number): number
  /** One of them, each as likely. */
  pick<Item>(from: readonly Item[]): Item
  /** True so often: 0 never, 1 always. */
  chance(part: number): boolean
}

/** The generator mulberry32: 32 bits of state are enough for choosing faults, and one line tells them. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    whole: (below) => Math.floor(next() * below),
    pick(from) {
      const found = from[Math.floor(next() * from.length)]
      if (found === undefined) throw new Error('There is nothing to pick from.')
      return found
    },
    chance: (part) => next() < part,
  }
}
