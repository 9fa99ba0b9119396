import { type Document, isMap, isScalar, isSeq, type ParsedNode } from 'yaml'
import { canonicalEmail } from './email-address.ts'

/** One list in a users file of addresses that may register. */
export interface PreauthorizedList {
  /** Where it is in the document. */
  readonly path: readonly [key: string, ...rest: string[]]
  /** As they stand there. */
  readonly emails: readonly string[]
}

type Fault = (offset: number | undefined, message: string) => void

/** Streamlit-Authenticator called it the one, then the other. */
export const preauthorizedKeys = ['pre-authorized', 'preauthorized'] as const

/**
 * The addresses that may register: below `emails`, or (as a fault of Streamlit-Authenticator leaves it) without that
 * level.
 */
export function readPreauthorized(
  yaml: Document.Parsed<ParsedNode>,
  fault: Fault,
): readonly PreauthorizedList[] {
  const lists: PreauthorizedList[] = []
  for (const key of preauthorizedKeys) {
    const outer: unknown = yaml.getIn([key], true)
    const inner: unknown = isMap(outer) ? outer.get('emails', true) : outer
    if (inner === undefined || (isScalar(inner) && inner.value === null)) continue
    const emails = isSeq(inner) ? inner.items.map(textOf) : [null]
    if (emails.some((email) => email === null)) {
      fault(
        (inner as ParsedNode).range?.[0],
        `\`${key}\` must be a list of e-mail addresses below \`emails\``,
      )
      continue
    }
    const path: PreauthorizedList['path'] = isMap(outer) ? [key, 'emails'] : [key]
    lists.push({ path, emails: emails.filter((email) => email !== null) })
  }
  return lists
}

/** Whether an address, as `canonicalEmail` gives it, is in one of the lists. */
export function isPreauthorized(lists: readonly PreauthorizedList[], email: string): boolean {
  return lists.some(({ emails }) => emails.some((one) => canonicalEmail(one) === email))
}

function textOf(node: unknown): string | null {
  return isScalar(node) && typeof node.value === 'string' && node.anchor === undefined ? node.value : null
}
