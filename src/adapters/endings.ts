/** What one request ends, and whether it did: no end is acknowledged before it holds. */
export class Endings {
  /** Whether the last try did, by what ends; most requests end nothing. */
  #ends: Map<string, Promise<boolean>> | null = null

  /** Remembers the end of a session, by its id, or of `everywhere`. */
  watch<Result>(what: string, ended: Promise<Result>): Promise<Result> {
    const holds = ended.then(
      () => true,
      () => false,
    )
    this.#ends ??= new Map()
    this.#ends.set(what, holds)
    return ended
  }

  /** It ended in another way. */
  forget(what: string): void {
    this.#ends?.delete(what)
  }

  /** Whether all of them hold, when they are done: also those that the handler did not wait for. */
  async hold(): Promise<boolean> {
    return this.#ends === null || !(await Promise.all(this.#ends.values())).includes(false)
  }
}
