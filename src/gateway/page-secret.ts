/** The secret of a page: 32 random bytes that its script made, told to the gateway alone. */
import { digest } from '../core/crypto.ts'

const shape = /^[\w-]{43}$/

/** Whether a text has the form of a page's secret. */
export function isPageSecret(text: string): boolean {
  return shape.test(text)
}

/** What tells a page from all others, without saying its secret. */
export function pageImage(secret: string): string {
  return digest(`page|${secret}`)
}
