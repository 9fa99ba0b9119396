import type { Deadlines } from './deadline.ts'

/** What the gateway tells the script, as JSON in the `data-holdfast` attribute of its own element. */
export interface ClientConfig extends Deadlines {
  /** The public base path: `''` or `'/app'`. */
  readonly base: string
  readonly signedIn: boolean
  /** Nobody is signed in yet and the gateway wants to hand this page an anonymous session. */
  readonly begin?: boolean
  /** An opaque value that differs from session to session, to notice that another person has signed in. */
  readonly mark?: string
}

/** The configuration on the script's own element; `null` where there is none. */
export function readConfig(script: HTMLOrSVGScriptElement | null): ClientConfig | null {
  return JSON.parse(script?.dataset.holdfast ?? 'null')
}
