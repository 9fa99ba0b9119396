/** By what a request is led to an instance of the app, where there are several. */
import { random } from '../../core/crypto.ts'
import type { Session } from '../../core/session.ts'
import { type Pin, pinCount, pinOfSid, pinOfText } from './instance-order.ts'

export interface Lead {
  readonly pin: Pin
  /**
   * Whether the browser is handed a pin with the answer: `always` with the first page of somebody without a session,
   * whose next requests must meet the same instance; `moved` only where another instance had to answer, so that it
   * stays with that one; `never` who keeps no cookies anyhow.
   */
  readonly tell: 'always' | 'moved' | 'never'
}

/** What is known of who asks. */
export interface Asking {
  /** The pin its browser was handed; `null` if there is none. */
  readonly pin: Pin | null
  readonly session: Pick<Session, 'sid'> | null
  readonly address: string
  readonly document: boolean
}

/**
 * A pin that was handed out goes before the session: a page from before its sign-in stays where it is. Health checks and
 * programs, which ask for no page and send no cookie, are handed nothing; one address is led to one instance.
 */
export function leadOf({ pin, session, address, document }: Asking): Lead {
  if (pin !== null) return { pin, tell: 'moved' }
  if (session !== null) return { pin: pinOfSid(session.sid), tell: 'moved' }
  if (document) return { pin: drawn(), tell: 'always' }
  return { pin: pinOfText(address), tell: 'never' }
}

function drawn(): Pin {
  const [high = 0, low = 0] = random(2)
  return ((high << 8) | low) & (pinCount - 1)
}
