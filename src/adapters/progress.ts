/** How far one request is: whether its response must wait for its session, and whether it still can. */
import { StoreError } from '../core/errors.ts'
import { tooLate } from './browser-session.ts'

export class Progress {
  #listener: (() => boolean) | null = null
  #hasWork: boolean
  /** Nothing can be collected any more. */
  #isOver: boolean
  #hasFailed = false

  constructor({ hasWork, isOver }: { readonly hasWork: boolean; readonly isOver: boolean }) {
    this.#hasWork = hasWork
    this.#isOver = isOver
  }

  get hasWork(): boolean {
    return this.#hasWork
  }

  /** Whether the store could not tell something that was asked. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  onWork(listener: () => boolean): void {
    this.#listener = listener
    if (this.#hasWork) listener()
  }

  /** Has the response wait; throws if it cannot any more. */
  mayChange(what: string): void {
    if (this.#isOver || !this.#wait()) throw tooLate(what)
  }

  /** Does it, and remembers that the store could not tell: the answer is 503 then, whatever becomes of the error. */
  async ask<Result>(what: () => Promise<Result>): Promise<Result> {
    try {
      return await what()
    } catch (error) {
      if (error instanceof StoreError) {
        this.#hasFailed = true
        this.#wait()
      }
      throw error
    }
  }

  finish(): void {
    this.#isOver = true
  }

  #wait(): boolean {
    if (this.#hasWork) return true
    this.#hasWork = this.#listener?.() ?? true
    this.#isOver = !this.#hasWork
    return this.#hasWork
  }
}
