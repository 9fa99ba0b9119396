/**
 * Sees to it that the key ring in the store stays the one that this process works with. The race: a store comes back
 * empty while replicas run, as a Redis does that writes nothing down. The next one to start finds no key ring and makes
 * another, and from then on no replica knows the sessions of the other: people are sent from one sign-in to the next.
 */
import type { SessionStore } from './contracts.ts'
import type { EventListener } from './events.ts'
import { type Keyring, keyringId } from './keyring.ts'

export interface KeyringGuardOptions {
  readonly store: Pick<SessionStore, 'watch' | 'readKeyring' | 'writeKeyring'>
  readonly keyring: Keyring
  /** What it is wrapped under when it is put back. */
  readonly secrets: readonly string[]
  readonly onEvent: EventListener
}

export interface KeyringGuard {
  /** `false` while the store holds another, as far as was seen: only a restart makes this process one of the others again. */
  isOurs(): boolean
}

const [pause, mostTries] = [250, 40]

/** Looks whenever the store may have lost something, for as long as it is open. */
export function guardKeyring({ store, keyring, secrets, onEvent }: KeyringGuardOptions): KeyringGuard {
  let ours = true
  let looking = false
  let again = false

  /** `false`: another process was first, and whose ring it is shows next time. */
  async function putBack(): Promise<boolean> {
    const stored = await store.readKeyring()
    if (stored === null) {
      const isBack = await store.writeKeyring(null, keyring.wrapped(secrets))
      if (isBack) onEvent({ event: 'keyring_restored' })
      return isBack
    }
    const isOurs = keyringId(stored.box) === keyring.kid
    if (ours && !isOurs) onEvent({ event: 'keyring_replaced' })
    ours = isOurs
    return true
  }

  async function look(): Promise<void> {
    again = true
    if (looking) return
    looking = true
    for (let tries = 0; again && tries < mostTries; tries++) {
      again = false
      // A store that cannot tell may be coming back only now.
      again = !(await putBack().catch(() => false)) || again
      if (again) await rest()
    }
    looking = false
  }

  store.watch((change) => {
    if (change.kind === 'gap') void look()
  })
  return { isOurs: () => ours }
}

function rest(): Promise<void> {
  return new Promise((resolve) => {
    const timer: { unref?(): unknown } = setTimeout(resolve, pause)
    timer.unref?.()
  })
}
